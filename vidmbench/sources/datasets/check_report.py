"""What was found in a user's copy of a data set, for people and for programs."""

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median
from typing import Any

from vidmbench.core.text import printable
from vidmbench.sources.datasets.disk import Finding
from vidmbench.sources.datasets.spec import DiskDatasetSpec, load_dataset
from vidmbench.videos.source import Skipped

#: Videos that most codes score.
USUAL_VIDEOS = 2048
_SHOWN = 5


@dataclass(frozen=True)
class LongEnough:
    """How many videos hold a clip.

    Attributes:
        frames: Frames of the clip.
        stride: Distance of its frames.
        videos: Videos with at least (frames - 1) * stride + 1 frames.
    """

    frames: int
    stride: int
    videos: int


@dataclass(frozen=True)
class Report:
    """A split of a data set, looked at.

    Attributes:
        dataset: Its name.
        split: The split.
        root: The folder or file.
        layout: How the videos are stored.
        is_quick: Whether names alone were looked at; lengths, sizes, rates and most of ``broken`` are empty then.
        videos: Videos listed.
        expected_videos: Videos of the release; None where no count was published.
        lengths: Frames to number of videos.
        sizes: Width and height as ``320x240`` to number of videos.
        rates: Frames a second, to two digits, to number of video files.
        classes: Classes covered; None where there are none.
        expected_classes: Classes of the release.
        first_classes: Classes that the first 2048 videos in sorted order cover.
        long_enough: Videos that hold clips of the usual lengths.
        broken: Videos that cannot be used, and why.
        findings: What differs from the declaration.
        notes: What was seen while listing.
        can_be_scored: Whether two videos or more are usable.
    """

    dataset: str
    split: str
    root: str
    layout: str
    is_quick: bool
    videos: int
    expected_videos: int | None
    lengths: dict[int, int]
    sizes: dict[str, int]
    rates: dict[str, int]
    classes: int | None
    expected_classes: int
    first_classes: int | None
    long_enough: tuple[LongEnough, ...]
    broken: tuple[Skipped, ...]
    findings: tuple[Finding, ...]
    notes: tuple[str, ...]
    can_be_scored: bool


def report_json(report: Report) -> dict[str, Any]:
    """The report as JSON takes it, every broken file included."""
    return {
        **{key: value for key, value in vars(report).items() if key not in ("findings", "broken", "long_enough")},
        "long_enough": [vars(entry) for entry in report.long_enough],
        "broken": [{"name": video.name, "reason": video.reason} for video in report.broken],
        "findings": [finding._asdict() for finding in report.findings],
    }


def report_text(report: Report) -> str:
    """The report for people: a table, the findings, the broken files, the verdict."""
    from tabulate import tabulate

    rows = [[printable(cell) for cell in row] for row in _rows(report)]
    table: str = tabulate(rows, ("", "expected", "found"), tablefmt="simple", disable_numparse=True)
    lines = [f"{report.dataset}@{report.split} in {report.root}", f"{report.layout}", ""]
    if report.findings:
        lines += ["", "findings"]
        for finding in report.findings:
            lines.append(f"  - {finding.found}")
            lines += [f"    expected: {finding.expected}"] if finding.expected else []
            lines.append(f"    {finding.meaning}")
    if report.broken:
        lines += ["", "videos that cannot be used"]
        lines += [f"  - {video.name}: {video.reason}" for video in report.broken[:_SHOWN]]
        if len(report.broken) > _SHOWN:
            lines.append(f"    and {len(report.broken) - _SHOWN} more; --json lists them all")
    if report.notes:
        lines += ["", "notes", *(f"  - {note}" for note in report.notes)]
    skip = ", with --on-bad skip" if report.broken or len(report.sizes) > 1 else ""
    most = min(report.videos - len(report.broken), next((entry.videos for entry in report.long_enough), report.videos))
    few = f", up to {most} videos: --num-videos {most}" if most < USUAL_VIDEOS else ""
    verdict = f"yes{skip}{few}" if report.can_be_scored else "no"
    seen = " (names only; without --quick every video is decoded)" if report.is_quick else ""
    heads, rest = lines[:3], lines[3:]
    return "\n".join([*map(printable, heads), table, *map(printable, rest), "", f"can be scored: {verdict}{seen}"])


def counted(counts: Mapping[str, int]) -> str:
    """What there is and how often: ``320x240 (12), 64x64 (1)``; without the number where it is one thing only."""
    few = list(counts.items())[:_SHOWN]
    if len(counts) == 1:
        return few[0][0]
    more = f", {len(counts) - _SHOWN} more" if len(counts) > _SHOWN else ""
    return ", ".join(f"{key} ({count})" for key, count in few) + more


def _rows(report: Report) -> list[tuple[str, str, str]]:
    spec = load_dataset(report.dataset)
    assert isinstance(spec, DiskDatasetSpec)
    rows = [("videos", str(report.expected_videos or "no count published"), str(report.videos))]
    if report.lengths:
        lengths = sorted(length for length, count in report.lengths.items() for _ in range(count))
        span = f"{lengths[0]} to {lengths[-1]}, median {median(lengths):g}"
        expected = "" if spec.frames is None else " to ".join(map(str, dict.fromkeys(spec.frames)))
        rows.append(("frames per video", expected, span if lengths[0] < lengths[-1] else str(lengths[0])))
    if report.sizes:
        known = ", ".join(f"{archive.size[1]}x{archive.size[0]}" for archive in spec.archives)
        rows.append(("size, pixels", known, counted(report.sizes)))
    if report.rates:
        expected = "" if spec.fps is None else " to ".join(f"{rate:g}" for rate in spec.fps)
        rows.append(("frames per second", expected, counted(report.rates)))
    if report.classes is not None:
        expected = str(report.expected_classes or "")
        rows.append(("classes", expected, str(report.classes)))
        rows.append((f"classes in the first {USUAL_VIDEOS}", expected, str(report.first_classes)))
    for entry in report.long_enough:
        rows.append((f"long enough for {entry.frames} frames, stride {entry.stride}", "", str(entry.videos)))
    if not report.is_quick or report.broken:
        rows.append(("cannot be used", "0", str(len(report.broken))))
    return rows
