"""How addresses are passed to statements, and divided among several statements."""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from ..values import Address, Reference
from .session import engine_of_session
from .tables import EVERYONE, NAME_TYPE, NOBODY, RECIPIENTS

#: The most addresses of one statement, unless they are passed as arrays.
_MOST_ADDRESSES = 64


def _arrays_of_addresses() -> Any:
    types = sa.bindparam("types", type_=postgresql.ARRAY(RECIPIENTS.c.recipient_type.type))
    keys = sa.bindparam("keys", type_=postgresql.ARRAY(RECIPIENTS.c.recipient_id.type))
    each = sa.func.unnest(types, keys).table_valued("type", "key", with_ordinality="place")
    return each.render_derived(name="addressed")


#: The rows that PostgreSQL makes of two arrays: the type, key and place of each address.
ADDRESSED = _arrays_of_addresses()


class Addresses(NamedTuple):
    """How addresses are passed to a statement."""

    #: The number of addresses; None for arrays, whose length does not matter.
    length: int | None
    #: The statement joins them as rows, instead of having a part for each.
    are_joined: bool


class AddressBatch(NamedTuple):
    """The addresses that one statement asks for."""

    addresses: Addresses
    #: The parameters of the statement.
    values: dict[str, Any]


def address_batches(to: Sequence[Address], compiled_once: bool = False) -> list[AddressBatch]:
    """Divide these addresses and everyone into as few batches as the database allows.

    :param compiled_once: the statement for one address is run by ``compiled.execute``, so use
        joined rows: PostgreSQL plans them faster, but SQLAlchemy would compile them each time.
    """
    references = [Reference(name, each.key) for each in to for name in each.names]
    references.append(EVERYONE)
    is_postgresql = engine_of_session().dialect.name == "postgresql"
    if len(to) == 1:
        return [_numbered(references, is_postgresql and compiled_once)]
    if is_postgresql:
        types, keys = map(list, zip(*references, strict=True))
        return [AddressBatch(Addresses(None, True), {"types": types, "keys": keys})]
    batches = []
    for start in range(0, len(references), _MOST_ADDRESSES):
        batch = references[start : start + _MOST_ADDRESSES]
        # Pad to a power of two, so that there are only a few different statements.
        length = 1 << (len(batch) - 1).bit_length()
        batches.append(_numbered([*batch, *[NOBODY] * (length - len(batch))]))
    return batches


def _numbered(references: list[Reference], are_joined: bool = False) -> AddressBatch:
    values: dict[str, Any] = {}
    for number, (type_name, key) in enumerate(references):
        values[f"type{number}"] = type_name
        values[f"key{number}"] = key
    return AddressBatch(Addresses(len(references), are_joined), values)


@lru_cache
def joined_rows(addresses: Addresses) -> Any:
    """Return the rows of addresses that are joined: type and key of each."""
    if addresses.length is None:
        return ADDRESSED
    columns = (sa.column("type", NAME_TYPE), sa.column("key", NAME_TYPE))
    return sa.values(*columns, name="addressed").data([*numbered_parameters(addresses)])


def numbered_parameters(addresses: Addresses) -> Iterator[tuple[Any, Any]]:
    """Yield the parameters of addresses that are numbered: type and key of each."""
    for number in range(addresses.length or 0):
        type_name = sa.bindparam(f"type{number}", type_=NAME_TYPE)
        yield type_name, sa.bindparam(f"key{number}", type_=NAME_TYPE)
