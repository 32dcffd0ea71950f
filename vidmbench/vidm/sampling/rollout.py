"""Autoregression: frame after frame of one batch, with what stays the same kept on the way."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor

from vidmbench.core.vocabulary import Precision, SamplerName
from vidmbench.vidm.diffusion.samplers import sample
from vidmbench.vidm.diffusion.schedule import Schedule
from vidmbench.vidm.networks.motion import MotionNet

# Residual features kept from one frame to the next, at most; what does not fit is computed anew.
_KEPT_BYTES = 4 * 2**30


class MotionWalk:
    """Draws the frames of one batch in order and keeps what does not change on the way.

    The flow z is computed once a frame, not once a step (the paper: "only increased at the first timesteps and can
    be then cached"); PosGN's maps are made for one sample and shared by the batch, whose t and n are equal; the
    residual features of x(0) are kept from frame to frame where they do not depend on n. Nothing here waits for a GPU.

    Args:
        net: The motion generator.
        sampler: Its sampler.
        schedule: The steps to visit.
        first: x(0)_0, float32 (batch, 3, height, width).
        noise: Given ``"motion"`` and n, unit noise for the batch, one frame's worth a call.
        predict: The generator's prediction from ``x_t, t, n, *conditions``, see :func:`prediction_of`.
        precision: Of the networks; frames stay float32.
    """

    def __init__(
        self,
        net: MotionNet,
        sampler: SamplerName,
        schedule: Schedule,
        first: Tensor,
        noise: Callable[[str, int], Callable[[], Tensor]],
        predict: Callable[..., Tensor] | None = None,
        precision: Precision = "fp32",
    ) -> None:
        self.net = net
        self.sampler: SamplerName = sampler
        self.schedule = schedule
        self.first = first
        self.noise = noise
        self.predict = predict or prediction_of(net)
        self.precision: Precision = precision
        self._timesteps = torch.from_numpy(schedule.timesteps).to(first.device)
        self._residuals: dict[int, list[Tensor] | None] = {}
        self._bytes = 0

    def frame(self, n: int, previous: Tensor) -> Tensor:
        """x(n)_0 from x(n-1)_0, both float32 (batch, 3, height, width) in [-1, 1]."""
        net = self.net
        with in_precision(self.first.device, self.precision):
            z = net.flow(self.first, previous)
        number = torch.full((1,), n, device=self.first.device)
        noise = self.noise("motion", n)
        steps = reversed(range(len(self.schedule)))  # as every sampler visits them

        def model(x_t: Tensor, _: Tensor) -> Tensor:
            step = next(steps)
            t = self._timesteps[step : step + 1]
            with in_precision(x_t.device, self.precision):
                conditions = [*([] if z is None else [z]), *(self._residual(step, t, number) or [self.first])]
                return self.predict(x_t, t, number, *conditions)

        return sample(
            self.sampler,
            model,
            noise(),
            self.schedule,
            noise=lambda _: noise(),
            variance=net.spec.variance,
        )

    def _residual(self, step: int, t: Tensor, n: Tensor) -> list[Tensor] | None:
        net = self.net
        if step in self._residuals:
            return self._residuals[step]
        residual = net.residual(self.first, t, n)
        size = sum(feature.nbytes for feature in residual or ())
        if not net.encoder_sees_frame and self._bytes + size <= _KEPT_BYTES:
            self._residuals[step] = residual
            self._bytes += size
        return residual


def prediction_of(net: MotionNet) -> Callable[..., Tensor]:
    """A generator's prediction as a function of tensors alone: x_t, t, n, the flow if there is one, then features.

    Features are those of x(0), or x(0) itself for a generator without an encoder.
    """
    has_flow, has_encoder = net.spynet is not None, net.encoder is not None

    def predict(x_t: Tensor, t: Tensor, n: Tensor, *conditions: Tensor) -> Tensor:
        z, rest = (conditions[0], conditions[1:]) if has_flow else (None, conditions)
        # A generator with an encoder has no other use for x(0).
        return net.predict(x_t, t, n, rest[0], z, rest if has_encoder else None)

    return predict


def in_precision(device: torch.device, precision: Precision) -> AbstractContextManager[object]:
    """What networks run under; casts of weights are not kept, as a CUDA graph must not refer to them."""
    if precision == "fp32":
        return nullcontext()
    return torch.autocast(device.type, torch.bfloat16, cache_enabled=False)
