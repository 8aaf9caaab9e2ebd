"""Every code block of the README is run, in this order, in an app that is made of them."""

import importlib
import re
import shlex
import socket
import subprocess
import sys
import time
import types
import urllib.request
from contextlib import closing

import pytest
import tg
from docutils.core import publish_doctree
from docutils.nodes import literal_block
from ming import Session
from ming import schema as s
from ming.odm import FieldProperty, Mapper, ThreadLocalODMSession
from ming.odm.declarative import MappedClass
from tgext.pluggable import plug
from webtest import TestApp

from activitystream import am
from activitystream.model.ming import Action
from tests.distributions import ROOT, copy_source
from tests.host.app import AuthMetadata, configurator

PROJECT = "myproject"


def blocks(language):
    """The code blocks of a language, each as (its line, the file that it is of or None, its text).

    A block says the file in its first line, or the paragraph before it does in its last words.
    """
    document = publish_doctree((ROOT / "README.rst").read_text())
    found = []
    for block in document.findall(literal_block):
        if language in block["classes"]:
            before = block.parent[block.parent.index(block) - 1].astext()
            said = f"{before}\n{block.astext()}" if language == "html" else block.astext()
            file = re.search(rf"^.*({PROJECT}/[\w./]+):?$", said, re.M)
            found.append((block.line, file and file[1], block.astext()))
    return found


#: A page for each template of the README that is one.
ROOT_CONTROLLER = f"""
from tg import TGController, expose

class RootController(TGController):
    @expose("{PROJECT}.templates.notifications")
    def notifications(self):
        return {{}}

    @expose("{PROJECT}.templates.panel")
    def panel(self):
        return {{}}
"""


class Recorder:
    """Stands in for what a host has: it takes any call."""

    def __init__(self):
        self.calls = []

    def send(self, *arguments):
        self.calls.append(arguments)


@pytest.fixture
def project(database, tmp_path, monkeypatch):
    """The package of the README's reader, with the blocks that name a file in their files."""
    for name in ("config", "controllers", "lib", "model", "templates"):
        (tmp_path / PROJECT / name).mkdir(parents=True)
        (tmp_path / PROJECT / name / "__init__.py").touch()
    (tmp_path / PROJECT / "__init__.py").touch()
    for language in ("python", "html"):
        for _, file, text in blocks(language):
            if file:
                with (tmp_path / file).open("a") as written:
                    written.write(f"{text}\n")
    (tmp_path / PROJECT / "controllers" / "root.py").write_text(ROOT_CONTROLLER)
    monkeypatch.syspath_prepend(tmp_path)
    assert database.model  # imported before the list of all classes is taken
    mappers = list(Mapper._all_mappers)
    # The app's own classes, and no other app's of the same names.
    Mapper._all_mappers[:] = [each for each in mappers if each.mapped_class is Action]
    yield tmp_path / PROJECT
    Mapper._all_mappers[:] = mappers
    database.forget()
    for name in [name for name in sys.modules if name.split(".")[0] == PROJECT]:
        del sys.modules[name]


def run_file(path, namespace):
    exec(compile(path.read_text(), str(path), "exec"), namespace)


def make_model(project, datastore_session):
    """The package's model, of the README's classes."""
    module = importlib.import_module(f"{PROJECT}.model")
    module.DBSession = ThreadLocalODMSession(datastore_session)
    names = {"MappedClass": MappedClass, "FieldProperty": FieldProperty, "s": s}
    for name in ("auth", "post"):
        namespace = {"__name__": f"{PROJECT}.model.{name}", "DBSession": module.DBSession, **names}
        run_file(project / "model" / f"{name}.py", namespace)
        vars(module).update({"User": namespace.get("User")} if name == "auth" else {})
        vars(module).update({"Post": namespace.get("Post")} if name == "post" else {})

    def init_model(datastore):
        datastore_session.bind = datastore
        Mapper.compile_all()

    module.init_model = init_model
    module.user_named = lambda name: module.User.query.get(user_name=name)
    return module


