"""Chromium on the demo, for the tests and for the README's pictures.

Chromium is the system's, its driver is Playwright, and htmx and axe-core are npm's: the versions
and hashes of package-lock.json.
"""

import re
import shutil
import subprocess
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Error, sync_playwright
from webtest.http import StopableWSGIServer

from tests.helpers.databases import without
from tests.helpers.workers import reserved_port

HERE = Path(__file__).parent

#: The names of the whole browser, and of its headless shell, which takes a quarter less time.
NAMES = ("chromium", "chromium-browser", "google-chrome")
SHELLS = ("chromium-headless-shell", "chrome-headless-shell")

#: What htmx logs as errors where hx-sync, our script or a navigation aborts a request. It logs the
#: first before "htmx:sendError" and "htmx:timeout", too: those are complaints of their own.
ABORTED = ("htmx:afterRequest", "htmx:sendAbort")


#: What pages load from other sites, by URL, and its path below npm's folder.
FROM_NPM = {
    r"https://cdn\.jsdelivr\.net/npm/bootstrap@5\.3\.3/(.+)": r"bootstrap/\1",
    r"https://unpkg\.com/htmx\.org@1\.9\.12(/dist/htmx\.min\.js)?": "htmx.org/dist/htmx.min.js",
}


@contextmanager
def chromium():
    """Yield a browser to open pages in."""
    with (
        sync_playwright() as playwright,
        started(playwright.chromium, names=(*SHELLS, *NAMES)) as chromium,
    ):
        yield chromium


@contextmanager
def started(browser_type, names=NAMES, **options):
    """Yield a browser of one of these names, started with more options of Playwright's."""
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None:
        without("no Chromium: install Debian's chromium")
    options = {"executable_path": found, "args": ["--no-sandbox", "--disable-gpu"], **options}
    try:
        browser = browser_type.launch(**options)
    except Error as error:
        without(f"{found} does not start:\n{error}")
    yield browser
    browser.close()


def packages(folder):
    """Return the folder of npm's packages, installed below this one."""
    npm = shutil.which("npm")
    if npm is None:
        without("no npm: install Debian's npm")
    for file in HERE.glob("package*.json"):
        shutil.copy(file, folder)
    # What it once got it has in its own cache.
    command = [npm, "ci", "--prefer-offline", "--ignore-scripts", "--no-audit", "--no-fund"]
    npm_ci = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300)
    if npm_ci.returncode:
        without(f"npm ci fails:\n{npm_ci.stderr}")
    return folder / "node_modules"


def from_npm(packages, url):
    """Return npm's copy of a file that a page loads from another site, or None."""
    for pattern, path in FROM_NPM.items():
        match = re.fullmatch(pattern, url)
        if match:
            return packages / match.expand(path)
    return None


class Board:
    """The demo, or another app, as a server, and its visitors.

    Its pages must not break their policy, throw or log an error, or request other sites; if one
    does, that is in ``complaints``. Only htmx and Bootstrap are requested from their sites on the
    Internet, and served from npm's copies.
    """

    def __init__(self, url, chromium, packages):
        self.url = url
        self.complaints = []
        self.has_htmx = True
        self._chromium = chromium
        self._excused = r"(?!)"
        self._packages = packages
        self._htmx = None
        self._accepts_any_htmx = False
        self._axe = packages / "axe-core/axe.min.js"
        self._contexts = []

    def visitor(self, name=None, **options):
        """Return a page in a browser of its own, where this neighbour is logged in, or nobody."""
        context = self._chromium.new_context(base_url=self.url, **options)
        self._contexts.append(context)
        context.route(lambda url: not url.startswith(f"{self.url}/"), self._answer_from_elsewhere)
        context.on("console", self._read_console)
        context.on("weberror", lambda error: self.complaints.append(str(error.error)))
        if self._accepts_any_htmx:
            context.route(f"{self.url}/**", self._answer_without_hashes)
        if name:
            context.request.post("/enter", form={"name": name})
        page = context.new_page()
        page.goto("/")
        return page

    def use_htmx_2(self):
        """Give the visitors from now on htmx 2, whose hash the demo does not know."""
        self._htmx = self._packages / "htmx-2/dist/htmx.min.js"
        self._accepts_any_htmx = True

    def excuse(self, pattern):
        """Accept complaints like this."""
        self._excused = pattern

    def close(self):
        for context in self._contexts:
            context.close()
        self.complaints = [each for each in self.complaints if not re.search(self._excused, each)]

    def violations(self, page, within="html"):
        """Return what axe-core finds on the page, or in its parts that a CSS selector finds."""
        page.evaluate(self._axe.read_text(encoding="utf-8"))
        found = page.evaluate("part => axe.run(part).then(results => results.violations)", within)
        return [f"{each['id']}: {node['html']}" for each in found for node in each["nodes"]]

    def _answer_without_hashes(self, route):
        if route.request.resource_type != "document":
            return route.continue_()
        answer = route.fetch(max_redirects=0)
        if not answer.ok:
            return route.fulfill(response=answer)
        return route.fulfill(response=answer, body=re.sub(r' integrity="[^"]*"', "", answer.text()))

    def _answer_from_elsewhere(self, route):
        file = from_npm(self._packages, route.request.url)
        is_htmx = file and file.name == "htmx.min.js"
        if file is None:
            self.complaints.append(f"{route.request.url} was asked for")
        elif self.has_htmx or not is_htmx:
            headers = {"Access-Control-Allow-Origin": "*"}
            route.fulfill(path=self._htmx if is_htmx and self._htmx else file, headers=headers)
            return
        route.abort()

    def _read_console(self, message):
        if message.type in ("error", "warning") and message.text not in ABORTED:
            self.complaints.append(message.text)


@contextmanager
def board(app, chromium, packages):
    """Serve the app until the block ends; yield its board."""
    with serving(app) as url:
        visited = Board(url, chromium, packages)
        try:
            yield visited
        finally:
            visited.close()


@contextmanager
def serving(app):
    """Serve the app on a port of this machine until the block ends; yield its URL."""
    with reserved_port() as port:
        server = StopableWSGIServer.create(app, host="127.0.0.1", port=port, threads=8)
        try:
            yield server.application_url.rstrip("/")
        finally:
            server.shutdown()
            server.runner.join()
