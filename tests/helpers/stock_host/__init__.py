"""Stock TurboGears apps with the built wheel plugged in, made as the README tells its readers.

``story.py`` is what happens in each: tests that run inside that app, by its own Python.
"""

import re
import shutil
from contextlib import contextmanager
from pathlib import Path

from tests.helpers import distributions

NAME = "newsroom"

HERE = Path(__file__).parent

GEARBOX = "import sys; from gearbox.main import main; sys.exit(main())"


class StockHost:
    """The app, in a folder and a virtual environment of its own."""

    #: The name of the app's package.
    name = NAME

    #: What makes the quickstart app use this ORM.
    quickstart_option: str

    #: What the story needs of it.
    storage: str

    def __init__(self, folder, wheel):
        """Name the folders of the app and of its environment.

        :param folder: an empty folder.
        :param wheel: the path of activitystream's wheel.
        """
        self.app = folder / self.name
        self.environment = distributions.Environment(folder / "venv")
        self.environment.pip("install", "--no-deps", wheel)
        quickstart = ("quickstart", self.quickstart_option, "-a", self.name)
        self.environment.python("-c", GEARBOX, *quickstart, cwd=folder)
        self.gearbox("plug", "tgapp-activitystream")
        self._tell_news()
        editable = ("--no-build-isolation", "--editable", self.app)
        self.environment.pip("install", "--no-deps", *editable)

    def python(self, *arguments, **environ):
        """Return what the environment's Python prints, in the app's folder."""
        return self.environment.python(*arguments, cwd=self.app, **environ)

    def gearbox(self, *arguments):
        return self.python("-c", GEARBOX, *arguments)

    def pytest(self, path, **environ):
        # Without the app's own options, which measure its coverage.
        options = ("-q", "--tb=short", "-p", "no:cacheprovider", "-o", "addopts=")
        try:
            self.python("-m", "pytest", *options, path, **environ)
        except AssertionError as error:
            # An unexpected answer is shown with its page, and a page with TurboGears' debug bar.
            report = re.sub(r"((?:^E .*\n){20})(?:^E .*\n)+", r"\1E   …\n", str(error), flags=re.M)
            raise AssertionError(report) from None

    def play_the_story(self, ini, appid="activitystream"):
        shutil.copy(HERE / "story.py", self.app / "test_story.py")
        shutil.copy(HERE / self.storage, self.app / "storage.py")
        self.pytest("test_story.py", STORY_INI=ini, STORY_APPID=appid)

    def edit(self, name, pattern, replacement):
        """Change the one place of a file that a regular expression finds."""
        path = self.app / name
        text, places = re.subn(pattern, lambda match: replacement, path.read_text(), flags=re.M)
        assert places == 1, f"{pattern!r} was found {places} times in {path}:\n{path.read_text()}"
        path.write_text(text)

    @contextmanager
    def edited(self, name, pattern, replacement):
        """Change a place of a file until the block ends; see :meth:`edit`."""
        before = (self.app / name).read_text()
        self.edit(name, pattern, replacement)
        try:
            yield
        finally:
            (self.app / name).write_text(before)

    def _tell_news(self):
        """Tell the app's users of each other's todos, as a developer would."""
        self._extend_model()
        self.edit(
            f"{NAME}/controllers/demo.py",
            rf"^from {NAME}\.model import DBSession$",
            f"from activitystream import am\nfrom {NAME}.model import DBSession, User",
        )
        self.edit(
            f"{NAME}/controllers/root.py",
            rf"^    @expose\('{NAME}\.templates\.login'\)$",
            f"    @expose('{NAME}.templates.notifications')\n"
            "    @require(predicates.not_anonymous())\n"
            "    def notifications(self):\n"
            "        user = request.identity['user']\n"
            "        return dict(\n"
            "            page='notifications',\n"
            "            count=am.count_not_seen_by_recipient(user),\n"
            "            actions=am.get_by_recipient(user).limit(10).all(),\n"
            "        )\n"
            "\n"
            "    @expose()\n"
            "    def announce_and_fail(self, what):\n"
            "        am.create(request.identity['user'], what)\n"
            "        raise RuntimeError(what)\n"
            "\n"
            "    @expose()\n"
            "    def back_up(self, what):\n"
            "        am.create(SYSTEM, 'finished', extra=what)\n"
            "        return 'done'\n"
            "\n"
            f"    @expose('{NAME}.templates.login')",
        )
        self.edit(
            f"{NAME}/controllers/root.py",
            r"^from tg\.exceptions import HTTPFound$",
            "from activitystream import SYSTEM, am\n"
            "from tg import predicates, require\n"
            "from tg.exceptions import HTTPFound",
        )
        with (self.app / NAME / "config" / "app_cfg.py").open("a") as app_cfg:
            app_cfg.write(_HOOK)
        shutil.copy(
            HERE / "notifications.xhtml", self.app / NAME / "templates" / "notifications.xhtml"
        )
        self.edit(
            f"{NAME}/templates/master.xhtml",
            r"^ *<ul py:if=\"tg\.auth_stack_enabled\" class=\"navbar-nav\">$",
            '<ul py:if="tg.auth_stack_enabled" class="navbar-nav">\n'
            '  <li class="nav-item">${h.call_partial("activitystream.partials:bell")}</li>',
        )

    def _extend_model(self):
        """Add the README's field and properties, and the todos' actions."""
        raise NotImplementedError


