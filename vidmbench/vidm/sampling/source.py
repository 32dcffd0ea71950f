"""A VIDM as a source of videos: drawn when they are read, in blocks, frame by frame."""

import sys
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from itertools import count

import numpy as np
import torch
from torch import Tensor

from vidmbench.core.arrays import Clips, Frames, Image
from vidmbench.core.errors import DataError, UsageError
from vidmbench.core.files import sha256_of_parts
from vidmbench.core.torch_settings import is_accelerator, without_tf32
from vidmbench.videos.source import SourceDefaults
from vidmbench.vidm.checkpoints.checkpoint import Vidm
from vidmbench.vidm.checkpoints.header_facts import PUBLISHED_CODE
from vidmbench.vidm.checkpoints.official import reading_note
from vidmbench.vidm.frames import Levels, to_uint8
from vidmbench.vidm.networks.motion import MotionNet
from vidmbench.vidm.recipes import SamplingSpec
from vidmbench.vidm.sampling.first_frames import Content, drawn_content, schedule_of, unit_noise
from vidmbench.vidm.sampling.replay import Replays
from vidmbench.vidm.sampling.rollout import MotionWalk, prediction_of

# Raised on any change that moves a pixel of a sample.
VERSION = 2
# Frames kept once drawn, at most; two blocks are kept in any case, as several threads read ahead.
_KEPT_FRAMES = 256 * 2**20

FrameDone = Callable[[int], None]


