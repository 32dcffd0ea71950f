"""Videos in HDF5 files, as TGAN, TGANv2, VideoGPT and TATS keep them."""

import json
import multiprocessing
import os
import pickle
import threading
import tracemalloc
from concurrent.futures import ThreadPoolExecutor

import h5py
import numpy as np
import pytest

from vidmbench.core.errors import DataError
from vidmbench.videos.arrays import hdf5
from vidmbench.videos.arrays.hdf5 import open_hdf5
from vidmbench.videos.arrays.layout import ArrayLayout
from vidmbench.videos.source import Source

FRAMES = np.random.default_rng(0).integers(0, 256, (30, 8, 12, 3), dtype=np.uint8)
SPANS = [(0, 7), (7, 19), (19, 30)]
ROWS = [
    {"start": start, "end": end, "category": name}
    for (start, end), name in zip(SPANS, ["YoYo", "Archery", "YoYo"], strict=True)
]


def written(path, arrays, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, "w") as file:
        for name, array in arrays.items():
            file.create_dataset(name, data=array, **options)
    return path


def as_tgan(path, rows=ROWS, frames=FRAMES, **options):
    path = written(path, {"image": frames.transpose(0, 3, 1, 2)}, **options)
    path.with_suffix(".json").write_text(json.dumps(rows))
    return path


def as_videogpt(path, **options):
    arrays = {"train_data": FRAMES, "train_idx": np.array([0, 7, 19])}
    return written(path, arrays | {"test_data": FRAMES[::-1], "test_idx": np.array([0, 11])}, **options)


@pytest.mark.parametrize("kind", ["tgan", "videogpt"])
@pytest.mark.parametrize("options", [{}, {"chunks": True, "compression": "gzip"}], ids=["plain", "packed"])
def test_each_video_goes_from_its_start_to_its_end(kind, options, tmp_path):
    if kind == "tgan":
        source = open_hdf5(as_tgan(tmp_path / "train.h5"))
    else:
        source = open_hdf5(as_videogpt(tmp_path / "set.hdf5"), split="train")

    assert isinstance(source, Source)
    assert (len(source), source.size, source.name(1)) == (3, (8, 12), "video000001")
    assert [source.num_frames(index) for index in range(3)] == [7, 12, 11]
    assert (source.skipped, source.notes) == ((), ())
    for index, (start, end) in enumerate(SPANS):
        video = FRAMES[start:end]
        np.testing.assert_array_equal(source.read(index, range(end - start)), video)
        for frames in ([3], [1, 3, 5], [6, 0, 2, 2], [5, 4, 3], [0, 1, 4]):
            np.testing.assert_array_equal(source.read(index, frames), video[frames])
        with pytest.raises(DataError, match=f"has no frame {end - start}"):
            source.read(index, [end - start])
    assert source.read(0, []).shape == (0, 8, 12, 3)
    with pytest.raises(DataError, match="has no frame -1"):
        source.read(1, [-1])
    with pytest.raises(IndexError):
        source.name(3)


def test_the_splits_of_videogpt(tmp_path):
    path = as_videogpt(tmp_path / "set.h5")

    assert len(open_hdf5(path, split="train")) == 3
    test = open_hdf5(path, split="test")
    assert [test.num_frames(index) for index in range(2)] == [11, 19]
    np.testing.assert_array_equal(test.read(1, [0]), FRAMES[::-1][11:12])
    assert (test.labels, test.classes) == (None, ())
    with pytest.raises(DataError, match=r"set\.h5 holds several splits") as raised:
        open_hdf5(path)
    assert raised.value.found == "test, train"
    with pytest.raises(DataError, match=r"set\.h5 has no split val") as raised:
        open_hdf5(path, split="val")
    assert raised.value.found == "test, train"
    assert len(open_hdf5(path, ArrayLayout("thwc", "0..255", key="test_data"))) == 2
    alone = written(tmp_path / "alone.h5", {"train_data": FRAMES, "train_idx": np.array([0])})
    assert [open_hdf5(alone).num_frames(0)] == [30]


