"""The file of a pack: safetensors with a JSON header and a checksum over every byte; nothing in it is code."""

import json
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import ValidationError
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from vidmbench.core.checksums import BLANK, checksum_holds, fill_checksum
from vidmbench.core.errors import DataError, ResultError
from vidmbench.core.files import expanded, replacing, sha256_of
from vidmbench.core.inputs import refuse_special, stamp_of
from vidmbench.sources.packs.contents import Pack, PackHeader, StoredMoments, Videos

FORMAT = "vidmbench-pack-1"
_FAMILY = "vidmbench-pack-"
_VIDEOS = "videos"
_MOMENTS = ("count", "mean", "scatter")
_EXPECTED = "a file that vidmbench pack make or pack import wrote"
_COPY = "get the file anew from whoever made it, or make it again: vidmbench pack make"


def write_pack(pack: Pack, target: Path) -> Pack:
    """Writes a pack, whole or not at all; the same pack gives the same bytes.

    Args:
        pack: What to write.
        target: The file; a pack that is there is replaced.

    Returns:
        The pack with its file and its checksum.

    Raises:
        ResultError: The file cannot be written, or something else has its name.
    """
    target = check_target(target)
    listed = {"names": pack.videos.names, "lengths": pack.videos.lengths, "labels": pack.videos.labels}
    tensors = {_VIDEOS: np.frombuffer(json.dumps(listed).encode(), np.uint8), **pack.clips, **pack.features}
    for name, moments in pack.moments.items():
        tensors[f"{name}.count"] = np.array([moments.count], np.int64)
        tensors[f"{name}.mean"], tensors[f"{name}.scatter"] = moments.mean, moments.scatter
    with replacing(target) as temporary:
        # One key: safetensors writes several in any order.
        header = {"format": FORMAT, **pack.header.model_dump(mode="json"), **BLANK}
        metadata = {"pack": json.dumps(header)}
        save_file({name: np.ascontiguousarray(value) for name, value in tensors.items()}, temporary, metadata=metadata)
        fill_checksum(temporary)
    return replace(pack, path=target, digest=sha256_of(target))


def check_target(target: Path) -> Path:
    """Refuses to write a pack in place of anything but a pack, before any work is done.

    Returns:
        The file, ``~`` expanded.

    Raises:
        ResultError: A folder or another file has its name.
    """
    target = expanded(target)
    if target.is_dir() or (target.exists() and _format_of(target) is None):
        raise ResultError(
            f"{target.name} is there already, and is not a pack",
            expected="a new file, or a pack to replace",
            found="a folder" if target.is_dir() else "another file",
            where=str(target),
            fix="choose another name: --out FILE.pack",
        )
    return target


def read_pack(path: str | Path) -> Pack:
    """Reads and checks a pack.

    Args:
        path: The file.

    Raises:
        DataError: It is missing, damaged, of another format, or not a pack.
    """
    path = expanded(path)
    refuse_special(path, DataError)
    if not path.is_file():
        raise DataError(
            f"path not found: {path.name}" if not path.is_dir() else f"{path} is a folder, not a pack",
            expected=_EXPECTED,
            found="nothing" if not path.is_dir() else "a folder",
            where=str(path),
            fix="check the path, or make one: vidmbench pack make dataset:NAME --out FILE.pack",
        )
    return _checked(path, stamp_of(path))


@lru_cache(maxsize=2)
def _checked(path: Path, _stamp: str) -> Pack:
    """Reads a file once as long as it stays what it is."""
    known = _format_of(path)
    if known is None:
        raise DataError(
            f"{path.name} is not a pack, or only the beginning of one",
            expected=_EXPECTED,
            found=f"{path.stat().st_size} bytes that are something else",
            where=str(path),
            fix=_COPY,
        )
    if known != FORMAT:
        raise DataError(
            f"{path.name} has a format that this version does not know",
            expected=FORMAT,
            found=known,
            where=str(path),
            fix="read it with the version of vidmbench that wrote it, or a later one",
        )
    try:
        if checksum_holds(path) is not True:
            raise ValueError("its bytes do not have the sha256 that is recorded in it")
        return _read(path)
    except (OSError, SafetensorError, ValidationError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise DataError(
            f"{path.name} is damaged or was changed",
            expected="the bytes that were written, with their checksum",
            found=_in_a_line(error),
            where=str(path),
            fix=_COPY,
        ) from error


def _in_a_line(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
    return str(error).splitlines()[0] if str(error) else type(error).__name__


def _format_of(path: Path) -> str | None:
    """The format of a pack's file; None of any other file."""
    try:
        with safe_open(path, framework="numpy") as file:
            known = str(json.loads((file.metadata() or {})["pack"])["format"])
    except (OSError, SafetensorError, ValueError, KeyError, TypeError, RecursionError):
        return None
    return known if known.startswith(_FAMILY) else None


def _read(path: Path) -> Pack:
    with safe_open(path, framework="numpy") as file:
        said = json.loads(file.metadata()["pack"])
        header = PackHeader.model_validate_json(
            json.dumps({key: value for key, value in said.items() if key not in ("format", *BLANK)})
        )
        listed: dict[str, Any] = json.loads(file.get_tensor(_VIDEOS).tobytes())
        labels = listed["labels"]
        videos = Videos(
            tuple(map(str, listed["names"])),
            tuple(map(int, listed["lengths"])),
            None if labels is None else tuple(labels),
        )
        draws = [draw for part in header.parts for draw in part.draws]
        clips = {name: file.get_tensor(name) for name in {draw.clips for draw in draws}}
        features: dict[str, np.ndarray] = {}
        moments: dict[str, StoredMoments] = {}
        for name in {draw.numbers for draw in draws}:
            if header.holds == "features":
                features[name] = file.get_tensor(name)
            else:
                count, mean, scatter = (file.get_tensor(f"{name}.{key}") for key in _MOMENTS)
                moments[name] = StoredMoments(int(count.item()), mean, scatter)
    pack = Pack(header, videos, clips, features, moments, path, sha256_of(path))
    _check(pack)
    return pack


def _check(pack: Pack) -> None:
    """Refuses tensors that do not fit each other.

    Raises:
        ValueError: Says which.
    """
    names, lengths, labels = pack.videos.names, pack.videos.lengths, pack.videos.labels
    if len(names) != len(lengths) or (labels is not None and len(labels) != len(names)):
        raise ValueError("names, lengths and classes of the videos differ in number")
    for _, draw in pack.draws():
        clips = pack.clips[draw.clips]
        if clips.dtype != np.int64 or clips.ndim != 2 or clips.shape[1] != 4:
            raise ValueError(f"{draw.clips} is not a list of clips")
        if clips.size and not 0 <= clips[:, 0].min() <= clips[:, 0].max() < len(names):
            raise ValueError(f"{draw.clips} names videos that are not listed")
        if draw.numbers in pack.features:
            rows = pack.features[draw.numbers]
            if rows.dtype != np.float32 or rows.ndim not in (2, 3) or len(rows) != draw.num_clips:
                raise ValueError(f"{draw.numbers} is {rows.dtype} {rows.shape}, not features of {draw.num_clips} clips")
        else:
            of_draw = pack.moments[draw.numbers]
            size = of_draw.mean.shape
            if of_draw.mean.dtype != np.float64 or len(size) != 1 or of_draw.scatter.shape != size * 2:
                raise ValueError(f"{draw.numbers} is not a mean and a scatter")
