"""The demo in a real browser."""

import pytest

from tests.helpers import browser
from tests.helpers.demo import empty_db_url, start
from tests.helpers.workers import made_once


@pytest.fixture(scope="session")
def packages(tmp_path_factory):
    return made_once(tmp_path_factory, "npm", browser.packages) / "node_modules"


@pytest.fixture(params=["sqlite", "mongodb"])
def board(request, chromium, packages, database_named, tmp_path):
    with (
        empty_db_url(request.param, database_named, tmp_path) as db_url,
        browser.board(start(db_url), chromium, packages) as board,
    ):
        yield board
    assert board.complaints == []
