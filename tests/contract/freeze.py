"""What users of vidmbench rely on, collected through its public surface, to be compared with what was frozen.

    python tests/contract/freeze.py            # says what no longer holds
    python tests/contract/freeze.py --write    # freezes what is there now; read the diff before committing it

Five JSON files beside this one hold the frozen state: public_names, commands, json_keys, signatures, records. Additions
never fail (new options, keys, protocols, records, names); removals and changes do. New ones are frozen by ``--write``.

Everything is reached through the command line, in this process, and the names of ``vidmbench``; the two places that
import anything else stand in :func:`entry_point` and :func:`click_command`.
"""

import contextlib
import enum
import hashlib
import inspect
import io
import json
import os
import pickle
import shutil
import struct
import sys
import tempfile
import typing
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

import vidmbench

HERE = Path(__file__).resolve().parent
MEASURED = HERE.parents[1] / "results" / "measured"


def entry_point() -> Any:
    """The function behind ``vidmbench`` and ``python -m vidmbench``."""
    from vidmbench.__main__ import main

    return main


def click_command() -> Any:
    """The click command with everything below it."""
    import typer.main

    from vidmbench.cli import app

    return typer.main.get_command(app)


# --- tiny inputs -------------------------------------------------------------------------------------------------

# A network of a user's own: it costs nothing and needs no weights.
NETWORK = """\
import numpy as np
import torch


class Means(torch.nn.Module):
    def forward(self, x):
        return torch.softmax(8 * x.mean(dim=tuple(range(2, x.ndim))), dim=1)


def build(weights):
    return Means()


def scaled(frames):
    return np.ascontiguousarray(frames, dtype=np.float32) / 255
"""
DETECTOR = """\
name = "colour-means"
short = "means"
title = "mean colours of a clip"
reads = "clips"
num_features = 3
min_frames = 2
input_size = 8
measures = { frechet = "toy-fd", kernel = "toy-kd", precision-recall = "prdc", inception-score = "toy-is" }
network = "network.py:build"
prepare = "network.py:scaled"
gives = "probabilities"
weights_file = ""
licence = "none"
published = "nowhere"
"""
PROTOCOL = """\
name = "{name}"
version = 1
metric = "{metric}"
source = "made for a test"
[dataset]
short_videos = "error"
[clips]
frames = 4
frames_allowed = [2, 64]
real = {{ pick = "all", start = "zero" }}
fake = {{ pick = "all", start = "zero" }}
[array]
detector = "detector.toml"
resize = "detector"
range = "0..1"
[statistics]
{statistics}
"""
OWN_PROTOCOLS = {
    "toy-fd": ("frechet", 'covariance = "n-1"'),
    "toy-fd-n": ("frechet", 'covariance = "n"'),
    "toy-is": ("inception-score", "splits = 1\nlog_eps = 0.0"),
    "toy-kd": ("kernel", "degree = 3"),
    "toy-prdc": ("precision-recall", "neighbours = 2"),
}


