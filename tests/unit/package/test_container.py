"""The Dockerfile and action.yml without Docker and GitHub: they name what there is; their scripts do what they say."""

import fnmatch
import os
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
from support.paths import ROOT

from vidmbench.core.defaults import KEYS
from vidmbench.protocols.detector import load_detectors

DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
STEPS = [
    tuple(line.split(maxsplit=1))
    for line in re.sub(r"^#.*\n", "", DOCKERFILE, flags=re.MULTILINE).replace("\\\n", "").splitlines()
    if line
]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
ACTION = (ROOT / "action.yml").read_text(encoding="utf-8")


def of(word):
    return [rest for name, rest in STEPS if name == word]


def copied():
    """What the image takes from the checkout."""
    return [source for rest in of("COPY") if not rest.startswith("--from") for source in rest.split()[:-1]]


def is_sent(path):
    """Whether .dockerignore lets a path through; the last matching line decides."""
    sent = True
    for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines():
        pattern = line.lstrip("!")
        whole = [path, *map(str, Path(path).parents)]
        if (
            pattern
            and not line.startswith("#")
            and any(
                fnmatch.fnmatch(part, pattern) or fnmatch.fnmatch(f"/{part}", pattern.replace("**", "*"))
                for part in whole
            )
        ):
            sent = line.startswith("!")
    return sent


def test_what_is_copied_is_there_and_is_all_that_the_wheel_is_made_of():
    for source in copied():
        assert (ROOT / source).exists(), source
    build = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]
    needed = [*build["packages"], *build["force-include"], *PROJECT["project"]["license-files"], "README.md"]
    for path in (*needed, "pyproject.toml", "constraints.txt"):
        assert any(path == source or path.startswith(f"{source}/") for source in copied()), path
        assert is_sent(path), path
    assert is_sent("vidmbench/core/files.py")
    for path in ("tests/conftest.py", ".git/HEAD", ".venv/bin/python", "runs/x.json", "results/tables/table1.md",
                 "vidmbench/core/__pycache__/files.pyc"):  # fmt: skip
        assert not is_sent(path), path


def test_names_in_the_dockerfile_are_those_of_the_package():
    assert of("ENTRYPOINT") == ['["vidmbench"]']
    assert "vidmbench" in PROJECT["project"]["scripts"]
    (weights,) = re.findall(r"vidmbench weights get (\S+)", DOCKERFILE)
    assert load_detectors()[weights].package is not None
    known = {"VIDMBENCH_WEIGHTS", *(f"VIDMBENCH_{key.upper()}" for key in KEYS)}
    assert set(re.findall(r"VIDMBENCH_\w+", DOCKERFILE)) <= known
    (folder,) = re.findall(r"VIDMBENCH_WEIGHTS=(\S+)", DOCKERFILE)
    (cache,) = re.findall(r"VIDMBENCH_CACHE=(\S+) vidmbench weights", DOCKERFILE)
    assert folder == f"{cache}/weights"  # where `weights get` writes is where they are found
    for image in of("FROM"):
        version = re.match(r"python:(3\.\d+)-slim", image)[1]
        assert f">={version}" == PROJECT["project"]["requires-python"]
    for line in re.findall(r"pip install.*", "\n".join(of("RUN"))):
        assert all("-c " in part for part in line.split("pip install")[1:]), line


@pytest.fixture
def stub(tmp_path):
    """Puts a program in front of PATH that writes its arguments to a file, and ends with a code."""

    def make(name, code=0, said=""):
        program = tmp_path / "bin" / name
        program.parent.mkdir(exist_ok=True)
        program.write_text(f'#!/bin/sh\necho "$0 $*" >> {tmp_path}/said\necho "{said}"\nexit {code}\n')
        program.chmod(0o755)
        return program

    return make


def run(script, tmp_path, shell=("/bin/sh",), **environment):
    path = f"{tmp_path}/bin:/usr/bin:/bin"
    done = subprocess.run([*shell, "-c", script], env={"PATH": path, **environment}, capture_output=True, text=True)
    said = tmp_path / "said"
    return done, [
        line.replace(f"{tmp_path}/bin/", "") for line in said.read_text().splitlines()
    ] if said.exists() else []


INSTALL = "--no-deps --index-url {index} -c /opt/vidmbench/constraints.txt torch"