def test_the_classes_of_tgan_are_numbered_in_sorted_order(tmp_path):
    source = open_hdf5(as_tgan(tmp_path / "train.h5"))

    assert source.labels == (1, 0, 1)
    assert source.classes == ("Archery", "YoYo")
    plain = open_hdf5(as_tgan(tmp_path / "faces.h5", [{"start": start, "end": end} for start, end in SPANS]))
    assert (plain.labels, plain.classes) == (None, ())


@pytest.mark.parametrize(
    "rows",
    [
        [{"category": "a", "end": end, "start": start} for start, end in SPANS],
        SPANS,
        {"start": {"0": 0, "1": 7, "2": 19}, "end": {"0": 7, "1": 19, "2": 30}},
    ],
    ids=["records", "pairs", "columns"],
)
@pytest.mark.parametrize("ending", ["", "_conf", "_conf_pd"])
def test_the_index_in_other_forms(rows, ending, tmp_path):
    path = as_tgan(tmp_path / "ucf101_test.h5", rows)
    path.with_suffix(".json").rename(tmp_path / f"ucf101_test{ending}.json")

    source = open_hdf5(path, split="test")

    np.testing.assert_array_equal(source.read(2, range(11)), FRAMES[19:])


def test_a_file_of_tgan_holds_one_split(tmp_path):
    path = as_tgan(tmp_path / "ucf101_test.h5")

    assert len(open_hdf5(path, split="test")) == 3
    with pytest.raises(DataError, match="does not seem to hold the split train") as raised:
        open_hdf5(path, split="train")
    assert "train.h5" in raised.value.expected


def test_frames_that_no_video_has_are_noted(tmp_path):
    source = open_hdf5(as_tgan(tmp_path / "train.h5", SPANS[:2]))

    assert source.notes == ("11 of 30 frames belong to no video and were left aside",)


def test_other_axes_ranges_and_keys_as_declared(tmp_path):
    path = written(tmp_path / "a.h5", {"frames": (FRAMES / 255).astype(np.float32), "extra": np.zeros((2, 3))})
    path.with_suffix(".json").write_text(json.dumps(SPANS))

    source = open_hdf5(path, ArrayLayout("thwc", "0..1", key="frames"))

    np.testing.assert_array_equal(source.read(1, range(12)), FRAMES[7:19])
    np.testing.assert_array_equal(open_hdf5(path, ArrayLayout("thwc", "0..1")).read(0, [0]), FRAMES[:1])
    with pytest.raises(DataError, match="all of it would be black") as raised:
        open_hdf5(path, ArrayLayout("thwc", "0..255", key="frames"))
    assert "values from 0 to 1" in raised.value.found


def test_a_pickled_index_is_refused_and_never_loaded(tmp_path):
    class Trap:
        def __reduce__(self):
            return (os.mkdir, (str(tmp_path / "ran"),))

    path = as_tgan(tmp_path / "ucf101_test.h5")
    path.with_suffix(".json").unlink()
    (tmp_path / "ucf101_test_conf.pkl").write_bytes(pickle.dumps(Trap()))
    with pytest.raises(DataError, match=r"the index of ucf101_test\.h5 is pickled, and pickles are never") as raised:
        open_hdf5(path)
    assert raised.value.found == "ucf101_test_conf.pkl"
    assert "json.dump(pickle.load(open('ucf101_test_conf.pkl', 'rb'))" in raised.value.fix
    (tmp_path / "ucf101_test_conf_pd.pkl").write_bytes(pickle.dumps(Trap()))  # the one with the classes
    with pytest.raises(DataError) as raised:
        open_hdf5(path)
    assert "pandas.read_pickle('ucf101_test_conf_pd.pkl').to_json('ucf101_test.json'" in raised.value.fix
    assert not (tmp_path / "ran").exists()


