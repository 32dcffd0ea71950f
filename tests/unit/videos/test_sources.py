"""Folders, frame folders, archives and arrays opened as sources, and what is refused about them."""

import io
import json
import os
import stat
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from vidmbench.core.errors import DataError
from vidmbench.videos import ArraySource, open_source, write_frames, write_gif, write_mp4, write_npz
from vidmbench.videos.files import containers as streams
from vidmbench.videos.files import inspection as survey
from vidmbench.videos.source import Source

CLIPS = np.random.default_rng(0).integers(0, 256, (3, 5, 16, 24, 3), dtype=np.uint8)


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("VIDMBENCH_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


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


def as_npy(root):
    root.mkdir()
    np.save(root / "clips.npy", CLIPS)
    return root / "clips.npy"


def as_npz(root):
    write_npz(root / "clips.npz", CLIPS)
    return root / "clips.npz"


STORAGES = [as_mp4, as_frames, as_unpadded_frames, as_zip, as_npy, as_npz]


@pytest.mark.parametrize("storage", STORAGES, ids=lambda storage: storage.__name__)
def test_every_storage_gives_the_same_clips(storage, tmp_path):
    path = storage(tmp_path / "set")

    source = open_source(path)

    assert isinstance(source, Source)
    assert (len(source), source.size, source.label) == (3, (16, 24), path.name)
    assert source.skipped == ()
    for index in range(3):  # natural order: v1, v2, v10
        assert source.num_frames(index) == 5
        np.testing.assert_array_equal(source.read(index, [4, 0, 0]), CLIPS[index][[4, 0, 0]])
    assert len({source.name(index) for index in range(3)}) == 3
    assert source.read(0, []).shape == (0, 16, 24, 3)
    with pytest.raises(DataError, match="has no frame 5"):
        source.read(0, [5])
    with pytest.raises(DataError, match="has no frame -1"):
        source.read(0, [-1])


@pytest.mark.parametrize("storage", STORAGES, ids=lambda storage: storage.__name__)
def test_threads_may_share_a_source(storage, tmp_path):
    source = open_source(storage(tmp_path / "set"))

    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda k: (k % 3, source.read(k % 3, [k % 5]), k % 5), range(30)))

    assert all((frames[0] == CLIPS[index][frame]).all() for index, frames, frame in results)


@pytest.mark.parametrize("storage", STORAGES, ids=lambda storage: storage.__name__)
def test_digest_is_of_content_and_names(storage, tmp_path):
    path = storage(tmp_path / "set")
    first = open_source(path).digest()

    path.rename(tmp_path / f"moved{path.suffix}")

    assert open_source(tmp_path / f"moved{path.suffix}").digest() == first
    assert len(bytes.fromhex(first)) == 32


def test_digest_changes_with_a_pixel_and_with_a_name(tmp_path):
    as_frames(tmp_path / "set")
    first = open_source(tmp_path / "set").digest()
    (tmp_path / "set" / "v1").rename(tmp_path / "set" / "v3")
    renamed = open_source(tmp_path / "set").digest()
    changed = CLIPS[0][2].copy()
    changed[0, 0, 0] ^= 1
    (tmp_path / "set" / "v3" / "frame00002.png").write_bytes(png(changed))

    assert len({first, renamed, open_source(tmp_path / "set").digest()}) == 3


# --- bad videos ------------------------------------------------------------------------------------------------------


def test_all_bad_videos_are_looked_at_and_five_are_named(tmp_path):
    as_mp4(tmp_path / "set")
    for number in range(7):
        (tmp_path / "set" / f"bad{number}.mp4").write_bytes(b"" if number % 2 else b"x" * 99)

    with pytest.raises(DataError) as raised:
        open_source(tmp_path / "set")

    text = str(raised.value)
    assert text.startswith("7 of 10 videos in set cannot be used")
    assert text.count("cannot be read as a video") == 5
    assert "and 2 more" in text
    source = open_source(tmp_path / "set", on_bad="skip")
    assert len(source) == 3
    assert [video.name for video in source.skipped] == [f"bad{number}.mp4" for number in range(7)]
    assert "0 bytes" in source.skipped[1].reason


def test_nothing_left_to_use(tmp_path):
    (tmp_path / "a.mp4").write_bytes(b"")
    (tmp_path / "b.mp4").write_bytes(b"")

    with pytest.raises(DataError, match="2 of 2 videos"):
        open_source(tmp_path, on_bad="skip")


