"""What a video file really holds.

The first look decodes every frame once. Headers cannot be trusted (some AVIs declare one frame more than they hold,
WebM and Matroska declare none), and no other reading finds damage in the middle of a file. Sources remember what was
found, so it is paid for once a file.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from vidmbench.core.errors import DataError
from vidmbench.core.inputs import InputFile, size_of
from vidmbench.videos.files.colour_conversion import to_rgb
from vidmbench.videos.files.compression_labels import of_stream
from vidmbench.videos.files.container_ends import is_joined, promised_bytes, video_chunks_of_avi
from vidmbench.videos.files.containers import damaged, opened, packets_of, unreadable
from vidmbench.videos.files.decoder_errors import checks_checksums, whole_frames
from vidmbench.videos.files.frame_times import FrameTimes, frame_times
from vidmbench.videos.files.orientation import Turn, turn_of
from vidmbench.videos.files.stream_notes import notes_of_stream, shown_rate

if TYPE_CHECKING:
    import av
    import av.container
    import av.video.stream

#: Containers that keep a presentation time for every packet and can be searched by it. AVI keeps none.
_SEARCHABLE = ("mov", "matroska")
#: Old x264 wrote 4:4:4 wrongly. ffmpeg makes up for it when it reads the encoder's version, which stands in the first
#: frame only: decoded from a later key frame, such a file turns to noise.
_FULL_CHROMA = ("444", "gbr", "rgb")
#: Matrices as ITU-T H.273 numbers them, for messages.
_MATRICES = {8: "YCgCo", 10: "BT.2020 with constant luminance", 11: "SMPTE ST 2085", 14: "ICtCp", 15: "IPT-C2"}


@dataclass(frozen=True)
class VideoFacts:
    """What one full decode of a video file found.

    Attributes:
        num_frames: Frames that can really be decoded.
        height: Rows as displayed, after any rotation the file asks for.
        width: Columns as displayed.
        frame_times: Where reading may start at a key frame: see :class:`vidmbench.videos.files.frame_times.FrameTimes`.
            Empty where only decoding from the start gives the right frames.
        compression: See :func:`vidmbench.videos.files.compression_labels.of_stream`.
        frame_rate: Frames per second; 0 where nothing says so.
        notes: What a user should know, one sentence each.
    """

    num_frames: int
    height: int
    width: int
    frame_times: str
    compression: str = ""
    frame_rate: float = 0.0
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Packet:
    pts: int | None
    is_key: bool
    is_discarded: bool


@dataclass
class _Seen:
    """What the frames and packets of a stream turned out to be."""

    packets: list[_Packet] = field(default_factory=list)
    times: list[int | None] = field(default_factory=list)
    key_frames: list[int] = field(default_factory=list)
    shapes: dict[tuple[int, int], int] = field(default_factory=dict)
    colours: dict[tuple[str, int, int], None] = field(default_factory=dict)
    transfers: set[int] = field(default_factory=set)
    turn: Turn | None = None
    ends_broken: bool = False


def inspect_video(path: InputFile) -> VideoFacts:
    """Decodes a file once from end to end.

    Args:
        path: A video file.

    Returns:
        What it holds.

    Raises:
        DataError: It is empty, no video, cut off, damaged, changes its size, or has colours that cannot be
            brought to RGB.
    """
    _check_length(path)
    with opened(path) as (container, stream):
        seen = _decoded(path, container, stream)
        if seen.ends_broken:
            raise _cut_off(path, "whole packets", "a last one that is not")
        _check_count(path, container, stream, len(seen.packets))
        if seen.turn is None:
            raise unreadable(path, "no frame can be decoded")
        if len(seen.shapes) > 1:
            raise changes_size(path, seen.shapes)
        return _facts(container, stream, seen, seen.turn)


def _decoded(path: InputFile, container: "av.container.InputContainer", stream: "av.video.stream.VideoStream") -> _Seen:
    from av.video.frame import PictureType

    seen = _Seen()
    checks_checksums(stream)
    for packet in packets_of(container):
        if packet.size:
            seen.ends_broken = packet.is_corrupt
        if packet.stream.index != stream.index:
            continue
        if packet.size:
            seen.packets.append(_Packet(packet.pts, packet.is_keyframe, packet.is_discard))
        # Transport streams mark the places where recordings were joined; there the decoder alone knows.
        if packet.is_corrupt and container.format.name != "mpegts":
            raise damaged(path, len(seen.times))
        for frame in whole_frames(path, stream, packet):
            number = len(seen.times)
            if frame.is_corrupt:
                raise damaged(path, number)
            seen.turn = seen.turn or turn_of(frame, path)
            seen.shapes.setdefault((frame.height, frame.width), number)
            _look_at_colours(path, frame, seen)
            if frame.key_frame and frame.pict_type == PictureType.I:
                seen.key_frames.append(number)
            seen.times.append(frame.pts)
    return seen


def _look_at_colours(path: InputFile, frame: "av.VideoFrame", seen: _Seen) -> None:
    import av.error
    from av.video.reformatter import VideoReformatter

    colours = (frame.format.name, int(frame.colorspace), int(frame.color_range))
    if colours in seen.colours:
        return
    seen.colours[colours] = None
    seen.transfers.add(int(frame.color_trc))
    try:
        to_rgb(frame, VideoReformatter())
    except (av.error.FFmpegError, ValueError) as error:
        matrix = _MATRICES.get(colours[1], f"number {colours[1]} of ITU-T H.273")
        raise DataError(
            f"{path.name} has colours that cannot be brought to RGB",
            expected="RGB, or YUV by the matrix of BT.601, BT.709, BT.2020, FCC or SMPTE 240M",
            found=f"{colours[0]}, matrix {matrix}, in frame {len(seen.times)}",
            where=str(path),
            fix="convert it to one of these, or skip it with --on-bad skip",
        ) from error


def _facts(
    container: "av.container.InputContainer", stream: "av.video.stream.VideoStream", seen: _Seen, turn: Turn
) -> VideoFacts:
    codec, layout = stream.codec_context.name, stream.codec_context.pix_fmt or ""
    (height, width) = turn.size(*next(iter(seen.shapes)))
    searched = _searched(container.format.name, seen)
    if codec == "h264" and any(kind in layout for kind in _FULL_CHROMA):
        searched = None
    layouts = [name for name, *_ in seen.colours]
    streams = [video for video in container.streams.video if not _is_cover(video)]
    return VideoFacts(
        len(seen.times),
        height,
        width,
        searched.packed() if searched is not None else "",
        of_stream(codec, layout),
        shown_rate(seen.times, float(stream.time_base or 0), float(stream.average_rate or 0)),
        notes_of_stream(
            layouts,
            seen.transfers,
            seen.times,
            time_base=float(stream.time_base or 0),
            num_streams=len(streams),
            has_hidden_alpha=stream.metadata.get("alpha_mode") == "1",
        ),
    )


def _searched(container: str, seen: _Seen) -> FrameTimes | None:
    promised = sorted(packet.pts for packet in seen.packets if packet.pts is not None and not packet.is_discarded)
    if promised != seen.times or not any(kind in container for kind in _SEARCHABLE):
        return None
    starts = {packet.pts for packet in seen.packets if packet.is_key and not packet.is_discarded}
    return frame_times(seen.times, [index for index in seen.key_frames if seen.times[index] in starts])


def _is_cover(stream: "av.video.stream.VideoStream") -> bool:
    from av.stream import Disposition

    return bool(stream.disposition & Disposition.attached_pic)


def _check_length(path: InputFile) -> None:
    try:
        actual = size_of(path)
        promised = promised_bytes(path) if actual else None
        joined = bool(actual) and is_joined(path)
    except OSError:
        return  # opening it says what is wrong
    if promised is not None and promised > actual:
        raise _cut_off(path, f"{promised} bytes, as its container declares", f"{actual} bytes")
    if joined:
        raise DataError(
            f"{path.name} is several videos joined with cat, of which only the first can be decoded",
            expected="one table of frames (a box called moov)",
            found="several",
            where=str(path),
            fix="give the files it was joined from, or join them with ffmpeg -f concat",
        )


def _check_count(
    path: InputFile,
    container: "av.container.InputContainer",
    stream: "av.video.stream.VideoStream",
    stored: int,
) -> None:
    """Refuses fewer frames than the header declares, unless the file itself says where the others went."""
    if stored >= stream.frames:
        return
    if container.format.name == "avi" and video_chunks_of_avi(path, stream.index) == (stored, stream.frames - stored):
        return
    if "mov" in container.format.name and _samples_before_edits(path) == stream.frames:
        return
    raise _cut_off(path, f"{stream.frames} frames, as its header declares", f"{stored} frames")


def _samples_before_edits(path: InputFile) -> int:
    """How many frames an MP4 holds, with those that its edit list skips."""
    with opened(path, {"ignore_editlist": "1"}) as (container, stream):
        return sum(1 for packet in packets_of(container, stream) if packet.size)


def _cut_off(path: InputFile, expected: str, actual: str) -> DataError:
    return DataError(
        f"{path.name} is cut off: its header declares more than the file holds",
        expected=expected,
        found=actual,
        where=str(path),
        fix="download or export it again, or skip it with --on-bad skip",
    )


def changes_size(path: InputFile, shapes: dict[tuple[int, int], int]) -> DataError:
    """The error for a video whose frames have several sizes, given the first frame of each (height, width)."""
    actual = ", ".join(f"{height}x{width} from frame {index}" for (height, width), index in shapes.items())
    return DataError(
        f"{path.name} changes its size on the way",
        expected="one height x width in the whole video",
        found=actual,
        where=str(path),
        fix="bring it to one size, or skip it with --on-bad skip",
    )
