"""Which array of an HDF5 file holds the frames, and where its videos begin."""

import re
from pathlib import Path
from typing import Any

import numpy as np

from vidmbench.core.errors import DataError
from vidmbench.videos.arrays.hdf5_index import Index, beside, check_spans, of_starts
from vidmbench.videos.arrays.hdf5_storage import check_links, check_written, storage_of
from vidmbench.videos.arrays.layout import ArrayLayout

#: The array of TGAN's files.
TGAN_KEY = "image"
_SPLITS = ("train", "test", "val")
_KEYS_SHOWN = 8


def index_of(file: Any, key: str, path: Path) -> Index:
    """Where the videos begin and end: an array in the file, or the JSON beside it.

    Args:
        file: The open file.
        key: The array of frames.
        path: Where it is, for messages.

    Raises:
        DataError: There is none, or it does not fit the frames.
    """
    num_frames, starts = len(file[key]), key.removesuffix("_data") + "_idx"
    if not key.endswith("_data") or starts not in file:
        index = beside(path)
        check_spans(index.spans, num_frames, index.where)
        return index
    where = f"{path}:{starts}"
    if not _is_array(file, starts) or file[starts].size > num_frames:
        raise DataError(
            f"{starts} is not a list of frame numbers",
            expected=f"integers (video,), at most {num_frames}: the first frame of each",
            found=f"an array {file[starts].shape}" if _is_array(file, starts) else "no array",
            where=where,
            fix="write the file again",
        )
    check_written(storage_of(file[starts], path), [(0, len(file[starts]))] if file[starts].ndim else [], where)
    return of_starts(np.asarray(file[starts]), num_frames, where, starts)


def key_of(file: Any, path: Path, layout: ArrayLayout | None, split: str | None) -> str:
    """The name of the array of frames.

    Args:
        file: The open file.
        path: Where it is, for messages.
        layout: Its key where it is declared.
        split: Which of several.

    Raises:
        DataError: There is none, several and no word on which, or a link that leads out of the file.
    """
    if layout is not None and layout.key is not None:
        if not _is_array(file, layout.key):
            raise _no_keys(path, file, f"an array called {layout.key}")
        return layout.key
    splits = [key.removesuffix("_data") for key in sorted(file) if key.endswith("_data") and f"{key[:-5]}_idx" in file]
    if splits:
        if split is None and len(splits) == 1:
            return f"{splits[0]}_data"
        if split not in splits:
            problem = f"has no split {split}" if split else "holds several splits"
            raise DataError(
                f"{path.name} {problem}",
                expected=f"one of {', '.join(splits)}",
                found=", ".join(splits),
                where=str(path),
                fix="name one of them: NAME@SPLIT",
            )
        return f"{split}_data"
    fitting = [key for key in sorted(file) if layout and _is_array(file, key) and file[key].ndim == len(layout.axes)]
    key = TGAN_KEY if _is_array(file, TGAN_KEY) else fitting[0] if len(fitting) == 1 else None
    if key is None:
        raise _no_keys(
            path, file, f"train_data and train_idx, or test_data and test_idx (VideoGPT), or {TGAN_KEY} (TGAN)"
        )
    file_split = next((word for word in _SPLITS if re.search(rf"(^|[_-]){word}($|[_-])", path.stem)), None)
    if split is not None and file_split is not None and file_split != split:
        raise DataError(
            f"{path.name} does not seem to hold the split {split}",
            expected=f"a file such as {path.stem.replace(file_split, split)}{path.suffix}",
            found=path.name,
            where=str(path),
            fix=f"give the file of that split, or ask for {file_split}",
        )
    return key


def _is_array(file: Any, key: str) -> bool:
    check_links(file, key, Path(file.filename))
    return getattr(file.get(key), "shape", None) is not None


def _no_keys(path: Path, file: Any, expected: str) -> DataError:
    keys = sorted(file)
    descriptions = [f"{key} {file[key].shape if _is_array(file, key) else '(no array)'}" for key in keys[:_KEYS_SHOWN]]
    more = f" and {len(keys) - _KEYS_SHOWN} more" if len(keys) > _KEYS_SHOWN else ""
    return DataError(
        f"{path.name} does not have the keys of a file of videos",
        expected=expected,
        found=", ".join(descriptions) + more if keys else "no key at all",
        where=str(path),
        fix="name the array of frames in a layout of your own (key = ...), or give another file",
    )
