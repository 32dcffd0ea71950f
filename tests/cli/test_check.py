"""``vidmbench check``, as another project's CI calls it."""

import importlib
from xml.etree import ElementTree

import pytest

from vidmbench.check import run as check
from vidmbench.core.errors import WeightsError
from vidmbench.metrics import Moments

QUICK = ("check", "--weights", "without", "--protocol", "fvd-digan")


@pytest.fixture
def other_covariance(monkeypatch):
    monkeypatch.setattr(Moments, "covariance", lambda moments, normalisation: moments.scatter / moments.count)


def test_one_line_a_check_and_a_summary(command):
    done = command(*QUICK)
    assert (done.code, done.err) == (0, "")
    *lines, gap, summary = done.out.splitlines()
    assert gap == ""
    assert {line.split()[0] for line in lines} == {"ok", "skip"}
    assert all(line.split()[2] == "fvd-digan" for line in lines)
    assert "2 skipped, which do not count as passed" in summary


def test_from_the_script(script):
    """All protocols: tests/unit/check/test_check.py."""
    names = ("fvd-digan", "psnr-mcvd", "kid-frames")
    done = script("check", "--weights", "without", "--protocol", ",".join(names), OMP_NUM_THREADS="1")
    assert done.code == 0, done.out
    assert {line.split()[2] for line in done.out.splitlines()[:-2]} == set(names)


def test_a_moved_number_is_exit_code_1_and_names_its_stage(command, other_covariance, folder):
    done = command(*QUICK, "--junit", "out/check.xml")
    assert done.code == 1
    assert "first stage that moved: statistics (fvd-digan)" in done.out.splitlines()[-1]
    assert "MOVED  statistics  fvd-digan" in done.out
    assert done.err == "junit: out/check.xml\n"
    (suite,) = ElementTree.parse(folder / "out" / "check.xml").getroot()
    cases = list(suite.iter("testcase"))
    assert int(suite.get("tests")) == len(cases) == len(done.out.splitlines()) - 2
    assert int(suite.get("failures")) == len(suite.findall("testcase/failure")) == done.out.count("MOVED")
    assert int(suite.get("skipped")) == len(suite.findall("testcase/skipped")) == 2
    assert suite.get("errors") == "0"
    assert float(suite.get("time")) >= 0
    assert suite.find("properties/property[@name='first_moved']").get("value") == "statistics"
    assert {case.get("classname") for case in cases} == {f"vidmbench.check.run.{stage}" for stage in check.STAGES}


def test_json_says_the_same(command, other_covariance):
    done = command(*QUICK, "--json")
    assert done.code == 1
    assert done.json["first_moved"] == "statistics"
    assert done.json["good"] is False
    assert sum(done.json["counts"].values()) == len(done.json["checks"])
    one = next(one for one in done.json["checks"] if one["state"] == "moved")
    assert one["moved"] > one["tolerance"] > 0
    assert float(one["expected"]) != float(one["found"])


def test_problems_with_the_request_are_exit_code_2(command, folder, monkeypatch):
    command("check", "--protocol", "fvd-digam").fails("fvd-digam", "did you mean fvd-digan")
    command(*QUICK, "--junit", folder).fails("--junit names a file")
    (folder / "taken").touch()
    command(*QUICK, "--junit", "taken/check.xml").fails("the output folder is a file")  # and nothing was checked
    command("check", "--weights", "perhaps").fails("perhaps")

    def none(*_given, **_more):
        raise WeightsError("the weights are not on this machine")

    monkeypatch.setattr(check, "load_engine", none)
    command("check", "--weights", "with").fails("the weights are not on this machine")


def test_own_protocols_have_no_golden_values(command, folder):
    from vidmbench.core import resources

    text = (resources.protocols_dir() / "metrics" / "fvd-digan.toml").read_text(encoding="utf-8")
    (folder / "mine.toml").write_text(text.replace('name = "fvd-digan"', 'name = "mine"'), encoding="utf-8")
    command("check", "--protocol", "mine.toml").fails("only built-in protocols", "mine")


def test_the_help_needs_no_numpy():
    """``cli/check.py`` imports what it needs when it runs."""
    assert not hasattr(importlib.import_module("vidmbench.cli.check"), "run_checks")
