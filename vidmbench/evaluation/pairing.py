"""Which prediction belongs to which target."""

import os.path
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from vidmbench.core.errors import DataError
from vidmbench.core.text import counted
from vidmbench.videos.pairs import Pair, PairedVideos
from vidmbench.videos.source import Source
from vidmbench.videos.transformed import Transformed

# name_0.mp4, name-sample3.png, name/7: predictions of one video.
_NUMBERED = re.compile(r"^(?P<target>.+?)[/_-](?:samples?|preds?|predictions?|s|p)?[_-]?(?P<number>\d+)$")
_SHOWN = 3


@dataclass(frozen=True)
class Pairing:
    """Targets and predictions that belong together.

    Attributes:
        videos: The pairs, target by target.
        samples: Predictions of each target.
        note: How they were found.
    """

    videos: PairedVideos
    samples: int
    note: str


def paired(real: Source, fake: Source) -> Pairing:
    """Finds the prediction of every target: by name where the names agree, else by position.

    Names are compared without their extension, and without a beginning and an ending that all names of a side share.
    ``NAME_0`` to ``NAME_9`` and ``NAME/0`` to ``NAME/9`` are predictions of ``NAME``.

    Args:
        real: The targets.
        fake: The predictions.

    Returns:
        The pairs.

    Raises:
        DataError: The sides cannot be paired: sizes or counts differ, or names agree in part.
    """
    _check_related(fake)
    if real.size != fake.size:
        raise DataError(
            "targets and predictions differ in size",
            expected=f"{real.size[0]}x{real.size[1]} (height x width), the size of {real.label}",
            found=f"{fake.size[0]}x{fake.size[1]} in {fake.label}",
            where=fake.label,
            fix="resize one side before: how that is done moves every full-reference metric",
        )
    targets = [_stem(real.name(index)) for index in range(len(real))]
    predictions = [_stem(fake.name(index)) for index in range(len(fake))]
    for source, names in ((real, targets), (fake, predictions)):
        _check_unique(source, names)
    found = (
        _by_name(targets, predictions, "name")
        or _by_name(_bare(targets), _bare(predictions), "name without what all names of a side share")
        or _by_number(targets, predictions)
    )
    if found is None:
        found = _by_position(real, fake, targets, predictions)
    pairs, samples, note = found
    return Pairing(PairedVideos(real, fake, pairs), samples, note)


def _check_related(fake: Source) -> None:
    """Refuses what is known to belong to no target, whatever its names."""
    if fake.is_sampled:
        raise DataError(
            "these samples were not predicted from the real videos",
            expected="predictions: videos that were to equal the real ones",
            found="a model that samples videos without having seen the real ones",
            where=fake.label,
            fix="score it with a protocol that compares distributions, such as fvd-vidm-paper",
        )
    if isinstance(fake, Transformed) and not fake.is_paired:
        raise DataError(
            "this control is made from other videos than the real ones",
            expected="a control made from the videos it is compared with",
            found=f"one made from {fake.base.label}",
            where=fake.label,
            fix="score full-reference protocols (psnr-..., ssim-..., lpips-...) in a run of their own",
        )


_Found = tuple[list[Pair], int, str]


def _by_name(targets: Sequence[str], predictions: Sequence[str], what: str) -> _Found | None:
    place = {name: index for index, name in enumerate(predictions)}
    if set(targets) != set(place) or len(place) != len(predictions):
        return None
    return [Pair(index, place[name]) for index, name in enumerate(targets)], 1, f"paired by {what}"


def _by_number(targets: Sequence[str], predictions: Sequence[str]) -> _Found | None:
    """Several predictions of each target."""
    matches = [_NUMBERED.match(name) for name in predictions]
    of_target: dict[str, list[tuple[int, int]]] = {}
    for index, match in enumerate(matches):
        if match is None:
            return None
        of_target.setdefault(match["target"], []).append((int(match["number"]), index))
    if set(of_target) != set(targets):
        return None
    counts = {name: len(found) for name, found in of_target.items()}
    few, many = min(counts.values()), max(counts.values())
    if few != many:
        short = [name for name in targets if counts[name] != many]
        raise DataError(
            "videos have different numbers of predictions",
            expected=f"{many} predictions of each",
            found=", ".join(f"{name}: {counts[name]}" for name in short[:_SHOWN]) + _more(short),
            fix="give as many predictions of every video, or remove those that others lack",
        )
    pairs = [Pair(index, fake) for index, name in enumerate(targets) for _, fake in sorted(of_target[name])]
    return pairs, many, f"paired by name, {many} predictions of each video"


def _by_position(real: Source, fake: Source, targets: Sequence[str], predictions: Sequence[str]) -> _Found:
    shared = set(targets) & set(predictions)
    if shared or len(real) != len(fake):
        lacking = [name for name in targets if name not in shared]
        foreign = [name for name in predictions if name not in shared]
        found = f"{counted(len(real), 'target')}, {counted(len(fake), 'prediction')}"
        if shared:
            parts = ((lacking, "no prediction of"), (foreign, "no target of"))
            found += "; " + "; ".join(
                f"{what} {', '.join(names[:_SHOWN])}{_more(names)}" for names, what in parts if names
            )
        raise DataError(
            "targets and predictions cannot be paired",
            expected=f"one prediction of each video of {real.label}, under the same name; or NAME_0, NAME_1, ... for "
            "several",
            found=found,
            where=fake.label,
            fix="name each prediction as its target; sides without common names are paired in order if they have "
            "equal counts",
        )
    return [Pair(index, index) for index in range(len(real))], 1, "paired in order: no names agree"


def _stem(name: str) -> str:
    return os.path.splitext(name)[0]


def _bare(names: Sequence[str]) -> list[str]:
    """Names without the beginning and the ending that all of them share; digits stay whole."""
    if len(names) < 2:
        return list(names)
    start = re.sub(r"\d+$", "", _common_start(names))
    rest = [name[len(start) :] for name in names]
    end = re.sub(r"^\d+", "", _common_start([name[::-1] for name in rest])[::-1])
    return [name[: len(name) - len(end)] if end else name for name in rest]


def _common_start(texts: Sequence[str]) -> str:
    first, last = min(texts), max(texts)  # in alphabetical order: what these two share, all share
    length = next(
        (place for place, pair in enumerate(zip(first, last, strict=False)) if pair[0] != pair[1]), len(first)
    )
    return first[:length]


def _check_unique(source: Source, names: Sequence[str]) -> None:
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise DataError(
            "two videos have one name",
            expected="names that differ in more than their extension",
            found=", ".join(twice[:_SHOWN]) + _more(twice),
            where=source.label,
            fix="rename one of them: targets and predictions are paired by name",
        )


def _more(names: Sequence[str]) -> str:
    return f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
