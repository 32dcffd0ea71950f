"""Compared systems: their declarations, what was published for them, and which files of a folder are their samples.

Decides by file names alone; opens no video.
"""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from vidmbench.core import resources
from vidmbench.core.arguments import name_or_path
from vidmbench.core.declarations import load_toml
from vidmbench.core.errors import DataError, ProtocolError, unknown
from vidmbench.core.files import is_leftover, natural_key, visible
from vidmbench.core.inputs import refuse_special
from vidmbench.records.published import PublishedValue, published_values
from vidmbench.sources.baselines.spec import ArraySpec, BaselineSpec, GridSpec, LayoutSpec, LeaveOut, StripSpec
from vidmbench.sources.names import baseline_names

__all__ = [
    "ArraySpec",
    "BaselineSpec",
    "Choice",
    "GridSpec",
    "LayoutSpec",
    "LeaveOut",
    "SkippedFile",
    "StripSpec",
    "baseline_names",
    "choose_layout",
    "exporter",
    "load_baseline",
    "published_rows",
]

_NAMES_SHOWN = 5
_FIX = "give the folder that the system's own script wrote, or read it as a plain folder of videos: --layout plain"


class SkippedFile(NamedTuple):
    """A file that is not read.

    Attributes:
        name: Its path in the folder.
        reason: Why, in one line.
    """

    name: str
    reason: str


class Choice(NamedTuple):
    """The result of :func:`choose_layout`.

    Attributes:
        layout: The layout that fits.
        files: The sample files in natural order; with ``frame-folders`` the folders, one per video.
        skipped: The other files, each with the reason.
        root: Where the names of videos begin.
    """

    layout: LayoutSpec
    files: list[Path]
    skipped: list[SkippedFile]
    root: Path


def load_baseline(name: str | Path) -> BaselineSpec:
    """Loads a system's declaration by name, or any by its file.

    Args:
        name: A folder in baselines/, or a path that ends in ``.toml``.

    Raises:
        ProtocolError: Unknown name, or a file with mistakes.

    Example:
        >>> from vidmbench import load_baseline
        >>> digan = load_baseline("digan")
        >>> digan.title, [layout.name for layout in digan.layouts]
        ('DIGAN', ['exported', 'grid', 'gif-grid'])
    """
    name = name_or_path("name", name)
    if name.endswith(".toml"):
        return load_toml(Path(name), BaselineSpec)
    if name not in baseline_names():
        raise unknown(
            "baseline", name, baseline_names(), fix="see them all: vidmbench list models; or give a .toml file"
        )
    path = resources.baselines_dir() / name / "baseline.toml"
    spec = load_toml(path, BaselineSpec)
    if spec.name != name:
        raise ProtocolError("a baseline must be named as its folder", expected=name, found=spec.name, where=str(path))
    return spec


def exporter(name: str) -> Path | None:
    """The script that writes lossless samples inside a system's official code; None where there is none."""
    path = resources.baselines_dir() / name / "export.py"
    return path if path.is_file() else None


def published_rows(spec: BaselineSpec) -> list[PublishedValue]:
    """What the paper's tables print for a system; cells without a number are omitted."""
    tables = [path.stem for path in visible((resources.results_dir() / "published").glob("*.csv"))]
    return [
        value
        for table in tables
        for value in published_values(table)
        if value.method in spec.published_as and value.value is not None
    ]


def choose_layout(spec: BaselineSpec, path: Path, name: str | None = None) -> Choice:
    """Decides by file names alone in which of a system's layouts samples are stored.

    Args:
        spec: The system.
        path: A file or folder that its code wrote.
        name: A layout to take whatever else fits; None takes the first that fits.

    Raises:
        ProtocolError: There is no layout of that name.
        DataError: No layout fits, or the files are of several runs.
    """
    return choose_among(spec.title, spec.layouts if name is None else (spec.layout(name),), path)


def choose_among(title: str, layouts: Sequence[LayoutSpec], path: Path) -> Choice:
    """The same for layouts that need not be a system's.

    Args:
        title: Who writes so, for messages.
        layouts: The first that fits is taken.
        path: A file or folder, a text file of paths, or a glob.

    Raises:
        DataError: No layout fits, or the files are of several runs.
    """
    from vidmbench.videos.files.endings import LIST_SUFFIXES  # reading videos is slow to import
    from vidmbench.videos.files.patterns import is_pattern, matching

    refuse_special(path)
    root, found = path, None
    if not path.exists():
        if not is_pattern(str(path)):
            raise DataError("no such file or folder", where=str(path), fix=f"check the path; {_FIX}")
        root, found = _named(matching(str(path)))
    elif path.is_file() and path.suffix.lower() in LIST_SUFFIXES:
        root, found = _named(_listed(path))
    elif path.is_file():
        return _choose_for_file(title, layouts, path)
    files = sorted(_walk(path) if found is None else found, key=_natural)
    for layout in layouts:
        fitting = [file for file in files if layout.takes(file)]
        if fitting:
            return _chosen(layout, path, root, fitting, files)
    raise _no_samples(title, layouts, path, _few(files) if files else "an empty folder")