def test_mixed_sizes_are_counted_with_examples(tmp_path):
    as_mp4(tmp_path / "set")
    write_mp4(tmp_path / "set" / "other.mp4", CLIPS[0][:, :, :16], lossless=True)

    with pytest.raises(DataError) as raised:
        open_source(tmp_path / "set")

    assert "16x24: 3 videos, such as v1.mp4" in str(raised.value)
    assert "16x16: 1 video, such as other.mp4" in str(raised.value)
    assert "--on-bad skip" in raised.value.fix
    source = open_source(tmp_path / "set", on_bad="skip")
    assert (len(source), source.size) == (3, (16, 24))
    assert source.skipped[0].reason == "its size is 16x16, most have 16x24"


def test_one_video_file_is_a_source(tmp_path):
    as_mp4(tmp_path / "set")
    write_gif(tmp_path / "a.gif", CLIPS[0])

    assert len(open_source(tmp_path / "set" / "v2.mp4")) == 1
    assert open_source(str(tmp_path / "a.gif")).num_frames(0) == 5


def test_empty_folder_says_what_was_looked_for_and_found(tmp_path):
    (tmp_path / "set" / "inner").mkdir(parents=True)
    (tmp_path / "set" / "readme.txt").write_text("x")
    (tmp_path / "set" / "clips.npy").write_bytes(b"x")

    with pytest.raises(DataError, match="no videos in set") as raised:
        open_source(tmp_path / "set")

    assert "mp4" in raised.value.expected
    assert "png" in raised.value.expected
    assert "1 .txt file" in raised.value.found
    assert "1 empty folder" in raised.value.found
    assert ".npy" in raised.value.fix


def test_missing_path_names_its_neighbours(tmp_path):
    (tmp_path / "ucf101").mkdir()

    with pytest.raises(DataError, match="there is no ucf10l") as raised:
        open_source(tmp_path / "ucf10l" / "train")

    assert raised.value.fix == "did you mean ucf101?"


def test_leftovers_and_other_files_are_ignored(tmp_path):
    root = as_frames(tmp_path / "set")
    for name in (".DS_Store", "Thumbs.db", "v1/.DS_Store", "v1/notes.txt", "v1/._frame00000.png", "labels.json"):
        (root / name).write_bytes(b"junk")
    (root / "__MACOSX").mkdir()
    (root / "__MACOSX" / "a.mp4").write_bytes(b"junk")

    assert len(open_source(root)) == 3
    assert open_source(root).notes == ()


def test_the_same_video_in_two_formats(tmp_path):
    as_mp4(tmp_path / "set")
    write_gif(tmp_path / "set" / "v1.gif", CLIPS[0])

    with pytest.raises(DataError, match="videos are in set twice") as raised:
        open_source(tmp_path / "set")

    assert "v1.gif and v1.mp4" in raised.value.found


def test_thumbnails_and_arrays_beside_videos_are_noted(tmp_path):
    as_mp4(tmp_path / "set")
    (tmp_path / "set" / "v1.png").write_bytes(png(CLIPS[0][0]))
    (tmp_path / "set" / "v1.npy").write_bytes(b"x")
    (tmp_path / "set" / "empty").mkdir()

    source = open_source(tmp_path / "set")

    assert len(source) == 3
    assert len(source.notes) == 3
    assert "1 pictures beside videos" in source.notes[0]


def test_links_that_lead_back_up_end(tmp_path):
    as_frames(tmp_path / "set")
    (tmp_path / "set" / "loop").symlink_to(tmp_path / "set", target_is_directory=True)
    (tmp_path / "linked").symlink_to(tmp_path / "set", target_is_directory=True)

    assert len(open_source(tmp_path / "set")) == 3
    assert open_source(tmp_path / "linked").label == "linked"


# --- frame folders ---------------------------------------------------------------------------------------------------


def _frames_of(root: Path, **pictures: bytes) -> Path:
    (root / "v").mkdir(parents=True)
    for name, content in pictures.items():
        (root / "v" / name.replace("_", ".")).write_bytes(content)
    return root


def test_frames_of_two_sizes(tmp_path):
    root = _frames_of(tmp_path / "set", f1_png=png(CLIPS[0][0]), f2_png=png(CLIPS[0][0][:8]))

    with pytest.raises(DataError, match="the frames in v differ in size") as raised:
        open_source(root)
    assert "16x24 (f1.png), 8x24 (f2.png)" in str(raised.value)


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (("img1.png", "flow1.png"), "do not form one series"),
        (("f1.png", "f1.jpg"), "do not form one series"),
        (("f1.png", "f01.png"), "numbered in two ways"),
    ],
)
def test_names_that_do_not_count_frames(names, words, tmp_path):
    (tmp_path / "v").mkdir()
    for name in names:
        (tmp_path / "v" / name).write_bytes(png(CLIPS[0][0]))

    with pytest.raises(DataError, match=words):
        open_source(tmp_path)


