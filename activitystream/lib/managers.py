"""The public verbs."""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from .. import model
from ..model import clock
from ..model.action import FIELDS, ActionMixin
from ..model.entity_words import name_to_store
from ..model.names import each_of, reference_to, references_to
from ..model.pages import read_together
from ..model.values import Reference
from . import hooks, removal, seen
from .numbers import whole_number
from .options import option
from .removal import Forgotten
from .streams import Stream


class ActionManager:
    """Records actions, and answers who is to see which. It holds no state."""

    def create(
        self,
        actor: Any,
        verb: str,
        target: Any = None,
        action_obj: Any = None,
        description: str | None = None,
        extra: str | None = None,
        recipients: Iterable[Any] | None = None,
    ) -> Any:
        """Record that ``actor`` did something.

        :param actor: who: a stored entity of the host, like the others below.
        :param verb: what was done, like ``'commented'``; it is translated when it is shown.
        :param target: to what.
        :param action_obj: with or by what, like the comment that was written.
        :param description: text for the host's own use.
        :param extra: text for the host's own use, like JSON.
        :param recipients: for whom: any iterable of entities, each counted once. None is for
            everyone, an empty one for nobody.
        :returns: the stored action.
        :raises TypeError, ValueError: on bad input; nothing is stored then.

        The hook ``activitystream.after_create`` is called with the stored action.
        """
        fields, known = _fields(actor, verb, target, action_obj, description, extra, recipients)
        # As late as can be: to read the recipients may take a while, and one who looks at their
        # stream meanwhile has not seen this.
        action = model.orm.insert_action({**fields, "timestamp": clock.now()})
        read_together([action], known)
        hooks.notify("activitystream.after_create", action)
        return action

    def create_many(self, actions: Iterable[Mapping[str, Any]]) -> int:
        """Record many actions, as an import does, by the thousand.

        :param actions: of each action, the arguments of :meth:`create` by their names, and
            optionally its ``timestamp``: naive UTC or aware, after the year 1000, and over; without
            it, now.
        :returns: how many were stored.
        :raises TypeError, ValueError: on bad input, with the number of the action, from 0; nothing
            of its thousand is stored. On SQLAlchemy nothing is, if the host's transaction ends
            there; on Ming the thousands before are.

        No hook is called.
        """
        if isinstance(actions, (str, bytes, Mapping)) or not isinstance(actions, Iterable):
            raise TypeError(f"actions must be an iterable of dicts, not a {type(actions).__name__}")
        numbered = enumerate(actions)
        stored = 0
        while chunk := [_numbered_fields(*each) for each in islice(numbered, _MANY)]:
            model.orm.insert_actions(chunk)
            stored += len(chunk)
        return stored

    def get_by_recipient(self, recipient: Any, also: Iterable[Any] = ()) -> Stream:
        """The actions for a recipient and for everyone, newest first.

        :param recipient: a stored entity.
        :param also: audiences that it belongs to, like the teams of a user: stored entities whose
            actions are in the stream too, each action once.
        :returns: a :class:`~activitystream.lib.streams.Stream`, which asks the database when it is
            read: ``.limit(10).all()``, iteration, ``.count()``, slices, …
        :raises TypeError, ValueError: if one of them is no stored entity.
        """
        return Stream(recipient, also)

    def count_not_seen_by_recipient(
        self, recipient: Any, limit: int | None = None, also: Iterable[Any] = ()
    ) -> int:
        """How many actions of a recipient's stream are newer than its ``last_activity_seen``.

        :param recipient: a stored entity; all count while its ``last_activity_seen`` is None.
        :param limit: stop counting there, so that a long absence costs no more than a short one;
            None counts all.
        :param also: audiences that it belongs to; see :meth:`get_by_recipient`.
        :raises AttributeError: if its class has no field ``last_activity_seen``.
        :raises TypeError, ValueError: if one of them is no stored entity, or the limit no whole
            number.
        """
        return seen.count_not_seen(recipient, limit, also)

    def is_unseen(self, action: Any, recipient: Any) -> bool:
        """Tell whether an action is newer than a recipient's ``last_activity_seen``.

        :raises AttributeError: if its class has no field ``last_activity_seen``.
        """
        return seen.is_newer(action.timestamp, recipient)

    def mark_seen(self, recipient: Any, until: datetime | None = None) -> datetime | None:
        """Set a recipient's ``last_activity_seen``, in the database and on the object.

        It never moves backwards, and touches no other field.

        :param recipient: a stored entity.
        :param until: the timestamp of the newest action that was shown, naive UTC or aware; None,
            or a future one, means now, and one before 1970 the beginning of that.
        :returns: the value before, naive UTC; None if it had never been set.
        :raises AttributeError: if its class has no field ``last_activity_seen``.
        :raises LookupError: if it is stored no more.
        :raises TypeError, ValueError: on other bad input.

        The hook ``activitystream.after_seen`` is called with the recipient, the value before and
        the value after.
        """
        return seen.mark_seen(recipient, until)

    def get_actions(
        self,
        limit: int | None = None,
        order_by: str = "timestamp",
        desc: bool = True,
        offset: int | None = None,
        filters: Mapping[str, Any] | None = None,
    ) -> tuple[int, list[Any]]:
        """All actions, for whomever they are: for the host's administrators.

        :param limit: at most so many; None for all.
        :param order_by: a field of Action; actions that are alike in it are ordered by ``_id``.
        :param desc: the greatest first.
        :param offset: leave out so many first.
        :param filters: the values that fields must have.
        :returns: how many match in all, and those that were asked for.
        :raises ValueError: on an unknown field, or a number or value that makes no sense.
        """
        filters = dict(filters or {})
        for field in (order_by, *filters):
            if field not in FIELDS:
                raise ValueError(
                    f"{field!r} is no field of Action; its fields are {', '.join(FIELDS)}"
                )
        for field, value in filters.items():
            _check_filter(field, value)
        if filters.get("timestamp") is not None:
            filters["timestamp"] = clock.naive_utc(filters["timestamp"])
        model.orm.check_filters(filters)
        total, actions = model.orm.find_actions(
            filters,
            order_by,
            desc,
            0 if offset is None else whole_number("offset", offset),
            None if limit is None else whole_number("limit", limit),
        )
        return total, read_together(actions)

    def purge(self, before: datetime, dry_run: bool = False) -> int:
        """Delete all actions that are older than a moment, for whomever they are.

        :param before: naive UTC or aware.
        :param dry_run: delete nothing.
        :returns: how many were deleted, or would be.
        :raises TypeError, ValueError: if it is no moment, or one in the future.

        On SQLAlchemy they are gone when the host's transaction is committed, and locked until then;
        ``gearbox activitystream purge`` commits after each thousand.
        """
        moment = clock.past("before", before)
        return model.orm.count_before(moment) if dry_run else sum(removal.purge(moment))

    def forget(self, entity: Any, dry_run: bool = False) -> Forgotten:
        """Remove an entity from all actions, as for somebody who wants to be erased.

        An action whose actor it is is deleted. As the target or the ``action_obj`` of one, its
        type, id and name are made null. It is taken out of the recipients; an action that had no
        other is for nobody then. ``description`` and ``extra`` are not searched.

        This reads all actions. It does not delete the entity.

        :param entity: one that is or was stored.
        :param dry_run: change nothing.
        :returns: from how many actions it was removed, or would be.
        :raises TypeError, ValueError: if it is no such entity.
        """
        references = removal.references_of(entity)
        return Forgotten.sum(part for _, part in removal.forget(references, dry_run))


