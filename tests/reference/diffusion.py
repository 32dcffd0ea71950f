"""Diffusion the slow way: float64 numpy, one step or one number at a time, each formula as its paper prints it."""

import math

import numpy as np
from scipy.stats import norm


def linear_alpha_bar(num_timesteps=1000):
    """The products of 1 - beta for beta from 1e-4 to 2e-2."""
    product, products = 1.0, []
    for t in range(num_timesteps):
        product *= 1.0 - (1e-4 + (2e-2 - 1e-4) * t / (num_timesteps - 1))
        products.append(product)
    return products


def posterior(x_0, x_t, alpha_bar_before, alpha_bar):
    """Mean and variance of q(x_{t-1} | x_t, x_0): two Gaussians multiplied, so their precisions add."""
    alpha = alpha_bar / alpha_bar_before
    prior = 1.0 / (1.0 - alpha_bar_before)
    likelihood = alpha / (1.0 - alpha)
    centre = prior * math.sqrt(alpha_bar_before) * x_0 + likelihood * x_t / math.sqrt(alpha)
    return centre / (prior + likelihood), 1.0 / (prior + likelihood)


def clean(x_t, eps, alpha_bar, clip):
    x_0 = (x_t - math.sqrt(1.0 - alpha_bar) * eps) / math.sqrt(alpha_bar)
    return np.clip(x_0, -1.0, 1.0) if clip else x_0


def ancestral_path(eps_of, x_T, alpha_bar, noises, *, clip, share_of_large):
    """All x_t of ancestral sampling, from x_T to the clean frame.

    ``eps_of(x_t, step)`` is the network; ``share_of_large(x_t, step)`` is 1 for variance beta, 0 for the
    posterior's, and the exponent of a geometric mean between.
    """
    path = [x_T]
    for step in range(len(alpha_bar) - 1, 0, -1):
        x_t = path[-1]
        x_0 = clean(x_t, eps_of(x_t, step), alpha_bar[step], clip)
        mean, small = posterior(x_0, x_t, alpha_bar[step - 1], alpha_bar[step])
        large = 1.0 - alpha_bar[step] / alpha_bar[step - 1]
        share = share_of_large(x_t, step)
        path.append(mean + np.sqrt(small ** (1.0 - share) * large**share) * noises[step])
    return [*path, clean(path[-1], eps_of(path[-1], 0), alpha_bar[0], clip)]


def ddim_path(eps_of, x_T, alpha_bar, noises, *, clip, eta):
    """All x_t of DDIM (Song et al. 2021, Eq. 12 and 16)."""
    path = [x_T]
    for step in range(len(alpha_bar) - 1, 0, -1):
        x_t, now, after = path[-1], alpha_bar[step], alpha_bar[step - 1]
        x_0 = clean(x_t, eps_of(x_t, step), now, clip)
        eps = (x_t - math.sqrt(now) * x_0) / math.sqrt(1.0 - now)
        sigma = eta * math.sqrt((1.0 - after) / (1.0 - now)) * math.sqrt(1.0 - now / after)
        path.append(math.sqrt(after) * x_0 + math.sqrt(1.0 - after - sigma**2) * eps + sigma * noises[step])
    return [*path, clean(path[-1], eps_of(path[-1], 0), alpha_bar[0], clip)]


