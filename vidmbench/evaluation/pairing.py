"""Which prediction belongs to which target."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from vidmbench.core.errors import DataError
from vidmbench.core.text import counted, first_of
from vidmbench.evaluation.pair_gaps import SkippedOfBoth, all_short, gaps, is_long, without_counterpart
from vidmbench.evaluation.pair_names import Match, are_made_up, groups, matches, stem
from vidmbench.sources.controls import StaticBaseline
from vidmbench.videos.pairs import Pair, PairedVideos
from vidmbench.videos.resized import ResizedSource
from vidmbench.videos.source import Skipped, Source
from vidmbench.videos.transformed import Transformed

#: How notes begin that say how pairs were found.
BY_NAME, IN_ORDER = "paired by name", "paired in order"


@dataclass(frozen=True)
class Pairing:
    """Targets and predictions that belong together.

    Attributes:
        videos: The pairs, target by target, the predictions of each next to each other.
        samples: Predictions of each target.
        note: How they were found.
        skipped_real: Targets skipped, because what belongs to them is missing.
        skipped_fake: Predictions skipped.
        notes: What else a reader should know.
    """

    videos: PairedVideos
    samples: int
    note: str
    skipped_real: tuple[Skipped, ...] = ()
    skipped_fake: tuple[Skipped, ...] = ()
    notes: tuple[str, ...] = ()


def paired(
    real: Source,
    fake: Source,
    *,
    wanted: int | None = None,
    least: int = 1,
    is_lenient: bool = False,
    resizes: bool = False,
) -> Pairing:
    """Finds the prediction of every target: by name where the names agree, else by position.

    See :mod:`vidmbench.evaluation.pair_names` for what counts as the same name.

    Args:
        real: The targets.
        fake: The predictions.
        wanted: How many targets, the first ones; None takes all.
        least: Frames that both of a pair must have; shorter ones are skipped with their target.
        is_lenient: Whether targets without predictions, and predictions without targets, are skipped.
        resizes: Whether predictions of another size are resized to that of the targets.

    Returns:
        The pairs.

    Raises:
        DataError: The sides cannot be paired: sizes or counts differ, or names agree in part.
    """
    _check_related(fake)
    notes: tuple[str, ...] = ()
    if real.size != fake.size:
        fake, notes = _resized(real, fake, resizes=resizes)
    targets = [stem(real.name(index)) for index in range(len(real))]
    predictions = [stem(fake.name(index)) for index in range(len(fake))]
    for source, names in ((real, targets), (fake, predictions)):
        _check_unique(source, names)
    count = len(real) if wanted is None else min(wanted, len(real))
    match, by = _found(real, fake, targets, predictions, count)
    samples, skipped = match.samples, SkippedOfBoth([], [])
    if not match.is_whole(count):
        if not is_lenient:
            raise gaps(match, real, fake, targets, predictions, count)
        skipped = without_counterpart(match, real, fake)
    whole = [(index, found) for index, found in enumerate(match.of_target) if len(found) == samples]
    chosen = [each for each in whole if is_long(real, fake, *each, least, skipped)][:count]
    if not chosen:
        raise all_short(real, fake, least)
    pairs = [Pair(index, prediction) for index, found in chosen for prediction in found]
    said = f"{by}: {match.words}" if match.words else by
    note = f"{said}; {samples} predictions of each video" if samples > 1 else said
    return Pairing(PairedVideos(real, fake, pairs), samples, note, tuple(skipped.real), tuple(skipped.fake), notes)


def _check_related(fake: Source) -> None:
    """Refuses what is known to belong to no target, whatever its names."""
    while isinstance(fake, StaticBaseline):
        fake = fake.base
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


def _resized(real: Source, fake: Source, *, resizes: bool) -> tuple[Source, tuple[str, ...]]:
    """The predictions at the targets' size, by the rule of a convention that has one."""
    sizes = [f"{height}x{width}" for height, width in (real.size, fake.size)]
    if resizes:
        note = f"predictions of {sizes[1]} were resized to the targets' {sizes[0]} (height x width), as IRASim does"
        return ResizedSource(fake, real.size), (note,)
    raise DataError(
        "targets and predictions differ in size",
        expected=f"{sizes[0]} (height x width), the size of {real.label}",
        found=f"{sizes[1]} in {fake.label}",
        where=fake.label,
        fix="resize one side before and say how: it moves every full-reference metric; of the published conventions "
        "IRASim's alone has a rule and resizes the predictions: psnr-irasim, ssim-irasim",
    )


