"""The library's public names: all there, all documented, all examples run."""

import ast
import doctest
import importlib
import inspect
import re
from pathlib import Path

import numpy as np
import pytest
from support.paths import ROOT

import vidmbench
from vidmbench.core.errors import DataError, UsageError
from vidmbench.core.text import shortened

NEED_WEIGHTS = ("score", "score_all", "extract_features")
PAGE = (ROOT / "docs" / "python.md").read_text(encoding="utf-8")


def test_every_name_is_there_and_no_other():
    assert sorted(vidmbench.__all__) == vidmbench.__all__ == sorted(vidmbench._LAZY)
    typed = ast.parse(Path(vidmbench.__file__).read_text(encoding="utf-8"))
    branch = next(node for node in typed.body if isinstance(node, ast.If))
    imported = [alias.name for node in branch.body for alias in node.names]
    assert sorted(imported) == vidmbench.__all__  # what type checkers see
    for name in vidmbench.__all__:
        assert getattr(vidmbench, name).__name__ == name


def test_no_name_is_hidden_by_a_module():
    """``import vidmbench.score`` would put a module in the place of a function ``vidmbench.score``."""
    modules = {path.stem for path in Path(vidmbench.__file__).parent.iterdir()}
    assert not modules.intersection(vidmbench.__all__)


@pytest.mark.parametrize("name", vidmbench.__all__)
def test_every_name_is_on_the_page(name):
    assert re.search(rf"^\| `{name}`", PAGE, re.MULTILINE), f"docs/python.md has no row for {name}"


def run_example(name, folder, monkeypatch):
    monkeypatch.chdir(folder)
    thing = getattr(vidmbench, name)
    found = [test for test in doctest.DocTestFinder(recurse=False).find(thing, name) if test.examples]
    assert found, f"{name} has no example"
    runner = doctest.DocTestRunner(verbose=False)
    said = []
    for test in found:
        runner.run(test, out=said.append)
    assert runner.failures == 0, "".join(said)


@pytest.mark.parametrize("name", [name for name in vidmbench.__all__ if name not in NEED_WEIGHTS])
def test_every_example_runs(name, tmp_path, monkeypatch):
    run_example(name, tmp_path, monkeypatch)


@pytest.mark.weights
@pytest.mark.parametrize("name", NEED_WEIGHTS)
def test_every_example_with_the_network_runs(name, network, tmp_path, monkeypatch):
    run_example(name, tmp_path, monkeypatch)


def test_an_example_that_is_wrong_would_be_noticed(tmp_path, monkeypatch):
    monkeypatch.setattr(vidmbench.load_protocol, "__doc__", ">>> 1 + 1\n3\n")
    with pytest.raises(AssertionError, match="Expected"):
        run_example("load_protocol", tmp_path, monkeypatch)


@pytest.mark.parametrize("name", vidmbench.__all__)
def test_docstrings_say_what_goes_in_and_out(name):
    """Google style: every argument stands in the docstring."""
    thing = getattr(vidmbench, name)
    said = inspect.getdoc(thing)
    if inspect.isfunction(thing):
        for argument in inspect.signature(thing).parameters:
            assert re.search(rf"^\s+{argument}: ", said, re.MULTILINE), f"{name}: {argument} is not documented"
        assert inspect.signature(thing).return_annotation is not inspect.Signature.empty


def clips(seed, count=5):
    return np.random.default_rng(seed).integers(0, 256, (count, 12, 8, 8, 3), dtype=np.uint8)


OPTIONS = {"frames": 9, "num_videos": 5}


def test_a_number_does_not_depend_on_how_videos_are_given(fake_network, tmp_path):
    torch = importlib.import_module("torch")
    real, fake = clips(0), clips(1)
    np.save(tmp_path / "fake.npy", fake)
    ways = [fake, torch.from_numpy(fake), tmp_path / "fake.npy", str(tmp_path / "fake.npy")]
    ways.append(vidmbench.open_source(fake))
    values = {vidmbench.score(real, way, **OPTIONS).value for way in ways}
    assert len(values) == 1
    assert vidmbench.score(real, clips(2), **OPTIONS).value not in values


def test_controls_and_twins_of_videos_at_hand(fake_network):
    real = clips(0)
    still = vidmbench.score(real, "control:static", **OPTIONS)
    assert still.fake.label == "control:static"
    assert any("paired" in warning or "same videos" in warning for warning in still.warnings), still.warnings
    assert still.value == vidmbench.score(real, np.repeat(real[:, :1], 12, axis=1), **OPTIONS).value
    with pytest.raises(DataError, match="second split"):
        vidmbench.score(real, "control:real", **OPTIONS)
    with pytest.raises(UsageError, match="unknown control"):
        vidmbench.score(real, "control:statik", **OPTIONS)


def test_text_of_a_measurement_carries_what_it_must(fake_network):
    one = vidmbench.score(clips(0), clips(1), **OPTIONS)
    line = f"fvd {one.text()} [fvd-vidm-paper.1 t9 s1 n5/5 fp32 #{one.signature_id}]"
    assert len(one.warnings) == 1
    assert str(one) == f"{line} (1 note: {shortened(one.warnings[0])})"
    assert str(one.model_copy(update={"warnings": ()})) == line
    several = one.model_copy(update={"warnings": ("a: b", "c; d", "e (f)", "g")})
    assert str(several) == f"{line} (4 notes: a: b; c; d; e (f); 1 more)"


