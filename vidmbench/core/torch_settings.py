"""Float32 that is float32 on a GPU too, wherever numbers are made."""

from collections.abc import Iterator
from contextlib import contextmanager


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
