"""What a video file really holds.

The first look decodes every frame once. Headers cannot be trusted (some AVIs declare one frame more than they hold,
WebM and Matroska declare none), and no other reading finds damage in the middle of a file. Sources remember what was
found, so it is paid for once a file.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from vidmbench.core.errors import DataError
from vidmbench.videos.files.compression_labels import of_stream
from vidmbench.videos.files.containers import damaged, opened, packets_of, unreadable
from vidmbench.videos.files.frame_times import frame_times
from vidmbench.videos.files.orientation import Turn, turn_of

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
#: decord reads a whole file before it gives the first frame.
_LONGEST_FOR_DECORD = 1000


@dataclass(frozen=True)
class VideoFacts:
    """What one full decode of a video file found.

    Attributes:
        num_frames: Frames that can really be decoded.
        height: Rows as displayed, after any rotation the file asks for.
        width: Columns as displayed.
        frame_times: Where reading may start at a key frame: see :class:`vidmbench.videos.files.frame_times.FrameTimes`.
            Empty where only decoding from the start gives the right frames.
        suits_decord: decord gives the same frames as PyAV, also when it starts in the middle.
        compression: See :func:`vidmbench.videos.files.compression_labels.of_stream`.
    """

    num_frames: int
    height: int
    width: int
    frame_times: str
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
    from av.video.frame import PictureType

    with opened(path) as (container, stream):
        declared = stream.frames
        packets: list[_Packet] = []
        times: list[int | None] = []
        key_frames: list[int] = []
        shapes: dict[tuple[int, int], int] = {}
        turn = None
        for packet in packets_of(container, stream):
            if packet.size:
                packets.append(_Packet(packet.pts, packet.is_keyframe, packet.is_discard))
            for frame in packet.decode():
                if frame.is_corrupt:
                    raise damaged(path, len(times))
                turn = turn or turn_of(frame, path)
                shapes.setdefault((frame.height, frame.width), len(times))
                if frame.key_frame and frame.pict_type == PictureType.I:
                    key_frames.append(len(times))
                times.append(frame.pts)
        _check_whole(path, container, stream, declared, len(packets), times)
        if turn is None:
            raise unreadable(path, "no frame can be decoded")
        if len(shapes) > 1:
            raise _changes_size(path, shapes)
        (height, width) = turn.size(*next(iter(shapes)))
        codec, layout = stream.codec_context.name, stream.codec_context.pix_fmt or ""
        searched, starts = None, {packet.pts for packet in packets if packet.is_key and not packet.is_discarded}
        if _is_searchable(container.format.name, packets, times) and not (
            codec == "h264" and any(kind in layout for kind in _FULL_CHROMA)
        ):
            searched = frame_times(times, [index for index in key_frames if times[index] in starts])
        suits_decord = (
            searched is not None
            and turn == Turn()
            and len(packets) == len(times)
            # H.264 with intra refresh marks packets from which a picture only builds up.
            and len(searched.key_frames) == len(starts)
            and len(container.streams.video) == 1
            and min(height, width) >= _SMALLEST_FOR_DECORD
            and len(times) <= _LONGEST_FOR_DECORD
            and codec in _EXACT_CODECS
            and layout in _SHARED_LAYOUTS
            and _has_closed_groups(packets)
        )
    packed = searched.packed() if searched is not None else ""
    return VideoFacts(len(times), height, width, packed, suits_decord, of_stream(codec, layout))


def _is_searchable(container: str, packets: Sequence[_Packet], times: Sequence[int | None]) -> bool:
    promised = sorted(packet.pts for packet in packets if packet.pts is not None and not packet.is_discarded)
    return any(kind in container for kind in _SEARCHABLE) and promised == list(times)


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
