"""From what a compared system wrote to a source: its declared layouts read by one generic reader."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from vidmbench.core.declarations import load_toml
from vidmbench.core.errors import DataError, UsageError
from vidmbench.core.files import visible
from vidmbench.core.text import counted
from vidmbench.core.vocabulary import OnBad
from vidmbench.sources.baselines.dropped_frames import WithoutFrames
from vidmbench.sources.baselines.layouts import Choice, baseline_names, choose_among, load_baseline
from vidmbench.sources.baselines.spec import ArraySpec, GridSpec, LayoutSpec, StripSpec
from vidmbench.videos.arrays.declared_source import ArrayFile, open_declared
from vidmbench.videos.arrays.layout import ArrayLayout
from vidmbench.videos.files.animations import video_file
from vidmbench.videos.files.endings import PICTURE_SUFFIXES, VIDEO_SUFFIXES
from vidmbench.videos.files.frame_names import sort_frames
from vidmbench.videos.files.inspection import survey
from vidmbench.videos.files.video_files import FrameFolder, Item
from vidmbench.videos.grids.layout import GridLayout
from vidmbench.videos.grids.strips import StripFile
from vidmbench.videos.grids.suspicion import grid_notes
from vidmbench.videos.grids.tiles import TiledSource
from vidmbench.videos.source import Source

#: ``--layout`` for a folder of videos or frames, whoever wrote it.
PLAIN = "plain"
_VIDEOS = tuple(f"*{suffix}" for suffix in sorted(VIDEO_SUFFIXES))
_IMAGES = tuple(f"*{suffix}" for suffix in sorted(PICTURE_SUFFIXES))
#: Layouts that any label's files can have: everything about them is detected from the images.
_ANY_LABEL = {
    "grid": LayoutSpec(
        name="grid", files=_VIDEOS, kind="grid", grid=GridSpec(), compression="the container's", lossy=True
    ),
    "strips": LayoutSpec(
        name="strips", files=_IMAGES, kind="strips", strip=StripSpec(), compression="that of the images", lossy=False
    ),
}


class Layouts(NamedTuple):
    """Declarations by which samples are read.

    Attributes:
        title: Who writes such files.
        layouts: The first that fits is taken.
        is_obeyed: The user declares them for these very files, so that a grid is cut so whatever it shows.
    """

    title: str
    layouts: tuple[LayoutSpec, ...]
    is_obeyed: bool = False


def layouts_of(model: str, requested: str | None) -> Layouts | None:
    """The declarations by which a model's samples are read.

    Args:
        model: The model's label; a baseline's name brings its own layouts.
        requested: ``--layout``: a layout of that baseline; ``BASELINE`` or ``BASELINE:LAYOUT``, to read samples under
            another label as that system writes them; a TOML file with a layout; ``plain`` (a folder of videos or
            frames), ``grid`` or ``strips`` (detected from the images).

    Returns:
        The layouts; None where the samples are to be read as a plain folder or file.

    Raises:
        UsageError: There is no such layout.
        ProtocolError: The system has no such layout, or the TOML file has mistakes.
    """
    baseline = load_baseline(model) if model in baseline_names() else None
    if requested == PLAIN:
        return None
    if requested is None:
        return None if baseline is None else Layouts(baseline.title, baseline.layouts)
    if requested.endswith(".toml"):
        layout = load_toml(Path(requested), LayoutSpec)
        return Layouts(f"the layout {layout.name} of {Path(requested).name}", (layout,), is_obeyed=True)
    name, _, layout_name = requested.partition(":")
    known = [layout.name for layout in baseline.layouts] if baseline else []
    if baseline is not None and requested in known:
        # Grids under other names than the system's own are grids all the same.
        any_label = (_ANY_LABEL[requested],) if requested in _ANY_LABEL else ()
        return Layouts(baseline.title, (baseline.layout(requested), *any_label))
    if requested in _ANY_LABEL:
        return Layouts(f"a {requested} of videos" if requested == "grid" else "film strips", (_ANY_LABEL[requested],))
    if name in baseline_names():
        other = load_baseline(name)
        return Layouts(other.title, (other.layout(layout_name),) if layout_name else other.layouts)
    of_model = f"{', '.join(known)} of {model}; " if known else ""
    raise UsageError(
        f"unknown layout {requested!r}",
        expected=f"{of_model}BASELINE or BASELINE:LAYOUT; a .toml file; or {PLAIN}, grid, strips",
        found=requested,
        where="--layout",
        fix="see the systems: vidmbench list models; one system's layouts: vidmbench show NAME",
    )


def open_samples(layouts: Layouts, path: Path, *, on_bad: OnBad = "stop") -> Source:
    """Opens what a system's own code wrote.

    Args:
        layouts: The layouts it may have.
        path: A file or folder, a text file of paths, or a glob.
        on_bad: Whether unusable videos stop the work or are skipped.

    Returns:
        A source whose notes say by which layout it was read and which files were skipped.

    Raises:
        DataError: No layout fits, or a file cannot be read.
    """
    choice = choose_among(layouts.title, layouts.layouts, path)
    source = _opened(choice, path, on_bad, is_obeyed=layouts.is_obeyed)
    dropped = choice.layout.dropped_frames()
    if dropped is not None:
        source = WithoutFrames(source, dropped)
    notes = (*_notes(layouts.title, choice, source), *_looks_like_a_grid(layouts, choice, source))
    source.notes = (*notes, *source.notes)
    return source


def _looks_like_a_grid(layouts: Layouts, choice: Choice, source: Source) -> Sequence[str]:
    """A note on videos that were read as single ones and have the seams of grids."""
    if choice.layout.kind in ("grid", "strips"):
        return ()
    grids = [layout for layout in layouts.layouts if layout.kind == "grid"]
    same_files = [layout for layout in grids if layout.files == choice.layout.files]
    return grid_notes(source, next((layout.name for layout in (*same_files, *grids)), "grid"))


def _opened(choice: Choice, path: Path, on_bad: OnBad, *, is_obeyed: bool) -> Source:
    layout, files = choice.layout, choice.files
    if layout.kind in ("array", "hdf5"):
        assert layout.array is not None
        if layout.kind == "hdf5":
            from vidmbench.videos.arrays.hdf5 import open_hdf5

            return open_hdf5(files[0], _array_layout(layout.array))
        return open_declared(files[0], _array_layout(layout.array))
    items = [_item(layout, file, choice.root) for file in files]
    source = survey(path, items, on_bad=on_bad, progress=True)
    if layout.kind != "grid":
        return source
    assert layout.grid is not None
    try:
        return TiledSource(source, _grid_layout(layout.grid, is_habit=not is_obeyed))
    except DataError as error:
        fix = f"{error.fix or ''}; a layout of your own: --layout FILE.toml (docs/baselines.md)".removeprefix("; ")
        raise DataError(
            error.problem, expected=error.expected, found=error.found, where=error.where, fix=fix
        ) from error


def _item(layout: LayoutSpec, file: Path, root: Path) -> Item:
    name = file.relative_to(root).as_posix()
    if layout.kind == "frame-folders":
        return _frames(layout, file, root)
    if layout.kind == "strips":
        assert layout.strip is not None
        return StripFile(name, file, layout.strip.axis, layout.strip.frames)
    if layout.kind == "arrays":
        assert layout.array is not None
        return ArrayFile(name, file, _array_layout(layout.array))
    return video_file(name, file)


def _frames(layout: LayoutSpec, file: Path, root: Path) -> Item:
    folder = file if file.is_dir() else file.parent
    inner = folder.relative_to(root).as_posix()
    images = (entry.name for entry in visible(folder.iterdir()) if entry.suffix.lower() in PICTURE_SUFFIXES)
    names = [name for name in images if layout.takes(f"{inner}/{name}")]
    return FrameFolder(folder.name if inner == "." else inner, folder, sort_frames(names))


def _grid_layout(grid: GridSpec, *, is_habit: bool) -> GridLayout:
    return GridLayout(grid.rows, grid.columns, grid.padding, grid.border, grid.tile, grid.origin, is_habit)


def _array_layout(array: ArraySpec) -> ArrayLayout:
    return ArrayLayout(array.axes, array.range, array.rounding, array.key)


def _notes(title: str, choice: Choice, source: Source) -> Sequence[str]:
    layout = choice.layout
    # A file given by its own path may be of another format than the system writes.
    declared = {PurePosixPath(name).suffix for name in layout.files}
    is_declared = layout.kind == "frame-folders" or {file.suffix.lower() for file in choice.files} <= declared
    is_detected = layout is _ANY_LABEL.get(layout.name) or not is_declared
    compression = (source.compression or "lossless") if is_detected else layout.compression
    notes = [f"read as {title}: layout {layout.name} ({compression})"]
    if layout.note:
        notes.append(layout.note)
    for reason, count in Counter(file.reason for file in choice.skipped).items():
        first = next(file.name for file in choice.skipped if file.reason == reason)
        notes.append(f"skipped {counted(count, 'file')}: {reason} (first {first})")
    if layout.frames is not None and len(source) and source.num_frames(0) != layout.frames:
        notes.append(f"its code writes {layout.frames} frames per video; these have {source.num_frames(0)}")
    if layout.size is not None and source.size != (layout.size, layout.size):
        height, width = source.size
        notes.append(f"its code writes {layout.size} pixels square; these are {width}x{height}")
    return notes
