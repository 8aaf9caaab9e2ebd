"""The public verbs."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from .. import model
from ..model import clock
from ..model.action import FIELDS, ActionMixin
from ..model.names import address_of
from ..model.pages import read_together
from ..model.system import System
from . import creation, removal
from .fields import Given, check_filter
from .found_actions import FoundActions
from .numbers import whole_number
from .options import option
from .reader_verbs import ReaderVerbs
from .removal import Forgotten
from .role_streams import RoleStream
from .streams import RecipientStream


class ActionManager(ReaderVerbs):
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
        once: str | None = None,
        notify_actor: bool | None = None,
    ) -> Any:
        """Store one action: ``actor`` did ``verb``.

        Example::

            am.create(user, 'commented on', target=post, recipients=[post.author])

        :param actor: the stored entity that acted, or ``activitystream.SYSTEM`` where no user did.
        :param verb: what it did, like ``'commented on'``. Templates translate it.
        :param target: the stored entity it was done to, or None.
        :param action_obj: the stored entity it was done with, like the new comment, or None.
        :param description: text for the host's own use, or None.
        :param extra: text for the host's own use, like JSON, or None.
        :param recipients: the stored entities that get the action, as any iterable; duplicates
            count once. None addresses everyone, an empty iterable nobody.
        :param once: a key unique in the app, so that a job that runs twice stores one action. If
            an action with it is stored already, nothing is stored, and no hook is called. Deleting
            the action frees the key. None stores in any case.
        :param notify_actor: False leaves the action out of the actor's own stream, even if it
            addresses the actor. None uses the option ``notify_actor``, whose default is True.
        :returns: the stored action; with ``once``, perhaps the one that was there.
        :raises TypeError, ValueError: on bad input; nothing is stored.

        Calls the hook ``activitystream.after_create`` with the stored action, and
        ``activitystream.after_commit`` once it is stored for good.
        """
        given = Given(actor, verb, target, action_obj, description, extra, recipients, notify_actor)
        return creation.create(given, once)

    def create_many(self, actions: Iterable[Mapping[str, Any]]) -> int:
        """Store many actions in batches of 1,000, for an import.

        Example::

            am.create_many(
                {'actor': row.user, 'verb': 'joined', 'timestamp': row.joined}
                for row in rows
            )

        :param actions: dicts that hold the arguments of :meth:`create` by name. ``timestamp`` is
            optional: a past datetime after the year 1000, naive UTC or aware; the default is when
            its batch is stored.
        :returns: the number of actions stored; one whose ``once`` was stored before is not counted.
        :raises TypeError, ValueError: on bad input, with the index of the action, from 0. Nothing
            of its batch is stored. Earlier batches stay stored: on Ming always, on SQLAlchemy
            unless the host rolls back its transaction.

        Calls no hook.
        """
        return creation.create_many(actions)

    def get_by_recipient(
        self, recipient: Any, also: Iterable[Any] = (), include_muted: bool = False
    ) -> RecipientStream:
        """Return the stream of a recipient: actions for it and for everyone, newest first.

        It leaves out what the recipient has muted (see :meth:`mute`), and what it did itself if the
        action was created with ``notify_actor=False``.

        Example::

            am.get_by_recipient(user, also=user.teams).limit(10).all()

        :param recipient: a stored entity.
        :param also: audiences it belongs to, like a user's teams: stored entities whose actions
            join the stream. No action is listed twice.
        :param include_muted: include what the recipient has muted.
        :returns: a lazy :class:`~activitystream.lib.streams.Stream`. It queries the database when
            read: ``.all()``, iteration, ``.count()``, slices.
        :raises TypeError, ValueError: unless ``recipient`` and every item of ``also`` is a stored
            entity.
        """
        return RecipientStream(recipient, also, include_muted)

    def get_by_actor(self, entity: Any, *, visible_to: Any, also: Iterable[Any] = ()) -> RoleStream:
        """Return the stream of what an entity did, newest first, as a viewer may see it.

        Example::

            am.get_by_actor(ann, visible_to=user).page(25)

        :param entity: a stored entity, or ``activitystream.SYSTEM``.
        :param visible_to: the viewer. A stored entity sees what it did itself, what is for it or
            its audiences, and what is for everyone. None, a visitor, sees what is for everyone.
            ``activitystream.EVERYTHING``, for administrators, sees all.
        :param also: audiences of the viewer, like their teams: stored entities.
        :returns: a lazy :class:`~activitystream.lib.streams.Stream`. Mutes do not apply to it.
        :raises TypeError, ValueError: if ``entity``, ``also`` or the viewer is not a stored entity,
            or if ``also`` is given without a viewer.
        """
        return RoleStream("actor", entity, visible_to, also)

    def get_by_target(
        self, entity: Any, *, visible_to: Any, also: Iterable[Any] = ()
    ) -> RoleStream:
        """Return the stream of what was done to an entity, as a viewer may see it.

        The arguments and errors are those of :meth:`get_by_actor`; SYSTEM is no target. Example::

            am.get_by_target(post, visible_to=user).page(25)
        """
        return RoleStream("target", entity, visible_to, also)

    def get_by_action_obj(
        self, entity: Any, *, visible_to: Any, also: Iterable[Any] = ()
    ) -> RoleStream:
        """Return the stream of what was done with an entity, as a viewer may see it.

        The arguments and errors are those of :meth:`get_by_target`. Example::

            am.get_by_action_obj(comment, visible_to=user).first()
        """
        return RoleStream("action_obj", entity, visible_to, also)

    def get_actions(
        self,
        limit: int | None = None,
        order_by: str = "timestamp",
        desc: bool = True,
        offset: int | None = None,
        filters: Mapping[str, Any] | None = None,
    ) -> FoundActions:
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
            The number is counted on first access: ``am.get_actions(…).actions`` counts nothing.
        :raises ValueError: on an unknown field, an unfit value, or a negative number.
        """
        filters = dict(filters or {})
        for field in (order_by, *filters):
            if field not in FIELDS:
                raise ValueError(f"Action has no field {field!r}; use one of {', '.join(FIELDS)}")
        for field, value in filters.items():
            check_filter(field, value)
        if filters.get("timestamp") is not None:
            filters["timestamp"] = clock.naive_utc(filters["timestamp"])
        model.orm.check_filters(filters)
        actions = model.orm.find_actions(
            filters,
            order_by,
            desc,
            0 if offset is None else whole_number("offset", offset),
            None if limit is None else whole_number("limit", limit),
        )
        return FoundActions(filters, read_together(actions))

    def withdraw(self, actor: Any, verb: str, target: Any = None, action_obj: Any = None) -> int:
        """Delete the actions that say exactly this, as when a like is taken back.

        Example::

            am.withdraw(user, 'liked', post)

        :param actor: who did it, as for :meth:`create`.
        :param verb: what they did.
        :param target: to what; None matches only actions without a target.
        :param action_obj: with what; None matches only actions without an ``action_obj``.
        :returns: the number of deleted actions.
        :raises TypeError, ValueError: on bad input; nothing is deleted.

        Calls no hook. On SQLAlchemy, it is a part of the host's transaction.
        """
        if not isinstance(verb, str):
            raise TypeError(f"verb must be a string; got {type(verb).__name__}")
        said = {
            role: None if entity is None else address_of(entity, role)
            for role, entity in (("target", target), ("action_obj", action_obj))
        }
        return removal.delete(model.orm.ids_saying(address_of(actor, "actor"), verb, **said))

    def delete(self, action: Any) -> int:
        """Delete one action.

        Example::

            am.delete(action)

        :param action: a stored action.
        :returns: 1, or 0 if it was deleted already.
        :raises TypeError: if it is not an action.

        Calls no hook. On SQLAlchemy, it is a part of the host's transaction.
        """
        if not isinstance(action, ActionMixin):
            raise TypeError(f"action must be an Action; got {type(action).__name__}")
        return removal.delete([action._id])

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
        an action whose only recipient it was is then for nobody. What it has seen, read and muted
        is deleted, and so are other readers' mutes of it. ``description`` and ``extra`` are not
        searched. The entity itself is not deleted. This reads all actions.

        Example::

            am.forget(user).as_actor

        :param entity: an entity that is or was stored.
        :param dry_run: count, and change nothing.
        :returns: a :class:`~activitystream.lib.removal.Forgotten`: the number of actions by role,
            and of the reader's marks and mutes.
        :raises TypeError, ValueError: if it is no such entity.
        """
        references = removal.references_of(entity)
        return Forgotten.sum(part for _, part in removal.forget(references, dry_run))


#: The ready-made manager.
am = ActionManager()

ActionMixin.verbs = am

System.name = staticmethod(lambda: option("system_name"))
