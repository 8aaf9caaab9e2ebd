"""The pictures of docs/tutorial.rst: a stock quickstart's app, made by the tutorial's own code."""

import re
import socket
import subprocess
import time
from contextlib import contextmanager

from tests.helpers import distributions
from tests.helpers.browser import from_npm
from tests.helpers.stock_host import GEARBOX
from tests.helpers.stock_host.tutorial import OnSQLAlchemy
from tests.helpers.workers import reserved_port

SIZE = {"width": 1000, "height": 560}
PHONE = {"width": 400, "height": 360}

#: Of the users that a quickstart's set-up creates.
PASSWORDS = {"manager": "managepass", "editor": "editpass"}


def take(chromium, packages, folder, shot):
    """Take the pictures.

    :param shot: a function of a page and a picture's name.
    """
    source, wheels, place = (folder / name for name in ("source", "wheels", "host"))
    for each in (source, wheels, place):
        each.mkdir()
    distributions.build("wheel", distributions.copy_source(source), wheels)
    host = OnSQLAlchemy(place, next(wheels.iterdir()))
    host.gearbox("setup-app")
    master = "myproject/templates/master.xhtml"
    with serving(host) as url:
        with host.edited(master, r"^.*activitystream\.partials:bell.*$", ""):
            # Before step 6.
            visitor = visiting(chromium, packages, url)
            visitor.goto("/login")
            shot(visitor, "login")
            before = logged_in(chromium, packages, url, "manager")
            before.get_by_label("Title").fill("Feed the cat")
            shot(before, "todo")
        editor = logged_in(chromium, packages, url, "editor")
        shot(editor, "bell")
        editor.set_viewport_size(PHONE)
        shot(editor, "phone")
        editor.set_viewport_size(SIZE)
        manager = logged_in(chromium, packages, url, "manager")
        manager.get_by_label("Title").fill("Water the plants")
        manager.get_by_role("button", name="Add").click()
        manager.get_by_text("Water the plants").wait_for()
        editor.reload()
        shot(editor, "number")
        editor.get_by_role("button", name=re.compile("stream|notification")).click()
        editor.get_by_role("link", name="See all").wait_for()
        shot(editor, "opened")
        editor.get_by_role("link", name="See all").click()
        editor.get_by_role("heading", name="Your activity stream").wait_for()
        shot(editor, "page")
        editor.evaluate("document.documentElement.dataset.bsTheme = 'dark'")
        shot(editor, "dark")


@contextmanager
def serving(host):
    """Serve the app by gearbox until the block ends; yield its URL."""
    with reserved_port() as port:
        host.edit("development.ini", r"^port = 8080$", f"port = {port}")
        # tgext.debugbar, if it is installed, would cover the page.
        host.edit("development.ini", r"^debug = true$", "debug = false")
        python = host.environment.folder / "bin" / "python"
        server = subprocess.Popen(
            [python, "-c", GEARBOX, "serve"], cwd=host.app, stderr=subprocess.DEVNULL
        )
        try:
            deadline = time.monotonic() + 30
            while socket.socket().connect_ex(("127.0.0.1", port)):
                assert server.poll() is None, "gearbox serve has ended"
                assert time.monotonic() < deadline, "gearbox serve does not listen"
                time.sleep(0.2)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()
            server.wait()


def logged_in(chromium, packages, url, name):
    """Return the page of todos in a browser of its own, where this user is logged in."""
    page = visiting(chromium, packages, url)
    page.goto("/login")
    page.locator("[name=login]").fill(name)
    page.locator("[name=password]").fill(PASSWORDS[name])
    page.locator("form [type=submit]").click()
    page.goto("/demo")
    return page


def visiting(chromium, packages, url):
    """Return a page in a browser of its own, where nobody is logged in."""
    context = chromium.new_context(base_url=url, viewport=SIZE)
    context.route(lambda asked: not asked.startswith(url), lambda route: _answer(route, packages))
    return context.new_page()


def _answer(route, packages):
    file = from_npm(packages, route.request.url)
    if file is None:
        route.abort()
    else:
        route.fulfill(path=file, headers={"Access-Control-Allow-Origin": "*"})
