"""Temporary files and folders whose names tell which process made them, so that those of killed processes go away."""

import functools
import hashlib
import os
import re
import shutil
import socket
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_NAME = re.compile(r"\.tmp-(?P<machine>[0-9a-f]{8})-(?:(?P<start>[0-9a-f]{8})\.)?(?P<process>[0-9]+)-")
# Whether a process of another machine or container still runs cannot be seen from here; none writes for so long.
_SECONDS_FOREIGN = 7 * 24 * 3600
# Another start of this machine, or a machine that is a copy of it, down to its identity.
_SECONDS_OTHER_START = 24 * 3600
_LONGEST_STEM = 40  # characters; a file system takes 255 bytes for a whole name
_cleared: set[str] = set()


def temporary_file(target: Path) -> Path:
    """Makes an empty file beside ``target``, with a hidden name and the same suffix.

    Args:
        target: The file to be; its folder exists. What killed processes left in that folder is cleared first.

    Raises:
        OSError: The folder cannot be written to.
    """
    clear_stale(target.parent)
    handle, name = tempfile.mkstemp(prefix=_prefix(target.stem), suffix=target.suffix, dir=target.parent)
    os.close(handle)
    return Path(name)


@contextmanager
def temporary_folder(beside: Path | None = None) -> Iterator[Path]:
    """Yields a new private folder, which is removed with all that is in it when the block ends.

    Args:
        beside: A path in the folder to make it in; None takes the system's folder for temporary files.

    Raises:
        OSError: It cannot be made.
    """
    parent = Path(tempfile.gettempdir()) if beside is None else beside.parent
    clear_stale(parent)
    folder = Path(tempfile.mkdtemp(prefix=_prefix("vidmbench" if beside is None else beside.name), dir=parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def clear_stale(folder: Path) -> None:
    """Removes temporaries in a folder whose process has ended; each process looks at each folder once.

    Those of processes that run stay, and so do younger ones of other machines and containers.
    """
    place = os.path.abspath(folder)
    if place in _cleared:
        return
    _cleared.add(place)
    with suppress(OSError), os.scandir(place) as entries:
        for entry in entries:
            if _is_stale(entry):
                with suppress(OSError):
                    if entry.is_dir(follow_symlinks=False):
                        shutil.rmtree(entry.path, ignore_errors=True)
                    else:
                        os.unlink(entry.path)


def _prefix(stem: str) -> str:
    return f".{stem[:_LONGEST_STEM]}.tmp-{_machine()}-{_start()}{os.getpid()}-"


def _is_stale(entry: "os.DirEntry[str]") -> bool:
    named = _NAME.search(entry.name)
    if named is None or not entry.name.startswith("."):
        return False
    is_here = named["machine"] == _machine()
    if is_here and f"{named['start']}." in (_start(), "None."):
        return not _is_running(int(named["process"]))
    oldest = _SECONDS_OTHER_START if is_here else _SECONDS_FOREIGN
    try:
        return time.time() - entry.stat(follow_symlinks=False).st_mtime > oldest
    except OSError:
        return False


@functools.cache
def _machine() -> str:
    """Eight hex digits for what process numbers belong to: a machine, or a container on it."""
    parts = [socket.gethostname()]
    with suppress(OSError):
        parts.append(Path("/etc/machine-id").read_text(encoding="utf-8", errors="replace"))
    with suppress(OSError):  # Linux numbers the processes of each container on their own
        parts.append(os.readlink("/proc/self/ns/pid"))
    return hashlib.sha256("\0".join(parts).encode(errors="replace")).hexdigest()[:8]


@functools.cache
def _start() -> str:
    """Eight hex digits and a dot for when the machine was started, by which copies of it differ; empty if unknown."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii")[:8] + "."
    except (OSError, ValueError):
        return ""


def _is_running(process: int) -> bool:
    if sys.platform == "win32":  # where os.kill would end the process
        import ctypes

        query_limited_information, still_active = 0x1000, 259
        kernel = ctypes.windll.kernel32
        handle = kernel.OpenProcess(query_limited_information, False, process)
        if not handle:
            return False
        code = ctypes.c_ulong()
        kernel.GetExitCodeProcess(handle, ctypes.byref(code))
        kernel.CloseHandle(handle)
        return code.value == still_active
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):  # it is another user's
        return True
    return True
