"""Three small videos in every storage that is opened as a source."""

import io
import tarfile
import zipfile

import numpy as np
from PIL import Image

from vidmbench.videos import write_frames, write_mp4, write_npz

CLIPS = np.random.default_rng(0).integers(0, 256, (3, 5, 16, 24, 3), dtype=np.uint8)


def png(picture):
    stream = io.BytesIO()
    Image.fromarray(picture).save(stream, format="PNG")
    return stream.getvalue()


def as_mp4(root):
    for name, clip in zip(("v2", "v10", "v1"), CLIPS[[1, 2, 0]], strict=True):
        write_mp4(root / f"{name}.mp4", clip, lossless=True)
    return root


def as_frames(root):
    for name, clip in zip(("v2", "v10", "v1"), CLIPS[[1, 2, 0]], strict=True):
        write_frames(root / name, clip)
    return root


def as_unpadded_frames(root):
    for name, clip in zip(("a/v2", "a/v10", "a/v1"), CLIPS[[1, 2, 0]], strict=True):
        (root / name).mkdir(parents=True)
        for number, picture in enumerate(clip, start=7):
            (root / name / f"frame{number}.png").write_bytes(png(picture))
    return root


def as_zip(root):
    root.mkdir()
    with zipfile.ZipFile(root / "clips.zip", "w") as archive:
        for name, clip in zip(("v2", "v10", "v1"), CLIPS[[1, 2, 0]], strict=True):
            for number, picture in enumerate(clip, start=8):
                archive.writestr(f"top/{name}/{number}.png", png(picture))
        archive.writestr("__MACOSX/top/v1/._8.png", b"junk")
        archive.writestr("dataset.json", "{}")
    return root / "clips.zip"


def as_zip_of_videos(root):
    as_mp4(root)
    with zipfile.ZipFile(root / "videos.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(root.glob("*.mp4")):
            archive.write(path, f"top/{path.name}")
    return root / "videos.zip"


def as_tar(root):
    as_mp4(root)
    with tarfile.open(root / "videos.tar", "w") as archive:
        for path in sorted(root.glob("*.mp4")):
            archive.add(path, path.name)
    return root / "videos.tar"


def add_to_tar(archive, name, data=b""):
    entry = tarfile.TarInfo(name)
    entry.size = len(data)
    archive.addfile(entry, io.BytesIO(data))


def as_webdataset(root):
    """Frames of each sample side by side, with files beside them, as WebDataset writes them."""
    root.mkdir()
    with tarfile.open(root / "samples.tar", "w") as archive:
        for name, clip in zip(("v2", "v10", "v1"), CLIPS[[1, 2, 0]], strict=True):
            for number, picture in enumerate(clip):
                add_to_tar(archive, f"{name}.frame{number:03d}.png", png(picture))
            add_to_tar(archive, f"{name}.cls", name[1:].encode())
            add_to_tar(archive, f"{name}.json", b"{}")
    return root / "samples.tar"


def as_tar_of_arrays(root):
    root.mkdir()
    with tarfile.open(root / "arrays.tar", "w") as archive:
        for name, clip in zip(("v2", "v10", "v1"), CLIPS[[1, 2, 0]], strict=True):
            stream = io.BytesIO()
            np.save(stream, clip)
            add_to_tar(archive, f"{name}.npy", stream.getvalue())
    return root / "arrays.tar"


def as_npy(root):
    root.mkdir()
    np.save(root / "clips.npy", CLIPS)
    return root / "clips.npy"


def as_npz(root):
    write_npz(root / "clips.npz", CLIPS)
    return root / "clips.npz"


STORAGES = [
    as_mp4,
    as_frames,
    as_unpadded_frames,
    as_zip,
    as_zip_of_videos,
    as_tar,
    as_webdataset,
    as_tar_of_arrays,
    as_npy,
    as_npz,
]
