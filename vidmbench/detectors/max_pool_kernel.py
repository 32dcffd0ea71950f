"""The maximum over windows in one pass over channels-last memory, in Triton, where that is installed.

PyTorch needs a pass over height and width and one for each frame of a window. Maxima are exact, so both give the same
bits; PyTorch does it where Triton, or the C compiler that it wants, is missing.
"""

import os
from functools import cache
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor

from vidmbench.detectors.i3d import Triple, same_padding

try:
    import triton
    import triton.language as tl
except ImportError:  # CPU builds of PyTorch come without it
    triton, tl = None, SimpleNamespace(constexpr=int)


@cache
def is_usable(device: torch.device) -> bool:
    """Whether the kernel runs on a device; on a CPU in Triton's interpreter alone (TRITON_INTERPRET=1), for tests."""
    if triton is None or (device.type != "cuda" and os.environ.get("TRITON_INTERPRET") != "1"):
        return False
    try:
        tried = max_pool(torch.ones((1, 2, 2, 2, 8), device=device), (2, 2, 2), (2, 2, 2))
        return bool((tried == 1).all())
    except Exception:  # whatever is missing
        return False


def _jit(function: Any) -> Any:
    return function if triton is None else triton.jit(function)


@_jit
def _max_pool(  # type: ignore[no-untyped-def]
    x, y, positions, time, height, width, channels, out_time, out_height, out_width,
    before_t, before_h, before_w,
    KT: tl.constexpr, KH: tl.constexpr, KW: tl.constexpr,
    ST: tl.constexpr, SH: tl.constexpr, SW: tl.constexpr,
    ROWS: tl.constexpr, COLUMNS: tl.constexpr,
):  # fmt: skip
    row = tl.program_id(0).to(tl.int64) * ROWS + tl.arange(0, ROWS)
    channel = tl.program_id(1) * COLUMNS + tl.arange(0, COLUMNS)
    out_w = row % out_width
    out_h = row // out_width % out_height
    out_t = row // (out_width * out_height) % out_time
    clip = row // (out_width * out_height * out_time)
    best = tl.zeros((ROWS, COLUMNS), dtype=x.dtype.element_ty)  # what comes in is never negative
    for tap_t in tl.static_range(KT):
        for tap_h in tl.static_range(KH):
            for tap_w in tl.static_range(KW):
                t = out_t * ST - before_t + tap_t
                h = out_h * SH - before_h + tap_h
                w = out_w * SW - before_w + tap_w
                there = (row < positions) & (t >= 0) & (t < time) & (h >= 0) & (h < height) & (w >= 0) & (w < width)
                at = ((clip * time + t) * height + h) * width + w
                mask = there[:, None] & (channel < channels)[None, :]
                best = tl.maximum(best, tl.load(x + at[:, None] * channels + channel[None, :], mask=mask, other=0.0))
    mask = (row < positions)[:, None] & (channel < channels)[None, :]
    tl.store(y + row[:, None] * channels + channel[None, :], best, mask=mask)


def max_pool(x: Tensor, kernel: Triple, stride: Triple) -> Tensor:
    """Maximum over windows with SAME padding, of numbers that are not negative.

    Args:
        x: (clip, time, height, width, channel).
        kernel: Of time, height and width.
        stride: Of time, height and width.
    """
    sizes, channels = tuple(x.shape[1:4]), x.shape[-1]
    out = tuple(-(-size // step) for size, step in zip(sizes, stride, strict=True))
    before = [same_padding(size, k, s)[0] for size, k, s in zip(sizes, kernel, stride, strict=True)]
    y = x.new_empty((len(x), *out, channels))
    positions, rows, columns = len(x) * out[0] * out[1] * out[2], 16, 64
    grid = -(-positions // rows), -(-channels // columns)
    _max_pool[grid](
        x.contiguous(), y, positions, *sizes, channels, *out, *before,
        KT=kernel[0], KH=kernel[1], KW=kernel[2], ST=stride[0], SH=stride[1], SW=stride[2],
        ROWS=rows, COLUMNS=columns,
    )  # fmt: skip
    return y
