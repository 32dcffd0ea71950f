"""The kinds of ``vidmbench plot`` that read videos: ``samples``, ``timeline`` and ``score-map``."""

from pathlib import Path
from typing import Annotated

import typer

from vidmbench.cli.groups import spread
from vidmbench.cli.option_groups import ClipOptions, ComputeOptions, FigureOptions, ReadingOptions
from vidmbench.cli.options import Fake, PrecisionRecallProtocol, Real, Steps
from vidmbench.cli.output import print_json, print_notes, say, write_figure
from vidmbench.cli.parsing import check_figure, choices_from, whole_numbers
from vidmbench.core.errors import UsageError

Sources = Annotated[
    list[str],
    typer.Argument(
        metavar="[LABEL=]SOURCE...",
        help="Folders, zips, arrays, dataset:NAME@SPLIT, control:NAME made from the first, vidm, vidm:RUN, "
        "static-of:M; LABEL= names one in the figure.",
    ),
]
NumFrames = Annotated[int, typer.Option("--frames", metavar="N", help="Frames of a clip, from the first.", min=2)]
Every = Annotated[int | None, typer.Option(metavar="K", help="Show every K-th frame.", min=1, show_default="1 in 8")]
SampleSeed = Annotated[int, typer.Option("--seed", metavar="S", help="Seed of samples and of controls.", min=0)]
FigureOut = Annotated[Path, typer.Option("--out", metavar="FIG", help="The figure, PNG, SVG or PDF.")]
_VIDEOS = (".mp4", ".gif")


@spread
def samples(
    sources: Sources,
    *,
    frames: NumFrames = 16,
    every: Every = None,
    videos: Annotated[
        str | None,
        typer.Option(
            metavar="I[,I...]",
            help="Which videos of every source, from 0.",
            show_default="two of each that move about as much as most",
        ),
    ] = None,
    seed: SampleSeed = 0,
    steps: Steps = None,
    reading: ReadingOptions,
    fps: Annotated[float, typer.Option(help="Frames a second of mp4 and gif.", min=1, max=1000)] = 8.0,
    out: Annotated[
        Path, typer.Option(metavar="FIG", help="PNG, SVG or PDF; MP4 or GIF: the videos playing side by side.")
    ] = Path("runs/samples.png"),
    figure: FigureOptions,
) -> None:
    """Frames of several sources row by row, as in the paper's Figures 3 and 4; or a labelled video.

    \b
    Examples:
      vidmbench plot samples real=dataset:clevrer-mini@test/32 VIDM=vidm --out samples.pdf
      vidmbench plot samples REAL gan=FAKE --videos 0,3 --frames 16 --out samples.mp4
    """
    from vidmbench.core.files import checked_output
    from vidmbench.reporting.plots.samples import samples_figure, samples_video
    from vidmbench.reporting.plots.video_inputs import ShownClips, described, open_shown, short_notes, shown_json
    from vidmbench.sources.datasets.opening import Reading

    check_figure(out, *_VIDEOS)
    indices = whole_numbers(videos, "--videos", "0, or 0,1,5")
    reading_options = Reading(reading.on_bad, reading.data_root)
    request = ShownClips(frames, indices, 2, seed, steps, reading_options)
    is_video = out.suffix.lower() in _VIDEOS
    if is_video and every is not None:
        raise UsageError("--every is for figures", found=f"--every {every} with --out {out}", fix="omit it")
    checked_output(out.parent)
    shown = open_shown(sources, request)
    notes = short_notes(shown, frames)
    if not is_video:
        caption = described(shown, request)
        drawn = samples_figure(shown, every or -(-frames // 8), "" if figure.no_caption else caption)
        numbers = shown_json(shown)
        write_figure(drawn, out, notes, options=figure, caption=caption, numbers=numbers)
        return
    from vidmbench.videos import write_gif, write_mp4

    write = write_gif if out.suffix.lower() == ".gif" else write_mp4
    write(out, samples_video(shown), fps=fps)
    print_notes(notes)
    if figure.as_json:
        print_json({**shown_json(shown), "caption": "", "notes": notes, "picture": str(out)})
    else:
        say(str(out))


@spread
def timeline(
    sources: Sources,
    *,
    frames: NumFrames = 128,
    every: Every = None,
    video: Annotated[
        int | None,
        typer.Option(
            metavar="I",
            help="Which video of every source, from 0.",
            min=0,
            show_default="one of each that moves about as much as most",
        ),
    ] = None,
    seed: SampleSeed = 0,
    steps: Steps = None,
    reading: ReadingOptions,
    out: FigureOut = Path("runs/timeline.png"),
    figure: FigureOptions,
) -> None:
    """Long videos along time and, below, how much they move: where one freezes or drifts.

    \b
    Examples:
      vidmbench plot timeline dataset:clevrer-mini@test/32 control:static --out timeline.png
    """
    from vidmbench.core.files import checked_output
    from vidmbench.reporting.plots.timeline import timeline_figure, timeline_json
    from vidmbench.reporting.plots.video_inputs import ShownClips, described, open_shown, short_notes
    from vidmbench.sources.datasets.opening import Reading

    check_figure(out)
    reading_options = Reading(reading.on_bad, reading.data_root)
    request = ShownClips(frames, () if video is None else (video,), 1, seed, steps, reading_options)
    checked_output(out.parent)
    shown = open_shown(sources, request)
    caption = described(shown, request)
    drawn = timeline_figure(shown, every or -(-frames // 16), "" if figure.no_caption else caption)
    numbers = timeline_json(shown)
    write_figure(drawn, out, short_notes(shown, frames), options=figure, caption=caption, numbers=numbers)


@spread
def score_map(
    real: Real,
    fake: Fake,
    *,
    protocol: PrecisionRecallProtocol = "prdc-i3d",
    clips: ClipOptions,
    compute: ComputeOptions,
    reading: ReadingOptions,
    out: FigureOut = Path("runs/score-map.png"),
    figure: FigureOptions,
) -> None:
    """A score for every sample: which are among the real videos, and frames of the least and the most real.

    With --json the scores of all samples are printed, the least real first.

    \b
    Examples:
      vidmbench plot score-map REAL FAKE --frames 16 --num-videos 48 --out score-map.png
    """
    from vidmbench.core.files import checked_output
    from vidmbench.core.progress import progress_bar
    from vidmbench.evaluation.studies import score_map as study
    from vidmbench.reporting.plots.score_map import score_map_caption, score_map_figure
    from vidmbench.reporting.studies.score_map import score_map_json

    check_figure(out)
    job = study.prepare_score_map(real, fake, choices_from(clips, compute, reading, protocols=[protocol]))
    checked_output(out.parent)
    with progress_bar() as progress:
        scores = study.score_map(job, progress)
    caption = score_map_caption(scores)
    drawn = score_map_figure(scores, "" if figure.no_caption else caption)
    notes = scores.precision.warnings
    write_figure(drawn, out, notes, options=figure, caption=caption, numbers=score_map_json(scores, out))
