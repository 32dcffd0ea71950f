"""C3D and what the three lineages do before it, written down slowly: loops over taps, windows and pixels in float64.

The arithmetic of the lineages stands here as their codes have it, with their shapes and their order of steps. Real
Chainer 7.8.1 and OpenCV 4.8.1 gave the numbers in GOLDEN; see :func:`golden_case` for what they were given.
"""

import math

import numpy as np

CONVOLUTIONS = ["conv1a", "conv2a", "conv3a", "conv3b", "conv4a", "conv4b", "conv5a", "conv5b"]
# Window (time, height, width) of the pool behind a layer.
POOLS = {
    "conv1a": (1, 2, 2),
    "conv2a": (2, 2, 2),
    "conv3b": (2, 2, 2),
    "conv4b": (2, 2, 2),
    "conv5b": (2, 2, 2),
}


def convolved(x: np.ndarray, weight: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """3x3x3 correlation of (channel, time, height, width) with one zero on every side."""
    _, time, height, width = x.shape
    padded = np.pad(x, [(0, 0), (1, 1), (1, 1), (1, 1)])
    result = np.zeros((len(weight), time, height, width)) + bias.reshape(-1, 1, 1, 1)
    for t in range(3):
        for row in range(3):
            for column in range(3):
                part = padded[:, t : t + time, row : row + height, column : column + width]
                result += np.tensordot(weight[:, :, t, row, column], part, axes=(1, 0))
    return result


def pooled(x: np.ndarray, window: tuple[int, int, int]) -> np.ndarray:
    """Largest value of windows side by side from the first pixel on; the last ones may be cut short."""
    counts = [math.ceil(size / side) for size, side in zip(x.shape[1:], window, strict=True)]
    result = np.full((len(x), *counts), -np.inf)
    for t, row, column in np.ndindex(*counts):
        cut = [slice(i * side, (i + 1) * side) for i, side in zip((t, row, column), window, strict=True)]
        result[:, t, row, column] = x[:, cut[0], cut[1], cut[2]].max(axis=(1, 2, 3))
    return result


def outputs(tensors: dict[str, np.ndarray], x: np.ndarray) -> dict[str, np.ndarray]:
    """All that can be asked of the network, for one clip (channel, time, height, width) as it sees it."""
    exact = {name: array.astype(np.float64) for name, array in tensors.items()}
    h = x.astype(np.float64)
    for name in CONVOLUTIONS:
        h = np.maximum(convolved(h, exact[f"{name}/W"], exact[f"{name}/b"]), 0)
        if name in POOLS:
            h = pooled(h, POOLS[name])
    found = {}
    h = h.reshape(-1)
    for name in ("fc6", "fc7"):
        h = found[name] = np.maximum(exact[f"{name}/W"] @ h + exact[f"{name}/b"], 0)
    found["fc8"] = exact["fc8/W"] @ h + exact["fc8/b"]
    powers = np.exp(found["fc8"] - found["fc8"].max())
    found["prob"] = powers / powers.sum()
    return found


def fed_by_tgan(frames: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """TGAN's steps behind its cubic resize, which gives float32 (clip, time, 128, 128, 3) of 0..255."""
    clips, time = frames.shape[:2]
    mean = mean.astype(np.float32).reshape((3, 1, 16, 128, 171))[:, :, :, :, 21 : 21 + 128]
    x = np.zeros((clips * time, 128, 128, 3))
    x[:] = frames.reshape(-1, 128, 128, 3)
    x = x.transpose(3, 0, 1, 2).reshape(3, clips, time, 128, 128)
    x = x[::-1] - mean
    return x[:, :, :, 8 : 8 + 112, 8 : 8 + 112].astype(np.float32).transpose(1, 0, 2, 3, 4)


def fed_by_tganv2(frames: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """TGANv2's steps for real clips (clip, time, 112, 112, 3) of 0..255, which need no resize."""
    x = np.asarray((frames.transpose(0, 4, 1, 2, 3) - 128.0) / 128.0, dtype=np.float32)
    exchange = np.zeros((3, 3), np.float32)
    exchange[[0, 1, 2], [2, 1, 0]] = 128
    x = np.einsum("oi,nithw->nothw", exchange, x)
    bias = np.zeros((3, 16, 112, 112), np.float32)
    bias[:] = 128 - mean[:, :, 8 : 8 + 112, 8 : 8 + 112]
    return x + bias


def cubic_weight(distance: float) -> float:
    """The cubic kernel with a = -0.75."""
    a, d = -0.75, abs(distance)
    if d <= 1:
        return (a + 2) * d**3 - (a + 3) * d**2 + 1
    return a * d**3 - 5 * a * d**2 + 8 * a * d - 4 * a if d < 2 else 0.0


def resized(image: np.ndarray, size: tuple[int, int], kernel: str) -> np.ndarray:
    """One image (height, width, channel), pixel by pixel.

    ``cubic`` has pixel centres at halves and repeats the edge; ``aligned`` has the corner pixels on each other.
    """
    weights = []
    for old, new in zip(image.shape[:2], size, strict=True):
        table = np.zeros((new, old))
        for out in range(new):
            if kernel == "cubic":
                position = (out + 0.5) * old / new - 0.5
                for tap in range(math.floor(position) - 1, math.floor(position) + 3):
                    table[out, min(max(tap, 0), old - 1)] += cubic_weight(position - tap)
            else:
                position = out * (old - 1) / (new - 1)
                low = min(math.floor(position), old - 1)
                table[out, low] += 1 - (position - low)
                table[out, min(low + 1, old - 1)] += position - low
        weights.append(table)
    squeezed = np.tensordot(weights[0], image.astype(np.float64), axes=(1, 0))
    return np.moveaxis(np.tensordot(weights[1], squeezed, axes=(1, 1)), 0, 1)


def golden_case() -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Weights and a clip that need no random numbers: sines, and uint8 (16, 20, 24, 3) made of squares modulo 256."""
    channels, tensors, count = [3, 3, 4, 4, 4, 5, 5, 5, 4], {}, 0
    shapes = {name: (channels[i + 1], channels[i], 3, 3, 3) for i, name in enumerate(CONVOLUTIONS)}
    shapes |= {"fc6": (6, 64), "fc7": (5, 6), "fc8": (4, 5)}
    for name, shape in shapes.items():
        fan_in = math.prod(shape[1:])
        for part, dims, scale in (("W", shape, 2 / math.sqrt(fan_in)), ("b", shape[:1], 0.3)):
            size = math.prod(dims)
            waves = np.sin(np.arange(count, count + size) * 1.7) * scale / (50 if name == "conv1a" else 1)
            tensors[f"{name}/{part}"] = waves.reshape(dims).astype(np.float32)
            count += size
    places = np.arange(3 * 16 * 128 * 171)
    tensors["mean"] = (100 + 20 * np.sin(places * 0.37)).reshape(3, 16, 128, 171).astype(np.float32)
    clip = (np.arange(16 * 20 * 24 * 3) ** 2 // 97 % 256).astype(np.uint8).reshape(16, 20, 24, 3)
    return tensors, clip


GOLDEN_IMAGE = np.array([[0, 255, 7, 90], [200, 3, 128, 64], [255, 255, 0, 31], [12, 180, 99, 240], [5, 77, 211, 140]])
