"""Commands that show what there is: table, results, list, show, weights, doctor."""

import csv
import io
import json
import shutil
from importlib.metadata import version
from pathlib import Path

import pytest

from vidmbench.core import resources
from vidmbench.core.vocabulary import PROTOCOL_GROUPS

RUN = ("run", "--model", "control:static", "--dataset", "clevrer-mini", "--num-videos", "4")


@pytest.mark.parametrize("name", ["1", "2", "3"])
def test_tables(name, command):
    markdown = command("table", name)
    assert (markdown.code, markdown.err) == (0, "")
    assert "(VIDM paper, Table " + name + ")**" in markdown.out.splitlines()[0]
    assert "| " in markdown.out
    assert command("table", f"table{name}").out == markdown.out
    plain = command("table", name, "--format", "csv")
    assert plain.code == 0
    rows = list(csv.reader(io.StringIO(plain.out)))
    assert len(rows) > 3
    assert len({len(row) for row in rows if row}) == 1
    assert "VIDM" in markdown.out


def test_all_tables_at_once(command):
    everything = command("table").out
    for name in ("1", "2", "3"):
        assert command("table", name).out.strip() in everything


def test_committed_tables_are_what_the_command_prints(command):
    for name in ("1", "2", "3"):
        committed = (resources.results_dir() / "tables" / f"table{name}.md").read_text(encoding="utf-8")
        assert command("table", name).out == committed


def test_own_results_are_listed(command, fake_network, monkeypatch):
    monkeypatch.setattr(resources, "results_dir", lambda: Path("nowhere"))
    assert command("list", "results").out == "no results yet\n"
    assert command("results", "list").out == "no results yet\n"
    assert command("list", "results", "--json").json == {}
    assert command(*RUN).code == 0
    Path("runs", "foreign.json").write_text('{"a": 1}')
    assert "control:static on clevrer-mini" in command("list", "results").out
    listed = command("results", "list").out
    assert " control:static " in listed
    assert "N = 4+4" in listed
    shutil.move("runs", "kept")
    assert command("results", "list", "--runs", "kept").out == listed.replace("runs: ", "kept: ", 1)


def test_results_are_imported_into_a_checkout(command, fake_network, folder, monkeypatch):
    results = folder / "checkout" / "results"
    monkeypatch.setattr(resources, "checkout_results_dir", lambda: results)
    assert command(*RUN).code == 0
    (record,) = Path("runs").glob("*.json")
    done = command("results", "import", record)
    assert done.code == 0
    target = results / "measured" / "clevrer-mini" / record.name
    assert done.out == f"{target}\n"
    assert target.read_bytes() == record.read_bytes()
    assert command("results", "import", record).code == 0  # a second time changes nothing

    content = json.loads(record.read_text())
    content["measurements"][0]["value"] = 1.0
    Path("forged.json").write_text(json.dumps(content))
    command("results", "import", "forged.json").fails("changed after it was written", "where: forged.json")
    monkeypatch.setattr(resources, "checkout_results_dir", lambda: None)
    command("results", "import", record).fails("no folder for records", "pip install -e")


@pytest.mark.parametrize(
    ("things", "names"),
    [
        ("models", ["vidm", "vidm:PATH", "static-of:vidm", "control:real", "control:noise", "static-of:LABEL"]),
        ("datasets", ["clevrer-mini"]),
        ("protocols", ["fvd-stylegan-v", "fvd-tf-hub", "fvd-vidm-paper"]),
        ("detectors", ["i3d-kinetics400"]),
        ("recipes", ["tiny"]),
    ],
)
def test_list(things, names, command):
    plain = command("list", things)
    assert (plain.code, plain.err) == (0, "")
    found = command("list", things, "--json").json
    assert set(names) <= found.keys()
    for name, text in found.items():
        assert text, name
        assert f"{name} " in plain.out
        assert text in plain.out
    groups = PROTOCOL_GROUPS if things == "protocols" else ()  # not in JSON: they are lists of what is
    assert len(plain.out.splitlines()) == len(found) + len(groups)  # folded for a terminal only


@pytest.mark.parametrize(
    ("name", "kind", "key", "value"),
    [
        ("fvd-tf-hub", "protocol", "metric", "frechet"),
        ("clevrer-mini", "data set", "frames", 128),
        ("i3d-kinetics400", "detector", "num_features", 400),
        ("control:static", "control", "name", "control:static"),
        ("static", "control", "name", "control:static"),
        ("tiny", "recipe", "dataset", "clevrer-mini"),
    ],
)
def test_show(name, kind, key, value, command):
    plain = command("show", name)
    assert plain.code == 0
    assert plain.out.startswith(f"# {kind}\n")
    assert "False" not in plain.out
    assert "None" not in plain.out
    assert f"{key}: {value}" in plain.out
    found = command("show", name, "--json").json
    assert (found["kind"], found[key]) == (kind, value)


def test_a_field_with_one_value_only_is_not_shown_as_a_choice(command):
    assert "truncate_uint8" not in command("show", "fvd-tf-hub").out
    assert command("show", "fvd-tf-hub", "--json").json["array"]["truncate_uint8"] is False


