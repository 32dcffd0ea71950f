"""Every reader of files, with small valid files made on the fly."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch

import numpy as np
from support.paths import ROOT

CLIPS = np.random.default_rng(0).integers(0, 256, (3, 5, 16, 24, 3), dtype=np.uint8)
UNIT = (CLIPS / 255).astype(np.float32)


class Reader(NamedTuple):
    """A kind of file.

    Attributes:
        name: The kind.
        ending: Of its names.
        make: Writes valid files into a folder and returns them.
        read: Reads one; a ``VidmbenchError`` is right, any other exception is not.
        is_whole: Whether what is made can be read; whole files of some kinds are too large.
    """

    name: str
    ending: str
    make: Callable[[Path], list[Path]]
    read: Callable[[Path], Any]
    is_whole: bool = True


def look(source: Any) -> None:
    """Reads as scoring does: all videos' lengths, some frames, the digest."""
    for index in range(min(len(source), 3)):
        source.read(index, range(min(source.num_frames(index), 4)))
    source.digest()


def _opened(path: Path) -> None:
    from vidmbench.videos import open_source

    look(open_source(path))


def _declared(path: Path) -> None:
    from vidmbench.videos.arrays.declared_source import open_declared
    from vidmbench.videos.arrays.layout import ArrayLayout

    look(open_declared(path, ArrayLayout("nthwc", "0..1")))


def _hdf5(path: Path) -> None:
    from vidmbench.videos.arrays.hdf5 import open_hdf5

    look(open_hdf5(path))


def _arrays(folder: Path) -> list[Path]:
    np.save(folder / "a.npy", CLIPS)
    np.save(folder / "b.npy", np.asfortranarray(CLIPS))
    return [folder / "a.npy", folder / "b.npy"]


def _unit_arrays(folder: Path) -> list[Path]:
    np.save(folder / "a.npy", UNIT)
    np.save(folder / "b.npy", UNIT.astype(">f8"))
    return [folder / "a.npy", folder / "b.npy"]


def _npz(folder: Path) -> list[Path]:
    np.savez(folder / "a.npz", clips=CLIPS, labels=np.arange(3))
    np.savez_compressed(folder / "b.npz", CLIPS)
    return [folder / "a.npz", folder / "b.npz"]


def _tensors(folder: Path) -> list[Path]:
    import torch

    torch.save(torch.from_numpy(UNIT), folder / "a.pt")
    torch.save({"clips": torch.from_numpy(UNIT).half()}, folder / "b.pt", _use_new_zipfile_serialization=False)
    return [folder / "a.pt", folder / "b.pt"]


def _hdf5_files(folder: Path) -> list[Path]:
    import h5py

    for name, options in {"a": {}, "b": {"chunks": (2, 16, 24, 3), "compression": "gzip"}}.items():
        with h5py.File(folder / f"{name}.h5", "w") as file:
            file.create_dataset("train_data", data=CLIPS.reshape(-1, 16, 24, 3), **options)
            file["train_idx"] = np.arange(3) * 5
    return [folder / "a.h5", folder / "b.h5"]


def _pictures(folder: Path, ending: str) -> list[Path]:
    from PIL import Image

    frames = [Image.fromarray(frame) for frame in CLIPS[0]]
    path = folder / f"a.{ending}"
    many = {} if ending == "png" else {"save_all": True, "append_images": frames[1:], "duration": 40}
    frames[0].save(path, **many)
    return [path]


def _frame_folder(path: Path) -> None:
    """A picture as the second frame of a video."""
    from PIL import Image

    folder = path.parent / f"frames-{path.stem}" / "video"
    folder.mkdir(parents=True, exist_ok=True)
    Image.fromarray(CLIPS[0][0]).save(folder / "0.png")
    (folder / "1.png").write_bytes(path.read_bytes())
    _opened(folder.parent)


def _videos(folder: Path, ending: str) -> list[Path]:
    import av

    codec = {"mp4": "libx264", "mkv": "libx264", "webm": "libvpx", "avi": "mpeg4"}[ending]
    path = folder / f"a.{ending}"
    with av.open(str(path), "w") as out:
        stream = out.add_stream(codec, rate=25)
        stream.height, stream.width, stream.pix_fmt = 16, 24, "yuv420p"
        for frame in np.concatenate([CLIPS[0]] * 2):
            out.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        out.mux(stream.encode())
    return [path]


