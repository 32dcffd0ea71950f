"""What data check finds in a copy of a data set, each against what the declaration expects."""

import pytest
from support.dataset_trees import FIRST_CLASSES, UCF_NAMES, frames, many, touch, write_frame_folders, write_videos

from vidmbench.core.errors import DataError, UsageError
from vidmbench.sources.datasets import check as dataset_check
from vidmbench.sources.datasets.check import check_dataset, report_json, report_text
from vidmbench.sources.datasets.spec import load_dataset
from vidmbench.videos.files.video_files import VideoFile


def found(report):
    return "\n".join(finding.sentence() for finding in report.findings)


def test_everything_about_a_few_videos(tmp_path):
    root = write_videos(tmp_path, [f"{name}.avi" for name in UCF_NAMES[:3]], 20)
    write_videos(root, [f"{UCF_NAMES[3]}.avi"], 16, fps=10)
    ticks = []
    report = check_dataset("ucf101", root, "all", progress=lambda *tick: ticks.append(tick))
    assert (report.dataset, report.split, report.videos, report.expected_videos) == ("ucf101", "all", 4, 13320)
    assert report.lengths == {16: 1, 20: 3}
    assert report.sizes == {"32x32": 4}
    assert report.rates == {"25": 3, "10": 1}
    assert (report.classes, report.expected_classes, report.first_classes) == (2, 101, 2)
    assert [(entry.frames, entry.stride, entry.videos) for entry in report.long_enough] == [
        (16, 1, 4), (64, 1, 0), (128, 1, 0), (16, 2, 0), (64, 2, 0), (128, 2, 0), (16, 4, 0), (64, 4, 0), (128, 4, 0),
    ]  # fmt: skip
    assert (report.broken, report.can_be_scored) == ((), True)
    assert [done for done, _, _ in ticks] == [1, 2, 3, 4]
    assert ticks[0][1:] == (4, "inspecting ucf101@all")
    text = found(report)
    assert "4 of 13320 (0 %) videos" in text
    assert "2; none of ApplyEyeMakeup, ApplyLipstick" in text
    assert "1 video at 10 (expected: 25 to 30 frames per second)" in text
    assert "4 shorter videos (3 of 20, 1 of 16) (expected: 29 to 1776 frames)" in text
    assert "32x32: this is not as released" in text
    assert "0 for 64 frames at stride 1" in text


def test_the_table_and_the_json_say_the_same(tmp_path):
    root = write_videos(tmp_path, [f"train/{name}.avi" for name in UCF_NAMES[1:4]])
    report = check_dataset("ucf101", root)
    text = report_text(report)
    for words in (
        "ucf101@train in ",
        "video files, in class folders, split by the numbers in the names",
        "videos                               9537             2",
        "frames per video                     29 to 1776       16",
        "size, pixels                         320x240          32x32",
        "frames per second                    25 to 30         25",
        "classes                              101              2",
        "classes in the first 2048            101              2",
        "long enough for 16 frames, stride 1                   2",
        "can be scored: yes",
    ):
        assert " ".join(words.split()) in " ".join(text.split()), text
    content = report_json(report)
    assert content["videos"] == 2
    assert content["findings"][0] == {
        "expected": "9537 videos",
        "found": "2 of 9537 (0 %) videos",
        "meaning": "an incomplete or another copy: compare scores only with those of the same videos",
    }
    assert content["long_enough"][0] == {"frames": 16, "stride": 1, "videos": 2}


def test_broken_files_are_listed_with_reasons(tmp_path):
    names = [f"video_{number:05d}.mp4" for number in range(9)]
    root = write_videos(tmp_path, names)
    for name in names[2:]:
        (root / name).write_bytes(b"no video")
    report = check_dataset("clevrer", root)
    assert [video.name for video in report.broken] == names[2:]
    assert "cannot be read as a video" in report.broken[0].reason
    assert report.can_be_scored
    assert "7 videos cannot be used, first video_00002.mp4" in found(report)
    text = report_text(report)
    assert text.count("cannot be read as a video") == 5
    assert "and 2 more; --json lists them all" in text
    assert "can be scored: yes, with --on-bad skip" in text
    assert len(report_json(report)["broken"]) == 7
    (root / names[1]).write_bytes(b"no video")
    report = check_dataset("clevrer", root)
    assert not report.can_be_scored
    assert report_text(report).endswith("can be scored: no")


