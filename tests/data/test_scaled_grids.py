"""Grids of real videos, scaled after they have been put together: none may be cut wrong without a word."""

import pytest
from support.paths import SHARED
from support.scaled_grids import cases, real_tiles, verdict

_DATA = SHARED / "data"

pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not _DATA.is_dir(), reason="the reference clips are not beside the checkout (../shared/data)"),
]


@pytest.fixture(scope="module")
def pools():
    return real_tiles(_DATA)


def test_scaled_grids_of_real_videos(pools):
    results = {case: verdict(case, pools[case.tiles]) for case in cases(20, 1, pools)}
    others = {case: result for case, result in results.items() if result != "right"}

    assert set(others.values()) <= {"refused"}, others
    assert len(others) <= 2, others


def test_rows_and_columns_are_enough(pools):
    results = {case: verdict(case, pools[case.tiles], is_declared=True) for case in cases(12, 2, pools)}

    assert not {case: result for case, result in results.items() if result != "right"}
