"""Distances from tables of scalar products: everything that codes do after the network, for all feeds at once."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float64

from vidmbench.metrics.blas import one_blas_thread

Tables = Float64[np.ndarray, "table clips clips"]
Values = Float64[np.ndarray, " table"]


@dataclass(frozen=True)
class Statistics:
    """From features to the number printed.

    Attributes:
        covariance: What scatters are divided by.
        form: ``whole``: one distance of all clips; ``batches of K``: the mean over consecutive batches of both sides;
            ``first 16 clips``: a last batch of 16, or of 8 twice, that is not full is dropped; ``ridge 1e-6``: added to
            both covariances.
        is_root: Whether the root of the squared distance is printed.
    """

    covariance: Literal["n", "n-1"]
    form: str
    is_root: bool


FORMS = ("whole", "ridge 1e-6", "batches of 2", "batches of 4", "batches of 8", "batches of 12", "first 16 clips")


def all_values(tables: Tables, num_real: int | None = None) -> dict[tuple[Literal["n", "n-1"], str], Values]:
    """Squared distances by what the scatter is divided by and by form.

    Args:
        tables: Scalar products about any common origin; real clips first.
        num_real: How many of the clips are real; None for half of them. Of other shares there is the form ``whole``.
    """
    found: dict[tuple[Literal["n", "n-1"], str], Values] = {}
    with one_blas_thread():
        if num_real not in (None, tables.shape[1] / 2):
            every = np.arange(tables.shape[1])
            found["n", "whole"], found["n-1", "whole"] = _distances(tables, every[:num_real], every[num_real:])
            return found
        for form in FORMS:
            if form.startswith("ridge"):
                for divisor in ("n", "n-1"):
                    found[divisor, form] = _with_ridge(tables, divisor, 1e-6)
            else:
                both = _by_form(tables, form)
                found["n", form], found["n-1", form] = both
    return found


def _by_form(tables: Tables, form: str) -> tuple[Values, Values]:
    clips = tables.shape[1] // 2
    if form == "whole":
        return _of_both(tables, np.arange(clips))
    if form == "first 16 clips":
        return _of_both(tables, np.arange(16))
    size = int(form.rpartition(" ")[2])
    parts = [_of_both(tables, np.arange(start, start + size)) for start in range(0, clips, size)]
    return np.mean([part[0] for part in parts], axis=0), np.mean([part[1] for part in parts], axis=0)


def _of_both(tables: Tables, clips: np.ndarray) -> tuple[Values, Values]:
    """The distances of the same clips of both sides."""
    return _distances(tables, clips, tables.shape[1] // 2 + clips)


def _distances(tables: Tables, reals: np.ndarray, fakes: np.ndarray) -> tuple[Values, Values]:
    """Fréchet distances of some clips of both sides, with scatters divided by N and by N - 1."""
    real, fake = (tables[:, clips[:, None], clips] for clips in (reals, fakes))
    cross = tables[:, reals[:, None], fakes]
    mean = real.mean(axis=(1, 2)) + fake.mean(axis=(1, 2)) - 2 * cross.mean(axis=(1, 2))
    counts = np.array([len(reals), len(fakes)])
    scatters = [
        np.trace(side, axis1=1, axis2=2) - count * side.mean(axis=(1, 2))
        for side, count in zip((real, fake), counts, strict=True)
    ]
    roots = np.linalg.svd(_centred(cross), compute_uv=False).sum(axis=1)

    def distance(divisors: np.ndarray) -> Values:
        spread = scatters[0] / divisors[0] + scatters[1] / divisors[1] - 2 * roots / np.sqrt(divisors.prod())
        found: Values = mean + spread
        return found

    return distance(counts), distance(counts - 1)


def _centred(block: np.ndarray) -> np.ndarray:
    block = block - block.mean(axis=1, keepdims=True)
    centred: np.ndarray = block - block.mean(axis=2, keepdims=True)
    return centred


def _with_ridge(tables: Tables, divisor: str, ridge: float) -> Values:
    """With a multiple of the identity added to both covariances; outside the span of the clips it adds nothing."""
    half = tables.shape[1] // 2
    values, vectors = np.linalg.eigh(tables)
    rows = vectors * np.sqrt(np.clip(values, 0, None))[:, None, :]  # coordinates of the clips in their own span
    sides = rows[:, :half], rows[:, half:]
    mean = ((sides[0].mean(axis=1) - sides[1].mean(axis=1)) ** 2).sum(axis=1)
    count = half if divisor == "n" else half - 1
    covariances = []
    for side in sides:
        deviations = side - side.mean(axis=1, keepdims=True)
        covariances.append(deviations.transpose(0, 2, 1) @ deviations / count + ridge * np.eye(rows.shape[2]))
    values, vectors = np.linalg.eigh(covariances[0])
    root = vectors * np.sqrt(np.clip(values, 0, None))[:, None, :] @ vectors.transpose(0, 2, 1)
    squares = np.linalg.eigvalsh(root @ covariances[1] @ root)
    traces = sum(np.trace(covariance, axis1=1, axis2=2) for covariance in covariances)
    distance: Values = mean + traces - 2 * np.sqrt(np.clip(squares, 0, None)).sum(axis=1)
    return distance
