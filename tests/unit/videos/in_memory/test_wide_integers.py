"""Integers that float64 does not hold: their levels are counted from black without passing through floats."""

import numpy as np
import pytest
import torch

from vidmbench import open_source, to_uint8
from vidmbench.core.errors import DataError, UsageError

LEVELS = np.arange(256).repeat(3).reshape(1, 1, 16, 16, 3)
INT64 = np.iinfo(np.int64)


@pytest.mark.parametrize(
    ("dtype", "black"),
    [
        *((np.uint64, 2**power) for power in (0, 50, 53, 54, 58, 63)),
        *((np.int64, sign * 2**power) for power in (53, 58, 62) for sign in (1, -1)),
        (np.uint64, 2**64 - 256),
        (np.int64, INT64.min),
        (np.int64, INT64.max - 255),
        (np.int64, 2**54 + 1),
        (np.int64, -(2**54) - 3),
        (">i8", 2**58 + 1),
    ],
)
def test_large_integers_become_the_level_above_black(dtype, black):
    values = np.array([black + int(level) for level in LEVELS.flat], dtype).reshape(LEVELS.shape)
    found = to_uint8(values, value_range=(black, black + 255))
    assert (found == LEVELS).all()
    if np.dtype(dtype) == np.int64:
        tensor = torch.from_numpy(values)
        assert (to_uint8(tensor, value_range=(black, black + 255)) == LEVELS).all()
        assert (open_source(tensor, value_range=(black, black + 255)).read(0, [0]) == LEVELS[0]).all()


@pytest.mark.parametrize(
    ("dtype", "black", "white"),
    [(np.int64, INT64.min, INT64.max), (np.uint64, 0, 2**64 - 1), (np.int64, -(2**70), 2**70), (np.int64, -0.5, 254.5)],
)
def test_a_range_as_wide_as_the_type_does_not_overflow(dtype, black, white):
    limits = np.iinfo(dtype)
    ends = np.array([max(limits.min, int(black)), min(limits.max, int(white))], dtype)
    values = np.broadcast_to(ends[:, None, None, None, None], (2, 1, 2, 2, 3))
    expected = [round((int(end) - black) * 255 / (white - black)) for end in ends]
    assert to_uint8(values, value_range=(black, white))[:, 0, 0, 0, 0].tolist() == expected


def test_ends_of_a_range_may_be_numbers_of_numpy_and_torch_and_of_two_types():
    values = (LEVELS + 2**54).astype(np.int64)
    for black in (np.int64(2**54), torch.tensor(2**54), float(2**54)):
        for white in (np.uint64(2**54 + 255), torch.tensor(2**54 + 255)):
            assert (to_uint8(values, value_range=(black, white)) == LEVELS).all()


def test_one_level_outside_a_large_range_is_refused_and_both_are_named_exactly():
    values = (LEVELS + 2**60).astype(np.int64)
    with pytest.raises(DataError) as caught:
        to_uint8(values, value_range=(2**60 + 1, 2**60 + 256))
    assert caught.value.expected == f"values from {2**60 + 1} to {2**60 + 256}"
    assert f"values from {2**60} to {2**60 + 255}" in caught.value.found


def test_floats_are_counted_from_a_black_that_their_type_does_not_hold():
    values = (2 * (LEVELS // 2) + 2**25 + 4).astype(np.float32)
    expected = (values.astype(np.int64) - (2**25 + 3)).clip(0, 255)
    assert (to_uint8(values, value_range=(2**25 + 3, 2**25 + 258)) == expected).all()
    wide = (2 * (LEVELS // 2) + 2**53).astype(np.float64)
    assert (to_uint8(wide, value_range=(2**53 - 1, 2**53 + 254)) == (2 * (LEVELS // 2) + 1).clip(0, 255)).all()
    assert (to_uint8(wide, value_range=(2**53 + 1, 2**53 + 256)) == (2 * (LEVELS // 2) - 1).clip(0, 255)).all()


@pytest.mark.parametrize("value_range", [(-1.7e308, 1.7e308), (0, 5e-324)])
def test_a_range_that_float64_cannot_divide_is_refused(value_range):
    with pytest.raises(UsageError, match="value_range has a wrong type or value"):
        to_uint8(np.zeros(LEVELS.shape), value_range=value_range)


def test_a_range_that_float32_cannot_divide_is_computed_in_float64():
    values = (LEVELS / 255 * 1e-40).astype(np.float32)
    assert (abs(to_uint8(values, value_range=(0, 1e-40)).astype(int) - LEVELS) <= 1).all()
