"""Declared data sets and files of real videos: from what ``--dataset`` names to a source."""

import numpy as np
import pytest

from vidmbench.core import resources
from vidmbench.core.errors import DataError, ProtocolError, UsageError
from vidmbench.evaluation.videos import open_source
from vidmbench.sources import opening
from vidmbench.sources.control_kinds import KINDS
from vidmbench.sources.datasets.opening import open_dataset
from vidmbench.sources.datasets.spec import dataset_names, load_dataset
from vidmbench.sources.opening import open_control, open_videos, resolve_dataset

CLEVRER_MINI = load_dataset("clevrer-mini")


def real_side(text, **options):
    return open_videos(resolve_dataset(text), **options)


def control_of(kind, text):
    return open_control(kind, real=real_side(text), data=resolve_dataset(text))


@pytest.mark.parametrize("name", dataset_names())
def test_every_declaration_loads(name):
    spec = load_dataset(name)
    assert spec.name == name
    assert spec.default_split in spec.splits
    assert spec.default_num_videos >= 2
    assert (resources.protocols_dir() / "datasets" / f"{name}.toml").is_file()


def test_the_source_is_what_the_declaration_says():
    spec = load_dataset("clevrer-mini")
    source = open_dataset(CLEVRER_MINI)
    assert source.label == "clevrer-mini@test"
    assert (len(source), source.num_frames(0), source.size) == (spec.videos, spec.frames, (spec.resolution,) * 2)
    assert open_dataset(CLEVRER_MINI, "train", resolution=32).size == (32, 32)


def test_the_other_split():
    spec = load_dataset("clevrer-mini")
    assert (spec.other_split("test"), spec.other_split("train")) == ("train", "test")
    assert spec.model_copy(update={"splits": ("test",)}).other_split("test") is None


def test_splits_share_no_digest():
    assert len({open_dataset(CLEVRER_MINI, split).digest() for split in ("train", "test")}) == 2


def test_unknown_names():
    with pytest.raises(ProtocolError, match=r"unknown data set 'clevrer-mimi': did you mean clevrer-mini"):
        load_dataset("clevrer-mimi")
    with pytest.raises(DataError, match=r"unknown split of clevrer-mini 'tset': did you mean test"):
        open_dataset(CLEVRER_MINI, "tset")


def test_the_real_side_by_name_split_or_folder(tmp_path):
    assert real_side("clevrer-mini@train").label == "clevrer-mini@train"
    np.save(tmp_path / "x.npy", np.zeros((2, 9, 4, 4, 3), np.uint8))
    data = resolve_dataset(f"folder:{tmp_path / 'x.npy'}")
    assert (len(open_videos(data)), data.dataset, data.split()) == (2, None, None)


@pytest.mark.parametrize(
    ("text", "parts", "label", "side"),
    [
        ("clevrer-mini", ("clevrer-mini", None, None), "clevrer-mini@test", 64),
        ("clevrer-mini@train", ("clevrer-mini", "train", None), "clevrer-mini@train", 64),
        ("clevrer-mini/64", ("clevrer-mini", None, 64), "clevrer-mini@test", 64),
        ("clevrer-mini/32", ("clevrer-mini", None, 32), "clevrer-mini@test/32", 32),
        ("clevrer-mini@train/32", ("clevrer-mini", "train", 32), "clevrer-mini@train/32", 32),
        ("clevrer-mini@test/128", ("clevrer-mini", "test", 128), "clevrer-mini@test/128", 128),
    ],
)
def test_names_with_a_resolution(text, parts, label, side):
    data = resolve_dataset(text)
    assert (data.name.name, data.name.split, data.name.resolution) == parts
    source = open_videos(data)
    assert (source.label, source.size, data.dataset) == (label, (side, side), CLEVRER_MINI)
    assert source.read(0, [0]).shape == (1, side, side, 3)
    scored = open_source(f"dataset:{text}")
    assert (scored.label, scored.digest()) == (label, source.digest())


def test_each_resolution_is_other_data():
    names = [f"clevrer-mini@{split}/{side}" for split in ("train", "test") for side in (32, 64, 128)]
    assert len({real_side(name).digest() for name in names}) == 6
    assert real_side("clevrer-mini/64").digest() == real_side("clevrer-mini").digest()