#: The ready-made manager.
am = ActionManager()

ActionMixin.verbs = am

#: How many are written together.
_MANY = 1000

#: How far the clock of a machine where something happened may be ahead of ours.
_CLOCKS_DIFFER = timedelta(minutes=1)

_ARGUMENTS = (
    "actor",
    "verb",
    "target",
    "action_obj",
    "description",
    "extra",
    "recipients",
    "timestamp",
)


def _numbered_fields(number: int, given: Mapping[str, Any]) -> dict[str, Any]:
    try:
        if not isinstance(given, Mapping):
            raise TypeError(f"an action is given as a dict, not as a {type(given).__name__}")
        unknown = [name for name in given if name not in _ARGUMENTS]
        if unknown or not {"actor", "verb"} <= given.keys():
            raise TypeError(
                f"an action is given by {', '.join(_ARGUMENTS)}, of which actor and verb must be "
                f"there; not by {', '.join(map(str, given)) or 'nothing'}"
            )
        arguments = {**dict.fromkeys(_ARGUMENTS), **given}
        timestamp = arguments.pop("timestamp")
        if timestamp is None:
            moment = clock.now()
        else:
            # One that is to come could not be marked as seen.
            moment = clock.past("timestamp", timestamp, _CLOCKS_DIFFER)
            if moment <= clock.EARLIEST:
                raise ValueError(f"timestamp={timestamp} is not after {clock.EARLIEST}")
        fields, _ = _fields(**arguments)
        fields = {**fields, "timestamp": moment}
        model.orm.check_fields(fields)
        return fields
    except (TypeError, ValueError) as error:
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(f"action {number}: {error}") from error


