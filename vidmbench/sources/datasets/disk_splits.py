"""Which of a data set's videos belong to a split, and to which class: by lists, numbers, folders, in this order."""

import re
from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from vidmbench.core.errors import DataError, unknown
from vidmbench.core.text import lines_of
from vidmbench.sources.datasets.disk_findings import Finding, videos
from vidmbench.sources.datasets.disk_listing import Tree, key_of
from vidmbench.sources.datasets.disk_names import folder_names, matching
from vidmbench.sources.datasets.spec import DiskDatasetSpec, SplitSpec
from vidmbench.videos.files.video_files import FrameFolder, Item

#: Where people keep ucfTrainTestlist: in the root, in root/train (DIGAN), or next to the root.
_LIST_FOLDERS = ("ucfTrainTestlist", "UCF101TrainTestSplits-RecognitionTask/ucfTrainTestlist", "annotations")


class Chosen(NamedTuple):
    """The videos of one split.

    Attributes:
        items: In natural order.
        how: How they were distinguished from other splits, in words.
        findings: What a user should know.
    """

    items: list[Item]
    how: str
    findings: list[Finding]


def choose(spec: DiskDatasetSpec, tree: Tree, split: str) -> Chosen:
    """The videos of a split.

    Raises:
        DataError: Unknown split, or one that this copy does not have.
    """
    if split not in spec.splits:
        raise unknown(f"split of {spec.name}", split, spec.splits, error=DataError)
    parts = spec.parts(split)
    lists = [name for part in parts for name in part.lists]
    paths = [path for path in (_find_list(tree.root, name) for name in lists) if path]
    if lists and len(paths) == len(lists):
        chosen = _by_lists(spec, tree, split, paths)
    elif all(part.numbers for part in parts) and matching(spec.number, [key_of(item) for item in tree.items]):
        chosen = _by_numbers(spec, tree, split, parts)
        if lists:
            missing = " and ".join(name for name in lists if _find_list(tree.root, name) is None)
            meaning = "split by the groups in the names, by which the lists were made"
            chosen.findings.append(Finding(f"{missing} in ucfTrainTestlist", "no such list", meaning))
    else:
        chosen = _by_folders(spec, tree, split, parts)
    items, doubles = _without_doubles(spec, chosen.items)
    return Chosen(items, chosen.how, [*chosen.findings, *_conflicts(spec, parts, items), *doubles])


def _by_lists(spec: DiskDatasetSpec, tree: Tree, split: str, paths: Sequence[Path]) -> Chosen:
    listed: dict[str, str] = {}
    for path in paths:
        for line in lines_of(path.read_text(encoding="utf-8", errors="replace")):
            if line.strip():
                entry = PurePosixPath(line.split()[0].replace("\\", "/"))
                listed[entry.stem.lower()] = str(entry)
    items = [item for item in tree.items if key_of(item).lower() in listed]
    names = " and ".join(path.name for path in paths)
    if not items:
        raise DataError(
            f"none of the videos is listed in {names}",
            expected=f"videos such as {next(iter(listed.values()), 'Class/v_Class_g01_c01.avi')}",
            found=f"{videos(len(tree.items))}, such as {tree.items[0].name}",
            where=str(tree.root),
            fix=f"give the folder with {spec.holds}",
        )
    there = {key_of(item).lower() for item in items}
    missing = [entry for key, entry in listed.items() if key not in there]
    findings = []
    if missing:
        text = f"{len(there)} are here; {len(missing)} are missing, first {missing[0]}"
        meaning = "an incomplete copy: compare scores only with those of the same videos"
        findings.append(Finding(f"the {len(listed)} videos in {names}", text, meaning))
    if spec.splits[split].is_whole and len(items) < len(tree.items):
        text = f"{videos(len(tree.items) - len(items))} in neither list"
        findings.append(Finding("", text, "they were skipped"))
    return Chosen(items, f"split by {names}", findings)


def _by_numbers(spec: DiskDatasetSpec, tree: Tree, split: str, parts: Sequence[SplitSpec]) -> Chosen:
    numbers = [re.search(spec.number, key_of(item)) for item in tree.items]

    def pick(parts: Sequence[SplitSpec]) -> list[Item]:
        ranges = [pair for part in parts for pair in part.numbers]
        return [
            item
            for item, match in zip(tree.items, numbers, strict=True)
            if match and any(low <= int(match.group(1)) <= high for low, high in ranges)
        ]

    items = pick(parts)
    if not items:
        ranges = ", ".join(f"{low} to {high}" for part in parts for low, high in part.numbers)
        raise _no_split(spec, tree, split, f"numbers {ranges} in the names", pick)
    return Chosen(items, "split by the numbers in the names", [])


