import numpy as np
import pytest

from vidmbench import resources
from vidmbench.datasets import dataset_names, load_dataset, open_any, open_dataset, open_real
from vidmbench.errors import DataError, ProtocolError, UsageError


@pytest.mark.parametrize("name", dataset_names())
def test_every_declaration_loads(name):
    spec = load_dataset(name)
    assert spec.name == name
    assert spec.default_split in spec.splits
    assert spec.default_num_videos <= spec.videos
    assert (resources.protocols_dir() / "datasets" / f"{name}.toml").is_file()


def test_the_source_is_what_the_declaration_says():
    spec = load_dataset("clevrer-mini")
    source = open_dataset("clevrer-mini")
    assert source.label == "clevrer-mini@test"
    assert (len(source), source.num_frames(0), source.size) == (spec.videos, spec.frames, (spec.resolution,) * 2)
    assert open_dataset("clevrer-mini", "train", resolution=32).size == (32, 32)


def test_the_other_split():
    spec = load_dataset("clevrer-mini")
    assert (spec.other_split("test"), spec.other_split("train")) == ("train", "test")
    assert spec.model_copy(update={"splits": ("test",)}).other_split("test") is None


def test_splits_share_no_digest():
    assert len({open_dataset("clevrer-mini", split).digest() for split in ("train", "test")}) == 2


def test_unknown_names():
    with pytest.raises(ProtocolError, match=r"unknown data set 'clevrer-mimi': did you mean clevrer-mini"):
        load_dataset("clevrer-mimi")
    with pytest.raises(DataError, match=r"unknown split of clevrer-mini 'tset': did you mean test"):
        open_dataset("clevrer-mini", "tset")


def test_the_real_side_by_name_split_or_folder(tmp_path):
    source, spec = open_real("clevrer-mini@train")
    assert source.label == "clevrer-mini@train"
    assert spec is not None
    np.save(tmp_path / "x.npy", np.zeros((2, 9, 4, 4, 3), np.uint8))
    source, spec = open_real(f"folder:{tmp_path / 'x.npy'}")
    assert (len(source), spec) == (2, None)


def test_one_side_of_score(tmp_path):
    np.save(tmp_path / "x.npy", np.zeros((2, 9, 4, 4, 3), np.uint8))
    assert len(open_any(str(tmp_path / "x.npy"))) == 2
    assert open_any("dataset:clevrer-mini").label == "clevrer-mini@test"
    assert open_any("control:static", real="dataset:clevrer-mini@train").base.label == "clevrer-mini@test"


@pytest.mark.parametrize("real", [None, "control:static"])
def test_a_control_needs_real_videos(real):
    with pytest.raises(UsageError, match="a control is made from the real side"):
        open_any("control:static", real=real)


def test_a_path_that_is_not_there(tmp_path):
    with pytest.raises(DataError):
        open_real(f"folder:{tmp_path / 'gone'}")
