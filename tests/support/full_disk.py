"""A folder on a disk that is soon full: a small tmpfs where one may be mounted, else a limit of file sizes."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def full_disk(tmp_path: Path, *, kilobytes: int) -> Iterator[Path]:
    """Yields a folder in which no more than so many kilobytes can be written."""
    folder = tmp_path / "full"
    folder.mkdir()
    if sys.platform == "linux" and os.geteuid() == 0:
        mount = ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", str(folder)]
        if subprocess.run(mount, capture_output=True).returncode == 0:
            try:
                yield folder
            finally:
                subprocess.run(["umount", "-l", str(folder)], check=True, capture_output=True)
            return
    if sys.platform == "win32":
        pytest.skip("neither small disks nor limits of file sizes can be made here")
    import resource

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (kilobytes * 1024, before[1]))
    try:
        yield folder
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
