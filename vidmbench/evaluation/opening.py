"""Opens every kind of source: files, data sets, controls, models, and videos in memory."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Union, get_args

import numpy as np

from vidmbench.core.arguments import name_or_path, optional_number, seed_number
from vidmbench.core.errors import DataError, UsageError, unknown
from vidmbench.core.vocabulary import Device, OnBad
from vidmbench.evaluation.choices import Choices
from vidmbench.protocols.stages import ClipsSpec, DatasetStage
from vidmbench.sources.controls import static_of
from vidmbench.sources.datasets.opening import DEFAULT_READING, Reading
from vidmbench.sources.names import Kind, SourceName, parse_source
from vidmbench.sources.opening import ResolvedName, open_control, open_videos, resolve
from vidmbench.videos import ArraySource
from vidmbench.videos.arrays.stored import array_of
from vidmbench.videos.source import MinimalSource, Source, completed
from vidmbench.vidm.sampling.opening import SamplingOptions, load_model, videos_of

if TYPE_CHECKING:
    import torch

    from vidmbench.vidm.checkpoints.checkpoint import Vidm

#: What :func:`open_source` takes.
Videos = Union[MinimalSource, str, Path, np.ndarray, "torch.Tensor"]


@dataclass(frozen=True)
class OpeningOptions:
    """All that opening a source takes besides its name.

    Attributes:
        reading: How files are read.
        seed: Seed of samples and of controls.
        stage: How a protocol crops and resizes data sets on disk; None leaves them as they are.
        make_control: Makes a control of this name; None where there is no real side to make it from.
        open_label: Opens the samples of a labelled model; None where a command takes no labels.
        real: Name of the real side: its data set selects the VIDM that is shipped, and gives first frames.
        num_videos: How many videos are sampled from a model.
        num_frames: Frames of each; None takes what the model was trained for.
        sampling: How a model is sampled.
        device: Where it runs.
        vidm: The model, where it is loaded already.
    """

    reading: Reading = DEFAULT_READING
    seed: int = 0
    stage: DatasetStage | None = None
    make_control: Callable[[str], Source] | None = None
    open_label: Callable[[str], Source] | None = None
    real: ResolvedName | None = None
    num_videos: int | None = None
    num_frames: int | None = None
    sampling: SamplingOptions = field(default_factory=SamplingOptions)
    device: Device = "auto"
    vidm: "Vidm | None" = None


def open_named(named: ResolvedName, options: OpeningOptions) -> Source:
    """Opens a source of any kind.

    Args:
        named: Its name, resolved.
        options: All else.

    Raises:
        UsageError: A control without real videos, a label without samples, a model without a number of videos.
        VidmbenchError: It cannot be opened.
    """
    name = named.name
    if name.inner is not None:
        return static_of(open_named(resolve(name.inner, options.real), options))
    if name.kind == "control":
        if options.make_control is None:
            raise UsageError(
                "a control is made from the real side", found=name.text, fix="give it as the second source"
            )
        return options.make_control(name.name)
    if name.kind == "vidm":
        return _sampled(name, options)
    if name.kind == "label":
        if options.open_label is None:
            raise UsageError("a label names no videos", expected="a path, or a name with a prefix", found=name.text)
        return options.open_label(name.name)
    return open_videos(named, reading=options.reading, stage=options.stage)


def _sampled(name: SourceName, options: OpeningOptions) -> Source:
    """A VIDM's samples."""
    if options.num_videos is None:
        raise UsageError(
            "num_videos is required for a model",
            expected="the number of videos to sample",
            found=f"{name.text} alone",
            fix=f'open_source("{name.text}", num_videos=64, num_frames=16)',
        )
    for option, number in (("num_videos", options.num_videos), ("num_frames", options.num_frames)):
        if number is not None and number < 1:
            raise UsageError(f"{option} is too small", expected="1 or more", found=str(number))
    vidm = load_model(name, options.real, options.device) if options.vidm is None else options.vidm
    return videos_of(
        vidm,
        options.real,
        options.sampling,
        num_videos=options.num_videos,
        num_frames=options.num_frames,
        seed=options.seed,
        data_root=options.reading.data_root,
    )


@dataclass(frozen=True, eq=False)
class Given:
    """Videos as a caller gives them.

    Attributes:
        videos: In memory, or a name or path.
        named: The name, resolved; None of videos in memory.
    """

    videos: Videos
    named: ResolvedName | None

    @property
    def kind(self) -> Kind | None:
        """The kind of the name; None of videos in memory."""
        return None if self.named is None else self.named.name.kind

    @property
    def data(self) -> ResolvedName | None:
        """The name where it is a data set's; None otherwise."""
        return self.named if self.named is not None and self.named.dataset is not None else None

    def open(self, options: OpeningOptions) -> Source:
        """The source; see :func:`open_named`."""
        return _in_memory(self.videos) if self.named is None else open_named(self.named, options)


def given(videos: Videos, known: ResolvedName | None = None) -> Given:
    """Parses the name of videos that are given by one.

    Args:
        videos: See :func:`open_source`.
        known: See :func:`vidmbench.sources.opening.resolve`.

    Raises:
        VidmbenchError: The name cannot be parsed, or its data set is not declared.
    """
    if not isinstance(videos, str | Path):
        return Given(videos, None)
    name = parse_source(str(videos))
    name_or_path("videos", name.base.path or "")
    return Given(videos, resolve(name, known))


