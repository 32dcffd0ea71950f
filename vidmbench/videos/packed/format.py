"""Layout of prepared files: the cropped and resized frames of one split, compressed without loss.

    head      magic, version, length of the header
    header    JSON: rule, resolution, digests, names, lengths, classes
    records   one per video, in order: number, length, CRC and pixel digest, then the lengths of its groups, the groups
    index     JSON: offset of each record, the content digest
    tail      offset of the index, the sha256 of head, header and index, a mark that the file is complete

A group is eight frames: green is subtracted from red and blue, then each frame from the next, and zstd compresses the
differences. Why it is not HDF5: docs/architecture.md, "Decisions".
"""

import hashlib
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
from vidmbench.videos.packed.header import parsed

FORMAT_VERSION = 1
MAGIC = b"vidmbench-frames"
END_MARK = b"vidmbench-whole\n"
HEAD = struct.Struct("<16sIQ")
RECORD = struct.Struct("<IQI32s")
TAIL = struct.Struct("<Q32s16s")
#: Longer groups compress better, but a clip that starts inside one has to decompress the frames before it.
FRAMES_PER_GROUP = 8
_LEVEL = 1  # higher levels are four times slower and save two percent


class Record(NamedTuple):
    """Fixed-size header before the groups of a video.

    Attributes:
        number: Index of the video.
        length: Number of bytes that follow: the groups' lengths and the groups.
        crc: CRC-32 of these bytes.
        sha256: Digest of the video's pixels.
    """

    number: int
    length: int
    crc: int
    sha256: bytes


def compress_group(frames: Frames) -> bytes:
    """Compresses a group of frames."""
    import zstandard

    differences = frames.copy()
    differences[..., 0] -= frames[..., 1]
    differences[..., 2] -= frames[..., 1]
    differences[1:] -= differences[:-1]
    return zstandard.ZstdCompressor(level=_LEVEL, write_checksum=True).compress(differences.tobytes())


def decompress_group(data: bytes, shape: tuple[int, ...]) -> np.ndarray | None:
    """Returns the uint8 differences that :func:`compress_group` stored, None where the bytes are damaged."""
    import zstandard

    try:
        if zstandard.frame_content_size(data) != int(np.prod(shape)):
            return None
        return np.frombuffer(zstandard.ZstdDecompressor().decompress(data), np.uint8).reshape(shape)
    except zstandard.ZstdError:
        return None


def pixels_sha256(body: bytes, num_frames: int, size: Sequence[int]) -> bytes:
    """Digest of the pixels in the bytes after a record; empty where they are damaged.

    Args:
        body: The lengths of the video's groups, and the groups.
        num_frames: Frames of the video.
        size: Height and width.
    """
    starts = range(0, num_frames, FRAMES_PER_GROUP)
    lengths = np.frombuffer(body[: 4 * len(starts)], "<u4").tolist()
    end, total = 4 * len(starts), hashlib.sha256()
    for start, length in zip(starts, lengths, strict=False):
        shape = (min(FRAMES_PER_GROUP, num_frames - start), *size, 3)
        differences = decompress_group(body[end : end + length], shape)
        if differences is None:
            return b""
        frames = np.add.accumulate(differences, axis=0, dtype=np.uint8)
        frames[..., 0] += frames[..., 1]
        frames[..., 2] += frames[..., 1]
        total.update(frames.data)
        end += length
    return total.digest() if end == len(body) else b""


def content_digest(header: dict[str, Any], pixel_digests: Sequence[bytes]) -> str:
    """Hashes names, lengths, classes and pixels: equal however often the writing was interrupted."""
    labels = header["labels"] or [None] * len(pixel_digests)
    videos = zip(header["names"], header["frames"], labels, pixel_digests, strict=True)
    parts = [part for name, frames, label, sha256 in videos for part in (name, str(frames), str(label), sha256)]
    return sha256_of_parts("prepared", str(header["size"]), *parts)


