"""Positional group normalisation (Eq. 5 and 6): a feature map scaled and shifted by an MLP of its coordinates."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from vidmbench.vidm.config import Variant


@dataclass(frozen=True)
class Position:
    """Where in diffusion and video time a batch stands.

    Attributes:
        t: Timesteps as coordinates in [-1, 1], float32 (batch,), or (1,) where all samples share one.
        n: Frame numbers as coordinates in [-1, 1], of the same shape; None where a network does not see them.
    """

    t: Tensor
    n: Tensor | None


def coordinate(index: Tensor, count: int) -> Tensor:
    """Integers 0 to count - 1 as coordinates -1 to 1, both ends included; float32."""
    return index.float() * (2.0 / max(count - 1, 1)) - 1.0


class PosGN(nn.Module):
    """The second half of a residual block: norm, positional scale and shift, SiLU, convolution.

    Eq. 5: (alpha, beta) = MLP(h, w, n, t) with a sine after the first layer; Eq. 6: alpha GroupNorm(x) + beta.
    The code feeds (t, n, h, w) and scales by 1 + alpha; the paper's order and scale are kept in its variant, where
    alpha starts near 1. The MLP's sizes are the code's: the paper gives none.

    Args:
        channels: Channels of the feature map.
        groups: Groups of the norm.
        variant: Order of the coordinates, and what the scale is.
        has_frame: Whether n is a coordinate.
    """

    def __init__(self, channels: int, groups: int, variant: Variant, *, has_frame: bool) -> None:
        super().__init__()
        self.variant = variant
        self.has_frame = has_frame
        self.linear_0 = nn.Linear(4 if has_frame else 3, channels)
        self.linear_1 = nn.Sequential(
            nn.Linear(channels, 2 * channels), nn.SiLU(), nn.Linear(2 * channels, 2 * channels)
        )
        self.out_norm = nn.GroupNorm(groups, channels)
        self.out_rest = nn.Sequential(nn.SiLU(), zeroed(nn.Conv2d(channels, channels, 3, padding=1)))
        if variant == "paper":
            last = self.linear_1[2]
            assert isinstance(last, nn.Linear)
            with torch.no_grad():
                last.bias[:channels] += 1.0

    def maps(self, position: Position, height: int, width: int) -> tuple[Tensor, Tensor]:
        """Eq. 5: alpha and beta.

        Args:
            position: Its tensors have P entries, P the batch size or 1.
            height: Of the feature map.
            width: Of the feature map.

        Returns:
            Two tensors (P, channel, height, width); the first is the whole factor.
        """
        device = position.t.device
        # The first layer is linear, so its columns act on the coordinates one by one: no grid of coordinates is made.
        order = [name for name in ("hwnt" if self.variant == "paper" else "tnhw") if self.has_frame or name != "n"]
        column = dict(zip(order, self.linear_0.weight.unbind(1), strict=True))
        moment = position.t[:, None] * column["t"] + self.linear_0.bias
        if self.has_frame:
            assert position.n is not None
            moment = moment + position.n[:, None] * column["n"]
        rows = coordinate(torch.arange(height, device=device), height)[:, None] * column["h"]
        columns = coordinate(torch.arange(width, device=device), width)[:, None] * column["w"]
        hidden = torch.sin(moment[:, None, None] + rows[:, None] + columns[None, :])
        scale, shift = self.linear_1(hidden).permute(0, 3, 1, 2).chunk(2, dim=1)
        return (scale if self.variant == "paper" else 1 + scale), shift

    def forward(self, x: Tensor, position: Position) -> Tensor:
        """(batch, channel, height, width) to the same shape."""
        scale, shift = self.maps(position, *x.shape[-2:])
        output: Tensor = self.out_rest(torch.addcmul(shift, self.out_norm(x), scale))
        return output


def zeroed(module: nn.Conv2d | nn.Conv1d) -> nn.Module:
    """The module with all weights zero, so that what it ends starts as the identity (guided-diffusion)."""
    for parameter in module.parameters():
        nn.init.zeros_(parameter)
    return module
