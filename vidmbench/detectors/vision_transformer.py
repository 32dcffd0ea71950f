"""Vision transformers that metrics use and no library has, in the layouts in which their weights are published.

``v-jepa``: V-JEPA's encoder and the attentive pooler of its probe, as JEDi runs them (videojedi 1.1.0 with vjepa 0.1.2,
whose cross attention has a projection that Meta's code of today lacks). ``videomae-v2``: VideoMAE v2 as cd-fvd runs it:
the mean of the tokens, then a layer norm. ``dinov2``: DINOv2 as torch.hub runs it, which stretches the table of
positions otherwise than transformers does; the class token.
"""

from collections.abc import Mapping
from typing import Literal

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float32
from torch import Tensor, nn

from vidmbench.core.errors import WeightsError
from vidmbench.detectors.types import Tensors

Family = Literal["v-jepa", "videomae-v2", "dinov2"]

_NORM_EPS = 1e-6
# torch.hub's DINOv2 adds it to the number of patches before it divides by the table's side.
_DINOV2_OFFSET = 0.1


class _Mlp(nn.Module):
    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(width, hidden), nn.Linear(hidden, width)

    def forward(self, x: Tensor) -> Tensor:
        hidden: Tensor = self.fc2(F.gelu(self.fc1(x)))
        return hidden


def _split(x: Tensor, parts: int, heads: int) -> Tensor:
    """(batch, token, parts * width) to (parts, batch, head, token, width / heads)."""
    return x.reshape(*x.shape[:2], parts, heads, -1).permute(2, 0, 3, 1, 4)


class _Attention(nn.Module):
    def __init__(self, width: int, heads: int, *, has_key_bias: bool) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width, bias=has_key_bias)
        if not has_key_bias:
            self.q_bias, self.v_bias = nn.Parameter(torch.zeros(width)), nn.Parameter(torch.zeros(width))
        self.proj = nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        bias = self.qkv.bias
        if bias is None:
            bias = torch.cat([self.q_bias, torch.zeros_like(self.q_bias), self.v_bias])
        q, k, v = _split(F.linear(x, self.qkv.weight, bias), 3, self.heads)
        attended: Tensor = self.proj(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2))
        return attended


class _Scale(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.ones(width))

    def forward(self, x: Tensor) -> Tensor:
        return x * self.gamma


class _Block(nn.Module):
    def __init__(self, width: int, heads: int, hidden: int, family: Family) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width, eps=_NORM_EPS), nn.LayerNorm(width, eps=_NORM_EPS)
        self.attn = _Attention(width, heads, has_key_bias=family != "videomae-v2")
        self.mlp = _Mlp(width, hidden)
        if family == "dinov2":
            self.ls1, self.ls2 = _Scale(width), _Scale(width)
        self._is_scaled = family == "dinov2"

    def forward(self, x: Tensor) -> Tensor:
        attended = self.attn(self.norm1(x))
        x = x + (self.ls1(attended) if self._is_scaled else attended)
        mixed: Tensor = self.mlp(self.norm2(x))
        return x + (self.ls2(mixed) if self._is_scaled else mixed)


class _CrossAttention(nn.Module):
    def __init__(self, width: int, heads: int, *, is_projected: bool) -> None:
        super().__init__()
        self.heads, self.is_projected = heads, is_projected
        self.q, self.kv, self.proj = nn.Linear(width, width), nn.Linear(width, 2 * width), nn.Linear(width, width)

    def forward(self, query: Tensor, x: Tensor) -> Tensor:
        (q,), (k, v) = _split(self.q(query), 1, self.heads), _split(self.kv(x), 2, self.heads)
        attended = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)
        return self.proj(attended) if self.is_projected else attended


class _CrossBlock(nn.Module):
    def __init__(self, width: int, heads: int, *, is_projected: bool) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)  # eps 1e-5, unlike the encoder's
        self.xattn = _CrossAttention(width, heads, is_projected=is_projected)
        self.mlp = _Mlp(width, 4 * width)

    def forward(self, query: Tensor, x: Tensor) -> Tensor:
        query = query + self.xattn(query, self.norm1(x))
        mixed: Tensor = self.mlp(self.norm2(query))
        return query + mixed


