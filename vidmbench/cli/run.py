"""``vidmbench run`` and ``vidmbench score``."""

import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from vidmbench.cli.options import (
    BatchSize,
    ContentFrom,
    DataRoot,
    DeviceName,
    DevicePick,
    DryRun,
    Frames,
    Json,
    Noise,
    NumFake,
    NumReal,
    NumVideos,
    OnBad,
    OnBadPick,
    PrecisionName,
    PrecisionPick,
    ProtocolNames,
    SamplerName,
    Seed,
    Steps,
    Stride,
    choices_from,
)
from vidmbench.core.progress import frames_bar, progress_bar


def run(
    model: Annotated[
        str,
        typer.Option(
            metavar="M", help="vidm, vidm:RUN, control:NAME, any label with --samples; static-of:M is M's frozen twin."
        ),
    ],
    dataset: Annotated[
        str, typer.Option(metavar="D", help="A data set's name, NAME@SPLIT, NAME/PIXELS, or folder:PATH.")
    ],
    samples: Annotated[
        str | None, typer.Option(metavar="PATH", help="The model's videos, as its own code wrote them.")
    ] = None,
    layout: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|FILE",
            help="How --samples lie: a layout of the model, BASELINE[:LAYOUT], a TOML file, or plain.",
            show_default="the first of the model's that fits",
        ),
    ] = None,
    frames: Frames = None,
    protocol: ProtocolNames = None,
    stride: Stride = None,
    num_videos: NumVideos = None,
    num_real: NumReal = None,
    num_fake: NumFake = None,
    seed: Seed = None,
    precision: PrecisionName = PrecisionPick.fp32,
    device: DeviceName = DevicePick.auto,
    data_root: DataRoot = None,
    on_bad: OnBad = OnBadPick.stop,
    content: ContentFrom = None,
    sampler: SamplerName = None,
    steps: Steps = None,
    noise: Noise = None,
    batch_size: BatchSize = 16,
    out: Annotated[
        Path, typer.Option(metavar="DIR", help="Folder for the record and the picture.", rich_help_panel="Output")
    ] = Path("runs"),
    as_json: Json = False,
    dry_run: DryRun = False,
) -> None:
    """The main job: score a model against a data set, write a record, print the row.

    \b
    Examples:
      vidmbench run --model control:static --dataset clevrer-mini --frames 16
      vidmbench run --model vidm --dataset clevrer-mini --frames 16 --num-videos 32
      vidmbench run --model my-gan --samples DIR --dataset folder:REAL --frames 16 --num-videos 48
      vidmbench run --model control:real --dataset clevrer-mini --frames 16,32 --num-videos 64
    """
    from vidmbench.core.files import checked_output
    from vidmbench.evaluation.job import carry_out, prepare_run, record_of
    from vidmbench.vidm.sampling.opening import SamplingOptions

    with frames_bar() as on_frame, progress_bar() as progress:
        drawing = SamplingOptions(
            content, sampler.value if sampler else None, steps, noise.value if noise else None, batch_size, on_frame
        )
        choices = choices_from(
            protocol,
            frames,
            stride,
            num_videos,
            num_real,
            num_fake,
            seed,
            precision,
            device,
            on_bad,
            data_root,
            drawing,
        )
        job = prepare_run(model, dataset, choices, samples=samples, layout=layout)
        if dry_run:
            _check_output(out)
            show_plan(job, as_json=as_json)
            return
        out = checked_output(out)
        measurements = carry_out(job, progress)

    from vidmbench.records.record import write_record
    from vidmbench.reporting.plots.contact_sheet import contact_sheet, save_figure

    record = record_of(job, measurements, command=["vidmbench", *sys.argv[1:]])
    path = write_record(record, out)
    picture = out / f"{record.run_id}.png"
    save_figure(contact_sheet(job.real, job.fake, job.plans[0], measurements[0]), picture)
    report(record, measurements, as_json=as_json, files={"record": str(path), "picture": str(picture)})
    print(f"record:  {path}\npicture: {picture}", file=sys.stderr)
    end_with(measurements)


def score(
    real: Annotated[str, typer.Argument(metavar="REAL", help="A folder, zip, npy or npz; or dataset:NAME@SPLIT.")],
    fake: Annotated[str, typer.Argument(metavar="FAKE", help="The same, or control:NAME made from REAL.")],
    frames: Frames = None,
    protocol: ProtocolNames = None,
    stride: Stride = None,
    num_videos: NumVideos = None,
    num_real: NumReal = None,
    num_fake: NumFake = None,
    seed: Seed = None,
    precision: PrecisionName = PrecisionPick.fp32,
    device: DeviceName = DevicePick.auto,
    data_root: DataRoot = None,
    on_bad: OnBad = OnBadPick.stop,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Also write a record into this folder.", rich_help_panel="Output"),
    ] = None,
    as_json: Json = False,
    dry_run: DryRun = False,
) -> None:
    """Score one source against another, without names and without a record unless --out is given.

    \b
    Examples:
      vidmbench score REAL FAKE --protocol fvd-stylegan-v --frames 16 --num-videos 48
      vidmbench score dataset:clevrer-mini@test control:blurred --frames 16 --num-videos 32
    """
    from vidmbench.core.files import checked_output
    from vidmbench.evaluation.job import carry_out, prepare_score, record_of

    choices = choices_from(
        protocol, frames, stride, num_videos, num_real, num_fake, seed, precision, device, on_bad, data_root
    )
    job = prepare_score(real, fake, choices)
    if dry_run:
        _check_output(out)
        show_plan(job, as_json=as_json)
        return
    if out is not None:
        out = checked_output(out)
    with progress_bar() as progress:
        measurements = carry_out(job, progress)
    record = record_of(job, measurements, command=["vidmbench", *sys.argv[1:]])
    if out is not None:
        from vidmbench.records.record import write_record

        print(f"record:  {write_record(record, out)}", file=sys.stderr)
    report(record, measurements, as_json=as_json)
    end_with(measurements)