def test_gaps_in_the_numbers_are_noted(tmp_path):
    root = _frames_of(tmp_path / "set", f1_png=png(CLIPS[0][0]), f2_png=png(CLIPS[0][1]), f10_png=png(CLIPS[0][2]))

    source = open_source(root)

    np.testing.assert_array_equal(source.read(0, range(3)), CLIPS[0][:3])
    assert source.notes[0].startswith("frame numbers have gaps")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "BMP", "WEBP"])
def test_cut_pictures_are_named(kind, tmp_path):
    stream = io.BytesIO()
    Image.fromarray(CLIPS[0][0]).save(stream, format=kind)
    (tmp_path / "v").mkdir()
    (tmp_path / "v" / f"f1.{kind.lower()}").write_bytes(stream.getvalue()[:-40])

    with pytest.raises(DataError, match=rf"f1\.{kind.lower()} cannot be read"):
        open_source(tmp_path)


def test_sixteen_bit_grey_keeps_its_high_byte(tmp_path):
    grey = (np.arange(16 * 24, dtype=np.uint16) * 170).reshape(16, 24)
    (tmp_path / "v").mkdir()
    Image.fromarray(grey).save(tmp_path / "v" / "f1.png")

    source = open_source(tmp_path)

    np.testing.assert_array_equal(source.read(0, [0])[0, ..., 1], grey >> 8)
    assert "16-bit" in source.notes[0]


def test_alpha_is_dropped_and_noted_once(tmp_path):
    rgba = np.dstack([CLIPS[0][0], np.full((16, 24), 7, np.uint8)])
    for name in ("a", "b"):
        (tmp_path / "set" / name).mkdir(parents=True)
        for number in range(2):
            Image.fromarray(rgba).save(tmp_path / "set" / name / f"f{number}.png")

    source = open_source(tmp_path / "set")

    np.testing.assert_array_equal(source.read(0, [1])[0], CLIPS[0][0])
    assert source.notes == ("transparency was dropped, as Pillow's convert('RGB') does (2 of 2 videos, first a)",)


def test_palette_with_transparency_and_sideways_jpeg(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    palette = Image.fromarray(CLIPS[0][0]).quantize(16)
    palette.save(tmp_path / "a" / "f1.png", transparency=bytes(range(16)))
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(CLIPS[0][0].swapaxes(0, 1)).save(tmp_path / "b" / "f1.jpg", quality=100, subsampling=0, exif=exif)

    source = open_source(tmp_path)  # both 16 x 24 as displayed

    np.testing.assert_array_equal(source.read(0, [0])[0], np.asarray(palette.convert("RGBA").convert("RGB")))
    assert np.abs(source.read(1, [0])[0].astype(int) - CLIPS[0][0][:, ::-1].astype(int)).mean() < 20
    assert source.size == (16, 24)


def test_transparent_gif_is_black_where_nothing_was_drawn(tmp_path):
    frames = []
    for column in range(3):
        rgba = np.zeros((8, 8, 4), np.uint8)
        rgba[:, column] = (200, 100, 50, 255)
        frames.append(Image.fromarray(rgba))
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:], disposal=2)

    source = open_source(tmp_path / "a.gif")

    shown = source.read(0, range(3))
    for column in range(3):
        assert (shown[column, :, column] == (200, 100, 50)).all()
        assert (np.delete(shown[column], column, axis=1) == 0).all()
    assert "transparent pixels" in source.notes[0]


def test_the_colour_under_transparent_gif_pixels_is_not_shown(tmp_path):
    indexed = Image.frombytes("P", (8, 8), np.eye(8, dtype=np.uint8).tobytes())
    indexed.putpalette([255, 0, 255, 10, 20, 30])
    indexed.save(tmp_path / "a.gif", transparency=0)

    shown = open_source(tmp_path / "a.gif").read(0, [0])[0]

    assert {tuple(colour) for colour in shown.reshape(-1, 3).tolist()} == {(0, 0, 0), (10, 20, 30)}


# --- archives --------------------------------------------------------------------------------------------------------


