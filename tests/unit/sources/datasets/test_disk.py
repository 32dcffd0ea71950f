"""Every layout a user may own: which videos of which split, told by names alone."""

import json
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from support.dataset_trees import (
    UCF_NAMES,
    frames,
    many,
    touch,
    ucf_lists,
    write_frame_folders,
    write_videos,
    zipped,
)

from vidmbench.core.errors import DataError, UsageError
from vidmbench.sources.datasets.disk import covered_classes, find_dataset, has_split, open_layouts, root_of
from vidmbench.sources.datasets.disk_listing import read_tree
from vidmbench.sources.datasets.opening import Reading, open_dataset
from vidmbench.sources.datasets.spec import load_dataset
from vidmbench.sources.names import parse_source
from vidmbench.sources.opening import open_control, open_videos, resolve, resolve_dataset
from vidmbench.videos.source import Source

UCF, TAICHI, SKY, CLEVRER = (load_dataset(name) for name in ("ucf101", "taichi-hd", "sky-timelapse", "clevrer"))
AVI = [f"{name}.avi" for name in UCF_NAMES]
TRAIN_1 = [UCF_NAMES[place] for place in (1, 3, 4)]


def names(spec, root, split):
    return [item.name for item in find_dataset(spec, root, split).items]


def last(spec, root, split):
    """The videos' own names without folders and suffix."""
    return [name.split("/")[-1].removesuffix(".avi").removesuffix(".mp4") for name in names(spec, root, split)]


def said(found):
    return "\n".join([*(finding.sentence() for finding in found.findings), *found.notes])


def own(names):
    return [name.split("/")[-1] for name in names]


def lists_inside(root):
    ucf_lists(touch(root, AVI) / "ucfTrainTestlist")
    return root


def lists_in_train(root):
    ucf_lists(touch(root, [f"train/{name}" for name in AVI]) / "train" / "ucfTrainTestlist")
    return root


def lists_beside(root):
    touch(root / "UCF-101", AVI)
    ucf_lists(root / "ucfTrainTestlist")
    return root / "UCF-101"


def lists_and_classes_below(root):
    touch(root / "UCF-101", AVI)
    ucf_lists(root / "ucfTrainTestlist")
    return root


def lists_of_the_official_zip(root):
    ucf_lists(touch(root, AVI) / "UCF101TrainTestSplits-RecognitionTask" / "ucfTrainTestlist")
    return root


def no_lists(root):
    return touch(root, AVI)


def flat(root):
    return touch(root, [name.split("/")[-1] for name in AVI])


def flat_mp4(root):
    return touch(root, [f"{name.split('/')[-1]}.mp4" for name in UCF_NAMES])


def train_and_test_folders(root):
    side = {name: "train" if name in TRAIN_1 else "test" for name in UCF_NAMES}
    return touch(root, [f"{side[name]}/{name}.avi" for name in UCF_NAMES])


def frame_folders_in_class_folders(root):
    return touch(root, many(UCF_NAMES))


def flat_frame_folders(root):
    return touch(root, many(own(UCF_NAMES)))


UCF_TREES = [
    lists_inside, lists_in_train, lists_beside, lists_and_classes_below, lists_of_the_official_zip, no_lists, flat,
    flat_mp4, train_and_test_folders, frame_folders_in_class_folders, flat_frame_folders,
]  # fmt: skip


@pytest.mark.parametrize("build", UCF_TREES, ids=lambda build: build.__name__)
def test_ucf101_in_every_layout(build, tmp_path):
    root = build(tmp_path / "root")
    assert sorted(last(UCF, root, "train")) == sorted(last(UCF, root, "train1")) == sorted(own(TRAIN_1))
    assert sorted(last(UCF, root, "test")) == sorted(own(set(UCF_NAMES) - set(TRAIN_1)))
    for whole in ("all", "train+test"):
        assert sorted(last(UCF, root, whole)) == sorted(own(UCF_NAMES))
    assert sorted(last(UCF, root, "test3")) == ["v_HandStandPushups_g15_c01"]
    assert last(UCF, root, "test2") == ["v_Archery_g08_c01"]
    found = find_dataset(UCF, root, "all")
    by_name = dict(zip(last(UCF, root, "all"), found.labels, strict=True))
    assert [by_name[name] for name in own(UCF_NAMES)] == [2, 2, 36, 36, 100]
    assert covered_classes(found.labels, range(len(found.items))) == 3


