"""Numbers that count something."""

from typing import Any


def whole_number(name: str, value: Any) -> int:
    """The value, if it counts something.

    :raises ValueError: if it is no whole number, negative, or more than a database counts.
    """
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**31:
        raise ValueError(f"{name} must be a whole number, 0 or more, not {value!r}")
    return value
