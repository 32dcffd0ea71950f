"""A metric kind from one file: no other module changes, and every command that scores knows it."""

import importlib.util
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support.engines import FakeEngine, use_engine

from vidmbench.check import make_golden
from vidmbench.check.golden import Golden, load_golden
from vidmbench.check.run import run_checks
from vidmbench.core import resources
from vidmbench.evaluation.studies.explain import path_between
from vidmbench.protocols import kind_registry
from vidmbench.protocols.kind_registry import metric_kinds, register
from vidmbench.protocols.kinds.frechet import Frechet
from vidmbench.protocols.protocol import load_protocol
from vidmbench.records.record import read_records
from vidmbench.reporting.plots.conventions import conventions_of
from vidmbench.reporting.terminal.comparison import comparison_text
from vidmbench.reporting.terminal.numbers import differences

KIND = """\
from typing import Annotated

from pydantic import PositiveInt

from vidmbench.metrics import Interval
from vidmbench.protocols.fields import ProtocolField
from vidmbench.protocols.metric_kind import MetricKind, Value
from vidmbench.protocols.stages import StatisticsStage


class ToyStatistics(StatisticsStage):
    power: Annotated[PositiveInt, ProtocolField("statistics", "pow", words="power {}".format)]


class Toy(MetricKind[ToyStatistics]):
    name = "toy"
    numbers = ("toy-size", "toy-share")
    sides = SIDES
    statistics = ToyStatistics
    has_common_scale = True

    def compute(self, statistics, features):
        clips = len(features.rows("fake"))
        read = sum(len(features[side]) for side in self.sides)
        return Value(float(clips**statistics.power)), Value(clips / read, 0.25, "sd of nothing")

    def interval(self, statistics, features):
        return Interval(0.0, 100.0, 10.0, "toy-95")

    def notes(self, statistics, counts):
        return [f"toy: {counts.real} real, {counts.fake} scored, {counts.features} features"]

    def fit_to(self, statistics, num_clips):
        return statistics.model_copy(update={"power": min(statistics.power, 3)})


KIND = Toy()
"""


