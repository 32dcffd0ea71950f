"""Loaders, data sets, generators, lists and functions: the same videos give the same source as an array of them."""

import io
import os
import tracemalloc

import h5py
import numpy as np
import pytest
import torch
from PIL import Image
from torch.utils.data import DataLoader, Dataset, IterableDataset, TensorDataset

import vidmbench
from vidmbench import VidmbenchError, open_source
from vidmbench.core.errors import DataError, ResultError, UsageError
from vidmbench.videos.in_memory import spool
from vidmbench.videos.writing.writers import write_mp4

CLIPS = np.random.default_rng(0).integers(0, 256, (5, 10, 16, 16, 3), dtype=np.uint8)
SIGNED = torch.from_numpy(CLIPS).permute(0, 4, 1, 2, 3).float() / 127.5 - 1
DECLARED = {"value_range": (-1, 1), "layout": "NCTHW"}
LABELS = torch.arange(5)


class Mapped(Dataset):
    """A data set of PyTorch as most people write it: no __iter__, and no IndexError at its end."""

    def __init__(self, make=lambda index: (SIGNED[index], int(index))):
        self.make = make

    def __len__(self):
        return 5

    def __getitem__(self, index):
        return self.make(index % 5)


class Stream(IterableDataset):
    def __iter__(self):
        return iter(SIGNED)


class Decoder:
    """As torchcodec's VideoDecoder, which is what a Video column of Hugging Face gives."""

    def __init__(self, clip):
        self.clip = torch.from_numpy(clip).permute(0, 3, 1, 2)

    def __len__(self):
        return len(self.clip)

    def get_frames_in_range(self, start, stop):
        batch = type("FrameBatch", (), {})()
        batch.data = self.clip[start:stop]
        return batch


class DecordReader:
    def __init__(self, clip):
        self.clip = clip

    def __len__(self):
        return len(self.clip)

    def get_batch(self, indices):
        frames = type("NDArray", (), {})()
        frames.asnumpy = lambda: self.clip[list(indices)]
        return frames


class Table:
    """As a data set of Hugging Face: rows by number and one after the other."""

    features = ("video", "label", "caption")

    def __init__(self, column):
        self.column = column

    def __len__(self):
        return 5

    def __getitem__(self, index):
        return {"label": 1, "video": self.column(CLIPS[index]), "caption": "a ball"}

    def __iter__(self):
        return (self[index] for index in range(5))


def firsts(rows):
    return [row[0] for row in rows]


def images(clip):
    return [Image.fromarray(frame) for frame in clip]


WAYS = {
    "loader": lambda: (DataLoader(TensorDataset(SIGNED), batch_size=2), DECLARED),
    "loader with labels": lambda: (DataLoader(TensorDataset(SIGNED, LABELS), batch_size=2), DECLARED),
    "loader of single ones": lambda: (DataLoader(TensorDataset(SIGNED, LABELS), batch_size=None), DECLARED),
    "loader of dictionaries": lambda: (DataLoader([{"video": v, "name": "x"} for v in SIGNED], batch_size=3), DECLARED),
    "loader that does not stack": lambda: (DataLoader(Mapped(), batch_size=2, collate_fn=firsts), DECLARED),
    "loader of a stream": lambda: (DataLoader(Stream(), batch_size=2), DECLARED),
    "data set": lambda: (Mapped(), DECLARED),
    "iterable data set": lambda: (Stream(), DECLARED),
    "subset": lambda: (torch.utils.data.Subset(Mapped(), range(5)), DECLARED),
    "generator of batches": lambda: ((SIGNED[i : i + 2] for i in (0, 2, 4)), DECLARED),
    "generator of videos": lambda: (iter(CLIPS), {}),
    "generator of what needs a gradient": lambda: ((v.clone().requires_grad_() for v in SIGNED), DECLARED),
    "list of arrays": lambda: (list(CLIPS), {}),
    "tuple of tensors": lambda: (tuple(SIGNED), DECLARED),
    "list of one batch": lambda: ([SIGNED], DECLARED),
    "a batch with its labels": lambda: ({"videos": CLIPS, "labels": LABELS}, {}),
    "lists of images, as diffusers gives them": lambda: ([images(clip) for clip in CLIPS], {}),
    "lists of frames": lambda: ([list(clip) for clip in CLIPS], {}),
    "lists of tensors of frames": lambda: ([list(torch.from_numpy(clip)) for clip in CLIPS], {}),
    "decoders in a table": lambda: (Table(Decoder), {}),
    "images in a table": lambda: (Table(images), {}),
    "numbers in a table": lambda: (Table(lambda clip: clip.tolist()), {"value_range": (0, 255)}),
    "decord": lambda: ([DecordReader(clip) for clip in CLIPS], {}),
    "as torchvision reads": lambda: ([(torch.from_numpy(clip), torch.zeros(2, 99), {"fps": 8}) for clip in CLIPS], {}),
}  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
def test_a_source_does_not_depend_on_how_videos_are_given(way):
    videos, declared = WAYS[way]()
    found, plain = open_source(videos, **declared), open_source(CLIPS)
    assert [found.name(index) for index in range(len(found))] == [plain.name(index) for index in range(5)]
    for index in range(5):
        assert (found.read(index, range(10)) == CLIPS[index]).all()
    assert (found.read(3, [4, 1, 4]) == CLIPS[3][[4, 1, 4]]).all()
    assert (found.digest(), found.size, found.notes) == (plain.digest(), plain.size, ())


