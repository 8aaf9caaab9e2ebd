"""The public verbs about what a reader has seen, read and muted."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from . import mutes, read, seen
from .mutes import Mute
from .with_unseen import readers_with_unseen


class ReaderVerbs:
    """What :class:`~activitystream.ActionManager` can do for a reader."""

    def count_not_seen_by_recipient(
        self, recipient: Any, limit: int | None = None, also: Iterable[Any] = ()
    ) -> int:
        """Count the actions of a stream that its recipient has not seen; see :meth:`mark_seen`.

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

    def count_unread_by_recipient(
        self, recipient: Any, limit: int | None = None, also: Iterable[Any] = ()
    ) -> int:
        """Count the actions of a stream that its recipient has not read; see :meth:`mark_read`.

        The arguments and errors are those of :meth:`count_not_seen_by_recipient`. Example::

            am.count_unread_by_recipient(user, limit=100)
        """
        return read.count_unread(recipient, limit, also)

    def is_unseen(self, action: Any, recipient: Any) -> bool:
        """Return whether a recipient has not seen an action.

        All actions that were read together cost one query. Example::

            css_class = 'new' if am.is_unseen(action, user) else ''

        :param action: an action that was read from a stream.
        :param recipient: a stored entity.
        :raises AttributeError: if the recipient's class has no field ``last_activity_seen``.
        :raises TypeError, ValueError: if the recipient is not a stored entity.
        """
        return not seen.state_of(action, recipient).seen

    def is_read(self, action: Any, recipient: Any) -> bool:
        """Return whether a recipient has read an action.

        The arguments and errors are those of :meth:`is_unseen`. Example::

            css_class = '' if am.is_read(action, user) else 'unread'
        """
        return seen.state_of(action, recipient).read

    def readers_with_unseen(
        self, since: datetime, until: datetime | None = None, of: type | None = None
    ) -> Iterator[Any]:
        """Yield the readers that have unseen actions newer than ``since``, as for a digest by mail.

        Unseen is what :meth:`count_not_seen_by_recipient` counts. Actions for everyone count, and
        those for a user's audiences, by the option ``audiences``. Example::

            for user in am.readers_with_unseen(since=yesterday):
                actions = am.get_by_recipient(user).unseen().within(yesterday).limit(20).all()

        The host may end its transaction, or clear its session, between two readers: each reader is
        an object of the current one.

        The cost: it reads the actions since then, and the recipients of each. A reader costs one
        query, or none if they marked their stream after the newest action for them. If an action
        since then is for everyone, or the option ``audiences`` is set, it also reads the keys of
        all readers who have not marked their stream since, and calls the option for each. Keys are
        kept in memory: about 300 bytes a reader. Readers come in the database's order.

        :param since: a datetime, naive UTC or aware. The earlier it is, the longer this takes.
        :param until: leave out newer actions; None is no limit.
        :param of: the readers' class, like ``User``. None is for every class that has a field
            ``last_activity_seen``; of a class outside the host's model (SQLAlchemy) or datastore
            (Ming), only the readers that an action names.
        :raises AttributeError: if the class has no such field.
        :raises TypeError, ValueError: on other bad input.
        """
        return readers_with_unseen(since, until, of)

    def mark_seen(
        self,
        recipient: Any,
        until: datetime | seen.Shown | None = None,
        also: Iterable[Any] | None = None,
    ) -> datetime | None:
        """Mark as seen what a recipient can see now, up to ``until``.

        An action that becomes visible later is new, even if its timestamp is older, as long as it
        is committed within ``late`` seconds (an option). ``last_activity_seen`` moves forward to
        ``until``, in the database and on the object; never backwards, nor beyond now. No other
        field changes.

        Example::

            am.mark_seen(user, until=actions[0].timestamp)

        :param recipient: a stored entity.
        :param until: the timestamp of the newest action that was shown, naive UTC or aware. None
            marks all that the recipient can see. (Our own pages pass a ``Shown``, which their
            links hold.)
        :param also: audiences it belongs to, at least those that are counted: stored entities.
            None uses the option ``audiences``, if the recipient is a user of the app.
        :returns: the previous value of ``last_activity_seen``, naive UTC, or None.
        :raises AttributeError: if the recipient's class has no field ``last_activity_seen``.
        :raises LookupError: if the recipient was deleted.
        :raises TypeError, ValueError: on other bad input.

        Calls the hook ``activitystream.after_seen`` with the recipient, the previous value and
        the new value.
        """
        return seen.mark_seen(recipient, until, also)

    def mark_read(self, recipient: Any, actions: Any) -> None:
        """Mark actions as read by a recipient, and so as seen.

        Until the first mark of a recipient, of any kind, what it has seen counts as read.
        Example::

            am.mark_read(user, [action])

        :param recipient: a stored entity.
        :param actions: an action, or an iterable of actions. Deleted ones are skipped.
        :raises AttributeError: if the recipient's class has no field ``last_activity_seen``.
        :raises LookupError: if the recipient was deleted.
        :raises TypeError, ValueError: on other bad input; nothing is marked.

        Calls the hook ``activitystream.after_read`` with the recipient, the list of actions, and
        True.
        """
        read.mark_actions(recipient, actions, True)

    def mark_unread(self, recipient: Any, actions: Any) -> None:
        """Mark actions as unread by a recipient. They stay seen.

        The arguments and errors are those of :meth:`mark_read`. Example::

            am.mark_unread(user, [action])

        Calls the hook ``activitystream.after_read`` with the recipient, the list of actions, and
        False.
        """
        read.mark_actions(recipient, actions, False)

    def mark_all_read(
        self,
        recipient: Any,
        until: datetime | seen.Shown | None = None,
        also: Iterable[Any] | None = None,
    ) -> None:
        """Mark as read, and so as seen, what a recipient can see now, up to ``until``.

        The arguments and errors are those of :meth:`mark_seen`. Example::

            am.mark_all_read(user, until=actions[0].timestamp)

        Calls the hooks ``activitystream.after_seen``, and ``activitystream.after_read`` with the
        recipient, None, and True.
        """
        read.mark_all(recipient, until, also)

    def mute(
        self, recipient: Any, verb: str | None = None, actor: Any = None, target: Any = None
    ) -> None:
        """Leave actions out of a recipient's stream and counts, past and future ones.

        It mutes the actions that match all arguments given. A mute that exists already is kept.
        Example::

            am.mute(user, verb='liked', target=post)

        :param recipient: a stored entity.
        :param verb: what is done; None for anything.
        :param actor: the stored entity that does it; None for anybody.
        :param target: the stored entity to which it is done; None for anything.
        :raises AttributeError: if the recipient's class has no field ``last_activity_seen``.
        :raises LookupError: if the recipient was deleted.
        :raises TypeError, ValueError: on bad input: none of verb, actor and target, no stored
            entity, or more than 1,000 mutes of one recipient.
        """
        mutes.mute(recipient, verb, actor, target)

    def unmute(
        self, recipient: Any, verb: str | None = None, actor: Any = None, target: Any = None
    ) -> None:
        """Remove the mute with exactly these arguments, if there is one.

        What it hid is in the stream again. The arguments are those of :meth:`mute`, and so are the
        errors, except for a deleted recipient, which is none. Example::

            am.unmute(user, verb='liked', target=post)
        """
        mutes.unmute(recipient, verb, actor, target)

    def mutes_of(self, recipient: Any) -> list[Mute]:
        """List the mutes of a recipient, without those of actors and targets deleted since.

        Example::

            for mute in am.mutes_of(user):
                am.unmute(user, *mute)

        :param recipient: a stored entity.
        :returns: a named tuple for each: ``verb``, ``actor`` and ``target``; None matches any.
        :raises AttributeError: if the recipient's class has no field ``last_activity_seen``.
        :raises TypeError, ValueError: if the recipient is not a stored entity.
        """
        return mutes.mutes_of(recipient)
