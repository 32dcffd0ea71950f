"""Tar archives, read without unpacking: where each member is, from the headers between them.

The headers are read here and not by Python's ``tarfile``, which takes a damaged header or a cut for the end of the
archive, stops silently at the end of the first of several archives that were joined, and reads headers of any
length into memory. Form: POSIX.1-2017, pax, "ustar Interchange Format"; GNU tar 1.35 manual, "Basic Tar Format".
"""

import io
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from vidmbench.core.errors import DataError
from vidmbench.videos.files.members import Archive, Part, check_kinds, check_paths, two_at_one_path

_BLOCK = 512
_LONGEST_HEADER = 2**20  # bytes of a name or of extended attributes
_AFTER_END = 2**20  # bytes in which another archive would begin; programs pad to 10240
_KINDS = {
    b"1": "a link",
    b"2": "a link",
    b"3": "a device",
    b"4": "a device",
    b"6": "a named pipe",
    b"S": "a file with holes",
    b"M": "the rest of a file in another archive",
}
_FILES, _FOLDERS = (b"0", b"\0", b"7"), (b"5", b"D")
_LONG_NAME, _LONG_LINK, _PAX, _PAX_OF_ALL, _VOLUME = b"L", b"K", (b"x", b"X"), b"g", b"V"
#: First bytes of what is given the name of a tar archive, and what to do about it.
_COMPRESSED = {
    b"\x1f\x8b": ("gzip", "gzip -dc {0} > plain.tar"),
    b"BZh": ("bzip2", "bzip2 -dc {0} > plain.tar"),
    b"\xfd7zXZ": ("xz", "xz -dc {0} > plain.tar"),
    b"\x28\xb5\x2f\xfd": ("zstd", "zstd -dc {0} > plain.tar"),
}


class _Entry(NamedTuple):
    """One member.

    Attributes:
        name: As it is written.
        kind: Its type flag.
        start: Where its bytes begin.
        size: How many there are.
    """

    name: str
    kind: bytes
    start: int
    size: int


class _Wrong(Exception):
    """Why it cannot be read, and what to do."""


