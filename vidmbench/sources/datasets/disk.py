"""From a data set's declaration and a folder of the user's to videos with classes, whatever the layout.

Layout and split are detected from names alone; only then are the videos inspected.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from vidmbench.core.defaults import default_of
from vidmbench.core.errors import DataError, UsageError, unknown
from vidmbench.core.files import expanded, visible
from vidmbench.core.inputs import refuse_special
from vidmbench.core.text import counted
from vidmbench.core.vocabulary import OnBad
from vidmbench.sources.datasets.disk_findings import (
    Finding,
    archive_finding,
    count_findings,
    length_findings,
    single_findings,
    videos,
)
from vidmbench.sources.datasets.disk_listing import empty_class_dirs, lexicographic_order_differs, read_tree, storage_of
from vidmbench.sources.datasets.disk_names import check_identity, covered_classes, labels_of, levels
from vidmbench.sources.datasets.disk_splits import choose
from vidmbench.sources.datasets.spec import DiskDatasetSpec, dataset_names
from vidmbench.videos.arrays.uint8_source import open_array
from vidmbench.videos.files.inspection import survey
from vidmbench.videos.files.listing import Found
from vidmbench.videos.files.video_files import Item
from vidmbench.videos.source import Source, WrappedSource

__all__ = [
    "ROOT_VARIABLE",
    "DatasetVideos",
    "Finding",
    "LocalSplit",
    "archive_finding",
    "covered_classes",
    "find_dataset",
    "has_split",
    "length_findings",
    "open_layouts",
    "root_of",
    "survey_path",
]

#: One of the places of a default of --data-root: a folder with one folder (or archive) per data set, named as it.
ROOT_VARIABLE = "VIDMBENCH_DATA_ROOT"
_HDF5 = (".h5", ".hdf5")
_ARRAYS = (".npy", ".npz")


@dataclass(frozen=True)
class LocalSplit:
    """A split of a data set as it is stored on disk.

    Attributes:
        spec: The declaration.
        root: The folder or file.
        split: The split.
        layout: How the videos are stored, in words.
        items: The videos in natural order; empty where one file holds them all (HDF5, arrays).
        labels: The class of each; None where there are none.
        depth: Levels of folders from the split's folder down to a video.
        findings: What its user should know.
        notes: What was seen while listing, one sentence each.
    """

    spec: DiskDatasetSpec
    root: Path
    split: str
    layout: str
    items: tuple[Item, ...] = ()
    labels: tuple[int | None, ...] | None = None
    depth: int | None = None
    findings: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = ()


class DatasetVideos(WrappedSource):
    """The videos of a named data set: another source under the data set's name, with classes.

    Args:
        base: The source underneath.
        label: See :class:`vidmbench.videos.source.Source`.
        labels: The class of every video by name.
        notes: What a user should know, besides what the base says.
    """

    def __init__(self, base: Source, *, label: str, labels: dict[str, int | None] | None, notes: Sequence[str]) -> None:
        super().__init__(base)
        self.label = label
        self.notes = (*notes, *base.notes)
        self.labels = None if labels is None else tuple(labels.get(base.name(index)) for index in range(len(base)))


def root_of(spec: DiskDatasetSpec, data_root: Path | None) -> Path:
    """The folder or file of a data set.

    Args:
        spec: The data set.
        data_root: Its folder or archive, or a folder with one that is named as the data set; None takes the default of
            ``data_root`` (:mod:`vidmbench.core.defaults`) for the latter.

    Raises:
        UsageError: Neither ``data_root`` nor a default is given.
        DataError: There is no such folder or file.
    """
    default = default_of("data_root") if data_root is None else None
    if data_root is None and default is None:
        raise UsageError(
            f"{spec.name} is not built in: pass --data-root DIR",
            expected=f"--data-root DIR, a folder (or zip, h5) with {spec.holds}",
            found="no --data-root",
            fix=f"pass --data-root DIR, or set {ROOT_VARIABLE} to the folder above {spec.name}/; get it: {spec.get}; "
            f"check it: vidmbench data check {spec.name} --data-root DIR",
        )
    given = expanded(data_root or (default.text if default else ""))
    inside = [given / f"{spec.name}{suffix}" for suffix in ("", ".zip", *_HDF5, *_ARRAYS)]
    root = next((path for path in inside if path.exists()), given if data_root else None)
    if root == given and given.is_dir():
        others = [name for name in dataset_names() if name != spec.name and (given / name).is_dir()]
        if others:
            raise DataError(
                f"no {spec.name} in {given}",
                expected=f"a subfolder {spec.name}/ next to {' and '.join(f'{name}/' for name in others)}",
                found=", ".join(others),
                where=str(given),
                fix=f"give the folder of {spec.name} itself; get it: {spec.get}",
            )
    if root is None or not root.exists():
        raise DataError(
            f"no {spec.name} in {given}" if root is None and given.exists() else f"path not found: {given}",
            expected=f"{spec.name}/ or {spec.name}.zip" if root is None else f"a folder with {spec.holds}",
            found=f"{default.text}, from {default.origin}" if default else "nothing",
            where=str(given),
            fix=f"check the path; get it: {spec.get}",
        )
    refuse_special(root)
    return root


def find_dataset(spec: DiskDatasetSpec, root: Path, split: str | None = None) -> LocalSplit:
    """Detects from names alone in which layout a data set is stored, and which of its videos belong to a split.

    Args:
        spec: The data set.
        root: As :func:`root_of` gives it.
        split: One of its splits; None takes the one that serves as the real side.

    Raises:
        DataError: It is another data set, it lacks the split, or nothing in it can be read.
    """
    split = split or spec.default_split
    if split not in spec.splits:
        raise unknown(f"split of {spec.name}", split, spec.splits, error=DataError)
    single = _single_file(root, _hdf5_split(spec, split))
    if single is not None:
        return LocalSplit(spec, single, split, f"one {single.suffix} file")
    if root.is_file() and root.suffix.lower() != ".zip":
        raise DataError(
            f"unsupported file type for {spec.name}: {root.name}",
            expected=f"a folder, or a .zip, .h5, .npy or .npz file, with {spec.holds}",
            found=f"a {root.suffix or 'suffix-less'} file",
            where=str(root),
            fix="give the folder; unpack other archives first",
        )
    tree = read_tree(root)
    findings = check_identity(spec, tree)
    chosen = choose(spec, tree, split)
    findings += [*count_findings(spec, split, len(chosen.items)), *chosen.findings]
    empty = empty_class_dirs(tree, spec.classes)
    if empty:
        text = f"{counted(len(empty), 'class folder')} without a video: {', '.join(empty[:5])}"
        findings.append(Finding("videos of every class", text, "missing from every score"))
    reordered = lexicographic_order_differs(chosen.items)
    if reordered:
        text = f"{len(reordered)} of {videos(len(chosen.items))} number their frames without leading zeros"
        meaning = f"read by number; code that sorts names as text shuffles them, first {reordered[0].name}"
        findings.append(Finding("", text, meaning))
    depth = levels(spec, chosen.items)
    words = f"{storage_of(chosen.items)}, {_depth_in_words(spec, chosen.items, depth)}, {chosen.how}"
    labels = labels_of(spec, tree, chosen.items)
    return LocalSplit(spec, root, split, words, tuple(chosen.items), labels, depth, tuple(findings), tuple(tree.notes))


def has_split(spec: DiskDatasetSpec, root: Path, split: str) -> bool:
    """Whether this copy has the split."""
    try:
        find_dataset(spec, root, split)
    except DataError:
        return False
    return True


def open_layouts(
    spec: DiskDatasetSpec, root: Path, split: str | None = None, *, on_bad: OnBad = "stop", progress: bool = False
) -> DatasetVideos:
    """The videos of one split as a source; see :func:`vidmbench.videos.files.inspection.survey`.

    Raises:
        DataError: See :func:`find_dataset`; or videos are bad and ``on_bad`` is "stop".
    """
    local = find_dataset(spec, root, split)
    label = f"{spec.name}@{local.split}"
    if not local.items:
        single = open_single(local)
        unseen = single_findings(spec, local.split, local.root.name, len(single))
        return DatasetVideos(single, label=label, labels=None, notes=[finding.sentence() for finding in unseen])
    base = survey(survey_path(local), Found(list(local.items), list(local.notes)), on_bad=on_bad, progress=progress)
    findings = [*local.findings, *archive_finding(spec, base.size, local.depth)]
    findings += length_findings(spec, [base.num_frames(index) for index in range(len(base))])
    names = [item.name for item in local.items]
    labels = None if local.labels is None else dict(zip(names, local.labels, strict=True))
    notes = [f"{spec.name}: {local.layout}", *(finding.sentence() for finding in findings)]
    return DatasetVideos(base, label=label, labels=labels, notes=notes)


def open_single(local: LocalSplit) -> Source:
    """The videos of a root that is one file: HDF5 or an array."""
    if local.root.suffix.lower() in _ARRAYS:
        return open_array(local.root)
    # The one place where HDF5 is opened.
    from vidmbench.videos.arrays.hdf5 import open_hdf5

    return open_hdf5(local.root, split=_hdf5_split(local.spec, local.split))


def survey_path(local: LocalSplit) -> Path:
    """The name under which facts about a split's videos are remembered: each split keeps its named."""
    return local.root / f"{local.spec.name}@{local.split}"


