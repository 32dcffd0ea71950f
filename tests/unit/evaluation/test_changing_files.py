"""Files that change between being looked at and being scored: no number is made of two versions, and none is kept."""

import io
import os
import shutil
import tarfile
import zipfile

import h5py
import numpy as np
import pytest
import torch
from support.stored_videos import add_to_tar, png

from vidmbench.core.errors import ChangedError, DataError
from vidmbench.evaluation import feature_job
from vidmbench.evaluation.clips import Clip, ClipPlan
from vidmbench.evaluation.feature_job import FeatureJob
from vidmbench.evaluation.features import features_of
from vidmbench.protocols.protocol import load_protocol
from vidmbench.sources.baselines.samples import layouts_of, open_samples
from vidmbench.videos import open_source, write_frames, write_gif, write_mp4, write_npz
from vidmbench.videos.arrays.declared_source import ArrayFile, open_declared
from vidmbench.videos.arrays.hdf5 import open_hdf5
from vidmbench.videos.arrays.layout import ArrayLayout
from vidmbench.videos.files.inspection import survey
from vidmbench.videos.grids.layout import GridLayout
from vidmbench.videos.grids.tiles import TiledSource
from vidmbench.videos.packed.reader import PreparedFile
from vidmbench.videos.packed.writer import write_prepared

SPEC = load_protocol("fvd-stylegan-v")
OLD, NEW = np.random.default_rng(0).integers(0, 256, (2, 8, 9, 16, 16, 3), dtype=np.uint8)
LAYOUT = ArrayLayout("nthwc")


def each(write):
    def write_all(root, clips):
        for number, clip in enumerate(clips):
            write(root / f"v{number}", clip)
        return root

    return write_all


def as_zip(root, clips):
    with zipfile.ZipFile(root / "a.zip", "w") as archive:
        for number, clip in enumerate(clips):
            for index, picture in enumerate(clip):
                archive.writestr(f"v{number}/{index}.png", png(picture))
    return root / "a.zip"


def as_tar(root, clips):
    with tarfile.open(root / "a.tar", "w") as archive:
        for number, clip in enumerate(clips):
            stream = io.BytesIO()
            np.save(stream, clip)
            add_to_tar(archive, f"v{number}.npy", stream.getvalue())
    return root / "a.tar"


def as_list(root, clips):
    each(lambda path, clip: np.save(path.with_suffix(".npy"), clip))(root, clips)
    (root / "list.txt").write_text("".join(f"v{number}.npy\n" for number in range(len(clips))))
    return root / "list.txt"


def as_glob(root, clips):
    as_list(root, clips)
    return str(root / "v*.npy")


def as_hdf5(root, clips):
    with h5py.File(root / "made", "w") as file:
        file["train_data"] = clips.reshape(-1, *clips.shape[2:])
        file["train_idx"] = np.arange(len(clips)) * clips.shape[1]
    (root / "a.h5").write_bytes((root / "made").read_bytes())  # HDF5 itself refuses to write what is open
    return root / "a.h5"


def as_array(root, clips, name):
    path = root / name
    if path.suffix == ".pt":
        torch.save(torch.from_numpy(clips), path)
    elif path.suffix == ".npz":
        write_npz(path, clips)
    else:
        np.save(path, np.asfortranarray(clips) if "fortran" in name else clips)
    return path


def as_strips(root, clips):
    for number, clip in enumerate(clips):
        (root / f"v{number}.png").write_bytes(png(np.concatenate(list(clip), axis=1)))
    return root


def as_grid(root, clips):
    padded = np.zeros((2, 9, 70, 70, 3), np.uint8)
    for number in range(len(padded)):
        for tile, clip in enumerate([*clips, *clips]):
            row, column = divmod(tile, 4)
            padded[number, :, 18 * row : 18 * row + 16, 18 * column : 18 * column + 16] = clip
        write_mp4(root / f"grid{number}.mp4", padded[number], lossless=True)
    return root


def as_prepared(root, clips):
    as_array(root, clips, "base.npy")
    (root / "made").unlink(missing_ok=True)
    write_prepared(open_source(root / "base.npy"), root / "made", rule="none", pixels=None, labels=None)
    return (root / "made").replace(root / "a.vmb")


def declared_files(root):
    return survey(root, [ArrayFile(path.name, path, ArrayLayout("thwc")) for path in sorted(root.glob("*.npy"))])


