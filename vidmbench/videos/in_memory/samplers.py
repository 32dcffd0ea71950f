"""Functions that make a video from a seed and its number."""

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from vidmbench.core.arrays import Frames
from vidmbench.core.errors import DataError, UsageError
from vidmbench.core.progress import Progress
from vidmbench.videos.in_memory.conversion import Conversion
from vidmbench.videos.in_memory.items import numbers_in

#: Makes a video from a seed and its number.
Sampler = Callable[[int, int], Any]


@dataclass(frozen=True)
class Taking:
    """How much of what has no end of its own is taken, and how.

    Attributes:
        num_videos: How many videos; None reads a stream to its end.
        num_samples: How often a function is called; None as many times as there are ``num_videos``.
        seed: Given to a function.
        progress: Called with videos taken, videos in all, and a label.
        notes_end: Whether it is noted that a stream was not read to its end.
    """

    num_videos: int | None = None
    num_samples: int | None = None
    seed: int = 0
    progress: Progress | None = None
    notes_end: bool = False


def is_sampler(videos: Any) -> bool:
    """Whether it is a function of a seed and a number; what can be iterated over is not called."""
    if not callable(videos) or isinstance(videos, type) or hasattr(type(videos), "__iter__"):
        return False
    if hasattr(type(videos), "__len__") or hasattr(videos, "parameters"):
        return False
    try:
        inspect.signature(videos).bind(0, 0)
    except (TypeError, ValueError):
        return False
    return True


def samples_of(function: Sampler, taking: Taking, conversion: Conversion, where: str) -> Iterator[Frames]:
    """The videos that a function gives, one by one, uint8 (frame, height, width, 3).

    Args:
        function: Makes a video from a seed and its number.
        taking: How often it is called, and with which seed.
        conversion: Makes intensity levels of its numbers.
        where: Which argument it is, for messages.

    Raises:
        UsageError: It is not said how often.
        DataError: It gives no video, several, or ends early.
    """
    count = taking.num_samples or taking.num_videos
    if count is None:
        raise UsageError(
            "num_videos is required for a function",
            expected="the number of videos to sample",
            found="a function (seed, index) alone",
            where=where,
            fix="give num_videos=64",
        )
    for index in range(count):
        place = f"index {index}"
        try:
            item = function(taking.seed, index)
        except StopIteration as error:  # which would end the videos here, or become an error of the loop around it
            raise DataError(
                "the function ended before it gave all videos",
                expected=f"a video for each of {count} calls",
                found=f"StopIteration with seed {taking.seed}, {place}",
                where=where,
                fix=f"give num_videos={index}, or return a video for every index"
                if index
                else "return a video for every index; what it calls next() on has no more of them",
            ) from error
        except Exception as error:
            error.add_note(f"vidmbench was calling {where} with seed {taking.seed}, {place}")
            raise
        numbers = numbers_in(item, f"{where}, {place}", set())
        clips = [clip for each in numbers for clip in conversion.clips(each, place)]
        if len(clips) != 1:
            raise DataError(
                "a function gives one video per call",
                expected="one video for (seed, index)",
                found=f"{len(clips)}",
                where=f"{where}, {place}",
                fix="return a single one; a generator may yield batches",
            )
        yield clips[0]
        if taking.progress is not None:
            taking.progress(index + 1, count, f"sampling {where}")
