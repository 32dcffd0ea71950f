"""Shapes are checked while tests run: every listed module is there, and whatever names shapes is really checked."""

import importlib
import inspect
import re
import tomllib

import numpy as np
import pytest
from jaxtyping import TypeCheckError
from support.paths import ROOT

SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
CLIP = np.zeros((4, 8, 8, 3), np.uint8)
IMAGE = CLIP[0]  # given where a clip is expected
UNCHECKED = {
    "vidmbench.core.arrays": "nothing but names of shapes",
    "vidmbench.vidm.sampling.source": "its tests look at the floats that frames are rounded from",
}


def listed():
    options = " ".join(SETTINGS["tool"]["pytest"]["ini_options"]["addopts"])
    (words,) = re.findall(r"--jaxtyping-packages=(\S+)", options)
    *modules, checker = words.split(",")
    assert checker == "beartype.beartype"
    return modules


def naming_shapes():
    """Modules that import jaxtyping or the package's own names of shapes."""
    for path in sorted((ROOT / "vidmbench").rglob("*.py")):
        if re.search(r"^ *from (jaxtyping|vidmbench\.core\.arrays) import", path.read_text(encoding="utf-8"), re.M):
            yield ".".join(path.relative_to(ROOT).with_suffix("").parts)


def functions_of(module):
    """Functions and methods written in a module."""
    for value in vars(module).values():
        if getattr(value, "__module__", None) != module.__name__:
            continue
        if inspect.isclass(value):
            lines = inspect.getsource(value)
            yield from (it for name, it in vars(value).items() if inspect.isfunction(it) and f"def {name}(" in lines)
        elif inspect.isfunction(value):
            yield value


@pytest.mark.parametrize("name", listed())
def test_every_listed_module_exists(name):
    importlib.import_module(name)


@pytest.mark.parametrize("name", [name for name in naming_shapes() if name not in UNCHECKED])
def test_whatever_names_shapes_is_checked(name):
    functions = list(functions_of(importlib.import_module(name)))
    unchecked = [function.__qualname__ for function in functions if not hasattr(function, "__wrapped__")]
    assert not unchecked, f"{name} names shapes and is not in --jaxtyping-packages of pyproject.toml"


def test_the_check_of_the_checks_can_fail():
    """Of a module that is not listed, no function is checked."""
    errors = importlib.import_module("vidmbench.core.errors")
    assert not any(hasattr(function, "__wrapped__") for function in functions_of(errors))
    assert set(UNCHECKED) <= set(naming_shapes())


def metrics():
    from vidmbench.metrics.frechet import covariance_factor

    covariance_factor(np.zeros(3), 2)


def videos():
    from vidmbench.videos.pre_resize import pre_resized

    pre_resized(IMAGE, "none")


def detectors():
    from vidmbench.detectors.resize import prepared
    from vidmbench.protocols.protocol import load_protocol

    prepared(IMAGE, load_protocol("fvd-stylegan-v").array, size=224)


def sources():
    from vidmbench.sources.clevrer_mini import random_scene, render

    render(random_scene(np.random.default_rng(0)), np.zeros((1, 2)), np.zeros((1, 1)), 32)


def evaluation():
    from vidmbench.evaluation.feature_job import FeatureSet

    FeatureSet(np.zeros(3, np.float32), (), "torch")


def vidm():
    from vidmbench.vidm.frames import square

    square(IMAGE, 8)


def reporting():
    from vidmbench.reporting.plots.timeline import motion_of

    motion_of(IMAGE)


def check():
    from vidmbench.check.golden_inputs import GoldenClips

    GoldenClips(IMAGE, IMAGE, CLIP)


ROOMS = {
    function.__name__: function
    for function in (metrics, videos, detectors, sources, evaluation, vidm, reporting, check)
}


def test_every_listed_room_is_tried():
    assert {name.split(".")[1] for name in listed()} == set(ROOMS)


@pytest.mark.parametrize("room", ROOMS)
def test_a_wrong_shape_is_an_error(room):
    with pytest.raises(TypeCheckError, match=rf"vidmbench\.{room}\."):
        ROOMS[room]()
