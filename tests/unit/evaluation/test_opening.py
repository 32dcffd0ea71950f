"""Every form of a source's name in every function that a command resolves its names by."""

import sys
from types import SimpleNamespace

import numpy as np
import pytest

from vidmbench.core import json_toml
from vidmbench.core.errors import UsageError, VidmbenchError
from vidmbench.evaluation import job as jobs
from vidmbench.evaluation import opening
from vidmbench.evaluation.choices import Choices
from vidmbench.evaluation.job import prepare_run, prepare_score
from vidmbench.evaluation.studies.compare import prepare_compare
from vidmbench.evaluation.studies.explain import prepare_explain
from vidmbench.evaluation.studies.memorisation_plan import prepare_memorisation
from vidmbench.evaluation.studies.score_map import prepare_score_map
from vidmbench.evaluation.studies.single_distance import one_job
from vidmbench.evaluation.videos import open_source
from vidmbench.protocols.protocol import ProtocolSpec, load_protocol
from vidmbench.reporting.plots.video_inputs import ShownClips, open_shown
from vidmbench.sources.clevrer_mini import ToyVideos
from vidmbench.sources.datasets.spec import load_dataset
from vidmbench.sources.names import parse_source

COUNT, FRAMES = 5, 9
OPTIONS = {"frames": (FRAMES,), "num_real": COUNT, "num_fake": COUNT, "seed": 3}
CHOICES = Choices(**OPTIONS)


def score(real, fake):
    return prepare_score(real, fake, CHOICES).fake


def compare(real, fake):
    return prepare_compare(real, fake, CHOICES).job.fake


def infinity(real, fake):
    return one_job(real, fake, CHOICES).fake


def explain(real, fake):
    return prepare_explain("fvd-stylegan-v", "fvd-vidm-release", real, fake, CHOICES).job.fake


def score_map(real, fake):
    return prepare_score_map(real, fake, Choices(protocols=("prdc-i3d",), **OPTIONS)).fake


def memorisation(real, fake):
    return prepare_memorisation(real, real, fake, CHOICES, num_videos=COUNT, quantile=0.4).fake.source


def python(real, fake):
    return open_source(fake, real=real, num_videos=COUNT, num_frames=FRAMES, seed=3)


def run(real, fake):
    dataset = real if real.startswith("dataset:") else f"folder:{real}"
    is_files = not fake.removeprefix("static-of:").startswith(("dataset:", "control:", "vidm"))
    if not is_files:
        return prepare_run(fake, dataset, CHOICES).fake
    base = fake.removeprefix("static-of:")
    return prepare_run("static-of:gan" if base != fake else "gan", dataset, CHOICES, samples=base).fake


OF_TWO = [score, compare, infinity, explain, score_map, memorisation, python, run]


