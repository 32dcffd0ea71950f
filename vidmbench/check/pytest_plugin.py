"""The pytest plugin: the fixture ``vidmbench_regression`` (docs/ci.md). Until it is used, only pytest is imported."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from vidmbench.check.regression import Side

_STORED = "vidmbench-stored"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds ``--vidmbench-update``."""
    parser.getgroup("vidmbench").addoption(
        "--vidmbench-update",
        action="store_true",
        default=False,
        help="Store the values of vidmbench_regression instead of comparing with them.",
    )


class MetricRegression:
    """What the fixture ``vidmbench_regression`` is: call it with a metric.

    Attributes:
        real: Golden real clips, uint8 (5, 16, 32, 32, 3), RGB in 0..255; a fresh copy each time.
        fake: Golden generated clips, the same.
    """

    def __init__(self, request: pytest.FixtureRequest) -> None:
        self._request = request
        nodes = (node for node in request.node.listchain() if isinstance(node, pytest.Class | pytest.Function))
        self._test = "::".join(node.name for node in nodes)
        self._keys: set[str] = set()

    @property
    def real(self) -> "Side":
        """See the class."""
        from vidmbench.check.regression import golden_sides

        return golden_sides()[0].copy()

    @property
    def fake(self) -> "Side":
        """See the class."""
        from vidmbench.check.regression import golden_sides

        return golden_sides()[1].copy()

    def __call__(
        self,
        metric: "Callable[[Side, Side], object]",
        *,
        name: str | None = None,
        rtol: float = 1e-4,
        atol: float = 0.0,
    ) -> None:
        """Computes a metric of the golden clips and compares it with the value that is stored beside the test.

        With ``--vidmbench-update`` the value is stored, unless the stored one holds within the tolerance.

        Args:
            metric: Called with real and generated clips (see the class); returns a number, or a dict of numbers.
            name: Needed where one test checks several metrics.
            rtol: Tolerance relative to the stored number; the default is what scores differ by between machines.
            atol: Absolute tolerance, for numbers near 0; the larger of the two counts.
        """
        from vidmbench.check.regression import StoredValues, numbers_of, tolerances
        from vidmbench.core.errors import VidmbenchError

        key = f"{self._test}/{name}" if name else self._test
        if key in self._keys:
            pytest.fail(f"{key} is checked twice: give each metric of a test a name=", pytrace=False)
        self._keys.add(key)
        result = metric(self.real, self.fake)
        try:
            found, allowed = numbers_of(result), tolerances(rtol, atol)
            stored = StoredValues(self._request.node.path)
            if not self._request.config.getoption("--vidmbench-update"):
                stored.check(key, found, allowed)
            elif said := stored.update(key, found, allowed):
                self._request.node.user_properties.append((_STORED, said))
        except VidmbenchError as error:
            problem = str(error)
        else:
            return
        pytest.fail(problem, pytrace=False)


@pytest.fixture
def vidmbench_regression(request: pytest.FixtureRequest) -> MetricRegression:
    """Call it with a metric of real and generated clips: the value must be the one stored beside the test."""
    return MetricRegression(request)


def pytest_terminal_summary(terminalreporter: "pytest.TerminalReporter") -> None:
    """Names the values that ``--vidmbench-update`` stored."""
    reports = [report for kind in ("passed", "failed") for report in terminalreporter.getreports(kind)]
    said = [text for report in reports for name, text in report.user_properties if name == _STORED]
    if said:
        terminalreporter.section("stored by --vidmbench-update")
        for text in dict.fromkeys(said):
            terminalreporter.write_line(text)