def test_the_default_split_stands_for_the_real_side(tmp_path):
    root = lists_inside(tmp_path)
    assert find_dataset(UCF, root).split == "train"


def test_the_lists_decide_and_not_the_group(tmp_path):
    """The twin of the layouts without lists: where there is a list, it is read."""
    touch(tmp_path, AVI)
    (tmp_path / "trainlist01.txt").write_text("YoYo/v_yoyo_g25_c04.avi 101\n")
    (tmp_path / "testlist01.txt").write_text("Archery\\v_Archery_g08_c01.avi\n")
    assert last(UCF, tmp_path, "train") == ["v_YoYo_g25_c04"]
    found = find_dataset(UCF, tmp_path, "all")
    assert "3 videos in neither list: they were skipped" in said(found)
    assert "split by trainlist01.txt and testlist01.txt" in found.layout


def test_one_list_of_two_is_not_enough(tmp_path):
    touch(tmp_path, AVI)
    ucf_lists(tmp_path)
    (tmp_path / "testlist01.txt").unlink()
    found = find_dataset(UCF, tmp_path, "all")
    assert len(found.items) == 5
    assert "no such list (expected: testlist01.txt in ucfTrainTestlist): split by the groups" in said(found)


@pytest.mark.parametrize(("folder", "file"), [("Handstand", "HandStand"), ("HandStand", "Handstand")])
def test_both_spellings_of_handstand_pushups(folder, file, tmp_path):
    touch(tmp_path, [f"{folder}Pushups/v_{file}Pushups_g08_c01.avi"])
    (tmp_path / "trainlist01.txt").write_text("HandstandPushups/v_HandStandPushups_g08_c01.avi 37\n")
    found = find_dataset(UCF, tmp_path, "train")
    assert (len(found.items), found.labels) == (1, (36,))
    assert UCF.classes[36] == "HandstandPushups"


def test_clips_of_the_lists_that_are_missing_are_counted(tmp_path):
    root = lists_inside(tmp_path)
    (root / AVI[1]).unlink()
    text = said(find_dataset(UCF, root, "train"))
    assert "2 are here; 1 are missing, first Archery/v_Archery_g08_c01.avi" in text
    assert "(expected: the 3 videos in trainlist01.txt)" in text


def test_lists_of_other_clips(tmp_path):
    touch(tmp_path, AVI)
    (tmp_path / "trainlist01.txt").write_text("A/v_A_g01_c01.avi 1\n")
    with pytest.raises(DataError, match=r"none of the videos is listed in trainlist01.txt") as caught:
        find_dataset(UCF, tmp_path, "train")
    assert "A/v_A_g01_c01.avi" in caught.value.expected
    assert "5 videos, such as Archery/" in caught.value.found


def test_half_an_archive_says_how_many_of_how_many(tmp_path):
    found = find_dataset(UCF, no_lists(tmp_path), "train")
    assert "3 of 9537 (0 %) videos (expected: 9537 videos): an incomplete or another copy" in said(found)
    assert find_dataset(SKY, touch(tmp_path / "s", frames("sky_train/08ug3bzhV8Y_1")), "train").findings == ()


def test_counts_of_taichi_vary(tmp_path):
    touch(tmp_path, ["train/0Fzf1_GNH8s#1#2#3.mp4"])
    assert "1 of 3049 (0 %)" in said(find_dataset(TAICHI, tmp_path, "train"))
    assert "left YouTube" in said(find_dataset(TAICHI, tmp_path, "train"))


