"""What a figure of videos shows: sources as the command line names them, and some videos of each."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
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

# Videos among which typical ones are searched: of stored ones, and of those that are drawn for the figure.
_AMONG, _AMONG_SAMPLED = 8, 4


@dataclass(frozen=True)
class Shown:
    """One source in a figure.

    Attributes:
        label: How the figure names it.
        videos: Its clips, each uint8 (frame, height, width, 3) from the video's first frame on, large frames reduced;
            a short video gives fewer frames.
        indices: Which videos of the source these are; empty where that is unknown.
        text: The source as the user named it.
        notes: How its videos were made.
    """

    label: str
    videos: tuple[Frames, ...]
    indices: tuple[int, ...] = ()
    text: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class ShownClips:
    """How sources are opened, and which of their videos are shown.

    Attributes:
        frames: Frames of a clip.
        videos: Indices of the videos of each source; empty for those of median motion.
        num_typical: How many of these.
        seed: Seed of samples and of controls.
        steps: Denoising steps of a VIDM; None takes the checkpoint's.
        reading: How files are read.
    """

    frames: int
    videos: tuple[int, ...] = (0,)
    num_typical: int = 1
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
    chosen: dict[SourceName, tuple[int, ...]] = {}
    shown = []
    for label, name, source in zip(labels, names, sources, strict=True):
        # A control is shown beside the videos it was made from, and so is a static baseline.
        origin = names[0] if name.base.kind == "control" else name.base
        indices = clips.videos or chosen.get(origin) or _typical(source, clips)
        chosen.setdefault(origin, indices)
        videos = _videos(source, replace(clips, videos=indices))
        shown.append(Shown(label or source.label, videos, indices, name.text, tuple(source.notes)))
    return shown


def _typical(source: Source, clips: ShownClips) -> tuple[int, ...]:
    """The videos, among the first few, that move about as much as most: neither the luckiest nor the unluckiest."""
    among = range(min(_AMONG_SAMPLED if source.is_sampled else _AMONG, len(source)))
    if len(among) <= clips.num_typical:
        return tuple(among)
    motion = [_mean_motion(source, index, clips.frames) for index in among]
    from_middle = np.abs(np.argsort(np.argsort(motion, kind="stable")) - (len(motion) - 1) / 2)
    return tuple(sorted(np.argsort(from_middle, kind="stable")[: clips.num_typical].tolist()))


def _mean_motion(source: Source, index: int, num_frames: int) -> float:
    """The mean of :func:`motion_of`, two frames at a time; 0 for a single frame."""
    frames = (reduced(frame) for frame in source.stream(index, range(min(num_frames, source.num_frames(index)))))
    changes = [np.abs(later.astype(np.float32) - earlier).mean() for earlier, later in pairwise(frames)]
    return float(np.mean(changes)) if changes else 0.0


def motion_of(video: Frames) -> np.ndarray:
    """How much a video moves: the mean absolute difference of each frame from the one before.

    Args:
        video: uint8 (frame, height, width, 3).

    Returns:
        float64 (frame - 1,), intensity levels of 255; 0 where a frame repeats the one before.
    """
    return np.asarray(np.abs(np.diff(video.astype(np.float64), axis=0)).mean(axis=(1, 2, 3)))


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
    num_videos = max(clips.videos) + 1 if clips.videos else max(_AMONG_SAMPLED, clips.num_typical)
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
    if len({source.indices for source in shown}) == 1:
        videos = f"{_videos_in_words(shown[0].indices)} of each source"
    else:
        videos = "; ".join(f"{_videos_in_words(source.indices)} of {source.label}" for source in shown)
    rule = (
        ""
        if clips.videos
        else f", those of median motion among the first {_AMONG} ({_AMONG_SAMPLED} where they are sampled)"
    )
    sentences = [f"{videos}{rule}, from frame 0; seed {clips.seed}."]
    for source in shown:
        origin = f" is {source.text}" if source.text not in ("", source.label) else ""
        notes = f" ({'; '.join(source.notes)})" if source.notes else ""
        if origin or notes:
            sentences.append(f"{source.label}{origin}{notes}.")
    return " ".join(sentences)


def _videos_in_words(indices: Sequence[int]) -> str:
    return f"Video{'s' if len(indices) > 1 else ''} {', '.join(map(str, indices))}"


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


def shown_json(shown: Sequence[Shown]) -> dict[str, Any]:
    """The sources of a figure of videos, and the length of each video that it shows."""
    return {
        "sources": [
            {
                "label": source.label,
                "source": source.text,
                "videos": [
                    {"index": index, "frames": len(video)}
                    for index, video in zip(source.indices, source.videos, strict=True)
                ],
                "notes": list(source.notes),
            }
            for source in shown
        ]
    }