@contextmanager
def open_unbuffered(path: Path) -> Iterator[FileIO]:
    """Opens a prepared file for reading.

    Raises:
        DataError: It is missing or may not be read.
    """
    try:
        with FileIO(path) as stream:
            yield stream
    except OSError as error:
        raise DataError(
            f"{path.name} cannot be read: {error.strerror or error}",
            expected="a file that `vidmbench data prepare` wrote",
            where=str(path),
            fix="check that the file exists and that you may read it",
        ) from error


def read_header_and_index(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Reads everything but the videos.

    Returns:
        The header and the index, parsed.

    Raises:
        DataError: The file cannot be read, is not a prepared file, is incomplete, damaged, or of another version.
    """
    with open_unbuffered(path) as stream:
        head, index = read_head_and_index_bytes(path, stream)
        end, _ = read_tail(path, stream)
    return parsed(path, head[HEAD.size :], index, end)


def read_head_and_index_bytes(path: Path, stream: FileIO) -> tuple[bytes, bytes]:
    """Reads head with header, and index, as bytes.

    Raises:
        DataError: The file is not a prepared file, is incomplete, damaged, or of another version.
    """
    size = stream.seek(0, 2)
    stream.seek(0)
    head = read_up_to(stream, HEAD.size)
    length = _header_length(path, head)
    offset, sha256 = read_tail(path, stream)
    if not HEAD.size + length <= offset <= size - TAIL.size:
        raise damaged(path, "its head and its end do not match")
    stream.seek(0)
    head = read_up_to(stream, HEAD.size + length)
    stream.seek(offset)
    index = read_up_to(stream, size - TAIL.size - offset)
    if hashlib.sha256(head + index).digest() != sha256:
        raise damaged(path, "its list of videos does not match its digest")
    return head, index


def _header_length(path: Path, head: bytes) -> int:
    """Checks magic and version, and returns the length of the header."""
    if head[: len(MAGIC)] != MAGIC:
        raise DataError(
            f"{path.name} is not a prepared file",
            expected="a file that `vidmbench data prepare` wrote",
            found=f"a file that begins with {head[: len(MAGIC)]!r}" if head else "an empty file",
            where=str(path),
            fix="if it was one, copy it again, or prepare the videos again under another name",
        )
    if len(head) < HEAD.size:
        raise _incomplete(path)
    _, version, length = HEAD.unpack(head)
    if version != FORMAT_VERSION:
        raise DataError(
            f"{path.name} was written by another version of vidmbench",
            expected=f"version {FORMAT_VERSION} of the format",
            found=f"version {version}",
            where=str(path),
            fix="install the newer vidmbench, or prepare the file again" if version > FORMAT_VERSION
            else "prepare the file again",
        )  # fmt: skip
    return int(length)


def read_tail(path: Path, stream: FileIO) -> tuple[int, bytes]:
    """Reads the offset of the index, and the sha256 of head, header and index.

    Raises:
        DataError: The file is incomplete.
    """
    size = stream.seek(0, 2)
    stream.seek(max(size - TAIL.size, 0))
    data = read_up_to(stream, TAIL.size)
    if len(data) < TAIL.size or not data.endswith(END_MARK):
        raise _incomplete(path)
    offset, sha256, _ = TAIL.unpack(data)
    return offset, sha256


def read_up_to(stream: FileIO, size: int) -> bytes:
    """Reads ``size`` bytes, fewer only at the end of the file; one read may return less on network file systems."""
    parts = []
    while size > 0 and (part := stream.read(size)):
        parts.append(part)
        size -= len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def damaged(path: Path, reason: str) -> DataError:
    """The error for bytes other than those written."""
    return DataError(
        f"{path.name} is damaged: {reason}",
        where=str(path),
        fix="copy it again, or remove it and prepare it again with `vidmbench data prepare`",
    )


def _incomplete(path: Path) -> DataError:
    return DataError(
        f"{path.name} is incomplete: truncated, or never finished",
        expected="a mark at the end of the file",
        where=str(path),
        fix="copy it again, or remove it and prepare it again with `vidmbench data prepare`",
    )
