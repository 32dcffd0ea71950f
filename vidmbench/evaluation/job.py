"""What ``run`` and ``score`` were asked for: resolved, planned, carried out, recorded."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from vidmbench.core.errors import DataError, UsageError
from vidmbench.core.progress import Progress
from vidmbench.evaluation.choices import Choices
from vidmbench.evaluation.evaluate import Evaluation, evaluate
from vidmbench.evaluation.opening import Videos, open_source
from vidmbench.evaluation.plan import Planned, checked_counts, plan
from vidmbench.evaluation.request import request_of
from vidmbench.protocols.protocol import ProtocolSpec
from vidmbench.protocols.stages import MANY_A_VIDEO
from vidmbench.records.environment import environment
from vidmbench.records.record import Measurement, RunRecord
from vidmbench.records.request import RunRequest
from vidmbench.sources.baselines.layouts import baseline_names
from vidmbench.sources.baselines.samples import layouts_of, open_samples
from vidmbench.sources.controls import static_of
from vidmbench.sources.datasets.opening import (
    DatasetSpec,
    open_any,
    open_control,
    open_real,
    parse_dataset,
    spec_of,
    split_of,
)
from vidmbench.sources.names import CONTROL, TWIN
from vidmbench.videos.source import Source, Transformed
from vidmbench.vidm.sampling.opening import is_vidm, load_model, videos_of

if TYPE_CHECKING:
    from vidmbench.vidm.checkpoints.checkpoint import Vidm


@dataclass(frozen=True)
class Job:
    """Two sources and the plans to score them by: all mistakes of the request have been found by now.

    Attributes:
        model: The scored side as the user named it.
        dataset: The real side as the user named it.
        split: Split of the real side, where it has splits.
        real: The real videos.
        fake: The videos to score.
        plans: What will be measured.
        choices: The options.
        request: What the record stores of the request; None where it cannot be repeated from a record.
    """

    model: str
    dataset: str
    split: str | None
    real: Source
    fake: Source
    plans: tuple[Planned, ...]
    choices: Choices
    request: RunRequest | None = None


def prepare_run(
    model: str, dataset: str, choices: Choices, *, samples: str | None = None, layout: str | None = None
) -> Job:
    """Resolves ``vidmbench run``.

    Args:
        model: ``vidm``, ``vidm:PATH``, ``control:NAME``, or any label, which needs ``samples``; ``static-of:`` before
            a VIDM or a label takes its frozen twin.
        dataset: A data set's name or ``folder:PATH``.
        choices: The options.
        samples: Where the model's videos lie.
        layout: How they lie there, see :func:`vidmbench.sources.baselines.samples.layouts_of`; None takes a baseline's
            own.

    Returns:
        The job, ready to be carried out.

    Raises:
        VidmbenchError: Anything about the request that cannot work.
    """
    if not model:
        raise UsageError("the model has no name", expected="a label", found="nothing", where="--model")
    choices.bound_protocols()  # names and numbers first: they cost nothing to check
    request = request_of("run", dataset, model, choices, samples=samples, layout=layout)
    if is_vidm(model.removeprefix(TWIN)):
        return replace(_vidm_job(model, dataset, choices, samples), request=request)
    if layout is not None and (samples is None or model.startswith(CONTROL)):
        raise UsageError(
            "--layout says how --samples lie", found="no --samples", fix="give --samples PATH, or leave it out"
        )
    if not choices.drawing.is_default:
        raise UsageError(
            "--content, --sampler, --steps and --noise are for models that vidmbench draws from itself",
            expected="--model vidm or vidm:PATH",
            found=f"--model {model}",
            fix="leave these options out",
        )
    stage = choices.stage(dataset)
    real, spec = open_real(dataset, on_bad=choices.on_bad, data_root=choices.data_root, stage=stage)
    fake = _open_model(model, dataset, choices, samples, layout)
    is_own = isinstance(fake, Transformed) and model.startswith(CONTROL)
    job = _job(model, dataset, real, fake, spec, choices, fake_is_named=is_own and spec is not None)
    return replace(job, request=request)


def prepare_score(real: Videos, fake: Videos, choices: Choices) -> Job:
    """Resolves ``vidmbench score``: two sources, named as on the command line, or at hand.

    Args:
        real: The real videos, see :func:`vidmbench.evaluation.opening.open_source`.
        fake: The videos to score.
        choices: The options.

    Raises:
        VidmbenchError: Anything about the request that cannot work.
    """
    named = str(real) if isinstance(real, str | Path) else ""
    spec = spec_of(named.removeprefix("dataset:")) if named.startswith("dataset:") else None
    clips = [bound.clips for bound in choices.bound_protocols(spec, is_cropped=False)]
    source = open_source(real, on_bad=choices.on_bad, data_root=choices.data_root)
    other = open_source(
        fake,
        real=real,
        num_videos=max(side.fake.videos or len(source) for side in clips),
        num_frames=max(side.span_of(side.fake) for side in clips),
        seed=choices.seed or 0,
        on_bad=choices.on_bad,
        data_root=choices.data_root,
    )
    job = _job(
        other.label,
        source.label,
        source,
        other,
        spec,
        choices,
        fake_is_named=isinstance(fake, str) and fake.startswith(("dataset:", CONTROL)),
        is_cropped=False,
    )
    has_names = isinstance(real, str | Path) and isinstance(fake, str | Path)
    return replace(job, request=request_of("score", str(real), str(fake), choices) if has_names else None)


def _vidm_job(model: str, dataset: str, choices: Choices, samples: str | None) -> Job:
    if samples is not None:
        raise UsageError(
            "a VIDM draws its videos itself",
            found=f"--model {model} with --samples {samples}",
            fix="leave --samples out, or give the samples another label",
        )
    return vidm_job(load_model(model.removeprefix(TWIN), dataset, choices.device), model, dataset, choices)


def vidm_job(vidm: "Vidm", model: str, dataset: str, choices: Choices) -> Job:
    """A VIDM against a data set, scored at the model's resolution where the data set can be made at it.

    Args:
        vidm: The model.
        model: Its label in the record; with ``static-of:`` before it its frozen twin is scored.
        dataset: A data set's name or ``folder:PATH``.
        choices: The options.

    Raises:
        VidmbenchError: Anything about the request that cannot work.
    """
    real, spec = open_real(
        dataset,
        on_bad=choices.on_bad,
        resolution=vidm.spec.resolution,
        data_root=choices.data_root,
        stage=choices.stage(dataset),
    )
    clips = [bound.clips for bound in choices.bound_protocols(spec)]
    fake: Source = videos_of(
        vidm,
        dataset,
        choices.drawing,
        num_videos=max(side.fake.videos or len(real) for side in clips),
        num_frames=max(side.span_of(side.fake) for side in clips),
        seed=choices.seed or 0,
        data_root=choices.data_root,
    )
    if model.startswith(TWIN):
        fake = static_of(fake)
    return _job(model, dataset, real, fake, spec, choices, fake_is_named=True)


def _open_model(model: str, dataset: str, choices: Choices, samples: str | None, layout: str | None) -> Source:
    if model.startswith(CONTROL):
        if samples is not None:
            raise UsageError(
                "a control has no samples of its own", found=f"--samples {samples}", fix="leave --samples out"
            )
        kind = model.removeprefix(CONTROL)
        return open_control(
            kind,
            dataset,
            on_bad=choices.on_bad,
            seed=choices.seed or 0,
            data_root=choices.data_root,
            stage=choices.stage(dataset),
        )
    label = model.removeprefix(TWIN)
    if samples is None:
        raise UsageError(
            f"the model {label!r} needs its videos",
            expected="vidm, vidm:PATH, control:NAME, or any label together with --samples PATH",
            found=f"--model {model} alone",
            fix=f"vidmbench run --model {model} --samples PATH --dataset {dataset}",
        )
    layouts = layouts_of(label, layout)
    if layouts is None:
        source = open_any(samples, on_bad=choices.on_bad)
        near = get_close_matches(label.lower(), baseline_names(), n=1, cutoff=0.8) if layout is None else []
        if near:
            unread = f"{label} is no system that vidmbench knows, so its files were read as they lie"
            source.notes = (*source.notes, f"{unread}; did you mean {near[0]}?")
    else:
        source = open_samples(layouts, Path(samples).expanduser(), on_bad=choices.on_bad)
    return static_of(source) if model.startswith(TWIN) else source


def _job(
    model: str,
    dataset: str,
    real: Source,
    fake: Source,
    spec: DatasetSpec | None,
    choices: Choices,
    *,
    fake_is_named: bool,
    is_cropped: bool = True,
) -> Job:
    checked_counts(real, fake)
    bare: Literal["drop", "error"] = "drop" if choices.on_bad == "skip" else "error"
    specs = choices.bound_protocols(
        spec, parse_dataset(dataset).resolution if is_cropped else None, is_cropped=is_cropped
    )
    _check_both_counts(real, fake, specs)
    plans = plan(
        real,
        fake,
        specs,
        short_real=None if spec else bare,
        short_fake=None if spec and fake_is_named else bare,
    )
    if spec is None:
        return Job(model=model, dataset=dataset, split=None, real=real, fake=fake, plans=tuple(plans), choices=choices)
    split = parse_dataset(dataset).split or split_of(spec, choices.stage(dataset))
    return Job(model=model, dataset=spec.name, split=split, real=real, fake=fake, plans=tuple(plans), choices=choices)


def _check_both_counts(real: Source, fake: Source, specs: Sequence[ProtocolSpec]) -> None:
    """Where both sides have too few videos, names the count that works for both; one side is the plan's business."""
    for clips in (spec.clips for spec in specs):
        wanted = [side.videos or 0 for side in (clips.real, clips.fake)]
        found = [len(real), len(fake)]
        spans = [(real, clips.span_of(clips.real)), (fake, clips.span_of(clips.fake))]
        has_short = any(source.num_frames(index) < span for source, span in spans for index in range(len(source)))
        many = {clips.real.start, clips.fake.start} & set(MANY_A_VIDEO)
        if not many and found[0] < wanted[0] and found[1] < wanted[1] and not has_short:
            raise DataError(
                "fewer videos than asked for on both sides",
                expected=f"{wanted[0]} real and {wanted[1]} scored videos",
                found=f"{found[0]} and {found[1]}",
                where=f"{real.label} and {fake.label}",
                fix=f"--num-videos {min(found)} works (or --num-real {found[0]} --num-fake {found[1]}); "
                "numbers compare only at equal counts",
            )


def carry_out(job: Job, progress: Progress | None = None) -> Evaluation:
    """Scores a job; see :func:`vidmbench.evaluation.evaluate.evaluate`."""
    choices = job.choices
    return evaluate(
        job.real,
        job.fake,
        job.plans,
        precision=choices.precision,
        device=choices.device,
        on_bad=choices.on_bad,
        progress=progress,
    )


def record_of(job: Job, measurements: Sequence[Measurement], *, command: Sequence[str]) -> RunRecord:
    """The record of a job that was carried out."""
    now = datetime.now(UTC)
    lengths = "+".join(str(length) for length in sorted({item.frames for item in measurements}))
    words = f"{now:%Y%m%dT%H%M%S%fZ}_{job.model}_{Path(job.dataset).name}_t{lengths}_{measurements[0].signature_id}"
    return RunRecord(
        run_id=re.sub(r"[^A-Za-z0-9_.+-]+", "-", words),
        created=now.isoformat(timespec="seconds"),
        model=job.model,
        dataset=job.dataset,
        split=job.split,
        command=tuple(command),
        measurements=tuple(measurements),
        environment=environment(),
        request=job.request,
    )