def test_videos_of_two_sizes(tmp_path):
    write_frame_folders(tmp_path, frames("train/08ug3bzhV8Y_1", 16), 32, 32)
    write_frame_folders(tmp_path, frames("train/3bufRYg7qxY_1", 16), 40, 32)
    write_frame_folders(tmp_path, frames("train/3bufRYg7qxY_2", 16), 40, 32)
    report = check_dataset("sky-timelapse", tmp_path)
    assert report.sizes == {"40x32": 2, "32x32": 1}
    assert "40x32 (2), 32x32 (1) (expected: one size): run and score stop" in found(report)
    assert "with --on-bad skip" in report_text(report)


def test_videos_shorter_than_any_clip_cannot_be_scored(tmp_path):
    report = check_dataset("clevrer", write_videos(tmp_path, ["video_00000.mp4", "video_00001.mp4"], 9))
    assert not report.can_be_scored


def test_what_check_learns_serves_the_scoring(tmp_path, monkeypatch):
    root = write_videos(tmp_path, ["video_00000.mp4", "video_00001.mp4"])
    check_dataset("clevrer", root)
    monkeypatch.setattr(VideoFile, "inspect", lambda self: pytest.fail("looked at again"))
    from vidmbench.sources.datasets.opening import Reading, open_dataset
    from vidmbench.sources.datasets.spec import load_dataset

    assert len(open_dataset(load_dataset("clevrer"), reading=Reading(data_root=root))) == 2


def test_quick_decodes_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(dataset_check, "_inspect", lambda *_: pytest.fail("decoded"))
    monkeypatch.setattr(VideoFile, "inspect", lambda self: pytest.fail("decoded"))
    report = check_dataset("ucf101", touch(tmp_path, [f"{name}.avi" for name in UCF_NAMES]), "all", is_quick=True)
    assert (report.videos, report.lengths, report.sizes, report.rates) == (5, {}, {}, {})
    assert report.can_be_scored
    assert "names only; without --quick every video is decoded" in report_text(report)


def test_the_first_2048_videos_cover_16_classes(tmp_path):
    """The known trap, with the true number of clips of the first 16 classes and one of a later class."""
    names = [
        f"{name}/v_{name}_g{clip // 7 + 1:02d}_c{clip % 7 + 1:02d}.avi"
        for name, count in FIRST_CLASSES.items()
        for clip in range(count)
    ]
    root = touch(tmp_path, [*names, "YoYo/v_YoYo_g25_c04.avi"])
    report = check_dataset("ucf101", root, "all", is_quick=True)
    assert sum(FIRST_CLASSES.values()) - FIRST_CLASSES["Bowling"] == 2010
    assert (report.classes, report.first_classes) == (17, 16)
    assert "the first 2048 videos in sorted order cover 16 classes (expected: 17 classes)" in found(report)


def test_numbers_as_values_and_as_text_pick_other_videos(tmp_path, monkeypatch):
    monkeypatch.setattr(dataset_check, "USUAL_VIDEOS", 2)
    touch(tmp_path, [f"train/0Fzf1_GNH8s#{number}#1.mp4" for number in (1, 2, 10)])
    report = check_dataset("taichi-hd", tmp_path, is_quick=True)
    assert "1 of the first 2 videos differ when paths are sorted as text" in found(report)


