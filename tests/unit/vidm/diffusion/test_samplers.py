import numpy as np
import pytest
import torch
from reference.diffusion import (
    GaussianData,
    ancestral_path,
    ddim_path,
    dpm_solver_path,
    posterior,
)

from vidmbench.core.errors import UsageError
from vidmbench.vidm.diffusion.samplers import SAMPLERS, ancestral, ddim, dpm_solver_2m, sample, with_unit_norm
from vidmbench.vidm.diffusion.schedule import Schedule, even_steps, linear_schedule

# Some hundred float64 roundings, the first of them multiplied by 1 / sqrt(alpha_bar), which is up to 157.
ROUNDING = 1e-10
FULL = linear_schedule()
TWENTY = FULL.respaced(even_steps(1000, 20))
DATA = GaussianData(mean=0.2, deviation=0.3)


def normal(*shape, seed=0):
    return torch.from_numpy(np.random.default_rng(seed).standard_normal(shape))


def no_noise(step):
    raise AssertionError("a deterministic sampler asked for noise")


def recording(model, schedule):
    """The model for a sampler from one for (x_t, step); what it was shown is kept."""
    shown = []

    def told(x_t, t):
        assert t.dtype == torch.int64
        assert t.shape == (len(x_t),)
        steps = np.searchsorted(schedule.timesteps, t.numpy())
        assert (schedule.timesteps[steps] == t.numpy()).all()
        shown.append(x_t.numpy().copy())
        return torch.from_numpy(np.asarray(model(x_t.numpy(), int(steps[0]))))

    return told, shown


def wavy(x_t, step):
    """Noise that no data set would have, and frames well outside [-1, 1]."""
    return np.tanh(1.3 * x_t + 0.1 * step) + 0.2 * np.sin(5 * x_t)


def perfect(schedule, data=DATA):
    return lambda x_t, step: data.eps(x_t, schedule.alpha_bar[step])


def uniform_in_log_snr(count):
    """A schedule with equal steps of lambda from -3 to 3."""
    alpha_bar = 1.0 / (1.0 + np.exp(-2.0 * np.linspace(3.0, -3.0, count)))
    return Schedule(1.0 - alpha_bar / np.append(1.0, alpha_bar[:-1]), np.arange(count), count)


# --- every sampler against its oracle, step by step


def noises_for(schedule, shape):
    return [normal(*shape, seed=100 + step).numpy() for step in range(len(schedule))]


@pytest.mark.parametrize("clip", [True, False])
@pytest.mark.parametrize(("variance", "share"), [("fixed-small", 0.0), ("fixed-large", 1.0)])
def test_ancestral_sampling_takes_the_steps_of_the_oracle(variance, share, clip):
    x_T = normal(2, 3, 4, 4)
    noises = noises_for(TWENTY, x_T.shape)
    model, shown = recording(wavy, TWENTY)
    result = ancestral(model, x_T, TWENTY, noise=lambda i: torch.from_numpy(noises[i]), variance=variance, clip=clip)
    path = ancestral_path(
        wavy, x_T.numpy(), TWENTY.alpha_bar, noises, clip=clip, share_of_large=lambda x_t, step: share
    )
    np.testing.assert_allclose([*shown, result.numpy()], path, rtol=ROUNDING, atol=ROUNDING)


def test_a_learned_variance_lies_between_the_posterior_s_and_beta():
    x_T = normal(2, 3, 4, 4)
    noises = noises_for(TWENTY, x_T.shape)
    values = np.linspace(-1.0, 1.0, x_T.numel()).reshape(x_T.shape)

    model, shown = recording(lambda x_t, step: np.concatenate([wavy(x_t, step), values], axis=1), TWENTY)
    result = ancestral(model, x_T, TWENTY, noise=lambda i: torch.from_numpy(noises[i]), variance="learned-range")
    share = (values + 1.0) / 2.0
    path = ancestral_path(wavy, x_T.numpy(), TWENTY.alpha_bar, noises, clip=True, share_of_large=lambda *_: share)
    np.testing.assert_allclose([*shown, result.numpy()], path, rtol=ROUNDING, atol=ROUNDING)


@pytest.mark.parametrize("clip", [True, False])
@pytest.mark.parametrize("eta", [0.0, 0.6, 1.0])
def test_ddim_takes_the_steps_of_the_oracle(eta, clip):
    x_T = normal(2, 3, 4, 4)
    noises = noises_for(TWENTY, x_T.shape)
    model, shown = recording(wavy, TWENTY)
    noise = (lambda i: torch.from_numpy(noises[i])) if eta else no_noise
    result = ddim(model, x_T, TWENTY, noise=noise, eta=eta, clip=clip)
    path = ddim_path(wavy, x_T.numpy(), TWENTY.alpha_bar, noises, clip=clip, eta=eta)
    np.testing.assert_allclose([*shown, result.numpy()], path, rtol=ROUNDING, atol=ROUNDING)


