"""Targets and predictions that lack a counterpart or are too short: refused, or skipped and listed."""

from collections.abc import Sequence
from dataclasses import dataclass

from vidmbench.core.errors import DataError
from vidmbench.core.text import counted, first_of
from vidmbench.evaluation.pair_names import Match
from vidmbench.videos.source import Skipped, Source


@dataclass(frozen=True)
class SkippedOfBoth:
    """What is skipped on both sides."""

    real: list[Skipped]
    fake: list[Skipped]


def gaps(
    match: Match, real: Source, fake: Source, targets: Sequence[str], predictions: Sequence[str], count: int
) -> DataError:
    """The error for targets that lack predictions and for predictions that lack a target."""
    samples = match.samples
    lacking = [index for index in range(len(targets)) if len(match.of_target[index]) != samples]
    names = [targets[index] for index in lacking if index < count]
    uneven = {targets[index]: len(match.of_target[index]) for index in lacking if match.of_target[index]}
    if uneven and not match.foreign:
        return _uneven(uneven, [name for name in names if name not in uneven], samples, fake)
    foreign = [predictions[index] for index in match.foreign]
    return _partial(real, fake, names, foreign, (len(targets) - len(lacking), lacking[0] if lacking else 0))


def without_counterpart(match: Match, real: Source, fake: Source) -> SkippedOfBoth:
    """Targets without all their predictions, and predictions without target or of such a one."""
    samples, skipped = match.samples, SkippedOfBoth([], [])
    for index, found in enumerate(match.of_target):
        if len(found) == samples:
            continue
        number = f"has {len(found)} of {samples} predictions" if found else "has no prediction that can be read"
        skipped.real.append(Skipped(real.name(index), number))
        skipped.fake.extend(Skipped(fake.name(other), f"others of {real.name(index)} are missing") for other in found)
    skipped.fake.extend(Skipped(fake.name(index), "has no target that can be read") for index in match.foreign)
    return skipped


def is_long(
    real: Source, fake: Source, target: int, predictions: Sequence[int], least: int, skipped: SkippedOfBoth
) -> bool:
    """Whether a target and all its predictions are long enough; else they are listed as skipped."""
    short = [index for index in predictions if fake.num_frames(index) < least]
    if real.num_frames(target) >= least and not short:
        return True
    reason = (
        f"prediction {fake.name(short[0])} has {counted(fake.num_frames(short[0]), 'frame')}, a clip needs {least}"
        if short
        else f"has {counted(real.num_frames(target), 'frame')}, a clip needs {least}"
    )
    skipped.real.append(Skipped(real.name(target), reason))
    skipped.fake.extend(
        Skipped(
            fake.name(index),
            f"has {counted(fake.num_frames(index), 'frame')}, a clip needs {least}"
            if index in short
            else f"its target {real.name(target)} was skipped",
        )
        for index in predictions
    )
    return False


def all_short(real: Source, fake: Source, least: int) -> DataError:
    """The error for sides of which no pair has enough frames."""
    longest = max(
        min(
            max(real.num_frames(index) for index in range(len(real))),
            max(fake.num_frames(index) for index in range(len(fake))),
        ),
        1,
    )
    return DataError(
        "all pairs are shorter than the clip",
        expected=f"{least} frames of target and prediction",
        found=f"{longest} at most",
        where=f"{real.label} and {fake.label}",
        fix=f"ask for fewer frames, --frames {longest} or less, or a smaller --stride where it is above 1",
    )


def _uneven(uneven: dict[str, int], without: Sequence[str], samples: int, fake: Source) -> DataError:
    counts = {**uneven, **dict.fromkeys(without, 0)}
    return DataError(
        "videos have different numbers of predictions",
        expected=f"{samples} predictions of each",
        found=first_of([f"{name}: {count}" for name, count in counts.items()]),
        where=fake.label,
        fix="give as many predictions of every video, or remove those that others lack; --on-bad skip skips these "
        "videos and lists them",
    )


def _partial(
    real: Source, fake: Source, lacking: Sequence[str], foreign: Sequence[str], num_whole: tuple[int, int]
) -> DataError:
    """The error for names that agree in part; ``num_whole``: targets that have predictions, and those at the start."""
    num_pairs, num_first = num_whole
    parts = ((lacking, "no prediction of"), (foreign, "no target of"))
    names = "; ".join(f"{what} {first_of(names)}" for names, what in parts if names)
    return DataError(
        "targets and predictions cannot be paired: some names agree and some do not",
        expected=f"one prediction of each video of {real.label}, under the same name; or NAME_0, NAME_1, ... for "
        "several",
        found=f"{counted(len(real), 'target')}, {counted(len(fake), 'prediction')}; {names}",
        where=fake.label,
        fix="name each prediction as its target"
        + (f"; --num-videos {num_first} scores the first {num_first}" if lacking and num_first and not foreign else "")
        + (
            f"; --on-bad skip scores {num_pairs} of {counted(len(real), 'target')} and lists the rest" * bool(num_pairs)
        ),
    )
