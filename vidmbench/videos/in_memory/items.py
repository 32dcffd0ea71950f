"""What loaders, data sets and lists give, one after the other: where the videos are in it."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from vidmbench.core.errors import DataError
from vidmbench.videos.files.endings import VIDEO_SUFFIXES
from vidmbench.videos.in_memory.decoders import (
    compression_of_decoder,
    frames_of_decoder,
    frames_of_file,
    is_decoder,
    is_file,
)
from vidmbench.videos.in_memory.numbers import as_numbers, is_array, plain, shape_of

#: Keys of dictionaries that hold videos, the likeliest first.
_NAMES = ("video", "videos", "clip", "clips", "frames", "pixel_values", "sample", "samples", "image", "images", "x")
_LEAST_AXES = 3  # of a grey video


def numbers_in(item: Any, where: str, compressions: set[str]) -> Iterator[Any]:
    """The tensors and arrays of videos in what one step of an iteration gives.

    Args:
        item: A video or a batch as a tensor or array; a list of videos, of frames or of images; a tuple or dictionary
            that holds one of these beside labels; a decoder of torchcodec or decord; the path of a video file.
        where: Which item it is, for messages.
        compressions: Gets what frames of files and decoders went through.

    Yields:
        Tensors and arrays of one video or of a batch.

    Raises:
        DataError: There is no video in it, or several things that may be the videos.
    """
    if is_array(item):
        yield as_numbers(item, where)
    elif is_file(item):
        frames, compression = frames_of_file(item, where)
        compressions.add(compression)
        yield frames
    elif isinstance(item, Mapping):
        yield from numbers_in(_of_mapping(item, where), where, compressions)
    elif is_decoder(item):
        compressions.add(compression_of_decoder(item))
        yield frames_of_decoder(item, where)
    elif isinstance(item, tuple | list):
        yield from _of_sequence(item, where, compressions)
    else:
        raise no_video(item, where)


def no_video(item: Any, where: str, *, more: str = "", fix: str | None = None) -> DataError:
    """The error for an item that holds no video.

    Args:
        item: What was given.
        where: Which item it is.
        more: What was found in it.
        fix: What to do, where more is known about it.
    """
    kind = type(item).__name__
    return DataError(
        "unsupported video source",
        expected="an array or tensor of videos, a loader, a list or generator of them, a function (seed, index), a "
        "source, or a path or name as `vidmbench score` takes it",
        found=more or (f"a {kind} of {len(item)}" if isinstance(item, list | tuple | set | dict) else f"{kind}"),
        where=where,
        fix=fix
        or "give videos as uint8 (frame, height, width, 3), each in an array; or declare their layout and value_range",
    )


def _of_mapping(item: Mapping[Any, Any], where: str) -> Any:
    """The entry that holds the video: the only one that can, or the one that is called so."""
    able = {str(key): value for key, value in item.items() if _may_be_video(value)}
    if len(able) > 1:
        named = [key for name in _NAMES for key in able if key.lower() == name]
        if not named:
            raise _several(list(able), "entries", 'give the videos alone: (item["NAME"] for item in videos)', where)
        return able[named[0]]
    if not able:
        keys = ", ".join(map(str, list(item)[:8])) or "nothing"
        splits = [
            key for key, value in item.items() if hasattr(type(value), "__getitem__") and hasattr(value, "features")
        ]
        raise no_video(
            item,
            where,
            more=f"a dictionary of {keys}",
            fix=f"choose one of its parts: videos[{splits[0]!r}]" if splits else None,
        )
    return next(iter(able.values()))


def _of_sequence(item: tuple[Any, ...] | list[Any], where: str, compressions: set[str]) -> Iterator[Any]:
    """A video as a list of frames, a batch as a list of videos, or videos beside labels."""
    if item and all(_is_image(frame) for frame in item):
        yield _stacked(item, where)
        return
    if isinstance(item, list) and _is_nested_numbers(item):
        yield as_numbers(_of_nested(item, where), where)
        return
    able = [part for part in item if _may_be_video(part)]
    if not able:
        raise no_video(item, where)
    if len(able) == 1:
        yield from numbers_in(able[0], where, compressions)
    elif len(able) == len(item) and isinstance(item, list) and not _are_batches(able):
        for part in able:
            yield from numbers_in(part, where, compressions)
    else:
        fix = "give the videos alone: (item[0] for item in videos)"
        raise _several([f"{type(part).__name__} {_shape(part)}" for part in able], "parts", fix, where)


def _several(found: list[str], what: str, fix: str, where: str) -> DataError:
    return DataError(
        f"several {what} of an item may be the videos",
        expected="one, beside labels and the like",
        found=", ".join(found[:8]),
        where=where,
        fix=fix,
    )


def _may_be_video(thing: Any) -> bool:
    if is_array(thing):
        return len(shape_of(thing)) >= _LEAST_AXES
    if isinstance(thing, list | tuple):
        if not thing or all(_is_image(part) or _may_be_video(part) for part in thing):
            return bool(thing)
        return isinstance(thing, list) and _is_nested_numbers(thing)
    if isinstance(thing, str):  # which may as well be a caption
        return Path(thing).suffix.lower() in VIDEO_SUFFIXES
    return is_file(thing) or is_decoder(thing)


def _are_batches(parts: list[Any]) -> bool:
    """Whether these are batches of one size, such as inputs and targets, rather than videos."""
    return all(is_array(part) and len(shape_of(part)) == 5 for part in parts)


def _is_image(thing: Any) -> bool:
    """One frame: an image of Pillow, or an array (height, width, channel)."""
    if is_array(thing):
        return len(shape_of(thing)) == 3 and shape_of(thing)[-1] in (1, 3, 4)
    return all(hasattr(thing, name) for name in ("convert", "getbands", "size"))


def _stacked(images: tuple[Any, ...] | list[Any], where: str) -> Any:
    frames = [
        plain(as_numbers(image, where), where) if is_array(image) else np.asarray(image.convert("RGB"))
        for image in images
    ]
    sizes = sorted({tuple(frame.shape) for frame in frames})
    if len(sizes) > 1:
        raise DataError(
            "the frames of a video differ in size",
            expected="one size",
            found=" and ".join(map(str, sizes[:3])),
            where=where,
            fix="resize or crop them to one size",
        )
    return np.stack(frames)


def _is_nested_numbers(item: list[Any]) -> bool:
    """Whether it is a video as lists in lists, as a table of Hugging Face gives arrays."""
    depth, part = 0, item
    while isinstance(part, list) and part:
        depth, part = depth + 1, part[0]
    return depth >= _LEAST_AXES and isinstance(part, int | float)


def _of_nested(item: list[Any], where: str) -> np.ndarray:
    try:
        return np.asarray(item)
    except ValueError as error:  # lists of different lengths
        raise no_video(item, where, more="lists in lists, of different lengths") from error


def _shape(part: Any) -> str:
    return str(shape_of(part)) if is_array(part) else str(Path(part).name) if isinstance(part, str | Path) else ""
