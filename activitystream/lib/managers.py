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
    """Create, list, mark and delete actions.

    It holds no state. Use the ready-made ``am``.
    """

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
        """Store one action: ``actor`` did ``verb``.

        Example::

            am.create(user, 'commented on', target=post, recipients=[post.author])

        :param actor: the stored entity that acted.
        :param verb: what it did, like ``'commented on'``. Templates translate it.
        :param target: the stored entity it was done to, or None.
        :param action_obj: the stored entity it was done with, like the new comment, or None.
        :param description: text for the host's own use, or None.
        :param extra: text for the host's own use, like JSON, or None.
        :param recipients: the stored entities that get the action, as any iterable; duplicates
            count once. None addresses everyone, an empty iterable nobody.
        :returns: the stored action.
        :raises TypeError, ValueError: on bad input; nothing is stored.

        Calls the hook ``activitystream.after_create`` with the stored action.
        """
        fields, known = _fields(actor, verb, target, action_obj, description, extra, recipients)
        # Take the time last: reading the recipients may be slow, and a reader who marks their
        # stream meanwhile has not seen this action.
        action = model.orm.insert_action({**fields, "timestamp": clock.now()})
        read_together([action], known)
        hooks.notify("activitystream.after_create", action)
        return action

    def create_many(self, actions: Iterable[Mapping[str, Any]]) -> int:
        """Store many actions in batches of 1,000, for an import.

        Example::

            am.create_many(
                {'actor': row.user, 'verb': 'joined', 'timestamp': row.joined}
                for row in rows
            )

        :param actions: dicts that hold the arguments of :meth:`create` by name. ``timestamp`` is
            optional: a past datetime after the year 1000, naive UTC or aware; the default is now.
        :returns: the number of stored actions.
        :raises TypeError, ValueError: on bad input, with the index of the action, from 0. Nothing
            of its batch is stored. Earlier batches stay on Ming, and on SQLAlchemy unless the
            host's transaction is rolled back.

        Calls no hook.
        """
        if isinstance(actions, (str, bytes, Mapping)) or not isinstance(actions, Iterable):
            raise TypeError(f"actions must be an iterable of dicts, not a {type(actions).__name__}")
        indexed = enumerate(actions)
        stored = 0
        while batch := [_indexed_fields(*each) for each in islice(indexed, _BATCH_SIZE)]:
            model.orm.insert_actions(batch)
            stored += len(batch)
        return stored

    def get_by_recipient(self, recipient: Any, also: Iterable[Any] = ()) -> Stream:
        """Return the stream of a recipient: actions for it and for everyone, newest first.

        Example::

            am.get_by_recipient(user, also=user.teams).limit(10).all()

        :param recipient: a stored entity.
        :param also: audiences it belongs to, like a user's teams: stored entities whose actions
            join the stream. No action is listed twice.
        :returns: a lazy :class:`~activitystream.lib.streams.Stream`. It queries the database when
            read: ``.all()``, iteration, ``.count()``, slices.
        :raises TypeError, ValueError: unless ``recipient`` and every item of ``also`` is a stored
            entity.
        """
        return Stream(recipient, also)

    def count_not_seen_by_recipient(
        self, recipient: Any, limit: int | None = None, also: Iterable[Any] = ()
    ) -> int:
        """Count the actions of a stream that are newer than ``last_activity_seen``.

        Example::

            am.count_not_seen_by_recipient(user, limit=100)

        :param recipient: a stored entity. While its ``last_activity_seen`` is None, all count.
        :param limit: stop counting here, which bounds the cost after a long absence; None counts
            all.
        :param also: audiences it belongs to; see :meth:`get_by_recipient`.
        :returns: the number of unseen actions, at most ``limit``.
        :raises AttributeError: if the recipient's class has no field ``last_activity_seen``.
        :raises TypeError, ValueError: unless ``recipient`` and every item of ``also`` is a stored
            entity, and ``limit`` a whole number, 0 or more.
        """
        return seen.count_not_seen(recipient, limit, also)

    def is_unseen(self, action: Any, recipient: Any) -> bool:
        """Return whether an action is newer than a recipient's ``last_activity_seen``.

        Example::

            css_class = 'new' if am.is_unseen(action, user) else ''

        :param action: an action that was read from a stream.
        :param recipient: a stored entity.
        :raises AttributeError: if the recipient's class has no field ``last_activity_seen``.
        """
        return seen.is_newer(action.timestamp, recipient)

    def mark_seen(self, recipient: Any, until: datetime | None = None) -> datetime | None:
        """Move a recipient's ``last_activity_seen`` forward, in the database and on the object.

        The field never moves backwards. No other field changes.

        Example::

            am.mark_seen(user, until=actions[0].timestamp)

        :param recipient: a stored entity.
        :param until: the timestamp of the newest action that was shown, naive UTC or aware. None
            and future times mean now; times before 1970 mean its start.
        :returns: the previous value, naive UTC, or None.
        :raises AttributeError: if the recipient's class has no field ``last_activity_seen``.
        :raises LookupError: if the recipient was deleted.
        :raises TypeError, ValueError: on other bad input.

        Calls the hook ``activitystream.after_seen`` with the recipient, the previous value and
        the new value.
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
        """List stored actions, whoever their recipients are. Meant for administrators.

        Example::

            total, actions = am.get_actions(limit=20, filters={'verb': 'liked'})

        :param limit: return at most this many; None returns all.
        :param order_by: the field of Action to sort by; ties are sorted by ``_id``.
        :param desc: sort descending.
        :param offset: skip this many.
        :param filters: the exact value that each named field must have; a datetime is naive UTC
            or aware.
        :returns: the number of matches, before ``limit`` and ``offset``, and the list of actions.
        :raises ValueError: on an unknown field, an unfit value, or a negative number.
        """
        filters = dict(filters or {})
        for field in (order_by, *filters):
            if field not in FIELDS:
                raise ValueError(f"Action has no field {field!r}; use one of {', '.join(FIELDS)}")
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
        """Delete all actions older than ``before``, whoever their recipients are.

        On SQLAlchemy, the rows stay locked until the host's transaction is committed. The command
        ``gearbox activitystream purge`` commits after each batch of 1,000.

        Example::

            am.purge(before=datetime.now(timezone.utc) - timedelta(days=365))

        :param before: a past datetime, naive UTC or aware.
        :param dry_run: count, and delete nothing.
        :returns: the number of actions deleted, or to be deleted.
        :raises TypeError, ValueError: unless ``before`` is a past datetime.
        """
        moment = clock.past("before", before)
        return model.orm.count_before(moment) if dry_run else sum(removal.purge(moment))

    def forget(self, entity: Any, dry_run: bool = False) -> Forgotten:
        """Remove an entity from all actions, for a request of erasure.

        Actions whose actor it is are deleted. Where it is the target or the ``action_obj``, its
        type, id and name become null. Where it is a recipient, it is removed from the recipients;
        an action whose only recipient it was is then for nobody. ``description`` and ``extra``
        are not searched. The entity itself is not deleted. This reads all actions.

        Example::

            am.forget(user).as_actor

        :param entity: an entity that is or was stored.
        :param dry_run: count, and change nothing.
        :returns: a :class:`~activitystream.lib.removal.Forgotten`: the number of actions by role.
        :raises TypeError, ValueError: if it is no such entity.
        """
        references = removal.references_of(entity)
        return Forgotten.sum(part for _, part in removal.forget(references, dry_run))


#: The ready-made manager.
am = ActionManager()

ActionMixin.verbs = am

_BATCH_SIZE = 1000

#: Imported timestamps may be this far in the future: the clocks of two machines differ.
_CLOCK_TOLERANCE = timedelta(minutes=1)

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


def _indexed_fields(index: int, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields to store for one dict of :meth:`ActionManager.create_many`.

    :raises TypeError, ValueError: on bad input, with the index of the action.
    """
    try:
        if not isinstance(given, Mapping):
            raise TypeError(f"every action must be a dict; got {type(given).__name__}")
        for name in given:
            if name not in _ARGUMENTS:
                raise TypeError(f"unknown key {name}; use {', '.join(_ARGUMENTS)}")
        for name in ("actor", "verb"):
            if name not in given:
                raise TypeError(f"the key {name} is missing; every action needs actor and verb")
        arguments = {**dict.fromkeys(_ARGUMENTS), **given}
        timestamp = arguments.pop("timestamp")
        if timestamp is None:
            moment = clock.now()
        else:
            # A future timestamp could never be marked as seen.
            moment = clock.past("timestamp", timestamp, _CLOCK_TOLERANCE)
            if moment <= clock.EARLIEST:
                raise ValueError(f"timestamp must be after {clock.EARLIEST}; got {timestamp}")
        fields, _ = _fields(**arguments)
        fields = {**fields, "timestamp": moment}
        model.orm.check_fields(fields)
        return fields
    except (TypeError, ValueError) as error:
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(f"action {index}: {error}") from error


