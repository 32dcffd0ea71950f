"""``data check``: a user's copy of a data set against its declaration."""

import numpy as np
import pytest
from support.dataset_trees import UCF_NAMES, frames, touch, write_videos

AVI = [f"{name}.avi" for name in UCF_NAMES]
CHECK = ("data", "check", "ucf101", "--data-root")


def test_a_readable_report(command, folder):
    write_videos(folder / "ucf", AVI)
    done = command(*CHECK, "ucf")
    assert (done.code, done.err) == (0, "")
    for words in ("ucf101@all in ucf", "13320", "findings", "5 of 13320", "can be scored: yes, up to 5 videos"):
        assert words in done.out


def test_json_for_programs(command, folder):
    write_videos(folder / "ucf", AVI)
    content = command(*CHECK, "ucf", "--split", "all", "--json").json
    assert (content["videos"], content["expected_videos"], content["lengths"]) == (5, 13320, {"16": 5})
    assert {"dataset", "split", "root", "layout", "is_quick", "videos", "expected_videos", "lengths", "sizes", "rates",
            "classes", "expected_classes", "first_classes", "long_enough", "broken", "findings", "notes",
            "can_be_scored"} == content.keys()  # fmt: skip


def test_quick_needs_no_video(command, folder):
    touch(folder / "ucf", AVI)
    done = command(*CHECK, "ucf", "--quick")
    assert done.code == 0
    assert "names only" in done.out
    assert command(*CHECK, "ucf").code == 2


def test_what_cannot_be_scored_is_exit_code_2_with_the_whole_report(command, folder):
    touch(folder / "ucf", AVI)
    done = command(*CHECK, "ucf", "--json")
    assert done.code == 2
    assert done.json["can_be_scored"] is False
    assert len(done.json["broken"]) == 5


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("ucf101",), ("ucf101 is not built in", "--data-root DIR")),
        (("ucf101", "--data-root", "gone"), ("path not found: gone",)),
        (("ufc101", "--data-root", "sky"), ("unknown data set 'ufc101': did you mean ucf101",)),
        (("ucf101", "--data-root", "sky"), ("it looks like sky-timelapse", "--dataset sky-timelapse")),
        (("sky-timelapse", "--data-root", "sky", "--split", "val"), ("unknown split of sky-timelapse 'val'",)),
        (("sky-timelapse", "--data-root", "sky", "--split", "test"), ("sky-timelapse has no split 'test' here",)),
        (("folder:sky",), ("unknown data set 'folder:sky'", "videos of your own", "score REAL SCORED --dry-run")),
        (("clevrer-mini",), ("clevrer-mini needs no check",)),
    ],
)
def test_bad_input(words, said, command, folder, monkeypatch):
    monkeypatch.delenv("VIDMBENCH_DATA_ROOT", raising=False)
    touch(folder / "sky", frames("sky_train/08ug3bzhV8Y/08ug3bzhV8Y_1"))
    command("data", "check", *words, "--quick").fails(*said)


def test_the_folder_above_in_the_environment(command, folder, monkeypatch):
    touch(folder / "sets" / "ucf101", AVI)
    monkeypatch.setenv("VIDMBENCH_DATA_ROOT", str(folder / "sets"))
    assert "ucf101@all" in command("data", "check", "ucf101", "--quick").out
    assert "ucf101@train" in command("data", "check", "ucf101", "--quick", "--protocol", "fvd-tf-hub").out


def test_real_footage_is_not_made(command):
    command("data", "make", "ucf101").fails(
        "ucf101 cannot be generated: it is real footage", "vidmbench data check ucf101"
    )


@pytest.mark.parametrize("name", ["ucf101", "taichi-hd", "sky-timelapse", "clevrer"])
def test_listed_and_shown(name, command):
    assert name in command("list", "datasets").out
    shown = command("show", name)
    assert shown.out.startswith(f"# data set\nname: {name}\n")
    assert command("show", name, "--json").json["reader"] == "layouts"


def test_a_prepared_file_takes_the_place_of_the_data_set(command, folder):
    write_videos(folder / "ucf", AVI)
    whole = command(*CHECK, "ucf").out
    assert (
        command("data", "prepare", "ucf101", "--data-root", "ucf", "--resolution", "32", "--out", "u.frames").code == 0
    )
    done = command(*CHECK, "u.frames")
    assert done.code == 0
    assert "prepared by the rule short-side-lanczos-centre at 32 pixels" in done.out
    for line in ("5 of 13320 (0 %) videos", "can be scored: yes, up to 5 videos"):
        assert line in whole
        assert line in done.out
    command(*CHECK, "u.frames", "--split", "test1").fails("u.frames holds other videos", "--split all")


def test_one_file_is_taken_on_its_owner_s_word(command, folder):
    np.save(folder / "clips.npy", np.zeros((4, 16, 32, 32, 3), np.uint8))
    done = command(*CHECK, "clips.npy", "--split", "test3")
    assert done.code == 0
    assert "taken for ucf101@test3 because --dataset says so" in done.out
    assert "4 of 3696" in done.out


def test_a_root_of_other_data_sets(command, folder):
    touch(folder / "sets" / "ucf101", AVI)
    command("data", "check", "clevrer", "--data-root", "sets").fails(
        "no clevrer in sets", "a subfolder clevrer/ next to ucf101/", "give the folder of clevrer itself"
    )
