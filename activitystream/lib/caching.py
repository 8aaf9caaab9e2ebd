"""Keeping what templates rendered, by TurboGears' cache."""

from typing import Any

import tg


def tg_cache(key: str, expire: int) -> dict[str, Any]:
    """The ``tg_cache`` of a template; empty, which keeps nothing, where the app has no cache.

    :param expire: for how many seconds it is kept.
    """
    if "beaker.cache" not in tg.request.environ:
        return {}
    return {"key": key, "expire": expire, "type": "memory"}
