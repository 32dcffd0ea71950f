"""The wheel: built, installed elsewhere and used from another folder, it carries all data with it."""

import os
import subprocess
import sys
import tomllib
import zipfile

import pytest
from support.paths import ROOT

PROBE = "import vidmbench.core.resources as r; print(r.data_root()); print(r.checkout_results_dir())"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    done = subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """A folder that holds the installed wheel and nothing else."""
    target = tmp_path_factory.mktemp("installed")
    pip = [sys.executable, "-m", "pip", "install", "--no-deps", "--no-index", "--no-compile", "-q", "--target"]
    subprocess.run([*pip, target, wheel], check=True, capture_output=True, timeout=120)
    return target


@pytest.fixture
def used(installed, tmp_path):
    """Gives a command to the installed wheel, from a folder of its own."""

    def given(*words):
        done = subprocess.run(
            [sys.executable, *words],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            timeout=120,
            env={**os.environ, "PYTHONPATH": str(installed), "PYTHONDONTWRITEBYTECODE": "1"},
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return given


def test_the_wheel_holds_all_data_and_no_more(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    for folder in ("protocols", "results/published", "results/checkpoints"):
        for path in (path for path in (ROOT / folder).rglob("*") if path.is_file()):
            assert f"vidmbench/_data/{path.relative_to(ROOT).as_posix()}" in names
    assert not [name for name in names if name.startswith(("tests/", "docs/", "results/", "runs/"))]
    assert not [name for name in names if name.endswith((".pyc", ".ckpt", ".pth", ".tar"))]
    weights = [name for name in names if name.endswith(".safetensors")]
    ours = ("vidm-clevrer-mini-64.safetensors", "vidm-clevrer-mini.safetensors")  # trained here; nobody else's weights
    assert sorted(weights) == [f"vidmbench/_data/results/checkpoints/{name}" for name in ours]
    assert any(name.endswith("licenses/NOTICE") for name in names)
    assert any(name.endswith("licenses/LICENSE") for name in names)


def test_a_fresh_clone_can_build():
    """git keeps no empty folders, and hatchling refuses a folder that is not there."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    for folder in settings["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]:
        assert any(path.is_file() for path in (ROOT / folder).rglob("*")), f"{folder} would be missing from a clone"


def test_data_come_from_the_package(used, installed):
    root, checkout = used("-c", PROBE).split()
    assert root == str(installed / "vidmbench" / "_data")
    assert checkout == "None"


def test_commands_work_from_another_folder(used, installed):
    script = installed / "bin" / "vidmbench"
    listed = used(script, "list", "protocols")
    files = (ROOT / "protocols" / "metrics").glob("*.toml")
    assert {line.split()[0] for line in listed.splitlines()} == {"paired-all", *(path.stem for path in files)}
    assert used(script, "table", "1") == (ROOT / "results" / "tables" / "table1.md").read_text(encoding="utf-8")
    planned = used(
        script, "run", "--model", "control:static", "--dataset", "clevrer-mini", "--frames", "16", "--dry-run"
    )
    assert "256 real and 256 scored clips of 16 frames" in planned


def test_records_cannot_be_imported_into_a_package(installed, tmp_path):
    done = subprocess.run(
        [sys.executable, installed / "bin" / "vidmbench", "results", "import", "x.json"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(installed), "PYTHONDONTWRITEBYTECODE": "1"},
    )
    assert done.returncode == 2
    assert "no folder for records" in done.stderr


def test_the_wheel_makes_a_report(used, tmp_path):
    """Templates, style and script of the page are files of the package."""
    used("-m", "vidmbench", "report", "--videos", "0", "--out", "site")
    page = (tmp_path / "site/index.html").read_text(encoding="utf-8")
    assert "--back:" in page
    assert "aria-sort" in page


def test_the_wheel_prints_html_tables(used):
    assert used("-m", "vidmbench", "table", "1", "--format", "html") == (
        ROOT / "results" / "tables" / "table1.html"
    ).read_text(encoding="utf-8")
