"""PyTorch's own settings: TF32, threads, devices. The only module of core that loads torch, and only when called."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


@contextmanager
def without_tf32() -> Iterator[None]:
    """Full float32 on CUDA while scoring; the user's own settings come back afterwards."""
    import torch

    before = torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    try:
        yield
    finally:
        torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32 = before


@contextmanager
def one_torch_thread() -> Iterator[None]:
    """Keeps PyTorch to one thread; around several threads of our own too, so that none sets the number back.

    The split of an image over threads decides which vector kernel its edges go through, and so the last bit before
    rounding: with two threads up to 4 % of the intensity levels (0 to 255) differ by one.
    """
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def use_one_torch_thread() -> None:
    """Keeps PyTorch to one thread from here on: for reader threads, which would compete with the network for cores."""
    import torch

    torch.set_num_threads(1)


def is_accelerator(device: "torch.device") -> bool:
    """Whether work is given to a device that does it later, and that is waited for whenever a number is looked at."""
    return device.type != "cpu"
