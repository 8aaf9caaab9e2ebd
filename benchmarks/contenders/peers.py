"""Two Django packages, by their own interfaces, on tables of their own in PostgreSQL."""

from datetime import timezone
from importlib import import_module
from pathlib import Path
from typing import Any

import django
from django.conf import settings
from django.core.management import call_command
from django.db import connection, transaction
from psycopg.conninfo import conninfo_to_dict

from ..workload import MOST_NOTIFIED, SEEN, Workload
from . import statements_of


class _Peer:
    """The code that both share. Django's groups stand for the posts."""

    # They write row by row: 100,000 recipients would take minutes.
    does = {"newest-typical", "newest-most", "far-skip", "create-1", "create-5", "create-1000"}
    app: str
    model: str

    def __init__(self, url: str, workload: Workload) -> None:
        server = conninfo_to_dict(url.replace("+psycopg", "", 1))
        engine = {"ENGINE": "django.db.backends.postgresql", "NAME": server.pop("dbname")}
        settings.configure(
            USE_TZ=True,
            DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
            INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", self.app],
            DATABASES={"default": {**engine, "OPTIONS": server}},
        )
        django.setup()
        call_command("migrate", verbosity=0)
        from django.contrib.auth.models import Group, User
        from django.contrib.contenttypes.models import ContentType

        self.users, self.posts = User.objects, Group.objects
        self.rows = getattr(import_module(f"{self.app}.models"), self.model).objects
        types = ContentType.objects.get_for_models(User, Group)
        values = {"user_type": types[User].pk, "post_type": types[Group].pk, "seen": SEEN}
        statements = statements_of(Path(__file__).with_suffix(".sql"))
        with connection.cursor() as cursor:
            for name in () if self.rows.exists() else ("users", "posts", self.app):
                cursor.execute(statements[name], values)
            cursor.execute("VACUUM ANALYZE")

    def fresh(self) -> None:
        transaction.set_autocommit(False)
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")

    def undo(self) -> None:
        transaction.rollback()
        transaction.set_autocommit(True)

    def user(self, number: int, seen: Any = None) -> Any:
        return self.users.get(pk=number + 1)

    def post(self, number: int) -> Any:
        return self.posts.get(pk=number + 1)

    def crowd(self, number: int) -> list[Any]:
        return list(self.users.filter(pk__lte=number).order_by("pk"))


class Notifications(_Peer):
    """django-notifications-hq: a row for each recipient, read or unread."""

    does = {*_Peer.does, "count-0", "count-100", "count-20000", "count-capped-20000"}
    does |= {"count-unread", "mark-seen", "mark-all-read", "mark-read"}
    app, model = "notifications", "Notification"
    _seen: Any = SEEN

    def user(self, number: int, seen: Any = SEEN) -> Any:
        """Load a user. Actions since the most notified user's last look are unread."""
        if number == MOST_NOTIFIED and seen != self._seen:
            self.undo()
            mine = self.rows.filter(recipient_id=number + 1)
            mine.filter(unread=True).update(unread=False)
            mine.filter(timestamp__gt=seen.replace(tzinfo=timezone.utc)).update(unread=True)
            with connection.cursor() as cursor:
                cursor.execute("VACUUM ANALYZE notifications_notification")
            self._seen = seen
            self.fresh()
        user = super().user(number)
        user.newest = user.notifications.first()  # not timed
        return user

    def page(self, user: Any, audiences: Any = (), skip: int = 0) -> list[Any]:
        page = user.notifications.prefetch_related("actor", "target")[skip : skip + 10]
        return [(each.actor.username, each.verb, each.target.name) for each in page]

    def count(self, user: Any, limit: int | None = None) -> int:
        return user.notifications.unread()[:limit].count()

    count_unread = count

    def mark_seen(self, user: Any) -> None:
        user.notifications.mark_all_as_read()

    mark_all_read = mark_seen

    def mark_read(self, user: Any, above: Any) -> None:
        user.newest.mark_as_read()

    def create(self, actor: Any, target: Any, recipients: list[Any]) -> None:
        from notifications.signals import notify

        notify.send(actor, verb="commented", target=target, recipient=recipients)


class ActivityStream(_Peer):
    """django-activity-stream: it stores an action for each recipient, who is its target.

    The package has no recipients: an action is for the followers of its actor. A target for each
    recipient makes the users' streams the same as ours. It does not know what was seen. For its
    streams of actors and of targets it stores each action again, with groups in place of users.
    """

    does = {*_Peer.does, "actor-typical", "actor-busiest", "target-typical", "target-busiest"}
    app, model = "actstream", "Action"

    def __init__(self, url: str, workload: Workload) -> None:
        super().__init__(url, workload)
        from actstream import models, registry, signals

        registry.register(self.users.model, self.posts.model)
        self._stream_of, self._send = models.target_stream, signals.action.send
        self._about = {"actor": models.actor_stream, "target": models.target_stream}

    def user(self, number: int, seen: Any = None) -> Any:
        user = super().user(number)
        user.acting = self.post(number)
        return user

    def page(self, user: Any, audiences: Any = (), skip: int = 0) -> list[Any]:
        page = self._stream_of(user)[skip : skip + 10]
        return [(each.actor.username, each.verb, each.action_object.name) for each in page]

    def page_about(self, entity: Any, role: str) -> list[Any]:
        page = self._about[role](getattr(entity, "acting", entity))[:10]
        return [(each.actor.name, each.verb, each.target.name) for each in page]

    def create(self, actor: Any, post: Any, recipients: list[Any]) -> None:
        for recipient in recipients:
            self._send(actor, verb="commented", action_object=post, target=recipient)
