"""Lists of paths and globs: what they name is read as a folder of these files would be."""

import os
import shutil

import numpy as np
import pytest
from support.refusals import refused
from support.stored_videos import CLIPS, as_frames, as_mp4, as_tar, as_tar_of_arrays, as_webdataset, png

from vidmbench.videos import open_source, write_mp4


def names(source):
    return [source.name(index) for index in range(len(source))]


def written(path, *lines, encoding="utf-8"):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes("\r\n".join(lines).encode(encoding))
    return path


@pytest.mark.parametrize("make", [as_mp4, as_frames])
def test_a_list_and_a_glob_are_the_folder(make, tmp_path, monkeypatch):
    root = make(tmp_path / "set")
    paths = [f"../set/{path.name}" for path in root.iterdir()]
    folder = open_source(root)
    monkeypatch.chdir(tmp_path)

    for named in (written(tmp_path / "lists" / "all.txt", *paths), "set/*", "set/v{1,2,10}*", str(root / "v[0-9]*")):
        source = open_source(named)
        assert names(source) == names(folder)
        assert source.digest() == folder.digest()
        np.testing.assert_array_equal(source.read(2, [1, 4]), CLIPS[2][[1, 4]])


def test_the_lines_of_a_list(tmp_path):
    root = as_mp4(tmp_path / "set")
    (root / "v1.mp4").rename(root / "#1 of ä b.mp4")
    lines = ["# of a comment", "", "  v2.mp4  ", str(root / "v10.mp4"), "#1 of ä b.mp4"]

    for encoding in ("utf-8", "utf-8-sig", "utf-16"):
        source = open_source(written(root / "list.txt", *lines, encoding=encoding))
        assert names(source) == ["#1 of ä b.mp4", "v2.mp4", "v10.mp4"]


def test_numbers_behind_paths_are_classes(tmp_path):
    root = as_mp4(tmp_path / "set")
    source = open_source(written(root / "train.txt", "v1.mp4 3", "v10.mp4\t7", "v2.mp4"))
    assert (names(source), source.labels) == (["v1.mp4", "v2.mp4", "v10.mp4"], (3, None, 7))


def test_all_that_is_wrong_with_a_list_is_said_at_once(tmp_path):
    root = as_mp4(tmp_path / "set")
    (root / "notes.md").write_text("x")
    lines = ["v1.mp4", "gone/a.mp4", "v2.mp4", "b.mp4", "./v2.mp4", "notes.md", "https://x.org/a.mp4"]

    error = refused(written(root / "list.txt", *lines), "6 lines of list.txt cannot be used")

    assert "no file: gone/a.mp4 (line 2), b.mp4 (line 4), https:/x.org/a.mp4 (line 7)" in error.found
    assert "named more than once: v2.mp4 (line 3), v2.mp4 (line 5)" in error.found
    assert "no video: notes.md (line 6)" in error.found
    assert f"relative paths begin in the list's folder, {root}" in error.fix


def test_files_that_are_no_lists(tmp_path):
    refused(written(tmp_path / "a.txt", "", "# nothing"), "a.txt is not a list of videos", "found: no path")
    (tmp_path / "b.txt").write_bytes(b"v\0\0\1")
    refused(tmp_path / "b.txt", "b.txt is not a list of videos", "bytes that are not text")
    refused(written(tmp_path / "c.txt", "c.txt"), "no video: c.txt (line 1)")


def test_a_list_of_many_missing_files_is_short(tmp_path):
    error = refused(written(tmp_path / "a.txt", *(f"{number}.mp4" for number in range(500))), "500 lines of a.txt")
    assert "and 480 more" in error.found


def test_globs_of_frames_and_of_any_depth(tmp_path):
    root = as_frames(tmp_path / "set")
    assert open_source(str(root / "*" / "*.png")).digest() == open_source(root).digest()
    assert open_source(str(tmp_path / "**" / "*.png")).digest() == open_source(root).digest()
    assert open_source(str(tmp_path / "**")).digest() == open_source(root).digest()
    assert open_source(str(root / "*" / "frame0000[0-2].png")).num_frames(0) == 3
    (tmp_path / "README.md").write_text("x")
    assert open_source(str(tmp_path / "*")).digest() == open_source(tmp_path / "set").digest()


def test_a_file_of_the_very_name_comes_before_a_glob(tmp_path):
    as_mp4(tmp_path / "set")
    (tmp_path / "set" / "v1.mp4").rename(tmp_path / "set" / "v[1].mp4")
    assert names(open_source(tmp_path / "set" / "v[1].mp4")) == ["v[1].mp4"]


def test_folders_whose_names_have_wildcards(tmp_path):
    as_mp4(tmp_path / "set [a]*")
    assert len(open_source(str(tmp_path / "set [a]*" / "v*.mp4"))) == 3


def test_the_label_of_a_glob_names_its_folder(tmp_path, monkeypatch):
    as_frames(tmp_path / "set")
    monkeypatch.chdir(tmp_path)
    for pattern, label in (("set/*", "set/*"), ("set/*/*.png", "set/*/*.png"), ("s*", f"{tmp_path.name}/s*")):
        assert open_source(pattern).label == label
    assert open_source(str(tmp_path / "set" / "v1" / "*.png")).label == "v1/*.png"