@pytest.mark.parametrize("clip", [True, False])
def test_dpm_solver_takes_the_steps_of_the_oracle(clip):
    x_T = normal(2, 3, 4, 4)
    model, shown = recording(wavy, TWENTY)
    result = dpm_solver_2m(model, x_T, TWENTY, clip=clip)
    path = dpm_solver_path(wavy, x_T.numpy(), TWENTY.alpha_bar, clip=clip)
    np.testing.assert_allclose([*shown, result.numpy()], path, rtol=ROUNDING, atol=ROUNDING)


@pytest.mark.parametrize("clip", [True, False])
def test_stochastic_dpm_solver_takes_the_steps_of_the_oracle(clip):
    x_T = normal(2, 3, 4, 4)
    noises = noises_for(TWENTY, x_T.shape)
    model, shown = recording(wavy, TWENTY)
    result = dpm_solver_2m(model, x_T, TWENTY, noise=lambda i: torch.from_numpy(noises[i]), stochastic=True, clip=clip)
    path = dpm_solver_path(wavy, x_T.numpy(), TWENTY.alpha_bar, clip=clip, noises=noises)
    np.testing.assert_allclose([*shown, result.numpy()], path, rtol=ROUNDING, atol=ROUNDING)


# --- what the samplers must do whatever the formulas say


@pytest.mark.parametrize("clip", [True, False])
def test_ddim_at_eta_1_is_ancestral_sampling(clip):
    x_T = normal(3, 3, 4, 4)

    def noise(step):
        return normal(*x_T.shape, seed=step)

    one, shown = recording(wavy, TWENTY)
    other, shown_too = recording(wavy, TWENTY)
    result = ddim(one, x_T, TWENTY, noise=noise, eta=1.0, clip=clip)
    expected = ancestral(other, x_T, TWENTY, noise=noise, variance="fixed-small", clip=clip)
    np.testing.assert_allclose(shown, shown_too, rtol=ROUNDING, atol=ROUNDING)
    torch.testing.assert_close(result, expected, rtol=ROUNDING, atol=ROUNDING)


@pytest.mark.parametrize("step", [1, 7, 19])
def test_one_step_has_the_moments_of_the_posterior(step):
    """Ancestral and DDIM at eta = 1; the noises -1 and 1 give mean and deviation."""
    x_T = normal(1, 3, 4, 4).expand(2, -1, -1, -1).contiguous()
    signs = torch.tensor([-1.0, 1.0]).view(2, 1, 1, 1).expand_as(x_T)

    def noise(asked):
        return signs if asked == step else torch.zeros_like(x_T)

    for sampler, options in ((ancestral, {}), (ddim, {"eta": 1.0})):
        model, shown = recording(wavy, TWENTY)
        sampler(model, x_T, TWENTY, noise=noise, clip=False, **options)
        x_t, (low, high) = shown[19 - step][0], shown[20 - step]
        alpha_bar = TWENTY.alpha_bar[step]
        x_0 = (x_t - np.sqrt(1 - alpha_bar) * wavy(x_t, step)) / np.sqrt(alpha_bar)
        mean, variance = posterior(x_0, x_t, TWENTY.alpha_bar[step - 1], alpha_bar)
        np.testing.assert_allclose((low + high) / 2, mean, rtol=ROUNDING, atol=ROUNDING)
        np.testing.assert_allclose(((high - low) / 2) ** 2, variance, rtol=ROUNDING)


def drawn_moments(schedule, model, variance):
    """Mean and variance of what ancestral sampling draws with a linear model, without drawing.

    Sample 0 gets no noise at all; each other sample gets one unit of one noise, x_T's or a step's.
    """
    count = len(schedule) + 1

    def noise(step):
        unit = torch.zeros(count, 1, 1, 1, dtype=torch.float64)
        unit[1 + step % len(schedule)] = 1.0
        return unit

    told, _ = recording(model, schedule)
    # No step asks for the noise of step 0, which is free for x_T.
    drawn = ancestral(told, noise(0), schedule, noise=noise, variance=variance, clip=False).flatten().numpy()
    return drawn[0], ((drawn[1:] - drawn[0]) ** 2).sum()