STORAGES = {
    "mp4": (each(lambda path, clip: write_mp4(path.with_suffix(".mp4"), clip, lossless=True)), open_source),
    "gif": (each(lambda path, clip: write_gif(path.with_suffix(".gif"), clip)), open_source),
    "frames": (
        each(lambda path, clip: (shutil.rmtree(path, ignore_errors=True), write_frames(path, clip))),
        open_source,
    ),
    "zip": (as_zip, open_source),
    "tar": (as_tar, open_source),
    "list": (as_list, open_source),
    "glob": (as_glob, open_source),
    "npy": (lambda root, clips: as_array(root, clips, "a.npy"), open_source),
    "npz": (lambda root, clips: as_array(root, clips, "a.npz"), open_source),
    "declared npy": (lambda root, clips: as_array(root, clips, "a.npy"), lambda path: open_declared(path, LAYOUT)),
    "fortran npy": (lambda root, clips: as_array(root, clips, "fortran.npy"), lambda path: open_declared(path, LAYOUT)),
    "pt": (lambda root, clips: as_array(root, clips, "a.pt"), lambda path: open_declared(path, LAYOUT)),
    "an array a video": (each(lambda path, clip: np.save(path.with_suffix(".npy"), clip)), declared_files),
    "hdf5": (as_hdf5, open_hdf5),
    "strips": (as_strips, lambda root: open_samples(layouts_of("", "strips"), root)),
    "grid": (as_grid, lambda root: TiledSource(open_source(root), GridLayout(4, 4, padding=2, border=0))),
    "prepared": (as_prepared, PreparedFile),
}


@pytest.fixture(params=STORAGES)
def storage(request):
    return STORAGES[request.param]


def scored(source, progress=None):
    clips = tuple(Clip(video, 0, 9, 1) for video in range(len(source)))
    (found,) = features_of([FeatureJob(source, ClipPlan(clips, ()), SPEC.array, "fp32")], progress=progress)
    return found.features


def mixed(write, root, at=3):
    """Rewrites everything once some clips are scored."""
    done = []

    def progress(*_):
        done.append(1)
        if len(done) == at:
            write(root, NEW)

    return progress


def test_files_rewritten_midway_give_no_number_and_leave_no_features(storage, tmp_path, fake_network, own_cache):
    write, open_it = storage
    expected = {}
    for name, clips in (("new", NEW), ("old", OLD)):
        (tmp_path / name).mkdir()
        expected[name] = scored(open_it(write(tmp_path / name, clips)))
    shutil.rmtree(own_cache / "features")

    # A folder is for a moment without its files.
    with pytest.raises(DataError, match=r"changed while it was read|cannot be read"):
        scored(open_it(write(tmp_path / "old", OLD)), progress=mixed(write, tmp_path / "old"))

    np.testing.assert_array_equal(scored(open_it(write(tmp_path / "new", NEW))), expected["new"])
    np.testing.assert_array_equal(scored(open_it(write(tmp_path / "old", OLD))), expected["old"])


def test_files_rewritten_before_the_first_read_give_no_number(storage, tmp_path, fake_network, own_cache):
    write, open_it = storage
    source = open_it(write(tmp_path, OLD))
    write(tmp_path, NEW)
    with pytest.raises(ChangedError, match="changed while it was read"):
        scored(source)
    features = own_cache / "features"
    assert not features.exists() or not list(features.glob("*.safetensors"))


def test_a_list_that_is_written_to_while_it_is_scored(tmp_path, fake_network):
    path = as_list(tmp_path, OLD)
    source = open_source(path)
    with path.open("a") as stream:
        stream.write("# one more\n")
    with pytest.raises(ChangedError, match=r"list\.txt changed while it was read"):
        source.read(0, [0])


def test_a_network_that_is_replaced_while_it_runs_leaves_no_features(tmp_path, fake_network, monkeypatch):
    source = open_source(as_array(tmp_path, OLD, "a.npy"))
    identity = feature_job.identity

    def replace(done, *_):
        if done == 3:
            monkeypatch.setattr(feature_job, "identity", lambda detector: "other weights")

    with pytest.raises(ChangedError, match="the weights or the code of i3d-kinetics400 changed"):
        scored(source, progress=replace)
    monkeypatch.setattr(feature_job, "identity", identity)
    scored(source)
    assert fake_network[-1].scored == len(OLD)


def test_a_video_of_equal_size_and_time_is_another_video(tmp_path, fake_network):
    path = tmp_path / "set" / "v0.npy"
    path.parent.mkdir()
    np.save(path, OLD[0])
    np.save(path.with_name("v1.npy"), OLD[1])
    before = declared_files(path.parent).digest()
    times = path.stat()
    np.save(tmp_path / "other.npy", NEW[0])
    os.utime(tmp_path / "other.npy", ns=(times.st_atime_ns, times.st_mtime_ns))
    (tmp_path / "other.npy").replace(path)
    assert (path.stat().st_size, path.stat().st_mtime_ns) == (times.st_size, times.st_mtime_ns)

    after = declared_files(path.parent)

    assert after.digest() != before
    np.testing.assert_array_equal(after.read(0, range(9)), NEW[0])


