"""What a figure of videos shows: sources as the command line names them, and some videos of each."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from vidmbench.core.arrays import Frames
from vidmbench.core.errors import DataError, UsageError
from vidmbench.core.files import expanded
from vidmbench.evaluation.opening import OpeningOptions, open_named
from vidmbench.reporting.plots.strips import reduced
from vidmbench.sources.controls import static_of
from vidmbench.sources.datasets.opening import DEFAULT_READING, Reading
from vidmbench.sources.names import SourceName, parse_source
from vidmbench.sources.opening import open_control, resolve
from vidmbench.videos.source import Source
from vidmbench.vidm.sampling.opening import SamplingOptions


@dataclass(frozen=True)
class Shown:
    """One source in a figure.

    Attributes:
        label: How the figure names it.
        videos: Its clips, each uint8 (frame, height, width, 3) from the video's first frame on, large frames reduced;
            a short video gives fewer frames.
        text: The source as the user named it.
        notes: How its videos were made.
    """

    label: str
    videos: tuple[Frames, ...]
    text: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class ShownClips:
    """How sources are opened, and which of their videos are shown.

    Attributes:
        frames: Frames of a clip.
        videos: Indices of the videos of each source.
        seed: Seed of samples and of controls.
        steps: Denoising steps of a VIDM; None takes the checkpoint's.
        reading: How files are read.
    """

    frames: int
    videos: tuple[int, ...] = (0,)
    seed: int = 0
    steps: int | None = None
    reading: Reading = DEFAULT_READING


def open_shown(texts: Sequence[str], clips: ShownClips) -> list[Shown]:
    """Opens sources and reads what a figure shows of them.

    Args:
        texts: Each ``[LABEL=]SOURCE``. Controls are made from the first source.
        clips: How, and which.

    Raises:
        VidmbenchError: A source cannot be opened, or has too few videos.
    """
    labels, names = zip(*map(_labelled, texts), strict=True)
    sources = _opened(names, clips)
    return [
        Shown(label or source.label, _videos(source, clips), name.text, tuple(source.notes))
        for label, name, source in zip(labels, names, sources, strict=True)
    ]


def _labelled(text: str) -> tuple[str | None, SourceName]:
    """The user's label, and the source; a path with ``=`` in it stays whole."""
    label, equals, source = text.partition("=")
    if not equals or "/" in label or ":" in label or expanded(text).exists():
        return None, parse_source(text)
    if not label or not source:
        raise UsageError("expected LABEL=SOURCE", expected="LABEL=SOURCE, or SOURCE", found=text)
    return label, parse_source(source)


def _opened(names: Sequence[SourceName], clips: ShownClips) -> list[Source]:
    """The sources, each opened once: a model and its static baseline are sampled once."""
    opened: dict[SourceName, Source] = {}
    first = resolve(names[0])
    num_videos = max(clips.videos) + 1
    options = OpeningOptions(
        reading=clips.reading,
        seed=clips.seed,
        real=first if first.dataset is not None else None,
        num_videos=num_videos,
        num_frames=clips.frames,
        sampling=SamplingOptions(steps=clips.steps, batch_size=min(num_videos, 16)),
    )

    def source_of(name: SourceName) -> Source:
        if name not in opened:
            opened[name] = (
                static_of(source_of(name.inner))
                if name.inner is not None
                else open_named(resolve(name, first), options)
            )
        return opened[name]

    real = source_of(first.name)
    make_control = partial(open_control, real=real, data=first, reading=clips.reading, seed=clips.seed)
    options = replace(options, make_control=make_control)
    return [source_of(name) for name in names]


def _videos(source: Source, clips: ShownClips) -> tuple[Frames, ...]:
    missing = [index for index in clips.videos if index >= len(source)]
    if missing:
        raise DataError(
            "a source has no such video",
            expected=f"videos 0 to {len(source) - 1}",
            found=", ".join(map(str, missing)),
            where=source.label,
            fix=f"choose among these, such as {','.join(str(index) for index in range(min(len(source), 2)))}",
        )
    lengths = {index: min(clips.frames, source.num_frames(index)) for index in clips.videos}
    return tuple(
        np.stack([reduced(frame) for frame in source.stream(index, range(lengths[index]))]) for index in clips.videos
    )


def described(shown: Sequence[Shown], clips: ShownClips) -> str:
    """A caption: which videos these are, and where each source comes from.

    Args:
        shown: The sources.
        clips: How they were read.
    """
    several = len(clips.videos) > 1
    videos = f"Video{'s' if several else ''} {', '.join(map(str, clips.videos))} of each source"
    sentences = [f"{videos}, from frame 0; seed {clips.seed}."]
    for source in shown:
        origin = f" is {source.text}" if source.text not in ("", source.label) else ""
        notes = f" ({'; '.join(source.notes)})" if source.notes else ""
        if origin or notes:
            sentences.append(f"{source.label}{origin}{notes}.")
    return " ".join(sentences)


def short_notes(shown: Sequence[Shown], frames: int) -> list[str]:
    """A note for each source with videos shorter than the clip.

    Args:
        shown: The sources.
        frames: Frames of a clip.
    """
    notes = []
    for source in shown:
        lengths = [len(video) for video in source.videos if len(video) < frames]
        if lengths:
            notes.append(f"{source.label} has only {min(lengths)} of {frames} frames")
    return notes


def shown_json(shown: Sequence[Shown], videos: Sequence[int]) -> dict[str, Any]:
    """The sources of a figure of videos, and the length of each video that it shows."""
    return {
        "sources": [
            {
                "label": source.label,
                "source": source.text,
                "videos": [
                    {"index": index, "frames": len(video)} for index, video in zip(videos, source.videos, strict=True)
                ],
                "notes": list(source.notes),
            }
            for source in shown
        ]
    }
