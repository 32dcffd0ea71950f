"""Curves in records: small, whole, and of no effect on records that have none."""

import json
import math

import pytest
from pydantic import ValidationError
from support.table_samples import measured, run_of

from vidmbench.core.errors import ResultError
from vidmbench.records.curve import FrameCurve, recorded
from vidmbench.records.record import read_record, write_record

CURVE = {
    "better": "higher",
    "first_frame": 5,
    "values": (30.0, None, 28.0),
    "half_widths": (1.5, None, 2.0),
    "mean": (29.0, 1.0),
    "change": (-2.0, 0.5),
    "interval_kind": "t-8-videos-95",
}


def test_frames_and_intervals():
    curve = FrameCurve(**CURVE)
    assert list(curve.frames) == [5, 6, 7]
    assert curve.last_frame == 7
    assert [curve.interval(place) for place in range(3)] == [(28.5, 31.5), None, (26.0, 30.0)]


def test_numbers_are_kept_in_the_digits_that_they_have():
    assert recorded(23.467241136674133) == 23.46724
    assert recorded(None) is recorded(math.inf) is recorded(math.nan) is None


def test_a_record_keeps_its_curve_and_older_records_their_digest(tmp_path):
    with_curve = run_of(measured(by_frame=FrameCurve(**CURVE))).sealed()
    without = run_of(measured()).sealed()
    assert with_curve.digest != without.digest
    path = write_record(with_curve, tmp_path)
    assert read_record(path) == with_curve
    content = json.loads(write_record(without, tmp_path / "older").read_text())
    del content["measurements"][0]["by_frame"]
    (tmp_path / "old.json").write_text(json.dumps(content))
    assert read_record(tmp_path / "old.json").digest == without.digest


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"values": (30.0, 29.0)}, "2 values have 3 half_widths"),
        ({"values": (), "half_widths": ()}, "at least 1 item"),
        ({"num_videos": (8, 7)}, "3 values have 2 num_videos"),
        ({"num_videos": (8, 8, 8)}, "different numbers of videos"),
        ({"first_frame": 0}, "greater than or equal to 1"),
        ({"half_widths": (1.5, None, -2.0)}, "greater than or equal to 0"),
        ({"values": (1e308, -1e308, 1e308)}, "less than or equal to 1"),
        ({"half_widths": (1e308, None, 1.0)}, "less than or equal to 1"),
        ({"better": "sideways"}, "'lower' or 'higher'"),
    ],
)
def test_curves_that_are_none(tmp_path, changes, said):
    with pytest.raises(ValidationError, match=said):
        FrameCurve.model_validate({**CURVE, **changes})
    path = write_record(run_of(measured(by_frame=FrameCurve(**CURVE))), tmp_path)
    content = json.loads(path.read_text())
    content["measurements"][0]["by_frame"].update(changes)
    path.write_text(json.dumps(content))
    with pytest.raises(ResultError, match="not a complete record"):
        read_record(path)