class _Pooler(nn.Module):
    def __init__(self, width: int, heads: int, *, is_projected: bool) -> None:
        super().__init__()
        self.query_tokens = nn.Parameter(torch.zeros(1, 1, width))
        self.cross_attention_block = _CrossBlock(width, heads, is_projected=is_projected)

    def forward(self, x: Tensor) -> Tensor:
        pooled: Tensor = self.cross_attention_block(self.query_tokens.expand(len(x), -1, -1), x)
        return pooled.squeeze(1)


class _Patches(nn.Module):
    def __init__(self, width: int, patch: int, *, of_clips: bool) -> None:
        super().__init__()
        self.proj: nn.Conv3d | nn.Conv2d = nn.Conv2d(3, width, patch, stride=patch)
        if of_clips:
            self.proj = nn.Conv3d(3, width, (2, patch, patch), stride=(2, patch, patch))

    def forward(self, x: Tensor) -> Tensor:
        patches: Tensor = self.proj(x).flatten(2).transpose(1, 2)
        return patches


class VisionTransformer(nn.Module):
    """One of the families, with uninitialised weights; see :func:`load`.

    Args:
        family: Which of them.
        width: Numbers of a token.
        depth: Blocks.
        heads: Heads of each attention.
        hidden: Width inside the blocks' MLP.
        patch: Height and width of a patch, pixels.
        table: Tokens in the table of positions of ``v-jepa`` and, with the class token's, ``dinov2``.
        is_projected: Whether the pooler's cross attention ends with its projection.
    """

    def __init__(
        self, family: Family, *, width: int, depth: int, heads: int, hidden: int, patch: int, table: int,
        is_projected: bool = True,
    ) -> None:  # fmt: skip
        super().__init__()
        self.family: Family = family
        self.patch_embed = _Patches(width, patch, of_clips=family != "dinov2")
        self.blocks = nn.ModuleList(_Block(width, heads, hidden, family) for _ in range(depth))
        if family == "videomae-v2":
            self.fc_norm = nn.LayerNorm(width, eps=_NORM_EPS)
            return
        self.norm = nn.LayerNorm(width, eps=_NORM_EPS)
        self.pos_embed = nn.Parameter(torch.zeros(1, table, width))
        if family == "v-jepa":
            self.pooler = _Pooler(width, heads, is_projected=is_projected)
        else:
            self.cls_token, self.mask_token = (
                nn.Parameter(torch.zeros(1, 1, width)),
                nn.Parameter(torch.zeros(1, width)),
            )

    def forward(self, x: Tensor) -> Float32[Tensor, "sample feature"]:
        """Features.

        Args:
            x: float32 (clip, 3, time, size, size), or of ``dinov2`` (frame, 3, size, size).
        """
        tokens = self.patch_embed(x)
        # While a module is traced, sizes are tensors unless they are made numbers.
        if self.family == "videomae-v2":
            tokens = tokens + _sinusoids(int(tokens.shape[1]), int(tokens.shape[2])).to(tokens)
        elif self.family == "v-jepa":
            tokens = tokens + self.pos_embed
        else:
            grid = [int(side) // self.patch_embed.proj.kernel_size[0] for side in x.shape[2:]]
            tokens = torch.cat([self.cls_token.expand(len(x), -1, -1), tokens], dim=1) + _stretched(
                self.pos_embed, grid
            )
        for block in self.blocks:
            tokens = block(tokens)
        if self.family == "videomae-v2":
            features: Tensor = self.fc_norm(tokens.mean(dim=1))
        elif self.family == "v-jepa":
            features = self.pooler(self.norm(tokens))
        else:
            features = self.norm(tokens)[:, 0]
        return features.float()  # of bf16


def _stretched(table: Tensor, grid: list[int]) -> Tensor:
    """The table of positions for another number of patches, as torch.hub's DINOv2 stretches it."""
    side = round((int(table.shape[1]) - 1) ** 0.5)
    if grid == [side, side]:
        return table
    patches = table[:, 1:].reshape(1, side, side, -1).permute(0, 3, 1, 2)
    scale = [(count + _DINOV2_OFFSET) / side for count in grid]
    patches = F.interpolate(patches, scale_factor=scale, mode="bicubic")
    return torch.cat([table[:, :1], patches.flatten(2).transpose(1, 2)], dim=1)


def _sinusoids(count: int, width: int) -> Float32[Tensor, "1 count width"]:
    """The fixed table of VideoMAE: sines at even places, cosines at odd ones."""
    place = np.arange(width)
    angles = np.arange(count)[:, None] / np.power(10000, 2 * (place // 2) / width)
    angles[:, 0::2], angles[:, 1::2] = np.sin(angles[:, 0::2]), np.cos(angles[:, 1::2])
    return torch.from_numpy(angles).float()[None]


def sines_3d(width: int, depth: int, side: int) -> Float32[np.ndarray, "1 token width"]:
    """V-JEPA's table of positions, which its training never changes: time, rows and columns in equal parts.

    Args:
        width: Numbers of a token.
        depth: Tokens along time.
        side: Tokens along each side of a frame.
    """
    part = int(np.ceil(width / 6) * 2)
    frequencies = 1.0 / 10000 ** (np.arange(part // 2) / (part / 2.0))
    parts = []
    for place in np.meshgrid(np.arange(depth), np.arange(side), np.arange(side), indexing="ij"):
        angles = place.reshape(-1, 1) * frequencies
        parts += [np.sin(angles), np.cos(angles)]
    table: np.ndarray = np.concatenate(parts, axis=1)[None, :, :width].astype(np.float32)
    return table


def load(
    tensors: Tensors, *, family: Family, width: str, depth: str, heads: str, patch: str, hidden: str = "",
    table: str = "1568", projection: str = "yes",
) -> nn.Module:  # fmt: skip
    """Builds a network with weights, on the CPU.

    Args:
        tensors: From a reader in :mod:`vidmbench.detectors.vision_weights`; not copied.
        family: Which network.
        width: See :class:`VisionTransformer`; options of detectors are texts.
        depth: Blocks.
        heads: Heads.
        patch: Height and width of a patch.
        hidden: Width inside the MLP; empty for four times the width.
        table: Tokens in the table of positions.
        projection: ``no`` leaves the pooler's projection out, as Meta's code of today does.

    Returns:
        A module in evaluation mode, without gradients.

    Raises:
        WeightsError: A tensor is missing, additional or of another shape.
    """
    with torch.device("meta"):
        net = VisionTransformer(
            family, width=int(width), depth=int(depth), heads=int(heads), hidden=int(hidden or 4 * int(width)),
            patch=int(patch), table=int(table), is_projected=projection == "yes",
        )  # fmt: skip
    check_layout({name: tuple(value.shape) for name, value in net.state_dict().items()}, tensors, family)
    net.load_state_dict({name: torch.from_numpy(value) for name, value in tensors.items()}, assign=True)
    return net.eval().requires_grad_(False)


def check_layout(layout: Mapping[str, tuple[int, ...]], tensors: Tensors, network: str) -> None:
    """Refuses tensors that are not the network's.

    Args:
        layout: Names and shapes of its own.
        tensors: What a file holds.
        network: What it is called.

    Raises:
        WeightsError: A tensor is missing, additional or of another shape; the first three are named.
    """
    problems = [f"no {name}" for name in layout if name not in tensors]
    problems += [f"additional {name}" for name in tensors if name not in layout]
    for name, shape in layout.items():
        if name in tensors and tensors[name].shape != shape:
            problems.append(f"{name} has shape {tensors[name].shape}, not {shape}")
    if problems:
        more = f"; {len(problems) - 3} more such" if len(problems) > 3 else ""
        raise WeightsError(
            f"these are not the weights of this network ({network})",
            expected=f"{len(layout)} tensors, from {next(iter(layout))} to {list(layout)[-1]}",
            found="; ".join(problems[:3]) + more,
            fix="get the file that the detector names: vidmbench show NAME",
        )