#: Writes down what it is told, and creates an action if it is told of a certain one.
_HOOK = """
import tg

TOLD = []

def follow_up(action):
    TOLD.append((action.sentence, action.extra))
    if action.extra and action.extra.startswith('tell of '):
        from activitystream import SYSTEM, am
        am.create(SYSTEM, 'told of', extra=action.extra[8:])

tg.hooks.register('activitystream.after_commit', follow_up)
"""

_AS_STR_OF_USER = """\
    @property
    def as_str(self):
        return self.display_name
"""

_AS_STR_AND_AS_LINK_OF_TODO = """\
    @property
    def as_str(self):
        return self.title

    @property
    def as_link(self):
        return '/demo'
"""


class MingHost(StockHost):
    quickstart_option = "-i"
    storage = "ming_storage.py"

    def _extend_model(self):
        self.edit(
            f"{NAME}/model/auth.py",
            r"^    created = FieldProperty\(.*\n",
            "    created = FieldProperty(s.DateTime, if_missing=datetime.now)\n"
            "    last_activity_seen = FieldProperty(s.DateTime)\n"
            "\n" + _AS_STR_OF_USER,
        )
        self.edit(
            f"{NAME}/model/todo.py",
            r"^    @property\n    def id\(self\):$",
            f"{_AS_STR_AND_AS_LINK_OF_TODO}\n    @property\n    def id(self):",
        )
        self.edit(
            f"{NAME}/controllers/demo.py",
            r"^        TodoItem\(title=title\)\n        DBSession\.flush\(\)$",
            "        item = TodoItem(title=title)\n"
            "        DBSession.flush()\n"
            "        if request.identity:\n"
            "            user = request.identity['user']\n"
            "            others = User.query.find({'_id': {'$ne': user._id}})\n"
            "            am.create(user, 'added', target=item, recipients=others)",
        )


class SQLAlchemyHost(StockHost):
    quickstart_option = "-s"
    storage = "sqlalchemy_storage.py"

    def _extend_model(self):
        self.edit(
            f"{NAME}/model/auth.py",
            r"^    _password = Column\(.*\n    created = Column\(.*\n",
            "    _password = Column('password', Unicode(128))\n"
            "    created = Column(DateTime, default=datetime.now)\n"
            "    last_activity_seen = Column(DateTime)\n"
            "\n" + _AS_STR_OF_USER,
        )
        self.edit(
            f"{NAME}/model/todo.py",
            r"^    created = Column\(.*\n",
            "    created = Column(DateTime, default=datetime.now)\n\n"
            + _AS_STR_AND_AS_LINK_OF_TODO,
        )
        self.edit(
            f"{NAME}/controllers/demo.py",
            r"^        DBSession\.add\(TodoItem\(title=title\)\)$",
            "        item = TodoItem(title=title)\n"
            "        DBSession.add(item)\n"
            "        if request.identity:\n"
            "            user = request.identity['user']\n"
            "            others = DBSession.query(User).filter(User.user_id != user.user_id)\n"
            "            am.create(user, 'added', target=item, recipients=others)",
        )
