from types import SimpleNamespace

import pytest

from vidmbench.core.errors import DataError, ProtocolError, UsageError
from vidmbench.evaluation import job as runs
from vidmbench.evaluation import opening
from vidmbench.evaluation.carry_out import carry_out, record_of
from vidmbench.evaluation.choices import Choices
from vidmbench.evaluation.job import prepare_run, prepare_score
from vidmbench.sources.clevrer_mini import ToyVideos
from vidmbench.videos.transformed import Transformed

pytestmark = pytest.mark.usefixtures("fake_network")


FIVE = Choices(frames=(9,), num_real=5, num_fake=5)


def test_every_protocol_at_every_length():
    choices = Choices(protocols=("fvd-stylegan-v", "fvd-tf-hub"), frames=(9, 12), seed=4)
    specs = choices.bound_protocols()
    assert [(spec.name, spec.clips.frames) for spec in specs] == [
        ("fvd-stylegan-v", 9),
        ("fvd-stylegan-v", 12),
        ("fvd-tf-hub", 9),
        ("fvd-tf-hub", 12),
    ]
    assert {spec.statistics.seed for spec in specs} == {4}


def test_a_named_data_set_lowers_the_count():
    job = prepare_run("control:static", "clevrer-mini", Choices(frames=(16,)))
    assert {len(plans.real.clips) for plans in job.plans} == {256}
    assert job.split == "test"
    assert isinstance(job.fake, Transformed)
    assert job.fake.base.label == "clevrer-mini@train"
    assert len(prepare_run("control:static", "clevrer-mini", FIVE).plans[0].fake.clips) == 5


@pytest.mark.parametrize(
    ("dataset", "split", "labels"),
    [
        ("clevrer-mini", "test", ("clevrer-mini@test", "clevrer-mini@train")),
        ("clevrer-mini/32", "test", ("clevrer-mini@test/32", "clevrer-mini@train/32")),
        ("clevrer-mini@train", "train", ("clevrer-mini@train", "clevrer-mini@test")),
        ("clevrer-mini@train/32", "train", ("clevrer-mini@train/32", "clevrer-mini@test/32")),
    ],
)
def test_the_split_of_the_real_side_is_recorded(dataset, split, labels):
    jobs = [
        prepare_run("control:static", dataset, FIVE),
        prepare_score(f"dataset:{dataset}", "control:static", FIVE),
    ]
    for job in jobs:
        assert (job.dataset, job.split) == ("clevrer-mini", split)
        assert isinstance(job.fake, Transformed)
        assert (job.real.label, job.fake.base.label) == labels
    measurements = carry_out(jobs[0]).measurements
    record = record_of(jobs[0], measurements, command=[])
    assert (record.dataset, record.split) == ("clevrer-mini", split)
    assert measurements[0].real.label == labels[0]
    assert measurements[0].real.size == jobs[0].real.size


@pytest.mark.parametrize(
    ("dataset", "label"),
    [
        ("clevrer-mini", "clevrer-mini@test/32"),
        ("clevrer-mini@train", "clevrer-mini@train/32"),
        ("clevrer-mini/128", "clevrer-mini@test/128"),
    ],
)
@pytest.mark.parametrize("model", ["vidm:run", "static-of:vidm:run"])
def test_a_vidm_is_scored_at_its_own_resolution_unless_the_name_says_another(model, dataset, label, monkeypatch):
    vidm = SimpleNamespace(spec=SimpleNamespace(resolution=32))
    loaded = []
    monkeypatch.setattr(
        runs, "load_model", lambda name, data, device: loaded.append((name.text, data.name.text, device)) or vidm
    )
    monkeypatch.setattr(
        opening, "videos_of", lambda *_, num_videos, **__: ToyVideos(num_videos=num_videos, resolution=32)
    )
    job = prepare_run(model, dataset, FIVE)
    assert loaded == [("vidm:run", dataset, "auto")]
    assert (job.real.label, job.model) == (label, model)
    assert job.split == ("train" if "train" in dataset else "test")
    assert isinstance(job.fake, Transformed) == model.startswith("static-of:")


def test_a_vidm_is_scored_against_a_folder_with_slashes(films, monkeypatch):
    from vidmbench.vidm.checkpoints import official

    vidm = SimpleNamespace(spec=SimpleNamespace(resolution=32))
    loaded = []
    monkeypatch.setattr(official, "open_vidm", lambda *words: loaded.append(words[:2]) or vidm)
    monkeypatch.setattr(
        opening, "videos_of", lambda *_, num_videos, **__: ToyVideos(num_videos=num_videos, resolution=32)
    )
    job = prepare_run("vidm:run", f"folder:{films[0]}", FIVE)
    assert loaded == [("run", f"folder:{films[0]}")]
    assert (job.dataset, job.split, job.real.size) == (f"folder:{films[0]}", None, (8, 8))


def test_a_static_baseline(films):
    job = prepare_run("static-of:my-gan", f"folder:{films[0]}", FIVE, samples=films[1])
    assert isinstance(job.fake, Transformed)
    clip = job.fake.read(0, [3, 4, 5])
    assert (clip == clip[0]).all()


def test_two_sources_without_names(films):
    job = prepare_score(*films, FIVE)
    assert (len(job.real), len(job.fake), len(job.plans)) == (5, 5, 1)
    assert carry_out(job).measurements[0].status == "ok"


@pytest.mark.parametrize(
    ("model", "samples", "words"),
    [
        ("my-gan", None, "the model 'my-gan' needs its videos"),
        ("static-of:my-gan", None, "the model 'my-gan' needs its videos"),
        ("control:static", "x", "a control has no samples of its own"),
        ("control:statik", None, "unknown control 'statik': did you mean static"),
    ],
)
def test_options_that_do_not_go_together(model, samples, words):
    with pytest.raises(UsageError, match=words):
        prepare_run(model, "clevrer-mini", Choices(), samples=samples)


def test_names_and_numbers_are_checked_before_any_file_is_opened():
    with pytest.raises(UsageError, match="cannot score clips of 8 frames"):
        prepare_run("m", "folder:/nowhere", Choices(frames=(8,)), samples="/nowhere")
    with pytest.raises(ProtocolError, match="unknown protocol"):
        prepare_score("/nowhere", "/nowhere", Choices(protocols=("fvd",)))


def test_fewer_videos_than_asked_names_a_number_that_works(films):
    with pytest.raises(DataError, match="--num-videos 5 works"):
        prepare_score(*films, Choices(frames=(9,)))
    assert len(prepare_score(*films, FIVE).plans[0].real.clips) == 5


def test_more_frames_than_the_videos_have(films):
    with pytest.raises(DataError, match="the longest video allows --frames 12"):
        prepare_score(*films, Choices(frames=(13,), num_real=5, num_fake=5))
