"""A VIDM drawn the slow way: every frame and step from frames alone, nothing kept, each sample told its own t and n."""

import hashlib

import numpy as np
import torch
from reference.diffusion import ancestral_path, ddim_path, dpm_solver_path, linear_alpha_bar


def noises_of(seed, index, count, size, *purpose):
    """The noise of one sample for one frame: x_T, then that of the steps from the noisiest on."""
    words = "\0".join(f"{type(word).__name__}:{word}" for word in ("sample", index, *purpose))
    entropy = [seed, *np.frombuffer(hashlib.sha256(words.encode()).digest(), dtype="<u4").tolist()]
    random = np.random.Generator(np.random.Philox(np.random.SeedSequence(entropy)))
    return random.standard_normal((count, 3, size, size), dtype=np.float32)


def plain_frames(vidm, indices, num_frames, *, seed, first=None):
    """Float frames (sample, frame, 3, height, width) in [-1, 1]; ``first`` in place of the content generator's."""
    opens = vidm.spec.variant == "paper"
    if first is None:
        first = _plain_frame(vidm, indices, seed, ("content",), vidm.content)
    frames, previous = [first] if opens else [], first
    while len(frames) < num_frames:
        n = len(frames)

        def net(x_t, t, n=n, previous=previous):
            return vidm.motion(x_t, t, torch.full_like(t, n), first, previous)

        purpose = ("motion",) if vidm.sampling.noise == "video" else ("motion", n)
        previous = _plain_frame(vidm, indices, seed, purpose, net)
        frames.append(previous)
    return torch.stack(frames, dim=1).numpy()


def _plain_frame(vidm, indices, seed, purpose, net):
    """One frame of each sample; ``net`` takes (x_t, t)."""
    steps = [round(step) for step in np.linspace(0, 999, vidm.sampling.steps)]
    alpha_bar = np.asarray(linear_alpha_bar())[steps]
    noises = np.stack([noises_of(seed, i, len(steps), vidm.spec.resolution, *purpose) for i in indices], axis=1)
    by_step = {step: noises[len(steps) - step] for step in range(1, len(steps))}

    def predicted(x_t, step):
        t = torch.full((len(indices),), steps[step], dtype=torch.int64)
        with torch.no_grad():
            return net(torch.from_numpy(np.asarray(x_t)).float(), t).double().numpy()

    def eps_of(x_t, step):
        return predicted(x_t, step)[:, :3]

    x_T = noises[0].astype(np.float64)
    if vidm.sampling.sampler in ("ddim", "dpm-solver"):
        x_T = np.stack([sample / np.sqrt(np.mean(sample**2)) for sample in x_T])
    if vidm.sampling.sampler == "ddim":
        path = ddim_path(eps_of, x_T, alpha_bar, by_step, clip=True, eta=0.0)
    elif vidm.sampling.sampler == "dpm-solver":
        path = dpm_solver_path(eps_of, x_T, alpha_bar, clip=True)
    elif vidm.sampling.sampler == "sde-dpm-solver":
        path = dpm_solver_path(eps_of, x_T, alpha_bar, clip=True, noises=by_step)
    else:

        def share_of_large(x_t, step):
            return (predicted(x_t, step)[:, 3:] + 1) / 2 if vidm.spec.variant == "official" else 0.0

        path = ancestral_path(eps_of, x_T, alpha_bar, by_step, clip=True, share_of_large=share_of_large)
    return torch.from_numpy(path[-1]).float()