def _fields(
    actor: Any,
    verb: Any,
    target: Any,
    action_obj: Any,
    description: Any,
    extra: Any,
    recipients: Any,
) -> tuple[dict[str, Any], dict[Reference, Any]]:
    """Return the fields to store for a new action, and the entities it refers to.

    The caller adds ``timestamp``.

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
                f"{len(addressed)} recipients given, at most {most} allowed: address an audience "
                f"that they belong to, like a team, or raise the option max_recipients"
            )
        fields["_recipients"] = [{"_type": name, "_id": key} for name, key in addressed]
        known = {**addressed, **known}
    return fields, known


#: No field has values of these types, and some databases would take them for operators.
_NOT_ONE_VALUE = (Mapping, list, set, tuple, re.Pattern)


def _check_filter(field: str, value: Any) -> None:
    expected: type
    if field == "timestamp":
        expected, name = datetime, "one datetime"
    elif field.endswith("_id"):
        expected, name = object, "one value"
    else:
        expected, name = str, "one string"
    if value is not None and (
        not isinstance(value, expected)
        or isinstance(value, _NOT_ONE_VALUE)
        or model.orm.is_entity(value)
    ):
        raise ValueError(f"filters[{field!r}] must be {name} or None; got {type(value).__name__}")


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
            f"{name} has {len(value)} characters, at most {longest} allowed: shorten it, or raise "
            f"the option max_text"
        )
    value.encode()  # a UnicodeEncodeError is a ValueError
    # The database stores plain text, so the returned action must hold plain text too: templates
    # do not escape a Markup.
    return str.__str__(value)