def test_every_recipe_is_listed_and_shown(command):
    files = (resources.protocols_dir() / "recipes").glob("*.toml")
    listed = command("list", "recipes", "--json").json
    assert list(listed) == sorted(path.stem for path in files)
    for name, title in listed.items():
        shown = command("show", name)
        assert (shown.code, shown.err) == (0, "")
        assert shown.out.startswith(f"# recipe\nname: {name}\ntitle: {title}\n")
        assert not [line for line in shown.out.splitlines() if line.endswith(": ")], "no key without a value"
        found = command("show", name, "--json").json
        assert (found["kind"], found["title"]) == ("recipe", title)
        assert {"model", "content", "motion", "sampling"} <= found.keys()


def test_an_unknown_name_says_where_all_are_listed(command):
    command("show", "tyni").fails("unknown name 'tyni': did you mean tiny", "vidmbench list", "recipes")


def test_show_a_protocol_file_of_ones_own(command, fake_network):
    text = (resources.protocols_dir() / "metrics" / "fvd-stylegan-v.toml").read_text(encoding="utf-8")
    Path("mine.toml").write_text(text.replace("fvd-stylegan-v", "mine", 1).replace('"n"', '"n-1"'))
    assert "covariance: n-1" in command("show", "mine.toml").out
    found = command(*RUN, "--protocol", "mine.toml", "--json")
    assert found.json["protocol"] == "mine"
    assert "proto:mine.1" in found.json["signature"]
    assert "cov:n-1" in found.json["signature"]
    assert found.json["value"] != command(*RUN, "--protocol", "fvd-stylegan-v", "--json").json["value"]


def test_weights_status_without_and_with(command, own_cache, request):
    missing = command("weights", "status")
    assert "i3d-kinetics400: missing; vidmbench weights get i3d-kinetics400" in missing.out
    assert "af5c50f0" in missing.out
    assert command("weights", "status", "--json").json["i3d-kinetics400"]["present"] is False
    request.getfixturevalue("weights")
    here = command("weights", "status")
    assert f"i3d-kinetics400: here, {own_cache}" in here.out
    assert command("weights", "status", "--json").json["i3d-kinetics400"]["present"] is True


@pytest.mark.weights
def test_weights_get_and_add(command, weights, own_cache, monkeypatch):
    """``get`` checks what is there; ``add`` takes a converted file; a damaged one is refused, never used."""
    got = command("weights", "get", "i3d-kinetics400")
    assert (got.code, got.out) == (0, f"i3d-kinetics400: {weights}\n")
    Path("mine.safetensors").write_bytes(weights.read_bytes())
    weights.unlink()
    added = command("weights", "add", "i3d-kinetics400", "mine.safetensors")
    assert (added.code, added.out) == (0, f"i3d-kinetics400: {weights}\n")
    assert weights.is_file()
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    Path("damaged.safetensors").write_bytes(data)
    command("weights", "add", "i3d-kinetics400", "damaged.safetensors").fails("not the weights file", "sha256")
    Path("short.safetensors").write_bytes(data[: len(data) // 2])
    command("weights", "add", "i3d-kinetics400", "short.safetensors").fails("truncated", "short.safetensors")
    weights.write_bytes(data)
    monkeypatch.setenv("PIP_NO_INDEX", "1")  # offline
    command("weights", "get", "i3d-kinetics400").fails("damaged", "could not be fetched anew", f"where: {weights}")
    command(*RUN).fails("damaged", "weights get")


@pytest.mark.weights
def test_doctor(script, weights):
    """One line a check, a verdict at the end, and the number that the original code prints."""
    done = script("doctor", "--json")
    assert done.code == 0, done.out + done.err
    assert done.json["healthy"] is True
    said = {check["name"]: check for check in done.json["checks"]}
    assert {"decoders", "weights", "compiler", "threads", "gpu", "engine"} <= said.keys()
    assert all(check["state"] in ("ok", "note") for check in said.values())
    (golden,) = (check["said"] for name, check in said.items() if name.startswith("golden"))
    assert golden.startswith("151.392")


def test_doctor_says_what_is_wrong(command, monkeypatch):
    """Lines and verdict for people; a failed check is exit code 2. The network is left out here."""
    from vidmbench.check import doctor

    monkeypatch.setattr(doctor, "_weights", lambda: ("ok", "there"))
    monkeypatch.setattr(doctor, "_golden", lambda: ("ok", "151.39247"))
    well = command("doctor")
    assert well.code == 0, well.out
    lines = well.out.splitlines()
    assert lines[-1] == "all is well: numbers made here can be trusted"
    assert all(line.split()[0] in ("ok", "note") for line in lines[:-2])
    assert "151.392" in well.out
    monkeypatch.setattr(doctor, "_golden", lambda: ("FAIL", "150.1"))
    ill = command("doctor")
    assert ill.code == 2
    assert ill.out.splitlines()[-1].startswith("1 of ")
    assert ill.out.splitlines()[-1].endswith("checks failed")
    assert command("doctor", "--json").json["healthy"] is False


def test_version(script):
    assert script("--version").out == f"vidmbench {version('vidmbench')}\n"


def test_a_doubtful_number_says_where_its_footnote_stands(command):
    assert "why it is in doubt, in footnotes: vidmbench table 1" in command("show", "tats").out
    assert "in doubt" not in command("show", "latte").out
