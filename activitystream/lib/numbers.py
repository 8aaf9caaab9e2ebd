"""Check numbers that the host gives."""

from typing import Any


def whole_number(name: str, value: Any) -> int:
    """Return the value, if it is a whole number from 0 to 2**31 - 1, the most a database takes.

    :param name: the argument's name, for the error.
    :raises ValueError: if it is anything else.
    """
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**31:
        # Name the type only: an entity may be given by mistake, and its repr may show a password.
        given = value if isinstance(value, int) else type(value).__name__
        raise ValueError(f"{name} must be a whole number from 0 to 2,147,483,647; got {given}")
    return value
