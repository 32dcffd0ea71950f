"""Streams that hold no videos, break off or do not fit on the disk: one message, and nothing is left behind."""

import io
import os
import tracemalloc

import numpy as np
import pytest
from support.video_streams import CLIPS, SIGNED, Table, images
from torch.utils.data import DataLoader, TensorDataset

import vidmbench
from vidmbench import VidmbenchError, open_source
from vidmbench.core.errors import DataError, ResultError
from vidmbench.videos.in_memory import spool

REFUSED = {
    "numbers": (lambda: [1, 2], "item 0"),
    "text": (lambda: [("x", 1)], "unsupported video source"),
    "a path of none": (lambda: iter(["nowhere.mp4"]), r"nowhere\.mp4 is not a video file"),
    "bytes": (lambda: b"xyz", "unsupported video source"),
    "nothing": (lambda: [], "no videos"),
    "a generator that was read": (lambda: iter(()), "can be read only once"),
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
