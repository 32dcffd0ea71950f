"""One call of a network as one CUDA graph: where frames are small, launching its kernels takes longer than they do."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

# Pixels of all frames of a batch up to which a graph pays, roughly: 16 of 64 pixels do, 8 of 256 do not.
_MOST_PIXELS = 2**17
# Calls of a shape before a graph is made of it: making one takes as long as several.
_CALLS_BEFORE = 20


class Replays:
    """Calls a function, by a CUDA graph of its own for each shape where that pays; elsewhere as it is.

    Args:
        call: Gives a tensor from tensors, and looks at no number. It is called from one thread at a time.
    """

    def __init__(self, call: Callable[..., Tensor]) -> None:
        self._call = call
        self._counts: dict[tuple[torch.Size, ...], int] = {}
        self._graphs: dict[tuple[torch.Size, ...], Replay | None] = {}

    def __call__(self, x: Tensor, *others: Tensor) -> Tensor:
        """What the function gives; the first tensor is (batch, channel, height, width)."""
        inputs = (x, *others)
        if not is_worth_a_graph(x):
            return self._call(*inputs)
        key = tuple(value.shape for value in inputs)
        self._counts[key] = self._counts.get(key, 0) + 1
        if key not in self._graphs and self._counts[key] > _CALLS_BEFORE:
            self._graphs[key] = _tried(self._call, inputs)
        graph = self._graphs.get(key)
        return self._call(*inputs) if graph is None else graph(inputs)


class Replay:
    """A function's kernels, replayed on buffers that inputs are copied into.

    Args:
        call: The function.
        inputs: Tensors of the shapes that it will be given.
    """

    def __init__(self, call: Callable[..., Tensor], inputs: Sequence[Tensor]) -> None:
        self._buffers = [value.clone() for value in inputs]
        if self._buffers[0].is_cuda:
            with torch.cuda.device(self._buffers[0].device):  # of several GPUs, a thread starts with the first
                self._replay = self._captured(call)
        else:
            self._replay = lambda: call(*self._buffers)

    def __call__(self, inputs: Sequence[Tensor]) -> Tensor:
        """What the function gives, in memory of its own."""
        for buffer, value in zip(self._buffers, inputs, strict=True):
            buffer.copy_(value)
        return self._replay().clone()

    def _captured(self, call: Callable[..., Tensor]) -> Callable[[], Tensor]:
        here, aside = torch.cuda.current_stream(), torch.cuda.Stream()  # type: ignore[no-untyped-call]
        aside.wait_stream(here)
        with torch.cuda.stream(aside):
            for _ in range(2):  # libraries set themselves up in the first calls, which no graph may hold
                call(*self._buffers)
        here.wait_stream(aside)
        graph = torch.cuda.CUDAGraph()
        # Other threads may go on using the GPU: the network that scores does.
        with torch.cuda.graph(graph, capture_error_mode="thread_local"):
            output = call(*self._buffers)

        def replay() -> Tensor:
            graph.replay()
            return output

        return replay


def is_worth_a_graph(x: Tensor) -> bool:
    """Whether launching kernels on such a batch takes longer than they do, on a device that has graphs."""
    return x.is_cuda and x.shape[0] * x.shape[2] * x.shape[3] <= _MOST_PIXELS


def _tried(call: Callable[..., Tensor], inputs: Sequence[Tensor]) -> Replay | None:
    """A graph that gives what the function gives; None where it does not, or cannot be made: it only saves time."""
    others = (0.5 * inputs[0], *inputs[1:])  # a graph that holds nothing would still give what it was made with
    try:
        replay = Replay(call, inputs)
        is_same = all(torch.allclose(replay(given), call(*given), rtol=1e-3, atol=1e-3) for given in (others, inputs))
    except RuntimeError:
        return None
    return replay if is_same else None
