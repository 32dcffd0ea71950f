"""What the names of a data set's videos show: that it is this data set, the class, how deep the folders go."""

import re
from collections.abc import Sequence
from pathlib import PurePosixPath

from vidmbench.core.errors import DataError
from vidmbench.sources.datasets.disk_findings import Finding, videos
from vidmbench.sources.datasets.disk_listing import Tree, generated_by, key_of
from vidmbench.sources.datasets.spec import DiskDatasetSpec, dataset_names, load_dataset
from vidmbench.videos.files.video_files import Item


def check_identity(spec: DiskDatasetSpec, tree: Tree) -> list[Finding]:
    """Makes sure that the root holds this data set and no other.

    Raises:
        DataError: Its videos have the names of another data set.
    """
    generated = generated_by(tree.root)
    if generated is not None and generated != spec.name:
        raise _other(spec, tree, generated, f"a folder that vidmbench data make wrote as {generated}")
    keys = [key_of(item) for item in tree.items]
    fits = matching(spec.names, keys)
    for name in dataset_names():
        other = load_dataset(name)
        if isinstance(other, DiskDatasetSpec) and name != spec.name:
            foreign = matching(other.names, keys)
            if len(foreign) > len(fits):
                raise _other(spec, tree, name, f"{len(foreign)} of {len(keys)} named such as {foreign[0]}")
            if foreign and fits:
                raise DataError(
                    f"{tree.root.name} holds more than one data set",
                    expected=f"{spec.name} alone: {spec.holds}",
                    found=f"{videos(len(fits))} of {spec.name} and {len(foreign)} of {name}",
                    where=str(tree.root),
                    fix=f"give the folder of {spec.name} alone",
                )
    if len(fits) == len(keys):
        return []
    strange = sorted(set(keys) - set(fits))
    if not fits and spec.classes and not tree.numbers and not any(_class_of(spec, item, tree) for item in tree.items):
        folders = sorted({PurePosixPath(item.name).parent.name for item in tree.items} - {""})
        if folders:
            raise DataError(
                f"{tree.root.name} is not {spec.name}: neither its files nor its folders are named after its classes",
                expected=f"{spec.holds}; names such as {spec.example}",
                found=", ".join([*folders[:3], *strange[:2]]),
                where=str(tree.root),
                fix=f"give the folder of {spec.name}, or score this as folder:PATH",
            )
    text = f"{len(keys) - len(fits)} of {len(keys)} videos have other names, first {strange[0]}"
    meaning = "not those of the release; so the data set cannot be identified from them"
    return [Finding(f"names such as {spec.example}", text, meaning)]


def labels_of(spec: DiskDatasetSpec, tree: Tree, items: Sequence[Item]) -> tuple[int | None, ...] | None:
    """The class of every video: the position in the declaration, or what a dataset.json says; None without classes."""
    labels = tuple(_class_of(spec, item, tree) for item in items)
    return None if all(label is None for label in labels) else labels


def covered_classes(labels: Sequence[int | None] | None, indices: Sequence[int]) -> int | None:
    """How many classes the picked videos cover.

    Args:
        labels: The class of every video of a source; None where it has none.
        indices: The picked videos.

    Returns:
        A number, or None where there are no classes.
    """
    if labels is None:
        return None
    return len({labels[index] for index in indices} - {None})


def levels(spec: DiskDatasetSpec, items: Sequence[Item]) -> int:
    """Levels of folders from the split's folder down to the video itself; the most frequent number."""
    folders = folder_names(spec)
    depths = []
    wrappers = _common([PurePosixPath(item.name).parts[:-1] for item in items]) if len(items) > 1 else 0
    for item in items:
        parts = PurePosixPath(item.name).parts
        at = next((index for index, part in enumerate(parts[:-1]) if part.lower() in folders), None)
        depths.append(len(parts) - (wrappers if at is None else at + 1))
    return max(set(depths), key=depths.count)


def folder_names(spec: DiskDatasetSpec) -> set[str]:
    """The names of all folders that hold a split, lower case."""
    return {name for split in spec.splits.values() for name in split.folders}


def matching(pattern: str, keys: Sequence[str]) -> list[str]:
    """The keys that a regular expression fits."""
    compiled = re.compile(pattern)
    return [key for key in keys if compiled.search(key)]


def _class_of(spec: DiskDatasetSpec, item: Item, tree: Tree) -> int | None:
    known = {name.lower(): index for index, name in enumerate(spec.classes)}
    match = re.search(spec.label, key_of(item)) if spec.label else None
    names = [match.group(1)] if match else []
    names.append(PurePosixPath(item.name).parent.name)
    for name in names:
        if name.lower() in known:
            return known[name.lower()]
    return tree.numbers.get(key_of(item))


def _common(folders: Sequence[Sequence[str]]) -> int:
    """How many leading folders all paths share."""
    shared = 0
    for names in zip(*folders, strict=False):
        if len(set(names)) > 1:
            break
        shared += 1
    return shared


def _other(spec: DiskDatasetSpec, tree: Tree, other: str, evidence: str) -> DataError:
    return DataError(
        f"{tree.root.name} is not {spec.name}: it looks like {other}",
        expected=f"names such as {spec.example}",
        found=evidence,
        where=str(tree.root),
        fix=f"--dataset {other}, or give the folder of {spec.name}",
    )
