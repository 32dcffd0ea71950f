"""Arrays and tensors in files, read as declared: all videos in one, or one a video."""

import re
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from vidmbench.core.arrays import Frames, Image
from vidmbench.core.errors import DataError
from vidmbench.core.files import sha256_of, sha256_of_parts
from vidmbench.core.inputs import UnchangedFile, refuse_special, stamp_of
from vidmbench.videos.arrays.layout import ArrayLayout, as_pixels, check_form, check_values, notes_on, slabs
from vidmbench.videos.arrays.mapped import read_mapped
from vidmbench.videos.arrays.uint8_source import ArrayVideos
from vidmbench.videos.files.video_files import Facts, Item
from vidmbench.videos.source import Source

TENSOR_SUFFIXES = frozenset((".pt", ".pth"))
_KEYS_SHOWN = 8
_MAPPED_BYTES = 2**28


class DeclaredArraySource(ArrayVideos):
    """Many videos in one array whose axes and range are declared; a clip is converted when it is read.

    Args:
        array: Numbers with the axes and in the range declared; it may be memory-mapped from disk.
        layout: What is declared; its axes have n.
        label: How messages and signatures name the source.
        digest: Gives the digest; by default the array itself is hashed.
        file: The file that the array is in, as it was before it was opened; None for one in memory.

    Raises:
        DataError: The array is not what is declared; see :func:`vidmbench.videos.arrays.layout.to_clips`.
    """

    def __init__(
        self,
        array: np.ndarray,
        layout: ArrayLayout,
        label: str = "array",
        *,
        digest: Callable[[], str] | None = None,
        file: UnchangedFile | None = None,
    ) -> None:
        _check_videos(layout, label, are_many=True)
        check_form(array.shape, array.dtype, layout, label)
        extent = check_values(map(read_mapped, slabs(array)), array.shape, array.dtype, layout, label)
        super().__init__(layout.arranged(array), label, digest, file)
        self.notes = notes_on(array.shape, layout, extent)
        self.layout = layout

    def _pixels(self, frames: np.ndarray) -> Frames:
        return as_pixels(frames, self.layout)

    def _hash(self) -> str:
        clips = self._clips
        form = f"{clips.shape} {clips.dtype.str} {self.layout.range} {self.layout.rounding}"
        return sha256_of_parts(form, *(np.ascontiguousarray(clip).tobytes() for clip in clips))


@dataclass(frozen=True)
class ArrayFile:
    """One video in an array of its own. An item of a source, see ``items.Item``.

    Attributes:
        name: Unique within the source; a relative path with forward slashes.
        path: A .npy, .npz, .pt or .pth file.
        layout: What its numbers mean; its axes have no n.
    """

    name: str
    path: Path
    layout: ArrayLayout

    def stamp(self) -> str:
        """The file's stamp, and what is declared."""
        return f"{stamp_of(self.path)}-{self.layout}, key {self.layout.key}"

    def inspect(self) -> Facts:
        """Looks at all values and hashes the file once.

        Raises:
            DataError: The file cannot be read, or is not what is declared.
        """
        where = str(self.path)
        _check_videos(self.layout, where, are_many=False)
        array = load_array(self.path, self.layout.key)
        check_form(array.shape, array.dtype, self.layout, where)
        extent = check_values(map(read_mapped, slabs(array)), array.shape, array.dtype, self.layout, where)
        num_frames, height, width, _ = self.layout.arranged(array).shape
        notes = notes_on(array.shape, self.layout, extent)
        return Facts(num_frames, height, width, _file_digest(self.path, self.layout), notes=notes)

    def read(self, frames: Sequence[int], facts: Facts) -> Frames:
        """The frames asked for (all of them exist), uint8 (frame, height, width, 3), RGB, 0..255.

        Raises:
            DataError: The file changed since it was first looked at.
        """
        refuse_special(self.path)
        array = load_array(self.path, self.layout.key)
        check_form(array.shape, array.dtype, self.layout, str(self.path))
        video = self.layout.arranged(array)
        if video.shape[:3] != (facts.num_frames, facts.height, facts.width):
            raise DataError(
                f"{self.name} does not hold what it held when it was first read",
                expected=f"{facts.num_frames} frames of {facts.height}x{facts.width}",
                found=f"{video.shape[0]} frames of {video.shape[1]}x{video.shape[2]}",
                where=str(self.path),
                fix="leave the files alone while they are scored, and start again",
            )
        if not len(frames):
            return np.zeros((0, facts.height, facts.width, 3), np.uint8)
        first = min(frames)
        part = read_mapped(video[first : max(frames) + 1])
        return as_pixels(part[np.asarray(frames, dtype=np.intp) - first], self.layout)

    def stream(self, frames: Sequence[int], facts: Facts) -> Iterator[Image]:
        """The same one by one; the file holds them together, so it is read once."""
        yield from self.read(frames, facts)


def open_declared(path: Path, layout: ArrayLayout) -> DeclaredArraySource:
    """Opens one array of many videos.

    Args:
        path: A .npy, .npz, .pt or .pth file; see :func:`load_array`.
        layout: What its numbers mean; its axes have n.

    Raises:
        DataError: The file cannot be read, or is not what is declared.
    """
    try:
        file = UnchangedFile(path)
    except OSError as error:
        raise _unreadable(path, error, "np.save, np.savez or torch.save") from error
    array = load_array(path, layout.key)
    return DeclaredArraySource(array, layout, path.name, digest=lambda: _file_digest(path, layout), file=file)


