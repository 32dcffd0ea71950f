"""What a video file really holds, and its frames, through PyAV.

The first look decodes every frame once. Headers cannot be trusted (some AVIs declare one frame more than they hold,
WebM and Matroska declare none), and no other reading finds damage in the middle of a file. Sources remember what was
found, so it is paid for once a file.
"""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from vidmbench.core.arrays import Frames
from vidmbench.core.errors import DataError
from vidmbench.videos.files.compression_labels import of_stream
from vidmbench.videos.files.orientation import Picture, Turn, turn_of

if TYPE_CHECKING:
    import av
    import av.container
    import av.video.stream

#: Containers that keep a presentation time for every packet and can be searched by it. AVI keeps none.
_SEARCHABLE = ("mov", "matroska")
#: Codecs whose standard fixes every bit, so that two decoders agree. MPEG-4 part 2 (most AVIs: DivX, Xvid) leaves the
#: inverse transform open, and decord's older library then differs by one or two intensity levels.
_EXACT_CODECS = frozenset({"h264", "vp8", "vp9"})
#: 8-bit layouts both libraries bring to RGB alike; for 10 bits they differ by several intensity levels.
_SHARED_LAYOUTS = frozenset({"yuv420p", "yuvj420p"})
#: Old x264 wrote 4:4:4 wrongly. ffmpeg makes up for it when it reads the encoder's version, which stands in the first
#: frame only: decoded from a later key frame, such a file turns to noise in both libraries.
_FULL_CHROMA = ("444", "gbr", "rgb")
#: Rows of narrow images are padded, and decord hands out the padding: a 1 x 1 video becomes (1, 1, 96).
_SMALLEST_FOR_DECORD = 64

#: Play lists name other files, so that a digest of their own bytes would say nothing about the frames.
_PLAY_LISTS = frozenset({"concat", "hls", "dash", "imf"})

_quiet = threading.Lock()


@dataclass(frozen=True)
class VideoFacts:
    """What one full decode of a video file found.

    Attributes:
        num_frames: Frames that can really be decoded.
        height: Rows as displayed, after any rotation the file asks for.
        width: Columns as displayed.
        is_seekable: Frames can be found by presentation time, so reading may start at a key frame.
        suits_decord: decord gives the same frames as PyAV, also when it starts in the middle.
        compression: See :func:`vidmbench.videos.files.compression_labels.of_stream`.
    """

    num_frames: int
    height: int
    width: int
    is_seekable: bool
    suits_decord: bool
    compression: str = ""


@dataclass(frozen=True)
class _Packet:
    pts: int | None
    is_key: bool
    is_discarded: bool


def inspect_video(path: Path) -> VideoFacts:
    """Decodes a file once from end to end.

    Args:
        path: A video file.

    Returns:
        What it holds.

    Raises:
        DataError: It is empty, no video, cut off, damaged, or changes its size on the way.
    """
    with _opened(path) as (container, stream):
        declared = stream.frames
        packets: list[_Packet] = []
        times: list[int | None] = []
        shapes: dict[tuple[int, int], int] = {}
        turn = None
        for packet in container.demux(stream):
            if packet.size:
                packets.append(_Packet(packet.pts, packet.is_keyframe, packet.is_discard))
            for frame in packet.decode():
                if frame.is_corrupt:
                    raise _damaged(path, len(times))
                turn = turn or turn_of(frame, path)
                shapes.setdefault((frame.height, frame.width), len(times))
                times.append(frame.pts)
        _check_whole(path, container, stream, declared, len(packets), times)
        if turn is None:
            raise _unreadable(path, "no frame can be decoded")
        if len(shapes) > 1:
            raise _changes_size(path, shapes)
        (height, width) = turn.size(*next(iter(shapes)))
        codec, layout = stream.codec_context.name, stream.codec_context.pix_fmt or ""
        is_seekable = _is_seekable(container.format.name, packets, times) and not (
            codec == "h264" and any(kind in layout for kind in _FULL_CHROMA)
        )
        suits_decord = (
            is_seekable
            and turn == Turn()
            and len(packets) == len(times)
            and len(container.streams.video) == 1
            and min(height, width) >= _SMALLEST_FOR_DECORD
            and codec in _EXACT_CODECS
            and layout in _SHARED_LAYOUTS
            and _has_closed_groups(packets)
        )
    return VideoFacts(len(times), height, width, is_seekable, suits_decord, of_stream(codec, layout))


def read_with_pyav(path: Path, frames: Sequence[int], *, is_seekable: bool) -> Frames:
    """Frames of the best video stream, turned as the file asks.

    Args:
        path: A video file.
        frames: Indices, in any order, all of them in the file; at least one.
        is_seekable: As :func:`inspect_video` found.

    Returns:
        uint8 (frame, height, width, 3), RGB, 0..255, in the order asked for.

    Raises:
        DataError: A frame cannot be decoded.
    """
    indices = sorted(set(frames))
    pictures: dict[int, Picture] | None = _read_by_time(path, indices) if is_seekable and indices[0] > 0 else None
    if pictures is None:
        pictures = _read_from_start(path, indices)
    missing = [index for index in indices if index not in pictures]
    if missing:
        raise _damaged(path, missing[0])
    return np.stack([pictures[index] for index in frames])


def _read_from_start(path: Path, indices: Sequence[int]) -> dict[int, Picture]:
    pictures: dict[int, Picture] = {}
    needed = set(indices)
    with _opened(path) as (container, stream):
        for index, frame in enumerate(container.decode(stream)):
            if index in needed:
                if frame.is_corrupt:
                    raise _damaged(path, index)
                pictures[index] = _rgb(frame, path)
            if index >= indices[-1]:
                break
    return pictures


