import math

import numpy as np
import pytest
import torch
from reference.diffusion import bound_term, linear_alpha_bar

from vidmbench.core.errors import UsageError
from vidmbench.vidm.diffusion.losses import training_loss, variational_bound
from vidmbench.vidm.diffusion.schedule import accumulated_steps, at, blended, even_steps, linear_schedule, strided_steps

FULL = linear_schedule()
ALPHA_BAR = linear_alpha_bar()


# --- the schedule


def test_the_linear_schedule_is_the_published_one():
    assert FULL.alpha_bar == pytest.approx(linear_alpha_bar(), rel=1e-12)
    assert FULL.alpha_bar[999] == pytest.approx(4.0358e-5, rel=1e-4)
    assert FULL.alpha_bar_previous[0] == 1.0
    assert FULL.posterior_variance[0] == 0.0


def test_the_two_ways_to_choose_100_steps():
    assert strided_steps(1000, 100) == list(range(0, 1000, 10))
    even = even_steps(1000, 100)
    assert (len(even), even[:3], even[-2:]) == (100, [0, 10, 20], [989, 999])
    assert set(np.diff(even)) == {10, 11}
    assert even_steps(1000, 1) == strided_steps(1000, 1) == [0]
    assert even_steps(1000, 1000) == strided_steps(1000, 1000) == list(range(1000))


def test_steps_as_the_published_code_adds_them_up():
    both = [(even_steps(1000, count), accumulated_steps(1000, count)) for count in range(1, 1001)]
    different = [count for count, (even, added) in enumerate(both, start=1) if even != added]
    assert len(different) == 278  # counted with the published code's own function
    assert different[:4] == [21, 23, 31, 35]
    assert 100 not in different
    assert all(abs(a - b) <= 1 for even, added in both for a, b in zip(even, added, strict=True))
    assert accumulated_steps(1000, 1) == [0]


@pytest.mark.parametrize(
    ("choose", "count", "complaint"),
    [(even_steps, 0, "1 to 1000"), (strided_steps, 1001, "1 to 1000"), (strided_steps, 600, "divides 1000")],
)
def test_step_counts_that_do_not_fit_are_refused(choose, count, complaint):
    with pytest.raises(UsageError, match=complaint):
        choose(1000, count)


@pytest.mark.parametrize("steps", [[], [3, 2], [1, 1], [-1, 5], [0, 1000]])
def test_steps_that_are_not_part_of_the_schedule_are_refused(steps):
    with pytest.raises(UsageError, match="from 0 to 999"):
        FULL.respaced(steps)


def test_constants_are_looked_up_in_float64_and_rounded_once():
    found = at(FULL.alpha_bar, torch.tensor([3, 999]), torch.zeros(2, 3, 4, 5))
    assert (found.shape, found.dtype) == ((2, 1, 1, 1), torch.float32)
    assert found[1].item() == np.float32(FULL.alpha_bar[999])


# --- the losses


STEPS = torch.tensor([0, 1, 40, 500, 999])


def batch(dtype=torch.float64, error=0.3, seed=0):
    """Frames on the 256 grey levels, black and white among them, their noise, and predictions nearly right."""
    random = np.random.default_rng(seed)
    shape = (len(STEPS), 3, 4, 4)
    level = random.integers(0, 256, shape)
    level[:, 0, 0, :2] = 0, 255
    eps = random.standard_normal(shape)
    eps_hat = eps + error * random.standard_normal(shape)
    values = random.uniform(-1.0, 1.0, shape)
    x_0 = torch.from_numpy(level / 127.5 - 1.0)
    x_t = FULL.noisy(x_0, STEPS, torch.from_numpy(eps))
    tensors = [torch.from_numpy(array) for array in (eps_hat, values, eps)]
    return level, [tensor.to(dtype) for tensor in (*tensors, x_0, x_t)]


def bound_by_the_oracle(level, eps_hat, values, eps):
    pixels = [array.reshape(len(STEPS), -1).tolist() for array in (eps_hat, values, level, eps)]
    return [
        np.mean([bound_term(*pixel, t, ALPHA_BAR) for pixel in zip(*(array[i] for array in pixels), strict=True)])
        for i, t in enumerate(STEPS.tolist())
    ]


