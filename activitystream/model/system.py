"""An actor that is not a user: what the app does by itself."""

from collections.abc import Callable
from typing import Any, ClassVar

from .values import Reference
from .words import _, text_of


class System:
    """The app itself, which may be the actor of actions, and nothing else."""

    #: Stored as an action's ``actor_type``. No class has this name: it has a colon.
    activity_type: ClassVar[str] = ":system"

    #: Returns the option ``system_name``. :mod:`activitystream.lib.managers` sets it.
    name: Callable[[], Any] = staticmethod(lambda: None)

    @property
    def as_str(self) -> str:
        """What the option ``system_name`` says, in the reader's language."""
        given = System.name()
        return _("The system") if given is None else _(text_of(given))

    @property
    def as_activitystreams(self) -> dict[str, Any]:
        """What ActivityStreams calls it."""
        return {"type": "Application", "name": self.as_str}

    def __repr__(self) -> str:
        return "activitystream.SYSTEM"

    def __reduce__(self) -> str:
        return "SYSTEM"  # it is copied and pickled as itself


#: The actor of what no user did.
SYSTEM = System()

#: How actions refer to it. A key that is null would be found by no query on SQL.
SYSTEM_REFERENCE = Reference(System.activity_type, "system")
