"""Two records side by side."""

import pytest
from support.table_samples import measured, run_of

from vidmbench.records.diff import _GROUPS, _OMITTED, record_difference
from vidmbench.records.record import Measurement


def fields(differences, group=None):
    return {one.field: (one.first, one.second) for one in differences if group in (None, one.group)}


def test_a_record_does_not_differ_from_itself_under_another_name():
    again = run_of(measured(seconds=99.0), run_id="run-2", created="2027-01-01T00:00:00Z")
    found = record_difference(run_of(measured()), again)
    assert found.is_same
    assert found.measurements[0].comparable
    assert (found.measurements[0].difference, found.measurements[0].intervals_overlap) == (0.0, True)


@pytest.mark.parametrize(
    ("changes", "group", "field", "values"),
    [
        ({"num_fake": 100}, "counts", "num_fake", (200, 100)),
        ({"protocol_spec": {"array": {"crop": "none"}}}, "protocol", "protocol_spec.array.crop", (None, "none")),
        ({"stride": 4}, "protocol", "stride", (1, 4)),
        ({"engine": "openvino/cpu"}, "environment", "engine", ("torch/cpu", "openvino/cpu")),
        ({"weights": {"i3d": "ab"}}, "environment", "weights.i3d", (None, "ab")),
        ({"warnings": ("few",)}, "sources", "warnings", ([], ["few"])),
        ({"interval_kind": "jackknife-95"}, "value", "interval_kind", ("bootstrap-95", "jackknife-95")),
        ({"signature": "fvd | proto:fvd-vidm-paper.1 | t:16 | y:1"}, "signature", "y", (None, "1")),
    ],
)
def test_each_field_of_a_measurement_is_found(changes, group, field, values):
    (change,) = record_difference(run_of(measured()), run_of(measured(**changes))).measurements
    assert fields(change.differences, group)[field] == values


def test_fields_of_the_runs():
    other = run_of(measured(), model="digan").model_copy(update={"environment": {"packages": {"torch": "2.13.0"}}})
    found = record_difference(run_of(measured()), other)
    assert fields(found.differences, "run") == {"model": ("vidm", "digan")}
    assert fields(found.differences, "environment") == {"packages.torch": (None, "2.13.0")}
    assert not found.is_same


@pytest.mark.parametrize(
    ("interval", "overlap"), [((80.0, 85.0), True), ((80.0, 84.9), False), (None, None)], ids=["touch", "apart", "none"]
)
def test_intervals(interval, overlap):
    (change,) = record_difference(run_of(measured()), run_of(measured(value=82.0, interval=interval))).measurements
    assert change.intervals_overlap is overlap
    assert change.difference == pytest.approx(82.0 - 90.04)
    assert change.printed[0] == "90.0 [85.0, 99.0]"


def test_a_failure_has_no_difference():
    failed = measured(value=None, interval=None, status="failed", reason="too few")
    (change,) = record_difference(run_of(measured()), run_of(failed)).measurements
    assert change.difference is None
    assert change.printed[1] == "failed: too few"


def test_measurements_go_in_pairs_and_the_rest_is_named():
    first = run_of(measured(), measured(frames=64), measured(protocol="fvd-tats"))
    second = run_of(measured("bbbbbbbb", protocol="fvd-digan"), measured(frames=128), measured(protocol="fvd-tats"))
    found = record_difference(first, second)
    pairs = [(one.frames, one.protocol, one.comparable) for one in found.measurements]
    assert pairs == [(16, "fvd-vidm-paper against fvd-digan", False), (16, "fvd-tats", True)]
    assert found.only_first == ("fvd, 64 frames, fvd-vidm-paper",)
    assert found.only_second == ("fvd, 128 frames, fvd-vidm-paper",)


def test_equal_measurements_are_paired_one_by_one():
    twice = run_of(measured(), measured())
    assert len(record_difference(twice, twice).measurements) == 2
    assert record_difference(twice, run_of(measured())).only_first == ("fvd, 16 frames, fvd-vidm-paper",)


def test_every_field_of_a_measurement_has_a_group():
    """A new field would otherwise stop the command."""
    assert set(Measurement.model_fields) == set(_GROUPS) | _OMITTED
