"""The kinds of ``vidmbench plot`` that read videos: ``samples``, ``timeline``, ``fvd-vs-n`` and ``score-map``."""

import sys
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vidmbench.cli.compare import Fake, Real
from vidmbench.cli.distances import OneProtocol
from vidmbench.cli.infinity import infinity
from vidmbench.cli.options import (
    DataRoot,
    DeviceName,
    DevicePick,
    DryRun,
    Frames,
    Json,
    NumFake,
    NumReal,
    NumVideos,
    OnBad,
    OnBadPick,
    PrecisionName,
    PrecisionPick,
    Seed,
    Steps,
    Stride,
    check_picture,
    choices_from,
)
from vidmbench.core.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vidmbench.reporting.plots.video_inputs import Shown, ShownClips

Sources = Annotated[
    list[str],
    typer.Argument(
        metavar="[LABEL=]SOURCE...",
        help="Folders, zips, arrays, dataset:NAME@SPLIT, control:NAME made from the first, vidm, vidm:RUN, "
        "static-of:M; LABEL= names one in the picture.",
    ),
]
Length = Annotated[int, typer.Option("--frames", metavar="N", help="Frames of a clip, from the first.", min=2)]
Every = Annotated[int | None, typer.Option(metavar="K", help="Show every K-th frame.", min=1, show_default="1 in 8")]
DrawnSeed = Annotated[int, typer.Option("--seed", metavar="S", help="Seed of samples and of controls.", min=0)]
Figure = Annotated[Path, typer.Option(metavar="FIG", help="The picture, PNG, SVG or PDF.")]
_VIDEOS = (".mp4", ".gif")


