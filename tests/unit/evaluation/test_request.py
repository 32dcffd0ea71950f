"""The request in a record: everything that `run` and `score` were told comes back from it."""

from dataclasses import fields
from pathlib import Path

import pytest

from vidmbench.core.errors import UsageError
from vidmbench.evaluation.choices import Choices
from vidmbench.evaluation.job import prepare_run, prepare_score
from vidmbench.evaluation.request import choices_of, request_of
from vidmbench.records.request import RunRequest
from vidmbench.vidm.sampling.opening import SamplingOptions

FULL = Choices(
    protocols=("fvd-tats", "fvd-digan"),
    frames=(16, 64),
    stride=2,
    num_real=8,
    num_fake=9,
    context=4,
    scenes="folder",
    predictions="best",
    seed=3,
    precision="bf16",
    on_bad="skip",
    data_root=Path("my data"),
    drawing=SamplingOptions("real", "ddim", 5, "video", batch_size=16),
)


def test_every_choice_comes_back():
    request = request_of("run", "ucf101", "my gan", FULL, samples="a b", layout="grid")
    assert RunRequest.model_validate_json(request.model_dump_json()) == request
    assert choices_of(request) == FULL
    default = Choices()
    changed = {field.name for field in fields(Choices) if getattr(FULL, field.name) != getattr(default, field.name)}
    assert changed == {field.name for field in fields(Choices)} - {"device"}, "a device changes no number"


def test_a_value_that_this_version_does_not_know():
    request = request_of("run", "ucf101", "m", FULL).model_copy(update={"on_bad": "ignore"})
    with pytest.raises(UsageError, match="on_bad"):
        choices_of(request)


def test_jobs_carry_their_requests(tmp_path):
    choices = Choices(frames=(16,), num_real=4, num_fake=4)
    job = prepare_run("control:static", "clevrer-mini@test/32", choices)
    assert job.request == request_of("run", "clevrer-mini@test/32", "control:static", choices)
    again = prepare_run(job.request.fake, job.request.real, choices_of(job.request))
    assert (again.real.digest(), again.fake.digest()) == (job.real.digest(), job.fake.digest())
    assert again.plans == job.plans
    scored = prepare_score("dataset:clevrer-mini@test/32", "control:static", choices)
    assert scored.request == request_of("score", "dataset:clevrer-mini@test/32", "control:static", choices)
    assert prepare_score(job.real, job.fake, choices).request is None, "arrays and sources have no name"