def _zip(folder: Path) -> list[Path]:
    from support.stored_videos import as_zip, as_zip_of_videos

    return [as_zip(folder / "zip"), as_zip_of_videos(folder / "videos")]


def _tar(folder: Path) -> list[Path]:
    from support.stored_videos import as_tar, as_tar_of_arrays, as_webdataset

    return [as_tar(folder / "tar"), as_webdataset(folder / "samples"), as_tar_of_arrays(folder / "arrays")]


def _lists(folder: Path) -> list[Path]:
    from support.stored_videos import as_frames

    as_frames(folder / "set")
    (folder / "list.txt").write_text("set/v1\nset/v2 3\n# set/v10\n")
    return [folder / "list.txt"]


def _prepared(folder: Path) -> list[Path]:
    from vidmbench.videos import ArraySource
    from vidmbench.videos.packed.writer import write_prepared

    write_prepared(ArraySource(CLIPS), folder / "a.vbpack", rule="none", workers=1)
    return [folder / "a.vbpack"]


def _read_prepared(path: Path) -> None:
    from vidmbench.videos.packed.reader import open_prepared

    look(open_prepared(path))


def _checkpoints(folder: Path) -> list[Path]:
    import torch

    from vidmbench.vidm.checkpoints.checkpoint import save_vidm
    from vidmbench.vidm.config import UNetSpec, VidmSpec
    from vidmbench.vidm.networks.content import ContentNet
    from vidmbench.vidm.recipes import SamplingSpec

    sizes = UNetSpec(channels=2, multipliers=(1, 1), blocks=1, attention=(8,), head_channels=2, groups=2)
    spec = VidmSpec(resolution=8, content=sizes, motion=sizes)
    torch.manual_seed(0)
    save_vidm(folder / "a.safetensors", spec, {"content": ContentNet(spec).state_dict()}, SamplingSpec(), {"seed": 0})
    return [folder / "a.safetensors"]


def _read_checkpoint(path: Path) -> None:
    import torch

    from vidmbench.vidm.checkpoints.checkpoint import load_vidm

    load_vidm(path, torch.device("cpu"))


def _read_published(path: Path) -> None:
    import torch

    from vidmbench.vidm.checkpoints.official import load_official

    load_official(path, torch.device("cpu"))


def _published_checkpoints(folder: Path) -> list[Path]:
    import torch

    state = {"module.encoder.weight": torch.zeros(3, 3), "module.a.new_coords": torch.zeros(10, 4, 1, 1, 2)}
    torch.save({"iters": 3, "ema_state_dict": state, "state_dict": state}, folder / "a.pth")
    return [folder / "a.pth"]


def _moments(folder: Path) -> list[Path]:
    from vidmbench.metrics import Moments

    Moments.of(np.random.default_rng(0).normal(size=(9, 4))).save(folder / "a.safetensors")
    return [folder / "a.safetensors"]


def _read_moments(path: Path) -> None:
    from vidmbench.metrics import Moments

    Moments.load(path)


def _records(folder: Path) -> list[Path]:
    return sorted((ROOT / "results" / "measured").rglob("*.json"))[:3]


def _read_record(path: Path) -> None:
    from vidmbench.records.record import read_record

    read_record(path)


def _read_table(path: Path) -> None:
    """A published table, in a folder of results of its own."""
    from vidmbench.records import published

    folder = path.parent / f"results-{path.stem}"
    (folder / "published").mkdir(parents=True, exist_ok=True)
    (folder / "published" / "x.csv").write_bytes(path.read_bytes())
    with patch.object(published.resources, "results_dir", lambda: folder):
        published.published_values.__wrapped__("x")


def _index(folder: Path) -> list[Path]:
    (folder / "a.json").write_text('[{"start": 0, "end": 4, "category": "x"}, {"start": 4, "end": 9, "category": "y"}]')
    (folder / "b.json").write_text('{"start": {"0": 0, "1": 4}, "end": {"0": 4, "1": 9}}')
    return [folder / "a.json", folder / "b.json"]


def _read_index(path: Path) -> None:
    from vidmbench.videos.arrays.hdf5_index import beside, check_spans

    check_spans(beside(path.with_suffix(".h5")).spans, 9, str(path))


def _manifests(folder: Path) -> list[Path]:
    path = folder / "made-by-vidmbench.json"
    path.write_text('{"dataset": "clevrer-mini", "seed": 3, "pixels": 32, "digest": "abc"}')
    return [path]