def load_array(path: Path, key: str | None = None) -> np.ndarray:
    """The array in a file; pickled code never runs.

    Args:
        path: A .npy file, mapped into memory and read where it is needed; a .npz file, read whole; a .pt or .pth file
            that holds a tensor or a dictionary of tensors, mapped too if it is large and PyTorch 1.6 or later wrote it.
        key: Which array to take where there are several.

    Returns:
        The array as it is stored; bfloat16, which numpy lacks, as float32.

    Raises:
        DataError: Damaged, of another kind, or with several arrays and no word on which.
    """
    suffix = path.suffix.lower()
    if suffix in TENSOR_SUFFIXES:
        return _load_tensor(path, key)
    try:
        if suffix == ".npz":
            return _load_npz(path, key)
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError, KeyError, SyntaxError, zipfile.BadZipFile, zlib.error) as error:
        raise _unreadable(path, error, "np.save or np.savez") from error
    # np.load goes by content: a .npz file under the name .npy gives an archive
    if not isinstance(array, np.ndarray):
        array.close()
        raise _unreadable(path, ValueError("it is an archive of arrays; its name should end in .npz"), "np.save")
    return array


def _load_npz(path: Path, key: str | None) -> np.ndarray:
    # numpy leaves a file that it opened itself and cannot read open
    with path.open("rb") as stream:
        archive = np.load(stream, allow_pickle=False)
        if not isinstance(archive, np.lib.npyio.NpzFile):
            raise ValueError("it is a single array; its name should end in .npy")
        with archive:
            array: np.ndarray = archive[_chosen(archive.files, key, path)]
            return array


def _load_tensor(path: Path, key: str | None) -> np.ndarray:
    import torch

    try:
        with path.open("rb") as file:
            is_zip = file.read(2) == b"PK"  # PyTorch's format since 1.6; the older one cannot be mapped
        # A file that is cut while it is mapped ends the process, so only what is large is mapped.
        is_mapped = is_zip and path.stat().st_size > _MAPPED_BYTES
        content = torch.load(path, map_location="cpu", weights_only=True, mmap=is_mapped)
    except Exception as error:  # a damaged archive or pickle can fail in any way
        raise _unreadable(path, error, "torch.save") from error
    if isinstance(content, Mapping):
        tensors = {str(name): value for name, value in content.items() if isinstance(value, torch.Tensor)}
        content = tensors[_chosen(list(tensors), key, path)]
    if not isinstance(content, torch.Tensor) or content.layout != torch.strided or content.is_quantized:
        raise DataError(
            f"{path.name} holds no tensor of pixels",
            expected="one tensor, or a dictionary with a tensor",
            found=_kind(content),
            where=str(path),
            fix="save all videos as one tensor: torch.save(torch.stack(videos), path)",
        )
    tensor = content.detach()
    tensor = tensor.float() if tensor.dtype == torch.bfloat16 else tensor
    array: np.ndarray = tensor.resolve_conj().resolve_neg().numpy()
    return array


def _kind(content: Any) -> str:
    length = f" of {len(content)}" if isinstance(content, list | tuple) else ""
    return f"a {type(content).__name__}{length}"


def _chosen(keys: Sequence[str], key: str | None, path: Path) -> str:
    """The key to take: the one declared, or the only one, or ``clips`` among several."""
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
        fix='declare which one holds the videos: key = "NAME"' if keys else "save the videos as an array",
    )


def _check_videos(layout: ArrayLayout, where: str, *, are_many: bool) -> None:
    if ("n" in layout.axes) != are_many:
        raise DataError(
            "the axes declared do not go with the kind of file",
            expected="an axis n of videos, such as nthwc" if are_many else "one video a file, so no axis n",
            found=f"axes {layout.axes}",
            where=where,
            fix=f'declare kind = "{"arrays" if are_many else "array"}", or {"with" if are_many else "without"} n',
        )


def _file_digest(path: Path, layout: ArrayLayout) -> str:
    return sha256_of_parts(sha256_of(path), str(layout), layout.key or "")


def _starts_with_pickle(path: Path) -> bool:
    with path.open("rb") as stream:
        return stream.read(1) == b"\x80"


def _unreadable(path: Path, error: Exception, writer: str) -> DataError:
    text, fix = str(error).split("\n")[0][:200] or type(error).__name__, "save or copy it again"
    # PyTorch's own text proposes to load the file with its code; that advice is not passed on.
    foreign = re.search(r"GLOBAL (\S+)", str(error))
    if foreign:
        text = f"it asks for {foreign[1].rstrip('.,')} when it is loaded, which is never done"
        fix = "save a plain tensor: torch.save(torch.as_tensor(videos), path)"
    elif not path.exists():
        text, fix = "there is no such file", "check the path"
    elif path.stat().st_size == 0:
        text = "the file is empty (0 bytes)"
    elif path.suffix.lower() in TENSOR_SUFFIXES:
        text = f"it is damaged, cut off or of another kind ({path.stat().st_size} bytes, {type(error).__name__})"
    elif any(words in text for words in ("Object arrays", "Python objects")) or (
        "pickled" in text and _starts_with_pickle(path)
    ):
        text = "it holds Python objects, which are never loaded"
        fix = "save a plain array, not a list or an array of dtype object"
    elif "pickled" in text:  # what numpy says of bytes that it does not know
        text = "it is of another kind, or cut off"
    elif "mmap length" in text or isinstance(error, EOFError) or "reshape" in text:
        text = f"it is cut off ({text})"
    return DataError(
        f"{path.name} cannot be read as an array: {text}",
        expected=f"numbers alone, written by {writer}",
        where=str(path),
        fix=fix,
    )


if TYPE_CHECKING:
    _source: type[Source] = DeclaredArraySource
    _item: type[Item] = ArrayFile
