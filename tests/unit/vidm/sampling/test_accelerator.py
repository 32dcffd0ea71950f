"""What sampling and training do on a GPU, on the CPU and on the device "meta", whose tensors have no values to read."""

import numpy as np
import pytest
import torch
from support.vidm_helpers import GreyMotion, small_recipe, small_spec, small_vidm

from vidmbench.core.errors import DataError, UsageError
from vidmbench.records.request import SamplingRequest
from vidmbench.vidm.config import FlowSpec
from vidmbench.vidm.diffusion.schedule import linear_schedule
from vidmbench.vidm.frames import Levels, to_uint8
from vidmbench.vidm.recipes import SamplingSpec
from vidmbench.vidm.sampling import replay, source
from vidmbench.vidm.sampling.opening import SamplingOptions
from vidmbench.vidm.sampling.source import VidmVideos
from vidmbench.vidm.training.batch import Batch
from vidmbench.vidm.training.initialisation import new_net
from vidmbench.vidm.training.state import TrainingState
from vidmbench.vidm.training.step import Losses, adamw, take_step

META = torch.device("meta")


@pytest.mark.parametrize(
    ("variant", "sampler"), [("paper", "ancestral"), ("paper", "sde-dpm-solver"), ("official", "ddim")]
)
def test_nothing_in_the_rollout_looks_at_a_number(variant, sampler):
    """16 pixels do not divide into 6 levels: the flow is resized too."""
    vidm = small_vidm(variant, sampler=sampler, steps=2, flow=FlowSpec(widths=(4, 4, 4, 4), levels=6))
    vidm.motion.to(META)
    vidm.content.to(META)
    videos = VidmVideos(vidm, num_videos=2, batch_size=2)
    first = videos.content.frames(range(2))
    walk = videos.walk(first, range(2))
    frame = walk.frame(1, first)
    assert Levels.of(frame).levels.shape == (2, 16, 16, 3)


@pytest.mark.parametrize(
    ("part", "changes"),
    [("motion", {}), ("content", {"penalty": False}), ("content", {"variant": "official", "penalty": False})],
)
def test_nothing_in_a_training_step_looks_at_a_number(part, changes):
    spec = small_spec(**changes)
    optimiser = small_recipe(spec, **({"min_snr": 5.0} if changes == {"penalty": False} else {})).part(part)
    net = new_net(part, spec, 0).to(META)
    state = TrainingState(
        net, {name: value.clone() for name, value in net.state_dict().items()}, adamw(net, optimiser), 0, {}
    )
    frame = torch.zeros(2, 3, 16, 16, device=META)
    number = torch.zeros(2, dtype=torch.int64, device=META)
    more = (frame, frame, number) if part == "motion" else ()
    losses = Losses(lambda *_: None)
    losses.add(*take_step(net, state, Batch(frame, frame, number, *more), linear_schedule(), optimiser, spec, 1e-3))
    with pytest.raises((RuntimeError, NotImplementedError)):  # so the device would notice
        losses.read(1)


@pytest.mark.parametrize("variant", ["paper", "official"])
def test_frames_that_are_read_in_the_end_are_the_same(variant, monkeypatch):
    vidm = small_vidm(variant, steps=2)
    told = []
    one = VidmVideos(vidm, num_videos=2).draw(range(2), 3)
    monkeypatch.setattr(source, "is_accelerator", lambda device: True)
    other = VidmVideos(vidm, num_videos=2, on_frame=told.append).draw(range(2), 3)
    assert np.array_equal(one, other)
    assert told == [2] * 3


def test_frames_that_are_no_numbers_are_noticed_in_the_end_too(monkeypatch):
    vidm = small_vidm(steps=2)
    monkeypatch.setattr(GreyMotion, "predict", lambda *_: torch.full((2, 3, 16, 16), float("nan")))
    for on_gpu in (False, True):
        monkeypatch.setattr(source, "is_accelerator", lambda device, on_gpu=on_gpu: on_gpu)
        told = []
        with pytest.raises(DataError, match="NaN") as caught:
            VidmVideos(vidm, num_videos=2, on_frame=told.append).draw(range(2), 4)
        assert caught.value.found == "NaN or infinity in 2 of 2 frames"
        assert len(told) == (4 if on_gpu else 1)


def test_levels_are_those_of_to_uint8():
    frames = torch.linspace(-1.2, 1.2, 2 * 3 * 8 * 8).view(2, 3, 8, 8)
    for truncated in (False, True):
        assert np.array_equal(Levels.of(frames, truncated=truncated).read(), to_uint8(frames, truncated=truncated))


