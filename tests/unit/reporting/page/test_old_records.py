"""The request of records that do not store it: read from their command lines, those of results/measured among them."""

import pytest

from vidmbench.core import resources
from vidmbench.core.errors import ResultError
from vidmbench.evaluation.choices import Choices
from vidmbench.evaluation.request import choices_of, request_of
from vidmbench.records.record import read_records
from vidmbench.records.request import RunRequest, SamplingRequest
from vidmbench.reporting.page.old_records import request_of_command


def committed():
    return [record for record in read_records(resources.results_dir() / "measured") if record.request is None]


@pytest.mark.parametrize("record", committed(), ids=lambda record: record.run_id)
def test_committed_records(record):
    if record.command[1] == "ablate":
        with pytest.raises(ResultError, match="vidmbench ablate does not say how to open its videos"):
            request_of_command(record.command)
        return
    request = request_of_command(record.command)
    assert (request.command, request.fake) == ("run", record.model)
    assert request.real.partition("/")[0].partition("@")[0] == record.dataset
    assert request.protocols == (record.measurements[0].protocol,)
    (spec, *_) = choices_of(request).bound_protocols()
    for measurement in record.measurements:
        assert request.num_real in (None, measurement.num_real)
        assert request.num_fake in (None, measurement.num_fake)
        assert request.seed in (None, measurement.seed)
        assert spec.name == measurement.protocol


def test_every_option():
    command = [
        *("vidmbench", "run", "--model", "my gan", "--samples=a b", "--layout", "grid", "--dataset", "ucf101@train/64"),
        *("--json", "--protocol", "fvd-tats", "--protocol", "fvd-digan", "--frames", "16,64", "--stride", "2"),
        *("--num-videos", "8", "--num-fake", "9", "--seed", "3", "--on-bad", "skip", "--data-root", "d"),
        *("--content", "real", "--sampler", "ddim", "--steps", "5", "--noise", "video", "--steps", "6"),
    ]
    assert request_of_command(command) == RunRequest(
        command="run",
        real="ucf101@train/64",
        fake="my gan",
        samples="a b",
        layout="grid",
        protocols=("fvd-tats",),
        stride=2,
        num_real=8,
        num_fake=9,
        seed=3,
        on_bad="skip",
        data_root="d",
        sampling=SamplingRequest(content="real", sampler="ddim", steps=6, noise="video"),
    )
    scored = request_of_command(["vidmbench", "score", "r", "f", "--samples", "not an option of score"])
    assert scored == request_of("score", "r", "f", Choices())
