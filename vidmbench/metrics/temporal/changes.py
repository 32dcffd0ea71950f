"""How much frames differ from the one before (VBench) and from the first one (long-video-gan)."""

import numpy as np

#: Levels of a channel in a histogram of colours.
_BINS = 20


def mean_absolute_difference(frame: np.ndarray, before: np.ndarray) -> float:
    """The mean over pixels and channels, 0..255, of two frames uint8 (height, width, 3)."""
    apart = np.maximum(frame, before) - np.minimum(frame, before)
    return float(apart.sum(dtype=np.uint64) / apart.size)


def colour_histogram(frame: np.ndarray) -> np.ndarray:
    """Pixels of each of 20 x 20 x 20 colours, int64 (8000,), of a frame uint8 (height, width, 3).

    A level u falls into bin floor(19 u / 255 + 1/2), in integers. long-video-gan counts with torch.histc, which in
    float32 puts the two brightest colours into one bin; on integers, as on a GPU, it counts as here.
    """
    bins = (2 * (_BINS - 1) * frame.astype(np.int64) + 255) // 510
    red, green, blue = np.moveaxis(bins, -1, 0)
    return np.bincount(((red * _BINS + green) * _BINS + blue).ravel(), minlength=_BINS**3)


def histogram_intersection(counts: np.ndarray, others: np.ndarray) -> float:
    """The share of pixels that two histograms of equally many pixels have in common, 0..1."""
    return float(np.minimum(counts, others).sum() / counts.sum())
