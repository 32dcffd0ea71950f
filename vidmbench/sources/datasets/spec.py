"""What protocols/datasets/NAME.toml may say: a data set made on the spot, or one whose files the user owns."""

import re
from pathlib import Path
from typing import Annotated, Literal, Self, TypeAlias

from pydantic import BaseModel, Field, NonNegativeInt, PositiveFloat, PositiveInt, model_validator

from vidmbench.core import resources
from vidmbench.core.arguments import name_or_path
from vidmbench.core.declarations import Frozen, validated
from vidmbench.core.errors import unknown
from vidmbench.core.json_toml import read_toml

_Words = Annotated[tuple[str, ...], Field(strict=False)]
_Ranges = Annotated[
    tuple[Annotated[tuple[NonNegativeInt, NonNegativeInt], Field(strict=False)], ...], Field(strict=False)
]


class ProceduralDatasetSpec(Frozen):
    """A built-in data set.

    Attributes:
        name: The file's name without its suffix.
        title: A line for people.
        reader: What reads it.
        splits: Its splits.
        default_split: The split that serves as the real side.
        videos: Videos a split.
        default_num_videos: Videos taken when nothing else is asked for.
        frames: Frames of a video.
        fps: Frames per second.
        resolution: Pixels, square.
        resolutions: All it can be made at; empty where the videos are as they are.
        licence: Licence of the footage.
        note: What a user should know.
    """

    name: str
    title: str
    reader: Literal["toyworld"]
    splits: _Words
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


class SplitSpec(Frozen):
    """One split of a data set on disk, and the ways to tell which videos belong to it.

    Attributes:
        videos: How many the release has; None where no count was published.
        other: A split that shares no video with it; empty where there is none.
        parts: Splits that it is made of; the ways below are theirs then.
        folders: Names of folders that hold it, lower case.
        lists: Official lists of its videos.
        numbers: Ranges, both ends included, of the number in a video's name.
        is_whole: Whether it is everything there is.
        note: What a user should know.
    """

    videos: PositiveInt | None = None
    other: str = ""
    parts: _Words = ()
    folders: _Words = ()
    lists: _Words = ()
    numbers: _Ranges = ()
    is_whole: bool = False
    note: str = ""


class ArchiveSpec(Frozen):
    """One of the forms in which a data set circulates, detected from the size of its frames.

    Attributes:
        name: What people call it.
        size: Height and width of its frames, pixels.
        depth: Levels of folders from the split's folder down to the video itself; None where it tells nothing.
        note: What a user should know.
    """

    name: str
    size: Annotated[tuple[PositiveInt, PositiveInt], Field(strict=False)]
    depth: PositiveInt | None = None
    note: str = ""


