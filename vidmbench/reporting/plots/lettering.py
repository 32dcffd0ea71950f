"""Words in figures: how wide they are, how they are broken into lines and cut, and which ticks have room for theirs.

Widths are those of the font, so that names of any length and script stay within the place that a figure gives them.
"""

import math
import re
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from vidmbench.core.text import printable

if TYPE_CHECKING:
    from matplotlib.axis import Axis

#: Points; the smallest text of any chart.
SMALL = 8.0
#: Inches that a line of small print takes.
LINE = 0.137
_LONGEST = 500  # characters of a name that are looked at; a page takes about a hundred
_BETWEEN_TICKS = 0.07  # inches between the words of neighbouring ticks
# Where a name may be broken: after these, which stay at the end of the line.
_SOFT = re.compile(r"(?<=[-_/.:=,@])(?=[^-_/.:=,@])")

#: Fonts for scripts that Matplotlib's own font lacks, on the usual systems.
_MORE_FONTS = (
    "Noto Sans CJK SC", "Noto Sans CJK JP", "Source Han Sans SC", "Droid Sans Fallback", "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei", "Microsoft YaHei", "SimHei", "PingFang SC", "Hiragino Sans GB", "Malgun Gothic", "Meiryo",
    "Nirmala UI", "Noto Sans Devanagari", "Arial Unicode MS",
)  # fmt: skip


@lru_cache(maxsize=1)
def font_families() -> list[str]:
    """Matplotlib's own font, and behind it what is installed for other scripts."""
    from matplotlib.font_manager import fontManager

    installed = {font.name for font in fontManager.ttflist}
    return ["DejaVu Sans", *(name for name in _MORE_FONTS if name in installed)]


def width_of(text: str, size: float = SMALL) -> float:
    """Inches that a line of text takes.

    Args:
        text: One line.
        size: Points.
    """
    return sum(map(_width_of_character, text)) * size / SMALL


@lru_cache(maxsize=4096)
def _width_of_character(character: str) -> float:
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import text_to_path

    properties = FontProperties(family=font_families(), size=SMALL)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a letter that no font has takes the room of its box
        # Twice the character between two others: the width of a space alone would be 0.
        both, one = (
            text_to_path.get_text_width_height_descent(f"|{character * times}|", properties, ismath=False)[0]
            for times in (2, 1)
        )
    return float(both - one) / 72


def wrapped(text: str, width: float) -> list[str]:
    """Text broken into lines of a width in inches; line breaks in it stay, and words longer than a line are broken."""
    return [line for part in text.split("\n") for line in _lines(part.split(), " ", width) or [""]]


def label_of(text: str, width: float, most: int = 3, size: float = SMALL) -> str:
    """A name in a few short lines; where it is longer, its middle is omitted, since endings tell names apart.

    Args:
        text: The name.
        width: Inches of a line.
        most: Lines at most.
        size: Points.
    """
    at_small = width * SMALL / size
    name = _shortened(printable(text), lambda shorter: len(_name_lines(shorter, at_small)) <= most)
    return "\n".join(_name_lines(name, at_small)[:most])


def labels_of(places: Iterable[tuple[str, float]], most: int = 3) -> dict[str, str]:
    """A label for each name, no two alike: see :func:`label_of`; where cutting made them alike, they are numbered.

    Args:
        places: Each name, and the inches that a line of it has; the least counts where a name has several places.
        most: Lines at most.
    """
    widths: dict[str, float] = {}
    for name, width in places:
        widths[name] = min(width, widths.get(name, width))
    labels: dict[str, str] = {}
    for name, width in widths.items():
        label, number = label_of(name, width, most), 1
        while label in labels.values():
            number += 1
            ending = f" ({number})"
            label = f"{label_of(name, width - width_of(ending), most)}{ending}"
        labels[name] = label
    return labels


def cut_to(text: str, width: float, measure: Callable[[str], float] = width_of) -> str:
    """A line as wide as there is room, its middle omitted where it is longer.

    Args:
        text: One line.
        width: The room, in the unit of ``measure``.
        measure: The width of a text; by default inches of small print.
    """
    return _shortened(text, lambda shorter: measure(shorter) <= width)


def in_full(labels: dict[str, str], caption: str = "") -> str:
    """A sentence for a caption with the names that their labels do not give in full; empty if all do.

    Args:
        labels: From :func:`labels_of`.
        caption: What the caption says already; names in it are not repeated.
    """
    cut = [
        f"{label if ' ' in name else _joined(label)} is {_shortened(printable(name), lambda _: True)}".replace(
            "\n", " "
        )
        for name, label in labels.items()
        if _joined(label) != _joined(printable(name)) and name not in caption
    ]
    return f" Names in full: {'; '.join(cut)}." if cut else ""


def _joined(text: str) -> str:
    return re.sub(r"\s", "", text)


def _shortened(text: str, fits: Callable[[str], bool]) -> str:
    """The text where it fits, else as many of its first and last characters as do."""
    if len(text) <= _LONGEST and fits(text):
        return text
    low, high = 0, min(len(text), _LONGEST)  # characters kept
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if fits(_without_middle(text, middle)) else (low, middle)
    return _without_middle(text, low)