# --- one graph for a shape


def twice_and_more(x, y):
    return x * 2 + y


def not_permitted(*_):
    raise RuntimeError("operation not permitted when stream is capturing")


@pytest.mark.parametrize("fails", [False, True])
def test_a_shape_that_comes_often_is_replayed_if_that_works(fails, monkeypatch):
    monkeypatch.setattr(replay, "is_worth_a_graph", lambda x: True)
    if fails:
        monkeypatch.setattr(replay.Replay, "__init__", not_permitted)
    replays, y = replay.Replays(twice_and_more), torch.full((1,), 0.5)
    for number in range(replay._CALLS_BEFORE + 3):
        for batch in (1, 2):
            x = torch.full((batch, 3, 4, 4), float(number))
            assert torch.equal(replays(x, y), x * 2 + y)
        assert len(replays._graphs) == (2 if number >= replay._CALLS_BEFORE else 0)
    assert {graph is None for graph in replays._graphs.values()} == {fails}


def test_a_graph_that_gives_other_numbers_is_not_used(monkeypatch):
    monkeypatch.setattr(replay, "is_worth_a_graph", lambda x: True)
    monkeypatch.setattr(replay.Replay, "__call__", lambda self, inputs: torch.zeros(2, 3, 4, 4))
    replays = replay.Replays(twice_and_more)
    for _ in range(2 * replay._CALLS_BEFORE):
        assert replays(torch.ones(2, 3, 4, 4), torch.ones(1))[0, 0, 0, 0] == 3
    assert list(replays._graphs.values()) == [None]


def test_a_graph_that_holds_nothing_is_not_used(monkeypatch):
    """It gives what it was made with, whatever it is given."""
    monkeypatch.setattr(replay, "is_worth_a_graph", lambda x: True)
    replays, made = replay.Replays(twice_and_more), []
    create = replay.Replay.__init__

    def creating(self, call, inputs):
        create(self, call, inputs)
        made.append(call(*inputs))
        self._replay = lambda: made[-1]

    monkeypatch.setattr(replay.Replay, "__init__", creating)
    for number in range(replay._CALLS_BEFORE + 3):
        assert replays(torch.full((1, 3, 2, 2), float(number)), torch.ones(1))[0, 0, 0, 0] == 2 * number + 1
    assert made
    assert list(replays._graphs.values()) == [None]


@pytest.mark.parametrize("variant", ["paper", "official"])
def test_frames_of_a_graph_are_the_same(variant, monkeypatch):
    vidm = small_vidm(variant, steps=4)
    one = VidmVideos(vidm, num_videos=2).draw(range(2), 9)
    monkeypatch.setattr(replay, "is_worth_a_graph", lambda x: True)
    videos = VidmVideos(vidm, num_videos=2)
    assert np.array_equal(videos.draw(range(2), 9), one)
    assert all(videos._predict._graphs.values())
    assert len(videos._predict._graphs) == 1


def test_no_graph_is_made_on_a_cpu():
    assert not replay.is_worth_a_graph(torch.zeros(1, 3, 8, 8))


# --- bf16


@pytest.mark.parametrize("variant", ["paper", "official"])
def test_frames_in_bf16_are_nearly_those_in_fp32_and_other_videos(variant):
    vidm = small_vidm(variant, steps=2)
    fp32 = VidmVideos(vidm, num_videos=2)
    bf16 = VidmVideos(vidm, num_videos=2, sampling=vidm.sampling.model_copy(update={"precision": "bf16"}))
    one, other = (videos.draw(range(2), 3).astype(int) for videos in (fp32, bf16))
    assert 0 < np.abs(one - other).mean() < 4
    assert fp32.digest() != bf16.digest()
    assert [videos.settings()["precision"] for videos in (fp32, bf16)] == ["fp32", "bf16"]
    assert any("bf16" in note for note in bf16.notes)


def test_a_choice_that_is_usual_is_not_written():
    """Digests of samples, headers of models and records of requests are older than it."""
    usual, other = SamplingSpec(), SamplingSpec(precision="bf16")
    assert "precision" not in usual.model_dump_json()
    assert SamplingSpec.model_validate(other.model_dump()) == other
    assert SamplingSpec.model_validate(usual.model_dump()) == usual
    assert "precision" not in SamplingRequest(steps=3).model_dump()
    assert SamplingRequest(precision="bf16").model_dump()["precision"] == "bf16"


def test_words_for_a_precision_are_checked():
    assert not SamplingOptions(precision="bf16").is_default
    with pytest.raises(UsageError, match="fp23"):
        SamplingOptions(precision="fp23")
