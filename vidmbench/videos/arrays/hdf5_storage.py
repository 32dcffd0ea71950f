"""Where the numbers of an HDF5 dataset really are: whether all were written, and in this file or beside it.

What was never written, and what is in a file that is not there, HDF5 gives as its fill value: black frames. What a
dataset has outside (external storage, external links, virtual sources elsewhere) can be any file of the machine.
"""

import math
from collections.abc import Sequence
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any, NamedTuple

from vidmbench.core.errors import DataError

_MOST_SOURCES = 2000
_MOST_LINKS = 16
_COPY = "copy the array into a file of its own: new.create_dataset(name, data=old[name][:])"


class Stored(NamedTuple):
    """What was found.

    Attributes:
        sources: Other files that a virtual dataset takes numbers from.
        missing: Frames, from the first to the one after the last, that were never written, in order.
    """

    sources: tuple[Path, ...] = ()
    missing: tuple[tuple[int, int], ...] = ()


def storage_of(dataset: Any, path: Path, *, nested: bool = False) -> Stored:
    """Looks at how a dataset is stored, without reading it.

    Args:
        dataset: An open dataset, its first axis frames.
        path: The file it was found in.
        nested: Whether it is itself the source of a virtual one.

    Raises:
        DataError: It is in another file by an external link or external storage, or is a virtual dataset of which a
            source is missing, elsewhere than beside the file, too short, or of which parts have no source.
    """
    where = f"{path}:{dataset.name}"
    if Path(dataset.file.filename).resolve() != path.resolve():
        raise _outside(where, f"a link to {dataset.file.filename}")
    if dataset.external:
        raise _outside(where, f"external storage in {dataset.external[0][0]}")
    if dataset.is_virtual:
        if nested:
            raise _incomplete(where, "a virtual array of virtual arrays", _COPY)
        return Stored(_sources_of(dataset, path, where))
    if not dataset.size or dataset.shape == ():
        return Stored()
    if dataset.chunks is None:
        is_written = dataset.id.get_offset() is not None or dataset.id.get_storage_size() > 0
        return Stored() if is_written else Stored(missing=((0, len(dataset)),))
    return Stored(missing=_unwritten(dataset))


def check_links(group: Any, name: str, path: Path, *, depth: int = 0) -> None:
    """Refuses a name that leads out of the file, before anything outside is opened.

    Args:
        group: An open file or group.
        name: The name, of one part or several.
        path: The file, for the message.
        depth: Soft links followed so far.

    Raises:
        DataError: An external link, or soft links in a circle.
    """
    import h5py

    group = group.file if name.startswith("/") else group
    parts = [part for part in name.split("/") if part not in ("", ".")]
    for number, part in enumerate(parts):
        link = group.get(part, getlink=True)
        if isinstance(link, h5py.ExternalLink):
            raise _outside(f"{path}:{name}", f"a link to {link.path} in {link.filename}")
        if isinstance(link, h5py.SoftLink):
            if depth == _MOST_LINKS:
                raise _incomplete(f"{path}:{name}", "links in a circle", "write the file again")
            rest = "/".join([link.path, *parts[number + 1 :]])
            return check_links(group, rest, path, depth=depth + 1)
        if number < len(parts) - 1:
            group = group[part]
    return None


def check_written(stored: Stored, spans: Sequence[tuple[int, int]], where: str) -> None:
    """Refuses videos with frames that were never written.

    Args:
        stored: See :func:`storage_of`.
        spans: The frames of each video.
        where: File and dataset, for the message.

    Raises:
        DataError: Names the first such video.
    """
    holes = iter(stored.missing)
    hole = next(holes, None)
    for number, (start, end) in enumerate(spans):
        while hole is not None and hole[1] <= start:
            hole = next(holes, None)
        if hole is not None and hole[0] < end:
            frames = f"frames {max(start, hole[0])} to {min(end, hole[1]) - 1}, of video {number}"
            raise _incomplete(where, f"{frames}, were never written", "write the file again, or copy it again")


