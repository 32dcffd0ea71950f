"""What the ± of several numbers is said to be over."""

import pytest

from vidmbench.core import resources
from vidmbench.records.record import read_records
from vidmbench.reporting.tables.rows import INTERVAL, interval_legend


@pytest.mark.parametrize(
    ("kinds", "said"),
    [
        (["t-8-videos-95"], "over videos ("),
        (["t-8-videos-in-3-seeds-95"], "over videos and seeds ("),
        (["t-8-videos-95", "t-8-videos-in-3-seeds-95"], "over videos or videos and seeds ("),
        (["jackknife-8x8-95", "t-8-videos-95"], INTERVAL),
    ],
)
def test_legend(kinds, said):
    one = read_records(resources.results_dir() / "measured")[0].measurements[0]
    assert said in interval_legend([one.model_copy(update={"interval_kind": kind}) for kind in kinds])