def made_clips(count: int, frames: int, factor: int) -> np.ndarray:
    """Clips of 8 x 8 pixels by whole-number arithmetic: the same bytes on every machine."""
    place = np.arange(count * frames * 8 * 8 * 3, dtype=np.int64)
    return ((place * factor + place**2 // 89) % 251).astype(np.uint8).reshape(count, frames, 8, 8, 3)


def png(frame: np.ndarray) -> bytes:
    """A PNG file without compression, so that its bytes do not depend on any library's version."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    height, width, _ = frame.shape
    raw = b"".join(b"\0" + row.tobytes() for row in frame)
    stored = b"\x78\x01\x01" + struct.pack("<HH", len(raw), len(raw) ^ 0xFFFF) + raw
    stored += struct.pack(">I", zlib.adler32(raw))
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", stored) + chunk(b"IEND", b"")


def write_inputs(folder: Path) -> None:
    """Arrays, a data set as users have it on disk, a detector and protocols of one's own."""
    for name, count, frames, factor in (
        ("real", 8, 64, 7), ("fake", 8, 64, 11), ("other", 8, 64, 13), ("many-real", 1024, 4, 7), ("many", 1024, 4, 11),
        ("long-real", 8, 128, 7), ("long", 8, 128, 11),
    ):  # fmt: skip
        np.save(folder / f"{name}.npy", made_clips(count, frames, factor))
    for side in ("train", "test"):
        for number, clip in enumerate(made_clips(4, 48, 17 if side == "train" else 19)):
            video = folder / "sky" / f"sky_{side}" / f"video-{side:>4.4s}{number}" / f"video-{side:>4.4s}{number}_1"
            video.mkdir(parents=True)
            for position, frame in enumerate(clip):
                (video / f"frame{position:05d}.png").write_bytes(png(frame))
    rows = made_clips(8, 1, 7).reshape(8, -1).astype(np.float64).repeat(3, axis=1)[:, :400]
    statistics = {"num_items": 8, "raw_mean": rows.sum(0), "raw_cov": rows.T @ rows}
    (folder / "stats.pkl").write_bytes(pickle.dumps(statistics))
    (folder / "network.py").write_text(NETWORK, encoding="utf-8")
    (folder / "detector.toml").write_text(DETECTOR, encoding="utf-8")
    for name, (metric, statistics) in OWN_PROTOCOLS.items():
        text = PROTOCOL.format(name=name, metric=metric, statistics=statistics)
        (folder / f"{name}.toml").write_text(text, encoding="utf-8")


@contextlib.contextmanager
def work_folder(folder: Path) -> Iterator[None]:
    """Work in a folder with the tiny inputs, with an empty cache, and without a package registry."""
    work, before = folder / "work", Path.cwd()
    work.mkdir()
    write_inputs(work)
    settings = {"VIDMBENCH_CACHE": str(folder / "cache"), "MPLBACKEND": "Agg", "PIP_NO_INDEX": "1"}
    with mock.patch.dict(os.environ, settings):
        os.environ.pop("VIDMBENCH_DATA_ROOT", None)
        os.chdir(work)
        try:
            yield
        finally:
            os.chdir(before)


def command(*words: str, codes: tuple[int, ...] = (0,)) -> Any:
    """The one JSON object that a command prints."""
    out, err, code = io.StringIO(), io.StringIO(), 0
    with (
        mock.patch.object(sys, "argv", ["vidmbench", *words]),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        try:
            entry_point()()
        except SystemExit as end:
            code = int(end.code or 0)
    assert code in codes, f"vidmbench {' '.join(words)} ended with {code}:\n{err.getvalue()}"
    content = json.loads(out.getvalue())
    assert isinstance(content, dict), f"vidmbench {' '.join(words)} prints no JSON object"
    return content


# --- what is collected -------------------------------------------------------------------------------------------


def public_names() -> dict[str, list[str]]:
    """The names of the library, each with its parameters; ``=`` behind those with a default."""
    found = {}
    for name in sorted(vidmbench.__all__):
        parameters = inspect.signature(getattr(vidmbench, name)).parameters.values()
        found[name] = [f"{one.name}{'' if one.default is one.empty else '='}" for one in parameters]
    return found


def commands() -> dict[str, Any]:
    """Every command with its arguments in order and its options: what each takes, and its default."""

    def walk(command: Any, path: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
        yield " ".join(("vidmbench", *path)), command
        for name, inner in getattr(command, "commands", {}).items():
            yield from walk(inner, (*path, name))

    found = {}
    for path, one in walk(click_command(), ()):
        shown = [parameter for parameter in one.params if not getattr(parameter, "hidden", False)]
        found[path] = {
            "arguments": [_argument(parameter) for parameter in shown if parameter.param_type_name == "argument"],
            "options": {
                name: _option(parameter)
                for parameter in shown
                if parameter.param_type_name == "option"
                for name in (*parameter.opts, *parameter.secondary_opts)
            },
        }
    return found


def _argument(parameter: Any) -> str:
    name = parameter.metavar or parameter.name.upper()
    name += "..." if parameter.nargs == -1 and not name.endswith("...") else ""
    return name if parameter.required else f"[{name}]"


def _option(parameter: Any) -> dict[str, Any]:
    kind, choices = _type(parameter)
    found: dict[str, Any] = {"takes": "nothing" if parameter.is_flag else kind}
    if choices:
        found["choices"] = choices
    default = getattr(parameter.default, "value", parameter.default)
    if isinstance(default, int | float) and default is not False:
        found["default"] = default
    elif isinstance(default, str | Path):
        found["default"] = str(default)
    if parameter.required:
        found["required"] = True
    if parameter.multiple:
        found["may be repeated"] = True
    return found


def _type(parameter: Any) -> tuple[str, list[str]]:
    """What a value is read as, a path being text, and which words are taken where these are counted up."""
    if hasattr(parameter, "type"):  # typer that rests on click
        choices = getattr(parameter.type, "choices", ())
        word = parameter.type.name
        kind = "integer" if word.startswith("int") else "float" if word.startswith("float") else "text"
    else:  # typer that carries a click of its own
        declared = parameter.type_descriptor.annotation
        declared = typing.get_args(declared)[0] if typing.get_origin(declared) is list else declared
        is_enum = isinstance(declared, type) and issubclass(declared, enum.Enum)
        choices = tuple(declared) if is_enum else typing.get_args(declared)
        kind = {int: "integer", float: "float"}.get(declared, "text")
    return kind, [str(getattr(choice, "value", choice)) for choice in choices]


TOY = ("--protocol", "toy-fd.toml", "--json")
PAIR = ("real.npy", "fake.npy")
#: Frames of their videos, and of the data set on disk.
PAIR_FRAMES, SKY_FRAMES = 64, 48
# One or several outputs of every command with --json; a comma parts the command from what is special.
OUTPUTS: dict[str, tuple[str, ...]] = {
    "check": ("check", "--protocol", "fvd-digan", "--weights", "without", "--json"),
    "compare": ("compare", *PAIR, *TOY, "--protocol", "toy-kd.toml", "--out", "pair"),
    "compare, a protocol refused": ("compare", *PAIR, *TOY, "--protocol", "fid-frames", "--frames", "4"),
    "compare, dry run": ("compare", *PAIR, *TOY, "--dry-run"),
    "compare-models": ("compare-models", *PAIR, "other.npy", *TOY),
    "compare-models, by video": ("compare-models", *PAIR, "other.npy", "--protocol", "psnr-scikit-image", "--json"),
    "data check": ("data", "check", "sky-timelapse", "--data-root", "sky", "--json"),
    "doctor": ("doctor", "--json"),
    "explain": ("explain", "toy-fd.toml", "toy-fd-n.toml", *PAIR, "--json"),
    "identify": ("identify", "1234.5", "--json"),
    "infinity": ("infinity", "many-real.npy", "many.npy", *TOY),
    "infinity, dry run": ("infinity", "many-real.npy", "many.npy", *TOY, "--dry-run"),
    **{
        f"list, {what}": ("list", what, "--json")
        for what in ("datasets", "detectors", "models", "protocols", "recipes", "results")
    },
    "memorisation": ("memorisation", "real.npy", "other.npy", "fake.npy", "--quantile", "0.2", *TOY),
    "motion": ("motion", *PAIR, "--frames", "15", "--num-videos", "8", "--out", "moving", "--json"),
    "plot ablation": ("plot", "ablation", "--json"),
    "plot controls": ("plot", "controls", "--frames", "16", "--model", "vidm", "--json"),
    "plot conventions": ("plot", "conventions", "--own", "--runs", "pair", "--json"),
    "plot horizon": ("plot", "horizon", "curves", "--json"),
    "plot motion": ("plot", "motion", "moving", "--json"),
    "plot rollout": ("plot", "rollout", "rolled", "--json"),
    "plot fvd-vs-frames": ("plot", "fvd-vs-frames", "--json"),
    "plot fvd-vs-n": ("plot", "fvd-vs-n", "many-real.npy", "many.npy", *TOY),
    "pack make": ("pack", "make", "real.npy", *TOY, "--out", "real.pack"),
    "pack show": ("pack", "show", "real.pack", "--json"),
    "pack import": (
        "pack", "import", "stats.pkl", "--protocol", "fvd-stylegan-v", "--frames", "16", "--out", "s.pack", "--json",
    ),
    "plot score-map": ("plot", "score-map", *PAIR, "--protocol", "toy-prdc.toml", "--json"),
    "plot samples": ("plot", "samples", *PAIR, "--frames", "4", "--json"),
    "plot timeline": ("plot", "timeline", *PAIR, "--frames", "4", "--json"),
    "results diff": ("results", "diff", "first/RECORD", "second/RECORD", "--json"),
    "results list": ("results", "list", "--runs", "first", "--json"),
    "results show": ("results", "show", "first/RECORD", "--json"),
    "rollout": ("rollout", *PAIR, "--protocol", "flicker-vbench", "--frames", "32", "--out", "rolled", "--json"),
    "run": ("run", "--model", "control:static", "--dataset", "folder:real.npy", *TOY, "--out", "first"),
    "run, dry run": ("run", "--model", "control:static", "--dataset", "folder:real.npy", *TOY, "--dry-run"),
    "run, samples": (
        "run", "--model", "mine", "--samples", "fake.npy", "--dataset", "folder:real.npy", *TOY, "--out", "second",
    ),
    "score": ("score", *PAIR, *TOY),
    "score, runs of one model": (
        "score", *PAIR, "other.npy", "--protocol", "psnr-scikit-image", "--repeat-of", "mine", "--json",
    ),
    "score, dry run": ("score", *PAIR, *TOY, "--dry-run"),
    "score, full reference": ("score", *PAIR, "--protocol", "psnr-piqa", "--out", "curves", "--json"),
    "score, inception score": ("score", *PAIR, "--protocol", "toy-is.toml", "--json"),
    "score, no value": ("score", *PAIR, "--protocol", "toy-prdc.toml", "--num-videos", "2", "--json"),
    "score, precision and recall": ("score", *PAIR, "--protocol", "toy-prdc.toml", "--json"),
    "show, control": ("show", "control:static", "--json"),
    "show, data set": ("show", "sky-timelapse", "--json"),
    "show, detector": ("show", "i3d-kinetics400", "--json"),
    "show, model": ("show", "stylegan-v", "--json"),
    "show, model drawn here": ("show", "vidm", "--json"),
    "show, protocol": ("show", "fvd-digan", "--json"),
    "show, recipe": ("show", "tiny", "--json"),
    "weights status": ("weights", "status", "--json"),
}  # fmt: skip


def json_keys() -> dict[str, Any]:
    """The keys and types of every output of :data:`OUTPUTS` and of a record's file; to be called in the work_folder."""
    found = {}
    # Last what reads the records that the others wrote.
    for title, words in sorted(
        OUTPUTS.items(),
        key=lambda item: item[0].startswith(
            ("results", "plot conventions", "plot horizon", "plot motion", "plot rollout")
        ),
    ):
        words = tuple(_a_record(word.split("/")[0]) if word.endswith("/RECORD") else word for word in words)
        # The doctor misses the weights, data check whole videos, and score a value: the output is there all the same.
        content = command(*words, codes=(0, 2) if title in ("doctor", "score, no value") else (0,))
        found[title] = tree(content)
    for title in ("list, results", "results list"):
        found[title] = {"RUN": next(iter(found[title].values()))}  # one like the other
    record = json.loads(Path(_a_record("first")).read_text(encoding="utf-8"))
    environment = dict.fromkeys(record.pop("environment"), "any")  # of the machine: only the keys are the same anywhere
    found["a record's file"] = {**tree(record), "environment": environment}
    found["check"]["first_digits"] = "any"  # null only on the kind of machine that made the golden values
    return found


def _a_record(folder: str) -> str:
    return str(next(Path(folder).glob("*.json")))


def tree(content: Any) -> Any:
    """Keys and JSON types; of a list its first element."""
    if isinstance(content, dict):
        return {key: tree(value) for key, value in content.items()}
    if isinstance(content, list):
        return [tree(content[0])] if content else []
    if content is None or isinstance(content, bool):
        return "null" if content is None else "boolean"
    return "text" if isinstance(content, str) else "number"


MODELS = ("control:real", "control:static", "control:blurred", "control:noise", "control:reversed", "control:shuffled",
          "vidm", "static-of:vidm")  # fmt: skip


def signatures() -> dict[str, dict[str, list[str]]]:
    """Signature and id of every shipped protocol on two kinds of sources; to be called in the work_folder.

    Then those of models on the built-in data, and of measured numbers by a detector of one's own.
    """
    from vidmbench.core.vocabulary import PROTOCOL_GROUPS
    from vidmbench.protocols.protocol import load_protocol

    counts = ("--num-real", "6", "--num-fake", "5", "--seed", "3", "--dry-run", "--json")
    sky = ("--dataset", "sky-timelapse", "--data-root", "sky", "--num-videos", "3", "--dry-run", "--json")
    toy = ("--dataset", "clevrer-mini/32", "--num-videos", "2", "--frames", "9", "--protocol", "fvd-stylegan-v")
    names = sorted(set(command("list", "protocols", "--json")) - set(PROTOCOL_GROUPS))
    own = [command("score", *PAIR, "--protocol", f"{name}.toml", "--json") for name in OWN_PROTOCOLS]
    return {
        "arrays": {name: _of_arrays(name, *counts) for name in names},
        "data set on disk": {
            name: _planned("run", "--model", "control:static", "--protocol", name, *sky)
            for name in names
            if _span(load_protocol(name)) <= SKY_FRAMES
        },
        "models": {name: _planned("run", "--model", name, *toy, "--dry-run", "--json") for name in MODELS},
        "detector of one's own": {
            f"{one['protocol']}, {one['metric']}": [_without_version(one["signature"]), one["signature_id"]]
            for content in own
            for one in content.get("measurements", [content])
        },
    }


def _of_arrays(name: str, *counts: str) -> list[str]:
    """Of arrays; pairs have one number of videos."""
    from vidmbench.protocols.protocol import load_protocol

    spec = load_protocol(name)
    if spec.kind.reads_pairs:
        counts = ("--num-videos", "6", *counts[4:])
    pair = PAIR if _span(spec) <= PAIR_FRAMES else ("long-real.npy", "long.npy")
    return _planned("score", *pair, "--protocol", name, *counts)


def _span(spec: Any) -> int:
    """Frames that a video of either side must have."""
    return max(spec.clips.span_of(spec.clips.real), spec.clips.span_of(spec.clips.fake))


def _planned(*words: str) -> list[str]:
    from vidmbench.evaluation import pair_plan

    with mock.patch.object(pair_plan, "check_size"):  # 8 x 8 pixels are too few for most full-reference protocols
        (plan,) = command(*words)["measurements"]
    return [_without_version(plan["signature"]), plan["signature_id"]]


def _without_version(signature: str) -> str:
    """The field at the end that every release changes is left out."""
    kept, _, version = signature.rpartition(" | v:")
    assert kept, signature
    assert " | " not in version, signature
    return kept


def records() -> dict[str, Any]:
    """Every committed record, read and checked: its run, its ids, and the sha256 of its file."""
    found = {}
    for path in sorted(MEASURED.rglob("*.json")):
        record = vidmbench.RunRecord.model_validate_json(path.read_bytes())
        assert record.sealed().digest == record.digest, f"{path}: the digest does not hold"
        found[path.relative_to(MEASURED).as_posix()] = {
            "run_id": record.run_id,
            "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
            "signature_ids": [one.signature_id for one in record.measurements],
        }
    loaded = vidmbench.load_results(MEASURED)
    assert {one["run_id"] for one in found.values()} == set(loaded["run_id"])
    return found


def collected(folder: Path) -> dict[str, Any]:
    """All that is frozen, as it is now, by the name of its file."""
    with work_folder(folder):
        return {
            "public_names": public_names(),
            "commands": commands(),
            "json_keys": json_keys(),
            "signatures": signatures(),
            "records": records(),
        }


# --- how it is compared ------------------------------------------------------------------------------------------


def broken(frozen: Any, now: Any, where: str = "") -> list[str]:
    """What was frozen and is not so any more, a line each; additional keys, and elements of empty lists, may come."""
    if frozen == "any":
        return []
    if isinstance(frozen, dict) and isinstance(now, dict):
        lines = []
        for key, value in frozen.items():
            place = f"{where} > {key}" if where else key
            lines += broken(value, now[key], place) if key in now else [f"{place}: is gone"]
        return lines
    if isinstance(frozen, list) and isinstance(now, list) and (not frozen or (len(frozen) == len(now) == 1)):
        return broken(frozen[0], now[0], f"{where} > [0]") if frozen else []
    return [] if frozen == now else [f"{where}: was {_short(frozen)}, is {_short(now)}"]


def broken_names(frozen: dict[str, list[str]], now: dict[str, list[str]]) -> list[str]:
    """Public names and parameters that are gone, and new parameters without which old calls fail."""
    lines = [f"vidmbench.{name}: is gone" for name in frozen if name not in now]
    for name in frozen.keys() & now.keys():
        lines += [f"vidmbench.{name}: no parameter {one} any more" for one in frozen[name] if one not in now[name]]
        added = [one for one in now[name] if one not in frozen[name]]
        lines += [f"vidmbench.{name}: a new parameter {one} that must be given" for one in added if one[-1] != "="]
        kept = [one for one in now[name] if one in frozen[name]]
        if sorted(kept) == sorted(frozen[name]) and kept != frozen[name]:
            lines.append(f"vidmbench.{name}: its parameters stand in another order")
    return sorted(lines)


def broken_commands(frozen: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """Commands, arguments, options and choices that are gone or changed, and new ones that old command lines lack."""
    lines = []
    for path, before in frozen.items():
        if path not in now:
            lines.append(f"{path}: is gone")
            continue
        old, new = before["arguments"], now[path]["arguments"]
        if new[: len(old)] != old or any(not name.startswith("[") for name in new[len(old) :]):
            lines.append(f"{path}: its arguments were {' '.join(old)}, are {' '.join(new)}")
        for name, option in before["options"].items():
            if name not in now[path]["options"]:
                lines.append(f"{path} {name}: is gone")
                continue
            other = dict(now[path]["options"][name])
            lost = [choice for choice in option.get("choices", []) if choice not in other.get("choices", [])]
            lines += [f"{path} {name}: no longer takes {choice}" for choice in lost]
            for key in sorted((option.keys() | other.keys()) - {"choices"}):
                if option.get(key) != other.get(key):
                    lines.append(f"{path} {name}: {key}: was {option.get(key)}, is {other.get(key)}")
        added = now[path]["options"].keys() - before["options"].keys()
        lines += [f"{path} {name}: is new and required" for name in sorted(added) if _is_required(now[path], name)]
    return lines


def _is_required(command: dict[str, Any], name: str) -> bool:
    return bool(command["options"][name].get("required"))


COMPARED = {"public_names": broken_names, "commands": broken_commands}


def problems(name: str, now: dict[str, Any]) -> list[str]:
    """What of one frozen file holds no longer."""
    return COMPARED.get(name, broken)(frozen(name), now[name])


def frozen(name: str) -> Any:
    """The content of a frozen file."""
    return json.loads((HERE / f"{name}.json").read_text(encoding="utf-8"))


def _short(value: Any) -> str:
    return json.dumps(value) if not isinstance(value, dict) else f"an object with {', '.join(value)}"


def readable(content: Any, indent: int = 0) -> str:
    """Sorted JSON; what fits stays on one line, so that a diff has a line for what changed."""
    line = json.dumps(content, sort_keys=True, ensure_ascii=False)
    is_leaf = not isinstance(content, dict) or not any(isinstance(value, dict | list) for value in content.values())
    if not content or not isinstance(content, dict | list) or (is_leaf and indent + len(line) <= 110):
        return line
    space = " " * (indent + 2)
    if isinstance(content, list):
        parts = [space + readable(value, indent + 2) for value in content]
    else:
        parts = [
            f"{space}{json.dumps(key, ensure_ascii=False)}: {readable(content[key], indent + 2)}"
            for key in sorted(content)
        ]
    opening, closing = "[]" if isinstance(content, list) else "{}"
    return f"{opening}\n" + ",\n".join(parts) + f"\n{' ' * indent}{closing}"


def run(words: list[str]) -> int:
    """The command at the top of this file."""
    folder = Path(tempfile.mkdtemp())
    try:
        now = collected(folder)
    finally:
        shutil.rmtree(folder)
    if words == ["--write"]:
        for name, content in now.items():
            (HERE / f"{name}.json").write_text(readable(content) + "\n", encoding="utf-8")
        return 0
    lines = [f"{name}: {line}" for name in now for line in problems(name, now)]
    print("\n".join(lines) or "all holds")
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
