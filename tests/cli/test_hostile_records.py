"""Records of strangers: any value in any field, sealed by its maker, is shown safely or refused in one message."""

import json
import random
from pathlib import Path

import pytest
from support.table_samples import measured, run_of

from vidmbench.core import resources
from vidmbench.core.errors import VidmbenchError
from vidmbench.core.files import sha256_of_parts
from vidmbench.records.frame import load_results
from vidmbench.records.record import read_records

# What a terminal, a table, a page or a plot could trip over.
TEXTS = ["", "\x1b[2J\x1b]0;x\x07", "a\nb\r\n| c |", "\u202eabc\u200b", "=1+1", "<script>x</script>", "[red]x[/]",
         "$\\frac$", "../../x", "\0", "x" * 9000, "\ud800", "é" * 300, "javascript:alert(1)", "a" * 300]  # fmt: skip
VALUES = [*TEXTS, None, True, 0, -1, 2**62, 2**70, 1e308, -1e-308, [], {}, [[]], {"a": [None]}, [1, 2, 3]]
ACTS = {chr(code) for code in (*range(10), *range(11, 32), *range(0x7F, 0xA0), 0x202E, 0x200B)}


def sealed(content):
    """The record with the digest that vidmbench itself would give it, whether or not its content makes sense."""
    copy = json.loads(json.dumps(content))
    copy.pop("digest", None)
    if copy.get("request") is None:
        copy.pop("request", None)
    for item in copy["measurements"] if isinstance(copy.get("measurements"), list) else []:
        for key in ("spread", "spread_kind", "interval_reason"):
            if isinstance(item, dict) and item.get(key) is None:
                item.pop(key, None)
    return {**content, "digest": sha256_of_parts(json.dumps(copy, sort_keys=True))}


def paths_in(content, before=()):
    for key, value in content.items() if isinstance(content, dict) else enumerate(content):
        yield (*before, key)
        if isinstance(value, dict | list):
            yield from paths_in(value, (*before, key))


def with_value(content, path, value):
    copy = json.loads(json.dumps(content))
    inner = copy
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return copy


def a_record():
    path = sorted((resources.results_dir() / "measured").rglob("*vidm_*.json"))[-1]
    content = json.loads(path.read_text())
    content["environment"] = {"packages": {"torch": "1"}, "cores": 2, "processor": "p", "commit": "c"}
    content["measurements"] = content["measurements"][:1]
    content["measurements"][0]["protocol_spec"] = {"name": "x"}
    return content


COMMANDS = [
    ("results", "list", "--own", "--runs", "lab"),
    ("table", "vidm-mini", "--runs", "lab"),
    ("table", "vidm-mini", "--runs", "lab", "--format", "csv"),
    ("table", "vidm-mini", "--runs", "lab", "--format", "latex"),
    ("table", "vidm-mini", "--runs", "lab", "--format", "html"),
    *(("table", "--runs", "lab", "--format", form) for form in ("md", "csv", "latex", "html")),
    ("report", "--own", "--runs", "lab", "--out", "site"),
    ("plot", "fvd-vs-frames", "--own", "--runs", "lab", "--out", "x.svg"),
    ("plot", "controls", "--own", "--runs", "lab", "--out", "y.svg"),
]


@pytest.mark.parametrize("command_number", range(len(COMMANDS)))
def test_any_value_in_any_field(command_number, command):
    """Seeded choice of fields and values; every command sees another part of them."""
    content = a_record()
    pairs = [(path, value) for path in paths_in(content) for value in VALUES if path != ("digest",)]
    chosen = random.Random(command_number).sample(pairs, 40)
    words = COMMANDS[command_number]
    Path("lab").mkdir()
    for path, value in chosen:
        Path("lab/x.json").write_text(json.dumps(sealed(with_value(content, path, value))))
        said = command(*words)
        assert said.code in (0, 2), (path, value, said)
        assert "Traceback" not in said.err, (path, value, said.err)
        assert not ACTS & set(said.out + said.err), (path, value)
        assert said.code == 0 or said.err.splitlines()[-1].startswith(("error: ", "  ")), (path, value, said.err)


