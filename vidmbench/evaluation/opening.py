"""Opens a source of any kind by its name: files, data sets, controls, models."""

import os
from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from vidmbench.core.errors import UsageError
from vidmbench.core.files import expanded
from vidmbench.core.vocabulary import Device
from vidmbench.protocols.protocol import ProtocolSpec
from vidmbench.protocols.stages import DatasetStage
from vidmbench.sources.controls import static_of
from vidmbench.sources.datasets.opening import DEFAULT_READING, Reading
from vidmbench.sources.names import Kind, SourceName
from vidmbench.sources.opening import ResolvedName, copied_control, open_control, open_videos, refuse_pack, resolve
from vidmbench.videos.in_memory.samplers import Taking
from vidmbench.videos.source import Source
from vidmbench.vidm.sampling.opening import SamplingOptions, load_model, videos_of

if TYPE_CHECKING:
    from vidmbench.vidm.checkpoints.checkpoint import Vidm

#: Kinds whose names come before files of the same name, in words.
_SHADOWING: dict[Kind, str] = {"control": "control", "dataset": "data set", "vidm": "model"}


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
        given: Frames at the start of a clip that a model was given, by each protocol.
        taking: How much is taken of videos in memory that have no end of their own.
        takes_pack: Whether a pack will do, whose frames nobody can read.
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
    given: Set[int] = frozenset({0})
    taking: Taking = field(default_factory=Taking)
    takes_pack: bool = False


def open_named(named: ResolvedName, options: OpeningOptions) -> Source:
    """Opens a source of any kind.

    Args:
        named: Its name, resolved.
        options: All else.

    Raises:
        UsageError: A control without real videos, a label without samples, a model without a number of videos, or a
            pack where videos are needed.
        VidmbenchError: It cannot be opened.
    """
    name = named.name
    if not options.takes_pack:
        refuse_pack(name)
    source = _opened(named, options)
    has_prefix = name.kind in _SHADOWING and (":" in name.text or name.text == name.kind)
    if has_prefix and os.path.exists(expanded(name.text)):
        shadowed = f"{name.text} names a {_SHADOWING[name.kind]}; the file or folder of that name here was not read"
        source.notes = (*source.notes, f"{shadowed}: folder:{name.text} reads it")
    return source


def _opened(named: ResolvedName, options: OpeningOptions) -> Source:
    name = named.name
    if name.inner is not None:
        context = _one_context(name.text, options.given)
        return static_of(open_named(resolve(name.inner, options.real), options), context)
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
        return partial(_copied, base=real, seed=seed, context=given_frames(specs, context))
    return partial(open_control, real=real, data=data, reading=reading, seed=seed, stage=stage)


def given_frames(specs: Sequence[ProtocolSpec], context: int | None) -> frozenset[int]:
    """Frames at the start of a clip that a model was given, by each protocol.

    Args:
        specs: The protocols.
        context: What the user says; None takes the protocols'.
    """
    return frozenset((spec.context or 0) if context is None else context for spec in specs)


def _copied(kind: str, base: Source, *, seed: int, context: Set[int]) -> Source:
    one = _one_context("control:static", context) if kind == "static" else 0
    return copied_control(kind, base, seed=seed, context=one)


def _one_context(static: str, context: Set[int]) -> int:
    """The frames that were given, for what repeats the last of them."""
    if len(context) > 1:
        raise UsageError(
            f"{static} repeats the last frame that was given, and these protocols have different ones",
            expected="protocols with one number of given frames",
            found=", ".join(map(str, sorted(context))),
            fix="give --context K, or score them in several runs",
        )
    return next(iter(context))