def test_a_class_folder_without_a_video(tmp_path):
    root = no_lists(tmp_path)
    (root / "Biking").mkdir()
    touch(root, ["Diving/readme.txt", "other/readme.txt"])
    text = said(find_dataset(UCF, root, "all"))
    assert "2 class folders without a video: Biking, Diving (expected: videos of every class)" in text
    assert "other" not in text.replace("another", "")


def sky(root, *, top="sky_{}"):
    pattern = "x_frames_{:08d}.jpg"
    for side, clips in {"train": ("08ug3bzhV8Y_1", "3bufRYg7qxY_1", "3bufRYg7qxY_10", "3bufRYg7qxY_2")}.items():
        touch(root, many([f"{top.format(side)}/{clip[:11]}/{clip}" for clip in clips], pattern=pattern))
    return touch(root, frames(f"{top.format('test')}/zzzzzzzzzzz/zzzzzzzzzzz_1", pattern=pattern))


def test_sky_at_two_levels(tmp_path):
    root = sky(tmp_path)
    assert own(names(SKY, root, "train")) == ["3bufRYg7qxY_1", "3bufRYg7qxY_2", "3bufRYg7qxY_10", "08ug3bzhV8Y_1"]
    assert own(names(SKY, root, "test")) == ["zzzzzzzzzzz_1"]
    assert len(names(SKY, root, "all")) == 5
    found = find_dataset(SKY, root, "train")
    assert (found.depth, found.labels) == (2, None)
    assert found.layout == "folders of frames, at 2 levels, split by folders"


def test_one_side_of_sky_as_the_root(tmp_path):
    sky(tmp_path)
    assert len(names(SKY, tmp_path / "sky_train", "train")) == 4
    with pytest.raises(DataError, match=r"sky-timelapse has no split 'test' here") as caught:
        find_dataset(SKY, tmp_path / "sky_train", "test")
    assert (caught.value.found, caught.value.fix) == (
        "4 videos in sky_train, which is another split",
        "give the folder above it",
    )


def test_an_empty_folder_in_sky_is_said(tmp_path):
    root = sky(tmp_path)
    (root / "sky_train" / "empty").mkdir()
    assert "1 empty folders were left aside (first: sky_train/empty)" in said(find_dataset(SKY, root, "train"))


@pytest.mark.parametrize("side", ["val", "validation", "test", "TEST"])
def test_the_names_of_digan(side, tmp_path):
    touch(tmp_path, many([f"train/{name}" for name in ("a", "b")] + [f"{side}/c"]))
    assert own(names(SKY, tmp_path, "train")) == ["a", "b"]
    assert own(names(SKY, tmp_path, "test")) == ["c"]
    found = find_dataset(SKY, tmp_path, "train")
    assert found.depth == 1
    assert "3 of 3 videos have other names, first a (expected: names such as 08ug3bzhV8Y_1)" in said(found)


@pytest.mark.parametrize("top", ["", "sky_timelapse/", "a/b/"])
def test_stylegan_v_in_a_folder_or_a_zip_without_splits(top, tmp_path):
    clips = many([f"{top}08ug3bzhV8Y_1", f"{top}3bufRYg7qxY_2"], pattern="{:06d}.jpg")
    for root in (touch(tmp_path / "folder", clips), zipped(tmp_path / "clips.zip", clips)):
        found = find_dataset(SKY, root, "train")
        assert (own(item.name for item in found.items), found.depth) == (["3bufRYg7qxY_2", "08ug3bzhV8Y_1"], 1)
        assert "all videos were taken as train" in said(found)
        assert find_dataset(SKY, root, "all").findings == ()
        assert not has_split(SKY, root, "test")
        with pytest.raises(DataError, match="no split 'test' here") as caught:
            find_dataset(SKY, root, "test")
        assert caught.value.fix == "--dataset sky-timelapse@train takes them all"
    assert "in a zip" in found.layout


