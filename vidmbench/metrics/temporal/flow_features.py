"""What moves where, how fast, how evenly and which way in time: 39 numbers of a clip's optical flow.

They are shares of the clip's motion, so that no unit and no scale has to be chosen, in five groups:

    place      the share of each of 4 x 4 parts of the frame                                        16
    frequency  power of the flow over time: constant, up to 0.1, 0.25, 0.5 cycles per frame          4
    direction  of 8 directions                                                                       8
    speed      below 0.05, 0.1, 0.2, 0.4, 0.8, 1.6 pixels per frame at 64 x 64 pixels, and above     7
    arrow      four ratios in -1/2..1/2 that change sign, or nearly, where a clip runs backwards     4

The first four are square roots of shares (as in Hellinger's distance), so that each group is a vector of length 1, and
all is multiplied by how certain it is that something moves at all, S² / (S² + 0.003²) with S the mean speed (shares by
its root). A clip without motion is the zero vector: it lies at the distance 1 in each group from whatever moves, while
two kinds of motion, whose shares are not negative, lie closer wherever half of their shares agree.

Frequencies are what STREAM-T looks at, and places and directions what FVMD's histograms hold; these hardly know the
direction of time. The arrow does: acceleration along the motion, sum dv.v / sum |dv||v|; the third power of changes of
speed in each cell, and of the mean speed, sum d³ / sum |d|³, for things start suddenly and slow down gradually; and
whether motion is early or late, sum s t / sum s |t|. Each is halved, so that even clips whose arrow is certain are
farther from a frozen side (4 + 1) than from themselves backwards (4).

Flow is first averaged over three steps, which keeps noise of 8 levels from moving the distance.
"""

import numpy as np

#: Cells along each side of a frame in which flow is averaged, and the parts of the frame that they make.
CELLS, _PARTS = 16, 4
#: Numbers of a clip.
NUM_FEATURES = 39
_STILL = 0.003
_SPEEDS = (0.05, 0.1, 0.2, 0.4, 0.8, 1.6)
_FREQUENCIES = (0.0, 0.1, 0.25)
_DIRECTIONS = 8
_TINY = 1e-12


def flow_features(cells: np.ndarray) -> np.ndarray:
    """The features of one clip.

    Args:
        cells: float32 (step, 16, 16, 2): flow to the right and down, pixels of a frame of 64 x 64, zero where nothing
            moves; at least 5 steps.

    Returns:
        float32 (39,); zeros where nothing moves.
    """
    steps = cells.astype(np.float64)
    flow = (steps[:-2] + steps[1:-1] + steps[2:]) / 3
    speed = np.linalg.norm(flow, axis=-1)
    mean = speed.mean()
    certainty = mean**2 / (mean**2 + _STILL**2)
    shares = [_by_place(speed), _by_frequency(flow), _by_direction(flow, speed), _by_speed(speed)]
    roots = [np.sqrt(share / max(share.sum(), _TINY) * certainty) for share in shares]
    return np.concatenate([*roots, certainty * _arrow(flow, speed)]).astype(np.float32)


def _by_place(speed: np.ndarray) -> np.ndarray:
    side = CELLS // _PARTS
    return np.asarray(speed.reshape(-1, _PARTS, side, _PARTS, side).sum((0, 2, 4)).ravel())


def _by_frequency(flow: np.ndarray) -> np.ndarray:
    power = (np.abs(np.fft.rfft(flow, axis=0)) ** 2).sum((1, 2, 3))
    power[1:] *= 2  # each stands for its negative frequency too
    band = np.searchsorted(_FREQUENCIES, np.fft.rfftfreq(len(flow)))
    return np.bincount(band, power, minlength=len(_FREQUENCIES) + 1)


def _by_direction(flow: np.ndarray, speed: np.ndarray) -> np.ndarray:
    angle = np.arctan2(flow[..., 1], flow[..., 0]) + np.pi
    bins = np.clip(angle // (2 * np.pi / _DIRECTIONS), 0, _DIRECTIONS - 1).astype(np.int64)
    return np.bincount(bins.ravel(), speed.ravel(), minlength=_DIRECTIONS)


def _by_speed(speed: np.ndarray) -> np.ndarray:
    return np.bincount(np.digitize(speed, _SPEEDS).ravel(), speed.ravel(), minlength=len(_SPEEDS) + 1)


def _arrow(flow: np.ndarray, speed: np.ndarray) -> np.ndarray:
    """The four signed ratios, float64 (4,), each 0 where its divisor is."""
    change, between = np.diff(flow, axis=0), (flow[1:] + flow[:-1]) / 2
    along = (change * between).sum(-1)
    lengths = np.linalg.norm(change, axis=-1) * np.linalg.norm(between, axis=-1)
    faster, mean = np.diff(speed, axis=0), speed.mean((1, 2))
    time, rise = np.linspace(-1, 1, len(mean)), np.diff(mean)
    pairs = (
        (along, lengths),
        (faster**3, np.abs(faster) ** 3),
        (mean * time, mean * np.abs(time)),
        (rise**3, np.abs(rise) ** 3),
    )
    return np.array([signed.sum() / max(size.sum(), _TINY) / 2 for signed, size in pairs])
