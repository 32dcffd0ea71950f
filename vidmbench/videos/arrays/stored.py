"""Arrays in .npy, .npz and .pt files: read without running code, whatever the bytes are."""

import ast
import math
import re
import struct
import threading
import warnings
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol, runtime_checkable

import numpy as np

from vidmbench.core.errors import DataError
from vidmbench.core.memory import free_memory
from vidmbench.videos.files.zip_ends import around_archive

_TENSOR_SUFFIXES = frozenset((".pt", ".pth"))
#: What is in the names of arrays that hold videos.
_NAMES_OF_VIDEOS = ("video", "clip", "sample", "frame")
_KEYS_SHOWN = 8
#: Python 3.11 counts the depth of its parser for all threads together: two at once can end in a SystemError. The
#: filters of warnings are common to all threads too.
_PARSER = threading.Lock()
#: Bytes of a file or array; a smaller one is read whole.
IN_PLACE = 2**26
_LOCAL_HEADER = 30  # bytes before the name of a member of a zip archive
_MAGIC = b"\x93NUMPY"
_LONGEST_HEADER = 10_000  # numpy's own limit
_MOST_AXES = 32  # of the numpy versions supported, the older ones have no more


@runtime_checkable
class _Bytes(Protocol):
    """A file, or a member of an archive, from its beginning."""

    def read(self, size: int, /) -> bytes:
        """Up to so many bytes."""
        ...


class Header(NamedTuple):
    """What a .npy file says of its array."""

    shape: tuple[int, ...]
    order: str
    dtype: np.dtype
    offset: int

    @property
    def num_bytes(self) -> int:
        """The size of the array."""
        return math.prod(self.shape) * self.dtype.itemsize


def load_array(path: Path, key: str | None = None, *, expected: str = "numbers alone") -> np.ndarray:
    """The array in a file; pickled code never runs.

    Args:
        path: A .npy file, mapped into memory and read where it is needed; a .npz file, mapped too if it is large and
            not compressed, and otherwise read whole; a .pt or .pth file that holds a tensor or a dictionary of tensors,
            see :func:`vidmbench.videos.arrays.tensors.load_tensor`.
        key: Which array to take where there are several.
        expected: What the file should hold, for messages.

    Returns:
        The array as it is stored; kinds of floats that numpy lacks, such as bfloat16, as float32.

    Raises:
        DataError: Damaged, of another kind, larger than memory, or with several arrays and no word on which.
    """
    suffix = path.suffix.lower()
    if suffix in _TENSOR_SUFFIXES:
        from vidmbench.videos.arrays.tensors import load_tensor  # PyTorch is slow to import

        return load_tensor(path, key)
    try:
        return _load_npz(path, key) if suffix == ".npz" else _load_npy(path)
    except DataError:
        raise
    except Exception as error:  # a damaged header or archive can fail in any way
        writer = "written by np.save or np.savez"
        raise unreadable(path, error, f"{expected}, {writer}") from error


def _load_npy(path: Path) -> np.ndarray:
    with path.open("rb") as stream:
        if stream.read(2) == b"PK":
            raise ValueError("it is an archive of arrays; its name should end in .npz")
        stream.seek(0)
        header = read_header(stream)
    check_held(header, path.stat().st_size - header.offset)
    if not header.num_bytes:
        return np.zeros(header.shape, header.dtype)
    return np.memmap(path, header.dtype, "r", header.offset, header.shape, _order(header))


def _load_npz(path: Path, key: str | None) -> np.ndarray:
    with path.open("rb") as file:
        if file.read(len(_MAGIC)) == _MAGIC:
            raise ValueError("it is a single array; its name should end in .npy")
    with zipfile.ZipFile(path) as archive:
        problem = around_archive(archive)
        if problem is not None:
            raise ValueError(problem)
        members = {info.filename.removesuffix(".npy"): info for info in archive.infolist() if not info.is_dir()}

        def shape_of(name: str) -> tuple[int, ...]:
            with archive.open(members[name]) as opened:
                return read_header(opened).shape

        member = members[chosen(list(members), key, path, shape_of)]
        with archive.open(member) as stream:
            header = read_header(stream)
            held = member.file_size - header.offset
            check_held(header, held)
            if member.compress_type == zipfile.ZIP_STORED and header.num_bytes > IN_PLACE:
                while stream.read(1 << 20):
                    pass  # at its end the member's checksum is compared
                start = place_of(member, path) + header.offset
                return np.memmap(path, header.dtype, "r", start, header.shape, _order(header))
            _check_memory(header, path)
            flat = np.frombuffer(_read_whole(stream, header.num_bytes), header.dtype)
    return flat.reshape(header.shape, order=_order(header))