@pytest.mark.parametrize("pixels", ["33", "0", "6400"])
@pytest.mark.parametrize("name", ["clevrer-mini", "clevrer-mini@train"])
def test_a_resolution_nobody_draws_is_refused_with_those_that_are(name, pixels):
    with pytest.raises(DataError, match=f"clevrer-mini is not available at {pixels} pixels") as caught:
        real_side(f"{name}/{pixels}")
    assert caught.value.expected == "one of 32, 64, 128"


@pytest.mark.parametrize(
    "text", [f"clevrer-mini{rest}" for rest in ("/x", "/", "/-32", "/3.2", "/32@train", "@train/32/32", "/²")]
)
def test_a_resolution_that_is_no_number_is_refused(text):
    with pytest.raises(UsageError, match="the resolution must be a number") as caught:
        real_side(text)
    assert (caught.value.found, caught.value.expected) == (text, "NAME@SPLIT/PIXELS")


def test_a_data_set_of_one_resolution_can_be_named_with_it(monkeypatch):
    spec = load_dataset("clevrer-mini").model_copy(update={"resolutions": ()})
    monkeypatch.setattr(opening, "load_dataset", lambda name: spec)
    assert real_side("clevrer-mini/64").size == (64, 64)
    with pytest.raises(DataError) as caught:
        real_side("clevrer-mini/32")
    assert caught.value.expected == "one of 64"
    assert real_side("clevrer-mini", resolution=32).size == (64, 64)


@pytest.mark.parametrize(
    ("text", "resolution", "side"),
    [
        ("clevrer-mini", 32, 32),
        ("clevrer-mini@train", 128, 128),
        ("clevrer-mini", 48, 64),  # it cannot be made so: the clips are resized by the protocol
        ("clevrer-mini", None, 64),
        ("clevrer-mini/64", 32, 64),
        ("clevrer-mini@train/128", 32, 128),
    ],
)
def test_the_models_resolution_gives_way_to_the_name(text, resolution, side):
    assert real_side(text, resolution=resolution).size == (side, side)


def test_a_folder_has_the_resolution_it_has(tmp_path):
    np.save(tmp_path / "x.npy", np.zeros((2, 9, 4, 4, 3), np.uint8))
    assert real_side(f"folder:{tmp_path / 'x.npy'}", resolution=32).size == (4, 4)


@pytest.mark.parametrize("kind", sorted(KINDS))
@pytest.mark.parametrize(("text", "base"), [("clevrer-mini/32", "train"), ("clevrer-mini@train/128", "test")])
def test_a_control_has_the_resolution_of_the_real_side(kind, text, base):
    real = real_side(text)
    for source in (control_of(kind, text), open_source(f"control:{kind}", real=f"dataset:{text}")):
        assert source.size == real.size
        assert source.base.label == f"clevrer-mini@{base}/{real.size[0]}"
        assert not source.is_paired
        assert source.read(0, [0, 1]).shape == (2, *real.size, 3)


def test_a_control_paired_with_the_only_split_has_its_resolution(monkeypatch):
    spec = load_dataset("clevrer-mini").model_copy(update={"splits": ("test",)})
    monkeypatch.setattr(opening, "load_dataset", lambda name: spec)
    source = control_of("static", "clevrer-mini/32")
    assert (source.base.label, source.size, source.is_paired) == ("clevrer-mini@test/32", (32, 32), True)
    with pytest.raises(DataError, match="control:real needs a second split"):
        control_of("real", "clevrer-mini/32")


def test_one_side_of_score(tmp_path):
    np.save(tmp_path / "x.npy", np.zeros((2, 9, 4, 4, 3), np.uint8))
    assert len(open_source(str(tmp_path / "x.npy"))) == 2
    assert open_source("dataset:clevrer-mini").label == "clevrer-mini@test"
    assert open_source("control:static", real="dataset:clevrer-mini@train").base.label == "clevrer-mini@test"


@pytest.mark.parametrize("real", [None, "control:static"])
def test_a_control_needs_real_videos(real):
    with pytest.raises(UsageError, match="a control is made from the real side"):
        open_source("control:static", real=real)


def test_a_path_that_is_not_there(tmp_path):
    with pytest.raises(DataError):
        real_side(f"folder:{tmp_path / 'gone'}")
