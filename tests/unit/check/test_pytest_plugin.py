"""The pytest plugin, as a package that tests its own metric uses it."""

import json
import re
import subprocess
import sys
import tomllib
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import entry_points

import numpy as np
import pytest
from support.paths import ROOT

from vidmbench.check import regression  # imported here, so that pytester does not forget it after each run
from vidmbench.core.errors import ResultError

pytest_plugins = "pytester"
PLUGIN = "vidmbench.check.pytest_plugin"
# An installation that is older than the plugin does not announce it.
EXACT = regression.Tolerances(0.0, 0.0)
LOAD = () if any(point.value == PLUGIN for point in entry_points(group="pytest11")) else ("-p", PLUGIN)
METRIC = """
def distance(real, fake):
    return SCALE * float(abs(real.astype(float).mean() - fake.astype(float).mean()))
SCALE = 1.0
def test_distance(vidmbench_regression):
    vidmbench_regression(distance)
"""


@pytest.fixture
def tested(pytester):
    """Writes test_metrics.py and runs it; gives the result."""

    def run(text, *options):
        (pytester.path / "test_metrics.py").write_text(text)
        return pytester.runpytest_inprocess(*LOAD, "-p", "no:xdist", "-p", "no:cacheprovider", *options)

    return run


def values(pytester):
    return json.loads((pytester.path / "test_metrics.vidmbench.json").read_text())


def test_stored_compared_moved_and_updated(tested, pytester):
    first = tested(METRIC)
    first.assert_outcomes(failed=1)
    first.stdout.fnmatch_lines(["no value is stored for test_distance", "*pytest --vidmbench-update*commit*"])
    assert "Traceback" not in first.stdout.str()
    assert "another exception" not in first.stdout.str()
    assert not list(pytester.path.glob("*.json"))

    stored = tested(METRIC, "--vidmbench-update")
    stored.assert_outcomes(passed=1)
    stored.stdout.fnmatch_lines(["test_metrics.vidmbench.json: test_distance: *"])
    (entry,) = values(pytester).values()
    real, fake = regression.golden_sides()
    assert entry["value"] == abs(real.astype(float).mean() - fake.astype(float).mean())

    tested(METRIC).assert_outcomes(passed=1)
    tested(METRIC.replace("SCALE = 1.0", "SCALE = 1 + 9e-5")).assert_outcomes(passed=1)
    moved = tested(METRIC.replace("SCALE = 1.0", "SCALE = 1 + 2e-4"))
    moved.assert_outcomes(failed=1)
    moved.stdout.fnmatch_lines(
        ["test_distance has moved: *, a relative difference of 0.0002", "*test_metrics.vidmbench.json"]
    )

    held = tested(METRIC.replace("SCALE = 1.0", "SCALE = 1 + 9e-5"), "--vidmbench-update")
    assert "stored by" not in held.stdout.str()  # what holds stays as it is, so that no last digit makes a diff
    assert values(pytester)["test_distance"] == entry
    again = tested(METRIC.replace("SCALE = 1.0", "SCALE = 2"), "--vidmbench-update")
    again.stdout.fnmatch_lines(["*test_distance: * (was *)"])
    assert values(pytester)["test_distance"]["value"] == 2 * entry["value"]


def test_several_numbers_classes_and_parameters(tested, pytester):
    text = """
import pytest
class TestMine:
    @pytest.mark.parametrize("k", [1, 2])
    def test_several(self, vidmbench_regression, k):
        vidmbench_regression(lambda real, fake: {"mean": real.mean(), "k": k}, rtol=0)
def test_two(vidmbench_regression):
    vidmbench_regression(lambda real, fake: real.max())
    vidmbench_regression(lambda real, fake: 1e-12, name="tiny", atol=1e-6)
def test_clips(vidmbench_regression):
    assert vidmbench_regression.real.shape == vidmbench_regression.fake.shape == (5, 16, 32, 32, 3)
    vidmbench_regression.real[:] = 0  # a copy, which nobody else sees
    assert vidmbench_regression.real.any()
"""
    tested(text, "--vidmbench-update").assert_outcomes(passed=4)
    keys = ["TestMine::test_several[1]", "TestMine::test_several[2]", "test_two", "test_two/tiny"]
    assert list(values(pytester)) == keys
    assert values(pytester)["TestMine::test_several[2]"]["value"]["k"] == 2.0
    tested(text).assert_outcomes(passed=4)
    other = tested(text.replace('"k": k', '"n": k').replace("1e-12", "2e-12"))
    other.assert_outcomes(failed=2, passed=2)
    other.stdout.fnmatch_lines(["*has moved: k is gone; n is new"])


@pytest.mark.parametrize(
    ("returned", "said"),
    [
        ("float('nan')", "*value: 'nan' of type float"),
        ("'12'", "*of type str"),
        ("None", "*of type NoneType"),
        ("real", "*of type ndarray of shape (5, 16, 32, 32, 3)"),
        ("{'a': 1, 'b': True}", "*b: 'True' of type bool"),
        ("{}", "*an empty dict"),
        ("1j", "*of type complex"),
    ],
)
def test_what_is_no_number_is_refused_and_never_stored(returned, said, tested, pytester):
    text = f"def test_it(vidmbench_regression):\n    vidmbench_regression(lambda real, fake: {returned})\n"
    outcome = tested(text, "--vidmbench-update")
    outcome.assert_outcomes(failed=1)
    outcome.stdout.fnmatch_lines(["the metric did not return numbers", said])
    assert not list(pytester.path.glob("*.json"))


