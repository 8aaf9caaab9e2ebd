"""The documentation's daily digest, in stock apps, with a real SMTP server."""

import os
import re
import signal
import subprocess
from datetime import datetime, timezone
from email import message_from_bytes, policy
from urllib.parse import urlsplit

import pytest
from aiosmtpd.controller import Controller

from tests.helpers.documents import blocks
from tests.helpers.stock_host import NAME
from tests.helpers.workers import reserved_port

pytestmark = pytest.mark.hosts

FIELD = r"^    last_activity_seen = .*$"

PLUG = r"^plug\(.*\)$"

SITE = "https://example.org/app"


class Inbox:
    """The mails that a server has got. It kills the sender upon one, if that is asked for."""

    def __init__(self):
        self.mails = []
        self.kill_upon = None
        self.sender = None

    async def handle_DATA(self, server, session, envelope):
        self.mails.append(message_from_bytes(envelope.content, policy=policy.default))
        if len(self.mails) == self.kill_upon:
            os.kill(self.sender.pid, signal.SIGKILL)
        return "250 OK"

    def addresses(self):
        return sorted(mail["To"] for mail in self.mails)


@pytest.fixture
def inbox():
    inbox = Inbox()
    with reserved_port() as inbox.port:
        controller = Controller(inbox, hostname="127.0.0.1", port=inbox.port)
        controller.start()
        yield inbox
        controller.stop()


@pytest.fixture
def sqlite(sql_host, tmp_path):
    line = f"sqlalchemy.url = sqlite:///{tmp_path}/news.db"
    with sql_host.edited("development.ini", r"^sqlalchemy\.url = .*$", line):
        yield


@pytest.fixture(params=["ming", "sql"])
def host(request, inbox):
    """Return a stock host with the digest of the documentation."""
    is_sql = request.param == "sql"
    request.getfixturevalue("sqlite" if is_sql else "stored")
    host = request.getfixturevalue(f"{request.param}_host")
    host.is_sql = is_sql
    column = "Column(DateTime)" if is_sql else "FieldProperty(s.DateTime)"
    field = re.search(FIELD, (host.app / NAME / "model" / "auth.py").read_text(), re.M)[0]
    (block,) = [each for each in blocks("python") if each.file == "myproject/digest.py"]
    script = block.text.replace("myproject", NAME).replace("production.ini", "development.ini")
    if not is_sql:
        script = re.sub(r"transaction\.commit\(\)  # on Ming: (.*)", r"\1", script)
    (host.app / NAME / "digest.py").write_text(script)
    plugged = (
        f'plug(base_config, "tgext.mailer")\nplug(base_config, "activitystream", site_url="{SITE}")'
    )
    mail = (
        f"[app:main]\nmail.host = 127.0.0.1\nmail.port = {inbox.port}\n"
        f"mail.default_sender = news@example.org"
    )
    with (
        host.edited(f"{NAME}/model/auth.py", FIELD, f"{field}\n    digest_until = {column}"),
        host.edited(f"{NAME}/config/app_cfg.py", PLUG, plugged),
        host.edited("development.ini", r"^\[app:main\]$", mail),
    ):
        host.gearbox("setup-app")
        yield host


STORE = f"""
import json, sys
from datetime import datetime, timedelta
from paste.deploy import loadapp
loadapp('config:development.ini', relative_to='.')
import transaction
from activitystream import am
from {NAME} import model

def save():
    transaction.commit() if {{is_sql}} else model.DBSession.flush_all()

midnight = datetime.fromisoformat(sys.argv[1])
for number in range(6):
    name = f'reader{{{{number}}}}'
    user = model.User(
        user_name=name, password='secret', email_address=f'{{{{name}}}}@example.org',
        display_name=name.title(),
    )
    if {{is_sql}}:
        model.DBSession.add(user)
save()

def named(name):
    if {{is_sql}}:
        return model.DBSession.query(model.User).filter_by(user_name=name).one()
    return model.User.query.get(user_name=name)

def create(verb, readers, moment):
    actor, to = named('manager'), [named(f'reader{{{{number}}}}') for number in readers]
    fields = dict(actor=actor, verb=verb, recipients=to, timestamp=moment)
    am.create_many([fields])
    save()

create('waved', range(4), midnight - timedelta(hours=3))
create('called', [0], midnight - timedelta(hours=2))
create('is of the day before', range(6), midnight - timedelta(hours=30))
create('is of today', range(6), midnight + timedelta(milliseconds=1))
am.mark_seen(named('reader3'), until=midnight - timedelta(hours=1))
save()
""".replace("{{", "{").replace("}}", "}")


def midnight():
    now = datetime.now(timezone.utc).replace(tzinfo=None)
    return now.replace(hour=0, minute=0, second=0, microsecond=0)


