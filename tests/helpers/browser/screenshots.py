"""Make the README's pictures again: ``.venv/bin/python -m tests.helpers.browser.screenshots``."""

import tempfile
from pathlib import Path

from tests.helpers import browser
from tests.helpers.demo import start

DOCS = Path(__file__).parents[3] / "docs"
SIZE = {"width": 1280, "height": 800}
SMALL = {"width": 800, "height": 560}


def main():
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
        ada.screenshot(path=DOCS / "demo.png")

        mei = board.visitor("Mei", viewport=SIZE, color_scheme="dark")
        mei.goto("/activitystream/")
        mei.screenshot(path=DOCS / "stream-dark.png")

        freya = board.visitor("Freya", viewport=SMALL)
        freya.goto("/activitystream/")
        freya.get_by_text("Show all 3").click()
        freya.get_by_text("Ada liked").wait_for()
        freya.screenshot(path=DOCS / "groups.png")

        freya.reload()
        freya.locator(".activitystream-menu > summary").first.click()
        freya.screenshot(path=DOCS / "menu.png")
        freya.get_by_role("button", name="Mute Likes").first.click()
        freya.get_by_role("button", name="Undo").wait_for()
        freya.goto("/activitystream/settings")
        freya.screenshot(path=DOCS / "settings.png")


if __name__ == "__main__":
    main()