def samples(
    sources: Sources,
    frames: Length = 16,
    every: Every = None,
    videos: Annotated[str, typer.Option(metavar="I[,I...]", help="Which videos of every source, from 0.")] = "0,1",
    seed: DrawnSeed = 0,
    steps: Steps = None,
    data_root: DataRoot = None,
    on_bad: OnBad = OnBadPick.stop,
    fps: Annotated[float, typer.Option(help="Frames a second of mp4 and gif.", min=1)] = 8.0,
    out: Annotated[
        Path, typer.Option(metavar="FIG", help="PNG, SVG or PDF; MP4 or GIF: the videos playing side by side.")
    ] = Path("runs/samples.png"),
) -> None:
    """Frames of several sources row by row, as in the paper's Figures 3 and 4; or a labelled video.

    \b
    Examples:
      vidmbench plot samples real=dataset:clevrer-mini@test/32 VIDM=vidm --out samples.pdf
      vidmbench plot samples REAL gan=FAKE --videos 0,3 --frames 16 --out samples.mp4
    """
    from vidmbench.reporting.plots.samples import samples_figure, samples_video
    from vidmbench.reporting.plots.video_inputs import described, open_shown

    check_picture(out, *_VIDEOS)
    reading = _reading(frames, numbers(videos, "--videos", "0, or 0,1,5"), seed, steps, data_root, on_bad)
    is_video = out.suffix.lower() in _VIDEOS
    if is_video and every is not None:
        raise UsageError("--every is for pictures", found=f"--every {every} with --out {out}", fix="leave it out")
    _check_folder(out)
    shown = open_shown(sources, reading)
    if is_video:
        from vidmbench.videos import write_gif, write_mp4

        (write_gif if out.suffix.lower() == ".gif" else write_mp4)(out, samples_video(shown), fps=fps)
    else:
        from vidmbench.reporting.plots.style import save_figure

        save_figure(samples_figure(shown, every or -(-frames // 8), described(shown, reading)), out)
    _tell(shown, frames, out)


def timeline(
    sources: Sources,
    frames: Length = 128,
    every: Every = None,
    video: Annotated[int, typer.Option(metavar="I", help="Which video of every source, from 0.", min=0)] = 0,
    seed: DrawnSeed = 0,
    steps: Steps = None,
    data_root: DataRoot = None,
    on_bad: OnBad = OnBadPick.stop,
    out: Figure = Path("runs/timeline.png"),
) -> None:
    """Long videos along time and, below, how much they move: where one freezes or drifts.

    \b
    Examples:
      vidmbench plot timeline dataset:clevrer-mini@test/32 control:static --out timeline.png
    """
    from vidmbench.reporting.plots.style import save_figure
    from vidmbench.reporting.plots.timeline import timeline_figure
    from vidmbench.reporting.plots.video_inputs import described, open_shown

    check_picture(out)
    reading = _reading(frames, (video,), seed, steps, data_root, on_bad)
    _check_folder(out)
    shown = open_shown(sources, reading)
    save_figure(timeline_figure(shown, every or -(-frames // 16), described(shown, reading)), out)
    _tell(shown, frames, out)


def fvd_vs_n(
    real: Real,
    fake: Fake,
    frames: Frames = None,
    protocol: OneProtocol = "fvd-vidm-paper",
    stride: Stride = None,
    num_videos: NumVideos = None,
    num_real: NumReal = None,
    num_fake: NumFake = None,
    seed: Seed = None,
    precision: PrecisionName = PrecisionPick.fp32,
    device: DeviceName = DevicePick.auto,
    data_root: DataRoot = None,
    on_bad: OnBad = OnBadPick.stop,
    out: Figure = Path("runs/fvd-vs-n.png"),
    as_json: Json = False,
    dry_run: DryRun = False,
) -> None:
    """FVD against the number of videos, with the line in 1/N and its end: what ``vidmbench infinity`` draws.

    Needs 1024 videos a side or more.

    \b
    Examples:
      vidmbench plot fvd-vs-n dataset:clevrer-mini@test dataset:clevrer-mini@train --dry-run
    """
    infinity(
        real, fake, frames, protocol, stride, num_videos, num_real, num_fake, seed, precision, device, data_root,
        on_bad, out, as_json, dry_run,
    )  # fmt: skip


def score_map(
    real: Real,
    fake: Fake,
    frames: Frames = None,
    protocol: Annotated[
        str,
        typer.Option(
            metavar="NAME|FILE", help="A protocol of precision and recall, or a TOML file.", rich_help_panel="Protocol"
        ),
    ] = "prdc-i3d",
    stride: Stride = None,
    num_videos: NumVideos = None,
    num_real: NumReal = None,
    num_fake: NumFake = None,
    seed: Seed = None,
    precision: PrecisionName = PrecisionPick.fp32,
    device: DeviceName = DevicePick.auto,
    data_root: DataRoot = None,
    on_bad: OnBad = OnBadPick.stop,
    out: Figure = Path("runs/score-map.png"),
    as_json: Json = False,
) -> None:
    """A score for every sample: which lie among the real videos, and frames of the least and the most real.

    With --json the scores of all samples are printed, the least real first.

    \b
    Examples:
      vidmbench plot score-map REAL FAKE --frames 16 --num-videos 48 --out score-map.png
    """
    import json

    from vidmbench.core.progress import progress_bar
    from vidmbench.evaluation.studies.score_map import prepare_score_map, score_map
    from vidmbench.reporting.plots.score_map import score_map_figure
    from vidmbench.reporting.plots.style import save_figure

    check_picture(out)
    choices = choices_from(
        [protocol], frames, stride, num_videos, num_real, num_fake, seed, precision, device, on_bad, data_root
    )
    job = prepare_score_map(real, fake, choices)
    _check_folder(out)
    with progress_bar() as progress:
        found = score_map(job, progress)
    save_figure(score_map_figure(found), out)
    for note in found.precision.warnings:
        print(f"note: {note}", file=sys.stderr)
    if as_json:
        videos = [
            {"name": one.name, "start": one.clip.start, "realism": one.realism if isfinite(one.realism) else None}
            for one in found.ranked
        ]
        print(json.dumps({**found.precision.model_dump(mode="json"), "videos": videos, "picture": str(out)}))
    else:
        print(out)


def numbers(text: str, option: str, example: str) -> tuple[int, ...]:
    """Whole numbers parted by commas, each once.

    Raises:
        UsageError: Something else.
    """
    words = text.split(",")
    if not all(word.strip().isdecimal() for word in words):
        raise UsageError(f"{option} takes whole numbers", expected=example, found=text, where=option)
    return tuple(dict.fromkeys(int(word) for word in words))


def _reading(
    frames: int, videos: tuple[int, ...], seed: int, steps: int | None, data_root: Path | None, on_bad: OnBadPick
) -> "ShownClips":
    from vidmbench.reporting.plots.video_inputs import ShownClips
    from vidmbench.sources.datasets.opening import Reading

    return ShownClips(frames, videos, seed, steps, Reading(on_bad.value, data_root))


def _check_folder(out: Path) -> None:
    from vidmbench.core.files import checked_output

    checked_output(out.parent)


def _tell(shown: "Sequence[Shown]", frames: int, out: Path) -> None:
    for one in shown:
        lengths = {len(video) for video in one.videos if len(video) < frames}
        if lengths:
            print(f"note: {one.label} has only {min(lengths)} of {frames} frames", file=sys.stderr)
    print(out)