def test_a_function_of_seed_and_index():
    calls = []

    def sample(seed, index):
        calls.append((seed, index))
        return SIGNED[index]

    found = open_source(sample, num_videos=5, seed=7, **DECLARED)
    assert calls == [(7, index) for index in range(5)]
    assert found.digest() == open_source(CLIPS).digest()
    assert len(open_source(lambda seed, index: CLIPS[index : index + 1], num_videos=3)) == 3
    with pytest.raises(UsageError, match="num_videos is required for a function"):
        open_source(sample, **DECLARED)
    with pytest.raises(DataError, match="one video per call"):
        open_source(lambda seed, index: CLIPS, num_videos=3)
    for no_sampler in (lambda index: CLIPS[index], len, int, torch.nn.Linear(2, 2)):
        with pytest.raises(DataError, match="unsupported video source"):
            open_source(no_sampler, num_videos=3)


def test_a_sampler_is_scored_with_the_seed_of_the_request(fake_network):
    seeds = set()

    def sample(seed, index):
        seeds.add(seed)
        return CLIPS[(seed + index) % 5]

    options = {"frames": 9, "num_videos": 5, "seed": 2, "protocol": "fvd-tf-hub"}
    found = vidmbench.score(CLIPS, sample, **options)
    assert seeds == {2}
    assert found.value == vidmbench.score(CLIPS, np.roll(CLIPS, -2, axis=0), **options).value
    assert vidmbench.score(CLIPS, sample, frames=9, protocol="fvd-tf-hub").num_fake == 5  # as many as there are real


def test_of_a_stream_without_end_as_many_are_taken_as_asked_for(fake_network):
    taken = []

    def endless():
        while True:
            taken.append(1)
            yield CLIPS[:2]

    found = vidmbench.score(CLIPS, endless(), frames=9, num_videos=5)
    assert (found.num_fake, len(taken)) == (5, 3)
    assert not any("first" in warning for warning in found.warnings)  # samples are alike: the first are as good as any
    real = vidmbench.score(endless(), CLIPS, frames=9, num_videos=5)
    assert any("only the first 5 videos of the real side were read" in warning for warning in real.warnings)
    for sized in (list(CLIPS), DataLoader(TensorDataset(SIGNED), batch_size=5)):
        declared = {} if isinstance(sized, list) else DECLARED
        whole = vidmbench.score(sized, CLIPS, frames=9, num_videos=5, **declared)
        assert not any("only the first" in warning for warning in whole.warnings)
        part = vidmbench.score(sized, CLIPS, frames=9, num_videos=4, **declared)
        assert any("only the first 4 videos" in warning for warning in part.warnings)


def test_numbers_are_those_of_an_array(fake_network):
    options = {"frames": 9, "num_videos": 5}
    expected = vidmbench.score(CLIPS, CLIPS[::-1], **options)
    found = vidmbench.score(list(CLIPS), DataLoader(TensorDataset(SIGNED.flip(0)), batch_size=2), **options, **DECLARED)
    assert (found.value, found.signature) == (expected.value, expected.signature.replace("data:array", "data:stream"))
    assert found.signature_id == expected.signature_id
    seen = vidmbench.extract_features(iter(SIGNED), frames=9, num_videos=3, **DECLARED)
    assert (seen.features == vidmbench.extract_features(CLIPS[:3], frames=9).features).all()


def test_one_declaration_describes_the_side_that_needs_it(fake_network):
    options = {"frames": 9, "num_videos": 5}
    values = {
        vidmbench.score(real, fake, **options, **declared).value
        for real, fake, declared in [
            (CLIPS, CLIPS[::-1], {}),
            (CLIPS, SIGNED.flip(0), DECLARED),
            (SIGNED, SIGNED.flip(0), DECLARED),
            (SIGNED, CLIPS[::-1], DECLARED),
            (open_source(CLIPS), iter(SIGNED.flip(0)), DECLARED),
            (iter(CLIPS), SIGNED.flip(0), DECLARED),
            (torch.from_numpy(CLIPS).permute(0, 4, 1, 2, 3), CLIPS[::-1], {"layout": "NCTHW"}),
        ]
    }
    assert len(values) == 1
    assert vidmbench.score(CLIPS, CLIPS[::-1], value_range=(0, 255), layout="NTHWC", **options).value in values
    for sides in ((CLIPS, CLIPS), ("dataset:clevrer-mini", "control:static"), (open_source(CLIPS), CLIPS)):
        with pytest.raises(UsageError, match="these videos know their own"):
            vidmbench.score(*sides, **options, **DECLARED)


