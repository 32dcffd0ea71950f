"""The tables that ``vidmbench identify`` searches: the scalar products of all features of a golden set.

A Fréchet distance depends on features only through their scalar products, so n clips need n x n numbers whatever the
network's width. They are taken about the common mean and stored as float32, which moves a distance by some 1e-6. The
scored side repeats its clips: each is stored once.
"""

import json
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from vidmbench.core.errors import DataError
from vidmbench.core.files import replacing
from vidmbench.core.resources import protocols_dir
from vidmbench.detectors.i3d import Convolution
from vidmbench.protocols.array_values import WideInput
from vidmbench.sources.golden_sets import NUM_CLIPS, NUM_FAKES

Gram = np.ndarray


class Grams(NamedTuple):
    """Tables of one golden set.

    Attributes:
        keys: Feed and layer of each table.
        tables: float64 (table, clip, clip): scalar products of the clips, 24 real ones first or, where each is there a
            second time mirrored, 48; then the 24 scored ones.
    """

    keys: list[tuple[str, str]]
    tables: np.ndarray


def layers_of(pooled: np.ndarray, last: Convolution, wide: WideInput | None = None) -> dict[str, np.ndarray]:
    """Everything that codes take for features.

    Args:
        pooled: float32 (clip, 1024, step), the network before its last pool over time; of images of 224 x 400
            (clip, 1024, step, 8): seven places, and all of the image.
        last: The layer of the logits.
        wide: What is made of the places.

    Returns:
        float64 (clip, feature) by name. ``logits, pool 1``: the steps averaged without the pool over two of them.
    """
    steps = pooled.astype(np.float64)
    weight, bias = last.weight[:, :, 0, 0, 0].astype(np.float64), last.bias.astype(np.float64)
    layers: dict[str, np.ndarray] = {}
    if steps.shape[2] != 2 and wide is None:
        layers["logits, pool 1"] = steps.mean(axis=2) @ weight.T + bias
    if steps.shape[2] > 1:
        pairs = (steps[:, :, 1:] + steps[:, :, :-1]).mean(axis=2) / 2
        if wide is not None:
            return {"logits": _wide_logits(pairs, weight, bias, wide)}
        logits = pairs @ weight.T + bias
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        layers |= {"logits": logits, "pooled": pairs, "softmax": powers / powers.sum(axis=1, keepdims=True)}
    return layers


def _wide_logits(places: np.ndarray, weight: np.ndarray, bias: np.ndarray, wide: WideInput) -> np.ndarray:
    logits = np.einsum("cfp,lf->clp", places, weight) + bias[:, None]
    made: dict[WideInput, np.ndarray] = {
        "flattened": logits[:, :, :-1].reshape(len(logits), -1),
        "spatial-mean": logits[:, :, :-1].mean(axis=2),
        "pool-7x13": logits[:, :, -1],
    }
    return made[wide]


def gram_of(features: np.ndarray) -> Gram:
    """Scalar products about the common mean, float64 (clip, clip)."""
    centred = features - features.mean(axis=0)
    products: Gram = centred @ centred.T
    return products


def write_grams(name: str, digest: str, grams: dict[tuple[str, str], Gram]) -> None:
    """Writes the tables of one set.

    Args:
        name: The set.
        digest: Its digest.
        grams: By feed and layer, of 24 real clips or 48, and behind them the six that the scored side repeats.
    """
    sizes = sorted({len(gram) for gram in grams.values()})
    parts = {size: {key: gram for key, gram in grams.items() if len(gram) == size} for size in sizes}
    arrays = {
        f"tables{size}": np.stack([gram[np.triu_indices(size)] for gram in part.values()]).astype(np.float32)
        for size, part in parts.items()
    }
    keys = {str(size): [list(key) for key in part] for size, part in parts.items()}
    with replacing(protocols_dir() / "identify" / f"{name}.npz") as temporary:
        np.savez(temporary, allow_pickle=False, keys=np.array(json.dumps(keys)), digest=np.array(digest), **arrays)


@lru_cache(maxsize=2)
def read_grams(name: str, digest: str) -> tuple[Grams, ...]:
    """The tables of one set, by how many real clips they have.

    Args:
        name: The set.
        digest: Its digest, with which they were made.

    Raises:
        DataError: The file is damaged, or of other videos.
    """
    path = protocols_dir() / "identify" / f"{name}.npz"
    try:
        with np.load(path, allow_pickle=False) as file:
            found, keys = str(file["digest"]), json.loads(str(file["keys"]))
            packed = {size: file[f"tables{size}"].astype(np.float64) for size in keys}
        if found != digest:
            raise ValueError(f"tables of other videos, {found[:16]}")
        return tuple(
            Grams([(feed, layer) for feed, layer in keys[size]], _unpacked(each, int(size)))
            for size, each in packed.items()
        )
    except Exception as error:  # zipfile, numpy and json each raise their own
        raise DataError(
            "the tables of identify cannot be read",
            expected="the file as it was installed",
            found=str(error),
            where=str(path),
            fix="install vidmbench again",
        ) from error


def _unpacked(packed: np.ndarray, size: int) -> np.ndarray:
    """Whole tables, with the scored clips as often as the golden set repeats them."""
    tables = np.zeros((len(packed), size, size))
    rows, columns = np.triu_indices(size)
    tables[:, rows, columns] = tables[:, columns, rows] = packed
    num_real = size - NUM_FAKES
    clips = np.concatenate([np.arange(num_real), num_real + np.arange(NUM_CLIPS) % NUM_FAKES])
    whole: np.ndarray = tables[:, clips[:, None], clips]
    return whole
