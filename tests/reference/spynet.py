"""SpyNet as one would write it down from its description: numpy, float64, one image pair, loops over the levels.

Images are (channel, height, width). Nothing is shared with the package, the constants included.
"""

import numpy as np


def convolved(x: np.ndarray, weight: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """A convolution with zeros around the image, as many outputs as inputs."""
    side = weight.shape[-1] // 2
    padded = np.pad(x, ((0, 0), (side, side), (side, side)))
    out = np.zeros((len(weight), *x.shape[1:])) + bias[:, None, None]
    for row in range(weight.shape[2]):
        for column in range(weight.shape[3]):
            piece = padded[:, row : row + x.shape[1], column : column + x.shape[2]]
            out += np.tensordot(weight[:, :, row, column], piece, axes=1)
    return out


def sampled(image: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The image at real-valued places (pixel centres are whole numbers); outside it its edge goes on."""
    height, width = image.shape[1:]
    x, y = np.clip(x, 0, width - 1), np.clip(y, 0, height - 1)
    left, top = np.floor(x).astype(int), np.floor(y).astype(int)
    right, bottom = np.minimum(left + 1, width - 1), np.minimum(top + 1, height - 1)
    across, down = x - left, y - top
    above = image[:, top, left] * (1 - across) + image[:, top, right] * across
    below = image[:, bottom, left] * (1 - across) + image[:, bottom, right] * across
    return above * (1 - down) + below * down


def warped(image: np.ndarray, flow: np.ndarray) -> np.ndarray:
    """Output pixel p is the image at p + flow(p)."""
    rows, columns = np.mgrid[: image.shape[1], : image.shape[2]]
    return sampled(image, columns + flow[0], rows + flow[1])


def resized(image: np.ndarray, height: int, width: int) -> np.ndarray:
    """Bilinear; the corners of the corner pixels fall together."""
    y = (np.arange(height) + 0.5) * image.shape[1] / height - 0.5
    x = (np.arange(width) + 0.5) * image.shape[2] / width - 0.5
    return sampled(image, *np.meshgrid(x, y))


def doubled(image: np.ndarray) -> np.ndarray:
    """Twice as high and wide, bilinear; the centres of the corner pixels fall together."""
    _, height, width = image.shape
    y = np.arange(2 * height) * (height - 1) / (2 * height - 1)
    x = np.arange(2 * width) * (width - 1) / (2 * width - 1)
    return sampled(image, *np.meshgrid(x, y))


def halved(image: np.ndarray) -> np.ndarray:
    """The mean of each block of 2 x 2 pixels."""
    channels, height, width = image.shape
    return image.reshape(channels, height // 2, 2, width // 2, 2).mean(axis=(2, 4))


def normalised(image: np.ndarray, *, maps_to_unit: bool) -> np.ndarray:
    """ImageNet's mean and standard deviation, on [0, 1] or, wrongly, on [-1, 1]."""
    if maps_to_unit:
        image = image * 0.5 + 0.5
    mean, deviation = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
    return (image - mean[:, None, None]) / deviation[:, None, None]


def plain_flow(
    weights: dict[str, np.ndarray], reference: np.ndarray, support: np.ndarray, *, levels: int, maps_to_unit: bool
) -> np.ndarray:
    """The whole network.

    Args:
        weights: The state dict, as float64.
        reference: (3, height, width) in [-1, 1].
        support: The same.
        levels: Of the pyramid.
        maps_to_unit: Whether images are brought to [0, 1] before the normalisation.

    Returns:
        (2, height, width), pixels.
    """
    height, width = reference.shape[1:]
    step = 2 ** (levels - 1)
    high, wide = int(np.ceil(height / step)) * step, int(np.ceil(width / step)) * step
    first = normalised(resized(reference, high, wide), maps_to_unit=maps_to_unit)
    second = normalised(resized(support, high, wide), maps_to_unit=maps_to_unit)
    flow = np.zeros((2, high // step, wide // step))
    for level in range(levels):
        a, b = first, second
        for _ in range(levels - 1 - level):
            a, b = halved(a), halved(b)
        if level > 0:
            flow = doubled(flow) * 2
        x = np.concatenate([a, warped(b, flow), flow])
        for layer in range(5):
            stem = f"basic_module.{level}.basic_module.{layer}.conv"
            x = convolved(x, weights[f"{stem}.weight"], weights[f"{stem}.bias"])
            if layer < 4:
                x = np.maximum(x, 0)
        flow = flow + x
    flow = resized(flow, height, width)
    return flow * np.array([width / wide, height / high])[:, None, None]
