"""What a host sees whose default engine is another.

``python -m tests.helpers.engine_story ENGINE DATABASE`` prints pages as JSON. TurboGears resolves
each ``@expose`` once in a process, by the default engine of its first app: this is one of its
own.
"""

import json
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from tgext.pluggable import replace_template

from activitystream import am
from tests.conftest import Host
from tests.helpers.databases.opening import opened

EXTENSIONS = {"genshi": "html", "jinja": "jinja", "kajiki": "xhtml", "mako": "mak"}

#: No page of ours can be put into it.
_MASTER = "<html><body>The master of another engine</body></html>"


def main(engine, database):
    renderers = ["json"] if engine == "json" else ["json", engine]
    blueprint = {"default_renderer": engine, "renderers": renderers}
    host = Host(database, blueprint=dict(blueprint))
    user, post = host.user("<ann>"), host.post("A post")
    am.create(user, "liked", post)
    pages = {}

    def visit(name, *paths):
        browser = host.browser(user)
        for path in paths:
            answer = browser.get(path, expect_errors=True)
            pages[f"{name} {path}"] = [answer.status_int, answer.content_type, answer.text]

    ours = [f"/activitystream/{path}" for path in ("", "more", "bell", "newest", "stream.json")]
    shown = ["/partials_as_json"] if engine == "json" else ["/partials_as_json", "/partials"]
    visit("plain", *ours, "/activitystream/unseen.json", *shown)
    visit("ours", "/activitystream/settings")
    with TemporaryDirectory() as folder:
        if engine != "kajiki":
            Path(folder, f"master.{EXTENSIONS.get(engine, 'xhtml')}").write_text(_MASTER)
        host.plug(blueprint={**blueprint, "paths": {"templates": [folder]}})
        visit("own master", "/activitystream/")
    if engine != "json":
        host.plug(
            blueprint=dict(blueprint), templates={"liked": "tests.helpers.host.templates.applause"}
        )
        visit("verb", *ours[:4], *shown)

        def replace(base_config):
            for name in ("action", "bell", "index", "settings"):
                old = f"activitystream.templates.{name}"
                replace_template(base_config, old, "tests.helpers.host.templates.replacement")

        host.plug(blueprint=dict(blueprint), configure=replace)
        visit("replaced", *ours[:4], "/activitystream/settings", *shown)
    database.close()
    json.dump(pages, sys.stdout)


if __name__ == "__main__":
    with TemporaryDirectory() as folder, opened(sys.argv[2], lambda: Path(folder)) as it:
        main(sys.argv[1], it)
