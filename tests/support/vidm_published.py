"""The published layout of VIDM with fewer channels, and frames without anything that is computed once."""

import torch
from support.vidm_helpers import randomised

from vidmbench.vidm.checkpoints.checkpoint import Vidm
from vidmbench.vidm.config import FlowSpec, UNetSpec, VidmSpec
from vidmbench.vidm.diffusion.samplers import sample
from vidmbench.vidm.networks.content import ContentNet
from vidmbench.vidm.networks.motion import MotionNet
from vidmbench.vidm.recipes import SamplingSpec
from vidmbench.vidm.sampling.source import VidmVideos


def published_layout(
    variant: str, *, resolution: int = 128, channels: int = 16, steps: int = 2, flow: FlowSpec | None = None
) -> Vidm:
    """A VIDM with random weights.

    Args:
        variant: ``paper`` or ``official``.
        resolution: Pixels.
        channels: Of the first level; 128 as published.
        steps: Of the ancestral sampler.
        flow: None takes a flow network as narrow as the rest.
    """
    unet = UNetSpec(channels=channels, groups=min(32, channels), head_channels=channels // 2)
    spec = VidmSpec(
        variant=variant,
        resolution=resolution,
        penalty=variant == "paper",
        content=unet,
        motion=unet,
        flow=flow or FlowSpec(widths=(12, 16, 12, 8)),
    )
    net = randomised(MotionNet(spec))
    for name, parameter in net.named_parameters():
        if name.startswith("unet.out.2"):
            parameter.mul_(0.1)  # keeps the noise predicted by random weights near unit size
    sampling = SamplingSpec(sampler="ancestral", steps=steps)
    return Vidm(spec, randomised(ContentNet(spec), 1), net, sampling, "0" * 64, "made by a test")


def frame_computed_anew(videos: VidmVideos, first: torch.Tensor, previous: torch.Tensor, n: int) -> torch.Tensor:
    """A frame as the published code samples it: every step from frames alone, t and n of each sample apart.

    Args:
        videos: The model.
        first: First frames, float32 (batch, 3, height, width) in [-1, 1].
        previous: The frames before, alike.
        n: Number of the frame.

    Returns:
        The frames, alike.
    """
    batch = len(first)
    noise = videos.noise(range(batch), "motion", n)

    def model(x_t: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        return videos.motion(x_t, t.expand(batch).contiguous(), torch.full((batch,), n), first, previous)

    return sample(
        "ancestral", model, noise(), videos.schedule, noise=lambda _: noise(), variance=videos.vidm.spec.variance
    )


def first_frames(batch: int, resolution: int) -> torch.Tensor:
    """Random first frames, float32 (batch, 3, resolution, resolution) in [-1, 1]."""
    generator = torch.Generator().manual_seed(0)
    return torch.rand((batch, 3, resolution, resolution), generator=generator) * 2 - 1
