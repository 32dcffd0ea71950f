"""Scores from Python: sources in, measurements out; nothing is called back and nothing is written."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from vidmbench.core.arguments import device_name, flag, name_or_path, optional_number, wrong_argument
from vidmbench.core.errors import UsageError
from vidmbench.core.progress import progress_bar
from vidmbench.core.text import first_of
from vidmbench.core.vocabulary import DEFAULT_PROTOCOL, Device, Precision
from vidmbench.evaluation.carry_out import carry_out
from vidmbench.evaluation.choices import Choices
from vidmbench.evaluation.clips import plan_clips
from vidmbench.evaluation.feature_job import FeatureJob, FeatureSet
from vidmbench.evaluation.features import features_of
from vidmbench.evaluation.given import Videos
from vidmbench.evaluation.job import prepare_score
from vidmbench.evaluation.videos import open_source
from vidmbench.records.record import Measurement
from vidmbench.videos.in_memory.declared import Declared, ValueRange

if TYPE_CHECKING:
    import torch


def score(
    real: Videos,
    fake: Videos,
    *,
    value_range: ValueRange | None = None,
    layout: str | None = None,
    protocol: str | Path = DEFAULT_PROTOCOL,
    frames: int | None = None,
    num_videos: int | None = None,
    seed: int = 0,
    context: int | None = None,
    precision: Precision = "fp32",
    device: "Device | torch.device" = "auto",
    progress: bool = False,
) -> Measurement:
    """Scores videos against real ones by one protocol: ``vidmbench score`` in Python.

    Features are cached by content: real videos are computed once, however often this is called.

    Args:
        real: The real videos, see :func:`open_source`: an array or tensor uint8 (video, frame, height, width, 3) or as
            declared, a loader, a data set, a generator, a function (seed, index) -> video, a path, a name.
        fake: The videos to score.
        value_range: The values of black and of white in arrays, such as ``(-1, 1)``; needed for all but uint8. It and
            ``layout`` describe both sides, but for names, sources, and uint8 with the default layout.
        layout: A letter per axis of an array: N video, T frame, C channel, H row, W column, such as ``"NCTHW"``;
            by default ``"NTHWC"``.
        protocol: A protocol's name or file; it must give one number.
        frames: Frames of a clip; None takes the protocol's.
        num_videos: Videos of each side; None takes the protocol's, or the default of a named data set. Of loaders,
            data sets and generators the first ones are taken.
        seed: Seed of every random choice; a function gets it.
        context: Frames at the start of each clip that the model was given: PSNR, SSIM and LPIPS exclude them,
            ``fvd-mcvd``, ``fvd-mcvd-trajectory-mean`` and ``fvd-srvp`` put the targets' own in front of both sides.
            None takes the protocol's.
        precision: ``fp32``, or ``bf16``, which is quicker and less exact.
        device: ``auto``, ``cpu`` or ``cuda``, or a ``torch.device`` of one of these.
        progress: Whether a bar is shown on stderr.

    Returns:
        The number with its interval, counts, signature and notes; ``str()`` of it is fit for a log, ``float()`` is
        the value, ``.scalars()`` a dictionary of floats for a logger.

    Raises:
        VidmbenchError: Anything that cannot work; the message says what to do.
        UsageError: The protocol gives several numbers: :func:`score_all` takes it.

    Example:
        >>> import vidmbench
        >>> fvd = vidmbench.score("dataset:clevrer-mini@test/32", "control:static", frames=16, num_videos=8)
        >>> fvd.metric, fvd.frames, fvd.num_real, fvd.interval_kind
        ('fvd', 16, 8, 'jackknife-8x8-95')
        >>> fvd.interval[0] < fvd.value < fvd.interval[1]
        True
        >>> print(f"{fvd.value:.0f}", fvd.signature_short)
        1590 fvd-vidm-paper.1 t16 s1 n8/8 fp32 #51b0dcd4
        >>> import torch
        >>> outputs = torch.rand(8, 3, 16, 32, 32) * 2 - 1
        >>> noise = vidmbench.score("dataset:clevrer-mini@test/32", outputs, frames=16, num_videos=8,
        ...     value_range=(-1, 1), layout="NCTHW")
        >>> float(noise) > float(fvd)
        True
    """
    progress, num_videos = flag("progress", progress), optional_number("num_videos", num_videos, least=1)
    choices = Choices(
        protocols=(name_or_path("protocol", protocol),),
        frames=() if frames is None else (frames,),
        num_real=num_videos,
        num_fake=num_videos,
        seed=seed,
        context=context,
        precision=precision,
        device=device_name(device),
    )
    _check_one_number(choices, protocol)
    (measurement,) = score_all(real, fake, choices, value_range=value_range, layout=layout, progress=progress)
    return measurement


def _check_one_number(choices: Choices, protocol: str | Path) -> None:
    """Refuses a protocol of several numbers, and a group of protocols, before anything is read or computed."""
    numbers = [name for spec in choices.load_protocols() for name in spec.kind.numbers or (spec.name,)]
    if len(numbers) > 1:
        raise UsageError(
            f"{protocol} gives {len(numbers)} numbers, and score() returns one",
            expected="a protocol of one number",
            found=first_of(list(dict.fromkeys(numbers))),
            fix=f'score_all(real, fake, Choices(protocols=("{protocol}",), ...))',
        )


def score_all(
    real: Videos,
    fake: Videos,
    choices: Choices,
    *,
    value_range: ValueRange | None = None,
    layout: str | None = None,
    progress: bool = False,
) -> list[Measurement]:
    """Scores videos against real ones by several protocols and clip lengths; every video is read once.

    Args:
        real: The real videos, see :func:`open_source`.
        fake: The videos to score.
        choices: Protocols, lengths, counts, seed, and how to compute.
        value_range: See :func:`score`.
        layout: See :func:`score`.
        progress: Whether a bar is shown on stderr.

    Returns:
        The numbers, protocol by protocol and length by length; some protocols give several.

    Raises:
        VidmbenchError: Anything that cannot work.

    Example:
        >>> from vidmbench import Choices, score_all
        >>> choices = Choices(protocols=("fvd-tats", "kvd-tats"), frames=(16,), num_real=8, num_fake=8)
        >>> [each.metric for each in score_all("dataset:clevrer-mini@test/32", "control:static", choices)]
        ['fvd', 'kvd']
    """
    if not isinstance(choices, Choices):
        raise wrong_argument("choices", "Choices(...)", choices)
    declared = Declared.of(value_range, layout)
    with progress_bar(is_shown=flag("progress", progress)) as tick:
        return list(carry_out(prepare_score(real, fake, choices, declared=declared, progress=tick), tick).measurements)


def extract_features(
    videos: Videos,
    *,
    value_range: ValueRange | None = None,
    layout: str | None = None,
    protocol: str | Path = DEFAULT_PROTOCOL,
    frames: int | None = None,
    num_videos: int | None = None,
    is_real: bool = False,
    seed: int = 0,
    precision: Precision = "fp32",
    device: "Device | torch.device" = "auto",
    progress: bool = False,
) -> FeatureSet:
    """What a protocol's network sees in videos: for your own metrics and figures.

    Args:
        videos: See :func:`open_source`.
        value_range: See :func:`open_source`.
        layout: See :func:`open_source`.
        protocol: A protocol's name or file: it says which clips are taken and how they reach the network.
        frames: Frames of a clip; None takes the protocol's.
        num_videos: How many videos; None takes all.
        is_real: Whether clips are chosen as on the protocol's real side (for most, a random window of each video)
            or as on the scored one (for most, the first frames).
        seed: Seed of that choice.
        precision: See :func:`score`.
        device: See :func:`score`.
        progress: Whether a bar is shown on stderr.

    Returns:
        ``features``, float32 (clip, feature), of a network that reads frames (clip, frame, feature); and what was
        ``skipped``.

    Raises:
        VidmbenchError: Anything that cannot work.

    Example:
        >>> from vidmbench import Moments, extract_features, frechet_distance
        >>> real = extract_features("dataset:clevrer-mini@test/32", frames=16, num_videos=8, is_real=True)
        >>> real.features.shape, str(real.features.dtype)
        ((8, 400), 'float32')
        >>> moments = Moments.of(real.features)
        >>> round(frechet_distance(moments, moments, normalisation="n"), 6)
        0.0
    """
    num_videos = optional_number("num_videos", num_videos, least=1)
    is_real, progress = flag("is_real", is_real), flag("progress", progress)
    choices = Choices(
        protocols=(name_or_path("protocol", protocol),),
        frames=() if frames is None else (frames,),
        seed=seed,
        precision=precision,
        device=device_name(device),
    )
    _check_one_network(choices, protocol)
    source = open_source(
        videos, value_range=value_range, layout=layout, num_videos=num_videos, num_frames=frames, seed=seed
    )
    count = len(source) if num_videos is None else num_videos
    (spec,) = replace(choices, num_real=count, num_fake=count).bound_protocols()
    plan = plan_clips(
        [source.name(index) for index in range(len(source))],
        [source.num_frames(index) for index in range(len(source))],
        spec.clips,
        "real" if is_real else "fake",
        seed=spec.statistics.seed,
        short="error",
        label=source.label,
    )
    with progress_bar(is_shown=progress) as tick:
        job = FeatureJob(source, plan, spec.array, choices.precision)
        return features_of([job], device=choices.device, progress=tick)[0]


def _check_one_network(choices: Choices, protocol: str | Path) -> None:
    """Refuses a group of protocols, and one that compares each video with its target: neither has such features."""
    specs = choices.load_protocols()
    if len(specs) > 1 or specs[0].kind.reads_pairs:
        raise UsageError(
            f"{protocol} has no features of single videos",
            expected="a protocol whose network sees each video by itself, such as fvd-tats",
            found="a group of protocols" if len(specs) > 1 else "a protocol that compares each video with its target",
            fix=f'extract_features(videos, protocol="{DEFAULT_PROTOCOL}")',
        )
