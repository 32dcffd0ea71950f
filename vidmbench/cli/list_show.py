"""``vidmbench list`` and ``vidmbench show``: what there is, and one thing whole."""

import json
import shutil
import sys
import textwrap
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from vidmbench.core.errors import UsageError, unknown


class Things(StrEnum):
    """What ``list`` lists."""

    MODELS = "models"
    DATASETS = "datasets"
    PROTOCOLS = "protocols"
    RECIPES = "recipes"
    DETECTORS = "detectors"
    RESULTS = "results"


def _models() -> dict[str, str]:
    from vidmbench.sources.baselines.describe import summary
    from vidmbench.sources.baselines.layouts import baseline_names, load_baseline
    from vidmbench.sources.controls import KINDS

    return {
        "vidm": "the model of the paper, from the checkpoint shipped for the data set",
        "vidm:PATH": "the same, from a training run's folder or a checkpoint file",
        "static-of:vidm": "its frozen twin: the same first frames without any motion; static-of:vidm:PATH too",
        **{f"control:{name}": text for name, text in KINDS.items()},
        **{name: summary(load_baseline(name)) for name in baseline_names()},
        "static-of:LABEL": "the frozen twin of any model, with --samples PATH",
        "LABEL": "any system of your own, with --samples PATH",
    }


def _results() -> dict[str, str]:
    from vidmbench.core import resources
    from vidmbench.records.record import read_records

    records = read_records(resources.results_dir() / "measured", Path("runs"))
    return {record.run_id: f"{record.model} on {record.dataset}" for record in records}


def _listed(things: Things) -> dict[str, str]:
    if things is Things.MODELS:
        return _models()
    if things is Things.RESULTS:
        return _results()
    if things is Things.RECIPES:
        from vidmbench.vidm.recipes import load_recipe, recipe_names

        return {name: load_recipe(name).title for name in recipe_names()}
    from vidmbench.protocols.detector import load_detectors
    from vidmbench.protocols.protocol import load_protocol, protocol_names

    if things is Things.PROTOCOLS:
        return {name: load_protocol(name).note for name in protocol_names()}
    if things is Things.DETECTORS:
        return {name: spec.title for name, spec in load_detectors().items()}
    from vidmbench.sources.datasets.spec import dataset_names, load_dataset

    return {name: load_dataset(name).title for name in dataset_names()}


def list_things(
    things: Annotated[Things, typer.Argument(metavar="WHAT", help="What to list.")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """List what can be named on the command line.

    \b
    Examples:
      vidmbench list protocols
      vidmbench list models
      vidmbench list recipes
      vidmbench list results --json
    """
    found = _listed(things)
    if as_json:
        print(json.dumps(found))
        return
    if not found:
        print(f"no {things.value} yet")
    width = max((len(name) for name in found), default=0)
    for name, text in found.items():
        print(_fitted(f"{name:{width}s}  {text}", indent=width + 2))


def show(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="A protocol, data set, model, detector, recipe or control.")
    ],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """Show one protocol, data set, model, detector, training recipe or control whole.

    \b
    Examples:
      vidmbench show fvd-stylegan-v
      vidmbench show clevrer-mini --json
      vidmbench show stylegan-v
      vidmbench show tiny
      vidmbench show control:static
    """
    kind, content = _found(name)
    if as_json:
        print(json.dumps({"kind": kind, **content}))
        return
    if kind == "model":
        from vidmbench.sources.baselines.describe import page
        from vidmbench.sources.baselines.layouts import load_baseline

        for line in page(load_baseline(name)).splitlines():
            print(_fitted(line, indent=len(line) - len(line.lstrip()) + 2))
        return
    print(f"# {kind}")
    for line in _lines(content):
        indent = len(line) - len(line.lstrip()) + 2
        print(_fitted(line, indent=indent))


def _found(name: str) -> tuple[str, dict[str, Any]]:
    from vidmbench.protocols.detector import load_detectors
    from vidmbench.protocols.protocol import load_protocol, protocol_names
    from vidmbench.sources.baselines.layouts import baseline_names, load_baseline
    from vidmbench.sources.controls import KINDS
    from vidmbench.sources.datasets.spec import dataset_names, load_dataset
    from vidmbench.sources.names import control_label, parse_source
    from vidmbench.vidm.recipes import load_recipe, recipe_names

    if name in protocol_names() or name.endswith(".toml"):
        return "protocol", load_protocol(name).model_dump(mode="json")
    if name in dataset_names():
        return "data set", load_dataset(name).model_dump(mode="json")
    if name in baseline_names():
        return "model", load_baseline(name).model_dump(mode="json")
    if name in load_detectors():
        return "detector", load_detectors()[name].model_dump(mode="json")
    if name in recipe_names():
        return "recipe", load_recipe(name).model_dump(mode="json")
    source = parse_source(name, bare="label")
    if source.kind in ("control", "label") and source.name in KINDS:
        return "control", {"name": control_label(source.name), "what": KINDS[source.name]}
    if source.kind == "vidm" and source.path is None:
        return "model drawn here", {
            "name": name,
            "what": _models()[name],
            "run it": "vidmbench run --model vidm --dataset clevrer-mini",
            "read": "docs/vidm.md",
        }
    own = [*protocol_names(), *dataset_names(), *baseline_names(), *load_detectors(), *recipe_names()]
    raise unknown(
        "name",
        name,
        [*own, *(f"control:{kind}" for kind in KINDS)],
        error=UsageError,
        fix="see them all: vidmbench list protocols|datasets|detectors|recipes|models",
    )


def _lines(content: dict[str, Any], indent: str = "") -> list[str]:
    lines = []
    for key, value in content.items():
        if isinstance(value, dict):
            lines += [f"{indent}{key}:", *_lines(value, indent + "  ")]
        elif value not in (None, "", []):
            lines.append(f"{indent}{key}: {_shown(value)}")
    return lines


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()  # as the TOML file has it
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _fitted(line: str, *, indent: int) -> str:
    """Folded to the terminal's width; left whole for programs that read it through a pipe."""
    if not sys.stdout.isatty():
        return line
    width = max(shutil.get_terminal_size().columns, indent + 20)
    return "\n".join(
        textwrap.wrap(line, width, subsequent_indent=" " * indent, break_long_words=False, drop_whitespace=True)
    )