def check_held(header: Header, held: int) -> None:
    """Makes sure that an array is all that follows its header.

    Raises:
        EOFError: Some of it is missing.
        ValueError: More follows, which would not be read.
    """
    if header.num_bytes > held:
        raise EOFError(f"{held} of {header.num_bytes} bytes are there")
    if header.num_bytes < held:
        more = held - header.num_bytes
        raise ValueError(f"{more:,} bytes follow the array, as where files were joined with cat")


def place_of(entry: zipfile.ZipInfo, path: Path) -> int:
    """Where the bytes of a member of a zip archive begin.

    Raises:
        EOFError: The archive ends before they do.
    """
    with path.open("rb") as file:
        file.seek(entry.header_offset)
        head = file.read(_LOCAL_HEADER)
    lengths = int.from_bytes(head[26:28], "little") + int.from_bytes(head[28:30], "little")
    start = entry.header_offset + _LOCAL_HEADER + lengths
    if len(head) < _LOCAL_HEADER or start + entry.compress_size > path.stat().st_size:
        raise EOFError("it is cut off")
    return start


def _order(header: Header) -> Any:
    return header.order


def _read_whole(stream: _Bytes, size: int) -> bytearray:
    data = bytearray(size)
    view, done = memoryview(data), 0
    while done < size:
        part = stream.read(min(size - done, 1 << 24))
        if not part:
            raise EOFError(f"{done} of {size} bytes are there")
        view[done : done + len(part)] = part
        done += len(part)
    stream.read(1)  # at the end of a member its checksum is compared
    return data


def _check_memory(header: Header, path: Path) -> None:
    """Refuses an array larger than memory: an archive of a few megabytes can hold terabytes of zeros."""
    free = free_memory()
    if free is not None and header.num_bytes > free:
        raise DataError(
            f"{path.name} holds an array larger than the free memory",
            expected=f"at most {free / 2**30:.1f} GiB",
            found=f"{header.dtype} {header.shape}, {header.num_bytes / 2**30:.1f} GiB",
            where=str(path),
            fix="np.save it instead, or np.savez, which are read piece by piece; or split it into several files",
        )


def read_header(stream: _Bytes) -> Header:
    """What stands before the numbers.

    Raises:
        Exception: Of any kind: it is not a header.
    """
    magic = stream.read(8)
    if magic[:6] != _MAGIC:
        raise ValueError("it holds pickled Python objects" if magic[:1] == b"\x80" else "it is no array of numpy")
    width = 2 if magic[6:7] == b"\x01" else 4
    (length,) = struct.unpack("<H" if width == 2 else "<I", stream.read(width))
    if length > _LONGEST_HEADER:
        raise ValueError(f"its header claims {length} bytes")
    raw = stream.read(length)
    if len(raw) < length:
        raise EOFError(f"{len(raw)} of {length} bytes of its header are there")
    text = raw.decode("utf-8" if magic[6:7] >= b"\x03" else "latin1")
    with _PARSER, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the parser, about escapes in damaged text
        content = ast.literal_eval(re.sub(r"(?<=\d)L\b", "", text).strip())  # Python 2 wrote 16L
        shape, descr, is_fortran = content["shape"], content["descr"], content["fortran_order"]
        dtype = np.lib.format.descr_to_dtype(descr)
    if dtype.hasobject:
        raise ValueError("it holds pickled Python objects")
    if (
        type(shape) is not tuple
        or len(shape) > _MOST_AXES
        or not all(type(size) is int and size >= 0 for size in shape)
    ):
        raise ValueError(f"its header claims the shape {str(shape)[:80]}")
    return Header(shape, "F" if is_fortran else "C", dtype, 8 + width + length)


