"""The sha256 of each video written into a folder, so that a later call notices one that has changed since."""

import os
import re
from pathlib import Path

from vidmbench.core.files import sha256_of, write_errors

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
            text = self.path.read_text(encoding="utf-8", errors="replace")
        except OSError:  # there is none yet; without sums files are checked for wholeness alone
            text = ""
        lines = (_LINE.fullmatch(line) for line in text.split("\n"))
        self._sums = {line[2]: line[1] for line in lines if line is not None}
        self._is_cut = bool(text) and not text.endswith("\n")

    def holds(self, target: Path) -> bool | None:
        """Whether a file is the one that was written; None where no sum of it is known."""
        expected = self._sums.get(target.name)
        return None if expected is None or not target.is_file() else sha256_of(target) == expected

    def add(self, target: Path) -> None:
        """Notes the sum of a file that has just been written.

        Raises:
            ResultError: The sum cannot be written.
        """
        digest = sha256_of(target)
        if self._sums.get(target.name) == digest:
            return
        with write_errors(self.path), self.path.open("ab") as stream:
            stream.write(f"{chr(10) if self._is_cut else ''}{digest}  {target.name}\n".encode())
            stream.flush()
            os.fsync(stream.fileno())
        self._sums[target.name], self._is_cut = digest, False