@pytest.mark.parametrize(
    ("device", "index", "torch", "extra"),
    [
        ("cpu", "", INSTALL.format(index="https://download.pytorch.org/whl/cpu"), "[cpu]"),
        ("cpu", "https://mirror/cpu", INSTALL.format(index="https://mirror/cpu"), "[cpu]"),
        ("cuda", "", None, ""),
        ("cuda", "https://mirror/cu126", INSTALL.format(index="https://mirror/cu126"), ""),
    ],
)
def test_the_build_argument_chooses_pytorch(device, index, torch, extra, tmp_path, stub):
    stub("pip")
    (script,) = (rest for rest in of("RUN") if "TORCH_INDEX" in rest)
    done, said = run(script, tmp_path, DEVICE=device, TORCH_INDEX=index)
    assert done.returncode == 0, done.stderr
    wheel = f"pip install -c /opt/vidmbench/constraints.txt /opt/vidmbench/wheels/*.whl{extra}"
    assert said == ([f"pip install {torch}"] if torch else []) + [wheel]


def test_another_device_stops_the_build(tmp_path, stub):
    stub("pip")
    (script,) = (rest for rest in of("RUN") if "TORCH_INDEX" in rest)
    done, said = run(script, tmp_path, DEVICE="gpu", TORCH_INDEX="")
    assert (done.returncode, said) == (2, [])
    assert "DEVICE is cpu or cuda, not 'gpu'" in done.stderr


def scripts():
    """The scripts of action.yml, in order."""
    blocks = re.findall(r"^      run: \|\n((?:        .*\n|\n)+)", ACTION, re.MULTILINE)
    return [re.sub(r"^ {8}", "", block, flags=re.MULTILINE) for block in blocks]


BASH = ("bash", "--noprofile", "--norc", "-eo", "pipefail")  # as GitHub runs `shell: bash`


def test_the_action_makes_an_environment_of_its_own_unless_it_is_given_one(tmp_path, stub):
    install, _ = scripts()
    output = tmp_path / "output"
    environment = {"RUNNER_TEMP": str(tmp_path), "RUNNER_OS": "Linux", "GITHUB_OUTPUT": str(output), "ACTION": "/a"}
    done, said = run(install, tmp_path, BASH, PYTHON="/usr/bin/mine", **environment)
    assert (done.returncode, said, output.read_text()) == (0, [], "python=/usr/bin/mine\n")
    (tmp_path / "vidmbench/bin").mkdir(parents=True)
    (tmp_path / "vidmbench/bin/python").symlink_to(stub("python"))
    stub("python3")
    output.unlink()
    done, said = run(install, tmp_path, BASH, PYTHON="", **environment)
    assert done.returncode == 0, done.stderr
    assert [line.partition(" ")[2] for line in said][1:] == [
        f"-m venv {tmp_path}/vidmbench",
        "-m pip install -q --no-deps --index-url https://download.pytorch.org/whl/cpu -c /a/constraints.txt torch",
        "-m pip install -q -c /a/constraints.txt /a[cpu]",
    ]
    assert output.read_text() == f"python={tmp_path}/vidmbench/bin/python\n"
    stub("python3", code=1)
    done, _ = run(install, tmp_path, BASH, PYTHON="", **environment)
    assert (done.returncode, "::error::vidmbench needs Python 3.11" in done.stdout) == (2, True)


@pytest.mark.parametrize("code", [0, 1])
def test_the_action_ends_as_check_does_and_says_so(code, tmp_path, stub):
    _, check = scripts()
    output, summary = tmp_path / "output", tmp_path / "summary"
    environment = {"RUNNER_TEMP": str(tmp_path), "GITHUB_OUTPUT": str(output), "GITHUB_STEP_SUMMARY": str(summary)}
    python = str(stub("python", code, "the summary"))
    done, said = run(
        check, tmp_path, BASH, PYTHON=python, PROTOCOLS="fvd-digan fvd-tats", WEIGHTS="with", **environment
    )
    assert done.returncode == code
    junit = f"{tmp_path}/vidmbench-check.xml"
    options = f"--weights with --junit {junit} --protocol fvd-digan --protocol fvd-tats"
    assert said == [f"python -m vidmbench check {options}"]
    assert output.read_text() == f"junit={junit}\n"
    assert summary.read_text() == "vidmbench check: the summary\n"
    assert "the summary" in done.stdout


def test_the_action_names_its_inputs_and_what_check_takes():
    inputs = set(re.findall(r"^  (\w+):$", ACTION.partition("inputs:\n")[2].partition("outputs:")[0], re.MULTILINE))
    assert inputs == set(re.findall(r"\$\{\{ inputs\.(\w+) \}\}", ACTION)) == {"protocols", "weights", "python"}
    for script in scripts():
        assert "${{" not in script  # what a caller gives is never part of a script
    page = (ROOT / "docs/ci.md").read_text(encoding="utf-8")
    for block in re.findall(r"uses: OWNER/vidmbench@v\S+\n(.*?)(?=^- |^```)", page, re.MULTILINE | re.DOTALL):
        assert set(re.findall(r"^    (\w+):", block, re.MULTILINE)) <= inputs
    assert f"OWNER/vidmbench@v{PROJECT['project']['version']}" in page
    assert os.access(ROOT / "action.yml", os.R_OK)