def chosen(keys: Sequence[str], key: str | None, path: Path, shape_of: Callable[[str], tuple[int, ...]]) -> str:
    """The key to take: the one declared, or the only one, or ``clips`` among several.

    Args:
        keys: Those that there are.
        key: The one declared.
        path: The file.
        shape_of: Gives the shape of the array of a key, for what is proposed.

    Raises:
        DataError: There is no such key, or nothing says which.
    """
    if key is None and (len(keys) == 1 or "clips" in keys):
        return "clips" if "clips" in keys else keys[0]
    if key is not None and key in keys:
        return key
    more = f" and {len(keys) - _KEYS_SHOWN} more" if len(keys) > _KEYS_SHOWN else ""
    problem = "several arrays" if keys else "no array"
    raise DataError(
        f"{path.name} holds {problem}" if key is None else f"{path.name} holds no array called {key}",
        expected="a single array, or one that is declared" if key is None else f"the key {key!r}",
        found=(", ".join(keys[:_KEYS_SHOWN]) + more) or "no array",
        where=str(path),
        fix=_by_itself(keys, path, shape_of) if keys else "save the videos as an array",
    )


def _by_itself(keys: Sequence[str], path: Path, shape_of: Callable[[str], tuple[int, ...]]) -> str:
    """How to save the array that holds the videos by itself: lines of Python that work as they stand."""
    key = next((key for key in keys if any(word in key.lower() for word in _NAMES_OF_VIDEOS)), keys[0])
    file, stem = repr(str(path)), str(path.with_suffix(""))
    if path.suffix.lower() == ".npz":
        target = repr(f"{stem}-videos.npy")
        one = f"np.save({target}, np.load({file})[{key!r}])"
        stack, held = "np.save({target}, np.stack([{each}]))", f"np.load({file})"
    else:
        target = repr(f"{stem}-videos{path.suffix}")
        one = f"torch.save(torch.load({file})[{key!r}], {target})"
        stack, held = "torch.save(torch.stack([{each}]), {target})", f"torch.load({file})"
    lines = ["save the array that holds the videos by itself, in Python", f"if it is {key}: {one}"]
    lengths = _lengths(keys, shape_of)
    if lengths:
        cut = "" if len(set(lengths)) == 1 else f"[:{min(lengths)}]"  # arrays of other lengths do not stack
        of_each = f"video{cut} for video in {held}.values()"
        lines.append(f"if each array is one video: {stack.format(each=of_each, target=target)}")
    lines.append('or, with a layout of your own, declare which one it is: key = "NAME"')
    return "\n    ".join(lines)


def _lengths(keys: Sequence[str], shape_of: Callable[[str], tuple[int, ...]]) -> list[int]:
    """The frames of each array, if each may be a video; none where they differ in more and cannot be stacked."""
    try:
        shapes = [shape_of(key) for key in keys]
    except Exception:  # a member that is no array, which is not the problem here
        return []
    is_alike = all(shapes) and len({shape[1:] for shape in shapes}) == 1
    return [shape[0] for shape in shapes] if is_alike else []


def unreadable(path: Path, error: Exception, expected: str) -> DataError:
    """The error for a file that is not an array.

    Args:
        path: The file.
        error: What reading it gave.
        expected: What it should be.
    """
    text, fix = str(error).split("\n")[0][:200] or type(error).__name__, "save or copy it again"
    # PyTorch's own text proposes to load the file with its code; that advice is not passed on.
    foreign = re.search(r"GLOBAL (\S+)", str(error))
    if foreign:
        text = f"it asks for {foreign[1].rstrip('.,')} when it is loaded, which is never done"
        fix = "save a plain tensor: torch.save(torch.as_tensor(videos), path)"
    elif not path.exists():
        text, fix = "path not found", "check the path"
    elif isinstance(error, MemoryError):
        text, fix = "it does not fit into memory", "split it into several files"
    elif path.stat().st_size == 0:
        text = "the file is empty (0 bytes)"
    elif path.suffix.lower() in _TENSOR_SUFFIXES:
        text = f"it is damaged, cut off or of another kind ({path.stat().st_size} bytes, {type(error).__name__})"
    elif "Python objects" in text:
        text = "it holds Python objects, which are never loaded"
        fix = "save a plain array, not a list or an array of dtype object"
    elif isinstance(error, EOFError | struct.error):
        text = f"it is cut off ({text})"
    elif not isinstance(error, ValueError | OSError):
        text = f"it is damaged or of another kind ({type(error).__name__}: {text})"
    return DataError(f"{path.name} cannot be read as an array: {text}", expected=expected, where=str(path), fix=fix)
