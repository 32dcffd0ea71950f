"""Frames that are no numbers are refused wherever floats become bytes; files on a full disk are one message."""

import numpy as np
import pytest
import torch
from support.full_disk import full_disk
from support.vidm_helpers import CPU, CodedVideos, randomised, small_recipe, small_spec, training_videos

from vidmbench.core.errors import DataError, ResultError, WeightsError
from vidmbench.vidm.checkpoints.checkpoint import load_vidm, save_vidm
from vidmbench.vidm.checkpoints.known import FILE_NAME
from vidmbench.vidm.checkpoints.tensor_files import write_tensors
from vidmbench.vidm.frames import to_uint8
from vidmbench.vidm.networks.content import ContentNet
from vidmbench.vidm.recipes import SamplingSpec
from vidmbench.vidm.training.sample_sheets import SampleSheets
from vidmbench.vidm.training.state import TrainingState


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_frames_that_are_no_numbers_are_refused(value):
    frames = torch.zeros(3, 3, 4, 4)
    assert np.array_equal(to_uint8(frames), np.full((3, 4, 4, 3), 128, np.uint8))
    frames[1, 2, 3, 0] = value
    with pytest.raises(DataError, match="1 of 3 frames"):
        to_uint8(frames)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_no_numbers_are_refused_when_they_are_loaded(value, tmp_path):
    weights = randomised(ContentNet(small_spec())).state_dict()
    name = list(weights)[-1]
    weights[name] = weights[name].clone()
    weights[name].view(-1)[-1] = value
    save_vidm(tmp_path / FILE_NAME, small_spec(), {"content": weights}, SamplingSpec(steps=2), {})
    with pytest.raises(WeightsError, match="black") as caught:
        load_vidm(tmp_path / FILE_NAME, CPU)
    assert caught.value.found == f"NaN or infinity in {name}"
    assert caught.value.where == str(tmp_path / FILE_NAME)


@pytest.mark.parametrize("part", ["net", "ema", "adamw"])
def test_a_state_that_has_diverged_never_replaces_a_good_one(part, tmp_path):
    net = torch.nn.Linear(2, 2)
    adamw = torch.optim.AdamW(net.parameters())
    net(torch.ones(2)).sum().backward()
    adamw.step()
    state = TrainingState(net, {"weight": torch.ones(2)}, adamw, 3, {}, [])
    path = tmp_path / "content.state.safetensors"
    state.save(path)
    good = path.read_bytes()
    with torch.no_grad():
        if part == "net":
            net.weight[0, 0] = float("inf")
        elif part == "ema":
            state.ema["weight"][1] = float("nan")
        else:
            adamw.state[net.weight]["exp_avg"][0, 0] = float("nan")
    with pytest.raises(ResultError, match="diverged: at step 3") as caught:
        state.save(path)
    assert f"the last good state is in {path}" in caught.value.fix
    assert path.read_bytes() == good


def test_a_sheet_that_cannot_be_drawn_does_not_stop_training(tmp_path, capsys):
    sheets = SampleSheets(small_recipe().model, tmp_path, 0, training_videos(), CPU)
    weights = {name: value * float("nan") for name, value in ContentNet(small_spec()).state_dict().items()}
    sheets("content", weights, 5)
    assert "note: no sheet of samples at step 5 of the content generator" in capsys.readouterr().err
    assert not (tmp_path / "samples").exists()


def test_a_full_disk_under_the_cached_frames_is_one_message(tmp_path, monkeypatch):
    """A mapped file would be a hole there, and the process would end at the first frame that has no room."""
    with full_disk(tmp_path, kilobytes=64) as folder:
        monkeypatch.setenv("VIDMBENCH_CACHE", str(folder))
        videos = training_videos(CodedVideos((8,) * 24))  # 147 kB
        with pytest.raises(ResultError, match="cannot be written") as caught:
            videos.prepare()
        assert str(folder / "frames") in caught.value.where
        assert [path.suffix for path in (folder / "frames").iterdir()] == [".lock"]


def test_a_full_disk_under_a_state_is_one_message_and_keeps_the_old_one(tmp_path):
    with full_disk(tmp_path, kilobytes=150) as folder:
        path = folder / "content.state.safetensors"
        write_tensors(path, {"x": torch.zeros(10_000)}, {"format": 1})
        good = path.read_bytes()
        with pytest.raises(ResultError, match=r"content\.state\.safetensors cannot be written") as caught:
            write_tensors(path, {"x": torch.zeros(100_000)}, {"format": 1})
        assert "unchanged" in caught.value.fix
        assert path.read_bytes() == good
        assert len(list(folder.iterdir())) == 1
