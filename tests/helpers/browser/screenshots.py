"""Make the README's pictures again: ``.venv/bin/python -m tests.helpers.browser.screenshots``."""

import tempfile
from pathlib import Path

from tests.helpers import browser
from tests.helpers.demo import start

DOCS = Path(__file__).parents[3] / "docs"
SIZE = {"width": 1280, "height": 800}


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


if __name__ == "__main__":
    main()
