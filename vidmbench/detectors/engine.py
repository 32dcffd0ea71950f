"""What an engine is, and which one runs."""

import importlib.util
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

from vidmbench.core.errors import UsageError
from vidmbench.core.vocabulary import Device, Precision
from vidmbench.detectors.i3d import folded, head_of, rounded_to_bf16
from vidmbench.detectors.openvino_trial import is_for_openvino, is_transformer
from vidmbench.detectors.preparation import lengthened
from vidmbench.detectors.sequences import feature_of, is_sequence
from vidmbench.detectors.types import Engine, Feature, Prepared, Unresized
from vidmbench.detectors.weights_local import identity
from vidmbench.detectors.weights_registry import load_weights
from vidmbench.protocols.detector import DetectorSpec, load_detector
from vidmbench.protocols.pair_stages import LpipsStage, PairStage, VmafStage
from vidmbench.protocols.stages import ArrayStage

if TYPE_CHECKING:
    from vidmbench.detectors.pair_engine import SharedLpips

#: Of the TensorFlow graph; what a protocol means that names none.
_I3D_EPS = 1e-3
# Networks in use, by detector, library, device and weights.
_LPIPS: "WeakValueDictionary[tuple[str, str, str, str], SharedLpips]" = WeakValueDictionary()


def engine_name(
    device: Device = "auto", detector: str | None = None, precision: Precision = "fp32", *, is_tried: bool = True
) -> str:
    """The engine that would run: ``openvino-VERSION/cpu``, ``torch-VERSION/cpu`` or ``…/cuda``.

    Args:
        device: Where it would run.
        detector: The detector; None for I3D. OpenVINO runs I3D and LPIPS, and vision transformers in fp32 where its
            features agree with PyTorch's.
        precision: That of the network.
        is_tried: Whether a vision transformer that nobody has tried on OpenVINO yet is loaded and tried now; else both
            engines are named.

    Raises:
        UsageError: ``cuda`` was asked for and there is none.
        VidmbenchError: A network that is tried cannot be loaded.
    """
    if detector is not None and load_detector(detector).network == "pixels":
        from importlib.metadata import version

        return f"numpy-{version('numpy')}/cpu"
    if detector is not None and load_detector(detector).network == "opencv":
        from vidmbench.detectors.opencv_import import opencv_name

        return opencv_name()
    chosen, _, target = _choose(device, detector, precision, is_tried=is_tried).partition("/")
    if detector is not None and load_detector(detector).network == "vmaf":
        from vidmbench.detectors.vmaf_import import vmaf_name

        return vmaf_name(target)
    # Importing torch or openvino takes a second; their versions are known to the package metadata.
    from importlib.metadata import version

    named = (f"{library}-{version(library).split('+')[0]}" for library in chosen.split(" or "))
    return f"{' or '.join(named)}/{target}"


def load_engine(stage: ArrayStage, *, precision: Precision = "fp32", device: Device = "auto") -> Engine:
    """Loads a detector's network on the fastest engine there is.

    Args:
        stage: The protocol's array stage: names the detector and its batch-norm epsilon.
        precision: ``fp32`` (TF32 off), or ``bf16`` where the error is small and stated.
        device: ``auto`` takes CUDA, then OpenVINO on the CPU, then PyTorch on the CPU.

    Returns:
        The engine.

    Raises:
        WeightsError: The weights are not available.
        UsageError: ``cuda`` was asked for and there is none.
    """
    spec: DetectorSpec = load_detector(stage.detector)
    chosen, _, target = _choose(device, stage.detector, precision).partition("/")
    name = engine_name(device, stage.detector, precision)
    # Nobody knows what bf16 does to other networks.
    if spec.network is not None and precision != "fp32" and not is_transformer(spec):
        raise UsageError(
            f"{spec.name} runs in fp32 alone", expected="--precision fp32", found=f"--precision {precision}"
        )
    if is_sequence(stage):
        from vidmbench.detectors.pair_engine import ReadyNumbers

        return ReadyNumbers(name, feature_of(stage))
    if isinstance(stage, PairStage):
        return _pair_engine(spec, stage, name=name, chosen=chosen, device=target)
    if spec.network is not None and chosen == "openvino":
        from vidmbench.detectors.openvino_module import OpenVinoModuleEngine

        return OpenVinoModuleEngine(spec, name=name)
    if spec.network is not None:
        from vidmbench.detectors.torch_module import ModuleEngine

        return ModuleEngine(spec, device=target, name=name, precision=precision)
    layers = folded(load_weights(spec), eps=stage.batch_norm_eps or _I3D_EPS)
    if precision == "bf16":
        layers = rounded_to_bf16(layers)
    if chosen == "openvino":
        from vidmbench.detectors.i3d_openvino import OpenVinoEngine

        engine: Engine = OpenVinoEngine(layers, precision=precision, name=name, head=head_of(stage))
    elif target == "cpu":
        from vidmbench.detectors.i3d_torch import TorchEngine

        engine = TorchEngine(layers, precision=precision, name=name, head=head_of(stage))
    else:
        from vidmbench.detectors.i3d_device import DeviceI3d

        engine = DeviceI3d(layers, precision=precision, device=target, name=name, head=head_of(stage))
    return engine if stage.lengthen is None else _LongerClips(engine, stage)


