from hypothesis import given
from hypothesis import strategies as st

from vidmbench.protocols.signature import Signature

words = st.text("abcdefgh.:|0123456789", min_size=1, max_size=6)
fields = st.dictionaries(words, words, max_size=5).map(lambda found: tuple(found.items()))


@given(fields, fields, words)
def test_equal_ids_mean_equal_fields(first, second, metric):
    a, b = Signature(metric, first), Signature(metric, second)
    assert (a.id == b.id) == ([f"{k}:{v}" for k, v in first] == [f"{k}:{v}" for k, v in second])


@given(fields, words, words, words)
def test_fields_that_are_not_compared_change_no_id(others, fakes, seed, version):
    signed = Signature("fvd", (*others, ("seed", seed), ("fakes", fakes), ("v", version)))
    assert signed.id == Signature("fvd", others).id


@given(fields, words)
def test_the_metric_counts(found, metric):
    assert Signature(metric, found).id != Signature(metric + "x", found).id
