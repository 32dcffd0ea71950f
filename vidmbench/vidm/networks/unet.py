"""The guided-diffusion U-Net (Dhariwal and Nichol 2021): input blocks, middle, output blocks."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from vidmbench.vidm.config import UNetSpec
from vidmbench.vidm.networks.blocks import AttentionBlock, Condition, Conditioned, ConditionKind, ResBlock
from vidmbench.vidm.networks.posgn import zeroed


class InputBlocks(nn.Module):
    """The descending half alone: what the adaptive feature residual uses as its encoder.

    Args:
        spec: Sizes.
        in_channels: Channels of the input image.
        kind: How its blocks are conditioned.
        attention: Downsampling factors with attention.
    """

    def __init__(self, spec: UNetSpec, in_channels: int, kind: ConditionKind, attention: Sequence[int]) -> None:
        super().__init__()
        width = spec.channels * spec.multipliers[0]
        self.widths = [width]
        self.input_blocks = nn.ModuleList([Conditioned(nn.Conv2d(in_channels, width, 3, padding=1))])
        factor = 1
        for level, multiplier in enumerate(spec.multipliers):
            for _ in range(spec.blocks):
                block = Conditioned(ResBlock(width, spec.channels * multiplier, spec.groups, kind))
                width = spec.channels * multiplier
                if factor in attention:
                    block.append(AttentionBlock(width, spec.groups, spec.head_channels))
                self._add(block, width)
            if level + 1 < len(spec.multipliers):
                self._add(Conditioned(ResBlock(width, width, spec.groups, kind, "down")), width)
                factor *= 2

    def _add(self, block: nn.Module, width: int) -> None:
        self.input_blocks.append(block)
        self.widths.append(width)

    def features(self, x: Tensor, condition: Condition) -> list[Tensor]:
        """The output of every block, finest first."""
        outputs = []
        for block in self.input_blocks:
            x = block(x, condition)
            outputs.append(x)
        return outputs


class UNet(InputBlocks):
    """The whole network.

    Args:
        spec: Sizes.
        in_channels: Channels that come in, conditions included.
        out_channels: 3 for eps, 6 with the learned variance.
        kind: How its blocks are conditioned.
        attention: Downsampling factors with attention.
        residual_scale: Weight of an input block beside the residual feature added to it.
    """

    def __init__(
        self,
        spec: UNetSpec,
        in_channels: int,
        out_channels: int,
        kind: ConditionKind,
        attention: Sequence[int],
        residual_scale: float = 1.0,
    ) -> None:
        super().__init__(spec, in_channels, kind, attention)
        self.residual_scale = residual_scale
        width = self.widths[-1]
        self.middle_block = Conditioned(
            ResBlock(width, width, spec.groups, kind),
            AttentionBlock(width, spec.groups, spec.head_channels),
            ResBlock(width, width, spec.groups, kind),
        )
        self.output_blocks = nn.ModuleList()
        skips = list(self.widths)
        factor = 2 ** (len(spec.multipliers) - 1)
        for level, multiplier in reversed(list(enumerate(spec.multipliers))):
            for index in range(spec.blocks + 1):
                target = spec.channels * multiplier
                block = Conditioned(ResBlock(width + skips.pop(), target, spec.groups, kind))
                width = target
                if factor in attention:
                    block.append(AttentionBlock(width, spec.groups, spec.head_channels))
                if level and index == spec.blocks:
                    block.append(ResBlock(width, width, spec.groups, kind, "up"))
                    factor //= 2
                self.output_blocks.append(block)
        self.out = nn.Sequential(
            nn.GroupNorm(spec.groups, width), nn.SiLU(), zeroed(nn.Conv2d(width, out_channels, 3, padding=1))
        )

    def forward(self, x: Tensor, condition: Condition, residual: Sequence[Tensor] | None = None) -> Tensor:
        """The prediction.

        Args:
            x: (batch, in, height, width).
            condition: What the blocks are conditioned on.
            residual: A feature for every input block, as :meth:`InputBlocks.features` gives them; added, and the sum
                is the skip feature.

        Returns:
            (batch, out, height, width).
        """
        skips = []
        for index, block in enumerate(self.input_blocks):
            x = block(x, condition)
            if residual is not None:
                x = torch.add(residual[index], x, alpha=self.residual_scale)
            skips.append(x)
        x = self.middle_block(x, condition)
        for block in self.output_blocks:
            x = block(torch.cat([x, skips.pop()], dim=1), condition)
        prediction: Tensor = self.out(x)
        return prediction