def test_archive_of_videos_and_broken_archives(tmp_path):
    as_mp4(tmp_path / "set")
    with zipfile.ZipFile(tmp_path / "videos.zip", "w") as archive:
        archive.write(tmp_path / "set" / "v1.mp4", "v1.mp4")
    with pytest.raises(DataError, match=r"no frames in videos\.zip") as raised:
        open_source(tmp_path / "videos.zip")
    assert raised.value.fix == "unpack it and give the folder"

    whole = as_zip(tmp_path / "z").read_bytes()
    (tmp_path / "cut.zip").write_bytes(whole[:-50])
    with pytest.raises(DataError, match=r"cut\.zip cannot be read as a zip archive"):
        open_source(tmp_path / "cut.zip")
    damaged = bytearray(whole)
    damaged[600] ^= 0xFF
    (tmp_path / "damaged.zip").write_bytes(damaged)
    with pytest.raises(DataError, match=r"1 of 3 videos in damaged\.zip"):
        open_source(tmp_path / "damaged.zip")


# --- arrays ----------------------------------------------------------------------------------------------------------

_WRONG = {
    "unit": (CLIPS / 255.0, "the array's range is not declared", '(x * 255).round().astype("uint8")'),
    "signed": (CLIPS.astype(np.float32) / 127.5 - 1, "values from -1 to 1", "-1..1"),
    "byte_floats": (CLIPS.astype(np.float32), "values from 0 to 255", 'x.round().astype("uint8")'),
    "int64": (CLIPS.astype(np.int64), "range is not declared", 'x.astype("uint8")'),
    "nan": (np.full(CLIPS.shape, np.nan), "nan", "NaN"),
    "second": (CLIPS.transpose(0, 4, 1, 2, 3), "(3, 3, 5, 16, 24)", "x.transpose(0, 2, 3, 4, 1)"),
    "third": (CLIPS[:1].transpose(0, 1, 4, 2, 3), "(1, 5, 3, 16, 24)", "x.transpose(0, 1, 3, 4, 2)"),
    "single": (CLIPS[0], "(5, 16, 24, 3)", "x[None]"),
    "tokens": (CLIPS[..., 0].astype(np.int64), "(3, 5, 16, 24)", "token numbers must be decoded first"),
    "alpha": (np.zeros((1, 2, 4, 4, 4), np.uint8), "(1, 2, 4, 4, 4)", "x[..., :3]"),
    "empty": (CLIPS[:0], "the array is empty", ""),
}


@pytest.mark.parametrize(("array", "words", "fix"), _WRONG.values(), ids=_WRONG)
def test_arrays_of_another_form_are_refused(array, words, fix, tmp_path):
    np.save(tmp_path / "a.npy", array)

    for attempt in (lambda: open_source(tmp_path / "a.npy"), lambda: ArraySource(array, "a.npy")):
        with pytest.raises(DataError) as raised:
            attempt()
        assert words in str(raised.value)
        assert fix in (raised.value.fix or "")
        assert raised.value.where == "a.npy"


def test_the_proposed_transposes_are_right():
    for moved, back in (
        (CLIPS.transpose(0, 4, 1, 2, 3), (0, 2, 3, 4, 1)),
        (CLIPS.transpose(0, 1, 4, 2, 3), (0, 1, 3, 4, 2)),
    ):
        np.testing.assert_array_equal(moved.transpose(back), CLIPS)


def test_pickles_are_never_loaded(tmp_path):
    class Trap:
        def __reduce__(self):
            return (os.mkdir, (str(tmp_path / "ran"),))

    np.save(tmp_path / "a.npy", np.array([Trap()], dtype=object), allow_pickle=True)
    np.savez(tmp_path / "a.npz", clips=np.array([Trap()], dtype=object))

    for name in ("a.npy", "a.npz"):
        with pytest.raises(DataError, match="Python objects, which are never loaded"):
            open_source(tmp_path / name)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("name", ["a.npy", "a.npz"])