@pytest.mark.parametrize("variance", ["fixed-small", "fixed-large"])
def test_ancestral_sampling_of_a_perfect_model_approaches_the_data(variance):
    errors = []
    for count in (50, 200, 1000):
        schedule = FULL.respaced(even_steps(1000, count))
        mean, spread = drawn_moments(schedule, perfect(schedule), variance)
        errors.append((abs(mean - DATA.mean), abs(spread - DATA.deviation**2)))
    means, spreads = np.array(errors).T
    # x_T lacked sqrt(alpha_bar_999) = 0.0064 of the mean; nearly all of that is forgotten on the way.
    assert means.max() < 1e-6
    assert list(spreads) == sorted(spreads, reverse=True)
    assert spreads[-1] < 0.03 * DATA.deviation**2


@pytest.mark.parametrize("count", [2, 5, 20])
def test_with_the_right_variance_a_perfect_model_is_exact_at_any_number_of_steps(count):
    schedule = uniform_in_log_snr(count)

    def model(x_t, step):
        eps = DATA.eps(x_t, schedule.alpha_bar[step])
        if step == 0:
            return np.concatenate([eps, eps], axis=1)
        low, high = schedule.posterior_log_variance_clipped[step], np.log(schedule.betas[step])
        true = np.log(DATA.backward_variance(schedule.alpha_bar[step - 1], schedule.alpha_bar[step]))
        return np.concatenate([eps, np.full_like(eps, 2 * (true - low) / (high - low) - 1)], axis=1)

    _, spread = drawn_moments(schedule, model, "learned-range")
    # The chain starts from unit variance, not from that of x_T, and forgets all but a share of it.
    growth, last, first = 1.0, schedule.alpha_bar[-1], schedule.alpha_bar[0]
    for before, now in zip(schedule.alpha_bar[:-1], schedule.alpha_bar[1:], strict=True):
        growth *= np.sqrt(now / before) * DATA.variance_at(before) / DATA.variance_at(now)
    excess = growth**2 * (1.0 - DATA.variance_at(last))
    to_clean = np.sqrt(first) * DATA.deviation**2 / DATA.variance_at(first)
    assert spread == pytest.approx(to_clean**2 * (DATA.variance_at(first) + excess), rel=1e-11)


def slope(sampler, **options):
    """Order of the error at the last frame, over the number of equal steps of lambda."""
    x_T = normal(16, 1, 1, 1)
    counts, errors = (160, 320, 640), []
    for count in counts:
        schedule = uniform_in_log_snr(count + 1)
        model, shown = recording(perfect(schedule), schedule)
        sampler(model, x_T, schedule, clip=False, **options)
        exact = DATA.flow(x_T.numpy(), schedule.alpha_bar[-1], schedule.alpha_bar[0])
        errors.append(np.abs(shown[-1] - exact).max())
    return -np.polyfit(np.log(counts), np.log(errors), 1)[0]


def test_ddim_is_of_first_and_dpm_solver_of_second_order():
    assert slope(ddim, noise=no_noise) == pytest.approx(1.0, abs=0.05)
    assert slope(dpm_solver_2m) == pytest.approx(2.0, abs=0.05)


def slope_of_variance(sampler, **options):
    """Order of the error of the drawn variance at the last frame, over the number of equal steps of lambda."""
    counts, errors = (160, 320, 640), []
    for count in counts:
        schedule = uniform_in_log_snr(count + 1)

        def noise(step, count=count):
            unit = torch.zeros(count + 2, 1, 1, 1, dtype=torch.float64)
            unit[1 + step % (count + 1)] = 1.0
            return unit

        model, shown = recording(perfect(schedule), schedule)
        x_T = noise(0) * np.sqrt(DATA.variance_at(schedule.alpha_bar[-1]))
        sampler(model, x_T, schedule, noise=noise, clip=False, **options)
        spread = ((shown[-1][1:] - shown[-1][0]) ** 2).sum()
        errors.append(abs(spread - DATA.variance_at(schedule.alpha_bar[0])))
    return -np.polyfit(np.log(counts), np.log(errors), 1)[0]


def test_ancestral_sampling_is_of_first_and_stochastic_dpm_solver_of_second_order():
    assert slope_of_variance(ancestral) == pytest.approx(1.0, abs=0.05)
    assert slope_of_variance(dpm_solver_2m, stochastic=True) == pytest.approx(2.0, abs=0.05)


