"""What baselines/NAME/baseline.toml may say: a compared system and the layouts in which its samples are stored."""

from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import Annotated, Literal, Self

from pydantic import Field, NonNegativeInt, PositiveFloat, PositiveInt, model_validator

from vidmbench.core.declarations import Frozen
from vidmbench.core.errors import unknown

_Words = Annotated[tuple[str, ...], Field(strict=False)]
_Patterns = Annotated[tuple[str, ...], Field(strict=False, min_length=1)]
#: Numbers from 0, or ranges such as "16-31".
_FrameNumbers = Annotated[
    tuple[NonNegativeInt | Annotated[str, Field(pattern=r"^[0-9]{1,9}(-[0-9]{1,9})?$")], ...], Field(strict=False)
]
_Pixels = Annotated[tuple[PositiveInt, PositiveInt], Field(strict=False)]


class PaperSpec(Frozen):
    """Where a system was described.

    Attributes:
        authors: As the paper names them, shortened to the first where there are many.
        title: The paper's.
    """

    authors: str
    title: str


class GridSpec(Frozen):
    """Several videos in one image, row by row; what is None is detected from the image.

    Attributes:
        rows: Rows of videos.
        columns: Videos in a row.
        padding: Pixels between two neighbours.
        border: Pixels around the whole, as they count in its size: twice in the height, twice in the width.
        origin: Row and column of the first video's corner, where the border is not the same on all sides.
        tile: Height and width of one video.
    """

    rows: PositiveInt | None = None
    columns: PositiveInt | None = None
    padding: NonNegativeInt | None = None
    border: NonNegativeInt | None = None
    origin: Annotated[tuple[NonNegativeInt, NonNegativeInt], Field(strict=False)] | None = None
    tile: _Pixels | None = None


class StripSpec(Frozen):
    """All frames of one video side by side in one image.

    Attributes:
        axis: The direction of time.
        frames: Frames in a strip; None where the image's shape determines it.
    """

    axis: Literal["horizontal", "vertical"] = "horizontal"
    frames: PositiveInt | None = None


class ArraySpec(Frozen):
    """Numbers in a file.

    Attributes:
        axes: A letter an axis: n video, t frame, c channel, h row, w column.
        range: The interval that stands for black to white.
        rounding: How a float becomes a byte in the system's own code.
        key: Name inside an archive or an HDF5 file; None where there is one array.
    """

    axes: str
    range: Literal["0..255", "0..1", "-1..1"]
    rounding: Literal["nearest", "truncate"] = "nearest"
    key: str | None = None


class LeaveOut(Frozen):
    """Files next to the samples that are not samples.

    Attributes:
        files: Patterns, as in :class:`LayoutSpec`.
        reason: Why they do not count, in a line.
    """

    files: _Patterns
    reason: str


class LayoutSpec(Frozen):
    """One layout in which a system's samples are stored.

    Attributes:
        name: Its name in messages and options.
        files: Patterns of a file's own name, or of relative paths in a folder; ``*`` also matches a slash.
        kind: What a matching file is: a video; a frame, its folder being the video; a grid of videos; a strip of
            frames; an array of all videos or of one; an HDF5 file.
        frames: Frames of a video, where the system's code fixes them.
        size: Height and width in pixels, likewise.
        fps: Frames a second that the files claim.
        grid: Geometry, with ``kind = "grid"``.
        strip: Geometry, with ``kind = "strips"``.
        array: Axes and values, with ``kind = "array"``, ``"arrays"`` or ``"hdf5"``.
        compression: How the frames were packed.
        lossy: Whether that changes pixels.
        one_file: Whether several matching files are several runs, of which the user must give one.
        leave_out: Files that match but are not samples, and others worth a reason.
        drop_frames: Frames of every video that are not scored, numbers from 0 or ranges such as "16-31". An empty list
            scores all, also blank and repeated ones, which are refused where nothing is said of them.
        note: What a user should know.
    """

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    files: _Patterns
    kind: Literal["videos", "frame-folders", "grid", "strips", "array", "arrays", "hdf5"]
    frames: PositiveInt | None = None
    size: PositiveInt | None = None
    fps: PositiveFloat | None = None
    grid: GridSpec | None = None
    strip: StripSpec | None = None
    array: ArraySpec | None = None
    compression: str
    lossy: bool
    one_file: bool = False
    leave_out: tuple[LeaveOut, ...] = Field(default=(), strict=False)
    drop_frames: _FrameNumbers | None = None
    note: str = ""

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Self:
        needed = {"grid": "grid", "strips": "strip", "array": "array", "arrays": "array", "hdf5": "array"}
        for key in ("grid", "strip", "array"):
            is_needed = needed.get(self.kind) == key
            if (getattr(self, key) is not None) != is_needed:
                raise ValueError(f"kind = {self.kind!r} goes {'with' if is_needed else 'without'} {key}")
        if self.array is not None and self.kind != "hdf5":
            axes = "nthwc" if self.kind == "array" else "thwc"
            if sorted(self.array.axes) != sorted(axes):
                raise ValueError(f"axes must be an order of {axes!r} with kind = {self.kind!r}")
        return self

    def dropped_frames(self) -> frozenset[int] | None:
        """The frames of ``drop_frames``; None where nothing is said of them."""
        if self.drop_frames is None:
            return None
        numbers: set[int] = set()
        for entry in self.drop_frames:
            first, _, last = str(entry).partition("-")
            numbers.update(range(int(first), int(last or first) + 1))
        return frozenset(numbers)

    def takes(self, name: str) -> bool:
        """Whether a file counts, by its name or its path in the folder."""
        return matches(name, self.files) and self.reason_against(name) is None

    def reason_against(self, name: str) -> str | None:
        """Why a file of this name is skipped; None if no rule skips it."""
        return next((rule.reason for rule in self.leave_out if matches(name, rule.files)), None)


class BaselineSpec(Frozen):
    """A compared system, whole.

    Attributes:
        name: The name of its folder.
        title: A line for people.
        paper: Where it was described.
        venue: Where that was published.
        code: The official repository, ``owner/name``; empty where there is none.
        commit: The state of it that was read for this declaration; empty where not known.
        licence: Of the official code.
        checkpoints: Where trained networks can be had, in words.
        published_as: How results/published names the system.
        traps: What goes wrong easily.
        produce: Steps to samples with the official code.
        layouts: Layouts in which samples are stored, best first.
        note: What a user should know.
    """

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9.-]*$")
    title: str
    paper: PaperSpec
    venue: str
    code: str = Field(pattern=r"^$|^[\w.-]+/[\w.-]+$")
    commit: str = Field(default="", pattern=r"^$|^[0-9a-f]{7,40}$")
    licence: str
    checkpoints: str
    published_as: _Words
    traps: _Words
    produce: _Words
    layouts: tuple[LayoutSpec, ...] = Field(strict=False, min_length=1)
    note: str = ""

    @model_validator(mode="after")
    def _layouts_have_their_names(self) -> Self:
        names = [layout.name for layout in self.layouts]
        if len(set(names)) < len(names):
            raise ValueError("two layouts share a name")
        return self

    def layout(self, name: str) -> LayoutSpec:
        """The layout of that name.

        Raises:
            ProtocolError: There is none.
        """
        known = {layout.name: layout for layout in self.layouts}
        if name not in known:
            raise unknown(f"layout of {self.name}", name, known)
        return known[name]


def matches(name: str, patterns: Sequence[str]) -> bool:
    """Whether a file's name, or its path in a folder, fits one of the patterns."""
    return any(fnmatchcase(name, pattern) for pattern in patterns)
