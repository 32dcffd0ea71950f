"""FVMD's histograms of motion: which way points go and how fast, in cells of a grid and a quarter of a clip each.

Liu et al. (2024, "Fréchet Video Motion Distance"), as the code of fvmd 1.0.0 computes them from tracks of 20 x 20
points over 16 frames. For each step and point, with v the displacement in pixels on a canvas of 256 x 256,

    bin = floor((atan2(v_x, v_y) + pi) / (pi / 4)),    weight = ceil(log2(|v| + 1)) / 8,

and weights are summed over 4 frames and 5 x 5 points. The features are the histograms of the displacements, then those
of what the code calls acceleration: it is taken from the tracks and not from the displacements, so that it is the
displacement again, without the first step.
"""

import numpy as np

from vidmbench.core.arguments import ArgumentError

#: Frames of a clip, and points along each side of the grid.
FRAMES, POINTS = 16, 20
#: Height and width, pixels, that coordinates mean.
CANVAS = 256
#: Numbers of a clip.
NUM_FEATURES = 1024
_STEPS, _SIDE, _ANGLES = 4, 5, 8


def grid() -> np.ndarray:
    """Where tracks begin: float32 (400, 2), x and y, row by row, 8 pixels from the border of the canvas on."""
    places = 8 + np.arange(POINTS) / (POINTS - 1) * (CANVAS - 16)
    down, right = np.meshgrid(places, places, indexing="ij")
    return np.stack([right.ravel(), down.ravel()], -1).astype(np.float32)


def fvmd_features(tracks: np.ndarray) -> np.ndarray:
    """FVMD's features of one clip.

    Args:
        tracks: float32 (16, 400, 2): x and y of each point in each frame, on a canvas of 256 x 256 pixels; points row
            by row, as :func:`grid` has them.

    Returns:
        float32 (1024,): 4 x 4 x 4 x 8 (time, row, column, angle) of displacements, then of "accelerations".

    Raises:
        ArgumentError: Another shape.

    Example:
        >>> import numpy as np
        >>> from vidmbench.metrics.temporal.tracks import fvmd_features, grid
        >>> right = np.stack([grid() + [time, 0] for time in range(16)])  # one pixel to the right each frame
        >>> float(fvmd_features(right.astype(np.float32))[:512].sum())  # 15 steps of 400 points, an eighth each
        750.0
    """
    if tracks.shape != (FRAMES, POINTS * POINTS, 2):
        raise ArgumentError(f"FVMD's tracks have the shape (16, 400, 2), not {tracks.shape}")
    moved = np.diff(tracks, axis=0, prepend=tracks[:1])
    again = moved.copy()
    again[1] = 0
    return np.concatenate([histograms(moved), histograms(again)]).astype(np.float32)


def histograms(moved: np.ndarray) -> np.ndarray:
    """The weights by time, place and angle, float64 (512,), of displacements (16, 400, 2)."""
    angle = np.arctan2(moved[..., 0], moved[..., 1])
    bins = np.clip((angle + np.pi) // (np.pi / 4), 0, _ANGLES - 1).astype(np.int64)
    lengths = np.linalg.norm(moved, axis=-1)
    weights = np.ceil(np.clip(np.log2(np.clip(lengths, 0, 255) + 1), 0, 8)) / 8
    cells = FRAMES // _STEPS, POINTS // _SIDE
    step, point = np.indices(bins.shape)
    time, row, column = step // _STEPS, point // POINTS // _SIDE, point % POINTS // _SIDE
    place = ((time * cells[1] + row) * cells[1] + column) * _ANGLES + bins
    return np.bincount(place.ravel(), weights.ravel(), minlength=cells[0] * cells[1] ** 2 * _ANGLES)