def test_labels_of_a_dataset_json(tmp_path):
    labels = {"labels": [[f"{name}/{file}.png", number] for name, number in (("a", 4), ("b", 0)) for file in "01"]}
    clips = many(["top/a", "top/b"])
    root = zipped(tmp_path / "x.zip", clips, {"top/dataset.json": json.dumps(labels)})
    assert find_dataset(SKY, root).labels == (4, 0)
    touch(tmp_path / "x", clips)
    (tmp_path / "x" / "top" / "dataset.json").write_text(json.dumps(labels))
    assert find_dataset(SKY, tmp_path / "x").labels == (4, 0)
    assert find_dataset(SKY, zipped(tmp_path / "y.zip", clips, {"dataset.json": '{"labels": null}'})).labels is None


@pytest.mark.parametrize("text", ["{", "[]", '{"other": 1}', '{"labels": [1]}'])
def test_a_dataset_json_that_is_none(text, tmp_path):
    touch(tmp_path, many(["a"]))
    (tmp_path / "dataset.json").write_text(text)
    with pytest.raises(DataError, match="the class labels cannot be read") as caught:
        find_dataset(SKY, tmp_path)
    assert caught.value.where == str(tmp_path / "dataset.json")


@pytest.mark.parametrize("bad", ["/etc/a/0.png", "../a/0.png", "a/../../b/0.png", "C:\\a\\0.png", "a\\..\\0.png"])
def test_a_zip_whose_paths_lead_out_of_it(bad, tmp_path):
    root = zipped(tmp_path / "x.zip", [*frames("a"), bad])
    with pytest.raises(DataError, match=r"x\.zip holds paths that lead out of it") as caught:
        find_dataset(SKY, root)
    assert caught.value.expected == "relative paths without '..'"
    assert ".." in caught.value.found or caught.value.found[0] in "/C"


def test_a_zip_with_dots_in_its_names_is_fine(tmp_path):
    assert len(find_dataset(SKY, zipped(tmp_path / "x.zip", frames("a..b"))).items) == 1


def test_a_zip_that_was_cut_off(tmp_path):
    root = zipped(tmp_path / "x.zip", frames("a"))
    root.write_bytes(root.read_bytes()[:-30])
    with pytest.raises(DataError, match=r"x\.zip cannot be read as a zip archive"):
        find_dataset(SKY, root)


def test_taichi_as_files_and_as_folders_of_frames(tmp_path):
    chunks = ["0Fzf1_GNH8s#001#000128#000512.mp4", "0Fzf1_GNH8s#002#000512#000900.mp4"]
    files = touch(tmp_path / "files", [f"train/{chunks[0]}", f"test/{chunks[1]}"])
    folders = touch(tmp_path / "folders", many([f"train/{chunks[0]}", f"test/{chunks[1]}"], pattern="{:07d}.png"))
    for root, kind in ((files, "video files"), (folders, "folders of frames")):
        assert names(TAICHI, root, "train") == [f"train/{chunks[0]}"]
        assert names(TAICHI, root, "test") == [f"test/{chunks[1]}"]
        assert len(names(TAICHI, root, "all")) == 2
        assert find_dataset(TAICHI, root, "all").layout.startswith(kind)


def by_the_thousand(root):
    return touch(
        root, [f"video_{n // 1000 * 1000:05d}-{n // 1000 * 1000 + 1000:05d}/video_{n:05d}.mp4" for n in NUMBERS]
    )


def all_in_one(root):
    return touch(root, [f"video_{n:05d}.mp4" for n in NUMBERS])


def as_unzipped(root):
    side = {0: "video_train", 1: "video_validation", 2: "video_test"}
    return touch(root, [f"{side[_side(n)]}/x/video_{n:05d}.mp4" for n in NUMBERS])


def vidm_files(root):
    return touch(root, [f"{('train_vid', 'val_vid', 'test_vid')[_side(n)]}/video_{n:05d}.mp4" for n in NUMBERS])


def vidm_frames(root):
    return touch(root, many([f"{('train', 'val', 'test')[_side(n)]}/video_{n:05d}" for n in NUMBERS]))


def vidm_files_and_frames(root):
    return vidm_files(vidm_frames(root))


NUMBERS = (0, 999, 1000, 9999, 10000, 14999, 15000, 19999)


