"""One look for all figures: colours, markers, sizes in print, captions, and how a figure is saved.

Nothing here touches pyplot: figures are plain values, and the style holds only while one is made or saved.
"""

import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, ParamSpec

from vidmbench.core.files import replacing
from vidmbench.core.text import printable
from vidmbench.reporting.plots.lettering import LINE, SMALL, font_families, spaced_ticks, wrapped

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_P = ParamSpec("_P")

#: Widths in inches: of a column and of a page of the paper's two-column layout. Figures are included unscaled.
COLUMN, PAGE = 3.4, 7.0
_MARGIN = 0.12  # inches: both margins of a caption
_LONGEST = 500  # characters of a line; a page takes about a hundred

# Okabe and Ito (2008): told apart by people who see colours differently, and in grey by their lightness.
BLUE, VERMILLION, GREEN, SKY = "#0072B2", "#D55E00", "#009E73", "#56B4E9"
ORANGE, PURPLE, BLACK = "#E69F00", "#CC79A7", "#000000"

_STYLE: Any = {
    "font.size": SMALL,
    "axes.labelsize": SMALL,
    "axes.titlesize": 9.0,
    "xtick.labelsize": SMALL,
    "ytick.labelsize": SMALL,
    "legend.fontsize": SMALL,
    "legend.frameon": False,
    "figure.titlesize": 9.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.8,
    "lines.linewidth": 1.2,
    "lines.markersize": 5.0,
    "errorbar.capsize": 2.5,
    "hatch.linewidth": 0.6,
    "text.parse_math": False,  # a dollar in the name of a model is a dollar
    "pdf.fonttype": 42,  # text stays text
    "svg.hashsalt": "vidmbench",  # the same figure is the same file
}


@dataclass(frozen=True)
class Look:
    """How one of several things is drawn: told apart without colour as well.

    Attributes:
        colour: Of marker and line.
        marker: Matplotlib's letter.
        line: Matplotlib's line style.
    """

    colour: str
    marker: str
    line: Literal["-", "--", "-.", ":"]


_COLOURS = (BLUE, VERMILLION, GREEN, BLACK, ORANGE, PURPLE, SKY)
_MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
_LINES: tuple[Literal["-", "--", "-.", ":"], ...] = ("-", "--", "-.", ":")


def look(index: int) -> Look:
    """The look of the nth thing in a figure; colour and marker repeat together only after 56."""
    return Look(_COLOURS[index % len(_COLOURS)], _MARKERS[index % len(_MARKERS)], _LINES[index % len(_LINES)])


def _style() -> Any:
    return {**_STYLE, "font.family": font_families()}


def styled(make: "Callable[_P, Figure]") -> "Callable[_P, Figure]":
    """Makes a function draw its figure in this style, whatever the user's own settings are."""

    @wraps(make)
    def drawn(*args: _P.args, **options: _P.kwargs) -> "Figure":
        import matplotlib

        with matplotlib.rc_context(_style()):
            figure = make(*args, **options)
            for axis in figure.axes:
                axis.tick_params(which="both", labelsize=SMALL)  # ticks made later, when drawn, keep the size
            return figure

    return drawn


def new_figure(width: float, height: float, *, constrained: bool = True, dpi: int = 220) -> "Figure":
    """An empty figure that needs no screen.

    Args:
        width: Inches.
        height: Inches.
        dpi: Pixels an inch of a PNG; sheets that are made for the screen take fewer.
        constrained: Whether matplotlib finds room for labels; otherwise axes are placed by :func:`axes_at`.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=dpi, layout="constrained" if constrained else None)
    FigureCanvasAgg(figure)
    return figure


def axes_at(figure: "Figure", left: float, top: float, width: float, height: float) -> "Axes":
    """Axes at a place in inches from the figure's left upper corner, so that frames keep their shape."""
    whole, tall = figure.get_size_inches()
    return figure.add_axes((left / whole, 1.0 - (top + height) / tall, width / whole, height / tall))


def text_at(figure: "Figure", left: float, top: float, text: str, **look: Any) -> None:
    """Words at a place in inches from the figure's left upper corner."""
    whole, tall = figure.get_size_inches()
    figure.text(left / whole, 1.0 - top / tall, text, **look)


def text_height(text: str, width: float) -> float:
    """Inches that small print takes when it is broken at a width in inches; none where there is no text."""
    return LINE * len(wrapped(text, width - _MARGIN)) + 0.05 if text else 0.0


def add_caption(figure: "Figure", text: str) -> None:
    """Small print at the foot of a figure, for which :func:`text_height` tells the height; nothing without text."""
    if not text:
        return
    wide, tall = figure.get_size_inches()
    lines = "\n".join(wrapped(text, wide - _MARGIN))
    if figure.get_layout_engine() is None:
        figure.text(_MARGIN / 2 / wide, 0.05 / tall, lines, ha="left", va="bottom", fontsize=SMALL, color="0.3")
    else:  # the layout makes room for it
        figure.supxlabel(lines, x=_MARGIN / 2 / wide, ha="left", fontsize=SMALL, color="0.3")


def log_or_linear(axes: "Axes", which: Literal["x", "y"], values: Iterable[float]) -> bool:
    """Chooses the scale of an axis: logarithmic where all values are positive and differ fivefold.

    Returns:
        Whether it is logarithmic; its label should say so.
    """
    low, high = min(values := list(values)), max(values)
    is_log = 0 < 5 * low < high
    if is_log and which == "x":
        axes.set_xscale("log")
    elif is_log:
        axes.set_yscale("log")
    spaced_ticks(axes.xaxis if which == "x" else axes.yaxis, is_log=is_log)
    return is_log


def with_visible_texts(figure: "Figure") -> "Figure":
    """The figure, in whose texts nothing is hidden and no line is endless.

    An escape character would make an SVG unreadable, and a name of a million letters takes minutes to set.
    """
    from matplotlib.text import Text

    for text in figure.findobj(Text):
        lines = printable(text.get_text(), lines=True).split("\n")
        plain = "\n".join(line if len(line) <= _LONGEST else f"{line[:_LONGEST]}…" for line in lines)
        if plain != text.get_text():
            text.set_text(plain)
    return figure


def save_figure(figure: "Figure", path: Path) -> list[str]:
    """Writes a figure under a temporary name and renames it; the suffix decides the format.

    Returns:
        A note if it has letters for which no font is installed; else nothing.
    """
    import matplotlib
    import numpy as np

    # No date in the file: the same figure is the same file.
    dated = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}}.get(path.suffix.lower())
    with replacing(path) as temporary, matplotlib.rc_context(_style()), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        # Axes of values near the largest float: ticks beyond it are not drawn.
        with np.errstate(over="ignore", invalid="ignore"):
            with_visible_texts(figure).savefig(temporary, metadata=dated)
    return letters_without_font(caught)


def letters_without_font(caught: "Iterable[warnings.WarningMessage]") -> list[str]:
    """A note on the letters that no font has, by what Matplotlib warned of; all other warnings are passed on."""
    codes = list[int]()
    for warning in caught:
        words = str(warning.message).split()
        if words[:1] == ["Glyph"] and words[1:2] and words[1].isdecimal():
            codes.append(int(words[1]))
        else:
            warnings.warn_explicit(warning.message, warning.category, warning.filename, warning.lineno)
    if not codes:
        return []
    letters = "".join(map(chr, dict.fromkeys(codes)))
    return [f"no installed font has {letters}: boxes stand for them; install one that does, such as Noto Sans CJK"]
