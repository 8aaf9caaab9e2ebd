"""Whether other distributions install a package ``activitystream`` too, and overwrite ours.

PyPI's ActivityStream, which is Apache Allura's, does.
"""

from functools import cache
from importlib.metadata import packages_distributions

_OURS = "tgapp-activitystream"


@cache
def conflict() -> str | None:
    """Say which distribution to remove, and how; None if there is none.

    A copy of ours that is part of another distribution conflicts with nothing.
    """
    owners = set(packages_distributions().get("activitystream", ()))
    others = " ".join(sorted(owners - {_OURS}))
    if not others or _OURS not in owners:
        return None
    return (
        f"{others} installs a package activitystream too, so that it and {_OURS} overwrite each "
        f"other's files. Remove it, and bring back the files that this removes: "
        f"`pip uninstall {others}`, then `pip install --force-reinstall --no-deps {_OURS}`."
    )