def test_files_exchanged_for_a_moment_are_noticed(tmp_path, fake_network, own_cache):
    """Another file in the place of the right one while it is read; size, time and inode are as before afterwards."""
    root = each(lambda path, clip: np.save(path.with_suffix(".npy"), clip))(tmp_path, OLD)
    (tmp_path / "new").mkdir()
    np.save(tmp_path / "new" / "v5.npy", NEW[5])
    expected = scored(declared_files(root))
    shutil.rmtree(own_cache / "features")
    source = declared_files(root)

    class Exchanging:
        def __getattr__(self, name):
            return getattr(source, name)

        def __len__(self):
            return len(source)

        def read(self, index, frames):
            if index != 5:
                return source.read(index, frames)
            (root / "v5.npy").rename(root / "right")
            (root / "new" / "v5.npy").rename(root / "v5.npy")
            pictures = np.load(root / "v5.npy")
            (root / "v5.npy").rename(root / "new" / "v5.npy")
            (root / "right").rename(root / "v5.npy")
            return pictures

        def stream(self, index, frames):
            yield from self.read(index, frames)

    with pytest.raises(ChangedError, match=r"v5\.npy changed while it was read"):
        scored(Exchanging())
    np.testing.assert_array_equal(scored(declared_files(root)), expected)


@pytest.mark.parametrize("form", ["a.npy", "fortran.npy"])
def test_an_array_cut_while_it_is_scored_is_one_message(tmp_path, fake_network, form):
    path = as_array(tmp_path, np.concatenate([OLD] * 4), form)
    source = open_source(path) if form == "a.npy" else open_declared(path, LAYOUT)

    def cut(*_):
        os.truncate(path, 500)

    with pytest.raises(ChangedError, match=rf"{form} changed while it was read"):
        scored(source, progress=cut)


def test_a_file_that_grows_while_it_is_looked_at_is_no_bad_file(tmp_path, monkeypatch):
    root = each(lambda path, clip: write_mp4(path.with_suffix(".mp4"), clip, lossless=True))(tmp_path, OLD)
    data = (root / "v3.mp4").read_bytes()
    (root / "v3.mp4").write_bytes(data[:500])
    from vidmbench.videos.files import video_files

    real = video_files.inspect_video

    def growing(path):
        try:
            return real(path)
        finally:
            if path.name == "v3.mp4":
                path.write_bytes(data)

    monkeypatch.setattr(video_files, "inspect_video", growing)
    with pytest.raises(ChangedError, match=r"v3\.mp4 changed while it was read"):
        open_source(root, on_bad="skip")
    monkeypatch.undo()
    assert len(open_source(root)) == 8


def test_the_first_clips_of_a_video_that_changes_are_not_kept(tmp_path, fake_network, own_cache):
    """Clips are scored while later frames of their video are still read."""
    root = each(lambda path, clip: write_frames(path, np.concatenate([clip] * 4)))(tmp_path, OLD[:1])
    source = open_source(root)
    item = source._items[0]

    class Changing(type(item)):
        def stream(self, frames, facts):
            for number, frame in enumerate(super().stream(frames, facts)):
                if number == 5:
                    (root / "v0" / "frame00001.png").write_bytes(png(NEW[0][0]))
                yield frame

    source._items = (Changing(item.name, item.folder, item.files),)
    clips = tuple(Clip(0, start, 9, 1) for start in (0, 9, 18))
    with pytest.raises(ChangedError, match="v0 changed while it was read"):
        features_of([FeatureJob(source, ClipPlan(clips, ()), SPEC.array, "fp32")])
    assert all(path.stat().st_size == 16 for path in (own_cache / "features").glob("*.rows"))


def test_a_file_that_is_away_for_a_second_is_used_the_next_time(tmp_path, fake_network):
    root = each(lambda path, clip: write_mp4(path.with_suffix(".mp4"), clip, lossless=True))(tmp_path, OLD)
    source = open_source(root)
    (root / "v7.mp4").rename(tmp_path / "away")
    clips = tuple(Clip(video, 0, 9, 1) for video in range(8))
    (found,) = features_of([FeatureJob(source, ClipPlan(clips, ()), SPEC.array, "fp32")], on_bad="skip")
    assert [video.name for video in found.skipped] == ["v7.mp4"]
    assert len(found.features) == 7
    (tmp_path / "away").rename(root / "v7.mp4")
    assert len(scored(open_source(root))) == 8
