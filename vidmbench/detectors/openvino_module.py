"""A detector's torch module on OpenVINO: one clip or frame a core."""

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from queue import SimpleQueue
from typing import Any

import numpy as np
from jaxtyping import Float32

from vidmbench.core.errors import UsageError, VidmbenchError
from vidmbench.core.workers import cores
from vidmbench.detectors.openvino_conversion import TOLERANCE, compiled, computed, difference
from vidmbench.detectors.openvino_trial import in_one_line, refuse
from vidmbench.detectors.torch_module import built, check_width
from vidmbench.detectors.types import Feature, Prepared
from vidmbench.protocols.detector import DetectorSpec

# One clip (1, 3, time, height, width), or one frame (1, 3, height, width).
_Sample = Float32[np.ndarray, "1 3 *size"]


class OpenVinoModuleEngine:
    """A detector's module converted and compiled for the CPU, one clip or frame a core.

    Args:
        spec: The detector; its ``network`` builds the module.
        name: What the record says.

    Raises:
        WeightsError: The weights are not available.
    """

    def __init__(self, spec: DetectorSpec, *, name: str) -> None:
        self.name = name
        self._spec = spec
        self._module = built(spec)
        self._requests: dict[tuple[int, ...], SimpleQueue[Any]] = {}

    def features(self, clips: Iterable[Prepared]) -> Iterator[Feature]:
        """See :class:`vidmbench.detectors.types.Engine`; of a network that reads frames, those of a clip in a row."""
        running: deque[list[Future[np.ndarray]]] = deque()
        with ThreadPoolExecutor(cores(), thread_name_prefix="vidmbench-score") as pool:
            for clip in clips:
                if len(running) == cores():
                    yield _joined(running.popleft())
                running.append([pool.submit(self._of_one, sample) for sample in self._samples(clip)])
            while running:
                yield _joined(running.popleft())

    def _samples(self, clip: Prepared) -> list[_Sample]:
        """What goes through the network one by one; where none of that shape came before, the network is compiled."""
        if self._spec.reads == "frames":
            samples = [np.ascontiguousarray(frame.transpose(2, 0, 1)[None]) for frame in clip]
        else:
            samples = [np.ascontiguousarray(clip.transpose(3, 0, 1, 2)[None])]
        if samples[0].shape not in self._requests:
            self._requests[samples[0].shape] = self._compiled(samples[0].shape)
        return samples

    def _compiled(self, shape: tuple[int, ...]) -> "SimpleQueue[Any]":
        try:
            network, apart = compiled(self._module, shape)
        except VidmbenchError:
            raise
        except Exception as error:  # PyTorch may refuse this size too, and says so the next time
            raise self._refused(shape, in_one_line(error)) from error
        if apart > TOLERANCE:
            raise self._refused(shape, difference(apart))
        check_width(tuple(network.output(0).shape), 1, self._spec)
        requests: SimpleQueue[Any] = SimpleQueue()
        for _ in range(cores()):
            requests.put(network.create_infer_request())
        return requests

    def _refused(self, shape: tuple[int, ...], reason: str) -> UsageError:
        """The error for input of another size than the one that was tried; PyTorch computes the network from now on."""
        refuse(self._spec, reason)
        size = " x ".join(map(str, shape[2:]))
        return UsageError(
            f"OpenVINO does not compute {self._spec.name} as PyTorch does for input of {size}",
            expected=f"features within {TOLERANCE:g} of PyTorch's",
            found=reason,
            fix="give the same command again: PyTorch computes this network from now on",
        )

    def _of_one(self, sample: _Sample) -> np.ndarray:
        requests = self._requests[sample.shape]
        request = requests.get()
        try:
            feature: np.ndarray = computed(request, sample)[0]
        finally:
            requests.put(request)
        return feature


def _joined(parts: list[Future[np.ndarray]]) -> Feature:
    return np.concatenate([part.result() for part in parts])
