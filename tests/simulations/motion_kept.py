"""How much of the real motion one VIDM keeps when it goes on from real frames: x(0) and x(n-1) of the toy world.

    python tests/simulations/motion_kept.py [--checkpoint FILE] [--num-videos 32] [--numbers 8,16,48] [--noise frame]

From each n on, 8 frames are generated, the first from real frames alone, each further one from the one before. Prints
the mean displacement of objects along their real velocity as a share of what that velocity makes of it, after 1, 2, 4
and 8 frames; 1 would be the real motion. Objects are those that the tracker follows without a gap, away from the
border, on both sides. Needs a checkpoint of 64 or 128 pixels. Three minutes of one core for each n.
"""

import argparse
from pathlib import Path

import numpy as np
import torch
from toy_tracker import tracks_of

from vidmbench.sources.clevrer_mini.videos import ToyVideos
from vidmbench.vidm.checkpoints.checkpoint import load_vidm
from vidmbench.vidm.frames import to_tensor, to_uint8
from vidmbench.vidm.sampling.source import VidmVideos

SHIPPED = Path("results/checkpoints/vidm-clevrer-mini-64.safetensors")
SPAN, TOLD = 8, (1, 2, 4, 8)


def whole_tracks(clip):
    """Centres by frame of every object seen in all of the clip, float64 (frame, 2), by colour and first centre."""
    return {
        (track.colour, *np.round(track.centres[0], 3)): np.array(track.centres)
        for track in tracks_of(clip)
        if len(track.frames) == len(clip) and not any(track.at_border)
    }


def displacements(real, other):
    """Of each object of both clips, its mean velocity in the real one and where it is in each clip's second half.

    Args:
        real: uint8 (2 x SPAN, height, width, 3).
        other: The same in its first half, another future in its second.

    Yields:
        (velocity, displacements in the real clip, in the other), from the first half's last frame on.
    """
    tracks = whole_tracks(other)
    for key, centres in whole_tracks(real).items():
        if key in tracks:
            velocity = (centres[SPAN + SPAN // 2] - centres[SPAN // 2]) / SPAN
            moved = (each[SPAN:] - each[SPAN - 1] for each in (centres, tracks[key]))
            yield velocity, *moved


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--checkpoint", type=Path, default=SHIPPED)
    options.add_argument("--num-videos", type=int, default=32)
    options.add_argument("--numbers", default="8,16,48")
    options.add_argument("--noise", choices=("frame", "video"), default="video")
    given = options.parse_args()
    vidm = load_vidm(given.checkpoint, torch.device("cpu"))
    indices = range(given.num_videos)
    videos = ToyVideos("test", num_videos=len(indices), resolution=vidm.spec.resolution)
    sampling = vidm.sampling.model_copy(update={"noise": given.noise})
    source = VidmVideos(vidm, num_videos=len(indices), sampling=sampling)
    first = to_tensor(np.stack([videos.read(i, (0,))[0] for i in indices]))
    for number in map(int, given.numbers.split(",")):
        real = np.stack([videos.read(i, range(number - SPAN, number + SPAN)) for i in indices])
        walk, previous, made = source.walk(first, indices), to_tensor(real[:, SPAN - 1]), real.copy()
        with torch.no_grad():
            for step in range(SPAN):
                previous = walk.frame(number + step, previous)
                made[:, SPAN + step] = to_uint8(previous)
        found = [each for old, new in zip(real, made, strict=True) for each in displacements(old, new)]
        velocity = np.array([each[0] for each in found])
        frames = np.arange(1, SPAN + 1)
        for label, moved in (("real", 1), ("model", 2)):
            along = np.einsum("ofd,od->f", np.array([each[moved] for each in found]), velocity)
            share = along / frames / np.square(velocity).sum()
            print(f"n = {number}, {len(found)} objects, {label}:", ", ".join(f"{share[k - 1]:.2f}" for k in TOLD))


if __name__ == "__main__":
    main()
