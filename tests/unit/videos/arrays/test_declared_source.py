"""Arrays and tensors in files, one of many videos or one a video, read as declared."""

import os
import pickle
import tracemalloc
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch

from vidmbench.core.errors import DataError
from vidmbench.videos import open_source
from vidmbench.videos.arrays.declared_source import ArrayFile, DeclaredArraySource, open_declared
from vidmbench.videos.arrays.layout import ArrayLayout
from vidmbench.videos.arrays.stored import load_array
from vidmbench.videos.arrays.values import ALPHA_NOTE
from vidmbench.videos.files.inspection import survey
from vidmbench.videos.files.video_files import Item
from vidmbench.videos.source import Source

CLIPS = np.random.default_rng(0).integers(0, 256, (4, 5, 8, 12, 3), dtype=np.uint8)
SIGNED = (CLIPS.astype(np.float32) / 127.5 - 1).transpose(0, 4, 1, 2, 3)
LAYOUT = ArrayLayout("ncthw", "-1..1")
FORMS = ["npy", "fortran.npy", "npz", "packed.npz", "pt", "pth", "old.pt", "dict.pt"]


def saved(path, array, key="samples"):
    """The array in the form that the name tells."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.name.startswith("fortran"):
        np.save(path, np.asfortranarray(array))
    elif path.suffix == ".npy":
        np.save(path, array)
    elif path.name.startswith("packed"):
        np.savez_compressed(path, **{key: array})
    elif path.suffix == ".npz":
        np.savez(path, **{key: array})
    else:
        tensor = torch.from_numpy(np.ascontiguousarray(array))
        content = {key: tensor, "epoch": 3} if path.name.startswith("dict") else tensor
        torch.save(content, path, _use_new_zipfile_serialization=not path.name.startswith("old"))
    return path


def named(folder, form):
    return folder / (form if "." in form else f"a.{form}")


@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_the_same_clips(form, tmp_path):
    source = open_declared(saved(named(tmp_path, form), SIGNED), LAYOUT)

    assert isinstance(source, Source)
    assert (len(source), source.size, source.num_frames(3), source.name(3)) == (4, (8, 12), 5, "clip000003")
    assert (source.skipped, source.notes, source.label) == ((), (), named(tmp_path, form).name)
    for index in range(4):
        np.testing.assert_array_equal(source.read(index, range(5)), CLIPS[index])
    np.testing.assert_array_equal(source.read(1, [4, 0, 4]), CLIPS[1][[4, 0, 4]])
    assert source.read(1, []).shape == (0, 8, 12, 3)
    with pytest.raises(DataError, match="has no frame 5"):
        source.read(0, [5])
    with pytest.raises(DataError, match="has no frame -1"):
        source.read(0, [-1])
    with pytest.raises(IndexError):
        source.name(4)


@pytest.mark.parametrize("form", FORMS)
def test_one_array_a_video_makes_a_folder_a_source(form, tmp_path):
    layout = ArrayLayout("tchw", "0..255", "truncate")
    items = []
    for index, clip in enumerate(CLIPS):
        path = saved(named(tmp_path / "set" / str(index), form), clip.transpose(0, 3, 1, 2).astype(np.float32) + 0.6)
        items.append(ArrayFile(path.relative_to(tmp_path / "set").as_posix(), path, layout))

    source = survey(tmp_path / "set", items)

    assert isinstance(items[0], Item)
    assert (len(source), source.size, source.num_frames(0), source.name(2)) == (4, (8, 12), 5, items[2].name)
    for index in range(4):
        np.testing.assert_array_equal(source.read(index, [3, 1]), CLIPS[index][[3, 1]])
    assert source.read(0, []).shape == (0, 8, 12, 3)


def test_clips_are_read_in_place_and_memory_does_not_grow(tmp_path):
    layout = ArrayLayout("nthwc", "0..1")
    array = np.random.default_rng(1).random((64, 16, 32, 32, 3), dtype=np.float32)
    for form in ("npy", "pt"):
        path = saved(named(tmp_path, form), array)
        open_declared(path, layout)  # what is imported stays out of the count
        tracemalloc.start()
        try:
            source = open_declared(path, layout)
            for index in range(len(source)):
                source.read(index, range(16))
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert peak < array.nbytes / 8
    assert isinstance(load_array(named(tmp_path, "npy")), np.memmap)
    assert type(source.read(0, [0])) is np.ndarray


def test_threads_may_share_a_source(tmp_path):
    source = open_declared(saved(tmp_path / "a.npy", SIGNED), LAYOUT)
    with ThreadPoolExecutor(8) as pool:
        clips = list(pool.map(lambda index: source.read(index % 4, range(5)), range(32)))
    np.testing.assert_array_equal(np.stack(clips), np.concatenate([CLIPS] * 8))


def test_the_digest_is_of_the_content_and_of_what_is_declared(tmp_path):
    layout = ArrayLayout("nthwc", "0..255")
    path = saved(tmp_path / "a.npy", CLIPS.astype(np.float32))
    digests = {
        open_declared(path, layout).digest(),
        open_declared(path, ArrayLayout("nthwc", "0..255", "truncate")).digest(),
        open_declared(saved(tmp_path / "b.npy", CLIPS[::-1].astype(np.float32)), layout).digest(),
        DeclaredArraySource(CLIPS, layout).digest(),
        DeclaredArraySource(CLIPS[::-1], layout).digest(),
    }

    assert len(digests) == 5
    assert open_declared(saved(tmp_path / "c.npy", CLIPS.astype(np.float32)), layout).digest() in digests
    assert (
        ArrayFile("a", path, ArrayLayout("thwc")).stamp() != ArrayFile("a", path, ArrayLayout("thwc", "0..1")).stamp()
    )


def test_notes_reach_the_source(tmp_path):
    array = np.concatenate([CLIPS, CLIPS[..., :1]], axis=-1)
    path = saved(tmp_path / "set" / "a.npy", array[0])

    assert DeclaredArraySource(array, ArrayLayout("nthwc")).notes == (ALPHA_NOTE,)
    notes = survey(tmp_path / "set", [ArrayFile("a.npy", path, ArrayLayout("thwc"))]).notes
    assert notes == (f"{ALPHA_NOTE} (1 of 1 videos, first a.npy)",)


def test_a_key_decides_between_several_arrays(tmp_path):
    layout = ArrayLayout("nthwc", key="fake")
    np.savez(tmp_path / "a.npz", real=CLIPS[::-1], fake=CLIPS)
    np.savez(tmp_path / "clips.npz", clips=CLIPS, labels=np.arange(4))
    tensors = {"real": torch.from_numpy(CLIPS[::-1].copy()), "fake": torch.from_numpy(CLIPS), "args": ["x"]}
    torch.save(tensors, tmp_path / "a.pt")

    for name in ("a.npz", "a.pt"):
        np.testing.assert_array_equal(open_declared(tmp_path / name, layout).read(2, range(5)), CLIPS[2])
        with pytest.raises(DataError, match=f"{name} holds several arrays") as raised:
            open_declared(tmp_path / name, ArrayLayout("nthwc"))
        assert raised.value.found == "real, fake"
        assert 'key = "NAME"' in raised.value.fix
        with pytest.raises(DataError, match=f"{name} holds no array called clips") as raised:
            open_declared(tmp_path / name, ArrayLayout("nthwc", key="clips"))
        assert raised.value.found == "real, fake"
    assert len(open_declared(tmp_path / "clips.npz", ArrayLayout("nthwc"))) == 4


@pytest.mark.parametrize("form", ["npy", "npz", "pt"])
def test_the_undeclared_and_the_wrongly_declared_are_refused(form, tmp_path):
    path = saved(named(tmp_path, form), SIGNED)

    with pytest.raises(DataError, match="range is not declared") as raised:
        open_declared(path, ArrayLayout("ncthw"))
    assert "values from -1 to 1" in raised.value.found
    assert 'range = "-1..1"' in raised.value.fix
    assert raised.value.where == path.name
    with pytest.raises(DataError, match=r"not in the range declared, 0\.\.1"):
        open_declared(path, ArrayLayout("ncthw", "0..1"))


def test_token_arrays_are_no_pixels(tmp_path):
    path = saved(tmp_path / "temp_run0_eval.npy", np.random.default_rng(0).integers(0, 16384, (4, 4, 16, 16)))

    with pytest.raises(DataError, match="token indices, no pixels") as raised:
        open_declared(path, ArrayLayout("nthwc", "0..255", "truncate"))

    assert raised.value.found == "int64 (4, 4, 16, 16)"


def test_one_nan_anywhere_is_found(tmp_path):
    array = SIGNED.copy()
    array[3, 2, 4, 7, 11] = np.nan

    with pytest.raises(DataError, match="1 values are NaN or infinite"):
        open_declared(saved(tmp_path / "a.npy", array), LAYOUT)


def test_bad_videos_are_named_and_can_be_skipped(tmp_path):
    folder = tmp_path / "set"
    layout = ArrayLayout("thwc", "0..1")
    for name, array in {"a": CLIPS[0] / 255, "b": CLIPS[1] / 100, "c": CLIPS[2, ..., 0]}.items():
        saved(folder / f"{name}.npy", array)
    items = [ArrayFile(f"{name}.npy", folder / f"{name}.npy", layout) for name in "abcd"]

    with pytest.raises(DataError) as raised:
        survey(folder, items)
    for words in ("b.npy", "values from 0 to 2.55", "c.npy", "token indices", "d.npy"):
        assert words in str(raised.value)
    source = survey(folder, items, on_bad="skip")
    assert (len(source), [video.name for video in source.skipped]) == (1, ["b.npy", "c.npy", "d.npy"])


def test_the_axes_must_go_with_the_kind_of_file(tmp_path):
    path = saved(tmp_path / "a.npy", CLIPS)

    with pytest.raises(DataError, match="do not go with the kind of file") as raised:
        open_declared(path, ArrayLayout("thwc"))
    assert '"arrays"' in raised.value.fix
    with pytest.raises(DataError, match="do not go with the kind of file") as raised:
        ArrayFile("a.npy", path, ArrayLayout("nthwc")).inspect()
    assert '"array"' in raised.value.fix


@pytest.mark.parametrize("form", FORMS)
def test_cut_and_empty_files_are_named(form, tmp_path):
    path = saved(named(tmp_path, form), SIGNED)
    content = path.read_bytes()

    for size in (0, 5, 60, len(content) // 2, len(content) - 10):
        path.write_bytes(content[:size])
        with pytest.raises(DataError, match=f"{path.name} cannot be read as an array") as raised:
            open_declared(path, LAYOUT)
        assert "again" in raised.value.fix
        assert "weights_only" not in str(raised.value)
        assert ("(0 bytes" in str(raised.value)) == (size == 0)
    path.unlink()
    with pytest.raises(DataError, match="path not found"):
        open_declared(path, LAYOUT)


def test_pickled_code_never_runs(tmp_path):
    class Trap:
        def __reduce__(self):
            return (os.mkdir, (str(tmp_path / "ran"),))

    np.save(tmp_path / "a.npy", np.array([Trap()], dtype=object), allow_pickle=True)
    np.savez(tmp_path / "a.npz", clips=np.array([Trap()], dtype=object))
    torch.save({"clips": Trap()}, tmp_path / "a.pt")
    (tmp_path / "plain.pt").write_bytes(pickle.dumps(Trap()))
    torch.save(CLIPS, tmp_path / "numpy.pt")  # an array, not a tensor: numpy's functions are named in it

    (tmp_path / "plain.npy").write_bytes(pickle.dumps(Trap()))

    for name in ("a.npy", "a.npz", "plain.npy"):
        with pytest.raises(DataError, match="Python objects, which are never loaded"):
            open_declared(tmp_path / name, LAYOUT)
    for name, words in {"a.pt": "mkdir when it is loaded, which is never done", "plain.pt": "of another kind"}.items():
        with pytest.raises(DataError, match=words) as raised:
            open_declared(tmp_path / name, LAYOUT)
        assert "weights_only" not in str(raised.value)
    with pytest.raises(DataError, match="it asks for numpy") as raised:
        open_declared(tmp_path / "numpy.pt", LAYOUT)
    assert "torch.as_tensor" in raised.value.fix
    assert not (tmp_path / "ran").exists()


def test_archives_under_another_name(tmp_path):
    np.savez(tmp_path / "a.npz", CLIPS)
    (tmp_path / "a.npz").rename(tmp_path / "a.npy")
    np.save(tmp_path / "b.npy", CLIPS)
    (tmp_path / "b.npy").rename(tmp_path / "b.npz")

    with pytest.raises(DataError, match=r"should end in \.npz"):
        load_array(tmp_path / "a.npy")
    with pytest.raises(DataError, match=r"should end in \.npy"):
        load_array(tmp_path / "b.npz")


@pytest.mark.parametrize(
    ("content", "problem", "found"),
    [
        ([torch.zeros(3), torch.zeros(3)], "no tensor of pixels", "a list of 2"),
        (7, "no tensor of pixels", "a int"),
        (torch.eye(3).to_sparse(), "plain numbers", "torch.float32 (3, 3), sparse"),
        ({"epoch": 3}, "holds no array", "no array"),
        ({"model": {"a": torch.zeros(3)}}, "holds no array", "no array"),
        ({f"layer{k}": torch.zeros(3) for k in range(20)}, "holds several arrays", "and 12 more"),
    ],
)
def test_torch_files_without_pixels(content, problem, found, tmp_path):
    torch.save(content, tmp_path / "a.pt")

    with pytest.raises(DataError, match=problem) as raised:
        open_declared(tmp_path / "a.pt", LAYOUT)

    assert found in raised.value.found


def test_tensors_of_other_kinds_are_read(tmp_path):
    tensor = torch.from_numpy(SIGNED)
    torch.save(tensor.to(torch.bfloat16), tmp_path / "b.pt")
    torch.save(tensor.clone().requires_grad_(), tmp_path / "grad.pt")
    torch.save(torch.nn.Parameter(tensor.permute(1, 0, 2, 3, 4)), tmp_path / "moved.pt")

    halved = tensor.to(torch.bfloat16).float().numpy()
    expected = DeclaredArraySource(halved, LAYOUT).read(1, range(5))
    np.testing.assert_array_equal(open_declared(tmp_path / "b.pt", LAYOUT).read(1, range(5)), expected)
    np.testing.assert_array_equal(open_declared(tmp_path / "grad.pt", LAYOUT).read(1, range(5)), CLIPS[1])
    moved = open_declared(tmp_path / "moved.pt", ArrayLayout("cnthw", "-1..1"))
    np.testing.assert_array_equal(moved.read(1, range(5)), CLIPS[1])


def test_a_file_that_changes_under_a_source_is_noticed(tmp_path):
    path = saved(tmp_path / "set" / "a.npy", CLIPS[0])
    item = ArrayFile("a.npy", path, ArrayLayout("thwc"))
    facts = item.inspect()
    saved(path, CLIPS[0, :3])

    with pytest.raises(DataError, match="does not hold what it held") as raised:
        item.read([0], facts)

    assert raised.value.found == "3 frames of 8x12"


def test_vidms_own_arrays_are_truncated_as_its_gifs_are(tmp_path):
    # float32 (frame, channel, height, width) in 0..255: what MKFMIKU/VIDM's script for CLEVRER writes
    video = np.random.default_rng(2).uniform(0, 255, (6, 3, 16, 16)).astype(np.float32)
    path = saved(tmp_path / "set" / "video_000000.npy", video)

    source = survey(tmp_path / "set", [ArrayFile(path.name, path, ArrayLayout("tchw", "0..255", "truncate"))])

    np.testing.assert_array_equal(source.read(0, range(6)), video.astype(np.uint8).transpose(0, 2, 3, 1))
    with pytest.raises(DataError):
        open_source(path)  # undeclared, it stays refused
