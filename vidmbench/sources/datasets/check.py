"""What a user's copy of a data set holds, against what its declaration expects."""

import os
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from vidmbench.core.errors import DataError, UsageError
from vidmbench.core.progress import Progress
from vidmbench.sources.datasets.check_report import USUAL_VIDEOS, LongEnough, Report, counted, report_json, report_text
from vidmbench.sources.datasets.disk import (
    Finding,
    LocalSplit,
    archive_finding,
    covered_classes,
    find_dataset,
    length_findings,
    open_single,
    root_of,
    survey_path,
)
from vidmbench.sources.datasets.disk_findings import count_findings, single_findings, videos
from vidmbench.sources.datasets.disk_listing import frames_of
from vidmbench.sources.datasets.spec import DiskDatasetSpec, load_dataset
from vidmbench.videos.files.frame_names import check_series
from vidmbench.videos.files.inspection_cache import FactsIndex
from vidmbench.videos.files.video_files import Facts, Item
from vidmbench.videos.packed.reader import is_prepared, open_prepared
from vidmbench.videos.source import Skipped

__all__ = ["CLIP_FRAMES", "LongEnough", "Report", "check_dataset", "report_json", "report_text"]

CLIP_FRAMES = (16, 64, 128)
_SHOWN = 5
_MAX_THREADS = 8


@dataclass(frozen=True)
class _Inspected:
    """What the videos contain, in order of the list; one of the two is None."""

    facts: list[Facts | None]
    broken: list[Skipped]
    rates: Counter[str]


def check_dataset(
    name: str,
    data_root: Path | None,
    split: str | None = None,
    *,
    is_quick: bool = False,
    progress: Progress | None = None,
) -> Report:
    """Inspects every video of a split.

    Args:
        name: A declared data set.
        data_root: See :func:`vidmbench.sources.datasets.disk.root_of`.
        split: One of its splits; None takes that of the real side.
        is_quick: Inspect names alone.
        progress: Called with done, total, label after each video.

    Raises:
        ProtocolError: Unknown data set.
        UsageError: vidmbench generates this data set itself, or ``data_root`` is missing.
        DataError: It is another data set, it lacks the split, or it has no videos.
    """
    spec = load_dataset(name)
    if not isinstance(spec, DiskDatasetSpec):
        raise UsageError(
            f"{name} needs no check: vidmbench generates it",
            expected="a data set on your disk, such as ucf101",
            found=name,
            fix=f"vidmbench show {name}",
        )
    root = root_of(spec, data_root)
    if is_prepared(root):
        return _check_prepared(spec, root, split or spec.default_split, is_quick)
    local = find_dataset(spec, root, split)
    if not local.items:
        return _check_single(local, is_quick)
    inspected = _by_names(local.items) if is_quick else _inspect(local, progress)
    good = [facts for facts in inspected.facts if facts is not None]
    lengths = [facts.num_frames for facts in good]
    if is_quick:  # frame files are counted; the length of a video file is not in its name
        lengths = [len(frames_of(item)) for item in local.items if frames_of(item)]
    sizes = Counter(f"{facts.width}x{facts.height}" for facts in good)
    most = Counter((facts.height, facts.width) for facts in good).most_common(1)
    findings = [*local.findings, *(archive_finding(spec, most[0][0], local.depth) if most else ())]
    findings += [
        *_class_findings(local),
        *_order_findings(local.items),
        *length_findings(spec, lengths),
        *_content_findings(spec, inspected, sizes),
    ]
    usable = len(local.items) - len(inspected.broken)
    return _report(local, is_quick, len(local.items), lengths, sizes, inspected, findings, usable)


