"""How Sphinx makes the web site of the documentation: ``./dev docs``."""

from importlib import metadata

from activitystream import model

project = "tgapp-activitystream"
author = "its contributors"
release = metadata.version(project)
copyright = f"{author}, MIT licence"

extensions = ["sphinx.ext.autodoc"]
exclude_patterns = ["_build"]
html_theme = "furo"
# furo's own dark style underlines the names of modules, as if they were links.
pygments_dark_style = "github-dark"
html_title = f"{project} {release}"

# activitystream.model.Action is there once an app has named its ORM and its session.
model.choose_orm({"use_sqlalchemy": True, "DBSession": object()})

autodoc_member_order = "bysource"
# The types of the arguments are in the signatures.
autodoc_typehints = "signature"
python_maximum_signature_line_length = 80

# There is no Internet to look these up by when the site is made.
nitpick_ignore_regex = [("py:class", r"(collections\.abc|datetime|markupsafe)\..+")]
