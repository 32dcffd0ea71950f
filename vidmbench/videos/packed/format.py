"""What a prepared file looks like: one file a split, decoded, framed, lossless and compressed.

    head      magic, version, length of the header
    header    JSON: rule, resolution, digests, names, lengths, classes
    records   one a video, in order: number, length, CRC and pixel digest, then the lengths of its groups, the groups
    index     JSON: where each record begins, the content digest
    tail      where the index begins, the sha256 of head, header and index, a mark that the file is whole

A group is eight frames: red and blue less green, each frame less the one before, through zstd. On four real videos of
128 pixels that takes 22 to 66 % of the raw size, and 3.3 ms a random clip of 16 frames, where decoding takes 18 to 125.
The same four in HDF5: Bitshuffle and LZ4 68 to 88 %, 1.4 ms; Blosc2 and zstd 34 to 84 %, 4.5 ms; as pictures
and videos: PNG 41 to 64 %, 16 ms; lossless WebP 31 to 48 %, 13 ms; FFV1 24 to 44 %, 28 ms.
"""

import hashlib
import json
import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import FileIO
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from vidmbench.core.arrays import Frames
from vidmbench.core.errors import DataError
from vidmbench.core.files import sha256_of_parts

FORMAT_VERSION = 1
MAGIC = b"vidmbench-frames"
WHOLE = b"vidmbench-whole\n"
HEAD = struct.Struct("<16sIQ")
RECORD = struct.Struct("<IQI32s")
TAIL = struct.Struct("<Q32s16s")
#: Longer groups are smaller, but a clip that begins in the middle of one pays for what is before it.
FRAMES_A_GROUP = 8
_LEVEL = 1  # higher ones are four times slower and save two percent


class Record(NamedTuple):
    """What stands before a video's groups.

    Attributes:
        number: The video.
        length: Bytes that follow: the groups' lengths and the groups.
        crc: CRC-32 of these bytes.
        sha256: Of the video's pixels.
    """

    number: int
    length: int
    crc: int
    sha256: bytes


def packed(frames: Frames) -> bytes:
    """A group of frames, compressed."""
    import zstandard

    differences = frames.copy()
    differences[..., 0] -= frames[..., 1]
    differences[..., 2] -= frames[..., 1]
    differences[1:] -= differences[:-1]
    return zstandard.ZstdCompressor(level=_LEVEL, write_checksum=True).compress(differences.tobytes())


def unpacked(data: bytes, shape: tuple[int, ...]) -> np.ndarray | None:
    """The differences that :func:`packed` stored, uint8; None where the bytes are not what was written."""
    import zstandard

    try:
        if zstandard.frame_content_size(data) != int(np.prod(shape)):
            return None
        return np.frombuffer(zstandard.ZstdDecompressor().decompress(data), np.uint8).reshape(shape)
    except zstandard.ZstdError:
        return None


def content_digest(header: dict[str, Any], pixels: Sequence[bytes]) -> str:
    """The sha256 over names, lengths, classes and pixels: equal however and in how many goes a file was made."""
    labels = header["labels"] or [None] * len(pixels)
    videos = zip(header["names"], header["frames"], labels, pixels, strict=True)
    parts = [part for name, frames, label, sha256 in videos for part in (name, str(frames), str(label), sha256)]
    return sha256_of_parts("prepared", str(header["size"]), *parts)


@contextmanager
def opened(path: Path) -> Iterator[FileIO]:
    """The file, unbuffered.

    Raises:
        DataError: The system does not hand it out.
    """
    try:
        with FileIO(path) as stream:
            yield stream
    except OSError as error:
        raise DataError(
            f"{path.name} cannot be read: {error.strerror or error}",
            expected="a file that `vidmbench data prepare` wrote",
            where=str(path),
            fix="check that it is there and may be read",
        ) from error


def header_and_index(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """What stands before and after the videos.

    Raises:
        DataError: It cannot be read, is no prepared file, not whole, damaged, or of another version.
    """
    with opened(path) as stream:
        head, index = check_whole(path, stream)
    return json.loads(head[HEAD.size :]), json.loads(index)


def check_whole(path: Path, stream: FileIO) -> tuple[bytes, bytes]:
    """Head with header, and index, as bytes; refuses what is not whole."""
    size = stream.seek(0, 2)
    stream.seek(0)
    start = exactly(stream, HEAD.size)
    if start[: len(MAGIC)] != MAGIC:
        raise DataError(
            f"{path.name} is no prepared file",
            expected="a file that `vidmbench data prepare` wrote",
            found="an empty file" if not size else f"a file that begins with {start[: len(MAGIC)]!r}",
            where=str(path),
        )
    if len(start) < HEAD.size:
        raise _cut_off(path)
    _, version, length = HEAD.unpack(start)
    if version != FORMAT_VERSION:
        raise DataError(
            f"{path.name} was written by another version of vidmbench",
            expected=f"version {FORMAT_VERSION} of the format",
            found=f"version {version}",
            where=str(path),
            fix="install the newer vidmbench, or prepare the file again" if version > FORMAT_VERSION
            else "prepare the file again",
        )  # fmt: skip
    begin, sha256 = tail_of(path, stream)
    if not HEAD.size + length <= begin <= size - TAIL.size:
        raise broken(path, "its head and its end do not fit together")
    stream.seek(0)
    head = exactly(stream, HEAD.size + length)
    stream.seek(begin)
    index = exactly(stream, size - TAIL.size - begin)
    if hashlib.sha256(head + index).digest() != sha256:
        raise broken(path, "its list of videos does not fit its digest")
    return head, index


def tail_of(path: Path, stream: FileIO) -> tuple[int, bytes]:
    """Where the index begins, and the sha256 of head, header and index; refuses what is not whole."""
    size = stream.seek(0, 2)
    stream.seek(max(size - TAIL.size, 0))
    data = exactly(stream, TAIL.size)
    if len(data) < TAIL.size or not data.endswith(WHOLE):
        raise _cut_off(path)
    begin, sha256, _ = TAIL.unpack(data)
    return begin, sha256


def exactly(stream: FileIO, size: int) -> bytes:
    """So many bytes, fewer only at the file's end; a single read may give less on network file systems."""
    parts = []
    while size > 0 and (part := stream.read(size)):
        parts.append(part)
        size -= len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def broken(path: Path, what: str) -> DataError:
    """The error for bytes that are not what was written."""
    return DataError(
        f"{path.name} is damaged: {what}",
        where=str(path),
        fix="copy it again, or remove it and prepare it again with `vidmbench data prepare`",
    )


def _cut_off(path: Path) -> DataError:
    return DataError(
        f"{path.name} is not whole: it was cut off, or never finished",
        expected="a mark at its end",
        where=str(path),
        fix="copy it again, or remove it and prepare it again with `vidmbench data prepare`",
    )
