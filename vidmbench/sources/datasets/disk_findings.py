"""What a user should know about a copy of a data set: how it differs from the release, and what follows."""

from collections.abc import Sequence
from typing import NamedTuple

from vidmbench.core.text import counted
from vidmbench.sources.datasets.spec import DiskDatasetSpec


class Finding(NamedTuple):
    """A difference between a copy of a data set and its release.

    Attributes:
        expected: What the declaration says.
        found: What the copy has.
        meaning: What follows from it.
    """

    expected: str
    found: str
    meaning: str

    def sentence(self) -> str:
        """All three on one line."""
        return self.found + (f" (expected: {self.expected})" if self.expected else "") + f": {self.meaning}"


def videos(count: int, kind: str = "") -> str:
    """A number of videos in words."""
    return counted(count, f"{kind} video" if kind else "video")


def count_findings(spec: DiskDatasetSpec, split: str, count: int) -> list[Finding]:
    """How many videos a split has, where that is not what the release has."""
    released = spec.splits[split].videos
    note = spec.splits[split].note
    if released is None or released == count:
        return []
    share = f"{count} of {released} ({100 * count / released:.0f} %)" if count < released else f"{count}"
    meaning = "an incomplete or another copy" if count < released else "more than the release has"
    more = f"; {note}" if note else ""
    meaning = f"{meaning}: compare scores only with those of the same videos{more}"
    return [Finding(videos(released), f"{share} videos", meaning)]


def single_findings(spec: DiskDatasetSpec, split: str, name: str, count: int) -> list[Finding]:
    """What a copy in one file cannot show: it has no names of folders and videos that identify data set and split."""
    meaning = f"taken for {spec.name}@{split} because --dataset says so"
    return [
        *count_findings(spec, split, count),
        Finding("names of folders and videos, which identify data set and split", f"one file, {name}", meaning),
    ]


def archive_finding(spec: DiskDatasetSpec, size: tuple[int, int], depth: int | None = None) -> list[Finding]:
    """Which of the forms that circulate this is, by the size of its frames and the depth of its folders.

    Args:
        spec: The data set.
        size: Height and width of its frames.
        depth: Levels of folders from the split's folder down to a video; None where there are none.
    """
    archives = spec.archives
    if not archives:
        return []
    known = "; ".join(f"{archive.name} {archive.size[1]}x{archive.size[0]}" for archive in archives)
    here = f"{size[1]}x{size[0]}"
    match = next((archive for archive in archives if archive.size == size), None)
    if match is None:
        difference = "is none of these archives" if len(archives) > 1 else "is not as released"
        meaning = "cropped or resized before; compare scores only with those of the same copy"
        return [Finding(known, f"{here}: this {difference}", meaning)]
    if match.depth and depth and depth != match.depth:
        expected = f"{match.name} with {counted(match.depth, 'level')} of folders"
        meaning = f"the frames have the size of {match.name}, but the folders were rearranged"
        return [Finding(expected, f"{here} in {counted(depth, 'level')}", meaning)]
    if len(archives) > 1:
        others = " and ".join(archive.name for archive in archives if archive is not match)
        meaning = match.note or f"scores against it are not those against {others}"
        return [Finding(known, f"{here}: this is {match.name}", meaning)]
    return []


def length_findings(spec: DiskDatasetSpec, lengths: Sequence[int]) -> list[Finding]:
    """Videos that are shorter or longer than any of the release."""
    if spec.frames is None:
        return []
    low, high = spec.frames
    expected = f"{low} frames" if low == high else f"{low} to {high} frames"
    short = [length for length in lengths if length < low]
    findings = []
    if short:
        counts = ", ".join(f"{short.count(length)} of {length}" for length in sorted(set(short), reverse=True)[:3])
        meaning = f"skipped if a clip needs {low} frames" if low == high else "cut off, or frames were dropped"
        findings.append(Finding(expected, f"{videos(len(short), 'shorter')} ({counts})", meaning))
    if lengths and max(lengths) > high:
        text = f"{videos(sum(length > high for length in lengths), 'longer')}, up to {max(lengths)} frames"
        findings.append(Finding(expected, text, "not as released"))
    return findings
