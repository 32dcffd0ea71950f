"""What can be named on the command line: lists of it, and one declaration whole."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vidmbench.core import resources
from vidmbench.core.errors import UsageError, unknown
from vidmbench.core.vocabulary import PROTOCOL_GROUPS, CatalogueKind
from vidmbench.sources.control_kinds import KINDS
from vidmbench.sources.names import baseline_names, control_label, parse_source

if TYPE_CHECKING:
    from vidmbench.records.record import FoundRecords

# A list imports what it lists and nothing else: it is there at once.


def catalogue(kind: CatalogueKind) -> dict[str, str]:
    """Everything of one kind: names, each with one line of text.

    Args:
        kind: Of what.
    """
    lists: dict[CatalogueKind, Callable[[], dict[str, str]]] = {
        "models": _models,
        "datasets": _datasets,
        "protocols": _protocols,
        "recipes": _recipes,
        "detectors": _detectors,
        "results": _results,
    }
    return lists[kind]()


def found_results() -> "FoundRecords":
    """The records of results/measured and ./runs."""
    from vidmbench.records.record import find_records

    return find_records(resources.results_dir() / "measured", Path("runs"))


def declaration(name: str) -> tuple[str, dict[str, Any]]:
    """One thing whole.

    Args:
        name: A protocol, data set, model, detector, recipe or control; or a protocol's or detector's TOML file.

    Returns:
        What it is, and its declaration.

    Raises:
        UsageError: Nothing has this name.
        ProtocolError: The file is not a valid protocol.
    """
    if name in PROTOCOL_GROUPS:
        from vidmbench.protocols.protocol import members

        return "group of protocols", {"name": name, "what": PROTOCOL_GROUPS[name], "members": list(members(name))}
    if name in resources.declared_names("metrics") or name.endswith(".toml"):
        from vidmbench.protocols.protocol import load_protocol

        if _declares_detector(name):
            from vidmbench.protocols.detector import load_detector

            return "detector", load_detector(name).model_dump(mode="json")
        spec = load_protocol(name)
        content = spec.model_dump(mode="json")
        start = {key: content.pop(key) for key in ("name", "version", "metric")}
        return "protocol", {**start, "family": spec.family, **content, "weights": _weights(spec.array.detector)}
    if name in resources.declared_names("datasets"):
        from vidmbench.sources.datasets.spec import load_dataset

        return "data set", load_dataset(name).model_dump(mode="json")
    if name in baseline_names():
        from vidmbench.sources.baselines.layouts import load_baseline

        return "model", load_baseline(name).model_dump(mode="json")
    if name in resources.declared_names("recipes"):
        from vidmbench.vidm.recipes import load_recipe

        return "recipe", load_recipe(name).model_dump(mode="json")
    from vidmbench.protocols.detector import load_detectors

    if name in load_detectors():
        return "detector", load_detectors()[name].model_dump(mode="json")
    source = parse_source(name, bare="label")
    if source.kind in ("control", "label") and source.name in KINDS:
        return "control", {"name": control_label(source.name), "what": KINDS[source.name]}
    if source.kind == "vidm" and source.path is None:
        return "model sampled here", {
            "name": name,
            "what": _models()[name],
            "run it": "vidmbench run --model vidm --dataset clevrer-mini",
            "read": "docs/vidm.md",
        }
    files = [*resources.declared_names("metrics"), *resources.declared_names("datasets"), *baseline_names()]
    names = [*PROTOCOL_GROUPS, *files, *load_detectors(), *resources.declared_names("recipes")]
    raise unknown(
        "name",
        name,
        [*names, *(control_label(kind) for kind in KINDS)],
        error=UsageError,
        fix="see them all: vidmbench list protocols|datasets|detectors|recipes|models",
    )


def _declares_detector(name: str) -> bool:
    """Whether a name is that of a detector's TOML file, not of a protocol's."""
    if not name.endswith(".toml") or not Path(name).is_file():
        return False
    from vidmbench.core.json_toml import read_toml

    return "measures" in read_toml(Path(name))


def _weights(detector: str) -> dict[str, Any] | None:
    """What a protocol's network needs: which file, how large, where it is published, under which licence."""
    from vidmbench.detectors.weights_local import command_for
    from vidmbench.protocols.detector import load_detector

    spec = load_detector(detector)
    if not spec.weights_file:
        return None
    keys = ("weights_file", "download", "weights_sha256", "licence", "published")
    content = spec.model_dump(mode="json", include=set(keys))
    found = {"name": spec.owner, **{key: content[key] for key in keys}}
    return found if spec.folder is not None else {**found, "command": command_for(spec)}


def declaration_lines(content: dict[str, Any], indent: str = "") -> list[str]:
    """A declaration as lines ``key: value``, indented by depth; empty and constant values are omitted.

    Args:
        content: From :func:`declaration`.
        indent: Before each line.
    """
    from vidmbench.protocols.stages import CONSTANT_FIELDS

    lines = []
    for key, value in content.items():
        if isinstance(value, dict):
            lines += [f"{indent}{key}:", *declaration_lines(value, indent + "  ")]
        elif key == "weights_sha256" and value is None and content.get("weights_file"):
            lines.append(f"{indent}{key}: none published")
        elif value not in (None, "", []) and key not in CONSTANT_FIELDS:
            lines.append(f"{indent}{key}: {_text(value)}")
    return lines


def _text(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()  # as the TOML file has it
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _datasets() -> dict[str, str]:
    from vidmbench.sources.datasets.spec import dataset_names, load_dataset

    return {name: load_dataset(name).title for name in dataset_names()}


def _protocols() -> dict[str, str]:
    from vidmbench.protocols.protocol import load_protocol, protocol_names

    return {name: load_protocol(name).note for name in protocol_names()}


def _recipes() -> dict[str, str]:
    from vidmbench.vidm.recipes import load_recipe, recipe_names

    return {name: load_recipe(name).title for name in recipe_names()}


def _detectors() -> dict[str, str]:
    from vidmbench.protocols.detector import load_detectors

    return {name: spec.title for name, spec in load_detectors().items()}


def _models() -> dict[str, str]:
    from vidmbench.sources.baselines.describe import summary
    from vidmbench.sources.baselines.layouts import load_baseline

    return {
        "vidm": "the model of the paper, from the checkpoint shipped for the data set",
        "vidm:PATH": "the same, from a training run's folder or a checkpoint file",
        "static-of:vidm": "its static baseline: the same first frames without any motion; static-of:vidm:PATH too",
        **{control_label(name): text for name, text in KINDS.items()},
        **{name: summary(load_baseline(name)) for name in baseline_names()},
        "static-of:LABEL": "the static baseline of any model, with --samples PATH",
        "LABEL": "any system of your own, with --samples PATH",
    }


def _results() -> dict[str, str]:
    from vidmbench.reporting.terminal.records import result_lines

    return result_lines(found_results())
