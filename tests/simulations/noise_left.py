"""Where deterministic sampling of a small VIDM leaves noise: frame 8 of real videos from frames 0 and 7, in 10 steps.

    python tests/simulations/noise_left.py [--checkpoint FILE] [--num-videos 12]

Prints how rough the predicted clean frame is after every step of each sampler (root mean square of what a 3 x 3 mean
takes away, in a range of 2), and then the roughness and the error of the frame that DPM-Solver++(2M) gives when only
some of its moves add fresh noise. About ten seconds of one core.
"""

import argparse
from pathlib import Path

import numpy as np
import torch
from torch.nn.functional import avg_pool2d

from vidmbench.sources.clevrer_mini.videos import ToyVideos
from vidmbench.vidm.checkpoints.checkpoint import load_vidm
from vidmbench.vidm.diffusion.samplers import SAMPLERS, sample, with_unit_norm
from vidmbench.vidm.diffusion.schedule import even_steps, linear_schedule
from vidmbench.vidm.sampling.first_frames import unit_noise

SHIPPED = Path("results/checkpoints/vidm-clevrer-mini.safetensors")
NUMBER, STEPS = 8, 10
FRESH = {
    "all": range(STEPS),
    "none": (),
    "the first three": (7, 8, 9),
    "the next three": (4, 5, 6),
    "the last three": (1, 2, 3),
    "all but the first three": range(7),
}


def roughness(frames):
    rest = (frames - avg_pool2d(frames, 3, 1, 1))[..., 2:-2, 2:-2]
    return rest.square().mean().sqrt().item()


def motion_model(vidm, first, previous):
    """The motion generator for frame ``NUMBER`` as a sampler calls it: (x_t, t) to noise."""
    net, number = vidm.motion, torch.tensor([NUMBER])
    z = net.flow(first, previous)
    return lambda x_t, t: net.predict(x_t, t[:1], number, first, z, net.residual(first, t[:1], number))


def roughness_by_step(name, model, x_T, schedule, fresh):
    """Of the clean frame that each step predicts, from the noisiest on."""
    found = []

    def told(x_t, t):
        eps, alpha_bar = model(x_t, t), float(linear_schedule().alpha_bar[int(t[0])])
        found.append(roughness(((x_t - (1 - alpha_bar) ** 0.5 * eps) / alpha_bar**0.5).clamp(-1, 1)))
        return eps

    sample(name, told, x_T, schedule, noise=lambda _: fresh(), variance="fixed-small")
    return found


@torch.no_grad()
def partly_stochastic(model, x_T, schedule, fresh, steps):
    """DPM-Solver++(2M) as in ``vidmbench.vidm.diffusion.samplers``, stochastic in the moves away from ``steps``."""
    x_t, before = x_T, None
    signal, sigma = np.sqrt(schedule.alpha_bar), np.sqrt(1.0 - schedule.alpha_bar)
    widths = -np.diff(np.log(signal / sigma))
    for step in range(len(schedule) - 1, 0, -1):
        t = torch.full((len(x_t),), int(schedule.timesteps[step]))
        x_0 = ((x_t - sigma[step] * model(x_t, t)) / signal[step]).clamp(-1, 1)
        has_past = before is not None and step > 1
        target = x_0 + 0.5 * widths[step - 1] / widths[step] * (x_0 - before) if has_past else x_0
        share, h = float(step in steps), widths[step - 1]
        x_t = sigma[step - 1] / sigma[step] * np.exp(-share * h) * x_t
        x_t = x_t - signal[step - 1] * np.expm1(-(1 + share) * h) * target
        x_t = (x_t + sigma[step - 1] * np.sqrt(-np.expm1(-2 * share * h)) * fresh()).float()
        before = x_0
    t = torch.zeros(len(x_t), dtype=torch.int64)
    return ((x_t - sigma[0] * model(x_t, t)) / signal[0]).clamp(-1, 1).float()


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--checkpoint", type=Path, default=SHIPPED)
    options.add_argument("--num-videos", type=int, default=12)
    given = options.parse_args()
    vidm = load_vidm(given.checkpoint, torch.device("cpu"))
    pixels, count = vidm.spec.resolution, given.num_videos
    videos = ToyVideos("test", num_videos=count, resolution=pixels)
    frames = np.stack([videos.read(i, (0, NUMBER - 1, NUMBER)) for i in range(count)])
    first, previous, true = torch.from_numpy(frames).movedim(-1, 2).float().div(127.5).sub(1).unbind(1)
    schedule = linear_schedule().respaced(even_steps(1000, STEPS))

    def fresh():
        return unit_noise(0, range(count), ("motion", NUMBER), (pixels, pixels), torch.device("cpu"))

    model = motion_model(vidm, first.contiguous(), previous.contiguous())
    print("roughness of the real frames:", f"{roughness(true):.4f}")
    print("| sampler | " + " | ".join(str(t) for t in reversed(schedule.timesteps.tolist())) + " |")
    for name in SAMPLERS:
        noise = fresh()
        with torch.no_grad():
            rough = roughness_by_step(name, model, noise(), schedule, noise)
        print(f"| `{name}` | " + " | ".join(f"{value:.3f}" for value in rough) + " |")
    print("| moves with fresh noise | roughness | error |")
    for label, steps in FRESH.items():
        noise = fresh()
        drawn = partly_stochastic(model, with_unit_norm(noise()), schedule, noise, steps)
        error = (drawn - true).square().mean().sqrt().item()
        print(f"| {label} | {roughness(drawn):.4f} | {error:.4f} |")


if __name__ == "__main__":
    main()