def test_a_missing_index(tmp_path):
    path = as_tgan(tmp_path / "train.h5")
    path.with_suffix(".json").unlink()

    with pytest.raises(DataError, match=r"the index of train\.h5 is missing") as raised:
        open_hdf5(path)

    assert "train.json" in raised.value.expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "7",
        '"ab"',
        '["ab"]',
        "[7]",
        "[[0, 7, 19]]",
        '[{"start": 0}]',
        '[{"start": 0, "end": "7"}]',
        '[{"start": 0.5, "end": 7}]',
        '[{"start": true, "end": 7}]',
        '[{"start": 0, "end": 7, "category": "a"}, {"start": 7, "end": 9}]',
        '[{"start": 0, "end": 7, "category": ["a"]}]',
        '{"columns": ["start"], "data": [[0]]}',
        '{"start": {"0": 0, "1": 7}, "end": {"0": 7}}',
    ],
)
def test_an_index_of_another_form(text, tmp_path):
    path = as_tgan(tmp_path / "train.h5")
    path.with_suffix(".json").write_text(text)

    with pytest.raises(DataError, match=r"train\.json is not an index of videos") as raised:
        open_hdf5(path)

    assert raised.value.where == str(tmp_path / "train.json")
    assert '"start": 0' in raised.value.expected


@pytest.mark.parametrize(
    ("spans", "problem", "found"),
    [
        (
            [(0, 7), (7, 31)],
            "beyond the last frame, first for video 1",
            "video 1 from 7 to 31 after one that ends at 7",
        ),
        ([(30, 31)], "beyond the last frame, first for video 0", "video 0 from 30 to 31"),
        ([(0, 7), (5, 9)], "out of order or has an empty video, first video 1", "video 1 from 5 to 9"),
        ([(7, 19), (0, 7)], "out of order", "video 1 from 0 to 7"),
        ([(0, 7), (7, 7)], "empty video, first video 1", "video 1 from 7 to 7"),
        ([(9, 3)], "out of order", "video 0 from 9 to 3"),
        ([(-1, 3)], "out of order", "video 0 from -1 to 3"),
        ([], "the index names no video", "none"),
    ],
)
def test_an_index_that_does_not_fit_the_frames(spans, problem, found, tmp_path):
    with pytest.raises(DataError) as raised:
        open_hdf5(as_tgan(tmp_path / "train.h5", spans))

    assert problem in raised.value.problem
    assert found in raised.value.found
    assert "both again" in raised.value.fix or not spans


@pytest.mark.parametrize(
    ("starts", "words"),
    [
        ([0, 19, 7], "out of order or has an empty video, first video 1"),
        ([0, 7, 7], "empty video, first video 1"),
        ([0, 30], "beyond the last frame, first for video 1"),
        ([0, 40], "beyond the last frame, first for video 0"),
        ([-3, 7], "out of order"),
        ([], "names no video"),
        ([[0, 7]], "train_idx is not a list of frame numbers"),
        ([0.0, 7.0], "train_idx is not a list of frame numbers"),
    ],
)
def test_starts_that_do_not_fit_the_frames(starts, words, tmp_path):
    starts = np.array(starts) if starts else np.zeros(0, np.int64)
    path = written(tmp_path / "a.h5", {"train_data": FRAMES, "train_idx": starts})

    with pytest.raises(DataError, match=words) as raised:
        open_hdf5(path)

    assert "a.h5:train_" in raised.value.where


