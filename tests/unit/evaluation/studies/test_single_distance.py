import pytest
from support.table_samples import measured

from vidmbench.core.errors import DataError
from vidmbench.evaluation.studies.single_distance import check_values


def test_measurements_without_a_value_are_refused_with_every_reason():
    check_values([measured(), measured(value=2.0)])
    failed = [
        measured(value=None, interval=None, status="failed", reason=reason)
        for reason in ("no clips", "no clips", "not finite")
    ]
    with pytest.raises(DataError, match=r"^fvd-vidm-paper has no value: no clips; not finite\n"):
        check_values([measured(), *failed])
