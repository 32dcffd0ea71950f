"""From a name or a path to a source: data set declarations, folders, arrays, archives and controls."""

from pathlib import Path
from typing import Literal, NamedTuple

from pydantic import Field, PositiveInt

from vidmbench import resources
from vidmbench.controls import KINDS, control
from vidmbench.errors import DataError, UsageError, unknown
from vidmbench.protocols import Frozen, load_toml
from vidmbench.source import Source

OnBad = Literal["stop", "skip"]


class DatasetSpec(Frozen):
    """A data set, as protocols/datasets/NAME.toml declares it.

    Attributes:
        name: The file's name without its suffix.
        title: A line for people.
        reader: What reads it.
        splits: Its splits.
        default_split: The split that stands for the real side.
        videos: Videos a split.
        default_num_videos: Videos taken when nothing else is asked for.
        frames: Frames of a video.
        fps: Frames a second.
        resolution: Pixels, square.
        resolutions: All it can be made at; empty where the videos are as they are.
        licence: Licence of the footage.
        note: What a user should know.
    """

    name: str
    title: str
    reader: Literal["toyworld"]
    splits: tuple[str, ...] = Field(strict=False)
    default_split: str
    videos: PositiveInt
    default_num_videos: PositiveInt
    frames: PositiveInt
    fps: PositiveInt
    resolution: PositiveInt
    resolutions: tuple[PositiveInt, ...] = Field(default=(), strict=False)
    licence: str
    note: str = ""

    def other_split(self, split: str) -> str | None:
        """A split that shares no video with ``split``, or None."""
        return next((other for other in self.splits if other != split), None)


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


def dataset_names() -> list[str]:
    """Names of all declared data sets, sorted."""
    return sorted(path.stem for path in (resources.protocols_dir() / "datasets").glob("*.toml"))


def load_dataset(name: str) -> DatasetSpec:
    """Loads a data set's declaration.

    Raises:
        ProtocolError: Unknown name, or a file with mistakes.
    """
    if name not in dataset_names():
        raise unknown(
            "data set", name, dataset_names(), fix="see them all: vidmbench list datasets; or use folder:PATH"
        )
    return load_toml(resources.protocols_dir() / "datasets" / f"{name}.toml", DatasetSpec)


def open_dataset(name: str, split: str | None = None, *, resolution: int | None = None) -> Source:
    """The videos of one split.

    Args:
        name: A declared data set.
        split: One of its splits; None takes the one that stands for the real side.
        resolution: Pixels, where the data set can be made at several; None takes its usual one.

    Raises:
        ProtocolError: Unknown data set.
        DataError: Unknown split, or a resolution at which it cannot be made.
    """
    spec = load_dataset(name)
    split = split or spec.default_split
    if split not in spec.splits:
        raise unknown(f"split of {name}", split, spec.splits, error=DataError)
    known = spec.resolutions or (spec.resolution,)
    if resolution is not None and resolution not in known:
        raise DataError(
            f"{name} cannot be had at {resolution} pixels",
            expected=f"one of {', '.join(map(str, known))}",
            found=str(resolution),
        )
    from vidmbench.toyworld import ToyVideos

    return ToyVideos(split, num_videos=spec.videos, resolution=resolution or spec.resolution)


def open_real(text: str, *, on_bad: OnBad = "stop", resolution: int | None = None) -> tuple[Source, DatasetSpec | None]:
    """The real side, as ``--dataset`` names it.

    Args:
        text: A data set's name, with ``@SPLIT`` and ``/PIXELS`` if wanted, or ``folder:PATH``.
        on_bad: Whether unusable files stop the work or are left out.
        resolution: The model's; taken where the name gives none and the data set can be made at it.

    Returns:
        The source, and the data set's declaration unless it is a bare folder.
    """
    if text.startswith("folder:"):
        return _open_path(text.removeprefix("folder:"), on_bad), None
    name, split, pixels = parse_dataset(text)
    spec = load_dataset(name)
    if pixels is None and resolution in spec.resolutions:
        pixels = resolution
    return open_dataset(name, split, resolution=pixels), spec


def open_any(text: str, *, real: str | None = None, on_bad: OnBad = "stop", seed: int = 0) -> Source:
    """One side of ``score``: a path, ``dataset:NAME[@SPLIT]`` or ``control:NAME``.

    Args:
        text: What the user wrote.
        real: The real side as the user wrote it; controls are made from it.
        on_bad: Whether unusable files stop the work or are left out.
        seed: Seed of the controls' random choices.
    """
    if text.startswith("dataset:"):
        return open_real(text.removeprefix("dataset:"))[0]
    if text.startswith("control:"):
        if real is None or real.startswith("control:"):
            raise UsageError("a control is made from the real side", found=text, fix="give it as the second source")
        is_named = real.startswith("dataset:")
        named = real.removeprefix("dataset:") if is_named else f"folder:{real.removeprefix('folder:')}"
        return open_control(text.removeprefix("control:"), named, on_bad=on_bad, seed=seed)
    return _open_path(text.removeprefix("folder:"), on_bad)


def open_control(kind: str, real: str, *, on_bad: OnBad = "stop", seed: int = 0) -> Source:
    """A control made from the real side: from its other split, or paired with it where it has only one.

    Args:
        kind: A control's name, such as ``static``.
        real: The real side as ``--dataset`` names it.
        on_bad: Whether unusable files stop the work or are left out.
        seed: Seed of the control's random choices.

    Raises:
        DataError: ``real`` was asked of a source with one split: it would be scored against itself.
    """
    if kind not in KINDS:
        raise unknown("control", kind, KINDS, error=UsageError, fix="see them all: vidmbench list models")
    source, spec = open_real(real, on_bad=on_bad)
    if spec is not None:
        _, split, pixels = parse_dataset(real)
        other = spec.other_split(split or spec.default_split)
        if other is not None:
            return control(kind, open_dataset(spec.name, other, resolution=pixels), seed=seed, is_paired=False)
    if kind == "real":
        raise DataError(
            "control:real needs a second split of the real data",
            expected="a data set with two splits, such as clevrer-mini",
            found=f"{real}, which has one",
            fix="score another control, or give the other half as a folder of its own",
        )
    return control(kind, source, seed=seed, is_paired=True)


def _open_path(text: str, on_bad: OnBad) -> Source:
    if not text.strip():
        raise UsageError("a source without a path", expected="a folder, zip, npy, npz or video file", found="nothing")
    if not Path(text).expanduser().exists():
        named = [f"dataset:{text}"] if text in dataset_names() else [f"control:{text}"] if text in KINDS else []
        if named:
            raise UsageError(f"there is no {text} here", found=text, fix=f"did you mean {named[0]}?")
    from vidmbench.videos import open_source

    return open_source(Path(text).expanduser(), on_bad=on_bad, progress=True)
