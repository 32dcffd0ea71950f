"""What to declare about numbers in memory, guessed from their shape and values: for messages, never for scoring."""

from typing import Any

from vidmbench.core.errors import DataError
from vidmbench.videos.arrays.levels import possible_ranges
from vidmbench.videos.arrays.values import Extent
from vidmbench.videos.in_memory.declared import Declared, shown_number, shown_range
from vidmbench.videos.in_memory.numbers import described, is_bytes, whole_extent

EXPECTED = "uint8 (video, frame, height, width, 3), RGB, 0..255; or layout and value_range declared"
_RANGES = {"0..1": "(0, 1)", "-1..1": "(-1, 1)"}
#: Values up to this are rarely intensity levels.
_FEW = 3
_COUNTED = {"N": "videos", "T": "frames", "C": "channels", "H": "rows", "W": "columns"}
#: Names of the layouts of five axes, by where their channels are.
_BY_CHANNEL = {4: "NTHWC", 1: "NCTHW", 2: "NTCHW"}


def undeclared(numbers: Any, declared: Declared, where: str, *, is_whole: bool = False) -> DataError:
    """The error for numbers of which it is not known what they mean; names all that should be declared at once.

    Args:
        numbers: A tensor or array that is not as declared, or of which too little is declared.
        declared: What is declared.
        where: Which argument it is.
        is_whole: Whether it is the argument itself, not one of several items of it.
    """
    extent = whole_extent(numbers, where)
    form, shape = described(numbers), tuple(numbers.shape)
    if 0 in shape:
        what = _nothing_of(shape, declared)
        fix = f"give videos that have {what}" if what != "videos" else "give at least 2 videos"
        return DataError(f"no {what}", expected=EXPECTED, found=form, where=where, fix=fix)
    found = form if is_bytes(numbers) else f"{form}, {extent}"
    if extent.num_bad:
        return DataError(
            f"{extent.num_bad} values are NaN or infinite",
            expected="finite numbers",
            found=found,
            where=where,
            fix="find out why the generator made them; they represent no colour",
        )
    is_form_open = not _has_form(shape, declared) or (is_whole and declared.axes(len(shape)) != declared.of_many)
    is_range_open = declared.value_range is None and not is_bytes(numbers)
    what = " and ".join(name for name, is_open in (("layout", is_form_open), ("value_range", is_range_open)) if is_open)
    problem = f"{what} must be declared"
    if is_form_open and declared.layout:
        problem = f'the shape does not go with layout="{declared.layout}"'
    ways = [_layout_hint(shape, is_whole=is_whole)] if is_form_open else []
    if is_range_open:
        hint = range_hint(extent, is_integer=_is_integer(numbers))
        if not ways or "layout=" in ways[0]:
            ways.append(hint.removeprefix("declare ") if ways else hint)
    return DataError(problem, expected=EXPECTED, found=found, where=where, fix=" and ".join(ways))


def range_hint(extent: Extent, *, is_integer: bool) -> str:
    """The ranges that values may have, as arguments.

    Args:
        extent: The values.
        is_integer: Whether they are whole numbers.
    """
    low, high = extent.low, extent.high
    if is_integer and low >= 0 and high > 255:
        return (
            "token numbers must be decoded first; of pixels of more than 8 bits declare which value is white, such "
            f"as value_range=(0, {65535 if high > 4095 else 4095 if high > 1023 else 1023})"
        )
    possible = {_RANGES[name]: name.split("..") for name, _ in possible_ranges(low, high)}
    if not possible and low >= 0 and high <= 255:
        return "declare value_range=(0, 255)"
    if not possible:
        return "declare which values are black and white: value_range=(BLACK, WHITE)"
    if len(possible) == 1:
        return f"declare value_range={next(iter(possible))}"
    return "declare " + " or ".join(
        f"value_range={pair} if {black} is black and {white} is white" for pair, (black, white) in possible.items()
    )


def outside(numbers: Any, extent: Extent, declared: Declared, where: str) -> DataError:
    """The error for values far outside the range that is declared."""
    assert declared.value_range is not None
    low, high = map(shown_number, declared.value_range)
    is_integer = _is_integer(numbers)
    ways = []
    if is_bytes(numbers):
        ways.append("omit value_range, uint8 is 0..255; if only the other side needs it, open that one by itself: "
                    f"vidmbench.open_source(videos, {declared})")  # fmt: skip
    else:
        ways.append(range_hint(extent, is_integer=is_integer))
        if not (extent.low >= 0 and _FEW < extent.high <= 255):  # which are levels, not what a generator overshoots
            ways.append(f"or, if the generator really leaves its range, give x.clip({low}, {high})")
    return DataError(
        f"the values are outside the declared range, value_range={shown_range(declared.value_range)}",
        expected=f"values from {low} to {high}",
        found=f"{described(numbers)}, {extent}",
        where=where,
        fix="; ".join(ways),
    )


def _nothing_of(shape: tuple[int, ...], declared: Declared) -> str:
    """What there is none of, by the axis of length 0."""
    axes = declared.axes(len(shape))
    return "values" if axes is None else _COUNTED[axes[shape.index(0)]]


def _is_integer(numbers: Any) -> bool:
    kind = str(numbers.dtype).removeprefix("torch.")
    return kind.startswith(("int", "uint", "bool", "long", "short"))


def _has_form(shape: tuple[int, ...], declared: Declared) -> bool:
    """Whether a shape can be what is declared; of a single video, only where that is declared."""
    axes = declared.axes(len(shape))
    if axes is None:
        return False
    channels = shape[axes.index("C")] if "C" in axes else 1
    return channels in (1, 3, 4) if declared.layout else channels == 3


def _layout_hint(shape: tuple[int, ...], *, is_whole: bool) -> str:
    if len(shape) == 5:
        found = [name for axis, name in _BY_CHANNEL.items() if shape[axis] == 3]
        found = found or [name for axis, name in _BY_CHANNEL.items() if shape[axis] in (1, 4)]
        if found:
            return "declare " + " or ".join(f'layout="{name}"' for name in found)
        return 'declare the axes in their order, such as layout="NCTHW"; an axis C has 1, 3 or 4 channels'
    if len(shape) == 4:
        found = [name for axis, name in ((3, "THWC"), (0, "CTHW"), (1, "TCHW")) if shape[axis] == 3]
        if found and not is_whole:
            return f'declare layout="{found[0]}"'
        if found:
            return f'this looks like one video: give x[None] with layout="N{found[0]}" and more than one video to score'
        return 'of grey videos declare layout="NTHW"; token numbers must be decoded first'
    return "give all videos as one array of five axes, or a list of arrays, one per video"