def _report(
    local: LocalSplit,
    is_quick: bool,
    num_videos: int,
    lengths: Sequence[int],
    sizes: Counter[str],
    inspected: _Inspected,
    findings: Sequence[Finding],
    usable: int,
) -> Report:
    enough = [
        LongEnough(frames, stride, sum(length > (frames - 1) * stride for length in lengths))
        for stride in local.spec.strides
        for frames in CLIP_FRAMES
    ]
    enough = enough if lengths else []
    return Report(
        dataset=local.spec.name,
        split=local.split,
        root=str(local.root),
        layout=local.layout,
        is_quick=is_quick,
        videos=num_videos,
        expected_videos=local.spec.splits[local.split].videos,
        lengths=dict(sorted(Counter(lengths).items())),
        sizes=dict(sizes.most_common()),
        rates=dict(inspected.rates.most_common()),
        classes=covered_classes(local.labels, range(num_videos)),
        expected_classes=len(local.spec.classes),
        first_classes=covered_classes(local.labels, range(min(USUAL_VIDEOS, num_videos))),
        long_enough=tuple(enough),
        broken=tuple(inspected.broken),
        findings=(*findings, *_length_shortage(enough, usable)),
        notes=(*local.notes, *_gathered_notes(inspected)),
        can_be_scored=usable >= 2 and (not lengths or max(lengths) >= CLIP_FRAMES[0]),
    )


def _check_single(local: LocalSplit, is_quick: bool) -> Report:
    """A root that is one file: it is opened even with is_quick, because names do not tell."""
    source = open_single(local)
    lengths = [source.num_frames(index) for index in range(len(source))]
    findings = single_findings(local.spec, local.split, local.root.name, len(source))
    findings += [*archive_finding(local.spec, source.size), *length_findings(local.spec, lengths)]
    sizes = Counter({f"{source.size[1]}x{source.size[0]}": len(source)})
    inspected = _Inspected([], list(source.skipped), Counter())
    return _report(local, is_quick, len(source), lengths, sizes, inspected, findings, len(source))


def _check_prepared(spec: DiskDatasetSpec, root: Path, split: str, is_quick: bool) -> Report:
    """A file that ``data prepare`` wrote: its own table of contents was checked when it was opened."""
    source = open_prepared(root, label=f"{spec.name}@{split}")
    layout = f"prepared by the rule {source.rule}" + (f" at {source.pixels} pixels" if source.pixels else "")
    local = LocalSplit(spec, root, split, layout, labels=source.labels, notes=source.notes)
    lengths = [source.num_frames(index) for index in range(len(source))]
    findings = [*count_findings(spec, split, len(source)), *_class_findings(local), *length_findings(spec, lengths)]
    sizes = Counter({f"{source.size[1]}x{source.size[0]}": len(source)})
    inspected = _Inspected([], list(source.skipped), Counter())
    return _report(local, is_quick, len(source), lengths, sizes, inspected, findings, len(source))


def _by_names(items: Sequence[Item]) -> _Inspected:
    """What names alone show: frames that are numbered in two ways."""
    broken = []
    for item in items:
        try:
            check_series(item.name, frames_of(item))
        except DataError as error:
            broken.append(Skipped(item.name, _reason(error)))
    return _Inspected([], broken, Counter())


def _inspect(local: LocalSplit, progress: Progress | None) -> _Inspected:
    """Decodes every video once, or remembers it; scoring reuses the results."""
    index = FactsIndex(survey_path(local))
    threads = min(_MAX_THREADS, os.cpu_count() or 1, len(local.items))
    results: list[tuple[str, Facts | DataError, float | None]] = []
    with ThreadPoolExecutor(threads) as pool:
        for result in pool.map(_inspector(index), local.items):
            results.append(result)
            if progress is not None:
                progress(len(results), len(local.items), f"inspecting {local.spec.name}@{local.split}")
    pairs = list(zip(local.items, results, strict=True))
    index.save({item.name: (stamp, facts) for item, (stamp, facts, _) in pairs if isinstance(facts, Facts)})
    return _Inspected(
        [facts if isinstance(facts, Facts) else None for _, (_, facts, _) in pairs],
        [Skipped(item.name, _reason(error)) for item, (_, error, _) in pairs if isinstance(error, DataError)],
        Counter(f"{rate:.2f}".rstrip("0").rstrip(".") for _, (_, _, rate) in pairs if rate is not None),
    )