class VidmVideos(SourceDefaults):
    """Samples of a VIDM as a source; sample i depends on the model, the settings, the seed and i alone.

    Reading draws a block of neighbouring samples at once and keeps the last blocks up to a fixed size, so memory does
    not grow with the number of videos. Threads take turns; the one whose turn it is uses all cores.

    Args:
        vidm: The model; it must have a motion generator.
        num_videos: How many samples there are.
        num_frames: Frames of each; more than the model was trained for is allowed and noted.
        seed: The seed.
        sampling: How samples are drawn; None takes the model's own.
        content: Where first frames come from; None draws them with the content generator.
        batch_size: Samples of a block.
        on_frame: Called with the number of frames sampled, after each.

    Raises:
        UsageError: The model lacks a generator that is needed, or a number is too large to count to.
    """

    def __init__(
        self,
        vidm: Vidm,
        *,
        num_videos: int,
        num_frames: int | None = None,
        seed: int = 0,
        sampling: SamplingSpec | None = None,
        content: Content | None = None,
        batch_size: int = 16,
        on_frame: FrameDone | None = None,
    ) -> None:
        spec = vidm.spec
        for option, number in (("--num-videos", num_videos), ("--frames", num_frames or 1)):
            if number > sys.maxsize:
                raise UsageError(
                    f"{option} is too large", expected=f"at most {sys.maxsize}", found=str(number), fix="give fewer"
                )
        if vidm.motion is None and num_frames != 1:
            raise _no_motion(vidm)
        if content is None and vidm.content is None:
            raise UsageError(
                "this checkpoint has no content generator",
                expected="first frames from elsewhere",
                where=vidm.where,
                fix="give --content real (first frames of the data set) or --content FILE (one image for all)",
            )
        self.vidm = vidm
        self.sampling = sampling or vidm.sampling
        self.seed = seed
        self.length = num_frames or spec.num_frames
        self.schedule = schedule_of(spec.num_timesteps, self.sampling)
        if content is None:
            assert vidm.content is not None
            content = drawn_content(vidm.content, self.sampling, seed, "generated", "first frames: generated")
        self.content = content
        self.batch_size = batch_size
        self.on_frame = on_frame
        self.num_videos = num_videos
        self.label = "vidm"
        self.size = (spec.resolution, spec.resolution)
        self.notes = self._notes()
        self.is_sampled = True
        self.checkpoint = f"{vidm.name}:{vidm.sha256[:8]}"
        self._predict = None if vidm.motion is None else Replays(prediction_of(vidm.motion))
        if self.sampling.precision == "bf16" and is_accelerator(vidm.device):
            for net in filter(None, (vidm.content, vidm.motion)):  # matrix units take channels from memory in a row
                net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._threads = torch.get_num_threads()
        self._lock = threading.Lock()
        self._blocks: OrderedDict[int, Clips] = OrderedDict()

    def __len__(self) -> int:
        """The number of samples."""
        return self.num_videos

    def name(self, index: int) -> str:
        """The sample's name, such as ``sample_00017``."""
        return f"sample_{index:05d}"

    def num_frames(self, index: int) -> int:  # noqa: ARG002 - all samples are equally long
        """The length that was asked for."""
        return self.length

    def read(self, index: int, frames: Sequence[int]) -> Frames:
        """Generates the sample, and its block with it, up to the last frame asked for.

        Raises:
            DataError: There is no such sample or frame.
        """
        requested = list(frames)
        if not 0 <= index < self.num_videos or not all(0 <= frame < self.length for frame in requested):
            raise DataError(
                "sample or frame out of range",
                expected=f"samples 0 to {self.num_videos - 1} of {self.length} frames",
                found=f"sample {index}, frames {min(requested, default=0)} to {max(requested, default=0)}",
                where=self.label,
            )
        block = index // self.batch_size
        with self._lock:
            frames_of_block = self._blocks.get(block)
            if frames_of_block is None or frames_of_block.shape[1] <= max(requested, default=0):
                begin = block * self.batch_size
                indices = range(begin, min(begin + self.batch_size, self.num_videos))
                num_threads = torch.get_num_threads()
                torch.set_num_threads(self._threads)  # readers are given one thread each, and go on with it afterwards
                try:
                    frames_of_block = self.draw(indices, max(requested, default=0) + 1)
                finally:
                    torch.set_num_threads(num_threads)
                self._blocks[block] = frames_of_block
            self._blocks.move_to_end(block)
            while len(self._blocks) > 2 and sum(frames.nbytes for frames in self._blocks.values()) > _KEPT_FRAMES:
                del self._blocks[next(old for old in self._blocks if old != 0)]  # pictures are made of the first
        picked: Frames = frames_of_block[index - block * self.batch_size][requested]
        return picked

    def stream(self, index: int, frames: Sequence[int]) -> Iterator[Image]:
        """See :class:`vidmbench.videos.source.Source`; all at once, for a later frame follows from those before it."""
        yield from self.read(index, frames)

    def digest(self) -> str:
        """Of checkpoint, settings, first frames and seed; no frame is drawn."""
        facts = (VERSION, self.vidm.sha256, self.sampling.model_dump_json(), self.content.digest, self.seed)
        cut = ("truncated",) if self.vidm.spec.truncates_bytes else ()
        return sha256_of_parts("vidm", *map(str, facts), *cut)

    def settings(self) -> dict[str, str | int | None]:
        """What :meth:`digest` is of, in words, for those who look at what was drawn."""
        content = self.content
        return {
            "checkpoint": self.vidm.where,
            "checkpoint_sha256": self.vidm.sha256,
            "sampler": self.sampling.sampler,
            "steps": self.sampling.steps,
            "content_steps": content.steps,
            "spacing": self.sampling.spacing,
            "noise": self.sampling.noise,
            "precision": self.sampling.precision,
            "seed": self.seed,
            "content": content.note.removeprefix("first frames: "),
            "content_digest": content.digest,
            "resolution": self.vidm.spec.resolution,
            "sampling_version": VERSION,
        }

    @torch.no_grad()
    def draw(self, indices: Sequence[int], num_frames: int) -> Clips:
        """Generates samples, whatever was generated before.

        Args:
            indices: Sample numbers.
            num_frames: Frames of each.

        Returns:
            uint8 (sample, frame, height, width, 3).
        """
        with without_tf32():
            return self._drawn(indices, num_frames)

    def _drawn(self, indices: Sequence[int], num_frames: int) -> Clips:
        opens = self.vidm.spec.content_frame == "frame 0"
        first = self.content.frames(indices).to(self.vidm.device)
        is_cut = self.vidm.spec.truncates_bytes
        on_gpu = is_accelerator(self.vidm.device)
        drawn: list[Levels] = []

        def keep(frames: Tensor) -> None:
            drawn.append(Levels.of(frames, truncated=is_cut))
            if not on_gpu:
                drawn[-1].read()  # so that the first bad frame ends it; a GPU is not waited for before the last one
            self._tell(len(indices))

        if opens:
            keep(first)
        previous = first
        walk = self.walk(first, indices) if len(drawn) < num_frames else None
        for n in range(len(drawn), num_frames):
            assert walk is not None
            previous = walk.frame(n, previous)
            keep(previous)
        frames: Clips = np.stack([each.read() for each in drawn[:num_frames]], axis=1)
        return frames

    def walk(self, first: Tensor, indices: Sequence[int]) -> MotionWalk:
        """What draws the frames after the first ones, float32 (sample, 3, height, width) in [-1, 1].

        Raises:
            UsageError: The model has no motion generator.
        """
        is_shared = self.sampling.noise == "video"
        shared = Replayed(self.noise(indices, "motion"))

        def noise(purpose: str, n: int) -> Callable[[], Tensor]:
            return shared.again() if is_shared else self.noise(indices, purpose, n)

        precision = self.sampling.precision
        return MotionWalk(self.motion, self.sampling.sampler, self.schedule, first, noise, self._predict, precision)

    def noise(self, indices: Sequence[int], *purpose: str | int) -> Callable[[], Tensor]:
        """Unit noise for a batch; see :func:`vidmbench.vidm.sampling.first_frames.unit_noise`."""
        return unit_noise(self.seed, indices, purpose, self.size, self.vidm.device)

    def frames_of_content(self, indices: Sequence[int]) -> Frames:
        """First frames alone, uint8 (sample, height, width, 3)."""
        return to_uint8(self.content.frames(indices))

    @property
    def motion(self) -> MotionNet:
        """The motion generator, which all but the first frame need."""
        if self.vidm.motion is None:
            raise _no_motion(self.vidm)
        return self.vidm.motion

    def _notes(self) -> tuple[str, ...]:
        spec = self.vidm.spec
        steps, of_content = len(self.schedule), self.content.steps
        first = f", {of_content} for first frames" if of_content not in (None, steps) else ""
        vidm, number = self.vidm, f"{steps} step{'s' if steps != 1 else ''} per frame"
        notes = [
            f"VIDM {vidm.name} (sha256 {vidm.sha256[:8]}), {spec.variant} variant, {self.sampling.sampler} sampler, "
            f"{number}{first}",
            self.content.note,
            "the content frame opens each video"
            if spec.content_frame == "frame 0"
            else "the content frame is omitted; the first frame drawn is n = 0",
        ]
        if vidm.facts.get("written_by") == PUBLISHED_CODE:
            notes.append(reading_note(vidm.facts))
        if self.sampling.precision == "bf16":
            notes.append("networks in bf16, which gives other frames than fp32")
        if self.sampling.noise == "video":
            notes.append("one draw of noise for all frames of a video; the paper draws anew for each frame")
        if self.length > spec.num_frames:
            notes.append(f"drawn to {self.length} frames, trained for {spec.num_frames}: later frames are extrapolated")
        return tuple(notes)

    def _tell(self, count: int) -> None:
        if self.on_frame is not None:
            self.on_frame(count)


class Replayed:
    """Draws that are made once and given out again for every frame: ``noise = "video"``.

    Args:
        draw: Makes the next one.
    """

    def __init__(self, draw: Callable[[], Tensor]) -> None:
        self._draw = draw
        self._made: list[Tensor] = []

    def again(self) -> Callable[[], Tensor]:
        """A function that gives the draws from the first on."""
        numbers = count()

        def following() -> Tensor:
            number = next(numbers)
            while len(self._made) <= number:
                self._made.append(self._draw())
            return self._made[number]

        return following


def _no_motion(vidm: Vidm) -> UsageError:
    return UsageError(
        "this checkpoint has no motion generator",
        expected="a model that samples more than a first frame",
        where=vidm.where,
        fix="train the motion part: vidmbench train --part motion",
    )
