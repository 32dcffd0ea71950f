"""What the networks are trained to make small: the error of the predicted noise, in three forms."""

import math
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from vidmbench.core.errors import UsageError
from vidmbench.vidm.config import Variance
from vidmbench.vidm.diffusion.schedule import Schedule, at, blended, split_prediction

LossKind = Literal["mse", "robust", "p2-vlb"]

# Frames have 256 intensity levels 2/255 apart on [-1, 1]; the outermost collect all that lies beyond them.
HALF_LEVEL = 1.0 / 255.0
OUTERMOST = 0.999
# The published code counts no intensity level as less likely than this.
LEAST_PROBABILITY = 1e-12


def training_loss(
    prediction: Tensor,
    eps: Tensor,
    x_0: Tensor,
    x_t: Tensor,
    t: Tensor,
    schedule: Schedule,
    *,
    kind: LossKind,
    variance: Variance,
    eta: float = 1e-8,
) -> Tensor:
    """The loss of each sample, a mean over channels and pixels.

    - "mse": (eps_hat - eps)^2, Eq. 1.
    - "robust": sqrt((eps_hat - eps)^2 + eta^2), Eq. 4.
    - "p2-vlb": (1 - alpha_bar_t) (eps_hat - eps)^2 + the variational bound's term in bits a dimension. The VIDM
      code trains with this, not with Eq. 4: P2 weighting (Choi et al. 2022, gamma = 1, k = 1) and the hybrid loss
      of Nichol and Dhariwal (2021, Eq. 16) with weight 1.

    Args:
        prediction: The network's output, (batch, C, height, width), or 2 C channels for a learned variance: noise,
            then variance values. Half precision is widened to float32, under autocast too.
        eps: The noise that was added, (batch, C, height, width).
        x_0: The clean frames in [-1, 1], as ``eps``.
        x_t: The noisy frames, as ``eps``.
        t: Step of each sample in ``schedule``, int64 (batch,).
        schedule: The process that made ``x_t``.
        kind: Which loss.
        variance: "learned-range" with "p2-vlb", and only with it.
        eta: Of Eq. 4, positive.

    Returns:
        float32 (float64 for a float64 prediction), (batch,).

    Raises:
        UsageError: ``kind`` and ``variance`` do not go together, or ``eta`` is not positive.
        ValueError: The prediction's channels are not as many as ``variance`` takes.
    """
    _check(kind, variance, eta)
    wide = torch.promote_types(prediction.dtype, torch.float32)
    prediction, eps, x_0, x_t = (tensor.to(wide) for tensor in (prediction, eps, x_0, x_t))
    eps_hat, values = split_prediction(prediction, eps.shape[1], variance)
    error = eps_hat - eps
    if kind == "robust":
        # hypot squares nothing that could underflow, and its slope error / hypot is 0, not NaN, at no error.
        return torch.hypot(error, error.new_full((), eta)).mean(dim=(1, 2, 3))
    if kind == "mse" or values is None:
        return error.square().mean(dim=(1, 2, 3))
    weight = at(1.0 - schedule.alpha_bar, t, error).flatten()
    # The bound teaches the variance alone; on the noise its gradient would be too uneven over t.
    bound = variational_bound(eps_hat.detach(), values, x_0, x_t, t, schedule)
    return weight * error.square().mean(dim=(1, 2, 3)) + bound


def min_snr_weights(schedule: Schedule, most: float) -> np.ndarray:
    """Weights of the noise's squared error by which the clean frame's counts ``most`` times at most.

    The error of the noise is SNR times that of the clean frame, so weights of 1 give nearly clean frames, where little
    can be learnt, up to 10,000 times the weight of noisy ones (Hang et al. 2023, Eq. 7 for the noise).

    Args:
        schedule: The process.
        most: gamma, such as 5.

    Returns:
        min(SNR, most) / SNR, float64 (steps,).
    """
    ratio = schedule.alpha_bar / (1.0 - schedule.alpha_bar)
    weights: np.ndarray = np.minimum(ratio, most) / ratio
    return weights


