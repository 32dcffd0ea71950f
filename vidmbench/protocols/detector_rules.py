"""What a protocol and its detector must agree on."""

from pathlib import Path
from typing import TYPE_CHECKING

from vidmbench.core.errors import ProtocolError
from vidmbench.protocols.detector import load_detector

if TYPE_CHECKING:
    from vidmbench.protocols.protocol import ProtocolSpec

#: What `resize`, `crop` and `first_resize` are where frames go to a detector as they are.
_AS_IT_IS = ("detector", "none", None)


def check_detector(spec: "ProtocolSpec", path: Path) -> None:
    """Refuses a protocol that asks its detector for something else than it does.

    Args:
        spec: The protocol as its file says.
        path: That file.

    Raises:
        ProtocolError: They contradict each other; the message names the field.
    """
    detector = load_detector(spec.array.detector)
    is_prepared = detector.prepare is not None or detector.reads == "pairs" or detector.is_followed
    if spec.array.resize == "detector" and not is_prepared:
        raise ProtocolError(
            f"{detector.name} does not prepare clips itself",
            expected="a resize rule, or a detector with prepare",
            found='resize = "detector"',
            where=f"{path}: array.resize",
        )
    if spec.kind.reads_frames and detector.reads != "frames":
        raise ProtocolError(
            f"{detector.name} gives one feature of a clip, and the metric {spec.metric} needs one of each frame",
            expected='a detector with reads = "frames"',
            found=f'reads = "{detector.reads}"',
            where=f"{path}: array.detector",
        )
    changed = [name for name in ("resize", "crop", "first_resize") if getattr(spec.array, name) not in _AS_IT_IS]
    if changed and detector.is_followed:
        raise ProtocolError(
            f"{detector.name} takes frames as they are",
            expected='resize = "detector", crop = "none", and no first_resize',
            found=f"{changed[0]} = {getattr(spec.array, changed[0])}",
            where=f"{path}: array.{changed[0]}",
        )
    ours = [name for name in ("time_pool", "wide_input", "lengthen") if getattr(spec.array, name, None) is not None]
    if ours and detector.network is not None:
        raise ProtocolError(
            f"{detector.name} is fed and pooled as it is",
            expected="i3d-kinetics400, the network that these fields change",
            found=detector.name,
            where=f"{path}: array.{ours[0]}",
        )
    is_averaged = getattr(spec.statistics, "mean_over", None) == "prefixes"
    if is_averaged != (spec.clips.prefixes_from is not None):
        raise ProtocolError(
            "clips of all prefixes and a mean over prefixes go together",
            expected='prefixes_from in [clips] and mean_over = "prefixes" in [statistics], or neither',
            found="one of them",
            where=str(path),
        )
    if spec.array.wide_input is not None and spec.array.crop != "none":
        raise ProtocolError("wide_input goes with crop = 'none'", found=spec.array.crop, where=f"{path}: array.crop")
    if detector.gives not in spec.kind.accepts:
        raise ProtocolError(
            f"{detector.name} gives {detector.gives}, and the metric {spec.metric} needs "
            f"{' or '.join(spec.kind.accepts)}",
            expected="a detector with gives = " + " or ".join(f'"{meaning}"' for meaning in spec.kind.accepts),
            found=f'gives = "{detector.gives}"',
            where=f"{path}: array.detector",
        )
