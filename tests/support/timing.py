"""How much faster one thing is than another, measured so that a busy machine does not decide.

Both are timed in turn (A, B, A, B, ...), so that what slows the machine down for a while slows both; the ratio is the
median over the pairs; and a gate fails only when its ratio is missed in three series in a row.
"""

from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from time import perf_counter
from typing import Any

SERIES = 3


@dataclass(frozen=True)
class Ratio:
    """What a series of pairs gave.

    Attributes:
        value: Seconds of the slow one over seconds of the fast one, the median over the pairs.
        slow: Median of the seconds of the slow one.
        fast: Median of the seconds of the fast one.
    """

    value: float
    slow: float
    fast: float


def seconds_of(function: Callable[[], object]) -> float:
    """Seconds that one call takes."""
    start = perf_counter()
    function()
    return perf_counter() - start


def ratio_of(slow: Callable[[], object], fast: Callable[[], object], *, pairs: int) -> Ratio:
    """Times two functions in turn."""
    seconds = [(seconds_of(slow), seconds_of(fast)) for _ in range(pairs)]
    return Ratio(
        median(first / second for first, second in seconds),
        median(first for first, _ in seconds),
        median(second for _, second in seconds),
    )


def check_faster(
    benchmark: Any,
    slow: Callable[[], object],
    fast: Callable[[], object],
    *,
    least: float | None,
    than: str,
    pairs: int = 5,
) -> Ratio:
    """Fails where `fast` is not `least` times faster than `slow`, three series in a row.

    Args:
        benchmark: pytest-benchmark's fixture, whose table shows the ratio and the time of `fast`.
        slow: What is slower.
        fast: What is faster.
        least: The least ratio of their times; below 1 where `fast` may even be slower; None only measures.
        than: What `slow` is, for the table.
        pairs: Pairs in a series.

    Returns:
        The ratio of the last series.
    """
    for _ in range(SERIES):
        ratio = ratio_of(slow, fast, pairs=pairs)
        if least is None or ratio.value >= least:
            break
    benchmark.extra_info[f"times faster than {than}"] = round(ratio.value, 2)
    benchmark.pedantic(fast, rounds=1)
    print(f"\n{ratio.slow:.3g} s and {ratio.fast:.3g} s: {ratio.value:.2f} times faster than {than}")
    assert least is None or ratio.value >= least, (
        f"{ratio.value:.2f} times faster than {than}, expected at least {least}, missed {SERIES} times in a row"
    )
    return ratio
