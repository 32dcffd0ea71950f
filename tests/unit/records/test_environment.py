import json
from importlib.metadata import version

from vidmbench.core import resources
from vidmbench.records.environment import environment


def test_what_someone_needs_who_wants_the_same_number():
    facts = environment()
    assert json.loads(json.dumps(facts)) == facts
    assert facts["packages"]["torch"] == version("torch")
    assert facts["packages"]["numpy"] == version("numpy")
    assert facts["cores"] >= 1
    assert facts["processor"]
    assert facts["tf32"] is False


def test_packages_that_are_not_there_are_none(monkeypatch):
    from vidmbench.records import environment as module

    def missing(name):
        raise module.PackageNotFoundError(name)

    monkeypatch.setattr(module, "version", missing)
    assert set(environment()["packages"].values()) == {None}


def test_an_installed_wheel_has_no_commit(monkeypatch):
    monkeypatch.setattr(resources, "checkout_results_dir", lambda: None)
    assert environment()["commit"] is None


def test_a_checkout_whose_git_does_not_work_has_no_commit(monkeypatch, tmp_path):
    (tmp_path / ".git").touch()
    monkeypatch.setattr(resources, "checkout_results_dir", lambda: tmp_path / "results")
    assert environment()["commit"] is None
