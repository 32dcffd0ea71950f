"""I3D as one would write it down from the paper: plain PyTorch modules, batch norms kept apart, nothing folded.

The order of axes is (clip, channel, time, height, width). SAME padding is put on by hand, as TensorFlow does it.
"""

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

# Widths of the inception blocks: 1x1 | 1x1 then 3x3 | 1x1 then 3x3 | 1x1 behind the pool.
WIDTHS = {
    "3b": (64, 96, 128, 16, 32, 32),
    "3c": (128, 128, 192, 32, 96, 64),
    "4b": (192, 96, 208, 16, 48, 64),
    "4c": (160, 112, 224, 24, 64, 64),
    "4d": (128, 128, 256, 24, 64, 64),
    "4e": (112, 144, 288, 32, 64, 64),
    "4f": (256, 160, 320, 32, 128, 128),
    "5b": (256, 160, 320, 32, 128, 128),
    "5c": (384, 192, 384, 48, 128, 128),
}


def pad_same(x: Tensor, kernel: tuple[int, int, int], stride: tuple[int, int, int], value: float = 0.0) -> Tensor:
    """As many outputs as ceil(size / stride); an odd pixel of padding goes to the end."""
    sides: list[int] = []
    for size, k, s in reversed(list(zip(x.shape[2:], kernel, stride, strict=True))):
        outputs = (size + s - 1) // s
        missing = max(0, (outputs - 1) * s + k - size)
        sides += [missing // 2, missing - missing // 2]
    return F.pad(x, sides, value=value)


class Unit(nn.Module):
    """Convolution, batch norm without gamma, ReLU."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, eps: float) -> None:
        super().__init__()
        self.conv = nn.Conv3d(inputs, outputs, kernel, stride, bias=False)
        self.norm = nn.BatchNorm3d(outputs, eps=eps)
        self.kernel, self.stride = (kernel,) * 3, (stride,) * 3

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.norm(self.conv(pad_same(x, self.kernel, self.stride))))


class MaxPool(nn.Module):
    """Largest value of each window; the padding never wins."""

    def __init__(self, kernel: tuple[int, int, int], stride: tuple[int, int, int]) -> None:
        super().__init__()
        self.kernel, self.stride = kernel, stride

    def forward(self, x: Tensor) -> Tensor:
        return F.max_pool3d(pad_same(x, self.kernel, self.stride, value=-torch.inf), self.kernel, self.stride)


class Inception(nn.Module):
    """Four branches, joined along the channels."""

    def __init__(self, inputs: int, widths: tuple[int, ...], eps: float) -> None:
        super().__init__()
        one, two_in, two, three_in, three, four = widths
        self.branches = nn.ModuleDict(
            {
                "Branch_0": nn.Sequential(Unit(inputs, one, 1, 1, eps)),
                "Branch_1": nn.Sequential(Unit(inputs, two_in, 1, 1, eps), Unit(two_in, two, 3, 1, eps)),
                "Branch_2": nn.Sequential(Unit(inputs, three_in, 1, 1, eps), Unit(three_in, three, 3, 1, eps)),
                "Branch_3": nn.Sequential(MaxPool((3, 3, 3), (1, 1, 1)), Unit(inputs, four, 1, 1, eps)),
            }
        )
        self.outputs = one + two + three + four

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([branch(x) for branch in self.branches.values()], dim=1)


class PlainI3D(nn.Module):
    """Clips in the network's range to 400 logits, averaged over time.

    Args:
        tensors: The published weights under their flat names.
        eps: Epsilon of the batch norms.
    """

    def __init__(self, tensors: dict[str, np.ndarray], eps: float = 1e-3) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            Unit(3, 64, 7, 2, eps),
            MaxPool((1, 3, 3), (1, 2, 2)),
            Unit(64, 64, 1, 1, eps),
            Unit(64, 192, 3, 1, eps),
            MaxPool((1, 3, 3), (1, 2, 2)),
        )
        self.blocks = nn.ModuleDict()
        channels = 192
        for name, widths in WIDTHS.items():
            self.blocks[name] = Inception(channels, widths, eps)
            channels = self.blocks[name].outputs
        self.pools = nn.ModuleDict({"4b": MaxPool((3, 3, 3), (2, 2, 2)), "5b": MaxPool((2, 2, 2), (2, 2, 2))})
        self.logits = nn.Conv3d(channels, 400, 1)
        self._load(tensors)
        self.eval().requires_grad_(False)

    def forward(self, x: Tensor) -> Tensor:
        """Logits (clip, 400) of clips (clip, 3, time, 224, 224)."""
        x = self.stem(x)
        for name, block in self.blocks.items():
            x = block(self.pools[name](x) if name in self.pools else x)
        x = F.avg_pool3d(x, (2, 7, 7), stride=1)
        return self.logits(x).squeeze((3, 4)).mean(dim=2)

    def units(self) -> dict[str, Unit]:
        """Every unit under the name it has in the published file."""
        named = {"Conv3d_1a_7x7": self.stem[0], "Conv3d_2b_1x1": self.stem[2], "Conv3d_2c_3x3": self.stem[3]}
        for block_name, block in self.blocks.items():
            for branch_name, branch in block.branches.items():
                units = [module for module in branch if isinstance(module, Unit)]
                for unit in units:
                    size = unit.kernel[0]
                    place = "0b" if branch_name == "Branch_3" or size == 3 else "0a"
                    named[f"Mixed_{block_name}/{branch_name}/Conv3d_{place}_{size}x{size}"] = unit
        return named

    def _load(self, tensors: dict[str, np.ndarray]) -> None:
        used = set()

        def take(key: str) -> Tensor:
            used.add(key)
            return torch.from_numpy(np.array(tensors[key]))

        with torch.no_grad():
            for name, unit in self.units().items():
                # The published kernels are (time, height, width, in, out).
                unit.conv.weight.copy_(take(f"params/{name}/Conv_0/kernel").permute(4, 3, 0, 1, 2))
                unit.norm.bias.copy_(take(f"params/{name}/BatchNorm_0/bias").flatten())
                unit.norm.running_mean.copy_(take(f"batch_stats/{name}/BatchNorm_0/mean").flatten())
                unit.norm.running_var.copy_(take(f"batch_stats/{name}/BatchNorm_0/var").flatten())
            kernel = take("params/Logits/Conv3d_0c_1x1/Conv_0/kernel")
            self.logits.weight.copy_(kernel.permute(4, 3, 0, 1, 2))
            self.logits.bias.copy_(take("params/Logits/Conv3d_0c_1x1/Conv_0/bias"))
        if used != set(tensors):
            raise ValueError(f"tensors without a place: {sorted(set(tensors) - used)}")


def plain_features(model: PlainI3D, clip: np.ndarray) -> np.ndarray:
    """Logits of one prepared clip (time, 224, 224, 3)."""
    with torch.inference_mode():
        return model(torch.from_numpy(clip).permute(3, 0, 1, 2)[None])[0].numpy()