def _by_folders(spec: DiskDatasetSpec, tree: Tree, split: str, parts: Sequence[SplitSpec]) -> Chosen:
    known = folder_names(spec)
    folders = {name for part in parts for name in part.folders}
    parents = [_split_folder(known, item) for item in tree.items]
    if not any(parents):
        return _undivided(spec, tree, split, folders)

    def pick(parts: Sequence[SplitSpec]) -> list[Item]:
        names = {name for part in parts for name in part.folders}
        return [item for item, parent in zip(tree.items, parents, strict=True) if parent in names]

    items = pick(parts)
    if not items:
        lists = ", ".join(name for part in parts for name in part.lists)
        raise _no_split(spec, tree, split, f"a folder {' or '.join(sorted(folders))}" if folders else lists, pick)
    findings = []
    absent = [part for part in parts if not set(part.folders) & set(parents)]
    if absent:
        expected = " and ".join(part.folders[0] for part in parts)
        text = f"{' and '.join(sorted({parent for parent in parents if parent}))} only"
        findings.append(Finding(f"folders {expected}", text, f"{split} lacks the videos of the other"))
    if None in parents:
        first = next(item.name for item, parent in zip(tree.items, parents, strict=True) if parent is None)
        text = f"{videos(parents.count(None))} outside the splits' folders, first {first}"
        findings.append(Finding("", text, "they were skipped"))
    return Chosen(items, "split by folders", findings)


def _undivided(spec: DiskDatasetSpec, tree: Tree, split: str, folders: set[str]) -> Chosen:
    """No folder inside is named after a split: the root is one split itself, or splits are unknown."""
    root_name = tree.root.stem.lower()
    is_split = root_name in folder_names(spec)
    if root_name in folders and not spec.splits[split].is_whole:
        return Chosen(tree.items, f"{tree.root.name} is one split", [])
    is_default = spec.parts(split) == spec.parts(spec.default_split)
    if is_split or not (is_default or spec.splits[split].is_whole):
        raise DataError(
            f"{spec.name} has no split {split!r} here",
            expected=f"a folder {' or '.join(sorted(folders))}" if folders else spec.holds,
            found=f"{videos(len(tree.items))} in {tree.root.name}, "
            + ("which is another split" if is_split else "which is not divided into splits"),
            where=str(tree.root),
            fix="give the folder above it"
            if is_split
            else f"--dataset {spec.name}@{spec.default_split} takes them all",
        )
    if spec.splits[split].is_whole:
        return Chosen(tree.items, "no splits", [])
    meaning = f"all videos were taken as {split}"
    return Chosen(tree.items, "no splits", [Finding("folders or lists that define the splits", "none", meaning)])


def _no_split(
    spec: DiskDatasetSpec, tree: Tree, split: str, expected: str, pick: Callable[[Sequence[SplitSpec]], list[Item]]
) -> DataError:
    """Names the splits that would have worked."""
    there = {name: len(pick([other])) for name, other in spec.splits.items() if not other.parts}
    there = {name: count for name, count in there.items() if count}
    first = next(iter(there), None)
    return DataError(
        f"{spec.name} has no split {split!r} here",
        expected=expected,
        found=", ".join(f"{name} ({videos(count)})" for name, count in there.items())
        or f"{videos(len(tree.items))} of no known split",
        where=str(tree.root),
        fix=(f"--dataset {spec.name}@{first}, or get the rest: " if first else "get it: ") + spec.get,
    )


def _conflicts(spec: DiskDatasetSpec, parts: Sequence[SplitSpec], items: Sequence[Item]) -> list[Finding]:
    """Videos whose list or number contradicts their folder."""
    own_folders = {name for part in parts for name in part.folders}
    if not own_folders:
        return []
    others = folder_names(spec) - own_folders
    # DIGAN keeps all of UCF-101 in one folder called train: a root with one split's folder says nothing.
    parents = {_split_folder(own_folders | others, item) for item in items}
    elsewhere = [item for item in items if _split_folder(own_folders | others, item) in others]
    if not elsewhere or len(parents) == 1:
        return []
    text = f"{videos(len(elsewhere))} in the folder of another split, first {elsewhere[0].name}"
    return [Finding("", text, "lists and numbers in the names decide, not the folder")]


def _without_doubles(spec: DiskDatasetSpec, items: Sequence[Item]) -> tuple[list[Item], list[Finding]]:
    """Skips videos that exist twice, in two folders or in two formats; files go before their frames."""
    first: dict[str, Item] = {}
    for item in sorted(items, key=lambda item: isinstance(item, FrameFolder)):
        key = key_of(item).lower() if re.search(spec.names, key_of(item)) else item.name
        first.setdefault(key, item)
    unique = {item.name for item in first.values()}
    doubles = [item for item in items if item.name not in unique]
    if not doubles:
        return list(items), []
    text = f"{videos(len(doubles))} here twice, such as {doubles[0].name}"
    finding = Finding("each video once", text, "each was counted once; where both exist the file, not its frames")
    return [item for item in items if item.name in unique], [finding]


def _find_list(root: Path, name: str) -> Path | None:
    base = root if root.is_dir() else root.parent
    paths = [base / name, *(folder / inner / name for folder in (base, base / "train") for inner in _LIST_FOLDERS)]
    paths += [base / "train" / name, *(base.absolute().parent / inner / name for inner in _LIST_FOLDERS[:2])]
    return next((path for path in paths if path.is_file()), None)


def _split_folder(known: set[str], item: Item) -> str | None:
    parts = PurePosixPath(item.name).parts[:-1]
    return next((part.lower() for part in parts if part.lower() in known), None)
