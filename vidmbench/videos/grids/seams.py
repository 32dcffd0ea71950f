"""How sharply an image changes from column to column and from row to row: the seams of a grid."""

import numpy as np

from vidmbench.core.arrays import Frames

_PARTS = 4
#: Intensity levels; smaller steps are flat areas and compression noise.
_MIN_STEP = 2.0
_DOMINANCE = 1.25
#: A jump rate this many times the typical one speaks neither for nor against a seam.
NEUTRAL = 3.5
#: The same for lines, which are held to be of one colour besides.
NEUTRAL_LINE = 2.0
#: The same for steps across two pixels, where a seam that falls between whole pixels shows.
NEUTRAL_WIDE = 2.5
_MIN_NEUTRAL = 0.06
#: The same among the edges of a codec's blocks, of these sizes.
_NEUTRAL_BLOCK = 2.0
_BLOCKS = (8, 16)
_MAX_SCORE = 2.0
_MAX_FRAMES = 64
#: A frame is live that has at least this share of the detail of the one with most, in about so many of its rows.
_LIVE = 0.2
_LOOKED_AT = 64
#: Pixels to each side within which a jump must be the largest.
NEIGHBOURS = 3


def mean_luma(frames: Frames) -> np.ndarray:
    """Means over up to four stretches of time, float32 (part, height, width), 0..255.

    Moving content blurs in the mean and dithering vanishes; seams stay where they are.
    """
    live = np.flatnonzero(_is_live(frames))
    chosen = live[np.unique(np.linspace(0, len(live) - 1, min(len(live), _MAX_FRAMES)).round().astype(int))]
    weights = np.array([0.299, 0.587, 0.114], np.float32)
    means = []
    for part in np.array_split(chosen, min(_PARTS, len(chosen))):
        total = np.zeros(frames.shape[1:3], np.float32)
        for index in part:
            total += frames[index].astype(np.float32) @ weights
        means.append(total / len(part))
    return np.stack(means)


def _is_live(frames: Frames) -> np.ndarray:
    """Which frames show something, bool (frame,): blank ones, as after a film's end, would hide the seams."""
    detail = []
    for frame in frames:
        thin = frame[:: max(1, frame.shape[0] // _LOOKED_AT), :, 1].astype(np.int16)
        detail.append(np.abs(np.diff(thin, axis=1)).mean() if thin.shape[1] > 1 else 0.0)
    return np.asarray(np.array(detail) >= _LIVE * max(detail))


def jump_rates(luma: np.ndarray, *, of_lines: bool = False) -> np.ndarray:
    """The share of rows that jump most at each position, float64 (width + 1), 0..1; both ends are 0.

    Args:
        luma: float32 (part, height, width).
        of_lines: Compare jumps up and jumps down with their own kind only, because both sides of a thin line jump. In
            noise and dithering that happens by chance more often, so it is of no use where there are no lines.
    """
    steps = np.diff(luma, axis=2)
    is_jump = np.zeros(steps.shape, bool)
    for sizes in (np.maximum(steps, 0), np.maximum(-steps, 0)) if of_lines else (np.abs(steps),):
        margin = np.pad(sizes, ((0, 0), (0, 0), (NEIGHBOURS, NEIGHBOURS)))
        around = np.zeros_like(sizes)
        for shift in range(2 * NEIGHBOURS + 1):
            if shift != NEIGHBOURS:
                np.maximum(around, margin[:, :, shift : shift + sizes.shape[2]], out=around)
        is_jump |= (sizes > _DOMINANCE * around) & (sizes >= _MIN_STEP)
    return np.pad(is_jump.mean(axis=(0, 1)), 1)


def wide_rates(luma: np.ndarray) -> np.ndarray:
    """The same as :func:`jump_rates` for steps across two pixels; each counts for both places beside its middle."""
    steps = np.abs(luma[:, :, 2:] - luma[:, :, :-2])
    margin = np.pad(steps, ((0, 0), (0, 0), (NEIGHBOURS + 1, NEIGHBOURS + 1)))
    around = np.zeros_like(steps)
    for shift in range(2 * NEIGHBOURS + 3):
        if abs(shift - NEIGHBOURS - 1) > 1:  # those beside it share a pixel with it
            np.maximum(around, margin[:, :, shift : shift + steps.shape[2]], out=around)
    rates = ((steps > _DOMINANCE * around) & (steps >= _MIN_STEP)).mean(axis=(0, 1))
    both: np.ndarray = np.maximum(np.pad(rates, (1, 2)), np.pad(rates, (2, 1)))
    return both


def seam_scores(rates: np.ndarray, typical: float = NEUTRAL) -> np.ndarray:
    """How much each position speaks for a seam (positive) or against one, -2..2.

    Args:
        rates: Jump rates.
        typical: Times the median rate, what speaks neither for nor against.
    """
    return scored(*seam_evidence(rates, typical))


def seam_evidence(rates: np.ndarray, typical: float, reach: int = -1) -> tuple[np.ndarray, np.ndarray]:
    """The jump rate of each position, and the one there that speaks neither for nor against a seam.

    Args:
        rates: Jump rates.
        typical: Times the median rate, what speaks neither for nor against.
        reach: Pixels by which a seam may be before the position, and one more by which it may be behind it; -1 wants it
            there exactly.
    """
    highest = np.max([np.roll(rates, -shift) for shift in range(-reach, reach + 2)], axis=0) if reach >= 0 else rates
    neutral = np.full(rates.shape, max(typical * float(np.median(highest)), _MIN_NEUTRAL))
    for size in _BLOCKS:
        # The blocks of a codec jump as well; every second one is no seam even where tiles are two blocks wide.
        at_blocks = rates[size:-1:size]
        if len(at_blocks):
            neutral[::size] = np.maximum(neutral[::size], _NEUTRAL_BLOCK * np.median(at_blocks))
    return highest, neutral


def scored(highest: np.ndarray, neutral: np.ndarray) -> np.ndarray:
    """Rates as scores, -2..2: 0 is neutral, and twice the rate scores one more."""
    scores: np.ndarray = np.log2(np.maximum(highest, 1e-9) / neutral).clip(-_MAX_SCORE, _MAX_SCORE)
    return scores
