import numpy as np
import pandas as pd
import pytest
import torch
from support.vidm_helpers import CPU, SEED_FLOW, LabelledVideos, small_recipe, small_spec, state_in, train

from vidmbench.core.errors import DataError, ResultError, UsageError
from vidmbench.sources.clevrer_mini import ToyVideos
from vidmbench.vidm.networks.spynet import SpyNet
from vidmbench.vidm.recipes import FlowStartSpec, OptimiserSpec
from vidmbench.vidm.training import loop as training
from vidmbench.vidm.training.batches import TrainingVideos
from vidmbench.vidm.training.loop import new_net, train_part

PARTS = ["content", "motion"]


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(autouse=True)
def often(monkeypatch):
    """A state and a picture after every step."""
    monkeypatch.setattr(training, "SECONDS_BETWEEN_STATES", -1.0)
    monkeypatch.setattr(training, "SECONDS_BETWEEN_PICTURES", -1.0)


@pytest.mark.parametrize("part", PARTS)
def test_some_seconds_of_training_lower_the_loss(part, tmp_path, monkeypatch):
    monkeypatch.setattr(training, "STEPS_A_ROW", 1)
    monkeypatch.setattr(training, "SECONDS_BETWEEN_STATES", 60.0)
    videos = TrainingVideos(ToyVideos("train", num_videos=2, resolution=32), 16, 128)
    videos.prepare()
    recipe = small_recipe(
        model=small_spec(num_frames=128), flow_start=SEED_FLOW, steps=60, batch_size=8, lr=1e-2, warmup_steps=10
    )
    train_part(part, recipe, videos, tmp_path, seed=0, device=CPU)
    loss = pd.read_csv(tmp_path / f"{part}.csv")["loss"]
    # A fresh network's answer is 0, and the mean of |eps| is 0.798.
    assert loss[:3].mean() == pytest.approx(0.798, abs=0.05)
    assert loss[-10:].mean() < 0.5 * loss[:3].mean()


def test_the_moving_average_is_that_of_plain_numpy(tmp_path):
    recipe = small_recipe(ema=0.9)
    seen = []

    def sheets(part, weights, step):
        tensors, _ = state_in(tmp_path, part)
        seen.append((step, {name: value.numpy().copy() for name, value in weights.items()}, tensors))

    final = train(tmp_path, "motion", recipe, sheets=sheets)
    assert [step for step, *_ in seen] == [1, 2, 3, 4, 5, 6]
    words, still = [], small_recipe(steps=1, lr=1e-12, weight_decay=0.0)
    train(tmp_path / "flow", "motion", still, progress=lambda *told: words.append(told[2].split(",")[0]))
    assert words == ["flow", "flow", "motion"]
    start = state_in(tmp_path / "flow", "motion")[0]  # after the flow's training, which the average starts from
    for name in final:
        average = start[f"net.{name}"].double().numpy()
        for _, weights, tensors in seen:
            average = 0.9 * average + 0.1 * tensors[f"net.{name}"].double().numpy()
            assert np.array_equal(weights[name], tensors[f"ema.{name}"].numpy())
            assert np.abs(weights[name] - average).max() < 1e-6
    assert any((final[name] != seen[-1][2][f"net.{name}"]).any() for name in final)


def test_the_flow_starts_from_the_users_weights_where_there_are_any(tmp_path):
    still = small_recipe(flow_start=FlowStartSpec(start="sintel"), steps=1, lr=1e-12, weight_decay=0.0)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(9)
        flow = still.model.flow
        sintel = {name: value for name, value in SpyNet(widths=flow.widths, levels=flow.levels).named_parameters()}
    given = train(tmp_path / "given", "motion", still, sintel=sintel)
    without = train(tmp_path / "without", "motion", still)
    fresh = new_net("motion", still.model, 0).state_dict()
    for name, value in sintel.items():
        torch.testing.assert_close(given[f"spynet.{name}"], value, rtol=0, atol=1e-9)
        torch.testing.assert_close(without[f"spynet.{name}"], fresh[f"spynet.{name}"], rtol=0, atol=1e-9)
    with pytest.raises(ResultError, match='flow_weights = "seed"'):
        train(tmp_path / "given", "motion", still)
    larger = {name: value.detach() for name, value in SpyNet().named_parameters()}
    with pytest.raises(UsageError, match=r"widths = \[4, 4, 4, 4\], levels = 2"):
        train(tmp_path / "larger", "motion", still, sintel=larger)


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize(
    "model",
    [
        small_spec("official"),
        small_spec("official", posgn=False, implicit_condition=False),
        small_spec(penalty=False, truncation=False, posgn=False, residual=False, implicit_condition=False),
    ],
    ids=["official", "official, AdaGN", "all off"],
)
def test_every_kind_of_model_trains_in_half_precision_too(part, model, tmp_path):
    for precision in ("fp32", "bf16"):
        recipe = small_recipe(model=model, flow_start=SEED_FLOW, precision=precision, steps=3)
        before = new_net(part, model, 0).state_dict()
        train(tmp_path / precision, part, recipe)
        tensors, _ = state_in(tmp_path / precision, part)
        assert all(value.dtype == torch.float32 and value.isfinite().all() for value in tensors.values())
        fixed = {"spynet.mean", "spynet.std"}
        assert {name for name in before if torch.equal(before[name], tensors[f"net.{name}"])} <= fixed


def test_a_class_conditional_model_learns_its_classes(tmp_path):
    recipe = small_recipe(model=small_spec(num_classes=4), flow_start=SEED_FLOW, weight_decay=0.0)
    with pytest.raises(DataError, match="no class labels"):
        train(tmp_path / "none", recipe=recipe)
    train(tmp_path, recipe=recipe, source=LabelledVideos())
    tensors, _ = state_in(tmp_path)
    moved = tensors["net.label_emb.weight"] != new_net("content", recipe.model, 0).label_emb.weight
    assert moved.any(dim=1).tolist() == [True, True, True, False]  # no video is of class 3


def test_the_learning_rate_rises_and_falls():
    def rates(**changes):
        optimiser = OptimiserSpec(**({"steps": 100, "batch_size": 1, "lr": 2.0} | changes))
        return np.array([optimiser.lr_at(step) for step in range(100)])

    assert (rates() == 2.0).all()
    warm = rates(warmup_steps=10)
    assert warm[:10] == pytest.approx(np.arange(1, 11) / 5)
    assert (warm[10:] == 2.0).all()
    cosine = rates(decay="cosine")
    assert cosine[[0, 50]] == pytest.approx([2.0, 1.0])
    assert 0 < cosine[99] < 1e-3
    assert (np.diff(cosine) < 0).all()
    assert rates(decay="cosine", warmup_steps=10) == pytest.approx(warm * cosine / 2)
    assert small_recipe().part("motion") == small_recipe().motion
