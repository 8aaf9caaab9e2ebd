"""What the errors of the databases' drivers say, each in its own way."""

from typing import Any


def codes_of(error: Any) -> set[Any]:
    """Return the codes in a driver's error: the SQLSTATE as a text, the number of MySQL as an int.

    psycopg has ``sqlstate``, psycopg2 ``pgcode``, and pg8000 a dict with ``C``. MySQL's drivers
    have ``errno``, or the number as the first argument. SQLite's errors have no such code.
    """
    first = error.args[0] if getattr(error, "args", ()) else None
    if isinstance(first, dict):
        first = first.get("C")
    named = (getattr(error, name, None) for name in ("sqlstate", "pgcode", "errno"))
    return {each for each in (*named, first) if isinstance(each, (str, int))}
