"""The motion generator: frame n from the first frame and the flow to the previous one (Eq. 5 to 9)."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from vidmbench.vidm.config import VidmSpec
from vidmbench.vidm.networks.blocks import Condition, ConditionKind, timestep_embedding
from vidmbench.vidm.networks.content import embedder
from vidmbench.vidm.networks.posgn import Position, coordinate
from vidmbench.vidm.networks.spynet import SpyNet
from vidmbench.vidm.networks.unet import InputBlocks, UNet


class MotionNet(nn.Module):
    """rho(x(n)_t, t, n, z) with the residual features of x(0).

    What stays the same over the steps of a frame, or over the frames of a video, has a method of its own
    (:meth:`flow`, :meth:`residual`), so that a sampler computes it once.

    Args:
        spec: The model.
    """

    def __init__(self, spec: VidmSpec) -> None:
        super().__init__()
        self.spec = spec
        embedding = None if spec.posgn else 4 * spec.motion.channels
        attention = spec.attention_factors(spec.motion)
        kind = ConditionKind(embedding=embedding, variant=spec.variant)
        channels = 3 + (2 if spec.implicit_condition else 0) + (0 if spec.residual else 3)
        # The paper conditions the encoder on t alone, the code on t and n.
        self.encoder_sees_frame = spec.variant == "official"
        self.encoder = (
            InputBlocks(
                spec.motion,
                3,
                ConditionKind(embedding=embedding, variant=spec.variant, has_frame=self.encoder_sees_frame),
                attention,
            )
            if spec.residual
            else None
        )
        out_channels = 6 if spec.variance == "learned-range" else 3
        self.unet = UNet(spec.motion, channels, out_channels, kind, attention, spec.residual_scale)
        self.spynet = (
            SpyNet(
                widths=spec.flow.widths,
                levels=spec.flow.levels,
                input_range="signed" if spec.variant == "official" else "unit",
            )
            if spec.implicit_condition
            else None
        )
        if embedding is not None:
            self.dt_embed = embedder(spec.motion.channels, embedding)
            self.dn_embed = embedder(spec.motion.channels, embedding)

    def flow(self, first: Tensor, previous: Tensor) -> Tensor | None:
        """Eq. 8: z, (batch, 2, height, width) in pixels, from frames (batch, 3, height, width) in [-1, 1]."""
        if self.spynet is None:
            return None
        z: Tensor = self.spynet(first, previous)
        return z

    def residual(self, first: Tensor, t: Tensor, n: Tensor) -> list[Tensor] | None:
        """The encoder's features of x(0); in the paper variant they do not depend on ``n``."""
        if self.encoder is None:
            return None
        return self.encoder.features(first, self._condition(t, n if self.encoder_sees_frame else None))

    def predict(
        self, x_t: Tensor, t: Tensor, n: Tensor, first: Tensor, z: Tensor | None, residual: Sequence[Tensor] | None
    ) -> Tensor:
        """The predicted noise from what :meth:`flow` and :meth:`residual` gave.

        Args:
            x_t: x(n)_t, (batch, 3, height, width).
            t: Timesteps of the full schedule, int64 (batch,), or (1,) where shared.
            n: Frame numbers, of the same shape.
            first: x(0)_0, as ``x_t``.
            z: Flow, or None.
            residual: Features, or None.

        Returns:
            (batch, 3, height, width), or 6 channels with the learned variance.
        """
        parts = [x_t]
        if z is not None:
            parts.append(z.to(x_t.dtype))
        if self.encoder is None:
            parts.append(first)
        prediction: Tensor = self.unet(torch.cat(parts, dim=1), self._condition(t, n), residual)
        return prediction

    def forward(self, x_t: Tensor, t: Tensor, n: Tensor, first: Tensor, previous: Tensor) -> Tensor:
        """The predicted noise from frames alone: what training calls. Shapes as in :meth:`predict`."""
        return self.predict(x_t, t, n, first, self.flow(first, previous), self.residual(first, t, n))

    def _condition(self, t: Tensor, n: Tensor | None) -> Condition:
        if self.spec.posgn:
            position = None if n is None else coordinate(n, self.spec.num_frames)
            return Position(coordinate(t, self.spec.num_timesteps), position)
        width = self.spec.motion.channels
        embedding: Tensor = self.dt_embed(timestep_embedding(t, width))
        if n is not None:
            embedding = embedding + self.dn_embed(timestep_embedding(n, width))
        return embedding
