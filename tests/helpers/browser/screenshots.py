"""Make the pictures of the README and of the pages again.

``.venv/bin/python -m tests.helpers.browser.screenshots [tutorial]``
"""

import sys
import tempfile
from pathlib import Path

from PIL import Image

from tests.helpers import browser
from tests.helpers.browser import tutorial
from tests.helpers.demo import start

DOCS = Path(__file__).parents[3] / "docs"
SIZE = {"width": 1280, "height": 800}
SMALL = {"width": 800, "height": 560}


def shot(page, name):
    """Take a picture, of 255 colours: that is a third of its bytes."""
    path = DOCS / f"{name}.png"
    path.parent.mkdir(exist_ok=True)
    page.screenshot(path=path)
    Image.open(path).convert("RGB").quantize(255, dither=Image.Dither.NONE).save(
        path, optimize=True
    )


def main():
    if sys.argv[1:] != ["tutorial"]:
        of_the_demo()
    with tempfile.TemporaryDirectory() as folder, browser.chromium() as chromium:
        packages = browser.packages(Path(folder))
        tutorial.take(
            chromium, packages, Path(folder), lambda page, name: shot(page, f"tutorial/{name}")
        )


def of_the_demo():
    with (
        tempfile.TemporaryDirectory() as folder,
        browser.chromium() as chromium,
        browser.board(
            start(f"sqlite:///{folder}/demo.db"), chromium, browser.packages(Path(folder))
        ) as board,
    ):
        ada = board.visitor("Ada", viewport=SIZE)
        kofi = board.visitor("Kofi")
        ada.get_by_role("button", name="Your activity stream").click()
        ada.get_by_role("link", name="See all").wait_for()
        kofi.get_by_role("button", name="Like “More apples than I can eat”").click()
        ada.get_by_role("button", name="1 new notification").wait_for()
        shot(ada, "demo")

        mei = board.visitor("Mei", viewport=SIZE, color_scheme="dark")
        mei.goto("/activitystream/")
        shot(mei, "stream-dark")

        freya = board.visitor("Freya", viewport=SMALL)
        freya.goto("/activitystream/")
        freya.get_by_text("Show all 3").click()
        freya.get_by_text("Ada liked").wait_for()
        shot(freya, "groups")

        freya.reload()
        freya.locator(".activitystream-menu > summary").first.click()
        shot(freya, "menu")
        freya.get_by_role("button", name="Mute Likes").first.click()
        freya.get_by_role("button", name="Undo").wait_for()
        freya.goto("/activitystream/settings")
        shot(freya, "settings")


if __name__ == "__main__":
    main()
