"""Pickles of numpy arrays, as weights are published: read without running code."""

import io
import pickle
from typing import Any

import numpy as np

from vidmbench.core.errors import WeightsError
from vidmbench.detectors.types import Tensors

# What a pickle of plain dicts of numpy arrays may name; both spellings, for numpy 1 and 2. Arrays are rebuilt by
# _reconstruct up to protocol 4 and by _frombuffer in protocol 5.
_ADMITTED = {
    **{
        (f"numpy.{core}.{module}", name): (f"numpy._core.{module}", name)
        for core in ("core", "_core")
        for module, name in (("multiarray", "_reconstruct"), ("numeric", "_frombuffer"))
    },
    ("numpy", "ndarray"): ("numpy", "ndarray"),
    ("numpy", "dtype"): ("numpy", "dtype"),
}


class _ArraysOnly(pickle.Unpickler):
    """Admits numpy arrays and nothing else: a pickle can otherwise run any code."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _ADMITTED:
            raise pickle.UnpicklingError(f"the file asks for {module}.{name}")
        return super().find_class(*_ADMITTED[module, name])


def load_plain_pickle(data: bytes) -> Any:
    """Reads a pickle that holds nothing but containers, numbers, texts and numpy arrays.

    Raises:
        ValueError: It names anything else, or is damaged. Nothing of it has run.
    """
    try:
        return _ArraysOnly(io.BytesIO(data)).load()
    except Exception as error:  # a damaged pickle can fail in any way
        raise ValueError(str(error) or type(error).__name__) from error


def load_array_pickle(data: bytes, *, where: str) -> Any:
    """Reads a pickle that holds nothing but containers and numpy arrays.

    Args:
        data: The pickle.
        where: Its file, for the error message.

    Returns:
        What was pickled.

    Raises:
        WeightsError: The pickle names anything but numpy arrays, or is damaged. Nothing of it has run.
    """
    try:
        return load_plain_pickle(data)
    except ValueError as error:
        raise WeightsError(
            "refused a weights file that is not a plain pickle of numpy arrays",
            expected="dicts and numpy arrays only; nothing was run",
            found=str(error),
            where=where,
            fix="get the file anew from its publisher: vidmbench weights get",
        ) from error


def flattened(tree: Any, prefix: str = "") -> Tensors:
    """Nested dicts of arrays as one flat dict with ``/`` between the keys."""
    flat: Tensors = {}
    for key, value in tree.items():
        if isinstance(value, dict):
            flat |= flattened(value, f"{prefix}{key}/")
        else:
            flat[f"{prefix}{key}"] = np.ascontiguousarray(value)
    return flat