class _LongerClips:
    """An engine that is shown clips longer than they are.

    Args:
        engine: It computes the features.
        stage: Says how clips get longer.
    """

    def __init__(self, engine: Engine, stage: ArrayStage) -> None:
        self.name = engine.name
        self._engine, self._stage = engine, stage

    def features(self, clips: Iterable[Prepared | Unresized]) -> Iterator[Feature]:
        """See :class:`vidmbench.detectors.types.Engine`; what a device resizes it makes longer too."""
        return self._engine.features(
            clip if isinstance(clip, Unresized) else lengthened(clip, self._stage) for clip in clips
        )


def _pair_engine(spec: DetectorSpec, stage: PairStage, *, name: str, chosen: str, device: str) -> Engine:
    from vidmbench.detectors.pair_engine import LpipsEngine, ReadyNumbers

    if isinstance(stage, VmafStage):
        from vidmbench.detectors.vmaf import VmafEngine

        return VmafEngine(stage, name=name, device=device)
    if not isinstance(stage, LpipsStage):
        return ReadyNumbers(name)
    key = spec.name, chosen, device, identity(spec)
    network = _LPIPS.get(key)
    if network is None:
        _LPIPS[key] = network = _lpips(spec, chosen, device)
    return LpipsEngine(network, stage, name=name)


def _lpips(spec: DetectorSpec, chosen: str, device: str) -> "SharedLpips":
    from vidmbench.detectors.lpips import layers
    from vidmbench.detectors.pair_engine import TRUNKS, SharedLpips

    trunk = TRUNKS[spec.name]
    network = layers(load_weights(spec), trunk)
    if chosen == "openvino":
        from vidmbench.detectors.lpips_openvino import OpenVinoLpips

        return SharedLpips(OpenVinoLpips(network), trunk)
    from vidmbench.detectors.lpips_torch import TorchLpips

    return SharedLpips(TorchLpips(network, device=device), trunk)


def _choose(device: Device, detector: str | None, precision: Precision, *, is_tried: bool = True) -> str:
    if device != "cpu" and _cuda_is_there():
        return "torch/cuda"
    if device == "cuda":
        raise UsageError(
            "no CUDA device was found",
            expected="an NVIDIA GPU and a CUDA build of PyTorch",
            found=_torch_version(),
            where="--device cuda",
            fix="use --device auto, or install a CUDA build of PyTorch",
        )
    if detector is not None and load_detector(detector).network not in (None, "lpips"):
        if precision != "fp32":
            return "torch/cpu"
        is_taken = is_for_openvino(load_detector(detector), is_tried=is_tried)
        return {True: "openvino/cpu", False: "torch/cpu", None: "openvino or torch/cpu"}[is_taken]
    return "openvino/cpu" if importlib.util.find_spec("openvino") else "torch/cpu"


def _torch_version() -> str:
    from importlib.metadata import version

    return f"torch {version('torch')}"


def _cuda_is_there() -> bool:
    # A CPU build says so in its version; torch itself, slow to import, is only asked where it may have CUDA.
    if "+cpu" in _torch_version():
        return False
    import torch

    return torch.cuda.is_available()