def variational_bound(
    eps_hat: Tensor, values: Tensor, x_0: Tensor, x_t: Tensor, t: Tensor, schedule: Schedule
) -> Tensor:
    """The term of the variational bound at step t, in bits a dimension (Nichol and Dhariwal 2021, Eq. 4 to 6).

    For t > 0 the divergence of the model's Gaussian from the true posterior; at t = 0 the negative log-likelihood
    of the frame's 256 intensity levels. The normal distribution function is exact; the published code approximates it
    by a hyperbolic tangent, to within 2e-4.

    Args:
        eps_hat: Predicted noise, (batch, C, height, width). The predicted clean frame is not clipped.
        values: Predicted variance values, 1 for beta_t and -1 for the posterior's variance, as ``eps_hat``.
        x_0: The clean frames in [-1, 1], as ``eps_hat``.
        x_t: The noisy frames, as ``eps_hat``.
        t: Step of each sample, int64 (batch,).
        schedule: The process that made ``x_t``.

    Returns:
        (batch,), in the dtype of ``eps_hat``.
    """
    low = at(schedule.posterior_log_variance_clipped, t, values)
    high = at(np.log(schedule.betas), t, values)
    log_variance = blended(values, low, high)
    mean = schedule.posterior_mean(schedule.x_0(x_t, t, eps_hat), x_t, t)
    divergence = _gaussian_divergence(schedule.posterior_mean(x_0, x_t, t), low, mean, log_variance)
    nats = torch.where(_is_first(t, x_0), _grey_level_surprise(x_0, mean, log_variance), divergence)
    return nats.mean(dim=(1, 2, 3)) / math.log(2.0)


def _is_first(t: Tensor, like: Tensor) -> Tensor:
    """Which samples are at step 0, bool, broadcasting against ``like``."""
    is_first = torch.eq(t, 0).to(like.device)
    return is_first.view(-1, *[1] * (like.ndim - 1))


def _gaussian_divergence(mean_p: Tensor, log_p: Tensor, mean_q: Tensor, log_q: Tensor) -> Tensor:
    """KL(p || q) of Gaussians given by means and log variances, in nats, element by element."""
    return 0.5 * (log_q - log_p - 1.0 + torch.exp(log_p - log_q) + (mean_p - mean_q).square() * torch.exp(-log_q))


def _grey_level_surprise(x_0: Tensor, mean: Tensor, log_variance: Tensor) -> Tensor:
    """Minus the log-probability, in nats, that a Gaussian falls into the intensity level of ``x_0``."""
    offset = x_0 - mean
    to_deviations = torch.exp(-0.5 * log_variance)
    # By symmetry both ends are put into the lower tail, where the distribution function keeps its digits.
    inner = _normal_cdf((HALF_LEVEL - offset.abs()) * to_deviations)
    inner = inner - _normal_cdf((-HALF_LEVEL - offset.abs()) * to_deviations)
    darkest = _normal_cdf((offset + HALF_LEVEL) * to_deviations)
    brightest = _normal_cdf((HALF_LEVEL - offset) * to_deviations)
    probability = torch.where(x_0 < -OUTERMOST, darkest, torch.where(x_0 > OUTERMOST, brightest, inner))
    return -probability.clamp(min=LEAST_PROBABILITY).log()


def _normal_cdf(deviations: Tensor) -> Tensor:
    """The normal distribution function, with full relative precision in the lower tail."""
    upper: Tensor = torch.special.erfc(deviations * -math.sqrt(0.5))
    return 0.5 * upper


def _check(kind: LossKind, variance: Variance, eta: float) -> None:
    if (kind == "p2-vlb") != (variance == "learned-range"):
        raise UsageError(
            f"the loss {kind!r} does not train the variance {variance!r}",
            expected="loss p2-vlb with variance learned-range, or mse or robust with a fixed one",
            found=f"loss {kind}, variance {variance}",
        )
    if eta <= 0.0:
        raise UsageError("eta of the robust loss is not positive", expected="a small number above 0", found=str(eta))