def _single_file(root: Path, split: str | None) -> Path | None:
    """The one file that holds all videos, if there is one: the root itself, or a file in a root without folders."""
    if root.is_file():
        return root if root.suffix.lower() in (*_HDF5, *_ARRAYS) else None
    entries = visible(root.iterdir())
    files = sorted(path for path in entries if path.suffix.lower() in _HDF5)
    if not files or any(path.is_dir() for path in entries):
        return None
    named = [path for path in files if split and re.search(rf"(^|[_-]){split}($|[_-])", path.stem)]
    if len(files) > 1 and len(named) != 1:
        raise DataError(
            f"{root.name} holds several HDF5 files",
            expected=f"one whose name says {split}" if split else "one file",
            found=", ".join(path.name for path in files[:5]),
            where=str(root),
            fix="give one of them as --data-root, or name a split",
        )
    return named[0] if named else files[0]


def _hdf5_split(spec: DiskDatasetSpec, split: str) -> str | None:
    """What HDF5 files call a split; None where it is made of several."""
    parts = spec.parts(split)
    folders = parts[0].folders
    return next((name for name in ("train", "test", *folders) if name in folders), None) if len(parts) == 1 else None


def _depth_in_words(spec: DiskDatasetSpec, items: Sequence[Item], depth: int) -> str:
    parents = {PurePosixPath(item.name).parent.name.lower() for item in items}
    if depth <= 1:
        return "all in one folder"
    if parents <= {name.lower() for name in spec.classes}:
        return "in class folders"
    return f"at {depth} levels"


if TYPE_CHECKING:
    _videos: type[Source] = DatasetVideos
