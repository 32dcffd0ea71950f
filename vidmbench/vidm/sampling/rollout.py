"""Autoregression: frame after frame of one batch, with what stays the same kept on the way."""

from collections.abc import Callable

import torch
from torch import Tensor

from vidmbench.core.vocabulary import SamplerName
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
    """

    def __init__(
        self,
        net: MotionNet,
        sampler: SamplerName,
        schedule: Schedule,
        first: Tensor,
        noise: Callable[[str, int], Callable[[], Tensor]],
    ) -> None:
        self.net = net
        self.sampler: SamplerName = sampler
        self.schedule = schedule
        self.first = first
        self.noise = noise
        self._timesteps = torch.from_numpy(schedule.timesteps).to(first.device)
        self._residuals: dict[int, list[Tensor] | None] = {}
        self._bytes = 0

    def frame(self, n: int, previous: Tensor) -> Tensor:
        """x(n)_0 from x(n-1)_0, both float32 (batch, 3, height, width) in [-1, 1]."""
        net = self.net
        z = net.flow(self.first, previous)
        number = torch.full((1,), n, device=self.first.device)
        noise = self.noise("motion", n)
        steps = reversed(range(len(self.schedule)))  # as every sampler visits them

        def model(x_t: Tensor, _: Tensor) -> Tensor:
            step = next(steps)
            t = self._timesteps[step : step + 1]
            return net.predict(x_t, t, number, self.first, z, self._residual(step, t, number))

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
