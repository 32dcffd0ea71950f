"""Teaches SpyNet flow without true flows: warped along it, the support must look like the reference.

For those who have no weights trained on Sintel: a random SpyNet would give VIDM a condition that tells it little.
The loss is the usual one of unsupervised flow (Jason Yu et al., "Back to Basics", 2016): brightness constancy with a
robust penalty, and smoothness except where the image has edges.
"""

import math
from collections.abc import Callable

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from vidmbench.core.progress import Progress
from vidmbench.core.seeding import generator
from vidmbench.vidm.networks.spynet import SpyNet, warp

Pairs = Callable[[int], tuple[Tensor, Tensor]]

# How often the loss is read from a GPU, which waits for it.
_STEPS_A_READING = 50
# Full size, half and quarter: coarse images pull on the flow where a motion is larger than an object's edge is wide.
_SCALES = 3
# Differences (images span 2, flows are in pixels) beyond which the penalty grows linearly.
_SOFTENING = 0.01
# How fast the smoothness term lets go where the image changes.
_EDGE_SHARPNESS = 10.0
# About half of the supports are moved as a whole, by up to an eighth of their size. Where little moves, as in videos
# with a fixed camera, training otherwise stays for long at a flow of zero, which explains the background.
_SHIFT = 1 / 8


def pretrain_flow(
    net: SpyNet,
    pairs: Pairs,
    *,
    steps: int,
    lr: float = 2e-3,
    seed: int = 0,
    smoothness: float = 0.002,
    progress: Progress | None = None,
) -> list[float]:
    """Trains a SpyNet in place on pairs of frames.

    Same network, pairs and seed give the same weights on a CPU; on a GPU the gradient of warping adds up in an order
    of its own, so the last digits differ.

    Args:
        net: The network, on the device to train on.
        pairs: Given the step, from 0: a batch (reference, support), each float32 (batch, 3, height, width) in
            [-1, 1], on any device; at least 8 pixels wide and high.
        steps: How many batches; a few hundred are enough.
        lr: Highest learning rate of AdamW; it rises over the first twentieth of the steps and then falls to zero.
        seed: Of the mirroring, turning round and shifting that is done to the pairs.
        smoothness: Weight of the smoothness term.
        progress: Called with steps done, steps in all, and the loss in words.

    Returns:
        The loss of every step.
    """
    device = net.mean.device
    was_training = net.training
    net.train()
    optimizer = torch.optim.AdamW(net.parameters(), lr=lr, weight_decay=1e-4)
    losses: list[Tensor] = []
    shown = math.nan
    for step in range(steps):
        optimizer.param_groups[0]["lr"] = lr * _lr_factor(step, steps)
        reference, support = (frames.to(device) for frames in pairs(step))
        reference, support = _varied(reference, support, generator(seed, "flow-pairs", step))
        loss = photometric_loss(net(reference, support), reference, support, smoothness=smoothness)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        losses.append(loss.detach())
        if progress is not None:
            if step % (1 if device.type == "cpu" else _STEPS_A_READING) == 0:
                shown = float(losses[-1])
            progress(step + 1, steps, f"flow, loss {shown:.4f}")
    net.train(was_training)
    return [float(loss) for loss in losses]


def photometric_loss(flow: Tensor, reference: Tensor, support: Tensor, *, smoothness: float) -> Tensor:
    """How badly a flow explains the reference by the support, plus its unevenness.

    Args:
        flow: float32 (batch, 2, height, width), pixels.
        reference: float32 (batch, 3, height, width) in [-1, 1].
        support: As ``reference``.
        smoothness: Weight of the unevenness.

    Returns:
        A scalar: the mean Charbonnier penalty averaged over three scales, and the smoothness term.
    """
    loss = smoothness * _unevenness(flow, reference)
    for scale in range(_SCALES):
        if scale:  # a pixel of the smaller image is two of the larger
            flow, reference, support = F.avg_pool2d(flow, 2) / 2, F.avg_pool2d(reference, 2), F.avg_pool2d(support, 2)
        loss = loss + _charbonnier(warp(support, flow) - reference).mean() / _SCALES
    return loss


def _charbonnier(x: Tensor) -> Tensor:
    """The absolute value, rounded off at zero."""
    return (x.square() + _SOFTENING**2).sqrt()


def _unevenness(flow: Tensor, image: Tensor) -> Tensor:
    """Mean slope of the flow in pixels per pixel, weighed down at the image's edges."""
    total = flow.new_zeros(())
    for axis in (2, 3):
        slope, edge = flow.diff(dim=axis), image.diff(dim=axis).abs().mean(dim=1, keepdim=True)
        total = total + (_charbonnier(slope) * (-_EDGE_SHARPNESS * edge).exp()).mean()
    return total


def _varied(reference: Tensor, support: Tensor, draw: np.random.Generator) -> tuple[Tensor, Tensor]:
    """The batch mirrored and its time turned round, or not, with even chance each; half of its supports shifted."""
    left_right, up_down, back = draw.random(3) < 0.5
    axes = [axis for axis, chosen in ((3, left_right), (2, up_down)) if chosen]
    if back:
        reference, support = support, reference
    count, _, height, width = support.shape
    shifts = draw.uniform(-_SHIFT, _SHIFT, (count, 2)) * (width, height) * (draw.random((count, 1)) < 0.5)
    flow = torch.from_numpy(shifts).to(support)[:, :, None, None].expand(-1, -1, height, width)
    return reference.flip(axes), warp(support.flip(axes), flow)


def _lr_factor(step: int, steps: int) -> float:
    """Linear over the first twentieth, then half a cosine."""
    warm_up = max(1, steps // 20)
    return min(1.0, (step + 1) / warm_up) * 0.5 * (1.0 + math.cos(math.pi * step / steps))
