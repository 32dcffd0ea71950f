"""How much memory can still be taken."""

import os
from contextlib import suppress
from pathlib import Path

_MEMINFO = Path("/proc/meminfo")
_GROUP_LIMIT = Path("/sys/fs/cgroup/memory.max")


def free_memory() -> int | None:
    """Bytes that a large array may take: what the system says is available, and no more than the container's limit.

    Where only the size of the whole memory is known, as on macOS, that; None where not even that is.
    """
    known = [size for size in (_available(), _limit()) if size is not None]
    return min(known) if known else None


def _available() -> int | None:
    with suppress(OSError, ValueError, IndexError):
        lines = _MEMINFO.read_text(encoding="ascii").splitlines()
        sizes = [int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:")]
        return sizes[0]
    with suppress(OSError, ValueError, AttributeError):
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return None


def _limit() -> int | None:
    with suppress(OSError, ValueError):  # the word "max" stands for no limit
        return int(_GROUP_LIMIT.read_text(encoding="ascii"))
    return None
