"""The golden sets of ``vidmbench identify``: what they hold, as files, and what is refused."""

import json
import lzma

import numpy as np
import pytest
from PIL import Image

from vidmbench.core.errors import DataError, ProtocolError, ResultError
from vidmbench.sources import golden_sets
from vidmbench.sources.golden_sets import SETS, golden_set, packed, sides_of
from vidmbench.sources.golden_writing import MARK, check_set, write_sets


@pytest.mark.parametrize(("name", "size"), [("square", (64, 64)), ("wide", (48, 80))])
def test_both_sides(name, size):
    golden = golden_set(name)
    assert golden.real.shape == golden.fake.shape == (24, 20, *size, 3)
    assert golden.real.dtype == golden.fake.dtype == np.uint8
    assert len({clip.tobytes() for clip in golden.real}) == 24
    assert len({clip.tobytes() for clip in golden.fake}) == golden_sets.NUM_FAKES
    assert np.array_equal(golden.fake[:6], golden.fake[18:])
    assert not golden.real.flags.writeable


def test_storing_keeps_every_pixel():
    scenes = np.tile(np.arange(48, dtype=np.uint8)[:, None, None, None] * 7, (8, 1, 48, 80, 3))
    scenes[3, 5:, 7, 11, 1] = 200
    assert np.array_equal(golden_sets._unpacked(packed(scenes), "wide"), scenes)


def test_every_damage_differs():
    _, fake = sides_of(np.random.default_rng(1).integers(0, 256, (8, 48, 12, 12, 3), dtype=np.uint8))
    real, _ = sides_of(np.zeros((8, 48, 12, 12, 3), np.uint8))
    assert real.shape == fake.shape
    assert len({clip.tobytes() for clip in fake}) == golden_sets.NUM_FAKES


def test_an_unknown_set():
    with pytest.raises(ProtocolError, match="one of square, wide"):
        golden_set("ucf")


@pytest.mark.parametrize("damage", ["bytes", "pixels", "missing"])
def test_a_damaged_file(damage, tmp_path, monkeypatch):
    folder = tmp_path / "identify"
    folder.mkdir()
    digests = {name: golden_set(name).digest for name in SETS}
    (folder / "sets.json").write_text(json.dumps(digests))
    if damage == "bytes":
        (folder / "square.xz").write_bytes(b"no archive")
    elif damage == "pixels":
        (folder / "square.xz").write_bytes(lzma.compress(bytes(8 * 3 * 48 * 64 * 64), preset=0))
    monkeypatch.setattr(golden_sets, "protocols_dir", lambda: tmp_path)
    with pytest.raises(DataError, match="install vidmbench again"):
        golden_set.__wrapped__("square")


def test_written_files_hold_the_set_and_are_checked(tmp_path):
    folder = write_sets(tmp_path / "golden", ["square"])
    golden = golden_set("square")
    assert np.array_equal(np.load(folder / "square" / "fake.npy"), golden.fake)
    frame = folder / "square" / "real" / "video_03" / "frame_017.png"
    assert np.array_equal(np.asarray(Image.open(frame)), golden.real[3, 17])
    assert (folder / "README.md").read_text().count("\n") == 5
    assert sorted(path.name for path in tmp_path.iterdir()) == ["golden"]
    check_set(folder, "square")
    pixels = golden.real[3, 17].copy()
    pixels[5, 5, 0] ^= 1
    Image.fromarray(pixels).save(frame)
    with pytest.raises(DataError, match="frames with digest"):
        check_set(folder, "square")
    frame.unlink()
    with pytest.raises(DataError, match="not the golden set"):
        check_set(folder, "square")


def test_folders_of_others_are_kept(tmp_path):
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(ResultError, match=r"thesis\.tex"):
        write_sets(tmp_path, ["square"])
    assert (tmp_path / "thesis.tex").read_text() == "years of work"
    file = tmp_path / "file"
    file.write_text("x")
    with pytest.raises(ResultError, match="--write names a folder"):
        write_sets(file, ["square"])
    assert file.read_text() == "x"


def test_a_folder_of_ours_is_written_again(tmp_path, monkeypatch):
    from vidmbench.sources import golden_writing

    monkeypatch.setattr(
        golden_writing, "_write_set", lambda golden, folder: folder.mkdir(parents=True) or golden.digest
    )
    folder = write_sets(tmp_path / "golden")
    (folder / "left").write_text("from a run that was stopped")
    again = write_sets(folder)
    assert again == folder
    assert sorted(path.name for path in folder.iterdir()) == sorted(["README.md", MARK, *SETS])
    assert [path.name for path in tmp_path.iterdir()] == ["golden"]


def test_nothing_is_left_of_a_writing_that_fails(tmp_path, monkeypatch):
    from vidmbench.sources import golden_writing

    def full(golden, folder):
        raise OSError(28, "No space left on device", str(folder))

    monkeypatch.setattr(golden_writing, "_write_set", full)
    with pytest.raises(ResultError, match="No space left"):
        write_sets(tmp_path / "golden")
    assert list(tmp_path.iterdir()) == []