def _side(number):
    return 0 if number < 10000 else 1 if number < 15000 else 2


CLEVRER_TREES = [by_the_thousand, all_in_one, as_unzipped, vidm_files, vidm_frames, vidm_files_and_frames]


@pytest.mark.parametrize("build", CLEVRER_TREES, ids=lambda build: build.__name__)
def test_clevrer_in_every_layout(build, tmp_path):
    root = build(tmp_path / "root")
    for split, numbers in {
        "train": NUMBERS[:4],
        "validation": NUMBERS[4:6],
        "test": NUMBERS[6:],
        "train+validation": NUMBERS[:6],
        "all": NUMBERS,
    }.items():
        assert sorted(last(CLEVRER, root, split)) == [f"video_{number:05d}" for number in numbers]


def test_files_go_before_their_frames(tmp_path):
    found = find_dataset(CLEVRER, vidm_files_and_frames(tmp_path), "train")
    assert {type(item).__name__ for item in found.items} == {"VideoFile"}
    assert "4 videos here twice, such as train/video_00000" in said(found)


def test_one_split_of_clevrer_names_the_others(tmp_path):
    touch(tmp_path, ["a/video_00001.mp4", "a/video_00002.mp4"])
    with pytest.raises(DataError, match=r"clevrer has no split 'validation' here") as caught:
        find_dataset(CLEVRER, tmp_path, "validation")
    assert caught.value.expected == "numbers 10000 to 14999 in the names"
    assert caught.value.found == "train (2 videos)"
    assert caught.value.fix.startswith("--dataset clevrer@train, or get the rest: http")


def test_a_number_that_contradicts_its_folder(tmp_path):
    touch(tmp_path, ["train/video_00001.mp4", "val/video_00002.mp4"])
    found = find_dataset(CLEVRER, tmp_path, "train")
    assert len(found.items) == 2
    assert "1 video in the folder of another split, first val/video_00002.mp4" in said(found)


def test_a_split_nobody_declared(tmp_path):
    with pytest.raises(DataError, match=r"unknown split of clevrer 'tset': did you mean test"):
        find_dataset(CLEVRER, all_in_one(tmp_path), "tset")


def test_a_folder_of_one_split_lacks_the_other(tmp_path):
    touch(tmp_path, ["train/0Fzf1_GNH8s#1#2.mp4"])
    with pytest.raises(DataError, match=r"taichi-hd has no split 'test' here") as caught:
        find_dataset(TAICHI, tmp_path, "test")
    assert (caught.value.found, caught.value.expected) == ("train (1 video)", "a folder test or val or validation")
    assert "all lacks the videos of the other" in said(find_dataset(TAICHI, tmp_path, "all"))


def test_videos_outside_the_splits_folders(tmp_path):
    touch(tmp_path, ["train/0Fzf1_GNH8s#1#2.mp4", "extra/0Fzf1_GNH8s#3#4.mp4"])
    text = said(find_dataset(TAICHI, tmp_path, "train"))
    assert "1 video outside the splits' folders, first extra/0Fzf1_GNH8s#3#4.mp4" in text


TREES = {"ucf101": no_lists, "sky-timelapse": sky, "clevrer": by_the_thousand, "taichi-hd": lambda root: touch(
    root, ["train/0Fzf1_GNH8s#1#2.mp4"])}  # fmt: skip


@pytest.mark.parametrize("asked", TREES)
@pytest.mark.parametrize("there", TREES)
def test_another_data_set_is_named(asked, there, tmp_path):
    root = TREES[there](tmp_path / "root")
    if asked == there:
        assert find_dataset(load_dataset(asked), root, "all").items
        return
    with pytest.raises(DataError, match=f"root is not {asked}: it looks like {there}") as caught:
        find_dataset(load_dataset(asked), root)
    assert caught.value.where == str(root)
    assert caught.value.fix.startswith(f"--dataset {there}, or give the folder of {asked}")