def test_cut_and_empty_arrays_are_named(name, tmp_path):
    np.save(tmp_path / "a.npy", CLIPS)
    np.savez_compressed(tmp_path / "a.npz", clips=CLIPS)
    content = (tmp_path / name).read_bytes()
    for size in (0, 5, 60, len(content) // 2, len(content) - 10):
        (tmp_path / name).write_bytes(content[:size])
        with pytest.raises(DataError, match=rf"{name} cannot be read as an array"):
            open_source(tmp_path / name)


def test_npz_with_several_arrays(tmp_path):
    np.savez(tmp_path / "named.npz", clips=CLIPS, labels=np.arange(3))
    np.savez(tmp_path / "other.npz", real=CLIPS, fake=CLIPS)

    assert len(open_source(tmp_path / "named.npz")) == 3
    with pytest.raises(DataError, match="holds several arrays") as raised:
        open_source(tmp_path / "other.npz")
    assert raised.value.found == "real, fake"


def test_npy_is_read_in_place(tmp_path):
    source = open_source(as_npy(tmp_path / "set"))

    assert isinstance(source._array, np.memmap)
    assert type(source.read(0, [0])) is np.ndarray


# --- what is remembered ----------------------------------------------------------------------------------------------


def test_a_second_opening_decodes_nothing(tmp_path, cache, monkeypatch):
    as_mp4(tmp_path / "set")
    first = open_source(tmp_path / "set")
    looks = []
    real = streams._opened
    monkeypatch.setattr(streams, "_opened", lambda path: looks.append(path.name) or real(path))

    second = open_source(tmp_path / "set")

    assert looks == []
    assert (second.digest(), second.size) == (first.digest(), first.size)
    write_mp4(tmp_path / "set" / "v2.mp4", CLIPS[2], lossless=True)
    third = open_source(tmp_path / "set")
    assert looks == ["v2.mp4"]
    assert third.digest() != first.digest()
    assert len(list((cache / "index").iterdir())) == 1


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", "null", '{"reader": "other", "videos": {}}', '{"videos": 3}', '{"reader": READER, "videos": [1]}'],
)
def test_an_unreadable_index_is_built_again(content, tmp_path, cache):
    as_mp4(tmp_path / "set")
    digest = open_source(tmp_path / "set").digest()
    (index,) = (cache / "index").iterdir()
    index.write_text(content.replace("READER", json.dumps(json.loads(index.read_text())["reader"])))

    assert open_source(tmp_path / "set").digest() == digest
    assert len(json.loads(index.read_text())["videos"]) == 3


@pytest.mark.parametrize("key", ["num_frames", "sha256", "suits_decord", "notes", "height"])
def test_unsound_facts_are_not_believed(key, tmp_path, cache):
    as_mp4(tmp_path / "set")
    digest = open_source(tmp_path / "set").digest()
    (index,) = (cache / "index").iterdir()
    content = json.loads(index.read_text())
    for entry in content["videos"].values():
        entry["facts"][key] = -1.5
    index.write_text(json.dumps(content))

    source = open_source(tmp_path / "set")

    assert (source.digest(), source.num_frames(0), source.size) == (digest, 5, (16, 24))


def test_a_cache_that_cannot_be_written_breaks_nothing(tmp_path, monkeypatch):
    (tmp_path / "blocked").write_text("a file where the cache should be")
    monkeypatch.setenv("VIDMBENCH_CACHE", str(tmp_path / "blocked"))
    as_mp4(tmp_path / "set")

    assert len(open_source(tmp_path / "set")) == 3


def test_files_that_change_under_a_source(tmp_path):
    as_frames(tmp_path / "set")
    source = open_source(tmp_path / "set")
    (tmp_path / "set" / "v1" / "frame00000.png").write_bytes(png(CLIPS[0][0][:4]))
    (tmp_path / "set" / "v2" / "frame00000.png").unlink()

    with pytest.raises(DataError, match="does not hold what it held"):
        source.read(0, [0])
    with pytest.raises(DataError, match="v2 cannot be read"):
        source.read(1, [0])


def test_progress_is_silent_without_a_terminal(tmp_path, capfd):
    open_source(as_mp4(tmp_path / "set"), progress=True)

    assert capfd.readouterr() == ("", "")


def test_unreadable_files_are_named(tmp_path, monkeypatch):
    as_frames(tmp_path / "set")

    def refuse(self):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(survey, "FactsIndex", lambda where: pytest.fail("not reached") if where is None else _Blank())
    monkeypatch.setattr("vidmbench.videos.files.video_files.FrameFolder.stamp", refuse)
    with pytest.raises(DataError, match=r"3 of 3 videos.*\n.*\n.*\n.*v1 cannot be read: Permission denied"):
        open_source(tmp_path / "set")


class _Blank:
    def get(self, name, stamp):
        return None

    def save(self, facts):
        assert facts == {}


def test_files_written_can_be_read_by_others(tmp_path):
    write_mp4(tmp_path / "a.mp4", CLIPS[0])
    assert stat.S_IMODE((tmp_path / "a.mp4").stat().st_mode) & stat.S_IRUSR