def test_videos_of_different_lengths(fake_network):
    videos = [clip[: 8 + index % 3] for index, clip in enumerate(CLIPS)]
    found = open_source(videos)
    assert [found.num_frames(index) for index in range(5)] == [8, 9, 10, 8, 9]
    for index in range(5):
        assert (found.read(index, range(found.num_frames(index))) == videos[index]).all()
    assert found.digest() == open_source(list(videos)).digest()
    assert found.digest() != open_source(CLIPS).digest()
    assert found.digest() != open_source([clip[:8] for clip in CLIPS]).digest()
    with pytest.raises(DataError, match="shorter than the clip"):
        vidmbench.score(CLIPS, videos, frames=9, num_videos=5)


def test_files_by_their_paths(tmp_path, monkeypatch):
    for index, clip in enumerate(CLIPS):
        write_mp4(tmp_path / f"{index}.mp4", clip)
    paths, expected = sorted(tmp_path.iterdir()), open_source(tmp_path)
    monkeypatch.chdir(tmp_path)
    for named in (paths, tuple(map(str, paths)), [path.name for path in paths]):
        found = open_source(named)
        assert (found.digest(), found.compression) == (expected.digest(), expected.compression)
    assert len(open_source(paths[:3])) == 3
    as_rows = ([{"video": {"path": str(path), "bytes": None}} for path in paths],
               [{"video": {"path": None, "bytes": path.read_bytes()}} for path in paths],
               [(str(path), 3) for path in paths], iter(paths))  # fmt: skip
    for rows in as_rows:
        found = open_source(rows)
        assert all((found.read(index, range(10)) == expected.read(index, range(10))).all() for index in range(5))
        assert found.compression == expected.compression
    paths[3].write_bytes(b"x")
    assert len(open_source(paths, on_bad="skip")) == 4
    for wrong, words in (
        ([*paths, tmp_path / "nowhere.mp4"], r"1 of the paths given not found: nowhere\.mp4"),
        ([paths[0], paths[0]], "more than once"),
        (paths, "cannot be used"),
        (["x.xyz"], "not found"),
    ):
        with pytest.raises(DataError, match=words):
            open_source(wrong)
    with pytest.raises(UsageError, match="paths of files"):
        open_source(paths[:2], value_range=(0, 1))


