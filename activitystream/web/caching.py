"""Keeping what templates rendered, by TurboGears' cache, which is Beaker's.

Beaker's own memory cache never lets go of what has expired unless it is asked for again, and of an
action whose time is over nobody asks. Ours lets go of the oldest.
"""

import sys
from collections import OrderedDict
from threading import Lock
from typing import Any

import tg

try:
    from beaker.cache import clsmap
    from beaker.container import AbstractDictionaryNSManager
except ImportError:  # TurboGears has no cache then
    clsmap = {}
    AbstractDictionaryNSManager = object

#: What setup.py calls our backend to Beaker.
_BACKEND = "activitystream"

#: How many bytes of memory each template's are given.
_MOST = 16_000_000

#: What Python needs for one, with its key, beside the text.
_EACH = 500


def tg_cache(key: str, expire: int) -> dict[str, Any]:
    """The ``tg_cache`` of a template; an empty one, which keeps nothing, in an app without a cache.

    :param expire: for how many seconds it is kept.
    """
    if "beaker.cache" not in tg.request.environ:
        return {}
    return {"key": key, "expire": expire, "type": _backend()}


def _backend() -> str:
    try:
        clsmap[_BACKEND]
    except KeyError:  # run from a folder of files that was never installed
        return "memory"
    return _BACKEND


class RecentNamespaceManager(AbstractDictionaryNSManager):
    """What one template rendered, the oldest first, which goes where there is too much.

    It is a backend of Beaker's, by the entry point ``beaker.backends``.
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
            while self._size > _MOST:
                self._drop(next(iter(self.dictionary)))

    def __delitem__(self, key: Any) -> None:
        with self._lock:
            self._drop(key)

    def do_remove(self) -> None:
        with self._lock:
            self.dictionary.clear()
            self._size = 0

    def _drop(self, key: Any) -> None:
        if key in self.dictionary:
            self._size -= _size(self.dictionary.pop(key))


def _size(value: tuple[float, float, str]) -> int:
    _, _, rendered = value  # the others are when, and for how long
    return _EACH + sys.getsizeof(rendered)