def test_mistakes_in_a_test_and_in_a_metric(tested):
    text = """
def test_twice(vidmbench_regression):
    vidmbench_regression(lambda real, fake: 1)
    vidmbench_regression(lambda real, fake: 1)
def test_broken(vidmbench_regression):
    vidmbench_regression(lambda real, fake: 1 / 0)
def test_tolerance(vidmbench_regression):
    vidmbench_regression(lambda real, fake: 1, rtol=float("nan"))
"""
    outcome = tested(text, "--vidmbench-update")
    outcome.assert_outcomes(failed=3)
    said = ["test_twice is checked twice*name=", "*ZeroDivisionError*", "the argument rtol has a wrong type or value"]
    outcome.stdout.fnmatch_lines(said)


@pytest.mark.parametrize("content", ["<<<<<<< HEAD", "[]", '{"test_distance": 3}', '{"test_distance": {"clips": "a"}}',
                                     '{"test_distance": {"clips": "a", "value": "x"}}'])  # fmt: skip
@pytest.mark.parametrize("options", [(), ("--vidmbench-update",)])
def test_a_damaged_file_is_named_and_kept(content, options, tested, pytester):
    path = pytester.path / "test_metrics.vidmbench.json"
    path.write_text(content)
    outcome = tested(METRIC, *options)
    outcome.assert_outcomes(failed=1)
    outcome.stdout.fnmatch_lines(["the file of stored values is damaged", "*git checkout*"])
    assert path.read_text() == content


def test_other_golden_clips_are_not_the_metrics_fault(tested, pytester):
    tested(METRIC, "--vidmbench-update")
    path = pytester.path / "test_metrics.vidmbench.json"
    path.write_text(path.read_text().replace(regression.clips_id(), "0123456789ab"))
    outcome = tested(METRIC)
    outcome.assert_outcomes(failed=1)
    outcome.stdout.fnmatch_lines(["the value of test_distance was made from other golden clips*"])
    tested(METRIC, "--vidmbench-update").assert_outcomes(passed=1)
    tested(METRIC).assert_outcomes(passed=1)


class Tensor:
    """What a tensor of one number has, on any device."""

    def __init__(self, number):
        self._number = number

    def item(self):
        return self._number


def test_numbers_of_other_libraries():
    given = {"a": np.float32(0.5), "b": Tensor(2.0), "c": np.array([[3]]), 4: 5}
    assert regression.numbers_of(given) == {"a": 0.5, "b": 2.0, "c": 3.0, "4": 5.0}
    with pytest.raises(ResultError, match="did not return numbers"):
        regression.numbers_of(np.zeros(2))


def test_tests_that_store_at_once_lose_nothing(tmp_path):
    """As the processes of pytest-xdist do."""

    def store(number):
        return regression.StoredValues(tmp_path / "test_x.py").update(str(number), {"value": float(number)}, EXACT)

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(store, range(16)))
    assert len(json.loads((tmp_path / "test_x.vidmbench.json").read_text())) == 16


def test_a_folder_that_cannot_be_written_to(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ResultError, match="values cannot be stored"):
        regression.StoredValues(tmp_path / "file" / "test_x.py").update("a", {"value": 1.0}, EXACT)


def test_the_example_of_the_page_runs(tested, pytester):
    page = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"^```py\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    assert len(example.splitlines()) == 10
    (pytester.path / "my_package.py").write_text(
        "def fvd(real, fake):\n    assert real.shape == fake.shape == (5, 3, 16, 32, 32)\n"
        "    assert -1 <= real.min() < 0 < real.max() <= 1\n    return (real.mean() - fake.mean()) ** 2\n"
    )
    (pytester.path / "test_my_fvd.py").write_text(example)
    # In a process of its own: pytester forgets what a run imports, and torch must not be imported twice.
    outcome = pytester.runpytest_subprocess(*LOAD, "--vidmbench-update")
    outcome.assert_outcomes(passed=1)
    outcome.stdout.fnmatch_lines(["test_my_fvd.vidmbench.json: test_fvd_has_not_moved: *"])


def test_the_plugin_costs_nothing_before_it_is_used():
    done = subprocess.run(
        [sys.executable, "-c", f"import pytest, sys; before = set(sys.modules); import {PLUGIN}\n"
         "print(*(set(sys.modules) - before))"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    ours = {"vidmbench", "vidmbench.check", PLUGIN}
    assert {name for name in done.stdout.split() if not re.match(r"_|encodings", name)} <= ours


def test_the_package_announces_the_plugin_and_does_not_need_pytest():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["entry-points"]["pytest11"] == {"vidmbench": PLUGIN}
    assert not [name for name in project["dependencies"] if name.startswith("pytest")]
    users = [
        path
        for path in (ROOT / "vidmbench").rglob("*.py")
        if re.search(r"^\s*(import|from) pytest", path.read_text(encoding="utf-8"), re.MULTILINE)
    ]
    assert [path.name for path in users] == ["pytest_plugin.py"]
