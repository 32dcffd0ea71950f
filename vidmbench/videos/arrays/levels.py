"""Whether bytes are intensity levels, or floats that were converted to bytes without being scaled."""

from collections.abc import Iterable

import numpy as np

# How far generators that do not clamp leave their range.
_NEAR = {"0..1": (-0.25, 1.5), "-1..1": (-1.5, 1.5)}
_WITHIN = {"0..1": (0.0, 1.0), "-1..1": (-1.0, 1.0)}
_ORDINARY = (3, 254)  # between them lies no value that floats in -1..1, or in 0..2, become


def only_levels(parts: Iterable[np.ndarray]) -> tuple[int, ...] | None:
    """The levels that occur, where there are so few that none is an ordinary one; None where one is.

    Args:
        parts: All of an array of uint8, in pieces; of most arrays the first one decides.

    Returns:
        Those of 0, 1, 2 and 255 that occur, ascending; None if any other value occurs.
    """
    low, high = _ORDINARY
    seen: set[int] = set()
    for part in parts:
        if ((part >= low) & (part <= high)).any():
            return None
        seen.update(level for level in (0, 1, 2, 255) if level not in seen and (part == level).any())
    return tuple(sorted(seen))


def unscaled(levels: tuple[int, ...] | None, where: str = "the array") -> str | None:
    """What is wrong with an array of these levels; None where they can be intensities: all black, or black and white.

    Args:
        levels: See :func:`only_levels`.
        where: What has them, for the message.
    """
    if levels is None or not {1, 2} & set(levels):
        return None
    if 255 in levels:
        listed = ", ".join(map(str, levels[:-1]))
        return f"only the levels {listed} and 255 occur in {where}: floats in -1..1 seem to have become uint8 unscaled"
    return f"no value in {where} exceeds {levels[-1]}: floats seem to have become uint8 without a factor of 255"


def possible_ranges(low: int | float, high: int | float) -> list[tuple[str, bool]]:
    """The ranges that floats between two values may have, the narrowest first.

    Args:
        low: The smallest value.
        high: The largest.

    Returns:
        Of each range its name, and whether some values lie outside, as of a decoder that does not clamp.
    """
    ranges = []
    for name, (lower, upper) in _NEAR.items():
        is_within = _WITHIN[name][0] <= low and high <= _WITHIN[name][1]
        if lower <= low and high <= upper:
            ranges.append((name, not is_within))
        if is_within:
            break
    return ranges


def scaling(name: str, *, clipped: bool = False) -> str:
    """The Python expression that turns floats of a range into intensity levels.

    Args:
        name: ``0..1`` or ``-1..1``.
        clipped: Whether some lie outside of it.
    """
    x = f"x.clip({name.replace('..', ', ')})" if clipped else "x"
    return f'({x} * 255).round().astype("uint8")' if name == "0..1" else f'(({x} + 1) * 127.5).round().astype("uint8")'


def how_to_scale(levels: tuple[int, ...]) -> str:
    """What to do about :func:`unscaled` levels."""
    again = "; ".join(f"if their range is {name}: {scaling(name)}" for name in _WITHIN)
    masks = "; where 0 is black and 1 is white: x * 255" if levels[-1] == 1 else ""
    return f"convert the floats again, {again}{masks}"
