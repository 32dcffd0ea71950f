"""Published conventions as combinations of the choices that ``vidmbench identify`` tries."""

from vidmbench.evaluation.studies.identify_feeds import FRAME_RULES, PREFIXES, Feed, is_plain, on_set
from vidmbench.protocols.fields import signature_texts
from vidmbench.protocols.protocol import ProtocolSpec

_LENGTHS = (16, 10, 11, 12, 13, 14, 15, 20)
_NUM_FRAMES = 20


def fields_of(spec: ProtocolSpec, name: str) -> tuple[dict[str, str], ...]:
    """A convention as combinations, one for each clip length that it allows, given all clips as arrays.

    Args:
        spec: A Fréchet distance on I3D.
        name: The golden set.

    Returns:
        None at all for a convention with a choice that is not tried.
    """
    after = dict(signature_texts(spec.statistics, "statistics"))
    ridge, batch, mean = (after.get(key) for key in ("ridge", "batch", "mean"))
    form = f"ridge {ridge}" if ridge else f"batches of {batch}" if batch else "whole"
    if reason_against(spec) is not None or mean not in (None, "prefixes"):
        return ()
    low, high = spec.clips.frames_allowed
    points = []
    for count in _LENGTHS:
        frames = PREFIXES if mean else f"1 to {count}" if str(spec.clips.fake.start) == "second" else f"first {count}"
        is_tried = frames in FRAME_RULES or (frames == PREFIXES and count == 16)
        if low <= count <= high and is_tried:
            array, layer = on_set(spec.array, name), "logits"
            if getattr(array, "time_pool", None) is not None:  # of two time steps it makes no difference
                array = array.model_copy(update={"time_pool": None})
                layer = "logits" if count <= 16 else "logits, pool 1"
            choices = {"layer": layer, "covariance": after["cov"], "form": form, "root": "no"}
            points.append({**Feed(frames, "rgb", array).fields, **choices})
    return tuple(points)


def reason_against(spec: ProtocolSpec) -> str | None:
    """Why a convention has no number on the golden sets; None where nothing speaks against one."""
    longest = max(spec.clips.span_of(side) for side in (spec.clips.real, spec.clips.fake))
    low, high = spec.clips.frames_allowed
    if low > _NUM_FRAMES or (spec.clips.stride > 1 and longest > _NUM_FRAMES):
        return f"needs {max(low, longest)} frames, and the clips have {_NUM_FRAMES}"
    if high < min(_LENGTHS):
        return f"is for clips of {high} frames or fewer, which are not tried"
    sides = (spec.clips.real, spec.clips.fake)
    if not is_plain(spec.array) or any(getattr(side, "mirrored", None) for side in sides):
        return "makes choices that are not tried"
    return None
