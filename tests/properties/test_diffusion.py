import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from reference.diffusion import linear_alpha_bar, posterior

from vidmbench.vidm.diffusion.schedule import even_steps, linear_schedule, strided_steps

FULL = linear_schedule()
ALPHA_BAR = linear_alpha_bar()
# 1 - alpha_bar is 1e-4 at least, so 1e-12 of it is lost, and up to 1000 factors add their roundings.
ROUNDING = 1e-10

quick = settings(max_examples=60, deadline=None)
subsets = st.sets(st.integers(0, 999), min_size=1, max_size=30).map(sorted)
seeds = st.integers(0, 2**32 - 1)


def normal(seed, *shape):
    return torch.from_numpy(np.random.default_rng(seed).standard_normal(shape))


@quick
@given(subsets)
def test_respacing_keeps_the_marginals_and_what_the_network_is_told(steps):
    some = FULL.respaced(steps)
    np.testing.assert_allclose(some.alpha_bar, [ALPHA_BAR[step] for step in steps], rtol=ROUNDING)
    assert some.timesteps.tolist() == steps
    assert some.num_original == 1000
    assert ((some.betas > 0.0) & (some.betas < 1.0)).all()
    x_0, eps = normal(0, len(steps), 1, 2, 2), normal(1, len(steps), 1, 2, 2)
    seen = some.noisy(x_0, torch.arange(len(steps)), eps)
    torch.testing.assert_close(seen, FULL.noisy(x_0, torch.tensor(steps), eps), rtol=ROUNDING, atol=ROUNDING)


@quick
@given(st.sets(st.integers(0, 999), min_size=4, max_size=30).map(sorted), st.data())
def test_respacing_twice_is_respacing_once(steps, data):
    inner = sorted(data.draw(st.sets(st.integers(0, len(steps) - 1), min_size=1)))
    twice, once = FULL.respaced(steps).respaced(inner), FULL.respaced([steps[i] for i in inner])
    np.testing.assert_allclose(twice.betas, once.betas, rtol=ROUNDING)
    assert twice.timesteps.tolist() == once.timesteps.tolist()


@quick
@given(subsets.filter(lambda steps: len(steps) > 1), seeds)
def test_the_posterior_is_the_product_of_two_gaussians(steps, seed):
    some = FULL.respaced(steps)
    t = torch.arange(1, len(steps))
    x_0, x_t = normal(seed, len(t), 1, 2, 2), normal(seed ^ 1, len(t), 1, 2, 2)
    found = some.posterior_mean(x_0, x_t, t)
    for i, step in enumerate(t.tolist()):
        before, now = ALPHA_BAR[steps[step - 1]], ALPHA_BAR[steps[step]]
        mean, variance = posterior(x_0[i].numpy(), x_t[i].numpy(), before, now)
        np.testing.assert_allclose(found[i].numpy(), mean, rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(some.posterior_variance[step], variance, rtol=1e-9)
    np.testing.assert_allclose(np.exp(some.posterior_log_variance_clipped[1:]), some.posterior_variance[1:])
    assert some.posterior_log_variance_clipped[0] == some.posterior_log_variance_clipped[1]


@quick
@given(st.lists(st.integers(0, 999), min_size=1, max_size=8), seeds)
def test_noise_added_and_taken_away_leaves_the_frame(timesteps, seed):
    t = torch.tensor(timesteps)
    x_0, eps = normal(seed, len(t), 3, 2, 2), normal(seed ^ 1, len(t), 3, 2, 2)
    torch.testing.assert_close(FULL.x_0(FULL.noisy(x_0, t, eps), t, eps), x_0, rtol=ROUNDING, atol=ROUNDING)


@quick
@given(st.integers(1, 2000), st.data())
def test_even_steps_start_at_the_first_and_end_at_the_last(num_timesteps, data):
    count = data.draw(st.integers(1, num_timesteps))
    steps = even_steps(num_timesteps, count)
    assert len(set(steps)) == len(steps) == count
    assert steps[0] == 0
    assert count == 1 or steps[-1] == num_timesteps - 1
    assert steps == sorted(steps)


@quick
@given(st.integers(1, 60), st.integers(1, 60))
def test_strided_steps_divide_the_timesteps(count, stride):
    assert strided_steps(count * stride, count) == list(range(0, count * stride, stride))
