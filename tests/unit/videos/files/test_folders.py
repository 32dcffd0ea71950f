"""Folders of videos: what is in them, what is ignored, and what is refused."""

import os

import pytest
from support.stored_videos import CLIPS, as_frames, as_mp4, png

from vidmbench.core.errors import DataError
from vidmbench.videos import open_source, write_gif, write_mp4


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

    for on_bad in ("stop", "skip"):
        with pytest.raises(DataError, match="2 of 2 videos") as raised:
            open_source(tmp_path, on_bad=on_bad)
        assert raised.value.found.startswith("the same in each, such as a.mp4: a.mp4 cannot be read as a video")
        assert raised.value.fix == "download or export it again"
    (tmp_path / "b.mp4").unlink()
    with pytest.raises(DataError, match=r"a\.mp4 cannot be read as a video") as raised:
        open_source(tmp_path)
    assert raised.value.fix == "download or export it again"


def test_what_one_cause_calls_for_is_said_where_some_videos_can_be_used(tmp_path):
    as_mp4(tmp_path / "set")
    (tmp_path / "set" / "bad.mp4").write_bytes(b"")

    with pytest.raises(DataError, match="1 of 4 videos") as raised:
        open_source(tmp_path / "set")
    assert raised.value.fix == "download or export it again; or skip it with --on-bad skip"


def test_frames_whose_names_begin_with_a_dot_are_mentioned(tmp_path):
    (tmp_path / "set" / "v").mkdir(parents=True)
    for number in range(3):
        (tmp_path / "set" / "v" / f".{number:02d}.png").write_bytes(png(CLIPS[0][number]))

    with pytest.raises(DataError, match="no videos in set") as raised:
        open_source(tmp_path / "set")
    assert raised.value.found.startswith("3 files with names that begin with a dot")
    assert "first: v/.00.png" in raised.value.found
    assert "do not begin with a dot" in raised.value.fix


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


def test_empty_folder_says_what_was_looked_for_and_found(tmp_path):
    (tmp_path / "set" / "inner").mkdir(parents=True)
    (tmp_path / "set" / "readme.txt").write_text("x")
    (tmp_path / "set" / "clips.npz").write_bytes(b"x")

    with pytest.raises(DataError, match="no videos in set") as raised:
        open_source(tmp_path / "set")

    assert "mp4" in raised.value.expected
    assert "png" in raised.value.expected
    assert "1 .txt file" in raised.value.found
    assert "1 empty folder" in raised.value.found
    assert ".npy" in raised.value.fix


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


def test_one_name_in_two_spellings_is_one_video_twice(tmp_path):
    as_mp4(tmp_path / "set")
    for name in ("caf\u00e9", "cafe\u0301"):
        (tmp_path / "set" / f"{name}.mp4").write_bytes((tmp_path / "set" / "v1.mp4").read_bytes())
    if len(list((tmp_path / "set").iterdir())) < 5:
        pytest.skip("this file system keeps one spelling")

    with pytest.raises(DataError, match="two spellings") as raised:
        open_source(tmp_path / "set")

    assert "caf\u00e9.mp4" in raised.value.found
    assert r"cafe\u0301.mp4" in raised.value.found


def test_a_folder_that_is_linked_twice_counts_once_and_is_noted(tmp_path):
    as_frames(tmp_path / "set")
    (tmp_path / "set" / "v3").symlink_to(tmp_path / "set" / "v1", target_is_directory=True)

    source = open_source(tmp_path / "set")

    assert len(source) == 3
    assert source.notes == ("links lead to 1 folder a second time, which counts once (first: v3)",)


def test_a_folder_that_cannot_be_listed_is_not_passed_over(tmp_path, monkeypatch):
    as_frames(tmp_path / "set")
    scandir = os.scandir

    def refuse(path):
        if str(path).endswith("v2"):
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)

    with pytest.raises(DataError, match="v2 cannot be listed: Permission denied"):
        open_source(tmp_path / "set")


def test_a_link_that_leads_to_itself_is_one_message(tmp_path):
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    as_mp4(tmp_path / "set")
    (tmp_path / "set" / "v9.mp4").symlink_to(tmp_path / "set" / "v9.mp4")

    with pytest.raises(DataError, match="loop is a link that leads nowhere"):
        open_source(tmp_path / "loop")
    with pytest.raises(DataError, match=r"v9\.mp4"):
        open_source(tmp_path / "set")


@pytest.mark.parametrize("name", ["x" * 300, "a\0b", "x" * 300 + "/y.mp4"])
def test_a_path_that_no_file_can_have(name, tmp_path):
    with pytest.raises(DataError):
        open_source(f"{tmp_path}/{name}")


@pytest.mark.parametrize(
    ("order", "said"),
    [
        ([0, 0, 1, 1, 2, 2, 3, 3], "one of every 2"),
        ([0, 1, 1, 2, 2, 3, 3, 4], "one of every 2"),
        ([0, 1, 2, 2, 3, 4, 4, 0, 1, 1, 2], "one of every 3"),
        ([0, 0, 0, 0, 0, 0], None),  # it stands still
        ([0, 0, 1, 1, 2, 3, 4, 0, 1], None),
        ([0, 1, 2, 3, 4, 0, 1, 1, 2, 2, 3, 3], None),  # only its end
    ],
)
def test_frames_that_were_doubled_are_noted(order, said, tmp_path):
    (tmp_path / "set" / "v").mkdir(parents=True)
    for number, frame in enumerate(order):
        (tmp_path / "set" / "v" / f"{number}.png").write_bytes(png(CLIPS[0][frame]))
    notes = [note for note in open_source(tmp_path / "set").notes if "repeat the one before" in note]
    assert len(notes) == (said is not None)
    assert said is None or said in notes[0]


def test_a_link_to_a_frame_that_is_not_there_is_named(tmp_path):
    folder = as_frames(tmp_path / "set") / "v1"
    last = sorted(folder.iterdir())[-1]
    last.rename(tmp_path / "away.png")
    last.symlink_to("nowhere.png")

    with pytest.raises(DataError, match=rf"v1/{last.name} is a link to a file that is not there"):
        open_source(tmp_path / "set")