def test_the_frame_of_any_record_that_is_read(tmp_path):
    content = a_record()
    pairs = [(path, value) for path in paths_in(content) for value in VALUES if path != ("digest",)]
    num_read = 0
    for path, value in random.Random(0).sample(pairs, 150):
        (tmp_path / "x.json").write_text(json.dumps(sealed(with_value(content, path, value))))
        try:
            records = read_records(tmp_path)
        except VidmbenchError:
            continue
        num_read += 1
        assert len(load_results(tmp_path)) == sum(len(record.measurements) for record in records)
    assert num_read > 20


@pytest.mark.parametrize("text", ['{"a":' * 100_000, "[" * 100_000, "NaN", '{"value": 1' + "0" * 10_000 + "}"])
def test_json_that_readers_trip_over(text, command):
    Path("lab").mkdir()
    Path("lab/x.json").write_text('{"schema_version": 1, "run_id": "x", "measurements": ' + text)
    said = command("results", "list", "--own", "--runs", "lab")
    assert said.code == 0
    assert said.err.startswith("note: not shown: lab/x.json: not a record")
    command("results", "diff", "lab/x.json", "lab/x.json").fails("not a record", "lab/x.json")


def test_nothing_that_a_record_names_is_opened_unasked(command, monkeypatch):
    """Its videos, layout, protocol and data root are files of whoever reads the page."""
    import os

    Path("private.toml").write_text("x = 1")
    os.mkfifo("pipe")
    Path("lab").mkdir()
    for number, extra in enumerate(
        [
            {"samples": "pipe"},
            {"samples": "private.toml", "layout": "private.toml"},
            {"protocols": ["private.toml"]},
            {"data_root": "pipe"},
            {"command": "score", "real": "pipe", "fake": "pipe"},
            {"real": "folder:pipe"},
        ]
    ):
        request = {
            "command": "run",
            "real": "clevrer-mini",
            "fake": "control:static",
            "protocols": ["fvd-digan"],
        } | extra
        record = run_of(measured(), run_id=f"r{number}", model=f"m{number}").model_dump(mode="json")
        record["request"] = request
        record.pop("digest")
        Path(f"lab/r{number}.json").write_text(json.dumps(record))
    opened = []
    real_open = os.open
    monkeypatch.setattr(
        os, "open", lambda path, *more, **named: opened.append(str(path)) or real_open(path, *more, **named)
    )
    said = command("report", "--own", "--runs", "lab", "--out", "site")
    assert said.code == 0, said.err
    page = Path("site/index.html").read_text()
    assert page.count("which are opened only on request") == 6
    assert not [path for path in opened if "pipe" in path or "private" in path]


@pytest.mark.parametrize(
    ("words", "name"),
    [
        (("report", "--out", ""), "--out"),
        (("report", "--out="), "--out"),
        (("report", "--out", "site", "--runs", ""), "--runs"),
        (("identify", "--write", ""), "--write"),
        (("identify", "1", "--on", "square", "--junit", ""), "--junit"),
        (("score", "a", "b", "--best-of", ""), "--best-of"),
        (("score", "a", ""), "FAKE"),
        (("weights", "add", "i3d-kinetics400", ""), "FILE"),
        (("pack", "show", ""), "FILE"),
        (("table", ""), "1|2|3|NAME|FILE"),
    ],
)
def test_an_empty_path_is_not_the_working_folder(words, name, command, folder):
    command(*words).fails(name, "is empty", "found: nothing")
    assert list(folder.iterdir()) == []


def test_names_reach_the_terminal_spelled_out(command):
    """A file's name, a label and a made-up part of a message, in an error."""
    said = command("score", "a\x1b[2J\u202e\n  what to do: remove it", "b")
    said.fails(r"a\x1b[2J\u202e\n  what to do: remove it")
    assert (
        sum(line.strip().startswith("what to do: ") for line in said.err.splitlines()) == 2
    )  # one for each of the two
    assert not ACTS & set(said.err)
