"""The tables that ``vidmbench identify`` searches: the scalar products of all features of a golden set.

A Fréchet distance depends on features only through their scalar products, so 48 clips need 48 x 48 numbers whatever the
network's width. They are taken about the common mean and stored as float32, which moves a distance by some 1e-6.
"""

import json
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from vidmbench.core.errors import DataError
from vidmbench.core.files import replacing
from vidmbench.core.resources import protocols_dir
from vidmbench.detectors.i3d import Convolution

Gram = np.ndarray


class Grams(NamedTuple):
    """The tables of one golden set.

    Attributes:
        keys: Feed and layer of each table.
        tables: float64 (table, 48, 48): scalar products of the clips, real ones first.
    """

    keys: list[tuple[str, str]]
    tables: np.ndarray


def layers_of(pooled: np.ndarray, last: Convolution) -> dict[str, np.ndarray]:
    """Everything that codes take for features.

    Args:
        pooled: float32 (clip, 1024, step), the network before its last pool over time.
        last: The layer of the logits.

    Returns:
        float64 (clip, feature) by name. ``logits, pool 1``: the steps averaged without the pool over two of them.
    """
    steps = pooled.astype(np.float64)
    plain = steps.mean(axis=2)
    pairs = (steps[:, :, 1:] + steps[:, :, :-1]).mean(axis=2) / 2
    weight, bias = last.weight[:, :, 0, 0, 0].astype(np.float64), last.bias.astype(np.float64)
    logits = pairs @ weight.T + bias
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    layers = {"logits": logits, "pooled": pairs, "softmax": powers / powers.sum(axis=1, keepdims=True)}
    if steps.shape[2] != 2:
        layers["logits, pool 1"] = plain @ weight.T + bias
    return layers


def gram_of(features: np.ndarray) -> Gram:
    """Scalar products about the common mean, float64 (clip, clip)."""
    centred = features - features.mean(axis=0)
    products: Gram = centred @ centred.T
    return products


def write_grams(name: str, digest: str, grams: dict[tuple[str, str], Gram]) -> None:
    """Writes the tables of one set."""
    upper = np.triu_indices(len(next(iter(grams.values()))))
    with replacing(protocols_dir() / "identify" / f"{name}.npz") as temporary:
        np.savez(
            temporary,
            keys=np.array(json.dumps([list(key) for key in grams])),
            digest=np.array(digest),
            tables=np.stack([gram[upper] for gram in grams.values()]).astype(np.float32),
        )


@lru_cache(maxsize=2)
def read_grams(name: str, digest: str) -> Grams:
    """The tables of one set.

    Args:
        name: The set.
        digest: Its digest, with which they were made.

    Raises:
        DataError: The file is damaged, or of other videos.
    """
    path = protocols_dir() / "identify" / f"{name}.npz"
    try:
        with np.load(path, allow_pickle=False) as file:
            found, keys, packed = str(file["digest"]), json.loads(str(file["keys"])), file["tables"].astype(np.float64)
        if found != digest:
            raise ValueError(f"tables of other videos, {found[:16]}")
        clips = int((np.sqrt(8 * packed.shape[1] + 1) - 1) / 2)
        tables = np.zeros((len(packed), clips, clips))
        rows, columns = np.triu_indices(clips)
        tables[:, rows, columns] = tables[:, columns, rows] = packed
        return Grams([(feed, layer) for feed, layer in keys], tables)
    except Exception as error:  # zipfile, numpy and json each raise their own
        raise DataError(
            "the tables of identify cannot be read",
            expected="the file as it was installed",
            found=str(error),
            where=str(path),
            fix="install vidmbench again",
        ) from error
