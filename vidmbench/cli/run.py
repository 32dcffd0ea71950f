"""``vidmbench run`` and ``vidmbench score``."""

import shlex
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from vidmbench.cli import completion
from vidmbench.cli.best_of import best_of_json, check_best_of, curves_of, print_best_of
from vidmbench.cli.groups import spread
from vidmbench.cli.option_groups import ClipOptions, ComputeOptions, ReadingOptions, ScoresOutput, VidmOptions
from vidmbench.cli.options import OUTPUT_PANEL, Fake, MoreFakes, ProtocolNames, Real, RecordOut
from vidmbench.cli.output import (
    check_existing,
    command_line,
    exit_without_value,
    print_cached,
    print_measurements,
    print_plan,
    print_refused,
    refused_json,
    remark,
    say_text,
    write_record_to,
)
from vidmbench.cli.parsing import check_table_file, choices_from
from vidmbench.cli.refusals import checked_request, dataset_check, model_check, source_check
from vidmbench.cli.sharing import SharingOptions
from vidmbench.core.progress import frames_bar, progress_bar

# What is written beside each other, and what the last lines call it.
_WRITTEN = {"record": "record", "picture": "figure"}


@spread
def run(
    *,
    model: Annotated[
        str,
        typer.Option(
            autocompletion=completion.models,
            metavar="M",
            help="vidm, vidm:RUN, control:NAME, any label with --samples; static-of:M is M's static baseline.",
        ),
    ],
    dataset: Annotated[
        str,
        typer.Option(
            autocompletion=completion.datasets,
            metavar="D",
            help="A data set's name, NAME@SPLIT, NAME/PIXELS, folder:PATH, or pack:FILE.",
        ),
    ],
    samples: Annotated[
        str | None, typer.Option(metavar="PATH", help="The model's videos, as its own code wrote them.")
    ] = None,
    layout: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|FILE",
            help="How --samples is organised: a layout of the model, BASELINE[:LAYOUT], a TOML file, or plain.",
            show_default="the first of the model's that fits",
        ),
    ] = None,
    protocol: ProtocolNames = None,
    clips: ClipOptions,
    compute: ComputeOptions,
    sharing: SharingOptions,
    reading: ReadingOptions,
    vidm: VidmOptions,
    out: Annotated[
        Path, typer.Option(metavar="DIR", help="Folder for the record and the figure.", rich_help_panel=OUTPUT_PANEL)
    ] = Path("runs"),
    output: ScoresOutput,
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
    from vidmbench.evaluation.carry_out import carry_out, record_of
    from vidmbench.evaluation.job import prepare_run
    from vidmbench.records.record import write_new_record
    from vidmbench.sources.names import is_pack

    part = sharing.part(compute.device)
    shown = part.shows_progress(output.shows_progress)
    with frames_bar(is_shown=shown) as on_frame, progress_bar(is_shown=shown) as progress:
        make = partial(choices_from, clips, compute, reading, sampling=vidm.sampling(on_frame), real=dataset)
        sources = model_check(model, samples), dataset_check(dataset)
        choices = checked_request(make, clips=clips, protocols=protocol, sources=sources, out=out)
        check_table_file(output.best_of, "--best-of")
        job = prepare_run(model, dataset, choices, samples=samples, layout=layout)
        check_best_of(output.best_of, [job])
        if output.dry_run:
            check_existing(out)
            if not part.is_silent:
                print_plan(job, as_json=output.as_json)
            return
        out = checked_output(out)
        if part.ends_here([job], progress, as_json=output.as_json):
            return
        evaluation = carry_out(job, progress)
    curves = curves_of(output.best_of, [job], [evaluation])
    print_cached(evaluation, output=output)

    from vidmbench.reporting.plots.contact_sheet import contact_sheet, save_figure

    measurements = evaluation.measurements
    record = record_of(job, measurements, command=command_line())
    files: dict[str, str] = {}
    try:
        record, path = write_new_record(record, out)
        files["record"] = str(path)
        if not is_pack(dataset):
            figure = path.with_suffix(".png")
            save_figure(contact_sheet(job.real, job.fake, job.plans[0], measurements[0]), figure)
            files["picture"] = str(figure)
        else:
            remark("figure:  none, a pack holds no pixels")
    finally:  # a number is printed even where its record or its picture cannot be written
        print_measurements(
            [record], output, files=files, more={**refused_json(evaluation.refused), **best_of_json(curves)}
        )
        print_refused(evaluation.refused)
        print_best_of(output.best_of, curves, output)
        remark(*(f"{label}:  {files[key]}" for key, label in _WRITTEN.items() if key in files))
    if not output.as_json:
        remark(f"next:    vidmbench table --runs {shlex.quote(str(out))} --format latex")
    exit_without_value(measurements)


