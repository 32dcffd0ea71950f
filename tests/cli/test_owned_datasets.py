"""The paper's data sets, as their users own them: read by name, cropped and resized as the protocol says."""

import re

import numpy as np
import pytest
from support.dataset_trees import ucf_lists, write_videos

from vidmbench.sources.clevrer_mini import ToyVideos
from vidmbench.videos import open_source
from vidmbench.videos.packed import writer as preparing
from vidmbench.videos.packed.reader import open_prepared
from vidmbench.videos.pre_resize import pre_resized

NAMES = [f"{name}/v_{name}_g{group:02d}_c01" for name in ("Archery", "YoYo") for group in (1, 8, 9, 20)]
RUN = ("run", "--model", "mine", "--samples", "samples.npy", "--frames", 16)


@pytest.fixture
def root(folder, fake_network):
    write_videos(folder / "UCF-101", [f"{name}.avi" for name in NAMES])
    ucf_lists(folder / "UCF-101/ucfTrainTestlist", NAMES)
    toy = ToyVideos("train", resolution=32)
    np.save(folder / "samples.npy", np.stack([toy.read(index, range(16)) for index in range(8)]))
    return folder / "UCF-101"


def scored(done):
    assert done.code == 0, done.err
    return done.json


def test_a_protocol_fixes_the_real_side(root, command):
    words = (*RUN, "--dataset", "ucf101", "--data-root", root, "--num-videos", 8)
    done = command(*words, "-v")
    assert done.code == 0, done.err
    assert " vs ucf101@all " in done.out
    assert "pre:short-side-lanczos-centre.256" in done.out + done.err
    assert "the real videos taken cover 2 of the 2 classes of ucf101@all" in done.err
    few = command(*words[:-2], "--num-videos", 4, "--protocol", "fvd-stylegan-v", "-v")  # the first in sorted order
    assert "the real videos taken cover 1 of the 2 classes of ucf101@all" in few.err
    assert "frames were brought to 256x256 by short-side-lanczos-centre" in done.err
    by_name = scored(command(*words, "--json"))
    other = scored(command(*words, "--protocol", "fvd-stylegan-v", "--json"))
    assert "pre:short-side-lanczos-centre-jpeg75.256" in other["signature"]
    smaller = scored(command(*words[:-4], "--data-root", root, "--num-videos", 8, "--dataset", "ucf101/64", "--json"))
    assert "pre:short-side-lanczos-centre.64" in smaller["signature"]
    assert len({by_name["signature_id"], other["signature_id"], smaller["signature_id"]}) == 3
    bare = scored(command(*RUN, "--dataset", f"folder:{root}", "--num-videos", 8, "--json"))
    assert "pre:" not in bare["signature"]
    as_is = scored(
        command("score", "dataset:ucf101@all", "samples.npy", "--data-root", root, "--num-videos", 8, "--json")
    )
    assert "pre:" not in as_is["signature"]  # score takes every source as it is


def test_controls_come_from_the_other_split(root, command):
    words = ("run", "--dataset", "ucf101@train", "--data-root", root, "--frames", 16, "--num-videos", 2)
    found = scored(command(*words, "--model", "control:static", "--json"))
    assert "data:ucf101@train" in found["signature"]
    command(*words[:2], "ucf101", *words[3:], "--model", "control:real").fails("needs a second split")


def test_protocols_that_crop_differently_need_two_runs(root, command):
    words = (*RUN, "--dataset", "ucf101", "--data-root", root, "--num-videos", 8)
    command(*words, "--protocol", "fvd-stylegan-v", "--protocol", "fvd-vidm-paper").fails(
        "read the data set in different ways", "jpeg75", "two runs"
    )


def test_a_prepared_file_takes_the_place_of_the_data_set(root, command, folder):
    words = ("data", "prepare", "ucf101", "--data-root", root, "--resolution", 64, "--out", "ucf.frames")
    plan = command(*words, "--dry-run")
    assert plan.code == 0, plan.err
    assert "8 videos of ucf101@all at 64x64 by short-side-lanczos-centre: 1.6 MB raw" in plan.err
    assert not (folder / "ucf.frames").exists()
    done = command(*words)
    assert done.code == 0, done.err
    assert "ucf.frames: 8 videos" in done.out
    assert command(*words).code == 0  # nothing is left to do
    file, source = open_prepared("ucf.frames"), open_source(root)
    wanted = pre_resized(source.read(0, range(16)), "short-side-lanczos-centre", 64)
    assert np.array_equal(file.read(0, range(16)), wanted)
    assert sorted(set(file.labels)) == [0, 1] or len(set(file.labels)) == 2
    score = (*RUN, "--dataset", "ucf101/64", "--num-videos", 8, "--json")
    ours = scored(command(*score, "--data-root", "ucf.frames"))
    theirs = scored(command(*score, "--data-root", root))
    assert (ours["value"], ours["signature_id"]) == (theirs["value"], theirs["signature_id"])


def test_a_file_prepared_with_other_settings_is_refused(root, command):
    words = ("data", "prepare", "ucf101", "--data-root", root, "--resolution", 64, "--out", "ucf.frames")
    assert command(*words, "--split", "train").code == 0
    score = (*RUN, "--data-root", "ucf.frames", "--num-videos", 4)
    command(*score, "--dataset", "ucf101@train").fails("was prepared with other settings", "256x256", "64x64")
    command(*score, "--dataset", "ucf101/64").fails("holds other videos", "ucf101@all", "ucf101@train")
    command(*words, "--split", "test").fails("ucf.frames")


def test_preparing_says_that_it_goes_on(root, command, monkeypatch):
    words = ("data", "prepare", "ucf101", "--data-root", root, "--resolution", 64, "--out", "ucf.frames")
    whole = preparing._compress_video

    def stopped(source, index, *more):
        if index == 5:
            raise KeyboardInterrupt
        return whole(source, index, *more)

    monkeypatch.setattr(preparing, "_compress_video", stopped)
    assert command(*words, "--workers", 1).code != 0
    monkeypatch.setattr(preparing, "_compress_video", whole)
    again = command(*words)
    assert again.code == 0, again.err
    found = re.search(r"resumes ucf.frames: (\d) of 8 videos were written before", again.err)
    assert found
    assert 1 <= int(found[1]) <= 5
    assert "nothing to do" in command(*words).err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("clevrer-mini",), ("does not need to be prepared", "data make clevrer-mini")),
        (("ucf101", "--split", "tset"), ("unknown split", "did you mean test")),
        (("ucf101", "--rule", "lanczos"), ("unknown rule",)),
        (("ucf101", "--protocol", "fvd-tf-hub", "--resolution", "64"), ("leaves frames as they are", "--rule")),
    ],
)
def test_what_cannot_be_prepared(words, said, root, command):
    command("data", "prepare", *words, "--data-root", root, "--out", "x.frames").fails(*said)


def test_a_data_root_must_be_given(root, command):
    command(*RUN, "--dataset", "ucf101", "--num-videos", 8).fails("ucf101 is not built in", "--data-root DIR")


def test_training_reads_them_too(root, command, folder):
    from support.minute_recipe import RECIPE

    (folder / "minute.toml").write_text(RECIPE)
    words = ("train", "--recipe", "minute.toml", "--dataset", "ucf101", "--data-root", root)
    done = command(*words, "--out", "RUN", "--part", "content")
    assert done.code == 0, done.err
