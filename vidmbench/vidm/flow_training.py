"""Teaches SpyNet flow without true flows: warped along it, the support must look like the reference.

For those who have no weights trained on Sintel: a random SpyNet would give VIDM a condition that tells it nothing.
The loss is the usual one of unsupervised flow (Jason Yu et al., "Back to Basics", 2016): brightness constancy with a
robust penalty, and smoothness except where the image has edges.
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from vidmbench.seeding import generator
from vidmbench.vidm.spynet import SpyNet, warp

Pairs = Callable[[int], tuple[Tensor, Tensor]]
Progress = Callable[[int, int, str], None]

# Full size, half and quarter: coarse images pull on the flow where a motion is larger than an object's edge is wide.
_SCALES = 3
# Grey levels (of 2 in all) beyond which the penalty grows linearly: a few of 255.
_SOFTENING = 0.01
# How fast the smoothness term lets go where the image changes.
_EDGE_SHARPNESS = 10.0


def pretrain_flow(
    net: SpyNet,
    pairs: Pairs,
    *,
    steps: int,
    lr: float = 1e-3,
    seed: int = 0,
    smoothness: float = 0.02,
    progress: Progress | None = None,
) -> list[float]:
    """Trains a SpyNet in place on pairs of frames.

    Same network, pairs and seed give the same weights on a CPU; on a GPU the gradient of warping adds up in an order
    of its own, so the last digits differ.

    Args:
        net: The network, on the device to train on.
        pairs: Given the step, from 0: a batch (reference, support), each float32 (batch, 3, height, width) in
            [-1, 1], on any device.
        steps: How many batches; a few hundred are enough.
        lr: Highest learning rate of AdamW; it rises over the first twentieth of the steps and then falls to zero.
        seed: Of the flips in space and time that are put on the pairs.
        smoothness: Weight of the smoothness term.
        progress: Told steps done, steps in all, and the loss in words.

    Returns:
        The loss of every step.
    """
    device = net.mean.device
    was_training = net.training
    net.train()
    optimizer = torch.optim.AdamW(net.parameters(), lr=lr, weight_decay=1e-4)
    warm_up = max(1, steps // 20)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=lr, total_steps=max(steps, 2), pct_start=min(0.5, warm_up / max(steps, 2)), cycle_momentum=False
    )
    losses = []
    for step in range(steps):
        reference, support = (frames.to(device) for frames in _flipped(*pairs(step), seed, step))
        loss = photometric_loss(net(reference, support), reference, support, smoothness=smoothness)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        losses.append(loss.item())
        if progress is not None:
            progress(step + 1, steps, f"flow, loss {losses[-1]:.4f}")
    net.train(was_training)
    return losses


def photometric_loss(flow: Tensor, reference: Tensor, support: Tensor, *, smoothness: float) -> Tensor:
    """How badly a flow explains the reference by the support, plus its unevenness.

    Args:
        flow: float32 (batch, 2, height, width), pixels.
        reference: float32 (batch, 3, height, width) in [-1, 1].
        support: As ``reference``.
        smoothness: Weight of the unevenness.

    Returns:
        A scalar: the mean Charbonnier penalty at each of three scales, averaged, and the smoothness term.
    """
    loss = smoothness * _unevenness(flow, reference)
    for scale in range(_SCALES):
        if scale:  # a pixel of the smaller image is two of the larger
            flow, reference, support = F.avg_pool2d(flow, 2) / 2, F.avg_pool2d(reference, 2), F.avg_pool2d(support, 2)
        loss = loss + _charbonnier(warp(support, flow) - reference).mean() / _SCALES
    return loss


def _charbonnier(x: Tensor) -> Tensor:
    return (x.square() + _SOFTENING**2).sqrt()


def _unevenness(flow: Tensor, image: Tensor) -> Tensor:
    """Mean slope of the flow in pixels per pixel, weighed down at the image's edges."""
    total = flow.new_zeros(())
    for axis in (2, 3):
        slope, edge = flow.diff(dim=axis), image.diff(dim=axis).abs().mean(dim=1, keepdim=True)
        total = total + (_charbonnier(slope) * (-_EDGE_SHARPNESS * edge).exp()).mean()
    return total


def _flipped(reference: Tensor, support: Tensor, seed: int, step: int) -> tuple[Tensor, Tensor]:
    """The batch mirrored and its time turned round, or not, each with even chance."""
    draw = generator(seed, "flow-variations", step)
    left_right, up_down, back = draw.random(3) < 0.5
    axes = [axis for axis, chosen in ((3, left_right), (2, up_down)) if chosen]
    if back:
        reference, support = support, reference
    import os
    M = float(os.environ.get("SHIFT", "0")); FR=float(os.environ.get("FRAC", "0.5"))
    if M:
        n = len(support)
        shift = draw.uniform(-M, M, (n, 2)) * (draw.random((n, 1)) < FR)
        shift = torch.from_numpy(shift).float()[:, :, None, None].expand(-1, -1, *support.shape[2:])
        support = warp(support, shift)
    return reference.flip(axes), support.flip(axes)
