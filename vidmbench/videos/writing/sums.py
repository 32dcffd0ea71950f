"""The sha256 of each video written into a folder, so that a later call notices one that has changed since."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

from vidmbench.core.files import sha256_of, visible, write_errors
from vidmbench.core.inputs import read_input

#: In the form of ``sha256sum``, which can check it: ``sha256sum -c made-by-vidmbench.sha256``.
FILE_NAME = "made-by-vidmbench.sha256"
_LINE = re.compile(r"([0-9a-f]{64})  (.+)")


class FileSums:
    """The sums of a folder's files; a line is added after each file, and the last line of a name counts.

    Args:
        folder: An existing folder.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE_NAME
        try:
            text = read_input(self.path).decode("utf-8", errors="replace")
        except OSError:  # there is none yet; without sums files are checked for wholeness alone
            text = ""
        lines = (_LINE.fullmatch(line) for line in text.split("\n"))
        self._sums = {line[2]: line[1] for line in lines if line is not None}
        self._is_cut = bool(text) and not text.endswith("\n")

    def holds(self, target: Path) -> bool | None:
        """Whether a file, or a folder of frames, is the one that was written; None where no sums are known at all.

        One without a sum among others that have one was written by a call that was killed before it noted the sum.
        """
        if not self._sums:
            return None
        return all(self._sums.get(name) == digest for name, digest in _digests(target))

    def add(self, target: Path) -> None:
        """Notes the sums of a file, or of the frames in a folder, that have just been written.

        Raises:
            ResultError: The sum cannot be written.
        """
        new = {name: digest for name, digest in _digests(target) if self._sums.get(name) != digest}
        if not new:
            return
        lines = "".join(f"{digest}  {name}\n" for name, digest in new.items())
        with write_errors(self.path), self.path.open("ab") as stream:
            stream.write(f"{chr(10) if self._is_cut else ''}{lines}".encode())
            stream.flush()
            os.fsync(stream.fileno())
        self._sums |= new
        self._is_cut = False


def _digests(target: Path) -> Iterator[tuple[str, str]]:
    """Of a file, or of each frame in a folder, the path from where the sums are, and the sha256."""
    if target.is_dir():
        for path in visible(target.iterdir()):
            yield f"{target.name}/{path.name}", _digest(path)
    else:
        yield target.name, _digest(target)


def _digest(path: Path) -> str:
    return sha256_of(path) if path.is_file() else ""
