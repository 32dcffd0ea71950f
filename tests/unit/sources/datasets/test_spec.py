"""Declarations of data sets: what they must say, and the public facts they do say."""

import re

import pytest

from vidmbench.core import resources
from vidmbench.core.errors import ProtocolError
from vidmbench.sources.datasets.spec import (
    DiskDatasetSpec,
    ProceduralDatasetSpec,
    dataset_names,
    load_dataset,
    load_spec,
)

LAYOUTS = [name for name in dataset_names() if isinstance(load_dataset(name), DiskDatasetSpec)]


def text_of(name):
    return (resources.protocols_dir() / "datasets" / f"{name}.toml").read_text(encoding="utf-8")


def test_the_data_sets_of_the_paper_are_there():
    assert set(LAYOUTS) == {"ucf101", "taichi-hd", "sky-timelapse", "clevrer"}
    assert isinstance(load_dataset("clevrer-mini"), ProceduralDatasetSpec)


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("ucf101", {"train": 9537, "test": 3783, "train2": 9586, "test2": 3734, "train3": 9624, "test3": 3696,
                    "all": 13320, "train+test": 13320}),
        ("taichi-hd", {"train": 3049, "test": 285, "all": 3334}),
        ("clevrer", {"train": 10000, "validation": 5000, "test": 5000, "all": 20000}),
    ],
)  # fmt: skip
def test_official_counts(name, counts):
    splits = load_dataset(name).splits
    assert {split: splits[split].videos for split in counts} == counts
    for split in splits.values():
        if split.parts:
            assert split.videos == sum(splits[part].videos for part in split.parts)


def test_the_classes_of_ucf101():
    classes = load_dataset("ucf101").classes
    assert len(set(classes)) == 101
    assert (classes[0], classes[36], classes[46], classes[100]) == (
        "ApplyEyeMakeup", "HandstandPushups", "JumpingJack", "YoYo",
    )  # fmt: skip
    assert list(classes) == sorted(classes, key=str.lower)  # the official numbering


def test_the_groups_of_ucf101_make_three_splits_that_share_nothing():
    splits = load_dataset("ucf101").splits
    groups = {name: {n for low, high in split.numbers for n in range(low, high + 1)} for name, split in splits.items()}
    for number in "123":
        train, test = groups[f"train{number}"], groups[f"test{number}"]
        assert not train & test
        assert train | test == set(range(1, 26))


@pytest.mark.parametrize("name", LAYOUTS)
def test_other_splits_share_no_video(name):
    spec = load_dataset(name)
    for split in spec.splits:
        other = spec.other_split(split)
        if other is not None:
            shared = [part for part in spec.parts(split) if part in spec.parts(other)]
            assert not shared
    assert spec.other_split("all") is None


@pytest.mark.parametrize("name", LAYOUTS)
def test_names_tell_the_data_sets_apart(name):
    example = load_dataset(name).example
    fits = [other for other in LAYOUTS if re.search(load_dataset(other).names, example)]
    assert fits == [name]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (('default_split = "train"', 'default_split = "dev"'), "splits lacks dev"),
        (('other = "validation"', 'other = "val"'), "splits lacks val"),
        (("names = '^video_", "names = '^(video_"), "names is not a regular expression"),
        (("number = '^video_(\\d{5})$'", "number = '^video_\\d{5}$'"), "number needs one group"),
        (('example = "video_00000"', 'example = "x"'), "does not fit the example 'x'"),
        (('reader = "layouts"', 'reader = "magic"'), "reader: input should be 'toyworld' or 'layouts', found 'magic'"),
        (("frames = [128, 128]", "frames = [128]"), "frames.1: missing"),
        (("videos = 10000", "clips = 10000"), "splits.train.clips: unknown key"),
    ],
)
def test_mistakes_in_a_declaration(change, words, tmp_path):
    text = text_of("clevrer")
    assert change[0] in text
    (tmp_path / "mine.toml").write_text(text.replace(*change, 1))
    with pytest.raises(ProtocolError) as caught:
        load_spec(tmp_path / "mine.toml")
    assert words in str(caught.value)