class DiskDatasetSpec(Frozen):
    """A data set that the user has on disk, in whatever layout.

    Attributes:
        name: The file's name without its suffix.
        title: A line for people.
        reader: What reads it.
        splits: Its splits by name.
        default_split: The split that serves as the real side.
        default_num_videos: Videos taken when nothing else is asked for.
        frames: Fewest and most frames of a video in the release; None where not known.
        fps: Lowest and highest frame rate of the release; None where frames carry none.
        strides: Distances of frames that codes score it at.
        names: Regular expression that the name of a video of the release fits, without folder and suffix.
        example: Such a name.
        number: Regular expression whose first group is the number that :attr:`SplitSpec.numbers` speaks of.
        label: Regular expression whose first group is the class in a video's name.
        classes: Names of the classes; a label is the position in this list.
        archives: The forms that circulate.
        holds: What the folder given with ``--data-root`` should contain.
        get: Where to get it.
        licence: Licence of the footage.
        source: Where the numbers above come from.
        note: What a user should know.
    """

    name: str
    title: str
    reader: Literal["layouts"]
    splits: dict[str, SplitSpec] = Field(min_length=1)
    default_split: str
    default_num_videos: PositiveInt = 2048
    frames: Annotated[tuple[PositiveInt, PositiveInt], Field(strict=False)] | None = None
    fps: Annotated[tuple[PositiveFloat, PositiveFloat], Field(strict=False)] | None = None
    strides: Annotated[tuple[PositiveInt, ...], Field(strict=False)] = (1, 4)
    names: str
    example: str
    number: str = ""
    label: str = ""
    classes: _Words = ()
    archives: tuple[ArchiveSpec, ...] = Field(default=(), strict=False)
    holds: str
    get: str
    licence: str
    source: str
    note: str = ""

    @property
    def resolutions(self) -> tuple[int, ...]:
        """Empty: the videos are as they are; a protocol crops and resizes them."""
        return ()

    @model_validator(mode="after")
    def _splits_go_together(self) -> Self:
        named = [self.default_split]
        for split in self.splits.values():
            named += [*split.parts, *([split.other] if split.other else [])]
        missing = sorted(set(named) - self.splits.keys())
        if missing:
            raise ValueError(f"splits lacks {', '.join(missing)}")
        return self

    @model_validator(mode="after")
    def _patterns_work(self) -> Self:
        for key in ("names", "number", "label"):
            try:
                pattern = re.compile(getattr(self, key))
            except re.error as error:
                raise ValueError(f"{key} is not a regular expression: {error}") from error
            if key != "names" and getattr(self, key) and pattern.groups != 1:
                raise ValueError(f"{key} needs one group")
            if getattr(self, key) and not pattern.search(self.example):
                raise ValueError(f"{key} does not fit the example {self.example!r}")
        return self

    def other_split(self, split: str) -> str | None:
        """A split that shares no video with ``split``, or None."""
        return self.splits[split].other or None

    def parts(self, split: str) -> list[SplitSpec]:
        """The splits that ``split`` is made of; itself where it is made of none."""
        spec = self.splits[split]
        return [self.splits[part] for part in spec.parts] or [spec]


DatasetSpec: TypeAlias = ProceduralDatasetSpec | DiskDatasetSpec
"""A data set, as protocols/datasets/NAME.toml declares it."""

_READERS: dict[str, type[ProceduralDatasetSpec] | type[DiskDatasetSpec]] = {
    "toyworld": ProceduralDatasetSpec,
    "layouts": DiskDatasetSpec,
}


class _Reader(BaseModel):
    reader: Literal["toyworld", "layouts"]


def dataset_names() -> list[str]:
    """Names of all declared data sets, sorted."""
    return resources.declared_names("datasets")


def load_dataset(name: str) -> DatasetSpec:
    """Loads a data set's declaration; :func:`vidmbench.open_source` opens its videos.

    Args:
        name: A name in protocols/datasets.

    Returns:
        The frozen declaration: splits, sizes, layouts in which it circulates, how to get it.

    Raises:
        ProtocolError: Unknown name, or a file with mistakes.

    Example:
        >>> from vidmbench import load_dataset
        >>> ucf101 = load_dataset("ucf101")
        >>> sorted(ucf101.splits)[:4], ucf101.default_split
        (['all', 'test', 'test1', 'test2'], 'train')
    """
    name = name_or_path("name", name)
    if name not in dataset_names():
        fix = "see them all: vidmbench list datasets; or use folder:PATH"
        if ":" in name or "/" in name:  # a source, where only a named data set is taken
            fix = (
                "see the names of data sets: vidmbench list datasets; videos of your own are checked where they are "
                "scored: vidmbench score REAL SCORED --dry-run"
            )
        raise unknown("data set", name, dataset_names(), fix=fix)
    return load_spec(_folder() / f"{name}.toml")


def load_spec(path: Path) -> DatasetSpec:
    """Reads one file that declares a data set.

    Raises:
        ProtocolError: The file is missing or has mistakes; all are named at once.
    """
    content = read_toml(path)
    reader = validated(content, _Reader, where=str(path)).reader
    return validated(content, _READERS[reader], where=str(path))


def _folder() -> Path:
    return resources.protocols_dir() / "datasets"