def _fields(
    actor: Any,
    verb: Any,
    target: Any,
    action_obj: Any,
    description: Any,
    extra: Any,
    recipients: Any,
) -> tuple[dict[str, Any], dict[Reference, Any]]:
    """What is stored of a new action but for its time, and the entities that it refers to.

    :raises TypeError, ValueError: on bad input.
    """
    known: dict[Reference, Any] = {}
    fields: dict[str, Any] = {}
    longest = option("max_text")
    for role, entity in (("actor", actor), ("target", target), ("action_obj", action_obj)):
        given = role == "actor" or entity is not None
        reference = reference_to(entity, role) if given else None
        if reference is not None:
            known[reference] = entity
        fields[f"{role}_type"] = reference.type if reference else None
        fields[f"{role}_id"] = reference.key if reference else None
        name = None if entity is None else name_to_store(entity, role)
        fields[f"{role}_name"] = _text(f"the name of {role}", name, longest, optional=True)
    fields["verb"] = _text("verb", verb, longest)
    fields["description"] = _text("description", description, longest, optional=True)
    fields["extra"] = _text("extra", extra, longest, optional=True)
    fields["_recipients"] = None
    if recipients is not None:
        addressed = references_to(each_of("recipients", recipients), "a recipient")
        most = option("max_recipients")
        if most is not None and len(addressed) > most:
            raise ValueError(
                f"there are {len(addressed)} recipients, and the app allows {most}: let them "
                f"belong to an audience, like a team, and give that as the recipient, or plug with "
                f"a higher max_recipients"
            )
        fields["_recipients"] = [{"_type": name, "_id": key} for name, key in addressed]
        known = {**addressed, **known}
    return fields, known


#: What is no value of a field, or would be an operator to some database.
_SEVERAL = (Mapping, list, set, tuple, re.Pattern)


def _check_filter(field: str, value: Any) -> None:
    kind: type
    if field == "timestamp":
        kind, hint = datetime, ": it is a datetime"
    elif field.endswith("_id"):
        kind, hint = object, ""
    else:
        kind, hint = str, ": it is a text"
    if value is not None and (
        not isinstance(value, kind) or isinstance(value, _SEVERAL) or model.orm.is_entity(value)
    ):
        raise ValueError(f"filters takes one value for {field}, not a {type(value).__name__}{hint}")


def _text(name: str, value: Any, longest: int | None, optional: bool = False) -> str | None:
    if value is None and optional:
        return None
    if not isinstance(value, str):
        wanted = "a string or None" if optional else "a string"
        raise TypeError(f"{name} must be {wanted}, not a {type(value).__name__}")
    if not (value or optional):
        raise ValueError(f"{name} must not be empty")
    if longest is not None and len(value) > longest:
        raise ValueError(
            f"{name} has {len(value)} characters, and the app allows {longest}: shorten it, or "
            f"plug with a higher max_text"
        )
    value.encode()  # a UnicodeEncodeError is a ValueError
    # Of a subclass the text alone is stored. The action in hand is to be no other: a Markup would
    # not be escaped until the action is read again.
    return str.__str__(value)