def open_pair(real: Given, fake: Given, choices: Choices, clips: Sequence[ClipsSpec]) -> tuple[Source, Source]:
    """Opens the two sources that are scored against each other; controls are made from the first.

    Args:
        real: The real videos.
        fake: The videos to score.
        choices: How to read and sample.
        clips: Which clips will be scored: a model gives as many videos and frames as any of them takes.

    Raises:
        VidmbenchError: One of them cannot be opened.
    """
    seed = choices.seed or 0
    options = OpeningOptions(
        reading=choices.reading, seed=seed, real=real.data, sampling=choices.drawing, device=choices.device
    )
    counts = [side.real.videos for side in clips]
    source = real.open(
        replace(
            options,
            num_videos=None if None in counts else max(count or 0 for count in counts),
            num_frames=max(side.span_of(side.real) for side in clips),
        )
    )
    other = fake.open(
        replace(
            options,
            make_control=partial(open_control, real=source, data=real.named, reading=choices.reading, seed=seed),
            num_videos=max(side.fake.videos or len(source) for side in clips),
            num_frames=max(side.span_of(side.fake) for side in clips),
        )
    )
    return source, other


def _of_tensor(tensor: Any) -> Source:
    """A PyTorch tensor as a source; what is proposed about another form is PyTorch's code."""
    array = array_of(tensor, "tensor")
    kind = str(tensor.dtype).removeprefix("torch.")
    try:
        return ArraySource(array, "array", kind=None if kind == str(array.dtype) else kind)
    except DataError as error:
        fix = (error.fix or "").replace('.astype("uint8")', ".to(torch.uint8)").replace(".transpose(", ".permute(")
        fix = fix.replace(".repeat(3, axis=-1)", ".repeat_interleave(3, dim=-1)")
        if tensor.is_floating_point() and tensor.element_size() < 4:
            fix = fix.replace("(x.", "(x.float().").replace("(x ", "(x.float() ")
        raise DataError(
            error.problem, expected=error.expected, found=error.found, where=error.where, fix=fix or None
        ) from error


def _in_memory(videos: Videos) -> Source:
    """Videos in memory as a source.

    Raises:
        DataError: They are no source and no array, or an array of another shape or range.
    """
    if hasattr(videos, "detach"):
        return _of_tensor(videos)
    if isinstance(videos, np.ma.MaskedArray):
        raise DataError(
            "masked arrays are not scored: what their masks hide has no colour",
            expected="an array without a mask",
            found=f"a masked array {videos.shape}",
            fix="videos.filled(0) paints what is masked black",
        )
    if isinstance(videos, np.ndarray):
        return ArraySource(videos, "array")
    if isinstance(videos, MinimalSource):
        return completed(videos)
    raise DataError(
        "unsupported video source",
        expected="an array, a source, or a path or name as `vidmbench score` takes it",
        found=type(videos).__name__,
        fix="np.stack(clips) makes one array of clips of equal length",
    )


def open_source(
    videos: Videos,
    *,
    real: Videos | None = None,
    num_videos: int | None = None,
    num_frames: int | None = None,
    steps: int | None = None,
    seed: int = 0,
    on_bad: OnBad = "stop",
    data_root: Path | None = None,
) -> Source:
    """Opens videos, wherever they are.

    Args:
        videos: An array or tensor uint8 (video, frame, height, width, 3) in 0..255; or, as on the command line, a path
            (folder of videos or of frame folders, .zip, .tar, .npy, .npz, .txt list of paths, one video), a glob,
            ``dataset:NAME[@SPLIT][/PIXELS]``, ``control:NAME``, ``vidm`` or ``vidm:PATH``, ``static-of:`` before any of
            these. A source is returned unchanged.
        real: The real videos: controls are made from them, and their data set selects the VIDM that is shipped.
        num_videos: How many videos are sampled from a VIDM.
        num_frames: Frames of each, for a VIDM; None takes what it was trained for.
        steps: Denoising steps of a VIDM; None takes the checkpoint's.
        seed: Seed of samples and of controls.
        on_bad: ``stop`` on files that cannot be used, or ``skip`` them.
        data_root: Where a data set on disk is stored.

    Returns:
        The source: ``len(source)`` videos, ``source.read(index, frames)``; see :class:`vidmbench.videos.source.Source`.

    Raises:
        DataError: There are no videos, they cannot be used, or an array has another shape or range.
        UsageError: A control without real videos, a VIDM without ``num_videos``.

    Example:
        >>> from vidmbench import open_source
        >>> videos = open_source("dataset:clevrer-mini@test/32")
        >>> len(videos), videos.num_frames(0), videos.size
        (2048, 128, (32, 32))
        >>> videos.read(0, range(16)).shape
        (16, 32, 32, 3)
    """
    num_videos = optional_number("num_videos", num_videos, least=1)
    num_frames = optional_number("num_frames", num_frames, least=1)
    steps, seed = optional_number("steps", steps, least=1), seed_number(seed) or 0
    if not isinstance(on_bad, str) or on_bad not in get_args(OnBad):
        raise unknown("on_bad", str(on_bad), get_args(OnBad), error=UsageError)
    data_root = None if data_root is None else Path(name_or_path("data_root", data_root))
    source = given(videos)
    if source.named is None:
        return source.open(OpeningOptions())
    side = None if real is None else given(real)
    options = OpeningOptions(
        reading=Reading(on_bad, data_root),
        seed=seed,
        real=None if side is None else side.data,
        num_videos=num_videos,
        num_frames=num_frames,
        sampling=SamplingOptions(steps=steps, batch_size=min(num_videos or 16, 16)),
    )
    if side is not None and source.named.name.base.kind == "control":
        base = side.open(options)
        make_control = partial(open_control, real=base, data=side.named, reading=options.reading, seed=seed)
        options = replace(options, make_control=make_control)
    return source.open(options)