def loss(kind, prediction, eps, x_0, x_t, **options):
    variance = "learned-range" if kind == "p2-vlb" else "fixed-small"
    return training_loss(prediction, eps, x_0, x_t, STEPS, FULL, kind=kind, variance=variance, **options)


def test_the_plain_losses_are_those_of_the_paper():
    _, (eps_hat, _, eps, x_0, x_t) = batch()
    error = (eps_hat - eps).numpy()
    torch.testing.assert_close(
        loss("mse", eps_hat, eps, x_0, x_t), torch.from_numpy((error**2).mean(axis=(1, 2, 3))), rtol=1e-12, atol=0.0
    )
    for eta in (1e-8, 0.5):
        expected = torch.from_numpy(np.sqrt(error**2 + eta**2).mean(axis=(1, 2, 3)))
        torch.testing.assert_close(loss("robust", eps_hat, eps, x_0, x_t, eta=eta), expected, rtol=1e-12, atol=0.0)


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-10), (torch.float32, 1e-4)])
def test_the_published_loss_is_that_of_the_oracle(dtype, tolerance):
    level, (eps_hat, values, eps, x_0, x_t) = batch(dtype)
    found = loss("p2-vlb", torch.cat([eps_hat, values], dim=1), eps, x_0, x_t)
    _, (eps_hat, values, eps, _, _) = batch()
    weighted = [
        (1.0 - ALPHA_BAR[t]) * float((eps_hat[i] - eps[i]).square().mean()) for i, t in enumerate(STEPS.tolist())
    ]
    expected = np.add(weighted, bound_by_the_oracle(level, eps_hat.numpy(), values.numpy(), eps.numpy()))
    assert found.dtype == dtype
    np.testing.assert_allclose(found.numpy(), expected, rtol=tolerance)


def test_at_step_0_the_grey_levels_share_the_whole_probability():
    levels = torch.arange(256, dtype=torch.float64).view(256, 1, 1, 1) / 127.5 - 1.0
    t = torch.zeros(256, dtype=torch.int64)
    for place in (-0.998, 0.1, 0.997):
        x_t = torch.full_like(levels, place)
        bits = variational_bound(torch.zeros_like(levels), torch.ones_like(levels), levels, x_t, t, FULL)
        # Some 240 levels are so far off that they count as 1e-12 each.
        assert (2.0**-bits).sum().item() == pytest.approx(1.0, abs=1e-9)


@pytest.mark.parametrize("side", [-1.0, 1.0])
def test_an_unlikely_grey_level_keeps_its_digits_in_float32(side):
    """Six deviations off, where 1 minus the distribution function has none left."""
    level, eps, eps_hat = 150, 0.0, side * 6.0
    x_0 = torch.full((1, 1, 1, 1), level / 127.5 - 1.0)
    t = torch.zeros(1, dtype=torch.int64)
    x_t = FULL.noisy(x_0, t, torch.full_like(x_0, eps))
    bits = variational_bound(torch.full_like(x_0, eps_hat), torch.ones_like(x_0), x_0, x_t, t, FULL)
    expected = bound_term(eps_hat, 1.0, level, eps, 0, ALPHA_BAR)
    assert 25.0 < expected < -math.log2(1e-12)
    assert bits.item() == pytest.approx(expected, rel=1e-5)


def test_a_hopeless_frame_costs_no_more_than_the_published_floor():
    x_0 = torch.full((1, 1, 1, 1), 0.5)
    t = torch.zeros(1, dtype=torch.int64)
    values = torch.zeros_like(x_0, requires_grad=True)
    bits = variational_bound(torch.zeros_like(x_0), values, x_0, -x_0, t, FULL)
    bits.sum().backward()
    assert bits.item() == pytest.approx(-math.log2(1e-12), rel=1e-6)
    assert values.grad.item() == 0.0