def test_the_toy_world_is_no_clevrer(tmp_path):
    """Both name their videos alike; the file that data make writes beside them tells."""
    touch(tmp_path, ["video_00000.mp4"])
    (tmp_path / "made-by-vidmbench.json").write_text('{"dataset": "clevrer-mini"}')
    with pytest.raises(DataError, match="is not clevrer: it looks like clevrer-mini"):
        find_dataset(CLEVRER, tmp_path)


def test_two_data_sets_in_one_root(tmp_path):
    by_the_thousand(no_lists(tmp_path))
    with pytest.raises(DataError, match="holds more than one data set") as caught:
        find_dataset(CLEVRER, tmp_path)
    assert caught.value.found == "8 videos of clevrer and 5 of ucf101"


def test_class_folders_of_others_are_no_ucf101(tmp_path):
    touch(tmp_path, ["brush_hair/a.avi", "cartwheel/b.avi"])
    with pytest.raises(DataError, match="neither its files nor its folders are named after its classes") as caught:
        find_dataset(UCF, tmp_path, "all")
    assert caught.value.found.startswith("brush_hair, cartwheel")


def test_unpadded_frames_are_read_by_number(tmp_path):
    touch(tmp_path, frames("train/08ug3bzhV8Y_1", 11, "frame{}.jpg"))
    found = find_dataset(SKY, tmp_path)
    assert [file for file in found.items[0].files][-2:] == ["frame9.jpg", "frame10.jpg"]
    assert "1 of 1 video number their frames without leading zeros" in said(found)
    assert "code that sorts names as text shuffles them" in said(found)


def test_where_a_data_set_lies(tmp_path, monkeypatch):
    monkeypatch.delenv("VIDMBENCH_DATA_ROOT", raising=False)
    with pytest.raises(UsageError, match=r"ucf101 is not built in: pass --data-root DIR") as caught:
        open_dataset(load_dataset("ucf101"))
    assert "--data-root DIR" in caught.value.expected
    assert "the class folders (ApplyEyeMakeup ... YoYo)" in caught.value.expected
    assert "VIDMBENCH_DATA_ROOT" in caught.value.fix
    assert root_of(UCF, tmp_path) == tmp_path
    (tmp_path / "ucf101").mkdir()
    assert root_of(UCF, tmp_path) == tmp_path / "ucf101"
    monkeypatch.setenv("VIDMBENCH_DATA_ROOT", str(tmp_path))
    assert root_of(UCF, None) == tmp_path / "ucf101"
    zipped(tmp_path / "clevrer.zip", frames("video_00000"))
    assert root_of(CLEVRER, None) == tmp_path / "clevrer.zip"
    with pytest.raises(DataError, match="no sky-timelapse in") as caught:
        root_of(SKY, None)
    assert caught.value.found == f"{tmp_path}, from VIDMBENCH_DATA_ROOT"
    with pytest.raises(DataError, match=r"path not found: .*gone"):
        root_of(SKY, tmp_path / "gone")


def test_a_file_that_holds_nothing(tmp_path):
    (tmp_path / "ucf.rar").touch()
    with pytest.raises(DataError, match=r"unsupported file type for ucf101: ucf\.rar") as caught:
        find_dataset(UCF, tmp_path / "ucf.rar")
    assert caught.value.found == "a .rar file"


def test_a_source_under_the_data_sets_name(tmp_path):
    root = write_videos(tmp_path / "root", AVI)
    ucf_lists(root / "ucfTrainTestlist")
    data = resolve_dataset("ucf101@train1")
    source = open_videos(data, reading=Reading(data_root=root))
    assert isinstance(source, Source)
    assert data.dataset == UCF
    assert (source.label, len(source), source.size, source.num_frames(0)) == ("ucf101@train1", 3, (32, 32), 16)
    assert source.name(0) == "Archery/v_Archery_g08_c01.avi"
    assert source.labels == (2, 36, 100)
    assert source.read(2, [0, 15]).shape == (2, 32, 32, 3)
    assert any("32x32: this is not as released" in note for note in source.notes)
    assert any("3 shorter videos (3 of 16)" in note for note in source.notes)
    assert (
        open_videos(resolve(parse_source("dataset:ucf101@train1")), reading=Reading(data_root=root)).digest()
        == source.digest()
    )
    assert open_dataset(load_dataset("ucf101"), "test1", reading=Reading(data_root=root)).digest() != source.digest()
    assert source.compression.startswith("h264")


