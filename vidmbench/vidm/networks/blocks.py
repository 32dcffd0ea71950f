"""Blocks of the guided-diffusion U-Net, named as in the published checkpoints so that those load strictly."""

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from vidmbench.vidm.config import Variant
from vidmbench.vidm.networks.posgn import PosGN, Position, zeroed

Condition = Tensor | Position
Resample = Literal["up", "down"]


class ConditionKind:
    """How the blocks of one network are conditioned.

    Args:
        embedding: Width of the embedding vector of an ordinary (AdaGN) network; None for PosGN.
        variant: PosGN's conventions.
        has_frame: Whether PosGN sees n.
    """

    def __init__(self, *, embedding: int | None, variant: Variant, has_frame: bool = True) -> None:
        self.embedding = embedding
        self.variant: Variant = variant
        self.has_frame = has_frame


class ResBlock(nn.Module):
    """GroupNorm, SiLU, resampling, convolution; conditioned GroupNorm, SiLU, convolution; plus a shortcut.

    Args:
        in_channels: Channels that come in.
        out_channels: Channels that go out.
        groups: Groups of the norms.
        kind: How the second norm is conditioned.
        resample: ``down`` (average pool by 2) or ``up`` (nearest, by 2), on both paths.
    """

    def __init__(
        self, in_channels: int, out_channels: int, groups: int, kind: ConditionKind, resample: Resample | None = None
    ) -> None:
        super().__init__()
        self.resample = resample
        self.in_layers = nn.Sequential(
            nn.GroupNorm(groups, in_channels), nn.SiLU(), nn.Conv2d(in_channels, out_channels, 3, padding=1)
        )
        self.emb_layers: nn.Module
        self.out_layers: nn.Sequential | None = None
        if kind.embedding is None:
            self.emb_layers = PosGN(out_channels, groups, kind.variant, has_frame=kind.has_frame)
        else:
            self.emb_layers = nn.Sequential(nn.SiLU(), nn.Linear(kind.embedding, 2 * out_channels))
            self.out_layers = nn.Sequential(
                nn.GroupNorm(groups, out_channels),
                nn.SiLU(),
                nn.Identity(),  # the place of guided-diffusion's dropout, which VIDM does not use
                zeroed(nn.Conv2d(out_channels, out_channels, 3, padding=1)),
            )
        self.skip_connection = nn.Identity() if in_channels == out_channels else nn.Conv2d(in_channels, out_channels, 1)

    def forward(self, x: Tensor, condition: Condition) -> Tensor:
        """(batch, in, height, width) to (batch, out, height', width')."""
        norm, activation, convolution = self.in_layers
        hidden = convolution(self._resampled(activation(norm(x))))
        if self.out_layers is None:
            hidden = self.emb_layers(hidden, condition)
        else:
            scale, shift = self.emb_layers(condition)[:, :, None, None].chunk(2, dim=1)
            hidden = self.out_layers[0](hidden) * (1 + scale) + shift
            hidden = self.out_layers[1:](hidden)
        output: Tensor = self.skip_connection(self._resampled(x)) + hidden
        return output

    def _resampled(self, x: Tensor) -> Tensor:
        if self.resample == "down":
            return functional.avg_pool2d(x, 2)
        if self.resample == "up":
            return functional.interpolate(x, scale_factor=2.0, mode="nearest")
        return x


class AttentionBlock(nn.Module):
    """Multi-head self-attention over the positions of a feature map (Vaswani et al. 2017).

    Args:
        channels: Channels of the feature map.
        groups: Groups of the norm.
        head_channels: Channels a head.
    """

    def __init__(self, channels: int, groups: int, head_channels: int) -> None:
        super().__init__()
        self.heads = max(1, channels // head_channels)
        self.norm = nn.GroupNorm(groups, channels)
        self.qkv = nn.Conv1d(channels, 3 * channels, 1)
        self.proj_out = zeroed(nn.Conv1d(channels, channels, 1))

    def forward(self, x: Tensor, condition: Condition) -> Tensor:  # noqa: ARG002
        """(batch, channel, height, width) to the same shape; the condition is not used."""
        batch, channels, height, width = x.shape
        flat = x.reshape(batch, channels, height * width)
        # Heads are split before queries, keys and values are (guided-diffusion's "legacy" order).
        heads = self.qkv(self.norm(flat)).reshape(batch, self.heads, 3, channels // self.heads, height * width)
        query, key, value = heads.transpose(-1, -2).unbind(2)
        mixed = functional.scaled_dot_product_attention(query, key, value).transpose(-1, -2)
        output: Tensor = flat + self.proj_out(mixed.reshape(batch, channels, height * width))
        return output.reshape(batch, channels, height, width)


class Conditioned(nn.Sequential):
    """A sequence whose conditioned members are given the condition."""

    def forward(self, x: Tensor, condition: Condition) -> Tensor:  # type: ignore[override]
        """(batch, channel, height, width) through every member."""
        for member in self:
            x = member(x) if isinstance(member, nn.Conv2d) else member(x, condition)
        return x


def timestep_embedding(t: Tensor, width: int) -> Tensor:
    """Sinusoids of geometrically spaced periods up to 10000: cosines, then sines.

    Args:
        t: int64 (batch,).
        width: Even.

    Returns:
        float32 (batch, width).
    """
    half = width // 2
    frequencies = torch.exp(-9.210340371976184 * torch.arange(half, device=t.device).float() / half)  # log 10000
    angles = t.float()[:, None] * frequencies
    return torch.cat([angles.cos(), angles.sin()], dim=1)
