"""What a picture of videos shows: sources as the command line names them, and some videos of each."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from vidmbench.core.arrays import Frames
from vidmbench.core.errors import DataError, UsageError
from vidmbench.core.vocabulary import OnBad
from vidmbench.evaluation.opening import open_source
from vidmbench.sources.controls import static_of
from vidmbench.sources.names import TWIN
from vidmbench.videos.source import Source


@dataclass(frozen=True)
class Shown:
    """One source in a picture.

    Attributes:
        label: How the picture names it.
        videos: Its clips, each uint8 (frame, height, width, 3) from the video's first frame on; a short video gives
            fewer frames.
        text: The source as the user named it.
        notes: What a reader should know of how they were made.
    """

    label: str
    videos: tuple[Frames, ...]
    text: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Reading:
    """How sources are opened, and what of them is read.

    Attributes:
        frames: Frames of a clip.
        videos: Which videos of each source.
        seed: Seed of samples and of controls.
        steps: Denoising steps of a VIDM; None takes the checkpoint's.
        on_bad: Whether unusable files stop the work or are left out.
        data_root: Where a data set that the user owns lies.
    """

    frames: int
    videos: tuple[int, ...] = (0,)
    seed: int = 0
    steps: int | None = None
    on_bad: OnBad = "stop"
    data_root: Path | None = None


def open_shown(texts: Sequence[str], reading: Reading) -> list[Shown]:
    """Opens sources and reads what a picture shows of them.

    Args:
        texts: Each ``[LABEL=]SOURCE`` with a source as ``vidmbench score`` takes it, ``vidm``, ``vidm:PATH``, or
            ``static-of:`` before any of them. Controls are made from the first source.
        reading: How, and what.

    Raises:
        VidmbenchError: A source cannot be opened, or has too few videos.
    """
    named = [_named(text) for text in texts]
    opened: dict[str, Source] = {}  # a model and its frozen twin are drawn once
    sources = [_opened(text, named[0][1], reading, opened) for _, text in named]
    return [
        Shown(label or source.label, _videos(source, reading), text, tuple(source.notes))
        for (label, text), source in zip(named, sources, strict=True)
    ]


def _named(text: str) -> tuple[str | None, str]:
    """A label of the user's own, and the source; a path with ``=`` in it stays whole."""
    label, equals, source = text.partition("=")
    if not equals or "/" in label or ":" in label or Path(text).expanduser().exists():
        return None, text
    if not label or not source:
        raise UsageError("a source with half a name", expected="LABEL=SOURCE, or SOURCE", found=text)
    return label, source


def _opened(text: str, first: str, reading: Reading, opened: dict[str, Source]) -> Source:
    if text not in opened:
        if text.startswith(TWIN):
            opened[text] = static_of(_opened(text.removeprefix(TWIN), first, reading, opened))
        else:
            opened[text] = open_source(
                text,
                real=first,
                num_videos=max(reading.videos) + 1,
                num_frames=reading.frames,
                steps=reading.steps,
                seed=reading.seed,
                on_bad=reading.on_bad,
                data_root=reading.data_root,
            )
    return opened[text]


def _videos(source: Source, reading: Reading) -> tuple[Frames, ...]:
    missing = [index for index in reading.videos if index >= len(source)]
    if missing:
        raise DataError(
            "a source has no such video",
            expected=f"videos 0 to {len(source) - 1}",
            found=", ".join(map(str, missing)),
            where=source.label,
            fix=f"--videos {','.join(str(index) for index in range(min(len(source), 2)))}",
        )
    return tuple(source.read(index, range(min(reading.frames, source.num_frames(index)))) for index in reading.videos)


def described(shown: Sequence[Shown], reading: Reading) -> str:
    """A caption: which videos these are, and where each source comes from.

    Args:
        shown: The sources.
        reading: How they were read.
    """
    several = len(reading.videos) > 1
    videos = f"Video{'s' if several else ''} {', '.join(map(str, reading.videos))} of each source"
    said = [f"{videos}, from frame 0; seed {reading.seed}."]
    for one in shown:
        origin = f" is {one.text}" if one.text not in ("", one.label) else ""
        notes = f" ({'; '.join(one.notes)})" if one.notes else ""
        if origin or notes:
            said.append(f"{one.label}{origin}{notes}.")
    return " ".join(said)


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
