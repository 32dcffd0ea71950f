"""Tensors of PyTorch, in files and in memory, as numpy arrays: read without running code, and large ones in place."""

import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from vidmbench.core.errors import DataError
from vidmbench.core.memory import free_memory
from vidmbench.videos.arrays.stored import IN_PLACE, chosen, place_of, unreadable


def load_tensor(path: Path, key: str | None) -> np.ndarray:
    """The tensor in a .pt or .pth file.

    Args:
        path: The file. Where it is large and PyTorch 1.6 or later wrote it, the array is a map of it, which
            :func:`vidmbench.videos.arrays.mapped.read_mapped` reads; PyTorch's own maps end the process where a file is
            cut meanwhile.
        key: Which tensor to take where there are several.

    Raises:
        DataError: It is damaged, of another kind, larger than memory, or holds several tensors and no word on which.
    """
    with path.open("rb") as file:
        is_zip = file.read(2) == b"PK"  # PyTorch's format since 1.6; nothing is found in the older one without the rest
    if is_zip and path.stat().st_size > IN_PLACE:
        array = _in_place(_chosen_tensor(_loaded(path, "meta"), key, path), path)
        if array is not None:
            return array
        _check_size(path)
    tensor = _chosen_tensor(_loaded(path, "cpu"), key, path)
    if _is_plain(tensor):
        _check_repeats(tensor, path)
    return array_of(tensor, str(path))


def _loaded(path: Path, device: str) -> Any:
    import torch

    try:
        return torch.load(path, map_location=device, weights_only=True)
    except Exception as error:  # a damaged archive or pickle can fail in any way
        raise unreadable(path, error, "numbers alone, written by torch.save") from error


def _chosen_tensor(content: Any, key: str | None, path: Path) -> Any:
    import torch

    if isinstance(content, Mapping):
        tensors = {str(name): value for name, value in content.items() if isinstance(value, torch.Tensor)}
        content = tensors[chosen(list(tensors), key, path, lambda name: tuple(tensors[name].shape))]
    if not isinstance(content, torch.Tensor):
        raise _no_pixels(f"{path.name} holds no tensor of pixels", _kind(content), str(path))
    return content


def _is_plain(tensor: Any) -> bool:
    return unlike_plain(tensor) in (None, "without values")


def _in_place(tensor: Any, path: Path) -> np.ndarray | None:
    """A map of the file where a tensor's numbers are; None where it does not hold them as numpy has them.

    Args:
        tensor: As it was loaded on the device ``meta``, without its numbers.
        path: The file.
    """
    import torch

    if not _is_plain(tensor) or tensor.is_conj() or tensor.is_neg() or sys.byteorder != "little":
        return None
    _check_repeats(tensor, path)
    start = getattr(tensor.untyped_storage(), "_checkpoint_offset", None)
    try:
        dtype = torch.empty(0, dtype=tensor.dtype).numpy().dtype
    except TypeError:  # bfloat16
        return None
    held = tensor.untyped_storage().nbytes()
    if start not in _places(path, held) or not tensor.numel():
        return None
    storage = np.memmap(path, np.uint8, "r", start, (held,))
    strides = [step * dtype.itemsize for step in tensor.stride()]
    try:
        return np.ndarray(tuple(tensor.shape), dtype, storage, tensor.storage_offset() * dtype.itemsize, strides)
    except (TypeError, ValueError):  # the tensor claims more than its storage holds
        return None


def _places(path: Path, size: int) -> set[int]:
    """Where the members of a zip archive begin that are so long and stored as they are; none of another byte order."""
    places = set()
    try:
        with zipfile.ZipFile(path) as archive:
            for entry in archive.infolist():
                if entry.filename.endswith("/byteorder") and archive.read(entry) != b"little":
                    return set()
                if entry.compress_type == zipfile.ZIP_STORED and entry.file_size == size:
                    places.add(place_of(entry, path))
    except Exception:  # of a damaged table of contents, nearly every class that there is; reading it whole says more
        return set()
    return places


def _check_size(path: Path) -> None:
    """Refuses a file that has to be read whole and does not fit into memory."""
    size, free = path.stat().st_size, free_memory()
    if free is not None and size > free:
        raise DataError(
            f"{path.name} holds tensors larger than the free memory",
            expected=f"at most {free / 2**30:.1f} GiB, of a kind that is not read piece by piece",
            found=f"{size / 2**30:.1f} GiB",
            where=str(path),
            fix="np.save the videos as uint8, which is read piece by piece, or split the file into several",
        )


def _check_repeats(tensor: Any, path: Path) -> None:
    """Refuses a tensor that stands for more than memory holds: with steps of 0, one number can have any shape."""
    size, free = tensor.numel() * tensor.element_size(), free_memory()
    if free is not None and size > max(free, tensor.untyped_storage().nbytes()):
        raise DataError(
            f"{path.name} holds a tensor that repeats its numbers beyond the free memory",
            expected=f"at most {free / 2**30:.1f} GiB",
            found=f"{_kind(tensor)}, {size / 2**30:.1f} GiB, of a file of {path.stat().st_size} bytes",
            where=str(path),
            fix="save fewer videos in a file, or each video once",
        )


def array_of(tensor: Any, where: str) -> np.ndarray:
    """A PyTorch tensor as a numpy array; kinds of floats that numpy lacks, such as bfloat16, as float32.

    Args:
        tensor: A tensor on any device; nothing is copied where it is on the CPU and numpy has its kind.
        where: The file or label, for messages.

    Raises:
        DataError: It is sparse, nested, quantised, without values (``meta``), or of a kind without plain numbers.
    """
    try:
        plain = tensor.detach().cpu().resolve_conj().resolve_neg()
        try:
            array: np.ndarray = plain.numpy()
        except TypeError:
            if not plain.is_floating_point():
                raise
            array = plain.float().numpy()
    except Exception as error:  # each kind of tensor refuses in its own way
        raise _no_pixels("the tensor cannot be read as plain numbers", _kind(tensor), where) from error
    return array


def unlike_plain(tensor: Any) -> str | None:
    """In which way a tensor does not hold plain numbers: ``nested``, ``sparse`` and the like; None if it does.

    Of a nested one nothing else may be asked: it has no shape.
    """
    if tensor.is_nested:
        return "nested"
    if type(tensor).__name__ == "MaskedTensor":
        return "masked"
    kinds = {"quantised": tensor.is_quantized, "without values": tensor.is_meta, "of MKL-DNN": tensor.is_mkldnn}
    layout = str(tensor.layout)
    kinds["sparse"] = "sparse" in layout
    kinds[f"of the layout {layout}"] = layout != "torch.strided"
    return next((kind for kind, holds in kinds.items() if holds), None)


def _kind(content: Any) -> str:
    """What was given instead, such as ``a list of 2`` or ``torch.qint8 (3, 4), quantised``."""
    if not hasattr(content, "layout"):
        length = f" of {len(content)}" if isinstance(content, list | tuple) else ""
        return f"a {type(content).__name__}{length}"
    kind = unlike_plain(content)
    form = f"{content.dtype}" if kind == "nested" else f"{content.dtype} {tuple(content.shape)}"
    return form if kind is None else f"{form}, {kind}"


def _no_pixels(problem: str, found: str, where: str) -> DataError:
    return DataError(
        problem,
        expected="one tensor of plain numbers, or a dictionary with one",
        found=found,
        where=where,
        fix="save all videos as one tensor: torch.save(torch.stack(videos), path)",
    )
