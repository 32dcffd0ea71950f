"""Videos from Python: opened, whatever they are in, or converted as scoring does it."""

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Union, get_args

import numpy as np

from vidmbench.core.arguments import name_or_path, optional_number, seed_number
from vidmbench.core.errors import UsageError, unknown
from vidmbench.core.vocabulary import OnBad
from vidmbench.evaluation.given import Videos, given
from vidmbench.evaluation.opening import OpeningOptions
from vidmbench.sources.datasets.opening import Reading
from vidmbench.sources.opening import open_control
from vidmbench.videos.arrays.layout import Rounding
from vidmbench.videos.in_memory.declared import Declared, ValueRange
from vidmbench.videos.in_memory.opening import converted, needless
from vidmbench.videos.in_memory.samplers import Taking
from vidmbench.videos.source import Source
from vidmbench.vidm.sampling.opening import SamplingOptions

if TYPE_CHECKING:
    import torch


def open_source(
    videos: Videos,
    *,
    value_range: ValueRange | None = None,
    layout: str | None = None,
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
        videos: Any of these.

            An array or tensor of any type, on any device: uint8 (video, frame, height, width, 3) in 0..255 as it is,
            others with ``value_range`` and ``layout``.

            What gives videos or batches of them one after the other, alone or beside labels: a ``DataLoader``, a data
            set of PyTorch or Hugging Face, a generator, a list of arrays or of paths; of what has no length,
            ``num_videos`` are taken. They are kept in the cache as uint8 until they are scored.

            A function ``(seed, index) -> video``, called ``num_videos`` times.

            As on the command line, a path (folder of videos or of frame folders, .zip, .tar, .npy, .npz, .txt list of
            paths, one video), a glob, ``dataset:NAME[@SPLIT][/PIXELS]``, ``control:NAME``, ``vidm`` or ``vidm:PATH``,
            ``static-of:`` before any of these.

            A source of your own, see :class:`vidmbench.MinimalSource`; one that is complete is returned unchanged.
        value_range: The values of black and of white in an array, such as ``(-1, 1)``; needed for all but uint8.
            Numbers become the nearest intensity level.
        layout: A letter per axis of an array: N video, T frame, C channel, H row, W column, such as ``"NCTHW"``;
            by default ``"NTHWC"``. Without N, each array is one video.
        real: The real videos: controls are made from them, and their data set selects the VIDM that is shipped.
        num_videos: How many videos are sampled from a VIDM or a function, or taken of a stream.
        num_frames: Frames of each, for a VIDM; None takes what it was trained for.
        steps: Denoising steps of a VIDM; None takes the checkpoint's.
        seed: Seed of samples and of controls.
        on_bad: ``stop`` on files that cannot be used, or ``skip`` them.
        data_root: Where a data set on disk is stored.

    Returns:
        The source: ``len(source)`` videos, ``source.read(index, frames)``; see :class:`vidmbench.videos.source.Source`.

    Raises:
        DataError: There are no videos, they cannot be used, or an array has another shape or range.
        UsageError: A control without real videos, a VIDM or a function without ``num_videos``.

    Example:
        >>> from vidmbench import open_source
        >>> videos = open_source("dataset:clevrer-mini@test/32")
        >>> len(videos), videos.num_frames(0), videos.size
        (2048, 128, (32, 32))
        >>> videos.read(0, range(16)).shape
        (16, 32, 32, 3)
        >>> import torch
        >>> outputs = (torch.rand(4, 3, 16, 32, 32) * 2 - 1 for batch in range(3))
        >>> len(open_source(outputs, value_range=(-1, 1), layout="NCTHW"))
        12
    """
    num_videos = optional_number("num_videos", num_videos, least=1)
    num_frames = optional_number("num_frames", num_frames, least=1)
    steps, seed = optional_number("steps", steps, least=1), seed_number(seed) or 0
    if not isinstance(on_bad, str) or on_bad not in get_args(OnBad):
        raise unknown("on_bad", str(on_bad), get_args(OnBad), error=UsageError)
    data_root = None if data_root is None else Path(name_or_path("data_root", data_root))
    declared = Declared.of(value_range, layout)
    source = given(videos, declared=declared)
    if source.named is None:
        return source.open(OpeningOptions(Reading(on_bad, data_root), taking=Taking(num_videos, seed=seed)))
    if not declared.is_default:
        raise needless(declared, f"a name, {videos}", "videos")
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


def to_uint8(
    videos: Union[np.ndarray, "torch.Tensor"],
    *,
    value_range: ValueRange | None = None,
    layout: str | None = None,
    rounding: Rounding = "nearest",
) -> np.ndarray:
    """Converts videos in memory to intensity levels, as :func:`vidmbench.score` does by the same arguments.

    Values become the nearest level of 0..255; those a little outside the range become black or white. Grey is repeated
    as three channels, and a fourth channel is dropped.

    Args:
        videos: An array or tensor of any type, on any device, with or without gradients.
        value_range: The values of black and of white, such as ``(-1, 1)``; needed for all but uint8.
        layout: A letter per axis: N video, T frame, C channel, H row, W column, such as ``"NCTHW"``; by default
            ``"NTHWC"``. Without N it is one video.
        rounding: ``nearest``, or ``truncate`` as the scripts of TATS and VideoGPT write their samples.

    Returns:
        uint8 (video, frame, height, width, 3), RGB, 0..255; (frame, height, width, 3) of one video.

    Raises:
        DataError: It is not as declared, too little is declared, or it holds NaN.
        UsageError: The arguments have no meaning.

    Example:
        >>> import torch
        >>> from vidmbench import to_uint8
        >>> clips = torch.linspace(-1, 1, 3 * 4 * 2 * 2, dtype=torch.bfloat16).reshape(1, 3, 4, 2, 2)
        >>> levels = to_uint8(clips, value_range=(-1, 1), layout="NCTHW")
        >>> levels.shape, str(levels.dtype), levels.min(), levels.max()
        ((1, 4, 2, 2, 3), 'uint8', np.uint8(0), np.uint8(255))
    """
    declared = Declared.of(value_range, layout)
    if not isinstance(rounding, str) or rounding not in get_args(Rounding):
        raise unknown("rounding", str(rounding), get_args(Rounding), error=UsageError)
    return converted(videos, declared, rounding=rounding)
