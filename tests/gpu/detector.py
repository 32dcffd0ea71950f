"""I3D on the device: against the CPU, and how many clips a second."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from gpu.machine import DTYPES, matrix_rate
from gpu.measuring import Figures, Measuring
from gpu.operations import operations_of_a_clip, thin_layers
from gpu.videos import made_clips

from vidmbench.core.vocabulary import Precision
from vidmbench.detectors.engine import load_engine
from vidmbench.detectors.i3d import folded
from vidmbench.detectors.i3d_device import DeviceI3d
from vidmbench.detectors.resize import prepared
from vidmbench.detectors.types import Unresized
from vidmbench.detectors.weights_registry import load_weights
from vidmbench.metrics import Moments, frechet_distance
from vidmbench.protocols.detector import load_detectors
from vidmbench.protocols.protocol import load_protocol

PROTOCOL = load_protocol("fvd-stylegan-v")
PRECISIONS: tuple[Precision, ...] = ("fp32", "bf16")
# What the GPU may differ by: relative errors of features in float32, and of the FVD by precision.
FEATURES_WITHIN, FVD_WITHIN = 1e-4, {"fp32": 1e-5, "bf16": 1e-3}
_THIN_WITHIN = 0.5  # of a rehearsal's network, few clips and bf16
_ON_THE_CPU = "CPU, fp32"


def engine_of(stage: Any, *, precision: Precision, device: str, is_small: bool) -> Any:
    """The engine that a command would load; of a thin network in a rehearsal."""
    if not is_small:
        return load_engine(stage, precision=precision, device=device)
    return DeviceI3d(thin_layers(), precision=precision, device=device, name=f"thin/{device}", frames=9)


def parity(measuring: Measuring) -> None:
    """Features and FVD of the device against those of this machine's CPU in fp32."""
    half, frames, pixels = (2, 9, 32) if measuring.is_small else (16, 16, 128)
    clips = np.concatenate([made_clips(half, frames, pixels, seed) for seed in (0, 1)])
    clips[half:] = clips[half:, :, :, ::-1] // 2 + 64
    fed = [prepared(clip, PROTOCOL.array, size=224) for clip in clips]
    as_read = [Unresized(clip, PROTOCOL.array) for clip in clips]  # as a command sends them to a GPU
    reference: dict[str, np.ndarray] = {}

    def engine(precision: Precision, device: str) -> Any:
        return engine_of(PROTOCOL.array, precision=precision, device=device, is_small=measuring.is_small)

    def on_the_cpu() -> Figures:
        of_cpu = engine("fp32", "cpu")
        reference["cpu"] = _features(of_cpu, fed)
        return {"clips": len(fed), "engine": of_cpu.name, "FVD": round(_fvd(reference["cpu"], half), 3)}

    def against(precision: Precision) -> Figures:
        of_device = engine(precision, measuring.device.type)
        found, again, alone = (_features(of_device, some) for some in (as_read, as_read, as_read[3:4]))
        cpu = reference["cpu"]
        off = float((np.linalg.norm(found - cpu, axis=1) / np.linalg.norm(cpu, axis=1)).max())
        fvd = abs(_fvd(found, half) / _fvd(cpu, half) - 1)
        figures = {"features off by": _short(off), "FVD off by": _short(fvd)}
        limits = {"features off by": FEATURES_WITHIN, "FVD off by": FVD_WITHIN[precision]}
        if precision == "bf16":
            del limits["features off by"]
        if measuring.is_small:
            limits["FVD off by"] = _THIN_WITHIN
        bits = ["again" if np.array_equal(found, again) else "", "alone" if np.array_equal(found[3:4], alone) else ""]
        return measuring.check(figures, limits) | {"same bits": " and ".join(filter(None, bits)) or "never"}

    if measuring.measure("parity", _ON_THE_CPU, on_the_cpu, seconds=30) is None:
        return
    for precision in PRECISIONS:
        measuring.measure("parity", precision, lambda p=precision: against(p), seconds=5)


def network(measuring: Measuring) -> None:
    """Clips a second: of the network on clips that are on the device, and of the engine on clips in memory."""
    layers = (
        thin_layers() if measuring.is_small else folded(load_weights(load_detectors()["i3d-kinetics400"]), eps=1e-3)
    )
    loaded: dict[Precision, Any] = {}

    def engine(precision: Precision) -> Any:
        if precision not in loaded:
            device = measuring.device.type
            loaded[precision] = engine_of(
                PROTOCOL.array, precision=precision, device=device, is_small=measuring.is_small
            )
        return loaded[precision]

    def rate(precision: Precision, frames: int, batch: int, call: Callable[[], object]) -> Figures:
        measuring.forget_peak()
        seconds = measuring.seconds_of(call)
        reached = batch * operations_of_a_clip(layers, frames) / seconds
        figures: Figures = {"clips/s": round(batch / seconds, 1), "TFLOP/s": round(reached / 1e12, 1)}
        limit = matrix_rate(measuring, precision)
        if limit:
            figures["% of the matrix rate"] = round(100 * reached / limit, 1)
        return figures | measuring.peak()

    def on_the_device(precision: Precision, frames: int, batch: int) -> Figures:
        x = torch.rand(batch, frames, 224, 224, 3, device=measuring.device).to(DTYPES[precision])
        with torch.inference_mode():
            return rate(precision, frames, batch, lambda: engine(precision).compute(x))

    def in_memory(precision: Precision, frames: int, count: int) -> Figures:
        (frames_of_clip,) = made_clips(1, frames, 32 if measuring.is_small else 128, seed=0)
        clip = Unresized(frames_of_clip, PROTOCOL.array)
        return rate(precision, frames, count, lambda: _features(engine(precision), [clip] * count))

    sizes = ((9, 1),) if measuring.is_small else ((16, 32), (128, 4))
    for frames, batch in sizes:
        for precision in PRECISIONS:
            line = f"{precision}, {frames} frames, {batch} clips at once"
            measuring.measure("network", line, lambda p=precision, f=frames, b=batch: on_the_device(p, f, b), seconds=4)
    for frames, batch in sizes:
        for precision in PRECISIONS:
            count = 1 if measuring.is_small else 8 * batch
            line = f"{precision}, {frames} frames, clips in memory"
            measuring.measure("network", line, lambda p=precision, f=frames, c=count: in_memory(p, f, c), seconds=8)


def _features(engine: Any, clips: Sequence[np.ndarray | Unresized]) -> np.ndarray:
    return np.stack(list(engine.features(clips)))


def _fvd(features: np.ndarray, half: int) -> float:
    return float(frechet_distance(Moments.of(features[:half]), Moments.of(features[half:]), normalisation="n"))


def _short(number: float) -> float:
    return float(f"{number:.2g}")