@pytest.mark.parametrize("count", [10, 20, 100])
def test_on_even_timesteps_dpm_solver_is_nearer_to_the_flow_than_ddim(count):
    schedule = FULL.respaced(even_steps(1000, count))
    x_T = normal(16, 1, 1, 1)
    exact = DATA.flow(x_T.numpy(), schedule.alpha_bar[-1], schedule.alpha_bar[0])
    errors = []
    for name in ("dpm-solver", "ddim"):
        model, shown = recording(perfect(schedule), schedule)
        sample(name, model, x_T, schedule, noise=no_noise, variance="fixed-small", clip=False)
        errors.append(np.abs(shown[-1] - exact).max())
    assert errors[0] < errors[1]


# --- all of them


@pytest.mark.parametrize("name", SAMPLERS)
@pytest.mark.parametrize("count", [1, 2, 20])
def test_the_last_move_goes_to_the_clamped_clean_frame(name, count):
    schedule = FULL.respaced(even_steps(1000, count))
    model, shown = recording(wavy, schedule)
    asked, ticks = [], []

    def noise(step):
        asked.append(step)
        return normal(4, 3, 2, 2, seed=step)

    x_T = 3.0 * normal(4, 3, 2, 2)
    result = sample(
        name, model, x_T, schedule, noise=noise, variance="fixed-large", progress=lambda: ticks.append(1)
    ).numpy()
    alpha_bar = schedule.alpha_bar[0]
    x_0 = (shown[-1] - np.sqrt(1 - alpha_bar) * wavy(shown[-1], 0)) / np.sqrt(alpha_bar)
    np.testing.assert_allclose(result, x_0.clip(-1, 1), rtol=ROUNDING, atol=ROUNDING)
    assert np.abs(result).max() <= 1.0
    assert len(shown) == len(ticks) == count
    assert asked == (list(range(count - 1, 0, -1)) if name in ("ancestral", "sde-dpm-solver") else [])


@pytest.mark.parametrize("name", SAMPLERS)
def test_frames_keep_their_dtype_and_do_not_depend_on_their_batch(name):
    x_T = normal(5, 3, 4, 4).float()
    noises = [normal(5, 3, 4, 4, seed=step).float() for step in range(20)]

    def model(x_t, t):
        # As under autocast: half precision out, twice the channels.
        assert x_t.dtype == torch.float32
        return torch.cat([torch.tanh(x_t), torch.sin(x_t)], dim=1).to(torch.bfloat16)

    whole = sample(name, model, x_T, TWENTY, noise=lambda i: noises[i], variance="learned-range")
    assert whole.dtype == torch.float32
    part = sample(name, model, x_T[3:4], TWENTY, noise=lambda i: noises[i][3:4], variance="learned-range")
    torch.testing.assert_close(part, whole[3:4], rtol=1e-5, atol=1e-5)
    widened = sample(
        name, lambda x_t, t: model(x_t, t).float(), x_T, TWENTY, noise=lambda i: noises[i], variance="learned-range"
    )
    assert torch.equal(whole, widened)


@pytest.mark.parametrize("name", SAMPLERS)
@pytest.mark.parametrize(("channels", "variance"), [(6, "fixed-small"), (3, "learned-range")])
def test_output_of_other_channels_is_refused(name, channels, variance):
    def model(x_t, t):
        return torch.zeros(1, channels, 2, 2)

    with pytest.raises(ValueError, match=f"found {channels}"):
        sample(name, model, normal(1, 3, 2, 2), TWENTY, noise=no_noise, variance=variance)


@pytest.mark.parametrize("name", SAMPLERS)
def test_where_x_T_alone_decides_its_length_does_not(name):
    """A network whose norms hide how long x_T is answers alike to both; fresh noise needs x_T as it was drawn."""

    def model(x_t, t):
        return x_t / x_t.square().mean(dim=(1, 2, 3), keepdim=True).sqrt()

    def drawn(x_T):
        return sample(name, model, x_T, TWENTY, noise=lambda _: torch.zeros(2, 3, 4, 4), variance="fixed-small")

    x_T = normal(2, 3, 4, 4)
    assert with_unit_norm(x_T).square().mean(dim=(1, 2, 3)).numpy() == pytest.approx(1.0, rel=1e-12)
    off = (drawn(1.1 * x_T) - drawn(x_T)).abs().max()
    assert (off < 1e-9) == (name in ("ddim", "dpm-solver"))


def test_unknown_samplers_and_etas_are_refused():
    with pytest.raises(UsageError, match="did you mean ddim"):
        sample("dim", wavy, normal(1, 3, 2, 2), TWENTY, noise=no_noise, variance="fixed-small")
    with pytest.raises(UsageError, match="0 to 1"):
        ddim(wavy, normal(1, 3, 2, 2), TWENTY, noise=no_noise, eta=1.5)
