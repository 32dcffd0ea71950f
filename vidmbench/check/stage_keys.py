"""What decides the result of each stage: protocols with one key share one result."""

from vidmbench.protocols.detector import load_detector
from vidmbench.protocols.fields import golden_texts
from vidmbench.protocols.pair_stages import PairStage
from vidmbench.protocols.protocol import ProtocolSpec
from vidmbench.protocols.sequence_stages import is_followed


def framing_key(spec: ProtocolSpec) -> str:
    """What decides the pre-resized images."""
    return "+".join(golden_texts(spec.dataset, "framing").values())


def array_key(spec: ProtocolSpec) -> str:
    """What decides a prepared clip."""
    detector = load_detector(spec.array.detector)
    if isinstance(spec.array, PairStage) or is_followed(spec.array):
        return "+".join([detector.name, *golden_texts(spec.array, "array").values()])
    if spec.array.resize == "detector":
        return f"{detector.prepare}"
    texts = golden_texts(spec.array, "array")
    size = spec.array.size_fed(detector.input_size)
    return "+".join({**texts, "resize": f"{texts['resize']}.{'x'.join(map(str, dict.fromkeys(size)))}"}.values())


def detector_key(spec: ProtocolSpec) -> str:
    """What decides a feature of a prepared clip."""
    if isinstance(spec.array, PairStage) or is_followed(spec.array):
        return array_key(spec)
    return "+".join([*golden_texts(spec.array, "detector").values(), fed_range(spec.array.range)])


def features_key(spec: ProtocolSpec) -> str:
    """What decides a feature of a golden clip."""
    return "+".join([*golden_texts(spec.array, "detector").values(), framing_key(spec), array_key(spec)])


def fed_range(interval: str) -> str:
    """The interval of the values that a network is shown in the stage ``detector``.

    Any fixed input would do; a network that expects intensity levels discriminates more with those.
    """
    return "0..255" if interval == "0..255" else "-1..1"
