"""VIDM's two networks as one would write them down from their description: one small U-Net, block after block.

Two levels of two blocks, attention on the second: float64, every grid of coordinates made whole, attention head by
head. ``w`` is a state dict. Nothing is shared with the package.
"""

import math

import torch
from torch.nn import functional as F


def group_norm(x, weight, bias, groups):
    batch, channels = x.shape[:2]
    parts = x.reshape(batch, groups, -1)
    centred = parts - parts.mean(dim=2, keepdim=True)
    normed = centred / torch.sqrt((centred**2).mean(dim=2, keepdim=True) + 1e-5)
    shape = (1, channels, *[1] * (x.ndim - 2))
    return normed.reshape(x.shape) * weight.reshape(shape) + bias.reshape(shape)


def silu(x):
    return x / (1 + torch.exp(-x))


def halved(x):
    return (x[..., ::2, ::2] + x[..., 1::2, ::2] + x[..., ::2, 1::2] + x[..., 1::2, 1::2]) / 4


def doubled(x):
    return x.repeat_interleave(2, dim=-2).repeat_interleave(2, dim=-1)


def same(x):
    return x


def axis(count, place):
    """Place number ``place`` of an axis from -1 to 1."""
    return 0.0 if count == 1 else -1 + 2 * place / (count - 1)


class PosGN:
    """Conditioned on t and n by coordinates. ``n`` is None where the network is not told."""

    def __init__(self, t, n, *, official, num_timesteps, num_frames):
        self.t = [axis(num_timesteps, int(step)) for step in t]
        self.n = None if n is None else [axis(num_frames, int(frame)) for frame in n]
        self.official = official

    def __call__(self, w, stem, x, groups):
        batch, channels, height, width = x.shape
        stem = f"{stem}.emb_layers"
        scale, shift = torch.empty_like(x), torch.empty_like(x)
        for sample in range(batch):
            for row in range(height):
                for column in range(width):
                    t, h, w_ = self.t[sample], axis(height, row), axis(width, column)
                    n = [] if self.n is None else [self.n[sample]]
                    place = torch.tensor([t, *n, h, w_] if self.official else [h, w_, *n, t], dtype=torch.float64)
                    hidden = torch.sin(w[f"{stem}.linear_0.weight"] @ place + w[f"{stem}.linear_0.bias"])
                    hidden = silu(w[f"{stem}.linear_1.0.weight"] @ hidden + w[f"{stem}.linear_1.0.bias"])
                    both = w[f"{stem}.linear_1.2.weight"] @ hidden + w[f"{stem}.linear_1.2.bias"]
                    scale[sample, :, row, column] = both[:channels] + (1 if self.official else 0)
                    shift[sample, :, row, column] = both[channels:]
        normed = group_norm(x, w[f"{stem}.out_norm.weight"], w[f"{stem}.out_norm.bias"], groups)
        return conv(w, f"{stem}.out_rest.1", silu(scale * normed + shift))


class AdaGN:
    """Conditioned on an embedding, (batch, width)."""

    def __init__(self, embedding):
        self.embedding = embedding

    def __call__(self, w, stem, x, groups):
        both = linear(w, f"{stem}.emb_layers.1", silu(self.embedding))
        scale, shift = both[:, : x.shape[1], None, None], both[:, x.shape[1] :, None, None]
        normed = group_norm(x, w[f"{stem}.out_layers.0.weight"], w[f"{stem}.out_layers.0.bias"], groups)
        return conv(w, f"{stem}.out_layers.3", silu(normed * (1 + scale) + shift))