@pytest.fixture
def films(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for seed, name in enumerate(("real", "fake")):
        array = np.random.default_rng(seed).integers(0, 256, (COUNT, 12, 16, 16, 3), dtype=np.uint8)
        np.save(tmp_path / f"{name}.npy", array)


@pytest.fixture
def sampled(monkeypatch):
    """Samples of a model that costs nothing; what was loaded, and how it was sampled."""
    calls = []

    def load(name, data, device):
        calls.append((name.path, None if data is None else data.name.text))
        return SimpleNamespace(spec=SimpleNamespace(resolution=32))

    def samples(_vidm, _data, options, *, num_videos, num_frames, seed, data_root):
        calls.append((num_videos, num_frames, seed))
        source = ToyVideos("train", num_videos=num_videos, resolution=32)
        source.label = "toy-vidm"
        return source

    monkeypatch.setattr(opening, "load_model", load)
    monkeypatch.setattr(jobs, "load_model", load)
    monkeypatch.setattr(opening, "videos_of", samples)
    return calls


FORMS = {
    "fake.npy": "fake.npy",
    "folder:fake.npy": "fake.npy",
    "dataset:clevrer-mini@train/32": "clevrer-mini@train/32",
    "control:shuffled": "control:shuffled",
    "vidm": "toy-vidm",
    "vidm:RUN": "toy-vidm",
    "static-of:fake.npy": "static-of:fake.npy",
    "static-of:dataset:clevrer-mini@train": "static-of:clevrer-mini@train",
    "static-of:control:shuffled": "static-of:control:shuffled",
    "static-of:vidm": "static-of:toy-vidm",
    "static-of:static-of:fake.npy": "static-of:static-of:fake.npy",
}


@pytest.mark.parametrize("real", ["real.npy", "dataset:clevrer-mini@test/32"])
@pytest.mark.parametrize("text", FORMS)
@pytest.mark.parametrize("command", OF_TWO, ids=lambda function: function.__name__)
def test_every_form_in_every_command(command, text, real, films, sampled):
    if command is run and text.count("static-of:") > 1:
        return  # twice is for two sources
    source = command(real, text)
    assert source.label == FORMS[text]
    assert source.read(0, range(FRAMES)).dtype == np.uint8
    if "vidm" in text:
        shipped_for = real if real.startswith("dataset:") else None
        if command is run:
            shipped_for = shipped_for or f"folder:{real}"
        expected_path = "RUN" if ":RUN" in text else None
        ((path, data), (num_videos, num_frames, seed)) = sampled
        assert (path, data) == (expected_path, shipped_for)
        assert num_videos == COUNT
        assert num_frames >= FRAMES
        assert seed == 3


def test_a_model_gives_as_many_videos_and_frames_as_any_protocol_takes(films, sampled):
    choices = Choices(protocols=("fvd-stylegan-v", "fvd-vidm-release"), frames=(9, 12))
    job = prepare_compare("dataset:clevrer-mini@test/32", "vidm", choices).job
    assert len(job.fake) == 2048
    spans = [plan.spec.clips.span_of(plan.spec.clips.fake) for plan in job.plans]
    assert sampled[1][:2] == (2048, max(spans))
    assert {plan.spec.clips.frames for plan in job.plans} == {9, 12}


def test_controls_of_a_named_data_set_are_of_its_other_split(films):
    for command in (score, compare, python):
        source = command("dataset:clevrer-mini@test/32", "static-of:control:noise")
        assert source.base.base.label == "clevrer-mini@train/32"
        assert not source.base.is_paired
        assert command("real.npy", "control:noise").is_paired
    assert memorisation("dataset:clevrer-mini@test/32", "control:real").base.label == "clevrer-mini@test/32"


def test_a_figure_of_videos_opens_every_source_once(films, sampled):
    texts = ["real.npy", "a=vidm", "static-of:vidm", "control:reversed", "static-of:control:reversed", "vidm:RUN"]
    shown = open_shown(texts, ShownClips(4, (1,), seed=3))
    labels = ["real.npy", "a", "static-of:toy-vidm", "control:reversed", "static-of:control:reversed", "toy-vidm"]
    assert [source.label for source in shown] == labels
    assert [call for call in sampled if len(call) == 2] == [(None, None), ("RUN", None)]
    assert sampled[1] == (2, 4, 3)


@pytest.mark.parametrize("command", OF_TWO[:-1], ids=lambda function: function.__name__)
@pytest.mark.parametrize("real", ["control:static", "static-of:control:static"])
def test_a_control_is_not_a_real_side(command, real, films):
    with pytest.raises(UsageError, match=r"a control is made from the real side|TRAIN takes real videos"):
        command(real, "control:noise")


def test_a_model_or_a_static_baseline_may_be_the_real_side(films, sampled):
    for real, label in (("vidm", "toy-vidm"), ("static-of:real.npy", "static-of:real.npy")):
        job = prepare_score(real, "fake.npy", CHOICES)
        assert (job.real.label, job.dataset, job.split, len(job.real)) == (label, label, None, COUNT)


@pytest.mark.parametrize(
    ("attempt", "words"),
    [
        (lambda: prepare_run("gan", "vidm", CHOICES, samples="fake.npy"), "--dataset takes real videos"),
        (lambda: prepare_run("gan", "control:static", CHOICES, samples="fake.npy"), "--dataset takes real videos"),
        (lambda: prepare_run("gan", "static-of:clevrer-mini", CHOICES, samples="fake.npy"), "takes real videos"),
        (lambda: prepare_run("folder:fake.npy", "clevrer-mini", CHOICES), "needs its videos"),
        (lambda: prepare_run("gan", "clevrer-mini", CHOICES, samples="vidm:RUN"), "--samples takes files"),
        (lambda: prepare_run("gan", "clevrer-mini", CHOICES, samples="control:static"), "--samples takes files"),
        (lambda: prepare_run("dataset:ucf101", "clevrer-mini", CHOICES, samples="x"), "has its own videos"),
        (lambda: prepare_run("vidm", "clevrer-mini", CHOICES, samples="x"), "sampled by vidmbench itself"),
        (lambda: prepare_run("vidm", "clevrer-mini", CHOICES, layout="plain"), "--layout is the layout of --samples"),
        (lambda: prepare_memorisation("vidm", "real.npy", "fake.npy", CHOICES), "TRAIN takes real videos"),
        (lambda: prepare_memorisation("real.npy", "control:noise", "x", CHOICES), "HELDOUT takes real videos"),
        (lambda: prepare_score("real.npy", "pack:x", CHOICES), "serves as the real side"),
        (lambda: prepare_score("real.npy", "dataset:ucf10l", CHOICES), "did you mean ucf101"),
        (lambda: prepare_score("real.npy", "clevrer-mini", CHOICES), "did you mean dataset:clevrer-mini"),
        (lambda: prepare_score("real.npy", "static", CHOICES), "did you mean control:static"),
        (lambda: open_source("vidm"), "num_videos is required"),
        (lambda: open_source("control:static"), "a control is made from the real side"),
    ],
)
def test_a_form_that_makes_no_sense_is_refused_in_a_sentence(attempt, words, films):
    with pytest.raises(VidmbenchError, match=words):
        attempt()


def test_samples_may_be_in_a_folder_called_vidm(films, tmp_path):
    (tmp_path / "fake.npy").rename(tmp_path / "vidm")
    with pytest.raises(VidmbenchError) as caught:  # opened as a file, of no known kind
        prepare_run("gan", "folder:real.npy", CHOICES, samples="vidm")
    assert "--samples takes files" not in str(caught.value)


def test_a_data_set_may_be_scored_as_a_model():
    job = prepare_run("dataset:clevrer-mini@train/32", "dataset:clevrer-mini/32", CHOICES)
    assert (job.model, job.dataset, job.split) == ("dataset:clevrer-mini@train/32", "clevrer-mini", "test")
    assert (job.real.label, job.fake.label) == ("clevrer-mini@test/32", "clevrer-mini@train/32")


@pytest.fixture
def counted(monkeypatch):
    """Counts calls of a function, wherever in the package it was imported."""

    def count(function, key):
        calls = []

        def counting(*arguments, **options):
            calls.append(key(*arguments))
            return function(*arguments, **options)

        for module in [module for name, module in sys.modules.items() if name.startswith("vidmbench")]:
            for name, value in list(vars(module).items()):
                if value is function:
                    monkeypatch.setattr(module, name, counting)
        return calls

    return count


@pytest.mark.parametrize(
    ("attempt", "names", "datasets", "protocols"),
    [
        (
            lambda choices: prepare_run("static-of:vidm:RUN", "clevrer-mini/32", choices),
            ["clevrer-mini/32", "static-of:vidm:RUN", "vidm:RUN"],
            ["clevrer-mini"],
            ["fvd-stylegan-v", "fvd-tf-hub"],
        ),
        (
            lambda choices: prepare_run("control:static", "clevrer-mini@test", choices),
            ["clevrer-mini@test", "control:static"],
            ["clevrer-mini"],
            ["fvd-stylegan-v", "fvd-tf-hub"],
        ),
        (
            lambda choices: prepare_run("gan", "folder:real.npy", choices, samples="fake.npy"),
            ["fake.npy", "folder:real.npy", "gan"],
            [],
            ["fvd-stylegan-v", "fvd-tf-hub"],
        ),
        (
            lambda choices: prepare_score("dataset:clevrer-mini@test", "dataset:clevrer-mini@train", choices),
            ["dataset:clevrer-mini@test", "dataset:clevrer-mini@train"],
            ["clevrer-mini"],
            ["fvd-stylegan-v", "fvd-tf-hub"],
        ),
        (
            lambda choices: prepare_score("dataset:clevrer-mini@test", "control:static", choices),
            ["control:static", "dataset:clevrer-mini@test"],
            ["clevrer-mini"],
            ["fvd-stylegan-v", "fvd-tf-hub"],
        ),
        (
            lambda choices: prepare_compare("dataset:clevrer-mini@test", "static-of:control:noise", choices),
            ["control:noise", "dataset:clevrer-mini@test", "static-of:control:noise"],
            ["clevrer-mini"],
            ["fvd-stylegan-v", "fvd-tf-hub"],
        ),
        (
            lambda choices: one_job("real.npy", "vidm", Choices(protocols=("fvd-stylegan-v",), **OPTIONS)),
            ["real.npy", "vidm"],
            [],
            ["fvd-stylegan-v"],
        ),
        (
            lambda choices: prepare_score_map("real.npy", "fake.npy", Choices(protocols=("prdc-i3d",), **OPTIONS)),
            ["fake.npy", "real.npy"],
            [],
            ["prdc-i3d"],
        ),
    ],
)
def test_nothing_is_resolved_twice(attempt, names, datasets, protocols, films, sampled, counted, monkeypatch):
    parsed = counted(parse_source, str)
    loaded_datasets = counted(load_dataset, str)
    loaded_protocols = counted(load_protocol, str)
    read = counted(json_toml.read_toml, lambda path: path.stem if "detectors" not in path.parts else "")
    bound = []
    whole = ProtocolSpec.with_options

    def with_options(self, **options):
        bound.append((self.name, options["frames"]))
        return whole(self, **options)

    monkeypatch.setattr(ProtocolSpec, "with_options", with_options)
    lengths = (FRAMES, 12)
    attempt(Choices(protocols=("fvd-stylegan-v", "fvd-tf-hub"), **{**OPTIONS, "frames": lengths}))
    assert sorted(parsed) == names
    assert loaded_datasets == datasets
    assert loaded_protocols == protocols
    declared = [name for name in read if name not in ("detectors",)]
    assert sorted(declared) == sorted([*datasets, *protocols])
    lengths = lengths if len(protocols) > 1 else (FRAMES,)
    assert bound == [(name, length) for name in protocols for length in lengths]