REFUSED = {
    "numbers": (lambda: [1, 2], "item 0"),
    "text": (lambda: [("x", 1)], "unsupported video source"),
    "a path of none": (lambda: iter(["nowhere.mp4"]), r"nowhere\.mp4 is no video file"),
    "bytes": (lambda: b"xyz", "unsupported video source"),
    "nothing": (lambda: [], "there are no videos"),
    "a generator that was read": (lambda: iter(()), "can be read once"),
    "two batches in one": (lambda: [(SIGNED, SIGNED)], r"item\[0\] for item in videos"),
    "two entries": (lambda: [{"a": CLIPS, "b": CLIPS}], "a, b"),
    "labels alone": (lambda: [{"label": 3}], "a dictionary of label"),
    "frames": (lambda: list(CLIPS[0].astype(float)), "one array of five axes"),
    "sizes": (lambda: [CLIPS[0], CLIPS[0][:, :8]], "8x16 of video 1"),
    "floats": (lambda: [CLIPS[0], CLIPS[1] / 255], r"declare value_range=\(0, 1\)"),
    "floats of a loader": (lambda: DataLoader(TensorDataset(SIGNED)), r'layout="NCTHW" and value_range=\(-1, 1\)'),
    "floats, one by one": (lambda: iter(SIGNED), r'layout="CTHW" and value_range=\(-1, 1\)'),
    "unscaled": (lambda: iter(CLIPS // 255), "no value in videos exceeds 1"),
    "frames of two sizes": (lambda: [[CLIPS[0, 0], CLIPS[0, 0, :8]]], "frames of a video differ in size"),
    "a part of a source": (lambda: type("Half", (), {"read": 1, "name": 1, "label": "x"})(), "lacks size, __len__"),
    "a set": (lambda: {1, 2}, "unsupported video source"),
    "a table of splits": (lambda: {"train": Table(images), "test": Table(images)}, "choose one of its parts"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_holds_no_videos_is_refused_with_what_to_do(name, own_cache):
    make, words = REFUSED[name]
    with pytest.raises(VidmbenchError, match=words):
        open_source(make())


def test_an_error_of_the_users_own_code_passes_with_a_note():
    def broken():
        yield CLIPS[0]
        raise RuntimeError("out of memory")

    with pytest.raises(RuntimeError, match="out of memory") as raised:
        open_source(broken())
    assert raised.value.__notes__ == ["vidmbench was reading videos, item 1"]
    with pytest.raises(ZeroDivisionError) as raised:
        open_source(lambda seed, index: 1 // 0, num_videos=2)
    assert "seed 0, index 0" in raised.value.__notes__[0]


def left_in(cache):
    return [path for path in cache.rglob("*") if path.is_file() and "streams" in path.parts]


def test_nothing_is_left_in_the_cache(own_cache, fake_network):
    vidmbench.score(CLIPS, iter(CLIPS), frames=9, num_videos=5)
    source = open_source(iter(CLIPS))
    with pytest.raises(DataError):
        open_source([CLIPS[0], CLIPS[0][:, :8]])
    assert left_in(own_cache) == []
    assert (source.read(0, [0]) == CLIPS[0, :1]).all()


def test_memory_does_not_grow_with_the_number_of_videos():
    clip = np.random.default_rng(0).integers(0, 256, (16, 64, 64, 3), dtype=np.uint8)
    tracemalloc.start()
    try:
        source = open_source(clip for _ in range(60))
        source.digest()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(source) == 60
    assert peak < 12 * clip.nbytes


def test_a_full_disk_is_one_message(monkeypatch, tmp_path):
    class Full(io.FileIO):
        def write(self, data):
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(spool, "_new_file", lambda folder: Full(tmp_path / "x", "w"))
    with pytest.raises(ResultError, match="No space left on device") as raised:
        open_source(iter(CLIPS))
    assert "VIDMBENCH_CACHE" in raised.value.fix


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write anywhere")
def test_a_cache_that_cannot_be_written_to_is_one_message(own_cache):
    own_cache.chmod(0o500)
    with pytest.raises(ResultError, match="Permission denied"):
        open_source(iter(CLIPS))
    own_cache.chmod(0o700)


def test_samples_that_stand_still_or_end_early_are_found_as_in_an_array(fake_network):
    still = np.repeat(CLIPS[:, :1], 10, axis=1)
    options = {"frames": 9, "num_videos": 5}
    assert any("stand still" in note for note in vidmbench.score(CLIPS, iter(still), **options).warnings)
    early = CLIPS.copy()
    early[:, 6:] = CLIPS[:, 5:6]
    for given in (early, iter(early)):
        with pytest.raises(DataError, match="show nothing new"):
            vidmbench.score(CLIPS, given, **options)


def test_progress_of_a_sampler_is_told(fake_network):
    from vidmbench.videos.in_memory.declared import Declared
    from vidmbench.videos.in_memory.opening import Taking, open_in_memory

    for videos, label in ((iter(CLIPS), "reading fake"), (lambda seed, index: CLIPS[index], "sampling fake")):
        ticks = []
        taking = Taking(3, progress=lambda *tick, ticks=ticks: ticks.append(tick))
        open_in_memory(videos, Declared(), "fake", taking=taking)
        assert ticks == [(1, 3, label), (2, 3, label), (3, 3, label)]


def test_stored_arrays_are_read_row_by_row(tmp_path):
    with h5py.File(tmp_path / "x.h5", "w") as file:
        found = open_source(file.create_dataset("a", data=SIGNED.numpy()), **DECLARED)
        assert found.digest() == open_source(CLIPS).digest()
        assert found.label == "stream"
        assert len(open_source(file.create_dataset("b", data=CLIPS, chunks=(1, 10, 16, 16, 3)))) == 5
    np.savez(tmp_path / "x.npz", video=CLIPS, labels=LABELS)
    with np.load(tmp_path / "x.npz") as archive:
        assert open_source(archive).digest() == found.digest()
    lengths = np.empty(5, object)
    for index, clip in enumerate(CLIPS):
        lengths[index] = clip[: 8 + index % 3]
    assert open_source(lengths).num_frames(2) == 10


def test_workers_of_a_loader_and_one_loader_on_both_sides(fake_network):
    loader = DataLoader(TensorDataset(SIGNED, LABELS), batch_size=2, num_workers=1)
    found = vidmbench.score(loader, loader, frames=9, num_videos=5, **DECLARED)
    assert any("same videos" in warning for warning in found.warnings)
    videos = iter(CLIPS)
    with pytest.raises(DataError, match="can be read once"):
        vidmbench.score(videos, videos, frames=9, num_videos=5)
