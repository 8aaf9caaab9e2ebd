"""Cache rendered templates in TurboGears' cache, Beaker, within a bound of memory.

Beaker's own memory cache drops an expired entry only when its key is requested again, and old
actions never are. Our backend drops the oldest entry when its memory is full.
"""

import sys
from collections import OrderedDict
from threading import Lock
from typing import Any

import tg

try:
    from beaker.cache import clsmap
    from beaker.container import AbstractDictionaryNSManager
except ImportError:  # without Beaker, TurboGears has no cache
    clsmap = {}
    AbstractDictionaryNSManager = object

#: The name of our backend in setup.py's entry points.
_BACKEND = "activitystream"

#: The memory for all entries of one template, in bytes.
_MAX_BYTES = 16_000_000

#: What one entry takes besides its text: the key and Python's objects, in bytes.
_ENTRY_OVERHEAD = 500


def tg_cache(key: str, expire: int) -> dict[str, Any]:
    """Return the ``tg_cache`` for a template, or an empty dict in an app without a cache.

    :param key: the cache key of the rendered template.
    :param expire: the lifetime of the entry, in seconds.
    """
    if "beaker.cache" not in tg.request.environ:
        return {}
    return {"key": key, "expire": expire, "type": _backend()}


def _backend() -> str:
    try:
        clsmap[_BACKEND]
    except KeyError:  # not installed, so Beaker does not know our entry point
        return "memory"
    return _BACKEND


class RecentNamespaceManager(AbstractDictionaryNSManager):
    """Hold what one template rendered, and drop the oldest entries above ``_MAX_BYTES``.

    A backend of Beaker's, by the entry point ``beaker.backends``.
    """

    def __init__(self, namespace: str, **options: Any) -> None:
        super().__init__(namespace)
        self.dictionary: OrderedDict[Any, Any] = OrderedDict()
        self._size = 0
        self._lock = Lock()

    def __setitem__(self, key: Any, value: Any) -> None:
        with self._lock:
            self._drop(key)
            self.dictionary[key] = value
            self._size += _size(value)
            while self._size > _MAX_BYTES:
                self._drop(next(iter(self.dictionary)))

    def __delitem__(self, key: Any) -> None:
        with self._lock:
            self._drop(key)

    def do_remove(self) -> None:
        """Drop all entries."""
        with self._lock:
            self.dictionary.clear()
            self._size = 0

    def _drop(self, key: Any) -> None:
        if key in self.dictionary:
            self._size -= _size(self.dictionary.pop(key))


def _size(value: tuple[float, float, str]) -> int:
    _, _, rendered = value  # (stored, expires, rendered)
    return _ENTRY_OVERHEAD + sys.getsizeof(rendered)