def _unwritten(dataset: Any) -> tuple[tuple[int, int], ...]:
    """Runs of frames of which a chunk is missing."""
    per_axis = [math.ceil(size / chunk) for size, chunk in zip(dataset.shape, dataset.chunks, strict=True)]
    if dataset.id.get_num_chunks() == math.prod(per_axis):
        return ()
    step, num_frames, whole = dataset.chunks[0], dataset.shape[0], math.prod(per_axis[1:])
    counts: dict[int, int] = {}

    def note(chunk: Any) -> None:
        counts[chunk.chunk_offset[0]] = counts.get(chunk.chunk_offset[0], 0) + 1

    dataset.id.chunk_iter(note)
    written = sorted(start for start, count in counts.items() if count == whole)
    edges = [-step, *written, per_axis[0] * step]
    return tuple((before + step, min(after, num_frames)) for before, after in pairwise(edges) if after > before + step)


def _sources_of(dataset: Any, path: Path, where: str) -> tuple[Path, ...]:
    """The files of a virtual dataset, each checked."""
    maps = dataset.virtual_sources()
    if len(maps) > _MOST_SOURCES:
        raise _incomplete(where, f"a virtual array of {len(maps)} parts", _COPY)
    boxes, files = [], []
    for part in maps:
        low, high = part.vspace.get_select_bounds()
        size = math.prod(end - start + 1 for start, end in zip(low, high, strict=True))
        if size != part.vspace.get_select_npoints():
            raise _incomplete(where, "a virtual array of parts that are not blocks", _COPY)
        boxes.append((low, high, size))
        file = path if part.file_name == "." else path.parent / part.file_name
        _check_source(part, file, path, dataset, where)
        if file != path:
            files.append(file)
    overlap = any(
        all(a <= d and c <= b for a, b, c, d in zip(one[0], one[1], two[0], two[1], strict=True))
        for one, two in combinations(boxes, 2)
    )
    covered = sum(size for _, _, size in boxes)
    if overlap or covered != dataset.size:
        missing = "parts that overlap" if overlap else f"{dataset.size - covered} of {dataset.size} numbers"
        raise _incomplete(where, f"{missing} of a virtual array have no source", _COPY)
    return tuple(dict.fromkeys(files))


def _check_source(part: Any, file: Path, path: Path, dataset: Any, where: str) -> None:
    """One source: beside the file, there, whole, and of the same type."""
    import h5py

    if not file.resolve().is_relative_to(path.parent.resolve()):
        raise _outside(where, f"a virtual array with numbers from {file}")
    if not file.is_file():
        first = part.vspace.get_select_bounds()[0][0]
        raise _incomplete(
            where, f"{part.file_name}, with the frames from {first} on, is not there", "put it beside the file"
        )
    with h5py.File(file, "r") as opened:
        check_links(opened, part.dset_name, file)
        source = opened.get(part.dset_name)
        if not isinstance(source, h5py.Dataset):
            raise _incomplete(where, f"{part.file_name} has no array {part.dset_name}", "copy the files again")
        if storage_of(source, file, nested=True).missing:
            raise _incomplete(where, f"{part.file_name} was never written whole", "copy the files again")
        needed = part.vspace.get_select_npoints()
        selection = part.src_space
        is_short = (
            any(end >= size for end, size in zip(selection.get_select_bounds()[1], source.shape, strict=True))
            if selection.shape
            else source.size != needed
        )
        if is_short or source.dtype != dataset.dtype:
            found = f"{part.dset_name} of {part.file_name} is {source.dtype} {source.shape}"
            raise _incomplete(where, f"{found}, not what the virtual array asks for", "write the files again")


def _outside(where: str, found: str) -> DataError:
    return DataError(
        "the array is not in the file, and other files are not read for it",
        expected="an array whose numbers are in the HDF5 file, or in HDF5 files beside it",
        found=found,
        where=where,
        fix=f"if you trust it, {_COPY}",
    )


def _incomplete(where: str, found: str, fix: str) -> DataError:
    return DataError(
        "parts of the array are missing, which would be read as black",
        expected="an array of which every frame was written",
        found=found,
        where=where,
        fix=fix,
    )
