"""What a user should know about how a video stream was read, one sentence each."""

from collections.abc import Collection, Sequence
from itertools import pairwise

import numpy as np

#: Transfer functions as ITU-T H.273 numbers them.
_HDR = {16: "PQ", 18: "HLG"}
#: How far apart two frames may be, in units of the usual distance, and how many may be farther.
_UNEVEN, _FEW = 1.5, 0.05
#: How far apart two frames are if something is missing between them: in units of the usual distance, and in seconds.
_HOLE, _SHORTEST_HOLE = 3, 0.04
_ALPHA_LAYOUTS = ("yuva", "gbrap", "rgba", "bgra", "argb", "abgr", "ya8", "ya16", "ayuv", "vuya")


def notes_of_stream(
    layouts: Collection[str],
    transfers: Collection[int],
    times: Sequence[int | None],
    *,
    time_base: float,
    num_streams: int,
    has_hidden_alpha: bool,
) -> tuple[str, ...]:
    """What a user should know about how a video was read.

    Args:
        layouts: Pixel formats of its frames.
        transfers: Transfer functions that they declare.
        times: When they are shown, in units of ``time_base``.
        time_base: Seconds.
        num_streams: Video streams in the file, cover images not counted.
        has_hidden_alpha: Transparency is stored beside the frames, as WebM does.
    """
    notes = []
    if has_hidden_alpha or any(layout.startswith(_ALPHA_LAYOUTS) for layout in layouts):
        notes.append("the alpha channel was dropped, and colours kept as they are stored")
    kinds = [name for number, name in _HDR.items() if number in transfers]
    if kinds:
        notes.append(f"HDR ({' and '.join(kinds)}) was read as it is stored, without tone mapping")
    if num_streams > 1:
        notes.append(f"of {num_streams} video streams in one file, the one that FFmpeg calls best was read")
    if _is_uneven(times):
        notes.append("the frame rate varies; frames were taken in order, as if it did not")
    hole = _hole(times)
    if hole and hole[1] * time_base > _SHORTEST_HOLE:
        where = f"after frame {hole[0]} the next one comes {hole[1] * time_base:.3g} s later"
        notes.append(f"time jumps between two frames; they were taken in order, as if it did not: {where}")
    return tuple(notes)


def shown_rate(times: Sequence[int | None], time_base: float, declared: float) -> float:
    """Frames per second as they are shown, or as the header declares; 0 where neither says anything.

    Args:
        times: When each frame is shown, in units of ``time_base``.
        time_base: Seconds.
        declared: By the container, frames per second; 0 where it declares nothing.
    """
    known = [time for time in times if time is not None]
    steps = np.diff(known)
    if not len(steps) or len(known) < len(times) or known[-1] <= known[0] or not time_base:
        return round(declared, 3)
    usual = steps[np.abs(steps - np.median(steps)) <= _rounding(steps)]  # frames that were dropped leave gaps
    chosen = usual if 2 * len(usual) > len(steps) and usual.mean() > 0 else steps
    return round(1 / (float(chosen.mean()) * time_base), 3)


def _is_uneven(times: Sequence[int | None]) -> bool:
    steps = np.array([later - time for time, later in pairwise(times) if time is not None and later is not None])
    if len(steps) < 2:
        return False
    usual = np.median(steps)
    is_far = (np.abs(steps - usual) > _rounding(steps)) & ((steps > _UNEVEN * usual) | (steps * _UNEVEN < usual))
    return bool(is_far.mean() > _FEW)


def _hole(times: Sequence[int | None]) -> tuple[int, int] | None:
    """The frame (from 0) before the longest step, and that step; None where it is about as long as the others.

    What the last frame is shown for is not a step, and neither is what comes before the first one.
    """
    steps = {
        frame: later - time
        for frame, (time, later) in enumerate(pairwise(times))
        if time is not None and later is not None
    }
    if len(steps) < 2:
        return None
    frame = max(steps, key=steps.__getitem__)
    return (frame, steps[frame]) if steps[frame] >= _HOLE * np.median(list(steps.values())) else None


def _rounding(steps: np.ndarray) -> float:
    """How far containers that round times, to milliseconds for example, move a step; AVI counts in frames."""
    return min(1.0, float(np.median(steps)) / 4)
