import os
import re
import stat

import numpy as np
import pytest

from vidmbench import features
from vidmbench.errors import DataError, ProtocolError, ResultError, UsageError
from vidmbench.records import read_record, write_record
from vidmbench.runs import Choices, carry_out, checked_output, prepare_run, prepare_score, record_of
from vidmbench.source import Transformed


class FakeEngine:
    name = "fake"

    def features(self, clips):
        for clip in clips:
            yield np.resize(clip[:, ::28, ::28], 400).astype(np.float32)


@pytest.fixture(autouse=True)
def _fake_engine(monkeypatch):
    monkeypatch.setattr(features, "load_engine", lambda *_, **__: FakeEngine())


@pytest.fixture
def films(tmp_path):
    paths = []
    for seed, name in enumerate(("real", "fake")):
        path = tmp_path / f"{name}.npy"
        np.save(path, np.random.default_rng(seed).integers(0, 256, (5, 12, 8, 8, 3), dtype=np.uint8))
        paths.append(str(path))
    return paths


FIVE = Choices(frames=(9,), num_real=5, num_fake=5)


def test_a_run_ends_in_a_record(films, tmp_path):
    real, fake = films
    job = prepare_run("my-gan", f"folder:{real}", FIVE, samples=fake)
    assert (job.model, job.dataset, job.split) == ("my-gan", f"folder:{real}", None)
    measurements = carry_out(job)
    record = record_of(job, measurements, command=["vidmbench", "run"])
    assert re.fullmatch(r"\d{8}T\d{12}Z_my-gan_real\.npy_t9_[0-9a-f]{8}", record.run_id)
    assert read_record(write_record(record, tmp_path / "out")).measurements == tuple(measurements)


def test_two_records_of_one_job_have_two_names(films):
    job = prepare_run("my-gan", f"folder:{films[0]}", FIVE, samples=films[1])
    measurements = carry_out(job)
    names = {record_of(job, measurements, command=[]).run_id for _ in range(3)}
    assert len(names) == 3


def test_every_protocol_at_every_length():
    choices = Choices(protocols=("fvd-stylegan-v", "fvd-tf-hub"), frames=(9, 12), seed=4)
    specs = choices.bound()
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


def test_a_frozen_twin(films):
    job = prepare_run("static-of:my-gan", f"folder:{films[0]}", FIVE, samples=films[1])
    assert isinstance(job.fake, Transformed)
    clip = job.fake.read(0, [3, 4, 5])
    assert (clip == clip[0]).all()


def test_two_sources_without_names(films):
    job = prepare_score(*films, FIVE)
    assert (len(job.real), len(job.fake), len(job.plans)) == (5, 5, 1)
    assert carry_out(job)[0].status == "ok"


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


def test_an_output_folder_is_made_and_proven(tmp_path):
    folder = checked_output(tmp_path / "a" / "b")
    assert folder.is_dir()
    assert list(folder.iterdir()) == []
    assert checked_output(folder) == folder


def test_an_output_folder_that_is_a_file(tmp_path):
    (tmp_path / "out").touch()
    with pytest.raises(ResultError, match="the output folder is a file"):
        checked_output(tmp_path / "out")
    with pytest.raises(ResultError, match="cannot write to the folder"):
        checked_output(tmp_path / "out" / "deeper")


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="permissions do not bind root")
def test_a_read_only_output_folder(tmp_path):
    tmp_path.chmod(stat.S_IRUSR | stat.S_IXUSR)
    with pytest.raises(ResultError, match="cannot write to the folder") as caught:
        checked_output(tmp_path)
    assert caught.value.fix is not None
    assert "--out" in caught.value.fix
