"""Stand in the way of ``managers.py`` of PyPI's ActivityStream, which is Apache Allura's.

Installed after ours, it replaces our ``__init__.py`` by its own, which imports its ``managers``
first. A package goes before a module of the same name, so this is the code of ours that still runs.
"""

from ..lib.distributions import conflict

raise ImportError(
    conflict() or "There is no activitystream.managers: write from activitystream import am."
)
