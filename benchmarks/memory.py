"""How much memory it takes to go through a long stream.

``python -m benchmarks.memory URL NUMBER`` goes through that many actions of the most notified user
and prints how many there were, and its peak in bytes.
"""

import json
import re
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

ACTIONS = 100_000


def peaks(url: str, number: int = ACTIONS) -> dict[str, Any]:
    """The peaks of processes that go through a stream and of ones that don't.

    :param url: of a database that is filled.
    :param number: through so many actions, or fewer where there are fewer.
    """
    _, without = _peak(url, 0)
    iterated, peak = _peak(url, number)
    megabyte = 1024 * 1024
    return {
        "iterated": iterated,
        "peak_mb": round(peak / megabyte, 1),
        "without_mb": round(without / megabyte, 1),
        "more_mb": round((peak - without) / megabyte, 1),
    }


def _peak(url: str, number: int) -> tuple[int, int]:
    command = [sys.executable, "-m", "benchmarks.memory", url, str(number)]
    printed = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True).stdout
    return tuple(json.loads(printed))


def _iterate(url: str, number: int) -> None:
    from activitystream import am
    from tests.host.app import make_app

    from .load import user_name
    from .servers import host_at

    host = host_at(url)
    make_app(host)
    user = host.model.user_named(user_name(0))
    # What the first page needs is no matter of its length.
    for action in am.get_by_recipient(user).limit(10):
        action.actor, action.target  # noqa: B018 (looked at for what it loads)
    iterated = 0
    for action in am.get_by_recipient(user).limit(number):
        action.actor, action.target  # noqa: B018 (looked at for what it loads)
        iterated += 1
    print(json.dumps([iterated, _own_peak()]))
    host.close()


def _own_peak() -> int:
    status = Path("/proc/self/status")
    if status.exists():
        # getrusage would tell the peak of the process that started this one, where it is higher.
        found = re.search(r"VmHWM:\s+(\d+) kB", status.read_text())
        if found:
            return int(found[1]) * 1024
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


if __name__ == "__main__":
    _iterate(sys.argv[1], int(sys.argv[2]))
