"""Find distributions that overwrite our package, as PyPI's ActivityStream (Apache Allura) does."""

from functools import cache
from importlib.metadata import packages_distributions

_OUR_DISTRIBUTION = "tgapp-activitystream"


@cache
def conflict() -> str | None:
    """Return an error that names the distribution to remove, or None if there is none.

    A distribution that contains a copy of this package is no conflict.
    """
    owners = set(packages_distributions().get("activitystream", ()))
    others = " ".join(sorted(owners - {_OUR_DISTRIBUTION}))
    if not others or _OUR_DISTRIBUTION not in owners:
        return None
    return (
        f"{others} and {_OUR_DISTRIBUTION} both install a package activitystream, and overwrite "
        f"each other's files. Run `pip uninstall {others}`, then restore our files by "
        f"`pip install --force-reinstall --no-deps {_OUR_DISTRIBUTION}`."
    )