@spread
def score(
    real: Real,
    fake: Fake,
    more: MoreFakes = None,
    *,
    repeat_of: Annotated[
        str | None,
        typer.Option(
            metavar="MODEL",
            help="FAKE and MORE are runs of this model with different seeds: also print their mean, with an interval "
            "for other seeds and other videos; --out records it beside the runs. For psnr, ssim and lpips.",
        ),
    ] = None,
    second_take: Annotated[
        str | None,
        typer.Option(
            metavar="TAKE",
            help="REAL's scenes filmed again, for the score of physics-iq, which is relative to how well both agree.",
        ),
    ] = None,
    protocol: ProtocolNames = None,
    clips: ClipOptions,
    compute: ComputeOptions,
    sharing: SharingOptions,
    reading: ReadingOptions,
    out: RecordOut = None,
    output: ScoresOutput,
) -> None:
    """Score videos of one model or more against real ones; no record is written unless --out is given.

    \b
    Examples:
      vidmbench score REAL FAKE --protocol fvd-stylegan-v --frames 16 --num-videos 48
      vidmbench score REAL A B C --protocol fvd-vidm-paper,prdc-i3d --frames 16,64 --num-videos 48
      vidmbench score REAL SEED-0 SEED-1 SEED-2 --repeat-of my-model --protocol lpips-alex
      vidmbench score dataset:clevrer-mini@test control:blurred --frames 16 --num-videos 32
    """
    from vidmbench.core.files import checked_output
    from vidmbench.evaluation.carry_out import carry_out_all, record_of
    from vidmbench.evaluation.job import prepare_scores
    from vidmbench.evaluation.studies.second_take import check_second_take, with_scores
    from vidmbench.evaluation.studies.seeds import check_runs, record_of_runs, runs_of_model
    from vidmbench.reporting.studies.seeds import runs_json, runs_text

    part = sharing.part(compute.device)
    make = partial(choices_from, clips, compute, reading, real=real)
    takes = [] if second_take is None else [second_take]
    sources = [source_check(real, is_real=True), *(source_check(text) for text in (fake, *(more or ()), *takes))]
    choices = checked_request(make, clips=clips, protocols=protocol, sources=sources, out=out)
    with progress_bar(is_shown=part.shows_progress(output.shows_progress)) as progress:
        check_table_file(output.best_of, "--best-of")
        jobs = prepare_scores(real, [fake, *(more or ())], choices)
        check_best_of(output.best_of, jobs)
        if repeat_of is not None:
            check_runs(repeat_of, jobs)
        models = len(jobs)
        if second_take is not None:
            jobs += prepare_scores(real, [second_take], choices)
            check_second_take(jobs)
        if output.dry_run:
            if not part.is_silent:
                print_plan(*jobs, as_json=output.as_json)
            return
        if out is not None:
            out = checked_output(out)
        if part.ends_here(jobs, progress, as_json=output.as_json):
            return
        evaluations = carry_out_all(jobs, progress)
    jobs, take = jobs[:models], evaluations[-1]
    evaluations = evaluations[:models]
    curves = curves_of(output.best_of, jobs, evaluations)
    if second_take is not None:
        evaluations = [with_scores(each, take) for each in evaluations]
    print_cached(*evaluations, output=output)
    records = [
        record_of(job, evaluation.measurements, command=command_line())
        for job, evaluation in zip(jobs, evaluations, strict=True)
    ]
    refused = list(dict.fromkeys(each for evaluation in evaluations for each in evaluation.refused))
    runs = [] if repeat_of is None else runs_of_model(evaluations)
    summary = {} if repeat_of is None else {"repeat_of": runs_json(repeat_of, runs)}
    print_measurements(records, output, more={**refused_json(refused), **best_of_json(curves), **summary})
    if repeat_of is not None and runs and not output.as_json:
        say_text(f"\n{runs_text(repeat_of, runs)}")
    print_refused(refused)
    print_best_of(output.best_of, curves, output)
    if repeat_of is not None and runs:
        records.append(record_of_runs(repeat_of, jobs, runs, command=command_line()))
    write_record_to(out, *records)
    if out is None and not (output.as_json or output.is_quiet):
        remark("keep this: --out DIR" if output.is_verbose else "signature in full: -v     keep this: --out DIR")
    exit_without_value([item for record in records for item in record.measurements])
