"""The golden sets of ``vidmbench identify``: small videos on which every choice of an FVD code shows in its number.

Both come from clevrer-mini. Its drawing is not the same to the last bit on every processor, so the scenes are stored;
what is done to them is whole-number arithmetic, and a digest is checked.
"""

import json
import lzma
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from vidmbench.core.arrays import Frames
from vidmbench.core.errors import DataError, unknown
from vidmbench.core.files import sha256_of_parts
from vidmbench.core.resources import protocols_dir

#: Names of the sets: 64 x 64, and 48 x 80, where squashing and cropping differ.
SETS = ("square", "wide")
NUM_CLIPS, NUM_FRAMES = 24, 20
#: The scored side repeats this many clips, as a generator does that has collapsed: N is above the rank then, so that
#: what is added to a covariance shows.
NUM_FAKES = 6
_SCENES, _SCENE_FRAMES, _STEP = 8, 48, 14
_SIZES = {"square": (64, 64), "wide": (48, 80)}


@dataclass(frozen=True, eq=False)
class GoldenSet:
    """One set.

    Attributes:
        name: ``square`` or ``wide``.
        real: uint8 (24, 20, height, width, 3), RGB, 0..255; read-only.
        fake: The same of the scored side; clip i is clip i - 6 again.
        digest: sha256 of all of it, see :func:`digest_of`.
    """

    name: str
    real: np.ndarray
    fake: np.ndarray
    digest: str


@lru_cache(maxsize=2)
def golden_set(name: str) -> GoldenSet:
    """A set by name.

    Raises:
        ProtocolError: There is no such set.
        DataError: What is stored is damaged.
    """
    if name not in SETS:
        raise unknown("golden set", name, SETS, where="--on")
    path = protocols_dir() / "identify" / f"{name}.xz"
    try:
        scenes = _unpacked(path.read_bytes(), name)
        expected = json.loads((path.parent / "sets.json").read_text(encoding="utf-8"))[name]
    except (OSError, lzma.LZMAError, ValueError, KeyError) as error:
        raise _damaged(str(path), str(error)) from error
    real, fake = sides_of(scenes)
    found = digest_of(real, fake)
    if found != expected:
        raise _damaged(str(path), f"digest {found[:16]} instead of {expected[:16]}")
    for side in (real, fake):
        side.setflags(write=False)
    return GoldenSet(name, real, fake, found)


def _damaged(where: str, found: str) -> DataError:
    return DataError(
        "a golden set of identify cannot be read",
        expected="the file as it was installed",
        found=found,
        where=where,
        fix="install vidmbench again",
    )


def digest_of(real: np.ndarray, fake: np.ndarray) -> str:
    """sha256 of the shapes and values of both sides, as 64 hex digits."""
    return sha256_of_parts(*(part for side in (real, fake) for part in (str(side.shape), side.tobytes())))


def sides_of(scenes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both sides of a set, from its scenes.

    Args:
        scenes: uint8 (8, 48, height, width, 3).

    Returns:
        The real side, three clips of each scene, and the scored side, six damaged clips four times.
    """
    starts = [_STEP * (clip // _SCENES) for clip in range(NUM_CLIPS)]
    real = np.stack([scenes[clip % _SCENES, start : start + NUM_FRAMES] for clip, start in enumerate(starts)])
    damaged = [_damage(kind, scenes[kind, 7 : 7 + NUM_FRAMES]) for kind in range(NUM_FAKES)]
    return real, np.stack([damaged[clip % NUM_FAKES] for clip in range(NUM_CLIPS)])


def _damage(kind: int, clip: Frames) -> np.ndarray:
    """One of six damages: blur, noise, colours, half the speed, backwards, one frame late."""
    if kind == 0:
        return _blurred(_blurred(clip))
    if kind == 1:
        noise = np.random.Generator(np.random.PCG64(0)).integers(-14, 15, clip.shape)
        noisy: np.ndarray = np.clip(clip.astype(np.int64) + noise, 0, 255).astype(np.uint8)
        return noisy
    if kind == 2:
        tinted: np.ndarray = (clip.astype(np.int64) * np.array([16, 13, 10]) // 16).astype(np.uint8)
        return tinted
    frames = np.arange(NUM_FRAMES)
    return clip[(frames // 2, frames[::-1], np.maximum(frames - 1, 0))[kind - 3]]


def _blurred(clip: Frames) -> np.ndarray:
    """The mean of 3 x 3 pixels, edges repeated, halves rounded up."""
    height, width = clip.shape[1:3]
    padded = np.pad(clip.astype(np.int64), ((0, 0), (1, 1), (1, 1), (0, 0)), mode="edge")
    total = sum(padded[:, y : y + height, x : x + width] for y in range(3) for x in range(3))
    return ((2 * np.asarray(total) + 9) // 18).astype(np.uint8)


def drawn_scenes(name: str) -> np.ndarray:
    """The scenes as clevrer-mini draws them here: what is stored, uint8 (8, 48, height, width, 3)."""
    from vidmbench.sources.clevrer_mini.videos import ToyVideos

    first = {"square": 0, "wide": _SCENES}[name]
    source = ToyVideos("test", resolution=64 if name == "square" else 128)
    scenes = np.stack([source.read(first + scene, range(_SCENE_FRAMES)) for scene in range(_SCENES)])
    return scenes if name == "square" else np.ascontiguousarray(scenes[:, :, 44:92, 24:104])


def packed(scenes: np.ndarray) -> bytes:
    """Scenes as they are stored: differences from frame to frame, one colour after the other, xz."""
    planes = np.moveaxis(scenes, -1, 1)
    differences = np.diff(planes, axis=2, prepend=np.zeros_like(planes[:, :, :1]))
    return lzma.compress(differences.tobytes(), preset=9 | lzma.PRESET_EXTREME)


def _unpacked(data: bytes, name: str) -> np.ndarray:
    shape = (_SCENES, 3, _SCENE_FRAMES, *_SIZES[name])
    differences = np.frombuffer(lzma.decompress(data), dtype=np.uint8).reshape(shape)
    return np.ascontiguousarray(np.moveaxis(np.cumsum(differences, axis=2, dtype=np.uint8), 1, -1))


def store_sets() -> None:
    """Draws both sets anew and stores them; another processor may give other pixels, and then other digests."""
    folder = protocols_dir() / "identify"
    folder.mkdir(exist_ok=True)
    digests = {}
    for name in SETS:
        scenes = drawn_scenes(name)
        (folder / f"{name}.xz").write_bytes(packed(scenes))
        digests[name] = digest_of(*sides_of(scenes))
    (folder / "sets.json").write_text(json.dumps(digests, indent=1) + "\n", encoding="utf-8")
