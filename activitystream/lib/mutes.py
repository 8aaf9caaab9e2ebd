"""What a reader does not want to be told: verbs, actors, targets, and any of these together."""

from typing import Any, NamedTuple

from .. import model
from ..model.names import classes_by_name, reader_of
from ..model.system import SYSTEM, SYSTEM_REFERENCE
from ..model.values import Muted, Reference
from .seen import require_field

#: The most mutes of one reader: each is compared with each action that a page steps over.
MOST_MUTES = 1000


class Mute(NamedTuple):
    """A reader's mute: it hides actions that match all fields given here."""

    verb: str | None = None
    actor: Any = None
    target: Any = None

    @property
    def digest(self) -> str:
        """A text of 64 characters that identifies the mute."""
        return _stored(*self).digest


def mute_about(action: Any, by: str) -> Mute | None:
    """Return the mute of all that has the same verb, actor or target as an action.

    :param by: ``verb``, ``actor`` or ``target``.
    :returns: None if the action has none, or it was deleted.
    """
    its = action.verb or None if by == "verb" else action.entity(by)
    return None if its is None else Mute(**{by: its})


def mute(recipient: Any, verb: Any, actor: Any, target: Any) -> None:
    """See :meth:`activitystream.ActionManager.mute`."""
    reader, muted = _checked(recipient, verb, actor, target)
    if not model.orm.load_entities(model.orm.root_of(type(recipient)), [reader.key]):
        raise LookupError(f"this {type(recipient).__name__} was deleted, so it cannot mute")
    mutes = model.orm.read_mutes(reader)
    if muted in mutes:
        return
    if len(mutes) >= MOST_MUTES:
        raise ValueError(
            f"this {type(recipient).__name__} has {MOST_MUTES:,} mutes, as many as there can be: "
            f"unmute something first"
        )
    model.orm.mute(reader, muted)


def unmute(recipient: Any, verb: Any, actor: Any, target: Any) -> None:
    """See :meth:`activitystream.ActionManager.unmute`."""
    reader, muted = _checked(recipient, verb, actor, target)
    model.orm.unmute(reader, muted)


def unmute_digest(recipient: Any, digest: str) -> None:
    """Take back the mute with this :attr:`Mute.digest`, if there is one."""
    reader = reader_of(recipient)
    require_field(recipient)
    for muted in model.orm.read_mutes(reader):
        if muted.digest == digest:
            model.orm.unmute(reader, muted)


def mutes_of(recipient: Any) -> list[Mute]:
    """See :meth:`activitystream.ActionManager.mutes_of`."""
    reader = reader_of(recipient)
    require_field(recipient)
    muted = model.orm.read_mutes(reader)
    entities = _load({each for one in muted for each in (one.actor, one.target) if each})
    found = (
        Mute(
            one.verb,
            one.actor and entities.get(one.actor),
            one.target and entities.get(one.target),
        )
        for one in muted
        if all(each in entities for each in (one.actor, one.target) if each)
    )
    return sorted(found, key=lambda each: (each.verb is None, each.verb or ""))


def _checked(recipient: Any, verb: Any, actor: Any, target: Any) -> tuple[Reference, Muted]:
    reader = reader_of(recipient)
    require_field(recipient)
    if verb is None and actor is None and target is None:
        raise ValueError("give at least one of verb, actor and target")
    if verb is not None and not isinstance(verb, str):
        raise TypeError(f"verb must be a string or None; got {type(verb).__name__}")
    if verb == "":
        raise ValueError("verb must not be empty: leave it out to mute any verb")
    return reader, _stored(verb, actor, target)


def _stored(verb: str | None, actor: Any, target: Any) -> Muted:
    return Muted(
        verb,
        None if actor is None else reader_of(actor, role="actor"),
        None if target is None else reader_of(target, role="target"),
    )


def _load(references: set[Reference]) -> dict[Reference, Any]:
    """Load the entities that references name, by one query for each class."""
    by_type: dict[str, list[Any]] = {}
    for each in references:
        by_type.setdefault(each.type, []).append(each.key)
    loaded: dict[Reference, Any] = {SYSTEM_REFERENCE: SYSTEM}
    for name, keys in by_type.items():
        for cls in classes_by_name().get(name, ()):
            found = model.orm.load_entities(cls, keys)
            loaded |= {Reference(name, key): found[key] for key in found}
    return loaded