def _read_by_time(path: Path, indices: Sequence[int]) -> dict[int, Picture] | None:
    """As :func:`_read_from_start` from the nearest key frame before; None where that cannot be trusted."""
    with _opened(path) as (container, stream):
        packets = [
            (packet.pts, packet.is_keyframe)
            for packet in container.demux(stream)
            if packet.size and packet.pts is not None and not packet.is_discard
        ]
    times = sorted(time for time, _ in packets)
    if indices[-1] >= len(times):
        return None
    number = {times[index]: index for index in indices}
    start = max((time for time, is_key in packets if is_key and time <= times[indices[0]]), default=None)
    if start is None:
        return None
    pictures: dict[int, Picture] = {}
    with _opened(path) as (container, stream):
        container.seek(start, stream=stream, backward=True)
        is_first = True
        for packet in container.demux(stream):
            # A key frame later than the frame wanted would leave it without its references.
            if is_first and (not packet.is_keyframe or packet.pts is None or packet.pts > times[indices[0]]):
                return None
            is_first = False
            for frame in packet.decode():
                if frame.pts in number:
                    if frame.is_corrupt:
                        return None
                    pictures[number[frame.pts]] = _rgb(frame, path)
            if len(pictures) == len(indices):
                break
    return pictures if len(pictures) == len(indices) else None


@contextmanager
def _opened(path: Path) -> "Iterator[tuple[av.container.InputContainer, av.video.stream.VideoStream]]":
    import av
    import av.error
    import av.logging

    with _quiet:
        av.logging.set_level(av.logging.PANIC)
    if not path.exists():
        raise _unreadable(path, "the file is gone")
    if path.stat().st_size == 0:
        raise _unreadable(path, "the file is empty (0 bytes)")
    try:
        with av.open(str(path), options={"protocol_whitelist": "file"}) as container:
            if container.format.name in _PLAY_LISTS:
                raise _unreadable(path, "it is a play list that names other files")
            stream = container.streams.best("video")
            if not isinstance(stream, av.VideoStream):
                raise _unreadable(path, "the file holds no video stream")
            # Sources read several files at once, so one thread a file is enough.
            stream.codec_context.thread_count = 1
            yield container, stream
    except av.error.FFmpegError as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise _unreadable(path, f"the decoder says: {reason}") from error
    except OSError as error:
        raise _unreadable(path, error.strerror or str(error)) from error


def _rgb(frame: "av.VideoFrame", path: Path) -> Picture:
    return turn_of(frame, path).apply(frame.to_ndarray(format="rgb24", threads=1))


def _is_seekable(container: str, packets: Sequence[_Packet], times: Sequence[int | None]) -> bool:
    promised = sorted(packet.pts for packet in packets if packet.pts is not None and not packet.is_discarded)
    return any(kind in container for kind in _SEARCHABLE) and promised == list(times) and len(set(times)) == len(times)


def _has_closed_groups(packets: Sequence[_Packet]) -> bool:
    """Whether no frame shown before a key frame is stored after it; decord's search goes wrong where one is."""
    start = None
    for packet in packets:
        if packet.is_key:
            start = packet.pts
        elif start is not None and packet.pts is not None and packet.pts < start:
            return False
    return True


def _check_whole(
    path: Path,
    container: "av.container.InputContainer",
    stream: "av.video.stream.VideoStream",
    declared: int,
    stored: int,
    times: Sequence[int | None],
) -> None:
    if stored < declared:
        raise _cut_off(path, f"{declared} frames, as its header declares", f"{len(times)} frames")
    # Matroska and WebM declare a duration instead. It is the longest track's, so it says nothing beside sound.
    last = times[-1] if times else None
    if not declared and len(container.streams) == 1 and container.duration and last is not None:
        promised = container.duration / 1_000_000
        base = float(stream.time_base or 0)
        seconds = (last - (stream.start_time or 0)) * base
        # Generous, because the last image may stand for a while.
        if promised - seconds > max(1.0, 0.2 * promised, 3 * seconds / len(times)):
            raise _cut_off(path, f"{promised:.1f} s, as its header declares", f"{seconds:.1f} s, {len(times)} frames")


def _unreadable(path: Path, reason: str) -> DataError:
    return DataError(
        f"{path.name} cannot be read as a video: {reason}",
        where=str(path),
        fix="download or export it again, or skip it with --on-bad skip",
    )


def _damaged(path: Path, index: int) -> DataError:
    return DataError(
        f"{path.name} is damaged: frame {index} cannot be decoded whole",
        where=str(path),
        fix="download or export it again, or skip it with --on-bad skip",
    )


def _cut_off(path: Path, expected: str, actual: str) -> DataError:
    return DataError(
        f"{path.name} is cut off: its header declares more than the file holds",
        expected=expected,
        found=actual,
        where=str(path),
        fix="download or export it again, or skip it with --on-bad skip",
    )


def _changes_size(path: Path, shapes: dict[tuple[int, int], int]) -> DataError:
    actual = ", ".join(f"{height}x{width} from frame {index}" for (height, width), index in shapes.items())
    return DataError(
        f"{path.name} changes its size on the way",
        expected="one height x width in the whole video",
        found=actual,
        where=str(path),
        fix="bring it to one size, or skip it with --on-bad skip",
    )