def _named(paths: Sequence[Path]) -> tuple[Path, list[str]]:
    """The folder that holds all files that were named or are in folders that were, and the files' paths in it."""
    from vidmbench.videos.files.named_files import root_of

    root = root_of(paths)
    files = []
    for path in paths:
        inner = Path(os.path.abspath(path)).relative_to(root)
        files += [str(inner / file) for file in _walk(path)] if path.is_dir() else [inner.as_posix()]
    return root, list(dict.fromkeys(files))


def _listed(path: Path) -> list[Path]:
    from vidmbench.videos.files.path_list import listed

    return [line.path for line in listed(path)[0]]


def _choose_for_file(title: str, layouts: Sequence[LayoutSpec], path: Path) -> Choice:
    """A file given by its own path may have been renamed: where no pattern fits its name, its ending decides."""
    if path.suffix.lower() in (".tar", ".zip"):
        raise DataError(
            f"archives are not read in the layouts of {title}",
            expected="a folder, a file, a .txt list of paths, or a glob",
            found=path.name,
            where=str(path),
            fix="unpack it and give the folder; or read it as plain videos: --layout plain",
        )
    named = [layout for layout in layouts if layout.takes(path.name)]
    against = next((reason for layout in layouts if (reason := layout.reason_against(path.name))), None)
    if not named and against:
        raise DataError(f"{path.name} holds no samples", found=against, where=str(path), fix=_FIX)
    endings = [
        layout for layout in layouts if path.suffix.lower() in {PurePosixPath(name).suffix for name in layout.files}
    ]
    if not named and not endings and _is_video(path):
        endings = [layout for layout in layouts if layout.kind in ("grid", "videos")]
    if not named and not endings:
        raise _no_samples(title, layouts, path, path.name)
    return Choice((named or endings)[0], [path], [], path.parent)


def _is_video(path: Path) -> bool:
    from vidmbench.videos.files.animations import is_video_file  # reading videos is slow to import

    return is_video_file(path)


def _no_samples(title: str, layouts: Sequence[LayoutSpec], path: Path, content: str) -> DataError:
    return DataError(
        f"{_label(path)} holds no samples in a known layout of {title}",
        expected="; ".join(f"{', '.join(layout.files)} ({layout.name})" for layout in layouts),
        found=content,
        where=str(path),
        fix=_FIX,
    )


def _chosen(layout: LayoutSpec, path: Path, root: Path, fitting: Sequence[str], files: Sequence[str]) -> Choice:
    if len(fitting) > 1 and (layout.one_file or layout.kind == "array"):
        raise DataError(
            f"{_label(path)} holds the samples of several runs",
            expected=f"one file that matches {', '.join(layout.files)}",
            found=_few(fitting),
            where=str(path),
            fix="give one of them by its own path",
        )
    names = set(fitting)
    other = f"matches no pattern of the layout {layout.name}"
    skipped = [SkippedFile(file, layout.reason_against(file) or other) for file in files if file not in names]
    if layout.kind == "frame-folders":
        fitting = list(dict.fromkeys(str(PurePosixPath(file).parent) for file in fitting))
    return Choice(layout, [root / file for file in fitting], skipped, root)


def _walk(folder: Path) -> Iterator[str]:
    """Relative paths of all files below, but for hidden ones."""
    seen: set[str] = set()
    for root, folders, files in os.walk(folder, followlinks=True):
        real = os.path.realpath(root)
        folders[:] = [] if real in seen else [name for name in folders if not is_leftover(name)]
        if real not in seen:
            seen.add(real)
            yield from ((Path(root) / file).relative_to(folder).as_posix() for file in files if not is_leftover(file))


def _natural(name: str) -> list[object]:
    return [natural_key(part) for part in name.split("/")]


def _few(names: Sequence[str]) -> str:
    more = len(names) - _NAMES_SHOWN
    return ", ".join(names[:_NAMES_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _label(path: Path) -> str:
    return Path(os.path.abspath(path)).name
