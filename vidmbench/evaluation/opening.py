"""Opens every kind of source: files, data sets, controls, models, and videos in memory."""

import os
from collections.abc import Callable, Iterable, Sequence, Set
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Union

import numpy as np

from vidmbench.core.arguments import name_or_path
from vidmbench.core.errors import DataError, UsageError
from vidmbench.core.files import expanded
from vidmbench.core.progress import Progress
from vidmbench.core.vocabulary import Device
from vidmbench.evaluation.choices import Choices
from vidmbench.protocols.protocol import ProtocolSpec
from vidmbench.protocols.stages import ClipsSpec, DatasetStage
from vidmbench.sources.controls import static_of
from vidmbench.sources.datasets.opening import DEFAULT_READING, Reading
from vidmbench.sources.names import Kind, SourceName, parse_source
from vidmbench.sources.opening import ResolvedName, copied_control, open_control, open_videos, resolve
from vidmbench.videos.in_memory.declared import Declared
from vidmbench.videos.in_memory.opening import (
    Items,
    Sampler,
    Taking,
    is_list_of_paths,
    is_read_once,
    needless,
    needs_declaring,
    open_in_memory,
)
from vidmbench.videos.opening import open_paths
from vidmbench.videos.source import MinimalSource, Source
from vidmbench.vidm.sampling.opening import SamplingOptions, load_model, videos_of

if TYPE_CHECKING:
    import torch

    from vidmbench.vidm.checkpoints.checkpoint import Vidm

#: Kinds whose names come before files of the same name, in words.
_SHADOWING: dict[Kind, str] = {"control": "control", "dataset": "data set", "vidm": "model"}
#: What :func:`open_source` takes; what is iterated over gives videos, batches, or these beside labels.
Videos = Union[MinimalSource, str, Path, np.ndarray, "torch.Tensor", Items, Iterable[Any], Sampler]


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
        taking: How much is taken of videos in memory that have no end of their own.
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
    taking: Taking = field(default_factory=Taking)


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
    source = _opened(named, options)
    has_prefix = name.kind in _SHADOWING and (":" in name.text or name.text == name.kind)
    if has_prefix and os.path.exists(expanded(name.text)):
        shadowed = f"{name.text} names a {_SHADOWING[name.kind]}; the file or folder of that name here was not read"
        source.notes = (*source.notes, f"{shadowed}: folder:{name.text} reads it")
    return source


