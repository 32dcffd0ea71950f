"""Videos that Python objects represent: Video columns, decoders of torchcodec and decord, paths, files as bytes."""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from vidmbench.core.arrays import Frames
from vidmbench.core.errors import DataError
from vidmbench.core.files import expanded
from vidmbench.videos.files.animations import is_video_file, video_file
from vidmbench.videos.files.compression_labels import of_stream
from vidmbench.videos.in_memory.numbers import is_array

_FILE_KEYS = {"path", "bytes"}


def undecoded(table: Any) -> Any:
    """A data set of Hugging Face whose Video columns give files, so that they are read as all files are.

    Args:
        table: Anything; what is no such data set, or is streamed from afar, is returned as it is.
    """
    columns = getattr(table, "features", None)
    if not isinstance(columns, Mapping) or not hasattr(table, "cast_column") or not hasattr(table, "__getitem__"):
        return table
    for name, kind in columns.items():
        if type(kind).__name__ == "Video" and getattr(kind, "decode", False):
            table = table.cast_column(name, type(kind)(decode=False))
    return table


def is_decoder(thing: Any) -> bool:
    """Whether it decodes a video: torchcodec's VideoDecoder (a Video column of Hugging Face), decord's VideoReader."""
    return hasattr(thing, "get_frames_in_range") or (hasattr(thing, "get_batch") and hasattr(thing, "__len__"))


def frames_of_decoder(decoder: Any, where: str) -> Any:
    """All frames of a decoder, as a tensor or array (frame, height, width, 3).

    Raises:
        DataError: It has no frames, or gives something else.
    """
    count = len(decoder)
    if not count:
        raise DataError("a video has no frames", expected="at least one", found="0", where=where, fix="omit it")
    if hasattr(decoder, "get_frames_in_range"):
        frames = decoder.get_frames_in_range(0, count)
        found = getattr(frames, "data", frames)
        is_channels_first = str(getattr(decoder, "_dimension_order", "NCHW")) == "NCHW"
        is_channels_first = is_channels_first and found.shape[-1] != 3
    else:
        found = decoder.get_batch(range(count))
        found = found.asnumpy() if hasattr(found, "asnumpy") else found
        is_channels_first = found.shape[-1] not in (1, 3, 4)
    if not is_array(found) or len(found.shape) != 4:
        raise DataError(
            f"{type(decoder).__name__} gives no frames that can be read",
            expected="(frame, channel, height, width) or (frame, height, width, channel)",
            found=type(found).__name__,
            where=where,
            fix="give the frames as an array",
        )
    return np.moveaxis(_on_cpu(found), 1, -1) if is_channels_first else _on_cpu(found)


def compression_of_decoder(decoder: Any) -> str:
    """What the frames of a decoder went through, as far as it says: its codec, and its pixel format."""
    about = getattr(decoder, "metadata", None)
    codec = getattr(about, "codec", None)
    return of_stream(codec, getattr(about, "pixel_format", None) or "") if isinstance(codec, str) else ""


def is_file(thing: Any) -> bool:
    """Whether it is the path of a file, or a dictionary of path and bytes (a Video column that is not decoded)."""
    if isinstance(thing, Mapping):
        return set(thing) == _FILE_KEYS
    return isinstance(thing, str | Path)


def frames_of_file(file: str | Path | Mapping[str, Any], where: str) -> tuple[Frames, str]:
    """All frames of a video file, read as `vidmbench score` reads it, and what they went through before.

    Raises:
        DataError: It is not there, or is not a video.
    """
    if not isinstance(file, Mapping):
        return _read(expanded(file), where)
    path, content = file["path"], file["bytes"]
    if content is None:
        return _read(expanded(path or ""), where)
    suffix = Path(str(path)).suffix if path else ".mp4"
    with tempfile.TemporaryDirectory(prefix="vidmbench-") as folder:
        copy = Path(folder) / f"video{suffix or '.mp4'}"
        copy.write_bytes(content)
        return _read(copy, where)


def _read(path: Path, where: str) -> tuple[Frames, str]:
    if not path.is_file() or not is_video_file(path):
        raise DataError(
            f"{path.name or 'an item'} is not a video file",
            expected="the path of one video file per item",
            found=str(path)[:200],
            where=where,
            fix="check the path; a folder of videos is given by itself, as one path",
        )
    item = video_file(path.name, path)
    facts = item.inspect()
    return item.read(range(facts.num_frames), facts), facts.compression


def _on_cpu(found: Any) -> np.ndarray:
    array: np.ndarray = found.detach().cpu().numpy() if hasattr(found, "detach") else np.asarray(found)
    return array
