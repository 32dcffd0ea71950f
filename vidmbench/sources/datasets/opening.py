"""From a name or a path to a source: data set declarations, folders, arrays, archives and controls."""

from pathlib import Path
from typing import NamedTuple

from vidmbench.core.errors import DataError, UsageError, unknown
from vidmbench.core.vocabulary import OnBad
from vidmbench.protocols.stages import DatasetStage
from vidmbench.sources.controls import KINDS, control
from vidmbench.sources.datasets.spec import (
    DatasetSpec,
    DiskDatasetSpec,
    ProceduralDatasetSpec,
    dataset_names,
    load_dataset,
)
from vidmbench.sources.names import CONTROL
from vidmbench.videos.source import Source

__all__ = [
    "DatasetName",
    "DatasetSpec",
    "DiskDatasetSpec",
    "OnBad",
    "ProceduralDatasetSpec",
    "dataset_names",
    "load_dataset",
    "open_any",
    "open_control",
    "open_dataset",
    "open_real",
    "paired_control",
    "parse_dataset",
]


class DatasetName(NamedTuple):
    """A data set as the command line names it: NAME, NAME@SPLIT, NAME/PIXELS or NAME@SPLIT/PIXELS."""

    name: str
    split: str | None
    resolution: int | None


def parse_dataset(text: str) -> DatasetName:
    """Takes a data set's name apart; ``folder:PATH`` stays whole.

    Raises:
        UsageError: The resolution is no number.
    """
    if text.startswith("folder:"):
        return DatasetName(text, None, None)
    rest, slash, pixels = text.partition("/")
    name, _, split = rest.partition("@")
    if slash and not pixels.isdecimal():
        raise UsageError("the resolution is no number", expected="NAME@SPLIT/PIXELS", found=text, where="--dataset")
    return DatasetName(name, split or None, int(pixels) if pixels else None)


def open_dataset(
    name: str,
    split: str | None = None,
    *,
    resolution: int | None = None,
    data_root: Path | None = None,
    on_bad: OnBad = "stop",
    stage: DatasetStage | None = None,
) -> Source:
    """The videos of one split.

    Args:
        name: A declared data set.
        split: One of its splits; None takes the one that stands for the real side.
        resolution: Pixels, where the data set can be made at several; None takes its usual one.
        data_root: Where a data set that the user owns lies, see :func:`vidmbench.sources.datasets.disk.root_of`.
        on_bad: Whether unusable files of such a data set stop the work or are left out.
        stage: How a protocol crops and resizes such a data set, and which split it takes; None leaves it as it is.

    Raises:
        ProtocolError: Unknown data set.
        UsageError: The user owns the data set, and nobody said where it lies.
        DataError: Unknown split, a resolution at which it cannot be made, or files that cannot be used.
    """
    spec = load_dataset(name)
    split = split or split_of(spec, stage)
    if split not in spec.splits:
        raise unknown(f"split of {name}", split, spec.splits, error=DataError)
    known = (spec.resolutions or (spec.resolution,)) if isinstance(spec, ProceduralDatasetSpec) else ()
    is_resized = stage is not None and stage.pre_resize != "none"
    if resolution is not None and resolution not in known and not is_resized:
        raise DataError(
            f"{name} cannot be had at {resolution} pixels",
            expected=f"one of {', '.join(map(str, known))}" if known else "the videos as they are on disk",
            found=str(resolution),
            fix=None if known else f"--dataset {name}@{split}; the protocol crops and resizes",
        )
    if isinstance(spec, DiskDatasetSpec):
        from vidmbench.sources.datasets.disk import open_layouts, root_of
        from vidmbench.videos.packed.reader import is_prepared
        from vidmbench.videos.pre_resize import PreResizedSource

        root = root_of(spec, data_root)
        if is_prepared(root):
            return _prepared(spec, split, root, stage)
        source = open_layouts(spec, root, split, on_bad=on_bad, progress=True)
        return PreResizedSource(source, stage.pre_resize, stage.resolution) if stage is not None else source
    from vidmbench.sources.clevrer_mini import ToyVideos

    return ToyVideos(split, num_videos=spec.videos, resolution=resolution or spec.resolution)


def split_of(spec: DatasetSpec, stage: DatasetStage | None = None) -> str:
    """The split that stands for the real side where none is named."""
    return stage.splits.get(spec.name, spec.default_split) if stage is not None else spec.default_split


def _prepared(spec: DiskDatasetSpec, split: str, root: Path, stage: DatasetStage | None) -> Source:
    """A split out of a file that ``data prepare`` wrote.

    Raises:
        DataError: It holds another data set or split, or was prepared with other settings.
    """
    from vidmbench.videos.packed.reader import open_prepared

    rule, pixels = (stage.pre_resize, stage.resolution) if stage is not None else (None, None)
    return open_prepared(root, rule=rule, pixels=pixels, label=f"{spec.name}@{split}")


def open_real(
    text: str,
    *,
    on_bad: OnBad = "stop",
    resolution: int | None = None,
    data_root: Path | None = None,
    stage: DatasetStage | None = None,
) -> tuple[Source, DatasetSpec | None]:
    """The real side, as ``--dataset`` names it.

    Args:
        text: A data set's name, with ``@SPLIT`` and ``/PIXELS`` if wanted, or ``folder:PATH``.
        on_bad: Whether unusable files stop the work or are left out.
        resolution: The model's; taken where the name gives none and the data set can be made at it.
        data_root: Where a data set that the user owns lies.
        stage: See :func:`open_dataset`.

    Returns:
        The source, and the data set's declaration unless it is a bare folder.
    """
    if text.startswith("folder:"):
        return _open_path(text.removeprefix("folder:"), on_bad), None
    name, split, pixels = parse_dataset(text)
    spec = load_dataset(name)
    if pixels is None and resolution in spec.resolutions:
        pixels = resolution
    source = open_dataset(name, split, resolution=pixels, data_root=data_root, on_bad=on_bad, stage=stage)
    return source, spec