class TarArchive(Archive):
    """A tar archive; see :class:`vidmbench.videos.files.members.Archive`.

    Raises:
        DataError: No tar archive, compressed, cut off, damaged, joined with another one, with members that lead out of
            it or are not files, or with two files at one path.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._members: dict[str, _Entry] = {}
        self._num_folders = 0
        special = []
        try:
            with path.open("rb") as stream:
                entries = list(_entries(stream))
        except _Wrong as error:
            problem, fix = error.args
            raise DataError(
                f"{path.name} cannot be read as a tar archive: {problem}",
                where=str(path),
                fix=fix.format(path),
            ) from error
        check_paths(path, (entry.name for entry in entries))
        for entry in entries:
            if entry.kind in _FOLDERS:
                self._num_folders += 1
            elif entry.kind not in _FILES:
                special.append((entry.name, _KINDS.get(entry.kind, f"of the unknown type {entry.kind!r}")))
            else:
                name = str(PurePosixPath(entry.name))
                known = self._members.setdefault(name, entry)
                if known is not entry:
                    raise two_at_one_path(path, name, (known.size, entry.size))
        check_kinds(path, special)

    @property
    def names(self) -> Sequence[str]:
        """See :class:`Archive`."""
        return list(self._members)

    @property
    def num_folders(self) -> int:
        """See :class:`Archive`."""
        return self._num_folders

    def size(self, name: str) -> int:
        """See :class:`Archive`."""
        return self._members[name].size

    def entry(self, name: str) -> str:
        """Name, size and place."""
        return " ".join(map(str, self._members[name]))

    def open(self, name: str) -> io.BufferedIOBase:
        """See :class:`Archive`; nothing of it is in memory."""
        entry = self._members[name]
        file = self.path.open("rb", buffering=0)
        return io.BufferedReader(Part(file, entry.start, entry.size, name))

    def close(self) -> None:
        """Nothing is open."""


def _entries(stream: io.BufferedIOBase) -> Iterator[_Entry]:
    """All members, as they follow each other.

    Raises:
        _Wrong: The archive is damaged, cut off, compressed, joined with another one, or none.
    """
    total = stream.seek(0, io.SEEK_END)
    _check_start(stream, total)
    position = 0
    of_all: dict[str, str] = {}
    own: dict[str, str] = {}
    while True:
        header = _read(stream, position, _BLOCK, total)
        if not any(header):
            return _check_end(stream, position, total)
        _check_sum(header, position)
        kind = header[156:157]
        size = _number(header[124:136], position)
        if kind == _LONG_NAME:
            own["path"] = _text(_read(stream, position + _BLOCK, size, total).split(b"\0")[0])
        elif kind in _PAX or kind == _PAX_OF_ALL:
            found = _pax(_read(stream, position + _BLOCK, size, total), position)
            (of_all if kind == _PAX_OF_ALL else own).update(found)
        elif kind not in (_LONG_LINK, _VOLUME):
            entry = _entry(header, position, of_all | own)
            own = {}
            size = entry.size if entry.kind not in b"123456" else 0
            _check_inside(position + _BLOCK + size, total)
            yield entry
        position += _BLOCK + -(-size // _BLOCK) * _BLOCK


def _entry(header: bytes, position: int, attributes: Mapping[str, str]) -> _Entry:
    name = _text(header[:100].split(b"\0")[0])
    if header[257:263] == b"ustar\0" and header[345]:
        name = f"{_text(header[345:500].split(bytes(1))[0])}/{name}"
    name = attributes.get("path") or name
    kind = header[156:157]
    size = _number(header[124:136], position)
    if attributes.get("size"):
        if not attributes["size"].isdecimal() or len(attributes["size"]) > 19:
            raise _damaged(position)
        size = int(attributes["size"])
    if any(key.startswith("GNU.sparse.") for key in attributes):
        kind = b"S"
    elif kind in (b"0", b"\0") and name.endswith("/"):  # how the oldest programs write folders
        kind = b"5"
    return _Entry(name, kind, position + _BLOCK, size)


def _read(stream: io.BufferedIOBase, position: int, size: int, total: int) -> bytes:
    """A header, or what belongs to one.

    Raises:
        _Wrong: It is longer than any, or the file ends before it does.
    """
    if size > _LONGEST_HEADER:
        raise _damaged(position)
    _check_inside(position + size, total)
    stream.seek(position)
    return stream.read(size)


def _check_start(stream: io.BufferedIOBase, total: int) -> None:
    if not total:
        raise _Wrong("the file is empty (0 bytes)", "copy or pack it again")
    stream.seek(0)
    start = stream.read(_BLOCK)
    for mark, (name, fix) in _COMPRESSED.items():
        if start.startswith(mark):
            raise _Wrong(f"it is compressed with {name}, and then no member can be found without the others", fix)
    if total < _BLOCK:
        raise _damaged(0)
    if start.startswith(b"PK\3\4"):
        raise _Wrong("it is a zip archive", "give it a name that ends in .zip")


def _check_end(stream: io.BufferedIOBase, position: int, total: int) -> None:
    """Makes sure that nothing follows the zeros at the end: tar programs would not read it."""
    stream.seek(position)
    if any(stream.read(min(_AFTER_END, total - position))):
        fix = "give the archives it was joined from in a quoted glob, or join them with tar --concatenate"
        raise _Wrong("more follows its end, as where archives were joined with cat", fix)


def _check_inside(end: int, total: int) -> None:
    if end > total:
        fix = "copy or pack it again; the program that wrote it may have been stopped"
        raise _Wrong(f"it is cut off: it ends after {total} bytes and goes on to {end} at least", fix)


def _check_sum(header: bytes, position: int) -> None:
    """Compares a header's checksum, which programs of old computed of signed bytes."""
    declared = _number(header[148:156], position)
    rest = header[:148] + b" " * 8 + header[156:]
    if declared not in (sum(rest), sum(rest) - 256 * sum(byte > 127 for byte in rest)):
        raise _damaged(position)


def _number(field: bytes, position: int) -> int:
    """A number in octal digits, or in binary where they do not suffice.

    Raises:
        _Wrong: It is neither, or negative.
    """
    if field[0] == 0x80:
        return int.from_bytes(field[1:])
    digits = field.split(b"\0")[0].strip()
    if digits.strip(b"01234567"):
        raise _damaged(position)
    return int(digits or b"0", 8)


def _pax(data: bytes, position: int) -> dict[str, str]:
    """Extended attributes: lines of their own length, a key and a value."""
    found = {}
    place = 0
    while place < len(data) and data[place]:
        length, _, _ = data[place : place + 20].partition(b" ")
        if not length.isdigit() or not len(length) + 2 < int(length) <= len(data) - place:
            raise _damaged(position)
        line = data[place + len(length) + 1 : place + int(length)]
        key, equals, value = line.partition(b"=")
        if not equals or not value.endswith(b"\n"):
            raise _damaged(position)
        found[_text(key)] = _text(value[:-1])  # an empty one takes back what was said before
        place += int(length)
    return found


def _text(data: bytes) -> str:
    """A name as the file system would give it: bytes that are not UTF-8 are kept."""
    return data.decode("utf-8", "surrogateescape")


def _damaged(position: int) -> _Wrong:
    if position == 0:
        return _Wrong("it does not begin as one", "give a tar archive, or the files by their own paths")
    return _Wrong(f"the header at byte {position} is damaged", "copy or pack it again")
