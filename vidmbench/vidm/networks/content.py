"""The content generator: an image diffusion model of video frames (Eq. 1 to 4)."""

import torch
from torch import Tensor, nn

from vidmbench.vidm.config import VidmSpec
from vidmbench.vidm.networks.blocks import ConditionKind, timestep_embedding
from vidmbench.vidm.networks.unet import UNet


class Constant(nn.Module):
    """The learnable constant c of the sampling space truncation (Eq. 3), of the size of x_t.

    Args:
        resolution: Height and width, pixels.
    """

    def __init__(self, resolution: int) -> None:
        super().__init__()
        self.input = nn.Parameter(torch.randn(1, 3, resolution, resolution))


class ContentNet(UNet):
    """eps(x_t, c, t), or eps(x_t, c, t, class).

    Args:
        spec: The model.
    """

    def __init__(self, spec: VidmSpec) -> None:
        width = 4 * spec.content.channels
        super().__init__(
            spec.content,
            6 if spec.truncation else 3,
            6 if spec.variance == "learned-range" else 3,
            ConditionKind(embedding=width, variant=spec.variant),
            spec.attention_factors(spec.content),
        )
        self.spec = spec
        self.input = Constant(spec.resolution) if spec.truncation else None
        self.dt_embed = embedder(spec.content.channels, width)
        self.label_emb = nn.Embedding(spec.num_classes, width) if spec.num_classes else None

    def forward(self, x_t: Tensor, t: Tensor, label: Tensor | None = None) -> Tensor:  # type: ignore[override]
        """The predicted noise.

        Args:
            x_t: (batch, 3, height, width).
            t: Timesteps of the full schedule, int64 (batch,) or (1,).
            label: Class of each sample, int64 (batch,), for a class-conditional model.

        Returns:
            (batch, 3, height, width), or 6 channels with the learned variance.
        """
        embedding = self.dt_embed(timestep_embedding(t, self.spec.content.channels))
        if self.label_emb is not None:
            assert label is not None
            embedding = embedding + self.label_emb(label)
        if self.input is not None:
            constant = self.input.input.to(x_t.dtype).expand(x_t.shape[0], -1, -1, -1)
            x_t = torch.cat([x_t, constant], dim=1)
        return super().forward(x_t, embedding)


def embedder(width_in: int, width: int) -> nn.Sequential:
    """The two layers between a sinusoidal embedding and the blocks."""
    return nn.Sequential(nn.Linear(width_in, width), nn.SiLU(), nn.Linear(width, width))
