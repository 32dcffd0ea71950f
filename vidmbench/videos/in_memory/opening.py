"""Opens videos that a Python program holds or makes."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any, Protocol, TypeGuard

import numpy as np

from vidmbench.core.arrays import Frames
from vidmbench.core.errors import DataError, UsageError
from vidmbench.videos.arrays.layout import Rounding
from vidmbench.videos.arrays.uint8_source import ArraySource, samples_note
from vidmbench.videos.files.compression_labels import joined
from vidmbench.videos.in_memory.conversion import Conversion, is_ready
from vidmbench.videos.in_memory.declared import Declared
from vidmbench.videos.in_memory.decoders import undecoded
from vidmbench.videos.in_memory.hints import undeclared
from vidmbench.videos.in_memory.items import no_video, numbers_in
from vidmbench.videos.in_memory.numbers import as_numbers, is_array, is_bytes, is_mapped, with_samples_flat
from vidmbench.videos.in_memory.samplers import Taking, is_sampler, samples_of
from vidmbench.videos.in_memory.spool import SpooledVideos, spooled
from vidmbench.videos.own_source import completed, missing_in
from vidmbench.videos.source import MinimalSource, Source


class Items(Protocol):
    """A data set: videos by number."""

    def __len__(self) -> int:
        """The number of items."""
        ...

    def __getitem__(self, index: int, /) -> Any:
        """One item, a video or one beside labels."""
        ...


def open_in_memory(
    videos: Any,
    declared: Declared,
    where: str = "videos",
    *,
    taking: Taking | None = None,
    is_shared: bool = False,
) -> Source:
    """Opens an array, a tensor, a source, or whatever gives videos one after the other.

    Args:
        videos: See :func:`vidmbench.open_source`.
        declared: What is declared about their numbers.
        where: Which argument they are, for messages.
        taking: How many are taken.
        is_shared: See :class:`vidmbench.videos.in_memory.conversion.Conversion`.

    Raises:
        DataError: There are no videos in it, or they are not as declared.
        UsageError: A function without a number of videos; a source of which something is declared.
        ResultError: The cache, where streams are kept meanwhile, cannot be written to.
    """
    taking, axes = taking or Taking(), declared.layout or "NSTHWC"
    declared = declared.without_samples
    if is_array(videos):
        numbers, samples = with_samples_flat(as_numbers(videos, where), axes)
        if samples > 1:
            source = _of_numbers(numbers, declared, where)
            source.samples = samples
            source.notes = (*source.notes, samples_note(samples, len(source) // samples))
            return source
        is_declared = not (is_shared and is_ready(numbers, declared))
        return _of_numbers(numbers, declared if is_declared else Declared(), where)
    if isinstance(videos, MinimalSource):
        if not declared.is_default and not is_shared:
            raise needless(declared, f"a source, {type(videos).__name__}", where)
        return completed(videos)
    _refuse_nearly_right(videos, where)
    conversion = Conversion(declared, where, is_shared=is_shared)
    if is_sampler(videos):
        return _spooled(samples_of(videos, taking, conversion, where), conversion, "sampler")
    stream = _Stream(videos, conversion, where)
    clips = islice(stream.clips(), taking.num_videos)
    source = _spooled(_counted(clips, taking, where), conversion, "stream")
    source.compression = joined(stream.compressions)
    if taking.notes_end and len(source) == taking.num_videos and stream.has_more():
        source.notes = (*source.notes, f"only the first {len(source)} videos of the {where} side were read")
    return source


def converted(videos: Any, declared: Declared, where: str = "videos", *, rounding: Rounding = "nearest") -> np.ndarray:
    """An array or tensor as intensity levels; see :func:`vidmbench.to_uint8`.

    Args:
        videos: The array or tensor.
        declared: What is declared about its numbers.
        where: Which argument it is, for messages.
        rounding: What a number between two levels becomes.

    Raises:
        DataError: It is none, or is not as declared.
    """
    if not is_array(videos):
        raise DataError(
            f"{type(videos).__name__} is not an array",
            expected="an array or tensor of one video or several",
            found=type(videos).__name__,
            where=where,
            fix="give each array by itself; vidmbench.score and open_source also take loaders, lists and paths",
        )
    numbers, declared = as_numbers(videos, where), declared.without_samples
    conversion = Conversion(declared, where, rounding=rounding)
    clips = np.ascontiguousarray(_whole(numbers, declared, conversion, where))
    conversion.notes()
    return clips if declared.axes(len(numbers.shape)) == declared.of_many else clips[0]


def _whole(numbers: Any, declared: Declared, conversion: Conversion, where: str) -> np.ndarray:
    if declared.layout is None and len(numbers.shape) == 4:
        raise undeclared(numbers, declared, where, is_whole=True)
    return conversion.whole(numbers)


def needs_declaring(videos: Any, declared: Declared) -> bool:
    """Whether a declaration can describe these videos in memory; of what is a stream, only reading it tells."""
    if is_array(videos):
        return not is_ready(videos, declared)
    return not isinstance(videos, MinimalSource) and not is_list_of_paths(videos)


def is_read_once(videos: Any) -> bool:
    """Whether opening it reads or samples all of its videos, which may take hours."""
    return not (is_array(videos) or isinstance(videos, MinimalSource) or is_list_of_paths(videos))


def is_list_of_paths(videos: Any) -> TypeGuard[list[str | Path]]:
    """Whether it names files one by one."""
    return isinstance(videos, list | tuple) and bool(videos) and all(isinstance(path, str | Path) for path in videos)


def _refuse_nearly_right(videos: Any, where: str) -> None:
    """Refuses a source that lacks something, and functions of other arguments."""
    if lacking := missing_in(videos):
        raise DataError(
            f"{type(videos).__name__} is not a complete source of videos",
            expected="the attributes label and size, and the methods __len__, num_frames, read and digest",
            found=f"it lacks {', '.join(lacking)}",
            where=where,
            fix="add them: docs/python.md has an example of ten lines",
        )
    kind = type(videos)
    if callable(videos) and not is_sampler(videos) and not (hasattr(kind, "__iter__") or hasattr(kind, "__getitem__")):
        fix = "a function takes a seed and a number, and returns one video: lambda seed, index: ..."
        raise no_video(videos, where, fix=fix)


def needless(declared: Declared, found: str, where: str) -> UsageError:
    """The error for a declaration about what has its own."""
    return UsageError(
        "layout and value_range describe arrays, tensors and what gives them; these videos know their own",
        found=f"{declared}, and {found}",
        where=where,
        fix='omit them; an array in a file is opened by np.load("x.npy", mmap_mode="r"), and that is given instead',
    )


def _of_numbers(numbers: Any, declared: Declared, where: str) -> ArraySource | SpooledVideos:
    """An array or tensor: as it is where it is uint8, as bytes in memory, or from a file that is mapped on disk."""
    conversion = Conversion(declared, where)
    if is_mapped(numbers) and not (is_bytes(numbers) and declared.value_range in (None, (0, 255))):
        return _spooled(conversion.clips(numbers), conversion, "array")
    clips = _whole(numbers, declared, conversion, where)
    notes = conversion.notes()
    source = ArraySource(clips, "array")
    source.notes = notes
    return source


def _spooled(clips: Iterable[Frames], conversion: Conversion, label: str) -> SpooledVideos:
    source = SpooledVideos(*spooled(clips), label)
    source.notes = conversion.notes()
    return source


class _Stream:
    """Videos one after the other, from anything that can be iterated over or counted through."""

    def __init__(self, videos: Any, conversion: Conversion, where: str) -> None:
        videos = undecoded(videos)
        if isinstance(videos, str | bytes | bytearray | memoryview):
            raise no_video(videos, where)
        if isinstance(videos, Mapping):
            self._items: Iterator[Any] = iter([videos])
        elif hasattr(type(videos), "__iter__"):
            self._items = iter(videos)
        elif hasattr(type(videos), "__len__") and hasattr(type(videos), "__getitem__"):
            self._items = (videos[index] for index in range(len(videos)))
        else:
            raise no_video(videos, where)
        self._conversion, self._where = conversion, where
        self._num_items = 0
        self.compressions: set[str] = set()
        self._clips = self._read()
        try:
            self._length: int | None = 1 if isinstance(videos, Mapping) else len(videos)
        except TypeError:  # of a generator, and of a loader of one
            self._length = None

    def clips(self) -> Iterator[Frames]:
        """The videos, uint8 (frame, height, width, 3)."""
        return self._clips

    def has_more(self) -> bool:
        """Whether there is more than was read, or may be; no further item is asked for to find out."""
        return self._length is None or self._num_items < self._length or next(self._clips, None) is not None

    def _read(self) -> Iterator[Frames]:
        while True:
            place = f"item {self._num_items}"
            try:
                item = next(self._items)
            except StopIteration:
                return
            except Exception as error:
                error.add_note(f"vidmbench was reading {self._where}, {place}")
                raise
            self._num_items += 1
            for numbers in numbers_in(item, f"{self._where}, {place}", self.compressions):
                yield from self._conversion.clips(numbers, place)


def _counted(clips: Iterator[Frames], taking: Taking, where: str) -> Iterator[Frames]:
    for index, clip in enumerate(clips):
        yield clip
        if taking.progress is not None and taking.num_videos is not None:
            taking.progress(index + 1, taking.num_videos, f"reading {where}")
