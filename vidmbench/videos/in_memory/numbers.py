"""Arrays of numpy, tensors of PyTorch and what behaves like one of them, looked at in one way."""

from collections.abc import Iterator
from typing import Any, TypeGuard

import numpy as np

from vidmbench.core.errors import DataError
from vidmbench.videos.arrays.mapped import read_mapped
from vidmbench.videos.arrays.tensors import array_of, unlike_plain
from vidmbench.videos.arrays.values import Extent, extent_of, slabs

#: What makes plain tensors of one that is stored otherwise.
_PLAIN = {
    "nested": "give a list of the tensors: list(x.unbind())",
    "sparse": "give x.to_dense()",
    "of MKL-DNN": "give x.to_dense()",
    "quantised": "give x.dequantize()",
    "masked": "give x.to_tensor(0), which paints what is masked black",
    "without values": "give a tensor that holds values, not one on the device meta",
}


def is_tensor(thing: Any) -> bool:
    """Whether it is a tensor of PyTorch, on any device; asked without importing PyTorch."""
    return hasattr(thing, "detach") and hasattr(thing, "is_floating_point")


def check_kind(thing: Any, where: str) -> None:
    """Refuses a tensor that does not hold plain numbers, before anything else is asked of it: some have no shape.

    Args:
        thing: Anything; what is not a tensor passes.
        where: Which argument it is, for messages.

    Raises:
        DataError: It is nested, sparse, quantised, without values (``meta``), or stored in a way of its own.
    """
    if is_tensor(thing) and not isinstance(thing, type) and (kind := unlike_plain(thing)) is not None:
        form = str(thing.dtype) if kind == "nested" else described(thing)
        raise _no_pixels(f"{form}, {kind}", where, _PLAIN.get(kind, "give a tensor of the layout torch.strided"))


def shape_of(thing: Any) -> tuple[int | None, ...]:
    """The lengths of the axes of a tensor or array; of a nested tensor, which has none, None for each axis."""
    is_nested = is_tensor(thing) and thing.is_nested
    return (None,) * int(thing.dim()) if is_nested else tuple(thing.shape)


def is_array(thing: Any) -> bool:
    """Whether it is a tensor, an array, or converts itself to one, as those of JAX and TensorFlow do.

    What is stored in chunks (h5py, zarr, dask) is not: it may exceed memory, and is read row by row; nor is an array of
    objects, which is a list.
    """
    if is_tensor(thing) or isinstance(thing, type):
        return not isinstance(thing, type)
    if hasattr(thing, "chunks") or (isinstance(thing, np.ndarray) and thing.dtype == object and thing.ndim == 1):
        return False
    return all(hasattr(thing, name) for name in ("__array__", "shape", "dtype"))


def as_numbers(thing: Any, where: str) -> Any:
    """The tensor itself, or the array, without copying where that is possible.

    Args:
        thing: What :func:`is_array` takes.
        where: Which argument it is, for messages.

    Raises:
        DataError: It has a mask, has no plain numbers, or refuses to be an array.
    """
    check_kind(thing, where)
    if is_tensor(thing):
        return thing
    if isinstance(thing, np.ma.MaskedArray):
        raise DataError(
            "masked arrays are not scored: what their masks hide has no colour",
            expected="an array without a mask",
            found=f"a masked array {thing.shape}",
            where=where,
            fix="videos.filled(0) paints what is masked black",
        )
    try:
        array = np.asarray(thing)
    except Exception as error:  # each library refuses in its own way
        raise _no_pixels(f"{type(thing).__name__} of shape {tuple(thing.shape)}", where) from error
    if array.dtype.kind == "V" and array.dtype.itemsize == 2 and "bfloat16" in str(thing.dtype):
        return array.astype(np.float32)
    if array.dtype.kind not in "buif":
        raise _no_pixels(described(array), where)
    return array


def plain(numbers: Any, where: str) -> np.ndarray:
    """A tensor as an array on the CPU without gradients, bfloat16 as float32; an array itself.

    Raises:
        DataError: It holds no plain numbers, see :func:`check_kind`, or complex ones.
    """
    if not is_tensor(numbers):
        array: np.ndarray = read_mapped(numbers)
        return array
    check_kind(numbers, where)
    try:
        array = array_of(numbers, where)
    except DataError as error:
        raise _no_pixels(error.found or described(numbers), where) from error
    if array.dtype.kind not in "buif":
        raise _no_pixels(described(numbers), where)
    return array


def described(numbers: Any) -> str:
    """Type and shape, such as ``float32 (4, 16, 64, 64, 3)`` or ``torch.bfloat16 tensor (4, 3, 16, 64, 64)``."""
    kind = f"{numbers.dtype} tensor" if is_tensor(numbers) else str(numbers.dtype)[:40]
    return f"{kind} {tuple(numbers.shape)}"


def is_bytes(numbers: Any) -> bool:
    """Whether the numbers are unsigned integers of 8 bits."""
    return str(numbers.dtype) in ("uint8", "torch.uint8")


def is_mapped(numbers: Any) -> TypeGuard[np.ndarray]:
    """Whether the numbers are in a file that is mapped into memory, so that they may exceed it."""
    base = numbers
    while isinstance(base, np.ndarray):
        if isinstance(base, np.memmap):
            return True
        base = base.base
    return False


def with_samples_flat(numbers: Any, axes: str) -> tuple[Any, int]:
    """An array with an axis of predictions as one of videos, the predictions of one video next to each other.

    Args:
        numbers: A tensor or an array.
        axes: A letter per axis; S counts predictions of one video.

    Returns:
        The array without S, and how many predictions each video has; what has no such axis as it is, and 1.
    """
    if "S" not in axes or len(numbers.shape) != len(axes):
        return numbers, 1
    sources = [axes.index("N"), axes.index("S")]
    moved = numbers.movedim(sources, [0, 1]) if is_tensor(numbers) else np.moveaxis(numbers, sources, [0, 1])
    samples = int(moved.shape[1])
    flat = moved.reshape(-1, *moved.shape[2:])
    place = axes.replace("S", "").index("N")
    return (flat.movedim(0, place) if is_tensor(flat) else np.moveaxis(flat, 0, place)), samples


def by_video(numbers: Any, axes: str) -> Iterator[Any]:
    """The videos of a batch one by one, views of it; a single video itself.

    Args:
        numbers: A tensor or an array.
        axes: A letter per axis; N, if there is one, counts videos.
    """
    if "N" not in axes:
        yield numbers
        return
    axis = axes.index("N")
    videos = numbers.movedim(axis, 0) if is_tensor(numbers) else np.moveaxis(numbers, axis, 0)
    for index in range(len(videos)):
        yield videos[index]


def whole_extent(numbers: Any, where: str) -> Extent:
    """The smallest and the largest value, and how many are none.

    Raises:
        DataError: As :func:`plain`.
    """
    return extent_of(map(read_mapped, slabs(numbers if not is_tensor(numbers) else plain(numbers, where))))


def _no_pixels(found: str, where: str, fix: str | None = None) -> DataError:
    return DataError(
        "these numbers cannot be pixels",
        expected="real numbers in a plain array or tensor",
        found=found,
        where=where,
        fix=fix or "give the array or tensor of videos itself, not that of masks, names or objects",
    )