#: Run the script, and kill it at a step.
KILLED = f"""
import os, runpy, signal, sys
import tgext.mailer, transaction
from {NAME} import model

def kill():
    os.kill(os.getpid(), signal.SIGKILL)

def killing(step, function):
    def called(*arguments):
        if sys.argv[1] == f'before the {{{{step}}}}':
            kill()
        function(*arguments)
        if sys.argv[1] == f'after the {{{{step}}}}':
            kill()
    return called

class Mailer:
    send_immediately = staticmethod(
        killing('mail', lambda mail: get_mailer(None).send_immediately(mail))
    )

get_mailer = tgext.mailer.get_mailer
tgext.mailer.get_mailer = lambda request: Mailer
if {{is_sql}}:
    transaction.commit = killing('commit', transaction.commit)
else:
    model.DBSession.flush_all = killing('commit', model.DBSession.flush_all)
runpy.run_module('{NAME}.digest', run_name='__main__')
""".replace("{{", "{").replace("}}", "}")


def run(host, inbox, killed=None):
    """Run the script, and return its exit status.

    :param killed: the step at which it kills itself.
    """
    python = host.environment.folder / "bin" / "python"
    arguments = ["-m", f"{NAME}.digest"]
    if killed is not None:
        arguments = ["-c", KILLED.replace("{is_sql}", str(host.is_sql)), killed]
    with subprocess.Popen([python, *arguments], cwd=host.app) as inbox.sender:
        return inbox.sender.wait(60)


def test_nobody_gets_two_mails_wherever_the_script_is_killed(host, inbox):
    store = STORE.replace("{is_sql}", str(host.is_sql))
    host.python("-c", store, midnight().isoformat())
    sent = []
    for step in ("before the commit", "before the mail", "after the mail"):
        assert run(host, inbox, killed=step) == -signal.SIGKILL
        sent.append(len(inbox.mails))
    assert sent == [0, 0, 1]
    assert run(host, inbox) == 0
    # Of the three, one was committed to have a mail, which was not sent.
    assert len(inbox.addresses()) == len({*inbox.addresses()}) == 2
    assert {*inbox.addresses()} <= {f"reader{number}@example.org" for number in range(3)}


def test_each_user_gets_one_mail_however_often_the_script_is_killed(host, inbox):
    store = STORE.replace("{is_sql}", str(host.is_sql))
    host.python("-c", store, midnight().isoformat())
    expected = [f"reader{number}@example.org" for number in range(3)]
    for killed_upon in (1, 2):
        inbox.kill_upon = killed_upon
        assert run(host, inbox) == -signal.SIGKILL
        assert len(inbox.mails) == killed_upon
    assert run(host, inbox) == 0
    assert inbox.addresses() == expected
    assert run(host, inbox) == 0
    assert inbox.addresses() == expected
    (mail,) = [mail for mail in inbox.mails if mail["To"] == expected[0]]
    first, second = mail.get_content().strip().split("\n\n")
    assert (mail["Subject"], mail["From"]) == ("Your news", "news@example.org")
    assert first.splitlines()[0] == "Example manager called"
    assert second.splitlines()[0] == "Example manager waved"
    links = [each.splitlines()[1] for each in (first, second)]
    assert all(link.startswith(f"{SITE}/activitystream/see?") for link in links)
    follow(host, links[0])


#: Follow a link of a mail without a login, log in, and say where that leads and what is read.
FOLLOW = f"""
import sys
from urllib.parse import urlsplit
from paste.deploy import loadapp
app = loadapp('config:development.ini', relative_to='.')
from webtest import TestApp
from activitystream import am
from {NAME} import model

parts = urlsplit(sys.argv[1])
browser = TestApp(app, extra_environ={{{{'SCRIPT_NAME': '/app'}}}})
from_mail = {{{{'Sec-Fetch-Site': 'none'}}}}
path = parts.path.removeprefix('/app')
answer = browser.get(f"{{{{path}}}}?{{{{parts.query}}}}", headers=from_mail)
form = answer.follow(headers=from_mail).form
form['login'], form['password'] = 'reader0', 'secret'
answer = form.submit(status=302)
while '/activitystream/see' not in answer.location:
    answer = answer.follow(headers={{{{'Sec-Fetch-Site': 'same-origin'}}}})
print(answer.follow(headers={{{{'Sec-Fetch-Site': 'same-origin'}}}}).location)
if {{is_sql}}:
    reader = model.DBSession.query(model.User).filter_by(user_name='reader0').one()
else:
    reader = model.User.query.get(user_name='reader0')
for action in am.get_by_recipient(reader).all():
    print(action.verb, action.is_read_by(reader), action.is_unseen_by(reader))
""".replace("{{", "{").replace("}}", "}")


def follow(host, link):
    script = FOLLOW.replace("{is_sql}", str(host.is_sql))
    location, *states = host.python("-c", script, link).splitlines()[-5:]
    assert urlsplit(location).path == "/app/activitystream/"
    assert states == [
        "is of today False True",
        "called True False",
        "waved False False",
        "is of the day before False False",
    ]
