"""Videos as callers give them, by name or in memory, and the two sides of a score opened from these."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Union

import numpy as np

from vidmbench.core.arguments import name_or_path
from vidmbench.core.errors import DataError
from vidmbench.core.progress import Progress
from vidmbench.evaluation.choices import Choices
from vidmbench.evaluation.opening import OpeningOptions, control_maker, given_frames, open_named
from vidmbench.protocols.clips_stage import ClipsSpec
from vidmbench.protocols.protocol import ProtocolSpec
from vidmbench.sources.names import Kind, parse_source
from vidmbench.sources.opening import ResolvedName, refuse_pack, resolve
from vidmbench.sources.packs.contents import Pack
from vidmbench.videos.in_memory.declared import Declared
from vidmbench.videos.in_memory.numbers import check_kind
from vidmbench.videos.in_memory.opening import (
    Items,
    is_list_of_paths,
    is_read_once,
    needless,
    needs_declaring,
    open_in_memory,
)
from vidmbench.videos.in_memory.samplers import Sampler, Taking
from vidmbench.videos.opening import open_paths
from vidmbench.videos.source import MinimalSource, Source

if TYPE_CHECKING:
    import torch


#: What :func:`open_source` takes; what is iterated over gives videos, batches, or these beside labels.
Videos = Union[MinimalSource, str, Path, np.ndarray, "torch.Tensor", Items, Iterable[Any], Sampler]


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

    @property
    def pack(self) -> Pack | None:
        """The pack that the name means; None of all else."""
        return None if self.named is None else self.named.pack

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
    videos: Videos,
    known: ResolvedName | None = None,
    *,
    where: str = "videos",
    declared: Declared | None = None,
    takes_pack: bool = False,
) -> Given:
    """Parses the name of videos that are given by one.

    Args:
        videos: See :func:`open_source`.
        known: See :func:`vidmbench.sources.opening.resolve`.
        where: Which argument they are, for messages.
        declared: What is declared about the numbers of videos in memory.
        takes_pack: Whether a pack will do.

    Raises:
        VidmbenchError: The name cannot be parsed, its data set is not declared, it is a pack and videos are needed, or
            a tensor holds no plain numbers.
    """
    declared = declared or Declared()
    check_kind(videos, where)
    if not isinstance(videos, str | Path):
        return Given(videos, None, where, declared)
    name = parse_source(str(videos))
    name_or_path("videos", name.base.path or "")
    if not takes_pack:
        refuse_pack(name)
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
    first = given(real, where="real", declared=declared, takes_pack=True)
    second = given(fake, first.named, where="fake", declared=declared)
    if not declared:
        return first, second
    open_ones = [side for side in (first, second) if side.named is None and needs_declaring(side.videos, declared)]
    if not open_ones and not declared.is_default:
        raise needless(declared, "two sides that are names, sources, or uint8 with the axes NTHWC", "real and fake")
    is_shared = all(side.named is None for side in (first, second))
    return replace(first, is_shared=is_shared), replace(second, is_shared=is_shared)


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
        reading=choices.reading,
        seed=seed,
        real=real.data,
        sampling=choices.drawing,
        device=choices.device,
        given=given_frames(specs, choices.context),
    )
    wanted = [[side.real.videos for side in clips], [side.fake.videos for side in clips]]
    counts = [None if None in each else max(count or 0 for count in each) for each in wanted]
    taking = Taking(counts[0], seed=seed, progress=progress, notes_end=True)
    source = real.open(
        replace(
            options,
            taking=taking,
            takes_pack=True,
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