def test_the_ends_of_the_learned_range():
    low, high = torch.tensor(-8.0), torch.tensor(-5.0)
    assert blended(torch.tensor([-1.0, 0.0, 1.0]), low, high).tolist() == [-8.0, -6.5, -5.0]
    # The perfect prediction with the posterior's variance costs nothing, at any step but the first.
    _, (_, values, eps, x_0, x_t) = batch()
    bits = variational_bound(eps, torch.full_like(values, -1.0), x_0, x_t, STEPS, FULL)
    assert bits[0] > 0.1
    assert bits[1:].abs().max() < 1e-12
    variance, beta = FULL.posterior_variance[1:], FULL.betas[1:]
    expected = 0.5 * (np.log(beta / variance) + variance / beta - 1.0) / math.log(2.0)
    bits = variational_bound(eps, torch.ones_like(values), x_0, x_t, STEPS, FULL)
    np.testing.assert_allclose(bits[1:].numpy(), expected[STEPS[1:].numpy() - 1], rtol=1e-9, atol=1e-15)


def test_the_bound_teaches_the_variance_and_the_weighted_error_the_noise():
    _, (eps_hat, values, eps, x_0, x_t) = batch()
    prediction = torch.cat([eps_hat, values], dim=1).requires_grad_()
    loss("p2-vlb", prediction, eps, x_0, x_t).sum().backward()
    of_eps, of_values = prediction.grad[:, :3], prediction.grad[:, 3:]
    weight = torch.tensor([1.0 - ALPHA_BAR[t] for t in STEPS.tolist()], dtype=torch.float64).view(-1, 1, 1, 1)
    torch.testing.assert_close(of_eps, weight * 2.0 * (eps_hat - eps) / eps[0].numel(), rtol=1e-9, atol=0.0)
    assert of_values.isfinite().all()
    assert (of_values.abs().amax(dim=(1, 2, 3)) > 0.0).all()


@pytest.mark.parametrize("error", [0.0, 1e-30, 1e-12, 1e-4])
def test_the_robust_loss_has_a_finite_slope_everywhere(error):
    eps = torch.zeros(5, 3, 4, 4)
    prediction = torch.full_like(eps, error).requires_grad_()
    found = loss("robust", prediction, eps, eps, eps)
    found.sum().backward()
    exact = math.hypot(error, 1e-8)
    assert found.tolist() == pytest.approx([exact] * 5, rel=1e-6)
    slope = prediction.grad * eps[0].numel()
    torch.testing.assert_close(slope, torch.full_like(slope, error / exact), rtol=1e-6, atol=0.0)


@pytest.mark.parametrize("kind", ["mse", "robust", "p2-vlb"])
def test_half_precision_is_widened_before_anything_is_subtracted(kind):
    _, (eps_hat, values, eps, x_0, x_t) = batch(torch.float32)
    prediction = eps_hat if kind != "p2-vlb" else torch.cat([eps_hat, values], dim=1)
    half = prediction.to(torch.bfloat16)
    expected = loss(kind, half.float(), eps, x_0, x_t)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = loss(kind, half, eps, x_0, x_t)
    assert found.dtype == torch.float32
    assert torch.equal(found, expected)


def test_losses_that_do_not_fit_are_refused():
    _, (eps_hat, values, eps, x_0, x_t) = batch()
    both = torch.cat([eps_hat, values], dim=1)
    for kind, variance in (("mse", "learned-range"), ("robust", "learned-range"), ("p2-vlb", "fixed-small")):
        with pytest.raises(UsageError, match="does not train"):
            training_loss(both, eps, x_0, x_t, STEPS, FULL, kind=kind, variance=variance)
    with pytest.raises(UsageError, match="not positive"):
        loss("robust", eps_hat, eps, x_0, x_t, eta=0.0)
    with pytest.raises(ValueError, match="takes 6 output channels, found 3"):
        loss("p2-vlb", eps_hat, eps, x_0, x_t)
    with pytest.raises(ValueError, match="takes 3 output channels, found 6"):
        loss("mse", both, eps, x_0, x_t)
