"""Errors of the drivers that hosts use, each with its code where it keeps it."""

from types import SimpleNamespace

import pytest

from activitystream.model.sqlalchemy.driver_errors import codes_of


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (SimpleNamespace(sqlstate="42P01", args=("text",)), "42P01"),  # psycopg
        (SimpleNamespace(pgcode="42P01", args=("text",)), "42P01"),  # psycopg2
        (SimpleNamespace(args=({"C": "42P01", "M": "text"},)), "42P01"),  # pg8000
        (SimpleNamespace(args=(1146, "text")), 1146),  # PyMySQL, mysqlclient
        (SimpleNamespace(errno=1146, sqlstate="42S02", args=("text",)), 1146),  # MySQL, MariaDB
    ],
)
def test_finds_the_code_of_each_driver(error, code):
    assert code in codes_of(error)


def test_finds_none_in_other_errors():
    assert codes_of(None) == codes_of(ValueError()) == set()
