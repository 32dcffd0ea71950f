"""Sources of the user's own: checked once when they are given, completed, and checked where they are read."""

import operator
import re
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from vidmbench.core.arrays import Frames, Image
from vidmbench.core.errors import DataError
from vidmbench.videos.source import MinimalSource, Skipped, Source, SourceDefaults

#: The name and the length of every video are asked for before any is chosen, which takes seconds for so many.
_MOST_VIDEOS = 10_000_000


class _Completed(SourceDefaults):
    """A source of the user's own, with the defaults, and checked where it is read."""

    def __init__(self, source: MinimalSource, said: dict[str, Any]) -> None:
        self._source = source
        self.label, self.size = str(source.label), _checked_size(source)
        for name, value in said.items():
            setattr(self, name, value)

    def __len__(self) -> int:
        return len(self._source)

    def name(self, index: int) -> str:
        named = getattr(self._source, "name", None)
        return str(named(index)) if callable(named) else f"clip{index:06d}"

    def num_frames(self, index: int) -> int:
        found = self._source.num_frames(index)
        number = _whole(found)
        if number is None or number < 1:
            raise _wrong(
                self._source,
                "number of frames",
                expected="a whole number from 1 on",
                found=f"num_frames({index}) gives {found!r}",
                fix="return how many frames of this video can be read; a video without any cannot be scored",
            )
        return number

    def read(self, index: int, frames: Sequence[int]) -> Frames:
        found = np.asarray(self._source.read(index, frames))
        expected = (len(frames), *self.size, 3)
        if found.dtype != np.uint8 or found.shape != expected:
            raise DataError(
                "a source gives something else than it says",
                expected=f"uint8 {expected} for {len(frames)} frames, by its size {self.size}",
                found=f"{found.dtype} {found.shape}",
                where=f"{self.label}, {self.name(index)}",
                fix="return exactly the frames asked for; vidmbench.to_uint8 converts floats and other layouts",
            )
        return found

    def stream(self, index: int, frames: Sequence[int]) -> Iterator[Image]:
        # All at once: what the user wrote may draw or decode a whole clip for a single frame of it.
        yield from self.read(index, frames)

    def digest(self) -> str:
        found = self._source.digest()
        if not isinstance(found, str) or re.fullmatch("[0-9a-f]{64}", found) is None:
            raise _wrong(
                self._source,
                "digest",
                expected="64 hex digits, others wherever a pixel may be another",
                found=repr(found),
                fix="return hashlib.sha256(b'all that the videos depend on').hexdigest()",
            )
        return found


def completed(source: MinimalSource) -> Source:
    """The source itself, or one with the defaults of :class:`SourceDefaults` for what it does not say.

    Args:
        source: Whoever wrote it; one that is not of this package is checked.

    Raises:
        DataError: It has no videos, or more than can be listed, or what it says of itself has another form.
    """
    if type(source).__module__.startswith("vidmbench."):
        return source if isinstance(source, Source) else _Completed(source, {})
    said = _checked(source)
    return source if isinstance(source, Source) else _Completed(source, said)


def _checked(source: MinimalSource) -> dict[str, Any]:
    """What a source says of itself besides what it must, each in the form that :class:`Source` names."""
    count = _checked_count(source)
    _checked_size(source)
    said = {
        name: getattr(source, name)
        for name in ("skipped", "notes", "compression", "labels", "is_sampled")
        if hasattr(source, name)
    }
    forms: dict[str, tuple[Any, str, str]] = {
        "skipped": (_tuple_of(Skipped, said.get("skipped", ())), "a tuple of Skipped(name, reason)", "()"),
        "notes": (_tuple_of(str, said.get("notes", ())), "a tuple of sentences", '("frames were cropped",)'),
        "compression": (_text(said.get("compression", "")), "a text, empty of lossless frames", '"h264 yuv420p"'),
        "labels": (
            _labels(said.get("labels"), count),
            f"None, or a whole number or None for each of the {count} videos",
            "None",
        ),
        "is_sampled": (_flag(said.get("is_sampled", False)), "True or False", "False"),
    }
    for name, (value, expected, example) in forms.items():
        if name in said:
            if value is _WRONG:
                fix = f"omit it, or set {name} = {example}"
                raise _wrong(source, name, expected=expected, found=repr(said[name]), fix=fix)
            said[name] = value
    return said


_WRONG = object()  # what has another form; None is a form of labels


def _tuple_of(kind: type, value: Any) -> Any:
    is_right = isinstance(value, tuple | list) and all(isinstance(each, kind) for each in value)
    return tuple(value) if is_right else _WRONG


def _text(value: Any) -> Any:
    return value if isinstance(value, str) else _WRONG


def _flag(value: Any) -> Any:
    return bool(value) if isinstance(value, bool | np.bool_) else _WRONG


def _labels(value: Any, count: int) -> Any:
    if value is None:
        return None
    try:
        given = list(value)
    except Exception:  # whatever an object of another library says
        return _WRONG
    labels = [None if each is None else _whole(each) for each in given]
    is_right = len(labels) == count and all((a is None) == (b is None) for a, b in zip(labels, given, strict=True))
    return tuple(labels) if is_right else _WRONG


def _whole(value: Any) -> int | None:
    """A whole number as Python's ``int``; None of anything else."""
    try:
        return None if isinstance(value, bool) else operator.index(value)
    except Exception:  # whatever an object of another library says
        return None


def _checked_count(source: MinimalSource) -> int:
    expected = f"a whole number from 1 to {_MOST_VIDEOS}"
    try:
        count, found = len(source), f"{len(source)} videos"
    except (TypeError, ValueError, OverflowError) as error:  # what Python says where __len__ gives no length
        count, found = 0, str(error)
    if 1 <= count <= _MOST_VIDEOS:
        return count
    fix = "return how many videos there are to score: the name and the length of each are asked for before any is read"
    raise _wrong(source, "length", expected=expected, found=found, fix=fix)


def _checked_size(source: MinimalSource) -> tuple[int, int]:
    try:
        height, width = (operator.index(side) for side in source.size)
    except (TypeError, ValueError):
        height = width = 0
    if height < 1 or width < 1:
        raise _wrong(
            source,
            "size",
            expected="(height, width) of every frame, pixels",
            found=repr(source.size),
            fix="set size = (64, 64)",
        )
    return height, width


def _wrong(source: MinimalSource, what: str, *, expected: str, found: str, fix: str) -> DataError:
    return DataError(
        f"the {what} of a source has another form",
        expected=expected,
        found=found[:80],
        where=str(source.label),
        fix=fix,
    )


def missing_in(thing: Any) -> list[str]:
    """What an object lacks of a :class:`MinimalSource`, where it has ``read`` and one more of it."""
    needed = ("label", "size", "__len__", "num_frames", "read", "digest")
    lacking = [name for name in needed if not hasattr(thing, name)]
    methods = {"label", "num_frames", "read", "digest"}.difference(lacking)
    return lacking if len(methods) > 1 and "read" in methods and not isinstance(thing, type) else []