def test_a_named_data_set_has_no_resolutions(tmp_path):
    with pytest.raises(DataError, match="ucf101 is not available at 128 pixels") as caught:
        open_dataset(load_dataset("ucf101"), resolution=128, reading=Reading(data_root=no_lists(tmp_path)))
    assert caught.value.expected == "the videos as they are on disk"


def test_bad_files_stop_or_are_left_out(tmp_path):
    root = write_videos(tmp_path, [f"train/{name}" for name in AVI[1:4]])
    (root / "train" / AVI[1]).write_bytes(b"")
    with pytest.raises(DataError, match=r"1 of 2 videos in ucf101@train cannot be used"):
        open_dataset(load_dataset("ucf101"), reading=Reading(data_root=root))
    source = open_dataset(load_dataset("ucf101"), reading=Reading("skip", root))
    assert (len(source), source.labels, len(source.skipped)) == (1, (36,), 1)


def control_of(kind, dataset, root):
    data, reading = resolve_dataset(dataset), Reading(data_root=root)
    return open_control(kind, real=open_videos(data, reading=reading), data=data, reading=reading)


def test_controls_come_from_the_other_split_where_there_is_one(tmp_path):
    root = write_videos(tmp_path / "both", AVI)
    source = control_of("real", "ucf101", root)
    assert (source.base.label, source.is_paired) == ("ucf101@test", False)
    one = write_videos(tmp_path / "one", ["train/0Fzf1_GNH8s#1#2.mp4"])
    source = control_of("static", "taichi-hd", one)
    assert (source.base.label, source.is_paired) == ("taichi-hd@train", True)
    with pytest.raises(DataError, match="control:real needs a second split"):
        control_of("real", "taichi-hd", one)


def test_facts_of_both_splits_are_remembered(tmp_path, monkeypatch):
    root = write_videos(tmp_path, AVI)
    for split in ("train", "test"):
        open_layouts(UCF, root, split)
    from vidmbench.videos.files.video_files import VideoFile

    monkeypatch.setattr(VideoFile, "inspect", lambda self: pytest.fail("looked at again"))
    for split in ("train", "test"):
        open_layouts(UCF, root, split)


def test_videos_of_127_frames_are_counted(tmp_path):
    root = write_videos(tmp_path, ["video_00000.mp4", "video_00001.mp4"], 16)
    (root / "video_00001.mp4").write_bytes((root / "video_00000.mp4").read_bytes())
    touch(root / "frames", [])
    source = open_dataset(load_dataset("clevrer"), reading=Reading(data_root=root))
    text = "\n".join(source.notes)
    assert "2 shorter videos (2 of 16) (expected: 128 frames): skipped if a clip needs 128 frames" in text


@pytest.mark.parametrize(
    ("width", "height", "folder", "words"),
    [
        (640, 360, "sky_train/08ug3bzhV8Y/08ug3bzhV8Y_1", "640x360: this is original"),
        (256, 256, "train/08ug3bzhV8Y_1", "256x256: this is sky_timelapse256"),
        (256, 256, "sky_train/08ug3bzhV8Y/08ug3bzhV8Y_1", "the folders were rearranged"),
        (640, 360, "train/08ug3bzhV8Y_1", "the folders were rearranged"),
        (128, 128, "train/08ug3bzhV8Y_1", "128x128: this is none of these archives"),
    ],
)
def test_the_two_archives_of_sky_are_told_apart(width, height, folder, words, tmp_path):
    root = write_frame_folders(tmp_path, frames(folder, 2, "{:08d}.jpg"), width, height)
    (note,) = (note for note in open_layouts(SKY, root).notes if f"{width}x{height}" in note)
    assert words in note
    assert "original 640x360; sky_timelapse256 256x256" in note or "rearranged" in note


