"""``make gpu`` without a GPU: a rehearsal of every part, refusals, limits, and the page beside the files."""

import json
import time

import numpy as np
import pytest
import torch
from gpu import __main__ as program
from gpu import table
from gpu.detector import PRECISIONS
from gpu.measuring import Measuring
from gpu.operations import operations_of_a_clip

from vidmbench.detectors.i3d import folded
from vidmbench.detectors.weights_registry import load_weights
from vidmbench.protocols.detector import load_detector

REHEARSAL = ("--device", "cpu", "--small")


def measuring(seconds=100.0):
    return Measuring(torch.device("cpu"), is_small=True, until=time.monotonic() + seconds)


def test_a_rehearsal_runs_every_part_and_is_marked(tmp_path, capsys):
    before = sorted(table.BENCHMARKS.iterdir())
    assert program.main([*REHEARSAL, "--out", str(tmp_path / "found.json")]) == 0
    found = json.loads((tmp_path / "found.json").read_text())
    assert found["is_measurement"] is False
    assert found["left_out"] == []
    assert tuple(found["parts"]) == table.PARTS
    assert sorted(table.BENCHMARKS.iterdir()) == before
    assert "measure nothing" in capsys.readouterr().out
    assert not [line for part in found["parts"].values() for line, figures in part.items() if "failed" in figures]
    parity, command = found["parts"]["parity"], found["parts"]["command"]
    assert parity["fp32"]["features off by"] < 1e-5  # of the CPU against itself, by matrices against the rule
    assert 0 < parity["bf16"]["features off by"] < 0.1
    assert parity["bf16"]["same bits"] == "again and alone"
    of_arrays, of_prepared = (command[f"fp32, 2 + 2 clips from {kind}"] for kind in ("arrays", "prepared files"))
    assert of_arrays["FVD"] == of_prepared["FVD"]
    assert all(line["steps/s"] > 0 for line in found["parts"]["training"].values())


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), ("no GPU can be used", "--device cpu --small")),
        (("--device", "cpu"), ("a CPU is not measured", "--small")),
        ((*REHEARSAL, "--name", "../x"), ("no name", "../x")),
        ((*REHEARSAL, "--seconds", "0"), ("no time", "--seconds 0")),
        ((*REHEARSAL, "--seconds", "nan"), ("no time", "--seconds nan")),
    ],
)
def test_what_cannot_be_measured_is_refused_in_one_message(words, said, capsys, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert program.main(words) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "Traceback" not in printed.err
    for word in said:
        assert word in printed.err


def test_some_parts_do_not_take_the_place_of_a_whole_file(capsys, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert program.main(["--parts", "machine"]) == 2
    assert "--out FILE" in capsys.readouterr().err


def test_what_there_was_no_time_for_is_listed(tmp_path, capsys):
    assert program.main([*REHEARSAL, "--parts", "machine", "--seconds", "1e-9", "--out", str(tmp_path / "f.json")]) == 0
    left_out = json.loads((tmp_path / "f.json").read_text())["left_out"]
    assert {each["part"] for each in left_out} == {"machine"}
    assert "Not measured: machine" in capsys.readouterr().out


def test_a_measurement_is_broken_off_when_the_time_is_over():
    late = measuring(0.05)
    late.run("part", lambda m: m.measure("part", "slow", lambda: time.sleep(30), seconds=0))
    assert late.left_out == [{"part": "part", "line": "slow", "why": "broken off: the time was over"}]
    assert not late.failed


def no_memory():
    raise torch.OutOfMemoryError("CUDA out of memory")


def test_what_does_not_fit_into_memory_is_no_failure():
    found = measuring()
    found.measure("part", "large", no_memory, seconds=0)
    assert "does not fit" in found.left_out[0]["why"]
    assert not found.failed


def test_a_failure_leaves_the_other_lines_and_is_told_by_the_exit_code(capsys):
    def fails(m):
        m.measure("part", "first", lambda: {"s": 1}, seconds=0)
        m.measure("part", "second", lambda: 1 / 0, seconds=0)
        m.measure("part", "third", lambda: {"s": 3}, seconds=0)
        raise ValueError("between two measurements")

    found = measuring()
    found.run("part", fails)
    assert found.failed
    assert found.parts["part"]["third"] == {"s": 3}
    assert found.parts["part"]["second"]["failed"].startswith("ZeroDivisionError")
    assert "between two" in found.parts["part"]["the rest"]["failed"]


@pytest.mark.parametrize(("off", "fails"), [(1e-6, False), (2e-5, True), (np.nan, True)])
def test_a_number_above_its_limit_fails(off, fails):
    found = measuring()
    figures = found.check({"FVD off by": off}, {"FVD off by": 1e-5})
    assert found.failed is fails
    assert figures[""] == ("NOT within 1e-05" if fails else "within 1e-05")


def test_missing_weights_are_named_and_nothing_is_fetched(own_cache):
    real = Measuring(torch.device("cpu"), is_small=False, until=time.monotonic() + 100)
    assert "weights get" in program._why_not("network", real)
    assert program._why_not("training", real) is None
    assert not (own_cache / "weights").exists()


@pytest.mark.weights
def test_the_operations_are_those_of_the_documentation(weights):
    layers = folded(load_weights(load_detector("i3d-kinetics400")), eps=1e-3)
    assert operations_of_a_clip(layers, 16) == pytest.approx(55.6e9, rel=1e-3)


def test_the_page_shows_what_the_files_hold():
    page = table.PAGE.read_text(encoding="utf-8")
    assert table.shown(page) == sorted(path.stem for path in table.BENCHMARKS.glob("gpu-*.json"))
    assert table.page_with_tables(page) == page, "`PYTHONPATH=.:tests python -m gpu.table` writes the tables anew"


def test_a_changed_figure_on_the_page_is_noticed():
    page = table.PAGE.read_text(encoding="utf-8")
    changed = page.replace("387.3 clips/s", "1387.3 clips/s", 1)
    assert changed != page
    assert table.page_with_tables(changed) == page


def test_names_of_files_come_from_cards():
    assert program._name_of("NVIDIA H100 80GB HBM3") == "h100-80gb-hbm3"
    assert program._name_of("NVIDIA GeForce RTX 4090") == "rtx-4090"
    assert PRECISIONS == ("fp32", "bf16")
