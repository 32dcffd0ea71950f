"""Anything that holds videos, opened: what a picture shows and what one's own code scores."""

from pathlib import Path
from typing import TYPE_CHECKING, Union

import numpy as np

from vidmbench.core.errors import DataError, UsageError
from vidmbench.core.vocabulary import OnBad
from vidmbench.sources.controls import static_of
from vidmbench.sources.datasets.opening import open_any, paired_control
from vidmbench.sources.names import CONTROL, TWIN
from vidmbench.videos import ArraySource
from vidmbench.videos.source import MinimalSource, Source, completed
from vidmbench.vidm.sampling.opening import SamplingOptions, is_vidm, load_model, videos_of

if TYPE_CHECKING:
    import torch

#: What :func:`open_source` takes.
Videos = Union[MinimalSource, str, Path, np.ndarray, "torch.Tensor"]


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
            (folder of videos or of frame folders, .zip, .npy, .npz, one video), ``dataset:NAME[@SPLIT][/PIXELS]``,
            ``control:NAME``, ``vidm`` or ``vidm:PATH``, ``static-of:`` before any of these. A source is given back.
        real: The real videos: controls are made from them, and a VIDM that is shipped is found by their data set.
        num_videos: How many videos a VIDM draws.
        num_frames: Frames of each, for a VIDM; None takes what it was trained for.
        steps: Denoising steps of a VIDM; None takes the checkpoint's.
        seed: Seed of samples and of controls.
        on_bad: ``stop`` on files that cannot be used, or ``skip`` them.
        data_root: Where a data set lies that the user owns.

    Returns:
        The source: ``len(source)`` videos, ``source.read(index, frames)``; see :class:`vidmbench.videos.source.Source`.

    Raises:
        DataError: Nothing is there, it cannot be used, or an array has another form or range.
        UsageError: A control without real videos, a VIDM without ``num_videos``.

    Example:
        >>> from vidmbench import open_source
        >>> videos = open_source("dataset:clevrer-mini@test/32")
        >>> len(videos), videos.num_frames(0), videos.size
        (2048, 128, (32, 32))
        >>> videos.read(0, range(16)).shape
        (16, 32, 32, 3)
    """
    if hasattr(videos, "detach"):
        videos = videos.detach().cpu().numpy()
    if isinstance(videos, np.ndarray):
        return ArraySource(videos, "array")
    if isinstance(videos, MinimalSource):
        return completed(videos)
    if not isinstance(videos, (str, Path)):
        raise DataError(
            "these are no videos",
            expected="an array, a source, or a path or name as `vidmbench score` takes it",
            found=type(videos).__name__,
            fix="np.stack(clips) makes one array of clips of equal length",
        )
    text = str(videos)
    if text.startswith(TWIN):
        rest = text.removeprefix(TWIN)
        return static_of(
            open_source(
                rest,
                real=real,
                num_videos=num_videos,
                num_frames=num_frames,
                steps=steps,
                seed=seed,
                on_bad=on_bad,
                data_root=data_root,
            )
        )
    if is_vidm(text):
        return _drawn(text, real, num_videos, num_frames, steps, seed)
    if text.startswith(CONTROL) and real is not None and not isinstance(real, (str, Path)):
        return paired_control(text.removeprefix(CONTROL), open_source(real), seed=seed)
    return open_any(text, real=None if real is None else str(real), on_bad=on_bad, seed=seed, data_root=data_root)


def _drawn(
    text: str, real: Videos | None, num_videos: int | None, num_frames: int | None, steps: int | None, seed: int
) -> Source:
    if num_videos is None:
        raise UsageError(
            "nobody said how many videos the model is to draw",
            expected="a number",
            found=f"{text} alone",
            fix=f'open_source("{text}", num_videos=64, num_frames=16)',
        )
    for what, number in (("num_videos", num_videos), ("num_frames", num_frames)):
        if number is not None and number < 1:
            raise UsageError(f"{what} is too small", expected="1 or more", found=str(number))
    # The checkpoint that is shipped for a data set is found by its name.
    named = isinstance(real, str) and real.startswith("dataset:")
    dataset = str(real).removeprefix("dataset:") if named else "clevrer-mini"
    drawing = SamplingOptions(steps=steps, batch_size=min(num_videos, 16))
    model = load_model(text, dataset)
    return videos_of(model, dataset, drawing, num_videos=num_videos, num_frames=num_frames, seed=seed)
