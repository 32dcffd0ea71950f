"""How often intervals of full-reference metrics hold the mean they are for: simulated where it is known.

    OMP_NUM_THREADS=1 python tests/simulations/paired_metrics.py --replications 2000

Every video has 16 frames, whose numbers are correlated by 0.9: 90 % of their variance is the video's. Prints the tables
of docs/uncertainty.md, row by row; single ones with --only videos, scenes or seeds.
"""

import argparse

import numpy as np
from scipy import stats

from vidmbench.metrics.full_reference.intervals import interval_over_videos
from vidmbench.metrics.full_reference.seeds import mean_over_seeds

FRAMES, CORRELATION = 16, 0.9
COUNTS = (32, 256, 2048)
# How one video's share is distributed, mean 0 and variance 1. A log-normal law with this spread is as skewed as LPIPS.
LAWS = {
    "normal": lambda chance, count: chance.normal(size=count),
    "skewed": lambda chance, count: (np.exp(0.5 * chance.normal(size=count)) - np.exp(0.125)) / 0.604,
}


def frames_of(chance, videos):
    alone = chance.normal(size=(len(videos), FRAMES))
    return np.sqrt(CORRELATION) * videos[:, None] + np.sqrt(1 - CORRELATION) * alone


def over_frames(frames):
    """The interval of who takes all frames for independent."""
    half = stats.norm.ppf(0.975) * frames.std(ddof=1) / np.sqrt(frames.size)
    return frames.mean() - half, frames.mean() + half


def ends(interval):
    return interval.low, interval.high


def shown(name, count, repetitions, intervals):
    """One row: how often each interval holds 0, and how wide the last is beside the first."""
    found = np.array([intervals() for _ in range(repetitions)])  # (repetition, interval, end)
    held = ((found[..., 0] <= 0) & (found[..., 1] >= 0)).mean(0)
    widths = (found[..., 1] - found[..., 0]).mean(0)
    cells = [f"{100 * share:.1f} %" for share in held]
    print(f"| {name} | {count} | " + " | ".join(cells) + f" | {widths[0] / widths[-1]:.1f} |", flush=True)


def videos(chance, repetitions):
    for name, law in LAWS.items():
        for count in COUNTS:

            def one(law=law, count=count):
                frames = frames_of(chance, law(chance, count))
                return ends(interval_over_videos(frames.mean(1))), over_frames(frames)

            shown(name, count, repetitions, one)


def scenes(chance, repetitions):
    """Half of a video's variance is its scene's."""
    for name, sizes in (("4 videos each", (4,)), ("1, 3 and 8 videos by turns", (1, 3, 8))):
        for count in COUNTS:
            places = np.repeat(np.arange(count), np.resize(sizes, count))[:count]
            labels = [str(place) for place in places]

            def one(count=count, places=places, labels=labels):
                values = np.sqrt(0.5) * (chance.normal(size=count)[places] + chance.normal(size=count))
                frames = frames_of(chance, values)
                means = frames.mean(1)
                return ends(interval_over_videos(means, labels)), ends(interval_over_videos(means)), over_frames(frames)

            shown(name, count, repetitions, one)


def seeds(chance, repetitions):
    """Seeds move the mean by a share of a video's standard deviation; what neither explains has half of it."""
    for spread in (0.0, 0.1, 0.5):
        for count, runs in ((32, 3), (256, 3), (256, 5), (2048, 3)):

            def one(spread=spread, count=count, runs=runs):
                values = chance.normal(size=count) + spread * chance.normal(size=(runs, 1))
                values = values + 0.5 * chance.normal(size=(runs, count))
                return ends(mean_over_seeds(values).interval), ends(interval_over_videos(values[0]))

            shown(f"{spread}, {runs} seeds", count, repetitions, one)


STUDIES = {
    "videos": (videos, "frames of a video alike | N | over videos | over frames | times as wide"),
    "scenes": (scenes, "scenes | N | over scenes | over videos | over frames | times as wide"),
    "seeds": (seeds, "sd between seeds | N | videos in seeds | one run | times as wide"),
}


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--replications", type=int, default=2000)
    options.add_argument("--only", choices=tuple(STUDIES))
    given = options.parse_args()
    for name in [given.only] if given.only else STUDIES:
        study, header = STUDIES[name]
        print(f"\n| {header} |\n| :-- |" + " --: |" * header.count("|"))
        study(np.random.default_rng(0), given.replications)


if __name__ == "__main__":
    main()