def test_a_measurement_is_a_number_and_a_line(fake_network):
    one = vidmbench.score(clips(0), clips(1), **OPTIONS)
    assert float(one) == one.value
    assert f"{one:.2f}" == f"{one.value:.2f}"
    assert f"{one}" == str(one)
    assert one.scalars() == {"fvd": one.value, "fvd_low": one.interval[0], "fvd_high": one.interval[1]}
    assert {type(number) for number in one.scalars().values()} == {float}
    assert repr(one).startswith(f"Measurement(fvd={one.value:.6g}, frames=9, num_real=5, num_fake=5, ")
    assert len(repr(one)) < 200
    failed = one.model_copy(update={"value": None, "interval": None, "status": "failed", "reason": "too few"})
    assert failed.scalars() == {}
    assert "too few" in repr(failed)
    for use in (float, "{:.1f}".format):
        with pytest.raises(vidmbench.VidmbenchError, match="failed and has no value"):
            use(failed)


def test_several_numbers_at_once(fake_network):
    choices = vidmbench.Choices(protocols=("fvd-stylegan-v", "prdc-i3d"), frames=(9, 10), num_real=5, num_fake=5)
    found = vidmbench.score_all(clips(0), clips(1), choices)
    assert [one.metric for one in found[:2]] == ["fvd", "fvd"]
    assert [one.frames for one in found[:2]] == [9, 10]
    with pytest.raises(UsageError, match="prdc-i3d gives 4 numbers"):
        vidmbench.score(clips(0), clips(1), protocol="prdc-i3d", **OPTIONS)


def test_features_are_those_that_were_scored(fake_network):
    real, fake = clips(0), clips(1)
    seen = [
        vidmbench.Moments.of(vidmbench.extract_features(side, is_real=is_real, **OPTIONS).features)
        for side, is_real in ((real, True), (fake, False))
    ]
    value = vidmbench.score(real, fake, **OPTIONS).value
    assert vidmbench.frechet_distance(*seen, normalisation="n") == value
    all_of_them = vidmbench.extract_features(fake, frames=9).features
    assert all_of_them.shape == (5, 400)


@pytest.mark.parametrize(
    ("videos", "words"),
    [
        (lambda: clips(0) / 255, r"declare value_range=\(0, 1\)"),
        (lambda: clips(0).transpose(0, 4, 1, 2, 3), 'declare layout="NCTHW"'),
        (lambda: [1, 2], "unsupported video source"),
        (lambda: "nowhere", "path not found: nowhere"),
        (lambda: clips(0, count=3), "num-videos"),
    ],
)
def test_bad_videos_are_refused_with_the_way_out(fake_network, videos, words):
    with pytest.raises(vidmbench.VidmbenchError, match=words):
        vidmbench.score(clips(0), videos(), **OPTIONS)


def test_a_vidm_wants_a_number_of_videos():
    with pytest.raises(UsageError, match="num_videos is required"):
        vidmbench.open_source("vidm")
    with pytest.raises(UsageError, match="num_videos is required"):
        vidmbench.open_source("static-of:vidm")


def test_a_vidm_is_opened():
    twin = vidmbench.open_source("static-of:vidm", num_videos=1, num_frames=3, steps=2)
    frames = twin.read(0, range(3))
    assert len(twin) == 1
    assert (frames == frames[:1]).all()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"precision": "fp16"}, "unknown precision 'fp16'"),  # the signature would repeat it
        ({"device": "gpu"}, "unknown device 'gpu'"),
        ({"frames": "16"}, "frames has a wrong type"),
        ({"protocol": "fvd-tatts"}, "did you mean fvd-tats"),
        ({"num_videos": -1}, "num_videos is too small"),
        ({"seed": -1}, "negative"),
    ],
)
@pytest.mark.parametrize("is_score", [True, False])
def test_options_that_mean_nothing_are_refused(fake_network, options, words, is_score):
    sides = (clips(0), clips(1)) if is_score else (clips(0),)
    asked = vidmbench.score if is_score else vidmbench.extract_features
    with pytest.raises(vidmbench.VidmbenchError, match=words):
        asked(*sides, **OPTIONS | options)


@pytest.mark.parametrize("options", [{"protocols": "fvd-tats"}, {"frames": 16}, {"on_bad": "ignore"}])
def test_choices_that_mean_nothing_are_refused(options):
    with pytest.raises(UsageError, match=r"has a wrong type|unknown on_bad"):
        vidmbench.Choices(**options)


@pytest.mark.parametrize("options", [{"num_videos": 0}, {"num_videos": 2, "num_frames": 0}])
def test_a_vidm_draws_something(options):
    with pytest.raises(UsageError, match="too small"):
        vidmbench.open_source("vidm", **options)


def test_files_may_be_paths(fake_network, tmp_path):
    own = tmp_path / "mine.toml"
    text = (ROOT / "protocols" / "metrics" / "fvd-stylegan-v.toml").read_text(encoding="utf-8")
    own.write_text(text.replace('name = "fvd-stylegan-v"', 'name = "mine"'), encoding="utf-8")
    assert vidmbench.load_protocol(own).name == "mine"
    assert vidmbench.score(clips(0), clips(1), protocol=own, **OPTIONS).protocol == "mine"
    assert vidmbench.load_baseline(ROOT / "baselines" / "digan" / "baseline.toml").name == "digan"