def _opened(named: ResolvedName, options: OpeningOptions) -> Source:
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
        where: Which argument they are, for messages.
        declared: What is declared about the numbers of videos in memory.
        is_shared: Whether the other side has the same declaration, which may be meant for that one alone.
    """

    videos: Videos
    named: ResolvedName | None
    where: str = "videos"
    declared: Declared = field(default_factory=Declared)
    is_shared: bool = False

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
        if self.named is not None:
            return open_named(self.named, options)
        if is_list_of_paths(self.videos):
            if not self.declared.is_default and not self.is_shared:
                raise needless(self.declared, "paths of files", self.where)
            return open_paths(self.videos, on_bad=options.reading.on_bad)
        return open_in_memory(self.videos, self.declared, self.where, taking=options.taking, is_shared=self.is_shared)


def given(
    videos: Videos, known: ResolvedName | None = None, *, where: str = "videos", declared: Declared | None = None
) -> Given:
    """Parses the name of videos that are given by one.

    Args:
        videos: See :func:`open_source`.
        known: See :func:`vidmbench.sources.opening.resolve`.
        where: Which argument they are, for messages.
        declared: What is declared about the numbers of videos in memory.

    Raises:
        VidmbenchError: The name cannot be parsed, or its data set is not declared.
    """
    declared = declared or Declared()
    if not isinstance(videos, str | Path):
        return Given(videos, None, where, declared)
    name = parse_source(str(videos))
    name_or_path("videos", name.base.path or "")
    return Given(videos, resolve(name, known), where, declared)


def given_pair(real: Videos, fake: Videos, declared: Declared) -> tuple[Given, Given]:
    """Two sides of which one thing is declared: it describes those that are in memory and need it.

    Args:
        real: The real videos.
        fake: The videos to score.
        declared: What is declared.

    Raises:
        UsageError: Neither side needs what is declared.
        VidmbenchError: A name cannot be parsed, or its data set is not declared.
    """
    first = given(real, where="real", declared=declared)
    second = given(fake, first.named, where="fake", declared=declared)
    if not declared:
        return first, second
    open_ones = [side for side in (first, second) if side.named is None and needs_declaring(side.videos, declared)]
    if not open_ones and not declared.is_default:
        raise needless(declared, "two sides that are names, sources, or uint8 with the axes NTHWC", "real and fake")
    is_shared = all(side.named is None for side in (first, second))
    return replace(first, is_shared=is_shared), replace(second, is_shared=is_shared)


def control_maker(
    specs: Sequence[ProtocolSpec],
    real: Source,
    data: ResolvedName | None,
    reading: Reading,
    seed: int,
    stage: DatasetStage | None = None,
    context: int | None = None,
) -> Callable[[str], Source]:
    """What makes a control by its name: of the very real videos where each is compared with its target.

    Args:
        specs: What will be measured.
        real: The real videos.
        data: Their name; None where they have none.
        reading: How files are read.
        seed: Seed of the control's random choices.
        stage: See :func:`vidmbench.sources.opening.open_control`.
        context: Frames that a model was given, where the user says so; None takes the protocols'.
    """
    if all(spec.needs_pairs for spec in specs):
        counts = {(spec.context or 0) if context is None else context for spec in specs}
        return partial(_copied, base=real, seed=seed, context=counts)
    return partial(open_control, real=real, data=data, reading=reading, seed=seed, stage=stage)


def _copied(kind: str, base: Source, *, seed: int, context: Set[int]) -> Source:
    if kind == "static" and len(context) > 1:
        raise UsageError(
            "control:static repeats the last frame that was given, and these protocols have different ones",
            expected="protocols with one number of given frames",
            found=", ".join(map(str, sorted(context))),
            fix="give --context K, or score them in several runs",
        )
    return copied_control(kind, base, seed=seed, context=next(iter(context)))


def open_pair(
    real: Given,
    fake: Given,
    choices: Choices,
    specs: Sequence[ProtocolSpec],
    *,
    clips: Sequence[ClipsSpec] | None = None,
    least_real: int = 0,
    progress: Progress | None = None,
) -> tuple[Source, Source]:
    """Opens the two sources that are scored against each other; controls are made from the first.

    Args:
        real: The real videos.
        fake: The videos to score.
        choices: How to read and sample.
        specs: What will be measured.
        clips: Which clips will be scored, if not those of ``specs``: a model gives as many videos and frames as any of
            them takes.
        least_real: Real videos that planning will ask for: fewer are refused before a function is called for hours.
        progress: Called with videos taken, videos in all, and a label, of what is in memory.

    Raises:
        VidmbenchError: One of them cannot be opened.
    """
    seed = choices.seed or 0
    clips = [spec.clips for spec in specs] if clips is None else clips
    options = OpeningOptions(
        reading=choices.reading, seed=seed, real=real.data, sampling=choices.drawing, device=choices.device
    )
    wanted = [[side.real.videos for side in clips], [side.fake.videos for side in clips]]
    counts = [None if None in each else max(count or 0 for count in each) for each in wanted]
    taking = Taking(counts[0], seed=seed, progress=progress, notes_end=True)
    source = real.open(
        replace(
            options,
            taking=taking,
            num_videos=counts[0],
            num_frames=max(side.span_of(side.real) for side in clips),
        )
    )
    if len(source) < least_real and fake.named is None and is_read_once(fake.videos):
        raise DataError(
            "there are fewer real videos than will be scored",
            expected=f"{least_real}",
            found=f"{len(source)}",
            where=source.label,
            fix=f"num_videos={len(source)} works; compare numbers only at equal counts. Nothing of the other side was "
            "read or sampled yet",
        )
    num_samples = max(side.fake.videos or len(source) for side in clips)
    other = fake.open(
        replace(
            options,
            taking=Taking(counts[1], num_samples, seed, progress),
            make_control=control_maker(specs, source, real.named, choices.reading, seed, context=choices.context),
            num_videos=num_samples,
            num_frames=max(side.span_of(side.fake) for side in clips),
        )
    )
    return source, other