def test_an_array_of_all_videos(tmp_path):
    np.save(tmp_path / "x.npy", np.zeros((2, 9, 8, 8, 3), np.uint8))
    source = open_dataset(load_dataset("sky-timelapse"), reading=Reading(data_root=tmp_path / "x.npy"))
    assert (source.label, len(source), source.labels) == ("sky-timelapse@train", 2, None)


@pytest.mark.parametrize(
    ("files", "name", "split", "expected", "asked"),
    [
        (["all.h5"], "ucf101", "train", "all.h5", "train"),
        (["train.h5", "test.h5"], "ucf101", "test1", "test.h5", "test"),
        (["sky_train.h5", "sky_test.hdf5"], "sky-timelapse", "train", "sky_train.h5", "train"),
        (["all.h5", "all.json"], "taichi-hd", "all", "all.h5", None),
    ],
)
def test_hdf5_is_handed_on(files, name, split, expected, asked, tmp_path, monkeypatch):
    np.save(tmp_path / "x.npy", np.zeros((2, 9, 8, 8, 3), np.uint8))
    inner = open_videos(resolve(parse_source(str(tmp_path / "x.npy"))))
    given = []
    fake = SimpleNamespace(open_hdf5=lambda path, layout=None, split=None: (given.append((path.name, split)), inner)[1])
    monkeypatch.setitem(sys.modules, "vidmbench.videos.arrays.hdf5", fake)
    source = open_dataset(load_dataset(name), split, reading=Reading(data_root=touch(tmp_path / "h5", files)))
    assert given == [(expected, asked)]
    assert source.label == f"{name}@{split}"


def test_several_hdf5_files_of_no_known_split(tmp_path):
    touch(tmp_path, ["a.h5", "b.h5"])
    with pytest.raises(DataError, match="holds several HDF5 files") as caught:
        find_dataset(UCF, tmp_path, "train")
    assert caught.value.found == "a.h5, b.h5"


@pytest.mark.shared
def test_a_real_clip_of_ucf101(shared, tmp_path):
    clip = shared / "data/real/torchvision_clips/original/v_SoccerJuggling_g23_c01.avi"
    (tmp_path / "SoccerJuggling").mkdir()
    (tmp_path / "SoccerJuggling" / clip.name).symlink_to(clip)
    source = open_dataset(load_dataset("ucf101"), reading=Reading(data_root=Path(tmp_path)))
    assert (source.size, len(source)) == ((240, 320), 1)
    assert UCF.classes[source.labels[0]] == "SoccerJuggling"
    assert not any("as released" in note for note in source.notes)


@pytest.mark.parametrize(
    ("labels", "indices", "covered"), [(None, [0], None), ((1, 1, None, 2), [0, 1, 2], 1), ((1, 2, 3), [], 0)]
)
def test_covered_classes(labels, indices, covered):
    assert covered_classes(labels, indices) == covered


def test_labels_of_videos_that_are_not_here_are_told(tmp_path):
    clips = many(["a/b_1", "a/b_2"])
    labels = {"labels": [["a/b_1/frame00000.png", 0], ["a/b_3/frame00000.png", 1], ["a/b_4/frame00000.png", 1]]}
    tree = read_tree(zipped(tmp_path / "x.zip", clips, {"dataset.json": json.dumps(labels)}))
    assert "2 of 3 labels in dataset.json belong to no video here, first b_3" in tree.notes
    labels["labels"] = labels["labels"][:1]
    tree = read_tree(zipped(tmp_path / "y.zip", clips, {"dataset.json": json.dumps(labels)}))
    assert not any("dataset.json" in note for note in tree.notes)
    labels["labels"].append(["a/b_2/frame00999.png", 1])
    tree = read_tree(zipped(tmp_path / "z.zip", clips, {"dataset.json": json.dumps(labels)}))
    assert "1 of 2 labels in dataset.json are of frames that are not here, first a/b_2/frame00999.png" in tree.notes
