"""Short stand-ins for what a reader may mute: a verb, an actor, a target.

The rows of recipients hold them beside the cursor. Otherwise a stream with mutes would have to read
each action that it steps over.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import Any

from ..names import with_oldest_name
from ..values import Reference

#: The fields of an action that digests are made of.
DIGESTED_FIELDS = ("verb", "actor_type", "actor_id", "target_type", "target_id")


@lru_cache(maxsize=1000)
def digest_of(*texts: str) -> int:
    """Return a signed number of 64 bits that identifies some texts."""
    joined = "\0".join(texts).encode(errors="surrogatepass")
    return int.from_bytes(blake2b(joined, digest_size=8).digest(), "big", signed=True)


def digest_of_reference(type_name: str | None, key: str) -> int | None:
    """Return the digest of a reference; None where there is no entity."""
    return None if type_name is None else digest_of(type_name, key)


def digests_of(fields: Mapping[str, Any]) -> dict[str, int | None]:
    """Return the digests in the rows of an action's recipients, by the names of the columns.

    :param fields: the action's verb, and the type and key of each role. Where ``notify_actor`` is
        False, the actor is not told.
    """
    actor = _digest_of_role(fields, "actor")
    return {
        "verb_digest": digest_of(fields["verb"]),
        "actor_digest": actor,
        "target_digest": _digest_of_role(fields, "target"),
        "hidden_digest": None if fields.get("notify_actor", True) else actor,
    }


def _digest_of_role(fields: Mapping[str, Any], role: str) -> int | None:
    name = fields[f"{role}_type"]
    if name is None:
        return None
    return digest_of(*with_oldest_name(Reference(name, fields[f"{role}_id"])))


def digests_of_names(references: Sequence[Reference]) -> set[int]:
    """Return the digests that rows may have for any of these references."""
    return {digest_of(*each) for one in references for each in (one, with_oldest_name(one))}
