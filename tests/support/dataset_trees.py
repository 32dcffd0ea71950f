"""Data sets in small, in the layouts people own: empty files where names are enough, tiny videos where they are not."""

import io
import zipfile
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from PIL import Image

from vidmbench.sources.clevrer_mini import ToyVideos
from vidmbench.videos import write_mp4

#: Clips of the first sixteen classes of UCF-101, in sorted order; counted from the official lists.
FIRST_CLASSES = {
    "ApplyEyeMakeup": 145, "ApplyLipstick": 114, "Archery": 145, "BabyCrawling": 132, "BalanceBeam": 108,
    "BandMarching": 155, "BaseballPitch": 150, "Basketball": 134, "BasketballDunk": 131, "BenchPress": 160,
    "Biking": 134, "Billiards": 150, "BlowDryHair": 131, "BlowingCandles": 109, "BodyWeightSquats": 112,
    "Bowling": 155,
}  # fmt: skip
UCF_NAMES = [
    "Archery/v_Archery_g01_c01",
    "Archery/v_Archery_g08_c01",
    "HandstandPushups/v_HandStandPushups_g02_c01",
    "HandstandPushups/v_HandStandPushups_g15_c01",
    "YoYo/v_YoYo_g25_c04",
]


def touch(root: Path, names: Iterable[str]) -> Path:
    """Empty files."""
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return root


def frames(folder: str, count: int = 3, pattern: str = "frame{:05d}.png", first: int = 0) -> list[str]:
    """The names of a video's frames."""
    return [f"{folder}/{pattern.format(number)}" for number in range(first, first + count)]


def many(folders: Iterable[str], count: int = 3, pattern: str = "frame{:05d}.png") -> list[str]:
    """The frames of several videos."""
    return [name for folder in folders for name in frames(folder, count, pattern)]


def ucf_lists(folder: Path, names: Iterable[str] = UCF_NAMES, splits: Iterable[int] = (1, 2, 3)) -> None:
    """ucfTrainTestlist for a few clips: the train side with a label after each path, the test side without."""
    folder.mkdir(parents=True, exist_ok=True)
    for split in splits:
        test = range(1 + 7 * (split - 1), 8 + 7 * (split - 1))
        sides: dict[str, list[str]] = {"train": [], "test": []}
        for name in names:
            group = int(name.rsplit("_", 2)[1][1:])
            sides["test" if group in test else "train"].append(name)
        (folder / f"trainlist{split:02d}.txt").write_text("".join(f"{name}.avi 3\r\n" for name in sides["train"]))
        (folder / f"testlist{split:02d}.txt").write_text("".join(f"{name}.avi\n" for name in sides["test"]) + "\n")


@cache
def video(count: int = 16, index: int = 0, fps: float = 25.0) -> bytes:
    """A playable file of 32 pixels."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "x.mp4")
        write_mp4(path, ToyVideos("test", resolution=32).read(index, range(count)), fps=fps)
        return path.read_bytes()


@cache
def picture(number: int = 0, width: int = 32, height: int = 32, kind: str = "PNG") -> bytes:
    """A frame file."""
    stream = io.BytesIO()
    image = Image.fromarray(ToyVideos("test", resolution=32).read(0, [number % 128])[0])
    image.resize((width, height)).save(stream, kind)
    return stream.getvalue()


def write_videos(root: Path, names: Iterable[str], count: int = 16, fps: float = 25.0) -> Path:
    """Playable files, each with pixels of its own."""
    for index, name in enumerate(names):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(video(count, index, fps))
    return root


def write_frame_folders(root: Path, names: Iterable[str], width: int = 32, height: int = 32) -> Path:
    """Frame files that can be read; names as :func:`many` gives them."""
    for number, name in enumerate(names):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        kind = "JPEG" if name.endswith(".jpg") else "PNG"
        path.write_bytes(picture(number, width, height, kind))
    return root


def zipped(path: Path, names: Iterable[str], extra: dict[str, str] | None = None) -> Path:
    """A zip of frames."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        for number, name in enumerate(names):
            archive.writestr(name, picture(number))
        for name, text in (extra or {}).items():
            archive.writestr(name, text)
    return path
