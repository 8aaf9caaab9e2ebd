"""Report the conflict with PyPI's ActivityStream (Apache Allura), which overwrites our files.

If it is installed after ours, its ``__init__.py`` replaces ours and imports its own
``managers.py`` first. Python prefers a package to a module of the same name, so this runs instead.
"""

from ..lib.distributions import conflict

raise ImportError(
    conflict() or "activitystream.managers does not exist: write from activitystream import am."
)