@pytest.fixture
def namespace(database, project):
    """What the README's blocks take for granted, in the app that they plug into."""
    host_model = make_model(project, Session())
    # Not used further, but by the blocks that show other ways to plug.
    spare = configurator(database)
    base_config = configurator(database)
    base_config.update_blueprint(
        {
            "package": importlib.import_module(PROJECT),
            "model": host_model,
            "DBSession": host_model.DBSession,
            "helpers": importlib.import_module(f"{PROJECT}.lib.helpers"),
            "sa_auth.authmetadata": AuthMetadata(host_model),
        }
    )
    run_file(project / "config" / "app_cfg.py", {"base_config": base_config})
    app = base_config.make_wsgi_app()
    # Ming flushes every session of the process, the other test host's too.
    database.model.init_model(host_model.DBSession.bind)
    for name in host_model.DBSession.db.list_collection_names():
        host_model.DBSession.db[name].delete_many({})
    ann, bob = (
        host_model.User(user_name=name, display_name=name.title(), email_address=f"{name}@host")
        for name in ("ann", "bob")
    )
    post, comment = host_model.Post(title="A post"), host_model.Post(title="A comment")
    host_model.DBSession.flush_all()
    yield {
        "am": am,
        "author": bob,
        "base_config": spare,
        "comment": comment,
        "DBSession": host_model.DBSession,
        "FieldProperty": FieldProperty,
        "followers": [ann],
        "mailer": Recorder(),
        "MappedClass": types.SimpleNamespace,  # a class that is shown in part
        "model": host_model,
        "plug": plug,
        "post": post,
        "s": s,
        "tg": tg,
        "user": ann,
        "app": app,
    }
    host_model.DBSession.close_all()


def test_every_python_block_runs(namespace, capsys):
    post = namespace["post"]
    type(post).author = namespace["author"]
    namespace["action"] = am.create(namespace["user"], "published", post)
    namespace["action"].actor
    for line, file, text in blocks("python"):
        if file is None:
            source = "\n" * (line or 0) + text
            exec(compile(source, "README.rst", "exec"), namespace)
    assert "Ann commented on A post" in capsys.readouterr().out
    assert namespace["until"] == namespace["action"].timestamp.isoformat(timespec="milliseconds")
    assert namespace["text"] == "Ann published A post less than 1 minute ago"
    assert namespace["fields"]["verb"] == "published"
    assert namespace["total"] == len(namespace["actions"]) == 2


def test_the_hook_of_the_readme_reaches_each_recipient(namespace):
    (hook,) = [text for _, _, text in blocks("python") if "send_mail" in text]
    exec(hook, namespace)
    am.create(namespace["user"], "liked", recipients=[namespace["author"]])
    assert namespace["mailer"].calls == [("bob@host", "Ann", "liked")]


def test_the_field_for_those_who_sign_up_leaves_nothing_old_to_see(namespace):
    am.create(namespace["user"], "announced")
    for _, file, text in blocks("python"):
        if file is None and "last_activity_seen" in text:
            exec(text, namespace)
    namespace["DBSession"].flush_all()
    users = [namespace["newcomer"], namespace["author"]]
    namespace["DBSession"].close_all()
    for user in users:
        stored = namespace["model"].User.query.get(user._id)
        assert am.count_not_seen_by_recipient(stored) == 0


def test_the_recipe_shows_each_reader_what_is_theirs(namespace):
    am.create(namespace["author"], "commented on", namespace["post"], recipients=None)
    browsers = [
        TestApp(namespace["app"], extra_environ={"REMOTE_USER": name}) for name in ("ann", "bob")
    ]
    for _ in range(2):  # the second time from the cache
        page = browsers[0].get("/notifications")
        (item,) = page.html.select("li")
        text = " ".join(item.text.split())
        assert text == "Bob commented on A post less than 1 minute ago new"
        assert not page.text.count("<!DOCTYPE") > 1
    browsers[0].get(item.select_one("a")["href"])
    assert "new" not in browsers[0].get("/notifications").html.li.text.split()
    assert "new" in browsers[1].get("/notifications").html.li.text.split()