@pytest.fixture(params=[("real", "fake"), ("fake",)], ids=" and ".join)
def sides(request, tmp_path, monkeypatch):
    """Registers the kind for one test; it reads these sides."""
    path = tmp_path / "toy.py"
    path.write_text(KIND.replace("SIDES", str(request.param)))
    spec = importlib.util.spec_from_file_location("toy", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(kind_registry, "_KINDS", dict(metric_kinds()))
    register(module.KIND)
    return request.param


@pytest.fixture
def protocols(tmp_path, monkeypatch):
    """Two protocols of the kind among the built-in ones."""
    folder = tmp_path / "protocols"
    shutil.copytree(resources.protocols_dir(), folder)
    whole = (folder / "metrics" / "prdc-i3d.toml").read_text()
    for name, power in (("toy", 2), ("toy-cubed", 3)):
        text = whole.replace('"prdc-i3d"', f'"{name}"').replace('"precision-recall"', '"toy"')
        changed = "\n".join(f"power = {power}" if line.startswith("neighbours") else line for line in text.splitlines())
        (folder / "metrics" / f"{name}.toml").write_text(changed)
    monkeypatch.setattr(resources, "protocols_dir", lambda: folder)
    return folder


@pytest.fixture
def pair(folder, clips, real, sides, protocols, monkeypatch):
    import numpy as np

    np.save(folder / "fake.npy", clips)
    use_engine(lambda *_, **__: FakeEngine(), patch=monkeypatch.setattr)
    return real, folder / "fake.npy"


def test_score_and_its_record(command, pair, sides):
    done = command("score", *pair, "--protocol", "toy", "--num-videos", "5", "--out", "runs/one", "--json")
    first, second = done.json["measurements"]
    num_real = 5 if "real" in sides else 0
    assert (first["metric"], first["value"], first["interval"]) == ("toy-size", 25.0, [0.0, 100.0])
    assert (second["metric"], second["value"], second["interval"]) == ("toy-share", 5 / (5 + num_real), None)
    assert (first["num_real"], first["num_fake"]) == (num_real, 5)
    (record,) = read_records(Path("runs/one"))
    for measurement in record.measurements:
        fields = dict(part.partition(":")[::2] for part in measurement.signature.split(" | ")[1:])
        assert fields["pow"] == "2"
        assert ("real" in fields, "data" in fields) == ("real" in sides, "real" in sides)
        assert f"toy: {num_real} real, 5 scored, 400 features" in measurement.warnings
        assert measurement.protocol_spec["statistics"] == {"power": 2, "repeats": 1, "seed": 0}


def test_compare_its_table_and_its_plot(command, pair):
    done = command(
        "compare", *pair, "--protocol", "toy", "--protocol", "fvd-tf-hub", "--num-videos", "5", "--out", "runs/two"
    )
    assert done.code == 0, done.err
    assert "Toy size" in done.out
    records = read_records(Path("runs/two"))
    assert {differences([item])[-1] for record in records for item in record.measurements} == {"power 2", "cov N-1"}
    assert {scale.title for scale in conventions_of(records, "here").scales} == {"Toy size, Toy share", "FVD"}


def test_a_record_can_be_shown_where_its_kind_is_unknown(command, pair, monkeypatch):
    command("score", *pair, "--protocol", "toy", "--num-videos", "5", "--out", "runs/three")
    known = {name: kind for name, kind in kind_registry.metric_kinds().items() if name != "toy"}
    monkeypatch.setattr(kind_registry, "_KINDS", known)
    (record,) = read_records(Path("runs/three"))
    assert "toy-size" in comparison_text(record, {}).lower()
    assert "power" not in comparison_text(record, {})


def test_explain_has_a_step_for_its_field(sides, protocols):
    (_, last), changes = path_between(load_protocol("toy"), load_protocol("toy-cubed"))
    assert last.name == "toy-cubed"
    assert [(change.field, change.before, change.after) for change in changes] == [("statistics.power", "2", "3")]


def test_check(sides, protocols, monkeypatch):
    values = Golden(load_golden().clips)
    monkeypatch.setattr(make_golden, "has_weights", lambda detector: False)
    make_golden.make(values, ["toy"])
    assert values.protocols["toy"].seeded["toy-size"].value == 60.0**2
    checks = list(run_checks(["toy"], weights="without", golden=values))
    assert {check.state for check in checks} == {"ok", "skipped"}
    seeded = values.protocols["toy"].seeded
    seeded["toy-size"] = seeded["toy-size"].model_copy(update={"value": 3599.0})
    moved = [check for check in run_checks(["toy"], weights="without", golden=values) if check.state == "moved"]
    assert {check.stage for check in moved} == {"statistics", "interval"}


def test_statistics_of_another_kind_are_mistakes(sides, protocols):
    path = protocols / "metrics" / "toy.toml"
    path.write_text(path.read_text().replace("power = 2", 'covariance = "n"'))
    with pytest.raises(Exception, match=r"statistics\.power: missing\n.*statistics\.covariance: unknown key"):
        load_protocol("toy")


def test_an_unknown_kind_is_a_mistake(protocols):
    with pytest.raises(Exception, match=r"metric: input should be one of .*'frechet', .*, found 'toy'"):
        load_protocol("toy")


def test_what_cannot_be_registered(sides):
    with pytest.raises(ValueError, match="the metric kind 'frechet' exists already"):
        register(Frechet())

    class OnlyReal(Frechet):
        name = "only-real"
        sides = ("real",)

    with pytest.raises(ValueError, match="must read the scored side"):
        register(OnlyReal())


def test_protocols_on_disk_are_json_of_their_own_words(sides, protocols):
    spec = load_protocol("toy")
    assert type(spec).model_validate(json.loads(spec.model_dump_json())) == spec


def test_a_name_that_is_taken_is_refused_in_a_fresh_process_too():
    code = (
        "from vidmbench.protocols.kind_registry import metric_kinds, register\n"
        "from vidmbench.protocols.kinds.frechet import KIND\n"
        "try:\n    register(KIND)\nexcept ValueError as error:\n    print(error)\nprint(len(metric_kinds()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "the metric kind 'frechet' exists already\n16\n"