def conv(w, stem, x):
    kernel = w[f"{stem}.weight"]
    return F.conv2d(x, kernel, w[f"{stem}.bias"], padding=kernel.shape[-1] // 2)


def linear(w, stem, x):
    return x @ w[f"{stem}.weight"].T + w[f"{stem}.bias"]


def sinusoids(steps, width):
    """Cosines, then sines."""
    rows = []
    for step in steps:
        angles = [int(step) * 10000 ** (-i / (width // 2)) for i in range(width // 2)]
        rows.append([math.cos(angle) for angle in angles] + [math.sin(angle) for angle in angles])
    return torch.tensor(rows, dtype=torch.float64)


def embedded(w, name, steps):
    first = linear(w, f"{name}.0", sinusoids(steps, w[f"{name}.0.weight"].shape[1]))
    return linear(w, f"{name}.2", silu(first))


def res(w, stem, x, condition, groups, resample=same):
    normed = group_norm(x, w[f"{stem}.in_layers.0.weight"], w[f"{stem}.in_layers.0.bias"], groups)
    hidden = conv(w, f"{stem}.in_layers.2", resample(silu(normed)))
    hidden = condition(w, stem, hidden, groups)
    x = resample(x)
    if f"{stem}.skip_connection.weight" in w:
        x = conv(w, f"{stem}.skip_connection", x)
    return x + hidden


def attention(w, stem, x, groups, head_channels):
    batch, channels, height, width = x.shape
    flat = x.reshape(batch, channels, height * width)
    normed = group_norm(flat, w[f"{stem}.norm.weight"], w[f"{stem}.norm.bias"], groups)
    qkv = torch.einsum("oc,bcp->bop", w[f"{stem}.qkv.weight"][:, :, 0], normed) + w[f"{stem}.qkv.bias"][:, None]
    mixed = []
    for head in range(channels // head_channels):
        own = qkv[:, 3 * head * head_channels : 3 * (head + 1) * head_channels]
        query, key, value = own[:, :head_channels], own[:, head_channels:-head_channels], own[:, -head_channels:]
        alike = torch.einsum("bcp,bcq->bpq", query, key) / math.sqrt(head_channels)
        share = torch.exp(alike) / torch.exp(alike).sum(dim=2, keepdim=True)
        mixed.append(torch.einsum("bpq,bcq->bcp", share, value))
    out = torch.einsum("oc,bcp->bop", w[f"{stem}.proj_out.weight"][:, :, 0], torch.cat(mixed, dim=1))
    return (flat + out + w[f"{stem}.proj_out.bias"][:, None]).reshape(x.shape)


def descend(w, prefix, x, condition, groups, head_channels, residual=None, scale=1.0):
    """The features of the six input blocks; with ``residual``, each is residual + scale * block."""

    def joined(index, feature):
        features.append(feature if residual is None else residual[index] + scale * feature)
        return features[-1]

    features = []
    stem = f"{prefix}input_blocks"
    x = joined(0, conv(w, f"{stem}.0.0", x))
    x = joined(1, res(w, f"{stem}.1.0", x, condition, groups))
    x = joined(2, res(w, f"{stem}.2.0", x, condition, groups))
    x = joined(3, res(w, f"{stem}.3.0", x, condition, groups, halved))
    x = res(w, f"{stem}.4.0", x, condition, groups)
    x = joined(4, attention(w, f"{stem}.4.1", x, groups, head_channels))
    x = res(w, f"{stem}.5.0", x, condition, groups)
    joined(5, attention(w, f"{stem}.5.1", x, groups, head_channels))
    return features


def unet(w, prefix, x, condition, groups, head_channels, residual=None, scale=1.0):
    f0, f1, f2, f3, f4, f5 = descend(w, prefix, x, condition, groups, head_channels, residual, scale)
    x = res(w, f"{prefix}middle_block.0", f5, condition, groups)
    x = attention(w, f"{prefix}middle_block.1", x, groups, head_channels)
    x = res(w, f"{prefix}middle_block.2", x, condition, groups)
    stem = f"{prefix}output_blocks"
    for index, skip in enumerate([f5, f4, f3]):
        x = res(w, f"{stem}.{index}.0", torch.cat([x, skip], dim=1), condition, groups)
        x = attention(w, f"{stem}.{index}.1", x, groups, head_channels)
    x = res(w, f"{stem}.2.2", x, condition, groups, doubled)
    for index, skip in enumerate([f2, f1, f0], start=3):
        x = res(w, f"{stem}.{index}.0", torch.cat([x, skip], dim=1), condition, groups)
    x = group_norm(x, w[f"{prefix}out.0.weight"], w[f"{prefix}out.0.bias"], groups)
    return conv(w, f"{prefix}out.2", silu(x))


def content(w, x_t, t, label, *, groups, head_channels):
    """The content generator; ``label`` is None without classes."""
    embedding = embedded(w, "dt_embed", t)
    if label is not None:
        embedding = embedding + w["label_emb.weight"][label]
    if "input.input" in w:
        x_t = torch.cat([x_t, w["input.input"].repeat(len(x_t), 1, 1, 1)], dim=1)
    return unet(w, "", x_t, AdaGN(embedding), groups, head_channels)


def motion(w, x_t, t, n, first, flow, *, official, num_timesteps, num_frames, groups, head_channels):
    """The motion generator, of any switches; ``flow`` is z, or None."""

    def condition(n):
        if "dt_embed.0.weight" in w:
            embedding = embedded(w, "dt_embed", t)
            return AdaGN(embedding if n is None else embedding + embedded(w, "dn_embed", n))
        return PosGN(t, n, official=official, num_timesteps=num_timesteps, num_frames=num_frames)

    x, residual = [x_t], None
    if flow is not None:
        x.append(flow)
    if "encoder.input_blocks.0.0.weight" in w:
        told = n if official else None
        residual = descend(w, "encoder.", first, condition(told), groups, head_channels)
    else:
        x.append(first)
    scale = 0.2 if official else 1.0
    return unet(w, "unet.", torch.cat(x, dim=1), condition(n), groups, head_channels, residual, scale)
