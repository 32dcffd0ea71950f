"""Minute VIDMs, recipes and videos for the tests of training and sampling."""

import numpy as np
import torch

from vidmbench.core.files import sha256_of_parts
from vidmbench.videos.source import SourceDefaults
from vidmbench.vidm.checkpoints.checkpoint import Vidm
from vidmbench.vidm.checkpoints.tensor_files import read_tensors
from vidmbench.vidm.config import FlowSpec, UNetSpec, VidmSpec
from vidmbench.vidm.diffusion.schedule import at, linear_schedule
from vidmbench.vidm.networks.content import ContentNet
from vidmbench.vidm.networks.motion import MotionNet
from vidmbench.vidm.recipes import DataSpec, FlowStartSpec, OptimiserSpec, RecipeSpec, SamplingSpec
from vidmbench.vidm.training import loop as training
from vidmbench.vidm.training.batches import TrainingVideos

SIZE = 16
CPU = torch.device("cpu")
SEED_FLOW = FlowStartSpec(start="seed")


class CodedVideos(SourceDefaults):
    """Videos whose pixels tell where they come from: red the video, green the frame, blue the column.

    ``lengths`` are the videos' numbers of frames; with ``classes``, video i is of class i modulo it.
    """

    def __init__(self, lengths=(8,) * 6, *, name="coded"):
        self.lengths = lengths
        self.label = name
        self.size = (SIZE, SIZE)

    def __len__(self):
        return len(self.lengths)

    def name(self, index):
        return f"video_{index}"

    def num_frames(self, index):
        return self.lengths[index]

    def read(self, index, frames):
        pictures = np.zeros((len(frames), SIZE, SIZE, 3), dtype=np.uint8)
        pictures[..., 0] = 10 * index
        pictures[..., 1] = 5 * np.asarray(frames)[:, None, None]
        pictures[..., 2] = 15 * np.arange(SIZE)
        return pictures

    def digest(self):
        return sha256_of_parts(self.label, str(self.lengths))


class LabelledVideos(CodedVideos):
    def class_of(self, index):
        return index % 3


def told_by(frames):
    """Video, frame and whether it is mirrored, from the pixels of frames (batch, 3, height, width) in [-1, 1]."""
    levels = ((frames + 1) * 127.5).round().int()
    return [(int(x[0, 0, 0]) // 10, int(x[1, 0, 0]) // 5, bool(x[2, 0, 0] > x[2, 0, -1])) for x in levels]


def training_videos(source=None, shortest=8):
    return TrainingVideos(source or CodedVideos(), SIZE, shortest)


def small_spec(variant="paper", **changes):
    """Two levels, one block, 8 channels; attention at 8 x 8 in either variant's way of saying it."""
    unet = UNetSpec(
        channels=8,
        multipliers=(1, 2),
        blocks=1,
        attention=(8,) if variant == "paper" else (2,),
        head_channels=8,
        groups=4,
    )
    given = {
        "variant": variant,
        "resolution": SIZE,
        "num_frames": 8,
        "penalty": variant == "paper",
        "content": unet,
        "motion": unet,
        "flow": FlowSpec(widths=(4, 4, 4, 4), levels=2),
    }
    return VidmSpec(**(given | changes))


def small_recipe(model=None, data=None, flow_start=None, **training):
    """Both parts trained alike."""
    optimiser = OptimiserSpec(**({"steps": 6, "batch_size": 4, "lr": 1e-3} | training))
    return RecipeSpec(
        name="small",
        title="For tests",
        dataset="coded",
        gpu_hours=1.0,
        memory_gib=1.0,
        device="a CPU",
        model=model or small_spec(),
        data=data or DataSpec(start="any"),
        flow_start=flow_start or FlowStartSpec(start="photometric", steps=2, batch_size=2, largest_gap=4),
        content=optimiser,
        motion=optimiser,
    )


def randomised(net, seed=0):
    """The network with all weights random: a fresh one answers 0, its last convolution being zero."""
    random = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in net.parameters():
            scale = parameter[0].numel() ** -0.5 if parameter.ndim > 1 else 0.2
            parameter.copy_(torch.randn(parameter.shape, generator=random) * scale)
    return net.eval().requires_grad_(False)


def _towards_grey(x_t, t, prediction):
    """The noise in frames of grey pixels of deviation 0.4, and half of what the network says.

    Random networks alone give frames of black and white, whose errors clipping hides.
    """
    alpha_bar = at(linear_schedule().alpha_bar, t, x_t)
    eps = (1 - alpha_bar).sqrt() * x_t / (0.16 * alpha_bar + 1 - alpha_bar)
    return torch.cat([eps + 0.5 * prediction[:, :3], prediction[:, 3:]], dim=1)


class GreyContent(ContentNet):
    def forward(self, x_t, t, label=None):
        return _towards_grey(x_t, t, super().forward(x_t, t, label))


class GreyMotion(MotionNet):
    def predict(self, x_t, t, n, first, z, residual):
        return _towards_grey(x_t, t, super().predict(x_t, t, n, first, z, residual))


def small_vidm(variant="paper", *, sampler="ddim", steps=4, noise="frame", **changes):
    """A model of random weights whose frames are grey."""
    spec = small_spec(variant, **changes)
    return Vidm(
        spec=spec,
        content=randomised(GreyContent(spec), 1),
        motion=randomised(GreyMotion(spec), 2),
        sampling=SamplingSpec(sampler=sampler, steps=steps, noise=noise),
        sha256="0" * 64,
        where="made by a test",
    )


def train(out, part="content", recipe=None, source=None, seed=0, **options):
    recipe = recipe or small_recipe(flow_start=SEED_FLOW)
    return training.train_part(part, recipe, training_videos(source), out, seed=seed, device=CPU, **options)


def state_in(out, part="content"):
    """Every tensor of a training state, and its step."""
    tensors, header = read_tensors(out / f"{part}.state.safetensors")
    return tensors, header["step"]
