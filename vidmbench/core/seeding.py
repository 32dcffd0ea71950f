"""Random numbers that depend on a seed and on their purpose, never on earlier draws."""

import hashlib

import numpy as np


def generator(seed: int, *purpose: str | int) -> np.random.Generator:
    """A generator of its own for each purpose.

    Args:
        seed: The user's seed, a non-negative integer.
        *purpose: What the numbers are for, such as ``("clip-start", "real", 17)``. The same words give the
            same stream in every process and on every machine.

    Returns:
        A Philox generator; numpy guarantees its raw stream across versions.
    """
    text = "\0".join(f"{type(word).__name__}:{word}" for word in purpose)
    words = np.frombuffer(hashlib.sha256(text.encode()).digest(), dtype="<u4")
    return np.random.Generator(np.random.Philox(np.random.SeedSequence([seed, *words.tolist()])))