def test_missing_keys_are_told_beside_those_that_are_there(tmp_path):
    path = written(tmp_path / "a.h5", {"videos": np.zeros((2, 5, 8, 8, 3), np.uint8), "labels": np.arange(2)})
    with h5py.File(path, "a") as file:
        file.create_group("meta")
        file["lost"] = h5py.SoftLink("/nowhere")

    with pytest.raises(DataError, match=r"a\.h5 does not have the keys of a file of videos") as raised:
        open_hdf5(path)

    assert raised.value.found == "labels (2,), lost (no array), meta (no array), videos (2, 5, 8, 8, 3)"
    assert "train_data and train_idx" in raised.value.expected
    assert "image" in raised.value.expected
    with pytest.raises(DataError, match="does not have the keys") as raised:
        open_hdf5(path, ArrayLayout("thwc", key="frames"))
    assert raised.value.expected == "an array called frames"
    many = written(tmp_path / "many.h5", {f"video{k}": FRAMES for k in range(12)})
    with pytest.raises(DataError, match="does not have the keys") as raised:
        open_hdf5(many)
    assert raised.value.found.endswith(" and 4 more")
    with pytest.raises(DataError, match="does not have the keys") as raised:
        open_hdf5(written(tmp_path / "none.h5", {}))
    assert raised.value.found == "no key at all"
    with pytest.raises(DataError, match="does not have the keys") as raised:
        open_hdf5(written(tmp_path / "half.h5", {"train_data": FRAMES}))
    assert "train_idx" in raised.value.expected


@pytest.mark.parametrize(
    ("frames", "layout", "problem", "fix"),
    [
        (FRAMES, None, "8 channels where the axes tchw have them", 'axes = "thwc"'),
        (FRAMES.transpose(0, 3, 1, 2) / 255, None, "range is not declared", 'range = "0..1"'),
        (FRAMES.transpose(0, 3, 1, 2).astype(np.int64) * 9, None, "token indices", "decode"),
        (FRAMES[..., 0], None, "token indices", "nthw"),
        (FRAMES > 9, None, "no numbers that can be pixels", "masks"),
        (FRAMES[None], None, "not have the axes declared", "nthwc"),
        (FRAMES[:0], None, "the array is empty", "again"),
        (FRAMES, ArrayLayout("nthwc"), "not those of an HDF5 file", "axes"),
        (FRAMES, ArrayLayout("htwc"), "not those of an HDF5 file", "axes"),
    ],
)
def test_frames_of_another_type_or_with_other_axes(frames, layout, problem, fix, tmp_path):
    path = written(tmp_path / "train.h5", {"image": frames})
    path.with_suffix(".json").write_text(json.dumps(SPANS))

    with pytest.raises(DataError) as raised:
        open_hdf5(path, layout)

    assert problem in raised.value.problem
    assert fix in raised.value.fix
    assert raised.value.where == f"{path}:image"