def _found(
    real: Source, fake: Source, targets: Sequence[str], predictions: Sequence[str], count: int
) -> tuple[Match, str]:
    """The match, and how it was found."""
    if not (are_made_up(targets) or are_made_up(predictions)):
        found = matches(targets, predictions, count)
        _check_one_reading(found, fake, predictions)
        if found:
            return found[0], BY_NAME
        why = "no names agree"
    else:
        why = "arrays have no names"
    several = groups(predictions)
    for blocks in ([(index,) for index in range(len(fake))], several):
        if blocks and len(blocks) in (len(real), count):
            _check_none_skipped(real, fake)
            lacking: list[tuple[int, ...]] = [()] * (len(real) - len(blocks))
            first = f"first {real.name(0)} with {fake.name(blocks[0][0])}"
            said = "" if are_made_up(targets) and are_made_up(predictions) else f", {first}"
            return Match((*blocks, *lacking), ()), f"{IN_ORDER}, as {why}{said}"
    raise _no_pairs(real, fake, several)


def _check_one_reading(found: Sequence[Match], fake: Source, predictions: Sequence[str]) -> None:
    """Refuses names such as ``0/1`` that are predictions of one target or of another."""
    others = [match for match in found if match.of_target != found[0].of_target]
    if not others or found[0].samples == 1:
        return
    raise DataError(
        "the names of the predictions can be read in two ways",
        expected="names that say which number is the target's and which counts its predictions",
        found=f"{predictions[0]}, {predictions[-1]}",
        where=fake.label,
        fix="call the folders sample_0, sample_1, ... with one file per target in each, or the files NAME_sample0, "
        "NAME_sample1, ...",
    )


def _check_none_skipped(real: Source, fake: Source) -> None:
    skipped = (*real.skipped, *fake.skipped)
    if skipped:
        raise DataError(
            "videos without common names cannot be paired in order once some were skipped",
            expected="all videos of both sides, or the same names on both",
            found=f"{counted(len(skipped), 'video')} skipped: {first_of([video.name for video in skipped])}",
            where=fake.label,
            fix="name each prediction as its target, or repair or remove these videos and their counterparts",
        )


def _no_pairs(real: Source, fake: Source, several: Sequence[tuple[int, ...]]) -> DataError:
    found = f"{counted(len(real), 'target')}, {counted(len(fake), 'prediction')}"
    if several:
        found += f", {len(several[0])} each of {len(several)} videos"
    first = f", as with --num-videos {len(fake)}" if len(fake) < len(real) else ""
    if all(are_made_up([source.name(0)]) for source in (real, fake)):
        return DataError(
            "targets and predictions cannot be paired: arrays have no names, and the counts differ",
            expected="as many predictions as targets; or a second axis for several of each: (N, S, T, H, W, C)",
            found=found,
            where=fake.label,
            fix=f"give both sides equal counts{first}",
        )
    return DataError(
        "targets and predictions cannot be paired: no names agree, and the counts differ",
        expected=f"one prediction of each video of {real.label}, under the same name; or NAME_0, NAME_1, ... (NAME/0, "
        "0/NAME) for several",
        found=f"{found}; targets such as {real.name(0)}, predictions such as {fake.name(0)}",
        where=fake.label,
        fix="name each prediction as its target; sides without common names are paired in order if they have "
        f"equal counts{first}",
    )


def _check_unique(source: Source, names: Sequence[str]) -> None:
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise DataError(
            "two videos have one name",
            expected="names that differ in more than their extension",
            found=first_of(twice),
            where=source.label,
            fix="rename one of them: targets and predictions are paired by name",
        )