def test_taichi_at_stride_4(tmp_path):
    """Folders of frames tell their lengths without being decoded."""
    chunks = {"0Fzf1_GNH8s#1#0#128.mp4": 128, "0Fzf1_GNH8s#2#0#509.mp4": 509, "0Fzf1_GNH8s#3#0#508.mp4": 508}
    for name, count in chunks.items():
        touch(tmp_path, frames(f"train/{name}", count, "{:07d}.png"))
    report = check_dataset("taichi-hd", tmp_path, is_quick=True)
    enough = {(entry.frames, entry.stride): entry.videos for entry in report.long_enough}
    assert enough == {(16, 1): 3, (64, 1): 3, (128, 1): 3, (16, 4): 3, (64, 4): 2, (128, 4): 1}
    assert "2 for 64 frames at stride 4; 1 for 128 frames at stride 4" in found(report)
    assert "450 of the 3,049 training" in load_dataset("taichi-hd").note


def test_mixed_numbering_is_seen_in_a_quick_look_and_in_a_whole_one(tmp_path):
    root = write_frame_folders(
        tmp_path, many(["train/08ug3bzhV8Y_1", "train/3bufRYg7qxY_1", "train/3bufRYg7qxY_2"], 16)
    )
    write_frame_folders(root, ["train/08ug3bzhV8Y_1/1.png", "train/08ug3bzhV8Y_1/frame1.png"])
    for is_quick in (True, False):
        (video,) = check_dataset("sky-timelapse", root, is_quick=is_quick).broken
        assert video.name == "train/08ug3bzhV8Y_1"
        assert "do not form one series of frames" in video.reason
    (root / "train/08ug3bzhV8Y_1/1.png").unlink()
    (video,) = check_dataset("sky-timelapse", root, is_quick=True).broken
    assert "numbered in two ways" in video.reason


def test_gaps_in_the_frame_numbers_are_a_note(tmp_path):
    root = write_frame_folders(tmp_path, many(["train/08ug3bzhV8Y_1", "train/3bufRYg7qxY_1"], 18))
    (root / "train/08ug3bzhV8Y_1/frame00005.png").unlink()
    (note,) = check_dataset("sky-timelapse", root).notes
    assert note.startswith("frame numbers have gaps")
    assert note.endswith("(1 of 2 videos)")


def test_clevrer_with_127_frames(tmp_path):
    touch(tmp_path, many(["train/video_00000"], 128) + many(["train/video_00001", "train/video_00002"], 127))
    report = check_dataset("clevrer", tmp_path, is_quick=True)
    assert "2 shorter videos (2 of 127) (expected: 128 frames): skipped if a clip needs 128 frames" in found(report)
    assert "2 for" not in found(report).split("shorter")[0]
    assert "1 for 128 frames at stride 1" in found(report)


def test_an_hdf5_file_or_an_array_is_opened_whole(tmp_path):
    import numpy as np

    np.save(tmp_path / "x.npy", np.zeros((3, 20, 32, 32, 3), np.uint8))
    report = check_dataset("sky-timelapse", tmp_path / "x.npy", is_quick=True)
    assert (report.videos, report.lengths, report.sizes) == (3, {20: 3}, {"32x32": 3})
    assert report.layout == "one .npy file"


def test_the_toy_world_needs_no_check(tmp_path):
    with pytest.raises(UsageError, match="clevrer-mini needs no check"):
        check_dataset("clevrer-mini", tmp_path)


def test_an_empty_root(tmp_path):
    with pytest.raises(DataError, match="no videos in"):
        check_dataset("ucf101", tmp_path)


@pytest.mark.shared
def test_a_real_clip(shared, tmp_path):
    clip = shared / "data/real/torchvision_clips/original/v_SoccerJuggling_g23_c01.avi"
    for name in (clip.name, "v_SoccerJuggling_g23_c02.avi"):
        (tmp_path / name).symlink_to(clip)
    report = check_dataset("ucf101", tmp_path)
    assert report.sizes == {"320x240": 2}
    assert list(report.rates) == ["29.97"]
    assert list(report.lengths.values()) == [2]
    assert not any("second" in finding.expected for finding in report.findings)