def _check_output(out: Path | None) -> None:
    """What a dry run can say about the output folder without making it."""
    from vidmbench.core.files import checked_output

    if out is not None and out.exists():
        checked_output(out)


def report(
    record: Any,
    measurements: Sequence[Any],
    *,
    as_json: bool,
    files: dict[str, str] | None = None,
    table: Callable[[Sequence[Any]], Any] | None = None,
    more: dict[str, Any] | None = None,
) -> None:
    """The rows and their signatures on stdout, or one JSON object and nothing else.

    Args:
        record: The record of the run.
        measurements: Its numbers.
        as_json: Whether JSON is wanted.
        files: What was written, by kind.
        table: Makes the rows; None for those of a run.
        more: What else the JSON object holds.
    """
    if as_json:
        content = [measurement.model_dump(mode="json") for measurement in measurements]
        named = {"run_id": record.run_id, "model": record.model, "dataset": record.dataset, **(files or {})}
        several = {"measurements": content} if len(content) > 1 else {}
        print(json.dumps({**content[0], **named, **several, **(more or {})}, allow_nan=False))
    else:
        from vidmbench.reporting.tables.build import measurement_rows

        print((table or measurement_rows)([record]).to_markdown(), end="")
    # Several protocols and lengths often share a note or a list of videos left out: each is said once.
    notes = dict.fromkeys(warning for measurement in measurements for warning in measurement.warnings)
    for note in notes:
        print(f"note: {note}", file=sys.stderr)
    sides = dict.fromkeys((side.label, side.skipped) for one in measurements for side in (one.real, one.fake))
    for label, skipped in sides:
        if skipped:
            print(f"left out of {label}: {_counted(len(skipped), 'video')}", file=sys.stderr)
            for name, reason in skipped[:10]:
                print(f"  {name}: {reason}", file=sys.stderr)
            if len(skipped) > 10:
                print(f"  and {len(skipped) - 10} more; --json and records list all", file=sys.stderr)


def _counted(count: int, word: str) -> str:
    return f"{count} {word}" + ("" if count == 1 else "s")


def show_plan(job: Any, *, as_json: bool) -> None:
    """What would be done, without doing it."""
    from vidmbench.evaluation.evaluate import planned_engine, planned_notes, planned_signature

    choices = job.choices
    signatures = [planned_signature(item, job.real, job.fake, choices.precision) for item in job.plans]
    noted = [note for item in job.plans for note in planned_notes(item, job.real, job.fake)]
    engines = dict.fromkeys(planned_engine(choices.device, item.spec.array.detector) for item in job.plans)
    plans = [
        {
            "protocol": item.spec.name,
            "frames": item.spec.clips.frames,
            "stride": item.spec.clips.stride,
            "num_real": len(item.real.clips),
            "num_fake": len(item.fake.clips),
            "signature": signature.long,
            "signature_id": signature.id,
            "protocol_spec": item.spec.model_dump(mode="json"),
        }
        for item, signature in zip(job.plans, signatures, strict=True)
    ]
    content = {
        "dry_run": True,
        "model": job.model,
        "dataset": job.dataset,
        "real": f"{job.real.label} ({_counted(len(job.real), 'video')})",
        "fake": f"{job.fake.label} ({_counted(len(job.fake), 'video')})",
        "engine": ", ".join(engines),
        "precision": choices.precision,
        "notes": list(dict.fromkeys([*noted, *_missing_weights(job)])),
        "measurements": plans,
    }
    if as_json:
        print(json.dumps(content))
        return
    print("dry run: nothing was scored or written. The plan:")
    for key, word in (("real", "real"), ("fake", "scored"), ("engine", "engine"), ("precision", "precision")):
        print(f"  {word + ':':10s} {content[key]}")
    for note in content["notes"]:
        print(f"  note: {note}")
    for plan in plans:
        print(
            f"\n  {plan['protocol']}: {plan['num_real']} real and {plan['num_fake']} scored clips of "
            f"{plan['frames']} frames, stride {plan['stride']}\n    {plan['signature']}  #{plan['signature_id']}"
        )


def _missing_weights(job: Any) -> list[str]:
    """What would stop the run that a dry run does not load."""
    from vidmbench.detectors.weights_local import identity
    from vidmbench.protocols.detector import load_detector

    names = dict.fromkeys(item.spec.array.detector for item in job.plans)
    lacking = [detector.name for detector in map(load_detector, names) if identity(detector) == "?"]
    return [
        f"the weights of {name} are not on this machine, and the run would stop (vidmbench weights status)"
        for name in lacking
    ]


def end_with(measurements: Sequence[Any]) -> None:
    """A measurement without a value is a failure of the command, though its record was written."""
    failed = [measurement for measurement in measurements if measurement.status != "ok"]
    said = [f"error: {measurement.protocol} has no value: {measurement.reason}" for measurement in failed]
    for line in dict.fromkeys(said):
        print(line, file=sys.stderr)
    if failed:
        raise typer.Exit(2)
