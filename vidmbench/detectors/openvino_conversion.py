"""A torch module converted to OpenVINO for input of one size, and held to what PyTorch computes."""

import warnings
from typing import Any

import numpy as np
import torch
from torch import nn

from vidmbench.core.seeding import generator
from vidmbench.core.workers import cores
from vidmbench.detectors.openvino_import import compile_for_cpu, import_openvino

#: How far OpenVINO's features may be from PyTorch's, as a share of the largest one.
TOLERANCE = 1e-4


def compiled(module: nn.Module, shape: tuple[int, ...]) -> tuple[Any, float]:
    """A module compiled for samples of one shape, one a core.

    Args:
        module: Maps (1, 3, …) to (1, feature).
        shape: Of one sample: (1, 3, time, height, width) or (1, 3, height, width).

    Returns:
        The compiled model, and how far its features of seeded noise are from the module's own, as a share of the
        largest one; infinity where they cannot be compared.

    Raises:
        Exception: Whatever the module or the converter raises.
    """
    noise = generator(0, "openvino", *shape).standard_normal(shape, np.float32)
    sample = torch.from_numpy(noise)
    with torch.inference_mode(), warnings.catch_warnings():
        # Tracing warns of each size that it takes for constant, and here all are.
        warnings.simplefilter("ignore")
        expected = module(sample).numpy()
        traced = torch.jit.trace(module, sample, check_trace=False)  # type: ignore[no-untyped-call]
        model = import_openvino()[0].convert_model(traced, example_input=sample, input=list(shape))
    network = compile_for_cpu(model, precision="f32", num_streams=cores())
    found = computed(network.create_infer_request(), noise)
    if found.shape != expected.shape:
        return network, float("inf")
    largest = max(float(np.abs(expected).max()), float(np.finfo(np.float32).tiny))
    apart = float(np.abs(found - expected).max()) / largest
    return network, apart if np.isfinite(apart) else float("inf")


def difference(apart: float) -> str:
    """What :func:`compiled` found, in words."""
    return f"features differ by {apart:.2g} of the largest one"


def computed(request: Any, sample: np.ndarray) -> np.ndarray:
    """The features of one sample.

    Args:
        request: Of the compiled model; in use by nobody else.
        sample: float32, of the shape that it was compiled for.

    Returns:
        float32 (1, feature).
    """
    request.infer({0: sample}, share_inputs=True)
    return np.array(request.get_output_tensor(0).data, dtype=np.float32)
