"""The option --best-of of commands that score: a table and a file of the best of 1, 2, ... predictions."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vidmbench.cli.option_groups import NumbersOutput
from vidmbench.cli.output import remark, say_text

if TYPE_CHECKING:
    from vidmbench.evaluation.evaluate import Evaluation
    from vidmbench.evaluation.job import Job
    from vidmbench.evaluation.studies.best_of import BestOf


def check_best_of(file: Path | None, jobs: "Sequence[Job]") -> None:
    """Refuses the option where there are no several predictions; before anything is computed.

    Raises:
        UsageError: See :func:`vidmbench.evaluation.studies.best_of.check_several`.
    """
    if file is not None:
        from vidmbench.evaluation.studies.best_of import check_several

        check_several(jobs)


def curves_of(file: Path | None, jobs: "Sequence[Job]", evaluations: "Sequence[Evaluation]") -> "list[BestOf]":
    """The curves of all models and metrics; none where they were not asked for."""
    if file is None:
        return []
    from vidmbench.evaluation.studies.best_of import best_of_numbers

    pairs = zip(jobs, evaluations, strict=True)
    return [curve for job, evaluation in pairs for curve in best_of_numbers(job, evaluation)]


def best_of_json(curves: "Sequence[BestOf]") -> dict[str, Any]:
    """What the JSON object holds of them."""
    if not curves:
        return {}
    from vidmbench.reporting.terminal.best_of import best_of_rows

    return {"best_of": best_of_rows(curves)}


def print_best_of(file: Path | None, curves: "Sequence[BestOf]", output: NumbersOutput) -> None:
    """Prints the table and writes the file.

    Raises:
        ResultError: The file cannot be written.
    """
    if file is None:
        return
    from vidmbench.core.files import write_text
    from vidmbench.reporting.terminal.best_of import best_of_file, best_of_text

    if curves and not output.as_json:
        say_text("\n" + best_of_text(curves))
    write_text(file, best_of_file(curves, file.suffix.lower()))
    remark(f"best of: {file}")
