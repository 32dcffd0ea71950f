import re

import pytest

from vidmbench.evaluation.carry_out import carry_out, record_of
from vidmbench.evaluation.choices import Choices
from vidmbench.evaluation.job import prepare_run
from vidmbench.records.record import read_record, write_record

pytestmark = pytest.mark.usefixtures("fake_network")

FIVE = Choices(frames=(9,), num_real=5, num_fake=5)


def test_a_run_ends_in_a_record(films, tmp_path):
    real, fake = films
    job = prepare_run("my-gan", f"folder:{real}", FIVE, samples=fake)
    assert (job.model, job.dataset, job.split) == ("my-gan", f"folder:{real}", None)
    measurements = carry_out(job).measurements
    record = record_of(job, measurements, command=["vidmbench", "run"])
    assert re.fullmatch(r"\d{8}T\d{12}Z_my-gan_real\.npy_t9_[0-9a-f]{8}", record.run_id)
    assert read_record(write_record(record, tmp_path / "out")).measurements == tuple(measurements)


def test_two_records_of_one_job_have_two_names(films):
    job = prepare_run("my-gan", f"folder:{films[0]}", FIVE, samples=films[1])
    measurements = carry_out(job).measurements
    names = {record_of(job, measurements, command=[]).run_id for _ in range(3)}
    assert len(names) == 3