def test_a_glob_that_matches_nothing(tmp_path):
    as_mp4(tmp_path / "set")
    error = refused(str(tmp_path / "set" / "*.avi"), "no file matches the pattern")
    assert error.found == f"{tmp_path / 'set'} holds v1.mp4, v10.mp4, v2.mp4"
    refused(str(tmp_path / "set" / "v{1..3}.mp4"), "1 of the files that the pattern stands for are missing", "v3.mp4")
    refused(str(tmp_path / "set" / "v{1..999999999999}.mp4"), "no file matches the pattern")


def shards(folder, *, same_keys):
    """Two archives of two videos each, whose names are the same or not."""
    for number in range(2):
        part = folder / f"part{number}"
        for video in range(2):
            write_mp4(part / f"{video if same_keys else 2 * number + video}.mp4", CLIPS[video + number], lossless=True)
        shutil.make_archive(str(folder / f"shard-{number:06d}"), "tar", part)


def test_shards_are_one_source(tmp_path):
    shards(tmp_path / "a", same_keys=False)
    for part in (tmp_path / "a").glob("part*"):
        shutil.copytree(part, tmp_path / "whole", dirs_exist_ok=True)
    for pattern in ("*.tar", "shard-{000000..000001}.tar"):
        source = open_source(str(tmp_path / "a" / pattern))
        assert source.digest() == open_source(tmp_path / "whole").digest()

    shards(tmp_path / "b", same_keys=True)
    source = open_source(str(tmp_path / "b" / "*.tar"))
    assert names(source) == [f"shard-{number:06d}/{video}.mp4" for number in range(2) for video in range(2)]
    np.testing.assert_array_equal(source.read(3, [4]), CLIPS[2][[4]])


def test_notes_on_many_shards_are_one(tmp_path):
    for number in range(3):
        as_webdataset(tmp_path / f"set{number}").rename(tmp_path / f"shard{number}.tar")
    source = open_source(str(tmp_path / "*.tar"))
    assert len(source) == 9
    assert source.notes == ("shard0.tar: files that are no videos were left aside: 3 .json; 2 more archives alike",)


def test_archives_beside_videos(tmp_path):
    as_tar(tmp_path / "set")
    refused(str(tmp_path / "set" / "*"), "names archives and other files", "videos.tar and v1.mp4")
    shutil.rmtree(tmp_path / "set")
    as_tar_of_arrays(tmp_path / "set")
    assert "give the archives in a quoted glob" in refused(tmp_path / "set", "no videos in set").fix


def test_a_video_by_its_own_path_and_by_that_of_its_folder(tmp_path):
    as_mp4(tmp_path / "set")
    refused(written(tmp_path / "a.txt", "set", "set/v1.mp4"), "names videos more than once", "set/v1.mp4")


def test_a_list_of_one(tmp_path):
    root = as_frames(tmp_path / "set")
    assert names(open_source(written(tmp_path / "a.txt", "set/v1"))) == ["v1"]
    assert open_source(written(tmp_path / "a.txt", "set")).digest() == open_source(root).digest()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_pipes_are_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "x.mp4")
    refused(written(tmp_path / "a.txt", "x.mp4"), "is neither a file nor a folder")
    refused(str(tmp_path / "*.mp4"), "is neither a file nor a folder")


def test_one_array_a_video(tmp_path):
    (tmp_path / "set").mkdir()
    np.save(tmp_path / "set" / "a.npy", CLIPS[0])
    np.save(tmp_path / "set" / "b.npy", CLIPS[1].astype(np.float32))
    error = refused(tmp_path / "set", "1 of 2 videos in set cannot be used", "b.npy does not hold one video")
    assert "float32 (5, 16, 24, 3)" in error.found
    np.save(tmp_path / "set" / "b.npy", CLIPS)
    refused(tmp_path / "set" / "*.npy", "give an array of many videos by its own path")
    np.save(tmp_path / "set" / "b.npy", np.asfortranarray(CLIPS[1]))
    refused(tmp_path / "set", "Fortran order")
    (tmp_path / "set" / "b.npy").write_bytes(b"x")
    refused(tmp_path / "set", "b.npy cannot be read as an array")
    (tmp_path / "set" / "v").mkdir()
    (tmp_path / "set" / "v" / "0.png").write_bytes(png(CLIPS[0][0]))
    assert names(open_source(tmp_path / "set")) == ["v"]  # arrays beside videos stay what they were


@pytest.mark.parametrize("sign", ["\u2028", "\u2029", "\x0b", "\x0c", "\x1c", "\x85"])
def test_lines_end_at_line_ends_alone(sign, tmp_path):
    write_mp4(tmp_path / f"a{sign}b.mp4", CLIPS[0], lossless=True)
    write_mp4(tmp_path / "c.mp4", CLIPS[1], lossless=True)

    for end in ("\n", "\r\n", "\r"):
        (tmp_path / "list.txt").write_bytes(f"a{sign}b.mp4{end}{end}c.mp4{end}".encode())
        assert len(open_source(tmp_path / "list.txt")) == 2
