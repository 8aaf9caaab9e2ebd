"""Numbers that count something."""

from typing import Any


def whole_number(name: str, value: Any) -> int:
    """The value, if it counts something.

    :raises ValueError: if it is no whole number, negative, or more than a database counts.
    """
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**31:
        # Of an entity, which is easily given by mistake, its repr may tell the password.
        given = value if isinstance(value, int) else f"a {type(value).__name__}"
        raise ValueError(f"{name} must be a whole number, 0 or more, not {given}")
    return value
