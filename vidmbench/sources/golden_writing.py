"""The golden sets of ``vidmbench identify`` as files for other people's code, and whether files still hold them."""

import json
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from vidmbench.core.errors import DataError, ResultError
from vidmbench.core.files import checked_output, expanded, unwritable, write_errors
from vidmbench.sources.golden_sets import SETS, GoldenSet, digest_of, golden_set

#: Names the digests of what was written; a folder that has it is one of ours.
MARK = "golden-sets.json"
_README = """\
Golden sets of `vidmbench identify`: run your own FVD on one of them, then ask which convention it follows.
{sets}: a real and a scored side of 24 videos of 20 frames; fake/ repeats six damaged clips.
Each as an array, uint8 (video, frame, height, width, RGB), and as folders of PNG frames with the same pixels.
Score fake against real with all 24 videos per side, and the first 16 frames if your code takes a number of frames.
Then ask: vidmbench identify VALUE --on {first}. In CI: vidmbench identify --run COMMAND, see docs/which-fvd.md.
"""


def write_sets(folder: Path, names: Sequence[str] = SETS) -> Path:
    """Writes golden sets; the folder appears whole or not at all.

    Args:
        folder: A folder that is new, empty, or was written by this function.
        names: Which sets.

    Returns:
        The folder, ``~`` expanded.

    Raises:
        ResultError: The folder holds something else, or cannot be written.
    """
    folder = expanded(folder).absolute()
    if folder.is_dir() and any(folder.iterdir()) and not (folder / MARK).is_file():
        raise ResultError(
            "the folder is not empty and is not one of golden sets",
            expected=f"a new or empty folder, or one with {MARK} in it",
            found=", ".join(sorted(path.name for path in folder.iterdir())[:3]),
            where=str(folder),
            fix="choose another with --write",
        )
    parent = checked_output(folder.parent, "--write")
    if folder.exists() and not folder.is_dir():
        raise ResultError("--write names a folder", found=f"the file {folder}", where="--write", fix="choose another")
    try:
        temporary = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=parent))
    except OSError as error:
        raise unwritable(parent, error, "--write") from error
    try:
        new = temporary / "new"
        with write_errors(folder, temporary):
            digests = {name: _write_set(golden_set(name), new / name) for name in names}
            sizes = [f"{name} ({_size(golden_set(name))} pixels)" for name in names]
            (new / "README.md").write_text(_README.format(sets=", ".join(sizes), first=names[0]), encoding="utf-8")
            (new / MARK).write_text(json.dumps(digests, indent=1) + "\n", encoding="utf-8")
            if folder.exists():
                folder.rename(temporary / "old")
            new.rename(folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return folder


def _size(golden: GoldenSet) -> str:
    return f"{golden.real.shape[3]} x {golden.real.shape[2]}"


def _write_set(golden: GoldenSet, folder: Path) -> str:
    from PIL import Image

    for name, side in (("real", golden.real), ("fake", golden.fake)):
        (folder / name).mkdir(parents=True)
        np.save(folder / f"{name}.npy", side)
        for number, clip in enumerate(side):
            video = folder / name / f"video_{number:02d}"
            video.mkdir()
            for frame, pixels in enumerate(clip):
                Image.fromarray(pixels).save(video / f"frame_{frame:03d}.png", compress_level=1)
    return golden.digest


def check_set(folder: Path, name: str) -> None:
    """Compares written files with a golden set, pixel for pixel.

    Args:
        folder: What :func:`write_sets` wrote.
        name: The set.

    Raises:
        DataError: A file is missing, cannot be read or holds other pixels.
    """
    golden = golden_set(name)
    arrays, pictures = [], []
    for side in ("real", "fake"):
        path = folder / name / f"{side}.npy"
        try:
            arrays.append(np.load(path, allow_pickle=False))
            pictures.append(_pictures(path.with_suffix("")))
        except (OSError, ValueError) as error:
            raise _other(folder / name, str(error)) from error
    for form, found in (("arrays", arrays), ("frames", pictures)):
        digest = digest_of(*found)
        if digest != golden.digest:
            raise _other(folder / name, f"{form} with digest {digest[:16]} instead of {golden.digest[:16]}")


def _pictures(folder: Path) -> np.ndarray:
    from PIL import Image

    videos = sorted(path for path in folder.iterdir() if path.is_dir())
    return np.stack(
        [np.stack([np.asarray(Image.open(frame)) for frame in sorted(video.glob("*.png"))]) for video in videos]
    )


def _other(where: Path, found: str) -> DataError:
    return DataError(
        "these are not the golden set that the number is looked for on",
        expected="the files as vidmbench identify --write wrote them",
        found=found,
        where=str(where),
        fix="write them again: vidmbench identify --write DIR",
    )
