"""Published conventions as combinations of the choices that ``vidmbench identify`` tries."""

from vidmbench.evaluation.studies.identify_feeds import (
    FEWEST,
    FRAME_RULES,
    PREFIXES,
    SHORT,
    Feed,
    on_set,
    without_time_pool,
)
from vidmbench.protocols.fields import signature_texts
from vidmbench.protocols.protocol import ProtocolSpec

_LENGTHS = (16, 10, 11, 12, 13, 14, 15, 20)
_SHORT_LENGTHS = tuple(len(FRAME_RULES[rule]) for rule in SHORT)
_NUM_FRAMES = 20


def fields_of(spec: ProtocolSpec, name: str) -> tuple[dict[str, str], ...]:
    """A convention as combinations, one for each clip length that it allows, given all clips as arrays.

    A mean over trajectories is one distance: each real clip has one scored clip.

    Args:
        spec: A Fréchet distance on I3D.
        name: The golden set.

    Returns:
        None at all for a convention with a choice that is not tried.
    """
    after = dict(signature_texts(spec.statistics, "statistics"))
    ridge, batch, mean = (after.get(key) for key in ("ridge", "batch", "mean"))
    form = f"ridge {ridge}" if ridge else f"batches of {batch}" if batch else "whole"
    if reason_against(spec) is not None or mean not in (None, "prefixes", "trajectories"):
        return ()
    low, high = spec.clips.frames_allowed
    points = []
    for count in _LENGTHS if spec.clips.frames >= FEWEST else _SHORT_LENGTHS:
        is_second = spec.clips.fake.start == "second"
        frames = PREFIXES if mean == "prefixes" else f"1 to {count}" if is_second else f"first {count}"
        is_tried = frames in FRAME_RULES or (frames == PREFIXES and count == 16)
        if low <= count <= high and is_tried:
            array = without_time_pool(on_set(spec.array, name))
            # Of 9 to 16 frames the network makes two time steps: a pool over one makes no difference.
            layer = "logits" if spec.array.time_pool is None or FEWEST <= count <= 16 else "logits, pool 1"
            choices = {"layer": layer, "covariance": after["cov"], "form": form, "root": "no"}
            points.append({**Feed(frames, "rgb", array, bool(spec.clips.real.mirrored)).fields, **choices})
    return tuple(points)


def reason_against(spec: ProtocolSpec) -> str | None:
    """Why a convention has no number on the golden sets; None where nothing speaks against one."""
    longest = max(spec.clips.span_of(side) for side in (spec.clips.real, spec.clips.fake))
    low, _ = spec.clips.frames_allowed
    if low > _NUM_FRAMES or (spec.clips.stride > 1 and longest > _NUM_FRAMES):
        return f"needs {max(low, longest)} frames, and the clips have {_NUM_FRAMES}"
    return "makes choices that are not tried" if spec.clips.fake.mirrored else None