def test_the_recipe_keeps_what_it_rendered(namespace, monkeypatch):
    action = am.create(namespace["author"], "commented on", namespace["post"])
    browser = TestApp(namespace["app"], extra_environ={"REMOTE_USER": "ann"})
    rendered = []
    monkeypatch.setattr(
        type(action), "name_of", lambda self, role: rendered.append(role) or "somebody"
    )
    first, second = browser.get("/notifications"), browser.get("/notifications")
    assert "somebody" in first
    assert "somebody" in second
    assert rendered == ["actor", "target"]


def test_the_panel_of_the_readme_is_shown(namespace):
    am.create(namespace["author"], "commented on", namespace["post"])
    page = TestApp(namespace["app"], extra_environ={"REMOTE_USER": "ann"}).get("/panel")
    assert page.html.select_one(".card-header").text == "What happened"
    assert "Bob commented on A post less than 1 minute ago" in page.html.text


def test_every_html_block_is_a_template_of_the_app():
    assert [file for _, file, _ in blocks("html")] == [
        f"{PROJECT}/templates/{name}.xhtml" for name in ("notification", "notifications", "panel")
    ]


def test_every_command_is_run_by_a_test():
    """Those of the stock host, by its fixture; ./dev test, by CI; the others, below."""
    lines = [line for _, _, text in blocks("bash") for line in text.splitlines()]
    others = [line for line in lines if not line.startswith(("./dev", "pybabel"))]
    assert others == [
        "pip install tgapp-activitystream",
        "gearbox plug tgapp-activitystream",
        "gearbox setup-app",
    ]
    stock_host = (ROOT / "tests" / "stock_host" / "__init__.py").read_text()
    assert '"plug", "tgapp-activitystream"' in stock_host
    assert '"install"' in stock_host
    assert '"setup-app"' in (ROOT / "tests" / "test_stock_host.py").read_text()
    assert "./dev test" in (ROOT / ".ci" / "run").read_text()
    assert "./dev demo" in lines


def test_the_commands_for_translators_change_nothing_that_is_up_to_date(tmp_path):
    copy_source(tmp_path)
    for line in [line for _, _, text in blocks("bash") for line in text.splitlines()]:
        if line.startswith("pybabel"):
            command = [sys.executable, "-m", "babel.messages.frontend", *shlex.split(line)[1:]]
            subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)

    def sentences(folder):
        files = sorted((folder / "activitystream" / "i18n").rglob("*.po*"))
        return [file.read_text().partition("\n\n")[2] for file in files]

    assert sentences(tmp_path) == sentences(ROOT)


def test_one_command_sets_up_and_serves_the_demo(tmp_path):
    copy_source(tmp_path)
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with (tmp_path / "log").open("w+") as log:
        demo = subprocess.Popen(
            ["./dev", "demo", "--port", str(port)], cwd=tmp_path, stdout=log, stderr=log
        )
        try:
            page = patiently(lambda: urllib.request.urlopen(f"http://127.0.0.1:{port}/"), demo)
            assert b"Who are you?" in page.read(), (tmp_path / "log").read_text()
        except AssertionError as error:
            raise AssertionError(f"{error}\n{(tmp_path / 'log').read_text()}") from None
        finally:
            demo.terminate()
            demo.wait()


def patiently(call, process):
    """What a call gives once it gives anything, while a process prepares it."""
    deadline = time.monotonic() + 500
    while True:
        try:
            return call()
        except OSError:
            assert process.poll() is None, "it has ended"
            assert time.monotonic() < deadline, "it does not answer"
            time.sleep(0.5)
