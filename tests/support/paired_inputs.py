"""The inputs of the golden numbers of full-reference metrics: targets and what is scored against them."""

import numpy as np


def box3(clips):
    """Means of 3 x 3 pixels, the border repeated, halves rounded up."""
    height, width = clips.shape[2:4]
    wide = np.pad(clips.astype(np.uint16), ((0, 0), (0, 0), (1, 1), (1, 1), (0, 0)), mode="edge")
    total = sum(wide[:, :, i : i + height, j : j + width] for i in range(3) for j in range(3))
    return ((2 * total + 9) // 18).astype(np.uint8)


def delay(clips):
    """Every frame one later; the first twice."""
    return np.concatenate([clips[:, :1], clips[:, :-1]], axis=1)


def static(clips):
    return np.repeat(clips[:, :1], clips.shape[1], axis=1)


def shuffle(clips):
    chance = np.random.default_rng(0)
    return np.stack([clip[chance.permutation(len(clip))] for clip in clips])


def noise(clips):
    added = np.random.default_rng(0).integers(-14, 15, clips.shape)
    return np.clip(clips.astype(np.int64) + added, 0, 255).astype(np.uint8)


CHANGES = {
    "static": static,
    "reversed": lambda clips: clips[:, ::-1],
    "shuffled": shuffle,
    "blurred": lambda clips: box3(box3(clips)),
    "noise": noise,
}
INPUTS = ("sky", "ucf", "same", "blackwhite", *(f"{name}-{change}" for name in ("sky", "ucf") for change in CHANGES))


def inputs_of(shared, name):
    """Targets and predictions, uint8 (clip, frame, height, width, 3)."""
    if name == "blackwhite":
        shape = (1, 16, 64, 64, 3)
        return np.zeros(shape, np.uint8), np.full(shape, 255, np.uint8)
    base, _, change = name.partition("-")
    folder = shared / "golden" / "conventions"
    real = np.load(folder / f"{'sky' if base == 'same' else base}_real.npz")["clips"][:8]
    if base == "same":
        return real[:1], real[:1].copy()
    if change:
        return real, CHANGES[change](real)
    return real, np.load(folder / "sky_fake.npz")["clips"][:8] if base == "sky" else delay(box3(real))
