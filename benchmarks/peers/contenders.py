"""What a good developer does with each peer, by its own interface.

Neither has an action for everyone: those of the load are left out, which spares them some rows.
"""

from collections.abc import Iterator
from datetime import datetime, timezone
from typing import Any, ClassVar

from actstream.models import Action, target_stream
from actstream.signals import action
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.db import connection, transaction
from notifications.models import Notification
from notifications.signals import notify

from ..load import SEEN, Load
from .board.models import Post


class Contender:
    """What is alike for both."""

    name: str
    #: What holds the rows, one per recipient of each action.
    model: Any

    def __init__(self) -> None:
        self._crowds: dict[int, list[User]] = {}
        # Asked for, and kept by Django, before a load locks what they refer to.
        of_user, of_post = (ContentType.objects.get_for_model(each) for each in (User, Post))
        self.user_type, self.post_type = of_user.pk, of_post.pk

    def fresh(self) -> None:
        transaction.set_autocommit(False)
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")

    def user(self, number: int, unread: Any = None) -> User:
        return User.objects.get(pk=number + 1)

    def post(self, number: int) -> Post:
        return Post.objects.get(pk=number + 1)

    def crowd(self, number: int) -> list[User]:
        if number not in self._crowds:
            self._crowds[number] = list(User.objects.filter(pk__lte=number).order_by("pk"))
        return self._crowds[number]

    def undo(self) -> None:
        transaction.rollback()
        transaction.set_autocommit(True)


class Notifications(Contender):
    """django-notifications-hq: a row for each recipient, each read or unread."""

    name = "django-notifications-hq"
    model = Notification
    columns: ClassVar = (
        *("level", "recipient_id", "unread", "actor_content_type_id", "actor_object_id", "verb"),
        *("target_content_type_id", "target_object_id", "timestamp"),
        *("public", "deleted", "emailed"),
    )

    def __init__(self) -> None:
        super().__init__()
        self._unread: int | None = None

    def rows(self, load: Load) -> Iterator[tuple[Any, ...]]:
        """What its table holds of the load, in the order of ``columns``."""
        users, posts = self.user_type, self.post_type
        for done in load.done():
            for recipient in done.recipients or ():
                yield (
                    *("info", recipient + 1, done.timestamp > SEEN, users, str(done.actor + 1)),
                    *(done.verb, posts, str(done.target + 1), _utc(done.timestamp)),
                    *(True, False, False),
                )

    def user(self, number: int, unread: Any = 100) -> User:
        """A user, of whose notifications so many are unread."""
        if number == 0 and unread != self._unread:
            self._make_unread(unread)
        return super().user(number)

    def create(self, actor: User, target: Post, recipients: list[User]) -> None:
        notify.send(actor, verb="commented", target=target, recipient=recipients)

    def newest(self, user: User) -> list[Any]:
        return self.skip(user, 0)

    def skip(self, user: User, depth: int) -> list[Any]:
        page = user.notifications.prefetch_related("actor", "target")[depth : depth + 10]
        return [(each.actor.username, each.verb, each.target.title) for each in page]

    def count(self, user: User) -> int:
        return user.notifications.unread().count()

    def mark_seen(self, user: User) -> None:
        user.notifications.mark_all_as_read()

    def _make_unread(self, number: int) -> None:
        transaction.rollback()
        mine = Notification.objects.filter(recipient_id=1)
        mine.filter(unread=True).update(unread=False)
        newest = list(mine.order_by("-timestamp").values_list("pk", flat=True)[:number])
        mine.filter(pk__in=newest).update(unread=True)
        transaction.commit()
        transaction.set_autocommit(True)
        with connection.cursor() as cursor:
            cursor.execute(f"VACUUM ANALYZE {Notification._meta.db_table}")
        self._unread = number
        self.fresh()


class ActivityStream(Contender):
    """django-activity-stream: an action for each recipient, who is its target.

    It cannot choose who is to see an action: who follows its actor does, and sees all that the
    actor does. By a target for each recipient, the users' streams are the same as ours. It knows
    nothing of what was seen.
    """

    name = "django-activity-stream"
    model = Action
    columns: ClassVar = (
        *("actor_content_type_id", "actor_object_id", "verb"),
        *("target_content_type_id", "target_object_id"),
        *("action_object_content_type_id", "action_object_object_id", "timestamp", "public"),
    )

    def rows(self, load: Load) -> Iterator[tuple[Any, ...]]:
        """What its table holds of the load, in the order of ``columns``."""
        users, posts = self.user_type, self.post_type
        for done in load.done():
            for recipient in done.recipients or ():
                yield (
                    *(users, str(done.actor + 1), done.verb, users, str(recipient + 1)),
                    *(posts, str(done.target + 1), _utc(done.timestamp), True),
                )

    def create(self, actor: User, post: Post, recipients: list[User]) -> None:
        for recipient in recipients:
            action.send(actor, verb="commented", action_object=post, target=recipient)

    def newest(self, user: User) -> list[Any]:
        return self.skip(user, 0)

    def skip(self, user: User, depth: int) -> list[Any]:
        page = target_stream(user)[depth : depth + 10]
        return [(each.actor.username, each.verb, each.action_object.title) for each in page]


def _utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=timezone.utc)


CONTENDERS = {cls.name: cls for cls in (Notifications, ActivityStream)}
