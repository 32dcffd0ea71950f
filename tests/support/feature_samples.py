"""Features without a network."""

import numpy as np


def decaying_features(num_samples: int, num_features: int, seed: int) -> np.ndarray:
    """Gaussian features whose variances fall by five orders of magnitude, as those of networks do, in turned axes.

    Args:
        num_samples: Rows.
        num_features: Columns.
        seed: Another seed has another spread and other axes.

    Returns:
        float32 (num_samples, num_features).
    """
    random = np.random.default_rng(seed)
    spread = np.exp(-6.0 * np.arange(num_features) / num_features) * (1.0 + 0.2 * seed)
    turn = np.linalg.qr(random.standard_normal((num_features, num_features)))[0]
    return (random.standard_normal((num_samples, num_features)) * spread @ turn).astype(np.float32)
