import numpy as np
import pytest
import torch
from reference.spynet import plain_flow, warped

from vidmbench.core.seeding import generator
from vidmbench.sources.clevrer_mini import ToyVideos
from vidmbench.vidm.networks.spynet import SpyNet, warp
from vidmbench.vidm.training.flow_pretraining import photometric_loss, pretrain_flow


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def network(seed=0, gain=1.0, **options):
    """A SpyNet of random weights; ``gain`` makes its flows larger."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        net = SpyNet(**options)
    with torch.no_grad():
        for level in net.basic_module:
            level.basic_module[4].conv.weight *= gain
    return net.eval()


def images(*shape, seed=0):
    return torch.from_numpy(generator(seed, "images").uniform(-1, 1, shape).astype(np.float32))


# The layout of the checkpoints.


def test_layout():
    net = SpyNet()
    weights = [f"basic_module.{i}.basic_module.{j}.conv.{kind}" for i in range(6) for j in range(5) for kind in KINDS]
    assert sorted(net.state_dict()) == sorted([*weights, "mean", "std"])
    assert sorted(dict(net.named_parameters())) == sorted(weights)
    assert len(weights) == 60
    assert sum(tensor.numel() for tensor in net.parameters()) == 1_440_300
    state = {name: tuple(tensor.shape) for name, tensor in net.state_dict().items()}
    assert state["mean"] == state["std"] == (1, 3, 1, 1)
    for level in range(6):
        for layer, (inputs, outputs) in enumerate([(8, 32), (32, 64), (64, 32), (32, 16), (16, 2)]):
            stem = f"basic_module.{level}.basic_module.{layer}.conv"
            assert state[f"{stem}.weight"] == (outputs, inputs, 7, 7)
            assert state[f"{stem}.bias"] == (outputs,)
    assert all(tensor.dtype == torch.float32 for tensor in net.state_dict().values())


KINDS = ("weight", "bias")


def test_the_state_dict_is_read_back_strictly():
    net, other = network(1), network(2)
    other.load_state_dict(net.state_dict(), strict=True)
    pair = images(1, 3, 32, 32), images(1, 3, 32, 32, seed=1)
    assert torch.equal(net(*pair), other(*pair))


# Against the plain implementation.


@pytest.mark.parametrize("size", [(64, 64), (32, 32), (70, 45), (20, 96)], ids=str)
@pytest.mark.parametrize("input_range", ["unit", "signed"])
def test_agrees_with_the_plain_implementation(size, input_range):
    net = network(gain=3.0, input_range=input_range)
    reference, support = images(2, 3, *size), images(2, 3, *size, seed=1)
    with torch.inference_mode():
        flow = net(reference, support)
    assert flow.shape == (2, 2, *size)
    assert flow.dtype == torch.float32
    assert flow.abs().max() > 0.5  # else nothing would be warped to speak of
    weights = {name: tensor.double().numpy() for name, tensor in net.state_dict().items()}
    for one, first, second in zip(flow, reference.double().numpy(), support.double().numpy(), strict=True):
        expected = plain_flow(weights, first, second, levels=6, maps_to_unit=input_range == "unit")
        np.testing.assert_allclose(one.numpy(), expected, rtol=0, atol=1e-5)


def test_fewer_levels_and_other_widths_agree_too():
    net = network(widths=(4, 6, 5, 3), levels=3, gain=3.0)
    reference, support = images(1, 3, 18, 30), images(1, 3, 18, 30, seed=1)
    weights = {name: tensor.double().numpy() for name, tensor in net.state_dict().items()}
    expected = plain_flow(weights, reference[0].double().numpy(), support[0].double().numpy(), levels=3, maps_to_unit=1)
    np.testing.assert_allclose(net(reference, support)[0].detach().numpy(), expected, rtol=0, atol=1e-5)


def test_input_ranges_differ_by_the_map_to_the_unit_interval():
    unit, signed = network(input_range="unit"), network(input_range="signed")
    reference, support = images(1, 3, 32, 32), images(1, 3, 32, 32, seed=1)
    assert not torch.allclose(unit(reference, support), signed(reference, support), atol=1e-3)
    mapped = [(frames + 1) / 2 for frames in (reference, support)]
    torch.testing.assert_close(signed(*mapped), unit(reference, support), rtol=0, atol=1e-5)


def test_a_sample_does_not_depend_on_its_batch():
    net = network()
    reference, support = images(3, 3, 32, 32), images(3, 3, 32, 32, seed=1)
    torch.testing.assert_close(net(reference, support)[1:2], net(reference[1:2], support[1:2]), rtol=0, atol=1e-5)


# Warping.


@pytest.mark.parametrize("shift", [(3, 0), (0, -2), (-5, 4), (0, 0)], ids=str)
def test_warp_by_whole_pixels_moves_the_image(shift):
    x, y = shift
    image = images(2, 3, 24, 33)
    flow = torch.tensor([float(x), float(y)]).view(1, 2, 1, 1).expand(2, 2, 24, 33)
    rows = (torch.arange(24) + y).clamp(0, 23)
    columns = (torch.arange(33) + x).clamp(0, 32)
    torch.testing.assert_close(warp(image, flow), image[:, :, rows][:, :, :, columns], rtol=0, atol=1e-5)


def test_warp_between_pixels_agrees_with_the_plain_implementation():
    image, flow = images(1, 4, 9, 13), 6 * images(1, 2, 9, 13, seed=1)
    expected = warped(image[0].double().numpy(), flow[0].double().numpy())
    np.testing.assert_allclose(warp(image, flow)[0].numpy(), expected, rtol=0, atol=1e-5)


def test_an_image_of_one_pixel_stays_itself():
    image = images(1, 3, 1, 1)
    assert torch.equal(warp(image, torch.full((1, 2, 1, 1), 2.5)), image)


# Training: what comes out is flow.


def frame_pairs(split, num_videos, pairs_each):
    """Frames 3 to 8 apart, float32 (2, pair, 3, 32, 32) in [-1, 1]."""
    videos = ToyVideos(split, num_videos=num_videos, resolution=32)
    read = []
    for video in range(num_videos):
        draw = generator(0, "pairs", split, video)
        start, gap = draw.integers(0, 118, pairs_each), draw.integers(3, 9, pairs_each)
        read.append(videos.read(video, [*start.tolist(), *(start + gap).tolist()]).reshape(2, pairs_each, 32, 32, 3))
    frames = np.concatenate(read, axis=1).transpose(0, 1, 4, 2, 3)
    return torch.from_numpy(np.ascontiguousarray(frames)).float() / 127.5 - 1


def drawn_from(frames, size):
    def pairs(step):
        chosen = torch.from_numpy(generator(0, "batch", step).integers(0, frames.shape[1], size))
        return frames[0, chosen], frames[1, chosen]

    return pairs


def test_training_gives_flow_on_videos_never_seen():
    net = network(widths=(16, 32, 16, 8), levels=5)
    losses = pretrain_flow(net, drawn_from(frame_pairs("train", 64, 16), 8), steps=300)
    assert np.mean(losses[-40:]) < 0.8 * np.mean(losses[:40])
    reference, support = frame_pairs("test", 24, 4)
    with torch.inference_mode():
        explained = warp(support, net(reference, support))
    before, after = (support - reference).abs(), (explained - reference).abs()
    changed = (before.amax(dim=1, keepdim=True) > 0.1).expand_as(before)
    assert after[changed].mean() < 0.7 * before[changed].mean()
    assert after.mean() < before.mean()  # where nothing moves it leaves the image alone


def test_training_is_repeatable_and_tells_its_progress():
    frames, told = frame_pairs("train", 4, 4), []
    runs = []
    for seed in (0, 0, 1):
        net = network(widths=(4, 4, 4, 4), levels=3)
        losses = pretrain_flow(
            net, drawn_from(frames, 2), steps=3, seed=seed, progress=lambda *words: told.append(words)
        )
        assert len(losses) == 3
        assert not net.training  # as it was before
        runs.append(torch.cat([tensor.flatten() for tensor in net.state_dict().values()]))
    assert torch.equal(runs[0], runs[1])
    assert not torch.equal(runs[0], runs[2])
    assert [words[:2] for words in told[:3]] == [(1, 3), (2, 3), (3, 3)]
    assert told[0][2].startswith("flow, loss 0.")


def test_the_right_flow_costs_least():
    support = torch.nn.functional.avg_pool2d(images(1, 3, 32, 32), 5, stride=1, padding=2)
    flow = torch.tensor([2.0, -1.0]).view(1, 2, 1, 1).expand(1, 2, 32, 32)
    reference = warp(support, flow)
    right, *wrong = (
        photometric_loss(factor * flow, reference, support, smoothness=0.002).item() for factor in (1, 0, -1, 0.5, 2)
    )
    assert right < min(wrong)
    assert photometric_loss(flow + 0.3 * images(1, 2, 32, 32), reference, support, smoothness=1.0) > right
