"""How the command line, Python and records name sources of videos: one grammar, read by one parser.

=================================  ==================================================================================
``PATH``, ``folder:PATH``          a folder of videos or of frame folders, .zip, .tar, .npy, .npz, or one video
``LIST.txt``, ``'GLOB'``           a text file with a path in each line; a glob, in quotes
``grid:PATH``, ``strips:PATH``     videos tiled into grids, or film strips
``BASELINE[:LAYOUT]:PATH``         what a compared system's own code wrote
``dataset:NAME[@SPLIT][/PIXELS]``  a declared data set
``control:NAME``                   a control, made from the real side
``vidm``, ``vidm:RUN``             samples of a VIDM: the shipped checkpoint; a run's folder, or a file of weights
``static-of:M``                    the static baseline of any of these: each clip's first frame repeated
``pack:FILE``                      real videos as a pack: what a network saw in them, without pixels
=================================  ==================================================================================

Only the meaning of a text without a prefix depends on where it is given: REAL and FAKE take it as a path,
``--dataset`` as NAME[@SPLIT][/PIXELS], ``--model`` as a label.
"""

from dataclasses import dataclass
from typing import Literal

from vidmbench.core import resources
from vidmbench.core.errors import UsageError
from vidmbench.core.files import expanded, visible

Kind = Literal["path", "layout", "dataset", "control", "vidm", "static-of", "label", "pack"]
#: What a text without a prefix means.
Bare = Literal["path", "dataset", "label"]

_CONTROL, _STATIC, _VIDM, _PACK = "control", "static-of", "vidm", "pack"
#: Layouts that any label's files can have: everything about them is detected from the images.
ANY_LABEL_LAYOUTS = ("grid", "strips")
# Python reads no number of more than 4300 digits, and parses no source nested deeper than its stack.
_MAX_DIGITS = 1000
_MAX_NESTING = 33


@dataclass(frozen=True)
class SourceName:
    """A source as it was named, taken apart.

    Attributes:
        kind: What it is.
        text: As it was typed.
        name: The data set, the control, the label; of a layout ``grid``, ``strips``, BASELINE or BASELINE:LAYOUT.
        split: Split of a data set; None where none was named.
        resolution: Pixels of a data set; None where none were named.
        path: Files: the videos, the pack, or the run or weights of a VIDM; None for the VIDM that is shipped.
        inner: The source whose static baseline it is.
    """

    kind: Kind
    text: str
    name: str = ""
    split: str | None = None
    resolution: int | None = None
    path: str | None = None
    inner: "SourceName | None" = None

    @property
    def base(self) -> "SourceName":
        """The source itself, without any ``static-of:`` before it."""
        return self.inner.base if self.inner is not None else self

    def __str__(self) -> str:
        return self.text


def parse_source(text: str, *, bare: Bare = "path") -> SourceName:
    """Takes the name of a source apart.

    Args:
        text: As it was typed.
        bare: What it means without a prefix.

    Raises:
        UsageError: The resolution of a data set is not a number, a pack has no file, or static baselines are nested too
            deeply, of nothing, or of a pack.
    """
    word, colon, rest = text.partition(":")
    if text == _VIDM or (word == _VIDM and rest):
        return SourceName("vidm", text, path=rest or None)
    if colon and word == _STATIC:
        if text.startswith(f"{_STATIC}:" * _MAX_NESTING):
            raise UsageError(
                f"static-of: more than {_MAX_NESTING - 1} times",
                expected="static-of:M; a static baseline of a static baseline is the same",
                found=f"{text[:40]}…",
            )
        if bare == "label" and not rest.strip():
            raise UsageError("static-of: without a model", expected="static-of:M, such as static-of:vidm", found=text)
        inner = parse_source(rest, bare=bare)
        if inner.kind == _PACK:
            raise UsageError(
                "a pack holds no frames, of which the first could be repeated",
                expected="static-of:M of videos or of a model",
                found=text,
                fix="give the videos in place of the pack",
            )
        return SourceName("static-of", text, inner=inner)
    if colon and word == _CONTROL:
        return SourceName("control", text, name=rest)
    if colon and word == "dataset":
        return _dataset(text, rest)
    if colon and word == _PACK and not expanded(text).exists():
        return _pack(text, rest)
    if bare == "label":
        return SourceName("label", text, name=text)
    if colon and word == "folder":
        return _files(text, rest)
    if bare == "dataset" and (not colon or word not in (*ANY_LABEL_LAYOUTS, *baseline_names())):
        return _dataset(text, text)
    return _files(text, text)


def _dataset(text: str, rest: str) -> SourceName:
    """NAME, NAME@SPLIT, NAME/PIXELS or NAME@SPLIT/PIXELS."""
    before, slash, pixels = rest.partition("/")
    name, _, split = before.partition("@")
    if slash and not (pixels.isdecimal() and len(pixels) <= _MAX_DIGITS):
        raise UsageError(
            "the resolution must be a number", expected="NAME@SPLIT/PIXELS", found=text, fix=f"for files: folder:{rest}"
        )
    resolution = int(pixels) if pixels else None
    return SourceName("dataset", text, name=name, split=split or None, resolution=resolution)


def _pack(text: str, path: str) -> SourceName:
    if not path.strip():
        raise UsageError(
            "pack: without a file",
            expected="pack:FILE, a file that vidmbench pack make wrote",
            found=text,
            fix="vidmbench pack make dataset:NAME --out FILE.pack",
        )
    return SourceName("pack", text, path=path)


def _files(text: str, path: str) -> SourceName:
    """A path, or one with a layout before it; a file of that very name comes first."""
    word, colon, rest = path.partition(":")
    is_baseline = bool(colon) and word in baseline_names()
    has_layout = is_baseline or (bool(colon) and word in ANY_LABEL_LAYOUTS)
    if not has_layout or expanded(path).exists():
        return SourceName("path", text, path=path)
    layout, colon, inner = rest.partition(":")
    if is_baseline and colon and not expanded(rest).exists():
        return SourceName("layout", text, name=f"{word}:{layout}", path=inner)
    return SourceName("layout", text, name=word, path=rest)


def baseline_names() -> list[str]:
    """Names of all declared systems, sorted."""
    return [
        folder.name for folder in visible(path.parent for path in resources.baselines_dir().glob("*/baseline.toml"))
    ]


def control_label(kind: str) -> str:
    """How a control is labelled: ``control:static``."""
    return f"{_CONTROL}:{kind}"


def static_label(label: str) -> str:
    """How the static baseline of a model is labelled: ``static-of:my-gan``."""
    return f"{_STATIC}:{label}"


def control_kind(label: str) -> str | None:
    """The control that a label in a record names; None for all others."""
    word, colon, kind = label.partition(":")
    return kind if colon and word == _CONTROL else None


def static_baseline_of(label: str) -> str | None:
    """The model whose static baseline a label in a record names; None for all others."""
    word, colon, model = label.partition(":")
    return model if colon and word == _STATIC else None


def is_pack(text: str) -> bool:
    """Whether a text names a pack, wherever it is given."""
    return text.startswith(f"{_PACK}:") and parse_source(text).kind == _PACK


def is_reference(label: str) -> bool:
    """Whether a label in a record names a control or a static baseline: models are compared with these, not ranked."""
    return control_kind(label) is not None or static_baseline_of(label) is not None