def test_files_that_are_cut_off_or_no_hdf5(tmp_path):
    path = as_tgan(tmp_path / "train.h5")
    content = path.read_bytes()
    for data, words in {
        content[: len(content) // 2]: f"it was cut off: {len(content) // 2} of {len(content)} bytes are there",
        b"": "the file is empty",
        b"PK\3\4" * 600: "it is not an HDF5 file",
        content[:60]: "cannot be read",
    }.items():
        path.write_bytes(data)
        with pytest.raises(DataError, match=r"train\.h5 cannot be read") as raised:
            open_hdf5(path)
        assert words in raised.value.problem
        assert raised.value.fix
    path.unlink()
    for missing in (path, tmp_path):
        with pytest.raises(DataError, match="path not found"):
            open_hdf5(missing)


def test_damage_inside_is_named(tmp_path):
    path = as_tgan(tmp_path / "train.h5", chunks=(30, 3, 8, 12), compression="gzip", fletcher32=True)
    with h5py.File(path) as file:
        where = file["image"].id.get_chunk_info(0).byte_offset
    content = bytearray(path.read_bytes())
    content[where : where + 500] = bytes(500)
    path.write_bytes(content)

    with pytest.raises(DataError, match="video000001 cannot be read"):
        open_hdf5(path).read(1, [0])


def test_a_file_that_changes_under_a_source_is_noticed_and_read_anew(tmp_path):
    path = as_tgan(tmp_path / "train.h5")
    source = open_hdf5(path)
    source.read(0, [0])
    new = as_tgan(tmp_path / "new" / "train.h5", SPANS[:2], FRAMES[:19])
    path.write_bytes(new.read_bytes())  # in place, as a copy over it does

    with pytest.raises(DataError, match="changed while it was read"):
        source.read(0, [0])
    as_tgan(tmp_path / "other.h5")
    path.with_suffix(".json").write_text(json.dumps(SPANS[:2]))
    np.testing.assert_array_equal(open_hdf5(path).read(1, [0]), FRAMES[7:8])


def test_only_what_is_asked_for_is_read(tmp_path):
    frames = np.random.default_rng(1).integers(0, 256, (512, 64, 64, 3), dtype=np.uint8)
    path = written(tmp_path / "a.h5", {"train_data": frames, "train_idx": np.arange(0, 512, 32)})
    open_hdf5(path).read(0, [0])
    tracemalloc.start()
    try:
        source = open_hdf5(path)
        for index in range(len(source)):
            source.read(index, range(16))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < frames.nbytes / 8


def test_the_digest_is_of_content_index_and_split(tmp_path):
    path = as_videogpt(tmp_path / "a.h5")
    digests = {open_hdf5(path, split=split).digest() for split in ("train", "test")}
    tgan = as_tgan(tmp_path / "train.h5")
    digests.add(open_hdf5(tgan).digest())
    tgan.with_suffix(".json").write_text(json.dumps(SPANS[:2]))
    digests.add(open_hdf5(tgan).digest())

    assert len(digests) == 4
    assert open_hdf5(path, split="test").digest() in digests


def test_no_more_than_a_few_files_stay_open(tmp_path):
    sources = [open_hdf5(as_tgan(tmp_path / f"{k}.h5")) for k in range(6)]
    for source in sources * 2:
        np.testing.assert_array_equal(source.read(0, [6]), FRAMES[6:7])

    assert len(hdf5._OPEN) <= 4


# --- threads and processes -------------------------------------------------------------------------------------------


def _read_all(source):
    return [source.read(index, range(source.num_frames(index))) for index in range(len(source))]


def _is_right(source):
    return all(np.array_equal(v, FRAMES[a:b]) for v, (a, b) in zip(_read_all(source), SPANS, strict=True))


def test_threads_may_share_a_source(tmp_path):
    train = open_hdf5(as_videogpt(tmp_path / "a.h5"), split="train")
    others = [open_hdf5(as_tgan(tmp_path / f"{k}.h5")) for k in range(5)]  # more than stay open at once
    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(_is_right, [train, *others] * 10))


def test_opening_leaves_nothing_open(tmp_path):
    path = as_tgan(tmp_path / "train.h5")
    source = open_hdf5(path)

    assert path not in hdf5._OPEN
    source.read(0, [0])
    assert path in hdf5._OPEN


def _in_child(source, answers):
    answers.put((path_is_open(source), _is_right(source)))


def path_is_open(source):
    return source.path in hdf5._OPEN


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are not forked here")
def test_processes_that_fork_open_the_file_for_themselves(tmp_path):
    source = open_hdf5(as_tgan(tmp_path / "train.h5", chunks=True, compression="gzip"))
    assert _is_right(source)  # it is open now
    fork = multiprocessing.get_context("fork")
    answers = fork.SimpleQueue()
    stop = threading.Event()
    # Other threads are in the middle of reading when the process forks.
    readers = [threading.Thread(target=lambda: [_is_right(source) for _ in iter(stop.is_set, True)]) for _ in range(3)]
    for reader in readers:
        reader.start()
    try:
        children = [fork.Process(target=_in_child, args=(source, answers)) for _ in range(4)]
        for child in children:
            child.start()
        for child in children:
            child.join(30)
    finally:
        stop.set()
        for reader in readers:
            reader.join()
    for child in children:
        if child.is_alive():
            child.kill()

    assert [child.exitcode for child in children] == [0, 0, 0, 0]
    assert [answers.get() for _ in children] == [(False, True)] * 4
    assert _is_right(source)


def test_a_source_can_be_sent_to_another_process(tmp_path):
    source = open_hdf5(as_tgan(tmp_path / "train.h5"))
    source.read(0, [0])

    assert _is_right(pickle.loads(pickle.dumps(source)))