def _inspector(index: FactsIndex) -> Callable[[Item], tuple[str, Facts | DataError, float | None]]:
    def inspect(item: Item) -> tuple[str, Facts | DataError, float | None]:
        try:
            stamp, facts = index.look_at(item)
            return stamp, facts, facts.frame_rate or None
        except DataError as error:
            return "", error, None
        except OSError as error:
            return "", DataError(f"{item.name} cannot be read: {error.strerror or error}"), None

    return inspect


def _class_findings(local: LocalSplit) -> list[Finding]:
    labels, classes = local.labels, local.spec.classes
    if labels is None:
        return []
    findings = []
    covered = covered_classes(labels, range(len(labels))) or 0
    if classes and covered < len(classes):
        missing = [name for index, name in enumerate(classes) if index not in set(labels)]
        words = ", ".join(missing[:_SHOWN]) + (" ..." if len(missing) > _SHOWN else "")
        findings.append(Finding(f"{len(classes)} classes", f"{covered}; none of {words}", "not the whole data set"))
    first = covered_classes(labels, range(min(USUAL_VIDEOS, len(labels)))) or 0
    if first < covered:
        meaning = "a protocol that takes the first in sorted order scores against these classes alone"
        text = f"the first {USUAL_VIDEOS} videos in sorted order cover {first} classes"
        findings.append(Finding(f"{covered} classes", text, meaning))
    if None in labels:
        findings.append(Finding("", f"{videos(labels.count(None))} of no known class", "counted without a class"))
    return findings


def _order_findings(items: Sequence[Item]) -> list[Finding]:
    """Whether the first videos differ when paths are sorted as text: v10 before v2, 08ug before 3buf."""
    names = [item.name for item in items]
    others = len(set(names[:USUAL_VIDEOS]) - set(sorted(names)[:USUAL_VIDEOS]))
    if not others:
        return []
    text = f"{others} of the first {USUAL_VIDEOS} videos differ when paths are sorted as text"
    return [Finding("", text, "vidmbench sorts numbers by value; code that sorts as text, as most does, takes others")]


def _content_findings(spec: DiskDatasetSpec, inspected: _Inspected, sizes: Counter[str]) -> list[Finding]:
    findings = []
    if inspected.broken:
        text = f"{videos(len(inspected.broken))} cannot be used, first {inspected.broken[0].name}"
        findings.append(Finding("videos that decode whole", text, "run and score stop; --on-bad skip ignores them"))
    if len(sizes) > 1:
        meaning = "run and score stop; --on-bad skip keeps the most frequent size"
        findings.append(Finding("one size", counted(sizes), meaning))
    if spec.fps is not None:
        low, high = spec.fps
        odd = {rate: count for rate, count in inspected.rates.items() if not low - 0.05 <= float(rate) <= high + 0.05}
        if odd:
            meaning = "converted, or frames were dropped; frames are scored as they come, whatever the rate"
            text = f"{videos(sum(odd.values()))} at {counted(odd)}"
            findings.append(Finding(f"{low:g} to {high:g} frames per second", text, meaning))
    return findings


def _length_shortage(enough: Sequence[LongEnough], usable: int) -> list[Finding]:
    """Clip lengths that too few videos reach: fewer than are usable, and than most codes score."""
    short = [entry for entry in enough if entry.videos < min(usable, USUAL_VIDEOS)]
    if not short:
        return []
    words = "; ".join(f"{entry.videos} for {entry.frames} frames at stride {entry.stride}" for entry in short)
    meaning = "shorter ones are skipped, so at most that many videos can be scored"
    return [Finding(f"{min(usable, USUAL_VIDEOS)} videos long enough", words, meaning)]


def _gathered_notes(inspected: _Inspected) -> list[str]:
    counts = Counter(note for facts in inspected.facts if facts is not None for note in facts.notes)
    return [f"{note} ({count} of {videos(len(inspected.facts))})" for note, count in counts.items()]


def _reason(error: DataError) -> str:
    details = [f"{word} {text}" for word, text in (("expected", error.expected), ("found", error.found)) if text]
    return "; ".join([error.problem, *details])
