"""Training batches assembled on the device: all frames are kept there as bytes, and a step copies nothing.

The batch of a step depends on (seed, part, step) alone, as in :mod:`vidmbench.vidm.training.batches`, but the random
numbers are another stream: a GPU draws a batch in less time than a CPU draws one sample.
"""

import hashlib
import math
from collections.abc import Sequence

import torch
from torch import Tensor

from vidmbench.core.arrays import Clips
from vidmbench.vidm.config import Part, VidmSpec
from vidmbench.vidm.recipes import DataSpec, FlowStartSpec
from vidmbench.vidm.training.batch import Batch
from vidmbench.vidm.training.batches import TrainingVideos


class DeviceVideos:
    """Videos of one length on a device, as bytes.

    Args:
        frames: uint8 (video, frame, height, width, 3).
        device: Where they go; 2048 videos of 128 frames at 64 pixels are 3.2 GB.
        labels: Classes of the videos, for a class-conditional content generator.
        memory_format: Order of the frames of batches in memory.
    """

    def __init__(
        self,
        frames: Clips,
        device: torch.device,
        *,
        labels: Sequence[int] | None = None,
        memory_format: torch.memory_format = torch.channels_last,
    ) -> None:
        self.num_videos, self.num_frames = frames.shape[:2]
        self.device = device
        self._memory_format = memory_format
        self._labels = None if labels is None else torch.tensor(labels, device=device)
        self._pictures = torch.from_numpy(frames).to(device).flatten(0, 1)

    def draw(self, part: Part, spec: VidmSpec, data: DataSpec, seed: int, step: int, batch_size: int) -> Batch:
        """The samples of one step; see :func:`vidmbench.vidm.training.batches.draw` for what they are.

        Args:
            part: Which generator.
            spec: The model; with classes only where the labels are known.
            data: Which frames.
            seed: The run's seed.
            step: Counted from 0.
            batch_size: Samples.
        """
        random = self._random(seed, part, step)
        count = (batch_size,)
        n = torch.zeros(count, dtype=torch.int64, device=self.device)
        if part == "motion":
            n = self._frame_numbers(
                random, data, spec.num_frames - (1 if spec.variant == "official" else 0), batch_size
            )
        video = torch.randint(self.num_videos, count, generator=random, device=self.device)
        first = torch.zeros_like(n)
        if data.start == "any":
            first = (torch.rand(count, generator=random, device=self.device) * (self.num_frames - n)).long()
            first = torch.minimum(first, self.num_frames - 1 - n)  # a product in float32 may be rounded up
        mirrored = torch.rand(count, generator=random, device=self.device) < (0.5 if data.flip else 0.0)
        t = torch.randint(spec.num_timesteps, count, generator=random, device=self.device)
        at = video * self.num_frames + first
        x_0 = self._taken(at + n, mirrored)
        eps = torch.randn(x_0.shape, generator=random, device=self.device)
        eps = eps.contiguous(memory_format=self._memory_format)
        if part == "content":
            label = self._labels[video] if spec.num_classes and self._labels is not None else None
            return Batch(x_0, eps, t, label=label)
        previous = self._taken(at + (n - 1), mirrored)
        if data.previous_noise:
            deviation = data.previous_noise * torch.rand((*count, 1, 1, 1), generator=random, device=self.device)
            previous = previous + deviation * torch.randn(previous.shape, generator=random, device=self.device)
        return Batch(x_0, eps, t, self._taken(at, mirrored), previous, n)

    def pairs(self, flow: FlowStartSpec, seed: int, step: int) -> tuple[Tensor, Tensor]:
        """Two frames of each of some videos, up to ``largest_gap`` apart, for photometric training of SpyNet.

        Returns:
            (reference, support), float32 (batch, 3, height, width) in [-1, 1].
        """
        random = self._random(seed, "flow", step)
        count = (flow.batch_size,)
        largest = min(flow.largest_gap, self.num_frames - 1)
        gap = torch.randint(1, largest + 1, count, generator=random, device=self.device)
        video = torch.randint(self.num_videos, count, generator=random, device=self.device)
        start = (torch.rand(count, generator=random, device=self.device) * (self.num_frames - gap)).long()
        start = torch.minimum(start, self.num_frames - 1 - gap)
        at = video * self.num_frames + start
        straight = torch.zeros(count, dtype=torch.bool, device=self.device)
        return self._taken(at, straight), self._taken(at + gap, straight)

    def _random(self, seed: int, purpose: str, step: int) -> torch.Generator:
        words = hashlib.sha256(f"{seed}\0{purpose}\0{step}".encode()).digest()
        return torch.Generator(self.device).manual_seed(int.from_bytes(words[:8], "little") >> 1)

    def _frame_numbers(self, random: torch.Generator, data: DataSpec, end: int, batch_size: int) -> Tensor:
        """The n of each sample, from 1 to ``end`` - 1."""
        count = (batch_size,)
        uniform = torch.randint(1, end, count, generator=random, device=self.device)
        if data.numbers == "uniform":
            return uniform
        power = torch.rand(count, generator=random, device=self.device) * math.log(end)
        near = power.exp().long().clamp(1, end - 1)
        if data.numbers == "near":
            return near
        return torch.where(torch.rand(count, generator=random, device=self.device) < 0.5, near, uniform)

    def _taken(self, numbers: Tensor, mirrored: Tensor) -> Tensor:
        """Frames by number, float32 (batch, 3, height, width) in [-1, 1]."""
        taken = self._pictures[numbers].permute(0, 3, 1, 2).float() / 127.5 - 1
        frames = torch.where(mirrored[:, None, None, None], taken.flip(3), taken)
        return frames.contiguous(memory_format=self._memory_format)


def held_frames(
    videos: TrainingVideos, device: torch.device, room: int | None, *, has_labels: bool
) -> DeviceVideos | None:
    """All frames of a small set on a device, or None where they are too many.

    Args:
        videos: The set.
        device: Where.
        room: Bytes that they may take there; None where that is unknown.
        has_labels: Whether the videos' classes are wanted.
    """
    if videos.num_bytes is None or (room is not None and videos.num_bytes > room):
        return None
    frames = videos.all_frames()
    assert frames is not None
    labels = [videos.label(index) for index in range(len(videos))] if has_labels else None
    # Channels last made training of the paper's networks slower: docs/accuracy.md.
    return DeviceVideos(frames, device, labels=labels, memory_format=torch.contiguous_format)
