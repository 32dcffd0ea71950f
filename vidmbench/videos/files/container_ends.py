"""How long a container says that its file is: the only sign that tells a cut file from a shorter video.

Demuxers read what is there. They report the end of a cut file in some containers, in others they drop its last frames
in silence, and durations and frame counts of headers are missing or wrong in files that are whole. What every
container keeps exactly is the length of its own parts, for without it nothing could be read: a file is cut where its
last part reaches beyond its end. A live recording, whose length nobody knew, is cut where its last frame does.
Transport and program streams may be cut and joined between any two packets, and are then whole, if shorter.
"""

import struct
from collections.abc import Callable, Iterator
from io import BufferedIOBase

from vidmbench.core.inputs import InputFile, size_of

#: Boxes that may come first in an MP4 or QuickTime file.
_FIRST_BOXES = (b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot", b"styp", b"moof", b"sidx")
#: Elements of Matroska that hold the others: https://www.rfc-editor.org/rfc/rfc9559
_SEGMENT, _CLUSTER = 0x18538067, 0x1F43B675
_ASF_HEADER = bytes.fromhex("3026b2758e66cf11")
_TS_PACKETS = ((188, 0), (192, 4))


def promised_bytes(path: InputFile) -> int | None:
    """How many bytes a file has if nothing was cut off.

    Args:
        path: A video file.

    Returns:
        The end of the last part of the file; None for other formats than MP4 and QuickTime, Matroska and WebM, AVI,
        Flash, MPEG transport and program streams, ASF, and where the parts cannot be followed to the end.
    """
    size = size_of(path)
    with path.open("rb") as file:
        start = file.read(400)
        for is_one, end in _FORMATS:
            if is_one(start):
                return end(file, size)
    return None


def is_joined(path: InputFile) -> bool:
    """Whether a file is several MP4 or QuickTime files joined with ``cat``: only the first one's frames are found.

    Args:
        path: A video file.
    """
    size = size_of(path)
    with path.open("rb") as file:
        if _at(file, 4, 4) not in _FIRST_BOXES:
            return False
        kinds = [_at(file, position + 4, 4) for position, _ in _boxes(file, size)]
    return kinds.count(b"moov") > 1


def video_chunks_of_avi(path: InputFile, stream: int) -> tuple[int, int] | None:
    """How many chunks of an AVI hold a frame, and how many are empty: dropped frames leave those.

    Args:
        path: An AVI file.
        stream: Number of the video stream.

    Returns:
        Chunks with a frame and empty ones, which its header counts as frames; None where the chain is broken.
    """
    size = size_of(path)
    ours = tuple(b"%02d%s" % (stream, kind) for kind in (b"dc", b"db"))
    filled, empty, end_of_frames = 0, 0, 0
    with path.open("rb") as file:
        for name, position, length, end in _riff_chunks(file, size, enters=(b"RIFF", b"LIST")):
            if name == b"LIST" and _at(file, position + 8, 4) == b"movi":
                end_of_frames = end
            if position < end_of_frames < end or (position < end_of_frames and not name.strip().isalnum()):
                return None
            if name in ours and position < end_of_frames:
                filled, empty = filled + (length > 0), empty + (length == 0)
    return filled, empty


def _at(file: BufferedIOBase, position: int, length: int) -> bytes:
    file.seek(position)
    return file.read(length)


def _end_of_boxes(file: BufferedIOBase, size: int) -> int | None:
    position, kind = 0, b""
    for start, length in _boxes(file, size):
        if length == 0:  # up to the end, wherever that is
            return size
        if length < 8:
            return None
        kind = _at(file, start + 4, 4)
        position = start + length
    if not kind:
        return None
    # The frames that a fragment describes follow it.
    return position + 8 if kind == b"moof" else position


def _boxes(file: BufferedIOBase, size: int) -> Iterator[tuple[int, int]]:
    """Position and length of every box; it ends at the first length below 8, and where another thing follows."""
    position, length = 0, 8
    while position < size and length >= 8:
        head = _at(file, position, 16)
        if len(head) < 8 or not head[4:8].isalnum():
            return  # something else was appended
        length = int.from_bytes(head[:4])
        if length == 1:
            length = int.from_bytes(head[8:16])
        yield position, length
        position += length


def _end_of_elements(file: BufferedIOBase, size: int) -> int | None:
    position = 0
    while position < size:
        head = _at(file, position, 12)
        width = 9 - head[0].bit_length() if head[0] else 9
        name = int.from_bytes(head[:width])
        rest = head[width:]
        length_width = 9 - rest[0].bit_length() if rest and rest[0] else 9
        if width > 4 or length_width > 8:
            return None if rest or width > 4 else position + width + 1
        if len(rest) < length_width:
            return position + width + length_width
        length = int.from_bytes(rest[:length_width]) & ((1 << 7 * length_width) - 1)
        is_unknown = length == (1 << 7 * length_width) - 1
        position += width + length_width
        if is_unknown and name not in (_SEGMENT, _CLUSTER):
            return None
        if not is_unknown:
            position += length
    return position


def _riff_chunks(file: BufferedIOBase, size: int, enters: tuple[bytes, ...]) -> Iterator[tuple[bytes, int, int, int]]:
    """Name, position, length and end of every chunk; of those in ``enters``, what is inside follows."""
    position = 0
    while position + 8 <= size:
        head = _at(file, position, 12)
        name, length = head[:4], int.from_bytes(head[4:8], "little")
        end = position + 8 + length + length % 2
        yield name, position, length, end
        position = position + 12 if name in enters else end


def _end_of_chunks(file: BufferedIOBase, size: int) -> int | None:
    # The length of the whole (RIFF) is often wrong by a few bytes, or was never filled in.
    last = None
    for name, position, length, end in _riff_chunks(file, size, enters=(b"RIFF",)):
        if name == b"LIST" and _at(file, position + 8, 4) == b"movi" and length < 4:
            return None  # a recording that was never finished
        if name == b"LIST" or name.startswith(b"idx"):
            last = max(end - length % 2, last or 0)
    return last


def _end_of_tags(file: BufferedIOBase, size: int) -> int | None:
    position = int.from_bytes(_at(file, 5, 4)) + 4
    while position < size:
        head = _at(file, position, 11)
        if len(head) < 11:
            return position + 11
        if head[0] & 0x1F not in (8, 9, 18):
            return None
        end = position + 11 + int.from_bytes(head[1:4])
        # After each tag comes its length; the last one may be missing.
        position = end if end == size else end + 4
    return max(position, _declared_by_flash(_at(file, 0, 4096)))


def _declared_by_flash(start: bytes) -> int:
    """The length of the file that a script tag at its start names; 0 where none does."""
    _, found, rest = start.partition(b"\x00\x08filesize\x00")
    number = struct.unpack(">d", rest[:8])[0] if found and len(rest) >= 8 else 0.0
    return int(number) if 0 < number < 2**53 else 0


def _end_of_transport_packets(file: BufferedIOBase, size: int) -> int | None:
    start = _at(file, 0, 400)
    length = next(length for length, sync in _TS_PACKETS if _is_transport_stream(start, length, sync))
    return -(-size // length) * length


def _is_transport_stream(start: bytes, length: int, sync: int) -> bool:
    return start[sync : sync + 1] == b"G" and start[sync + length : sync + length + 1] == b"G"


def _end_of_program_packets(file: BufferedIOBase, size: int) -> int | None:
    position = 0
    while position < size:
        head = _at(file, position, 14)
        if len(head) < 6:
            return position + 6
        if head[:3] != b"\0\0\1":
            return None
        if head[3] == 0xB9:  # the end
            position += 4
        elif head[3] == 0xBA:  # a pack header of MPEG-2 or MPEG-1
            position += 14 + (head[13] & 7 if len(head) > 13 else 0) if head[4] >> 6 == 1 else 12
        else:
            position += 6 + int.from_bytes(head[4:6])
    return position


def _end_of_asf_objects(file: BufferedIOBase, size: int) -> int | None:
    position = 0
    while position < size:
        head = _at(file, position, 24)
        length = int.from_bytes(head[16:24], "little")
        if len(head) < 24:
            return position + 24
        if length < 24:  # a live recording
            return None
        position += length
    return position


_FORMATS: tuple[tuple[Callable[[bytes], bool], Callable[[BufferedIOBase, int], int | None]], ...] = (
    (lambda start: start[4:8] in _FIRST_BOXES, _end_of_boxes),
    (lambda start: start[:4] == b"\x1a\x45\xdf\xa3", _end_of_elements),
    (lambda start: start[:4] == b"RIFF" and start[8:12] == b"AVI ", _end_of_chunks),
    (lambda start: start[:3] == b"FLV", _end_of_tags),
    (lambda start: any(_is_transport_stream(start, *kind) for kind in _TS_PACKETS), _end_of_transport_packets),
    (lambda start: start[:4] == b"\0\0\1\xba", _end_of_program_packets),
    (lambda start: start[:8] == _ASF_HEADER, _end_of_asf_objects),
)