def _without_middle(text: str, kept: int) -> str:
    return f"{text[: (kept + 1) // 2].rstrip()}…{text[len(text) - kept // 2 :].lstrip()}"


def _name_lines(name: str, width: float) -> list[str]:
    """A name in lines that end at spaces, hyphens and the like where they can."""
    pieces = [
        piece for number, word in enumerate(name.split()) for piece in _SOFT.split(f" {word}" if number else word)
    ]
    return [line.strip() for line in _lines(pieces, "", width)]


def _lines(words: Sequence[str], between: str, width: float) -> list[str]:
    """Words put into lines one after the other; what is wider than a line is broken anywhere."""
    lines: list[str] = []
    for word in words:
        rest = word
        if lines and width_of(f"{lines[-1]}{between}{rest}".strip()) <= width:
            lines[-1] = f"{lines[-1]}{between}{rest}"
            continue
        while (fits := _num_fitting(rest, width)) < len(rest):
            soft = [match.start() for match in _SOFT.finditer(rest) if fits / 2 < match.start() <= fits]
            fits = max(soft, default=fits)
            lines.append(rest[:fits])
            rest = rest[fits:]
        lines.append(rest)
    return lines


def _num_fitting(text: str, width: float) -> int:
    """How many characters from the first on have room; one at least."""
    taken = -_width_of_character(" ") if text.startswith(" ") else 0.0
    for number, character in enumerate(text):
        taken += _width_of_character(character)
        if taken > width:
            return max(1, number)
    return len(text)


def spaced_ticks(axis: "Axis", *, is_log: bool = False, among: Sequence[float] = ()) -> None:
    """Gives an axis as many ticks as have room for their numbers, at the size at which it is drawn.

    Args:
        axis: The axis.
        is_log: Whether its scale is logarithmic.
        among: The only values that may have a tick; empty for round numbers.
    """
    from matplotlib.ticker import FuncFormatter, Locator, NullFormatter

    class Spaced(Locator):
        """The first of the candidates whose numbers do not touch."""

        def __call__(self) -> Sequence[float]:
            low, high = sorted(self.axis.get_view_interval())  # type: ignore[union-attr]
            return self.tick_values(low, high)

        def tick_values(self, vmin: float, vmax: float) -> Sequence[float]:
            slack = 1e-9 * (vmax - vmin)
            inside: Sequence[float] = ()
            for ticks in _candidates(vmin, vmax, is_log=is_log, among=among):
                inside = [tick for tick in ticks if vmin - slack <= tick <= vmax + slack and _is_whole(axis, tick)]
                if _have_room(axis, inside):
                    break
            return inside

    axis.set_major_locator(Spaced())
    axis.set_major_formatter(FuncFormatter(lambda value, _: number_of_tick(value)))
    axis.set_minor_formatter(NullFormatter())


def number_of_tick(value: float) -> str:
    """A tick's number, without the noise of binary fractions."""
    return f"{value:.6g}" if 1e-4 <= abs(value) < 1e6 or value == 0 else f"{value:.3g}"


def _candidates(low: float, high: float, *, is_log: bool, among: Sequence[float]) -> Iterator[Sequence[float]]:
    """Ticks between two values, many first."""
    if among:
        yield from (among[::every] for every in range(1, len(among) + 1))
    elif is_log:
        powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
        for steps in ((1, 2, 5), (1, 3), (1,)):
            yield [step * 10.0**power for power in powers for step in steps]
        for every in (2, 3, 5, 10):
            yield [10.0**power for power in powers if power % every == 0]
    else:
        from matplotlib.ticker import MaxNLocator

        for count in (8, 6, 5, 4, 3, 2, 1):
            yield MaxNLocator(count, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high)


def _is_whole(axis: "Axis", tick: float) -> bool:
    """Whether the figure holds all of a tick's number; a layout of Matplotlib's own makes room for it."""
    from matplotlib.axis import XAxis

    axes: Any = axis.axes
    if not isinstance(axis, XAxis) or axes.figure.get_layout_engine() is not None:
        return True
    place = float(axes.transData.transform((tick, 1.0))[0]) / axes.figure.dpi
    half = width_of(number_of_tick(tick)) / 2
    return bool(half <= place <= float(axes.figure.get_size_inches()[0]) - half)


def _have_room(axis: "Axis", ticks: Sequence[float]) -> bool:
    """Whether the numbers of ticks stand apart."""
    from matplotlib.axis import XAxis

    axes: Any = axis.axes
    is_across = isinstance(axis, XAxis)
    if not ticks:
        return True
    points = [(tick, 1.0) if is_across else (1.0, tick) for tick in ticks]
    places = [float(place[0 if is_across else 1]) / axes.figure.dpi for place in axes.transData.transform(points)]
    halves = [width_of(number_of_tick(tick)) / 2 if is_across else LINE / 2 for tick in ticks]
    ends = sorted((place - half, place + half) for place, half in zip(places, halves, strict=True))
    return all(second[0] - first[1] >= (_BETWEEN_TICKS if is_across else 0.0) for first, second in pairwise(ends))
