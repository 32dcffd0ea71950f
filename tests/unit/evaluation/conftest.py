import numpy as np
import pytest


@pytest.fixture
def films(tmp_path):
    paths = []
    for seed, name in enumerate(("real", "fake")):
        path = tmp_path / f"{name}.npy"
        np.save(path, np.random.default_rng(seed).integers(0, 256, (5, 12, 8, 8, 3), dtype=np.uint8))
        paths.append(str(path))
    return paths
