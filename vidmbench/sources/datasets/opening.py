"""Declared data sets, opened: from a declaration and a split to a source of videos."""

from dataclasses import dataclass
from pathlib import Path

from vidmbench.core.errors import DataError, unknown
from vidmbench.core.vocabulary import OnBad
from vidmbench.protocols.stages import DatasetStage
from vidmbench.sources.datasets.spec import DatasetSpec, DiskDatasetSpec, ProceduralDatasetSpec
from vidmbench.videos.source import Source


@dataclass(frozen=True)
class Reading:
    """How files are read.

    Attributes:
        on_bad: Whether videos that cannot be used stop the work or are skipped.
        data_root: Folder or file of data sets that the user has on disk, see
            :func:`vidmbench.sources.datasets.disk.root_of`.
    """

    on_bad: OnBad = "stop"
    data_root: Path | None = None


#: Unusable videos stop the work, and no folder is named.
DEFAULT_READING = Reading()


def open_dataset(
    dataset: DatasetSpec,
    split: str | None = None,
    *,
    reading: Reading = DEFAULT_READING,
    resolution: int | None = None,
    stage: DatasetStage | None = None,
) -> Source:
    """The videos of one split.

    Args:
        dataset: The declaration.
        split: One of its splits; None takes that of the real side.
        reading: How its files are read, where it has files.
        resolution: Pixels, where the data set can be made at several; None takes its usual one.
        stage: How a protocol crops and resizes a data set on disk, and which split it takes; None leaves it as it is.

    Raises:
        UsageError: The data set is on the user's disk, and no ``data_root`` was given.
        DataError: Unknown split, a resolution at which it cannot be made, or files that cannot be used.
    """
    split = split or split_of(dataset, stage)
    if split not in dataset.splits:
        raise unknown(f"split of {dataset.name}", split, dataset.splits, error=DataError)
    _check_resolution(dataset, split, resolution, stage)
    if isinstance(dataset, DiskDatasetSpec):
        return _open_on_disk(dataset, split, reading, stage)
    from vidmbench.sources.clevrer_mini import ToyVideos

    return ToyVideos(split, num_videos=dataset.videos, resolution=resolution or dataset.resolution)


def split_of(dataset: DatasetSpec, stage: DatasetStage | None = None) -> str:
    """The split of the real side where none is named."""
    return stage.splits.get(dataset.name, dataset.default_split) if stage is not None else dataset.default_split


def other_split_of(dataset: DatasetSpec, split: str, data_root: Path | None) -> str | None:
    """A split that shares no video with this one, if this copy of the data set has it."""
    other = dataset.other_split(split)
    if other is None or isinstance(dataset, ProceduralDatasetSpec):
        return other
    from vidmbench.sources.datasets.disk import has_split, root_of
    from vidmbench.videos.packed.reader import is_prepared

    root = root_of(dataset, data_root)
    if is_prepared(root):
        return None  # a prepared file holds one split
    return other if has_split(dataset, root, other) else None


def _check_resolution(dataset: DatasetSpec, split: str, resolution: int | None, stage: DatasetStage | None) -> None:
    """Refuses a resolution at which the data set is not available."""
    known = (dataset.resolutions or (dataset.resolution,)) if isinstance(dataset, ProceduralDatasetSpec) else ()
    is_resized = stage is not None and stage.pre_resize != "none"
    if resolution is not None and resolution not in known and not is_resized:
        raise DataError(
            f"{dataset.name} is not available at {resolution} pixels",
            expected=f"one of {', '.join(map(str, known))}" if known else "the videos as they are on disk",
            found=str(resolution),
            fix=None if known else f"--dataset {dataset.name}@{split}; the protocol crops and resizes",
        )


def _open_on_disk(dataset: DiskDatasetSpec, split: str, reading: Reading, stage: DatasetStage | None) -> Source:
    """A split of the user's own copy, or of a file that ``data prepare`` wrote.

    Raises:
        DataError: The file holds another data set or split, or was prepared with other settings.
    """
    from vidmbench.sources.datasets.disk import open_layouts, root_of
    from vidmbench.videos.packed.reader import is_prepared, open_prepared
    from vidmbench.videos.pre_resize import PreResizedSource

    root = root_of(dataset, reading.data_root)
    if is_prepared(root):
        rule, pixels = (stage.pre_resize, stage.resolution) if stage is not None else (None, None)
        return open_prepared(root, rule=rule, pixels=pixels, label=f"{dataset.name}@{split}")
    source = open_layouts(dataset, root, split, on_bad=reading.on_bad, progress=True)
    return PreResizedSource(source, stage.pre_resize, stage.resolution) if stage is not None else source
