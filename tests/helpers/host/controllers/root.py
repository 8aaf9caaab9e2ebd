"""Pages that show actions, also by the README's recipe, and URLs that create them."""

import tg
import transaction
from tg import TGController, expose
from tg.decorators import paginate
from tgext.pluggable import call_partial
from transaction.interfaces import TransientError

import tests.helpers.host
from activitystream import am
from activitystream.helpers import notification_cache


class RootController(TGController):
    @expose("tests.helpers.host.templates.notifications")
    def notifications(self, number="10"):
        user = tg.request.identity["user"]
        return {"actions": am.get_by_recipient(user).limit(int(number)) if int(number) else []}

    @expose("tests.helpers.host.templates.widget")
    def widget(self, order="newest first", **options):
        user = tg.request.identity["user"]
        stream = am.get_by_recipient(user)
        actions = (stream.grouped() if order == "groups" else stream).limit(10).all()
        if order == "oldest first":
            actions.reverse()
        return {"actions": actions, "title": "What <happened>", "options": options}

    @expose("tests.helpers.host.templates.listed")
    def listed(self, marked=None, grouped=None):
        user = tg.request.identity["user"]
        stream = am.get_by_recipient(user)
        actions = (stream.grouped() if grouped else stream).limit(10)
        return {"actions": actions, "recipient": user if marked else None}

    @expose("tests.helpers.host.templates.listed")
    def public(self, marked=None):
        _, actions = am.get_actions(limit=10)
        return {"actions": actions, "recipient": actions[0].entity("actor") if marked else None}

    @expose("tests.helpers.host.templates.profile")
    def profile(self, name, before=None, shown="a page"):
        """Show what somebody did, as the visitor may see it."""
        whose = tests.helpers.host.model.user_named(name)
        visitor = (tg.request.identity or {}).get("user")
        stream = am.get_by_actor(whose, visible_to=visitor)
        actions = stream.page(3, before) if shown == "a page" else stream
        if shown == "groups":
            actions = am.get_by_recipient(visitor).grouped().page(1, before)
        return {"actions": actions, "more": tg.url("/profile", params={"name": name, "x": "ü&"})}

    @expose("tests.helpers.host.templates.bell")
    def with_bell(self):
        return {}

    @expose("tests.helpers.host.templates.bells")
    def with_two_bells(self):
        return {}

    @expose("json")
    def remember(self, word=None):
        """Keep a word in the session; return the one that it keeps."""
        if word is not None:
            tg.session["word"] = word
            tg.session.save()
        return {"word": tg.session.get("word")}

    @expose("tests.helpers.host.templates.applause")
    def applause(self):
        """Show a page by a template that can show an action, too."""
        return {"action": am.get_by_recipient(tg.request.identity["user"]).first()}

    @expose("json")
    def kept(self):
        """Return notifications by the recipe, which caches what it rendered."""
        stream = am.get_by_recipient(tg.request.identity["user"]).limit(10)
        return {"notifications": [self._notification(n) for n in stream]}

    @expose("json")
    def kept_and_rolled_back(self, verb):
        """Render a notification of an action, and roll the action back."""
        user = tg.request.identity["user"]
        action = am.create(user, verb, recipients=[user])
        answer = {"_id": action._id, "notification": self._notification(action)}
        transaction.abort()
        return answer

    def _notification(self, n):
        return tg.render_template(
            {"action": n, "tg_cache": notification_cache(n)},
            "kajiki",
            "tests.helpers.host.templates.notification",
            is_fragment=True,
        )

    @expose("tests.helpers.host.templates.partials")
    def partials(self, actions="some"):
        stream = am.get_by_recipient(tg.request.identity["user"])
        return {"actions": stream.limit(10) if actions == "some" else None}

    @expose("json")
    def partials_as_json(self):
        actions = am.get_by_recipient(tg.request.identity["user"]).limit(10)
        panel = {"actions": actions, "panel_title": "Panel", "panel_body_style": ""}
        return {
            "bell": call_partial("activitystream.partials:bell"),
            "newest": call_partial("activitystream.partials:newest"),
            "stream": call_partial("activitystream.partials:stream", actions=actions),
            "panel": call_partial("activitystream.partials:bootstrap_widget", **panel),
        }

    @expose("json")
    def do_and_end(self, end):
        """Create an action, and end the request in this way."""
        am.create(tg.request.identity["user"], "tried")
        if end == "doomed":
            transaction.doom()
        if end == "error":
            raise RuntimeError(end)
        if end == "redirect":
            tg.redirect("/elsewhere")
        tg.abort(int(end) if end.isdigit() else 404)

    @expose("json")
    def retried(self, many=None):
        """Create an action once. Others get in the way twice, so it is tried again."""
        action = {"actor": tg.request.identity["user"], "verb": "tried", "once": "tried"}
        am.create_many([action]) if many else am.create(**action)
        attempts = tg.request.environ.get("tests.attempts", 0) + 1
        tg.request.environ["tests.attempts"] = attempts
        if attempts < 3:
            raise TransientError
        return {"attempts": attempts}

    @expose("json", allowed_methods=["POST"])
    def do(self, verb):
        user = tg.request.identity["user"]
        am.create(user, verb, recipients=[user])
        return {"done": verb}

    @expose("json")
    def change(self, name, when):
        """Change something of the host's before the bell is shown, or after."""
        if when == "before":
            tests.helpers.host.model.user_named(name).password = "changed"
        bell = call_partial("activitystream.partials:bell")
        if when == "after":
            tests.helpers.host.model.user_named(name).password = "changed"
        return {"bell": bell}

    @expose("json")
    @paginate("actions", items_per_page=3)
    def paginated(self, page=1):
        return {"actions": am.get_by_recipient(tg.request.identity["user"])}

    @expose("json")
    def as_json(self):
        return {"actions": am.get_by_recipient(tg.request.identity["user"]).all()}
