"""Frames of a video file through PyAV: from the nearest key frame where that gives the same, else from the start."""

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import TYPE_CHECKING

from vidmbench.core.inputs import InputFile
from vidmbench.videos.files.colour_conversion import to_rgb
from vidmbench.videos.files.containers import damaged, opened, packets_of
from vidmbench.videos.files.frame_times import FrameTimes
from vidmbench.videos.files.orientation import Picture, Turn, turn_of

if TYPE_CHECKING:
    import av
    import av.container
    import av.video.stream

#: A seek throws away what the decoder holds; going on to a frame this near costs no more.
_WORTH_A_SEEK = 16
#: How many key frames, one before the other, are tried before a file is decoded from its start.
_SEEKS = 4


def read_frames_with_pyav(
    path: InputFile, indices: Sequence[int], times: FrameTimes | None
) -> Iterator[tuple[int, Picture]]:
    """Frames of the best video stream, turned as the file asks, each as soon as it is decoded.

    Args:
        path: A video file.
        indices: Frame numbers, increasing; all of them in the file.
        times: Of all frames, where the first look found that the file can be searched.

    Yields:
        A frame's number, and the frame: uint8 (height, width, 3), RGB, 0..255.

    Raises:
        DataError: A frame cannot be decoded.
    """
    left = list(indices)
    if times is not None and left:
        for index, picture in _from_key_frames(path, left, times):
            yield index, picture
            left = left[1:]
    if left:  # all of them, or those after a place where searching proved wrong
        yield from _from_start(path, left)


def _from_start(path: InputFile, indices: Sequence[int]) -> Iterator[tuple[int, Picture]]:
    shown = _Shown(path)
    needed = set(indices)
    with opened(path) as (container, stream):
        number = 0
        for packet in packets_of(container, stream):
            for frame in packet.decode():
                if number in needed:
                    if frame.is_corrupt:
                        raise damaged(path, number)
                    yield number, shown.rgb(frame)
                    needed.remove(number)
                    if not needed:
                        return
                number += 1
    raise damaged(path, min(needed))


def _from_key_frames(path: InputFile, indices: Sequence[int], times: FrameTimes) -> Iterator[tuple[int, Picture]]:
    """As :func:`_from_start`; ends early where what comes is not what the first look found."""
    with opened(path) as (container, stream):
        for start, run in _runs(indices, times):
            found = 0
            for index, picture in _run(path, _frames_after_seek(container, stream, start, times), run, times):
                yield index, picture
                found += 1
            if found < len(run):
                return


def _runs(indices: Sequence[int], times: FrameTimes) -> Iterator[tuple[int, list[int]]]:
    """Frames decoded without a further seek, and the key frame to start from; nothing where there is none."""
    start = times.key_frame_before(indices[0])
    if start is None:
        return
    run: list[int] = []
    for index in indices:
        nearest = times.key_frame_before(index)
        if run and nearest is not None and nearest - run[-1] >= _WORTH_A_SEEK:
            yield start, run
            start, run = nearest, []
        run.append(index)
    yield start, run


def _frames_after_seek(
    container: "av.container.InputContainer",
    stream: "av.video.stream.VideoStream",
    start: int | None,
    times: FrameTimes,
) -> "Iterator[av.VideoFrame]":
    """What is decoded from a key frame on; nothing where the container does not find one at or before ``start``."""
    goal = start
    for _ in range(_SEEKS):
        if start is None or goal is None:
            return
        container.seek(times.times[start], stream=stream, backward=True)
        packets = packets_of(container, stream)
        first = next(packets, None)
        # Some containers search by the time of decoding, and find a later key frame than the one asked for.
        if (
            first is not None
            and first.pts is not None
            and times.starts_at(first.pts)
            and first.pts <= times.times[goal]
        ):
            for packet in chain([first], packets):
                yield from packet.decode()
            return
        start = times.key_frame_before(start - 1) if start else None


def _run(
    path: InputFile, frames: "Iterator[av.VideoFrame]", indices: Sequence[int], times: FrameTimes
) -> Iterator[tuple[int, Picture]]:
    """The frames wanted out of those that come; ends before the first that is missing or damaged."""
    shown = _Shown(path)
    wanted = iter(indices)
    index = next(wanted)
    for frame in frames:
        if frame.pts is None or frame.pts < times.times[index]:
            continue
        if frame.pts > times.times[index] or frame.is_corrupt:
            return
        yield index, shown.rgb(frame)
        following = next(wanted, None)
        if following is None:
            return
        index = following


class _Shown:
    """Frames of one video as they are shown.

    Args:
        path: The file, for messages.
    """

    def __init__(self, path: InputFile) -> None:
        from av.video.reformatter import VideoReformatter

        self._path = path
        self._reformatter = VideoReformatter()
        self._turn = Turn()
        self._rotation: int | None = None

    def rgb(self, frame: "av.VideoFrame") -> Picture:
        """One frame in RGB, turned as it asks."""
        if frame.rotation != self._rotation:  # the turn itself takes longer to find out, and takes memory for good
            self._turn, self._rotation = turn_of(frame, self._path), frame.rotation
        return self._turn.apply(to_rgb(frame, self._reformatter))
