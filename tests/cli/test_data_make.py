"""``data make``: the built-in data set as files."""

from pathlib import Path

import numpy as np
import pytest

from vidmbench.core.locks import locked
from vidmbench.sources.clevrer_mini import ToyVideos
from vidmbench.videos import open_source

MAKE = ("data", "make", "clevrer-mini")


@pytest.mark.parametrize(("form", "path"), [("mp4", "out"), ("npz", "out/clevrer-mini-test.npz")])
def test_identical_pixels(form, path, command):
    done = command(*MAKE, "--num-videos", "3", "--frames", "12", "--format", form, "--out", "out")
    assert (done.code, done.err) == (0, "")
    assert done.out == "3 videos of 12 frames in out\n"
    source, videos = open_source(path), ToyVideos("test")
    assert len(source) == 3
    for index in range(3):
        assert source.num_frames(index) == 12
        assert np.array_equal(source.read(index, range(12)), videos.read(index, range(12)))


def test_another_split_and_resolution(command):
    done = command(*MAKE, "--num-videos", "1", "--split", "train", "--resolution", "32", "--frames", "9")
    assert done.out == "1 video of 9 frames in clevrer-mini-train\n"
    source = open_source("clevrer-mini-train")
    assert source.size == (32, 32)
    assert np.array_equal(source.read(0, range(9)), ToyVideos("train", resolution=32).read(0, range(9)))


def test_whole_videos_where_frames_are_left_out(command):
    command(*MAKE, "--num-videos", "1", "--out", "out")
    assert open_source("out").num_frames(0) == 128


def test_a_second_run_goes_on(command, monkeypatch):
    command(*MAKE, "--num-videos", "2", "--frames", "9", "--out", "out")
    stamps = {path: path.stat().st_mtime_ns for path in Path("out").glob("*.mp4")}
    drawn = []
    read = ToyVideos.read
    monkeypatch.setattr(
        ToyVideos, "read", lambda self, index, frames: (drawn.append(index), read(self, index, frames))[1]
    )
    done = command(*MAKE, "--num-videos", "4", "--frames", "9", "--out", "out")
    assert done.out == "4 videos of 9 frames in out (2 were there already)\n"
    assert drawn == [2, 3]
    assert all(path.stat().st_mtime_ns == stamp for path, stamp in stamps.items())
    assert len(open_source("out")) == 4


def test_a_second_run_of_arrays(command):
    words = (*MAKE, "--frames", "9", "--format", "npz", "--out", "out", "--num-videos")
    command(*words, "2")
    assert command(*words, "2").out == "2 videos of 9 frames in out (2 were there already)\n"
    assert command(*words, "3").out == "3 videos of 9 frames in out\n"
    assert len(open_source("out/clevrer-mini-test.npz")) == 3


@pytest.mark.parametrize(
    "other",
    [("--frames", "10"), ("--split", "train"), ("--resolution", "32"), ("--format", "npz")],
    ids=lambda words: words[0],
)
def test_two_kinds_never_mix_in_one_folder(other, command):
    """Names are the same in both splits and at every length: an existing file says nothing about its pixels."""
    words = (*MAKE, "--num-videos", "1", "--frames", "9", "--out", "out")
    assert command(*words).code == 0
    command(*words, *other).fails("already holds something else", "expected:", "found:", "where: out", "--out")
    assert len(list(Path("out").iterdir())) == 3  # the video, what the folder holds, the sums of its files


def test_a_folder_of_others(command):
    Path("out").mkdir()
    Path("out/thesis.tex").write_text("x")
    command(*MAKE, "--out", "out").fails("already holds something else", "files of another origin")
    assert len(list(Path("out").iterdir())) == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--num-videos", "2049"), ["fewer videos than requested", "at most 2048", "--num-videos 2048 works"]),
        (("--frames", "129"), ["fewer frames than requested", "at most 128", "--frames 128 works"]),
        (("--resolution", "50"), ["is not available at 50 pixels", "32, 64, 128", "found: 50"]),
        (("--num-videos", "0"), ["--num-videos"]),
        (("--format", "gif"), ["--format", "npz"]),
    ],
    ids=lambda words: " ".join(words) if isinstance(words, tuple) else "",
)
def test_what_cannot_be_made(words, said, command, folder):
    command(*MAKE, *words, "--out", "out").fails(*said)
    assert not list(folder.iterdir())


def test_what_was_made_can_be_scored(command, fake_network):
    """The files give the value of the data set itself."""
    command(*MAKE, "--num-videos", "4", "--frames", "16", "--out", "out")
    common = ("control:blurred", "--protocol", "fvd-tf-hub", "--num-videos", "4", "--json")
    Path("named").mkdir()
    made = command("score", "dataset:clevrer-mini@train", "out", *common[1:])
    direct = command("score", "dataset:clevrer-mini@train", "dataset:clevrer-mini@test", *common[1:])
    assert made.json["value"] == direct.json["value"]
    assert command("score", "out", *common).code == 0


HIDDEN = (".made-by-vidmbench.tmp-01234567-1-x.json", ".DS_Store", "Thumbs.db")


def test_hidden_files_make_no_folder_one_of_others(command):
    """A kill at the start leaves a temporary; file managers leave theirs."""
    Path("out").mkdir()
    for name in HIDDEN:
        Path("out", name).touch()
    words = (*MAKE, "--num-videos", "1", "--frames", "9", "--out", "out")
    assert command(*words).out == "1 video of 9 frames in out\n"
    assert command(*words).out == "1 video of 9 frames in out (1 were there already)\n"
    assert len(open_source("out")) == 1


def test_a_damaged_video_is_written_again(command):
    words = (*MAKE, "--num-videos", "2", "--frames", "9", "--out", "out")
    command(*words)
    first, second = sorted(Path("out").glob("*.mp4"))
    whole = first.read_bytes(), second.read_bytes()
    data = bytearray(whole[0])
    data[len(data) // 2] ^= 1
    first.write_bytes(data)
    second.write_bytes(whole[1][:-400] + bytes(400))
    assert command(*words).out == "2 videos of 9 frames in out\n"
    assert (first.read_bytes(), second.read_bytes()) == whole


def test_one_process_at_a_time_writes_into_a_folder(command):
    with locked(Path("out") / "made-by-vidmbench.json"):
        command(*MAKE, "--num-videos", "1", "--frames", "9", "--out", "out").fails("another process", "where: out")
    assert list(Path("out").glob("*")) == []