def dpm_solver_path(eps_of, x_T, alpha_bar, *, clip, noises=None):
    """All x_t of DPM-Solver++(2M) (Lu et al. 2022, Algorithm 2), first order on to step 0.

    With ``noises``, of its stochastic form: the posterior given the clean frame that lies on a line through the last
    two predictions.
    """
    log_snr = [0.5 * math.log(product / (1.0 - product)) for product in alpha_bar]
    path, predictions = [x_T], []
    for step in range(len(alpha_bar) - 1, 0, -1):
        x_t, now, after = path[-1], alpha_bar[step], alpha_bar[step - 1]
        predictions.append(clean(x_t, eps_of(x_t, step), now, clip))
        h = log_snr[step - 1] - log_snr[step]
        if len(predictions) == 1 or step == 1:
            d = predictions[-1]
        else:
            r = (log_snr[step] - log_snr[step + 1]) / h
            d = (1.0 + 1.0 / (2.0 * r)) * predictions[-1] - 1.0 / (2.0 * r) * predictions[-2]
        if noises is not None:
            mean, variance = posterior(d, x_t, after, now)
            path.append(mean + math.sqrt(variance) * noises[step])
            continue
        sigma_ratio = math.sqrt(1.0 - after) / math.sqrt(1.0 - now)
        path.append(sigma_ratio * x_t - math.sqrt(after) * (math.exp(-h) - 1.0) * d)
    return [*path, clean(path[-1], eps_of(path[-1], 0), alpha_bar[0], clip)]


class GaussianData:
    """Pixels drawn from N(mean, deviation^2): all that a network could learn about them is known."""

    def __init__(self, mean, deviation):
        self.mean, self.deviation = mean, deviation

    def variance_at(self, alpha_bar):
        """Of x_t."""
        return alpha_bar * self.deviation**2 + 1.0 - alpha_bar

    def eps(self, x_t, alpha_bar):
        """The expected noise in x_t."""
        return math.sqrt(1.0 - alpha_bar) * (x_t - math.sqrt(alpha_bar) * self.mean) / self.variance_at(alpha_bar)

    def backward_variance(self, alpha_bar_before, alpha_bar):
        """Of x_{t-1} given x_t."""
        alpha = alpha_bar / alpha_bar_before
        return 1.0 / (1.0 / self.variance_at(alpha_bar_before) + alpha / (1.0 - alpha))

    def flow(self, x_T, alpha_bar_from, alpha_bar_to):
        """Where the probability flow carries x_T: deviations from the mean grow as the spread does."""
        growth = math.sqrt(self.variance_at(alpha_bar_to) / self.variance_at(alpha_bar_from))
        return math.sqrt(alpha_bar_to) * self.mean + growth * (x_T - math.sqrt(alpha_bar_from) * self.mean)


def gaussian_divergence(mean_p, variance_p, mean_q, variance_q):
    """KL(p || q) in nats."""
    return math.log(math.sqrt(variance_q / variance_p)) + (variance_p + (mean_p - mean_q) ** 2) / (2 * variance_q) - 0.5


def grey_level_probability(level, mean, deviation):
    """That a Gaussian falls nearest to grey level 0 to 255 on [-1, 1]; the outermost take all beyond them."""
    low = -math.inf if level == 0 else (level - 0.5) / 127.5 - 1.0
    high = math.inf if level == 255 else (level + 0.5) / 127.5 - 1.0
    return norm.cdf(high, mean, deviation) - norm.cdf(low, mean, deviation)


def bound_term(eps_hat, value, level, eps, t, alpha_bar):
    """One pixel's term of the variational bound at step t, in bits; ``level`` is the grey level of x_0."""
    x_0 = level / 127.5 - 1.0
    x_t = math.sqrt(alpha_bar[t]) * x_0 + math.sqrt(1.0 - alpha_bar[t]) * eps
    x_0_hat = clean(x_t, eps_hat, alpha_bar[t], clip=False)
    share = (value + 1.0) / 2.0
    if t == 0:
        _, small = posterior(0.0, 0.0, alpha_bar[0], alpha_bar[1])
        large = 1.0 - alpha_bar[0]
        variance = small ** (1.0 - share) * large**share
        return -math.log2(grey_level_probability(level, x_0_hat, math.sqrt(variance)))
    true_mean, small = posterior(x_0, x_t, alpha_bar[t - 1], alpha_bar[t])
    mean, _ = posterior(x_0_hat, x_t, alpha_bar[t - 1], alpha_bar[t])
    large = 1.0 - alpha_bar[t] / alpha_bar[t - 1]
    return gaussian_divergence(true_mean, small, mean, small ** (1.0 - share) * large**share) / math.log(2.0)
