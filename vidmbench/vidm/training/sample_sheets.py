"""Sheets of samples during training, so that people see how far a model is."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from vidmbench.core.errors import DataError, WeightsError
from vidmbench.core.files import replacing
from vidmbench.core.progress import note
from vidmbench.vidm.checkpoints.checkpoint import Vidm, filled
from vidmbench.vidm.config import Part, VidmSpec
from vidmbench.vidm.frames import to_tensor
from vidmbench.vidm.networks.content import ContentNet
from vidmbench.vidm.networks.motion import MotionNet
from vidmbench.vidm.recipes import SamplingSpec
from vidmbench.vidm.sampling.first_frames import Content
from vidmbench.vidm.sampling.source import VidmVideos
from vidmbench.vidm.training.batches import TrainingVideos

# How many samples a sheet shows, which of their frames after the first, and how they are drawn.
_SAMPLES = 8
_FRAMES = (1, 2, 4, 8, 12, 16)
SHEET_SAMPLING = SamplingSpec(sampler="dpm-solver", steps=10)


@dataclass(frozen=True)
class SampleSheets:
    """Draws a sheet of samples during training: content frames, or clips that go on from real first frames.

    Attributes:
        spec: The model.
        out: The run's folder.
        seed: Of the samples.
        videos: Where real first frames come from.
        device: Where samples are drawn.
    """

    spec: VidmSpec
    out: Path
    seed: int
    videos: TrainingVideos
    device: torch.device

    def __call__(self, part: Part, weights: Mapping[str, Tensor], step: int) -> None:
        """Writes ``PART-STEP.png`` into the run's folder ``samples``."""
        try:
            self._draw(part, weights, step)
        except (DataError, WeightsError) as error:  # training goes on; it stops by itself where the loss is no number
            note(f"no sheet of samples at step {step} of the {part} generator: {error.problem} ({error.found})")

    def _draw(self, part: Part, weights: Mapping[str, Tensor], step: int) -> None:
        from PIL import Image

        spec = self.spec
        nets = {part: filled(ContentNet if part == "content" else MotionNet, spec, weights, self.out, self.device)}
        content, motion = nets.get("content"), nets.get("motion")
        steps = min(SHEET_SAMPLING.steps, spec.num_timesteps)
        sampling = SHEET_SAMPLING.model_copy(update={"steps": steps})
        vidm = Vidm(spec, content, motion, sampling, "", "training")  # type: ignore[arg-type]
        count = min(_SAMPLES**2 if part == "content" else _SAMPLES, max(len(self.videos), _SAMPLES))
        frames = [index for index in _FRAMES if index < spec.num_frames]
        if part == "content":
            drawn = VidmVideos(vidm, num_videos=count, num_frames=1, seed=self.seed).frames_of_content(range(count))
            rows = [
                np.concatenate(list(drawn[begin : begin + _SAMPLES]), axis=1) for begin in range(0, count, _SAMPLES)
            ]
        else:
            first = to_tensor(np.concatenate([self.videos.read(i % len(self.videos), [0]) for i in range(count)]))
            given = Content(lambda indices: first[list(indices)], "training", "real")
            source = VidmVideos(vidm, num_videos=count, seed=self.seed, content=given, batch_size=count)
            clips = source.draw(range(count), frames[-1] + 1)
            rows = [np.concatenate([clip[index] for index in (0, *frames)], axis=1) for clip in clips]
        sheet = Image.fromarray(np.concatenate(rows, axis=0))
        with replacing(self.out / "samples" / f"{part}-{step:07d}.png") as temporary:
            sheet.save(temporary)