def _read_manifest(path: Path) -> None:
    from vidmbench.sources.datasets.disk_listing import generated_by
    from vidmbench.videos.writing.manifest import FILE_NAME, declare

    folder = path.parent / f"made-{path.stem}"
    folder.mkdir(exist_ok=True)
    (folder / FILE_NAME).write_bytes(path.read_bytes())
    generated_by(folder)
    declare(folder, {"dataset": "clevrer-mini", "seed": 3, "pixels": 32, "digest": "abc"}, labels=("dataset",))


def _shipped(pattern: str) -> Callable[[Path], list[Path]]:
    return lambda _folder: sorted(ROOT.glob(pattern))


def _read_toml(module: str, function: str) -> Callable[[Path], None]:
    def read(path: Path) -> None:
        from importlib import import_module

        getattr(import_module(module), function)(path if function == "load_spec" else str(path))

    return read


def _detectors(folder: Path) -> list[Path]:
    path = folder / "a.toml"
    path.write_text(
        'name = "mine"\nshort = "mine"\ntitle = "x"\nreads = "frames"\nnum_features = 8\nmin_frames = 1\n'
        'input_size = 32\nmeasures = { frechet = "fid" }\nnetwork = "mine.py:build"\nweights_file = ""\n'
        'licence = "x"\npublished = "x"\n'
    )
    return [path]


def _layouts(folder: Path) -> list[Path]:
    path = folder / "a.toml"
    path.write_text(
        'name = "mine"\nfiles = ["*.npy"]\nkind = "array"\ncompression = "none"\nlossy = false\n'
        'array = { axes = "nthwc", range = "0..255" }\n'
    )
    return [path]


def _read_layout(path: Path) -> None:
    from vidmbench.sources.baselines.samples import layouts_of

    layouts_of("x", str(path))


READERS = (
    Reader("npy", ".npy", _arrays, _opened),
    Reader("npz", ".npz", _npz, _opened),
    Reader("declared npy", ".npy", _unit_arrays, _declared),
    Reader("tensors", ".pt", _tensors, _declared),
    Reader("hdf5", ".h5", _hdf5_files, _hdf5),
    Reader("frames as png", ".png", lambda folder: _pictures(folder, "png"), _frame_folder),
    Reader("gif", ".gif", lambda folder: _pictures(folder, "gif"), _opened),
    Reader("webp", ".webp", lambda folder: _pictures(folder, "webp"), _opened),
    Reader("mp4", ".mp4", lambda folder: _videos(folder, "mp4"), _opened),
    Reader("mkv", ".mkv", lambda folder: _videos(folder, "mkv"), _opened),
    Reader("webm", ".webm", lambda folder: _videos(folder, "webm"), _opened),
    Reader("avi", ".avi", lambda folder: _videos(folder, "avi"), _opened),
    Reader("zip", ".zip", _zip, _opened),
    Reader("tar", ".tar", _tar, _opened),
    Reader("list of paths", ".txt", _lists, _opened),
    Reader("prepared", ".vbpack", _prepared, _read_prepared),
    Reader("checkpoint", ".safetensors", _checkpoints, _read_checkpoint),
    Reader("published checkpoint", ".pth", _published_checkpoints, _read_published, is_whole=False),
    Reader("moments", ".safetensors", _moments, _read_moments),
    Reader("record", ".json", _records, _read_record),
    Reader("published table", ".csv", _shipped("results/published/*.csv"), _read_table),
    Reader("index of hdf5", ".json", _index, _read_index),
    Reader("manifest", ".json", _manifests, _read_manifest),
    Reader("protocol", ".toml", _shipped("protocols/metrics/*.toml"), _read_toml("vidmbench", "load_protocol")),
    Reader(
        "dataset",
        ".toml",
        _shipped("protocols/datasets/*.toml"),
        _read_toml("vidmbench.sources.datasets.spec", "load_spec"),
    ),
    Reader(
        "recipe", ".toml", _shipped("protocols/recipes/*.toml"), _read_toml("vidmbench.vidm.recipes", "load_recipe")
    ),
    Reader("baseline", ".toml", _shipped("baselines/*/baseline.toml"), _read_toml("vidmbench", "load_baseline")),
    Reader(
        "table",
        ".toml",
        _shipped("protocols/tables/*.toml"),
        _read_toml("vidmbench.reporting.tables.layout", "load_layout"),
    ),
    Reader("detector", ".toml", _detectors, _read_toml("vidmbench", "load_detector")),
    Reader("layout", ".toml", _layouts, _read_layout),
)