def spec_of(text: str) -> DatasetSpec | None:
    """The declaration of a data set as ``--dataset`` names it; None for ``folder:PATH``."""
    return None if text.startswith("folder:") else load_dataset(parse_dataset(text).name)


def open_any(
    text: str, *, real: str | None = None, on_bad: OnBad = "stop", seed: int = 0, data_root: Path | None = None
) -> Source:
    """One side of ``score``: a path, ``dataset:NAME[@SPLIT]`` or ``control:NAME``.

    Args:
        text: What the user wrote.
        real: The real side as the user wrote it; controls are made from it.
        on_bad: Whether unusable files stop the work or are left out.
        seed: Seed of the controls' random choices.
        data_root: Where a data set that the user owns lies.
    """
    if text.startswith("dataset:"):
        return open_real(text.removeprefix("dataset:"), on_bad=on_bad, data_root=data_root)[0]
    if text.startswith(CONTROL):
        if real is None or real.startswith(CONTROL):
            raise UsageError("a control is made from the real side", found=text, fix="give it as the second source")
        is_named = real.startswith("dataset:")
        named = real.removeprefix("dataset:") if is_named else f"folder:{real.removeprefix('folder:')}"
        return open_control(text.removeprefix(CONTROL), named, on_bad=on_bad, seed=seed, data_root=data_root)
    return _open_path(text.removeprefix("folder:"), on_bad)


def open_control(
    kind: str,
    real: str,
    *,
    on_bad: OnBad = "stop",
    seed: int = 0,
    data_root: Path | None = None,
    stage: DatasetStage | None = None,
) -> Source:
    """A control made from the real side: from its other split, or paired with it where it has only one.

    Args:
        kind: A control's name, such as ``static``.
        real: The real side as ``--dataset`` names it.
        on_bad: Whether unusable files stop the work or are left out.
        seed: Seed of the control's random choices.
        data_root: Where a data set that the user owns lies.
        stage: See :func:`open_dataset`.

    Raises:
        DataError: ``real`` was asked of a source with one split: it would be scored against itself.
    """
    check_control(kind)
    source, spec = open_real(real, on_bad=on_bad, data_root=data_root, stage=stage)
    if spec is not None:
        _, split, pixels = parse_dataset(real)
        other = _other_split(spec, split or split_of(spec, stage), data_root)
        if other is not None:
            base = open_dataset(spec.name, other, resolution=pixels, data_root=data_root, on_bad=on_bad, stage=stage)
            return control(kind, base, seed=seed, is_paired=False)
    missing = f"{real}, which has one" if spec is None else f"{real}, of which this copy holds no other split"
    return paired_control(kind, source, seed=seed, found=missing)


def paired_control(kind: str, real: Source, *, seed: int = 0, found: str | None = None) -> Source:
    """A control made from the very videos that it is scored against.

    Args:
        kind: A control's name, such as ``static``.
        real: The real side.
        seed: Seed of the control's random choices.
        found: What there is instead of a second split, for the message; by default the source's label.

    Raises:
        UsageError: Unknown control.
        DataError: ``real`` was asked for: it would be scored against itself.
    """
    check_control(kind)
    if kind == "real":
        raise DataError(
            "control:real needs a second split of the real data",
            expected="a data set with two splits, such as clevrer-mini",
            found=found or real.label,
            fix="score another control, or give the other half as a folder of its own",
        )
    return control(kind, real, seed=seed, is_paired=True)


def check_control(kind: str) -> None:
    """Refuses a control that nobody knows.

    Raises:
        UsageError: Unknown control.
    """
    if kind not in KINDS:
        raise unknown("control", kind, KINDS, error=UsageError, fix="see them all: vidmbench list models")


def _other_split(spec: DatasetSpec, split: str, data_root: Path | None) -> str | None:
    """A split that shares no video with this one, if this copy of the data set has it."""
    other = spec.other_split(split)
    if other is None or isinstance(spec, ProceduralDatasetSpec):
        return other
    from vidmbench.sources.datasets.disk import has_split, root_of
    from vidmbench.videos.packed.reader import is_prepared

    if is_prepared(root_of(spec, data_root)):
        return None  # a prepared file holds one split
    return other if has_split(spec, root_of(spec, data_root), other) else None


def _open_path(text: str, on_bad: OnBad) -> Source:
    if not text.strip():
        raise UsageError("a source without a path", expected="a folder, zip, npy, npz or video file", found="nothing")
    if not Path(text).expanduser().exists():
        named = [f"dataset:{text}"] if text in dataset_names() else [f"control:{text}"] if text in KINDS else []
        if named:
            raise UsageError(f"there is no {text} here", found=text, fix=f"did you mean {named[0]}?")
    from vidmbench.sources.baselines.samples import open_prefixed
    from vidmbench.videos import open_source

    prefixed = open_prefixed(text, on_bad=on_bad)
    if prefixed is not None:
        return prefixed
    return open_source(Path(text).expanduser(), on_bad=on_bad, progress=True)
