"""From noise to a frame: ancestral sampling, DDIM, DPM-Solver++(2M) and its stochastic form.

Each sampler is a function of (model, x_T, schedule). It visits every step of the schedule once, from the noisiest to
step 0, and the last move always goes to the clean frame: its result is the clean frame predicted at step 0. The
schedule's constants are float64 scalars, the frames stay in the dtype of x_T.

Symbols as in vidmbench.vidm.diffusion.schedule; besides, sigma_t = sqrt(1 - alpha_bar_t) and
lambda_t = log(sqrt(alpha_bar_t) / sigma_t), half the logarithm of the signal-to-noise ratio.
"""

from collections.abc import Callable
from functools import partial
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from vidmbench.core.errors import UsageError, unknown
from vidmbench.core.vocabulary import SamplerName
from vidmbench.vidm.config import Variance
from vidmbench.vidm.diffusion.schedule import Schedule, blended, split_prediction

# (x_t, t) to noise: t holds timesteps of the full process, int64 (batch,); see split_prediction for the channels.
Model = Callable[[Tensor, Tensor], Tensor]
# Unit noise for the move away from a step, shaped like x_T. A function, so that a sample's noise need not depend on
# the samples beside it.
Noise = Callable[[int], Tensor]
# Called after each step.
OnStep = Callable[[], object]


class Sampler(Protocol):
    """What all samplers have in common.

    Args:
        model: Predicts the noise.
        x_T: Unit noise, (batch, C, height, width), floating point.
        schedule: The steps to visit.
        noise: Unit noise of a step. Asked for steps len(schedule) - 1 to 1, in this order, if at all.
        variance: What the model's output holds and, in ancestral sampling, the variance of a step.
        clip: Clamp each predicted clean frame to [-1, 1].
        progress: Called after each step.

    Returns:
        Frames, as ``x_T``; in [-1, 1] if ``clip``.

    Raises:
        ValueError: The model's output has other channels than ``variance`` takes.
    """

    def __call__(
        self,
        model: Model,
        x_T: Tensor,
        schedule: Schedule,
        *,
        noise: Noise,
        variance: Variance,
        clip: bool,
        progress: OnStep | None,
    ) -> Tensor:
        """Draw frames."""
        ...


@torch.no_grad()
def ancestral(
    model: Model,
    x_T: Tensor,
    schedule: Schedule,
    *,
    noise: Noise,
    variance: Variance = "fixed-small",
    clip: bool = True,
    progress: OnStep | None = None,
) -> Tensor:
    """Draw each x_{t-1} from the model's Gaussian (Ho et al. 2020, Algorithm 2; here Eq. 2).

    The variance is that of the posterior ("fixed-small"), beta ("fixed-large"), or between them as the model says
    ("learned-range"). Arguments, result and errors as for ``Sampler``.
    """
    of_x0, of_xt = (weights.tolist() for weights in schedule.posterior_coefficients)
    low = schedule.posterior_log_variance_clipped.tolist()
    high = np.log(schedule.betas).tolist()
    x_t = x_T
    for step in reversed(range(len(schedule))):
        eps, values = _predict(model, x_t, schedule, step, variance)
        x_0 = _clean_frame(x_t, eps, schedule, step, clip)
        if step == 0:
            x_t = x_0
        else:
            mean = of_x0[step] * x_0 + of_xt[step] * x_t
            x_t = mean + _deviation(values, low[step], high[step], variance) * noise(step).to(x_t)
        _tell(progress)
    return x_t


@torch.no_grad()
def ddim(
    model: Model,
    x_T: Tensor,
    schedule: Schedule,
    *,
    noise: Noise,
    eta: float = 0.0,
    variance: Variance = "fixed-small",
    clip: bool = True,
    progress: OnStep | None = None,
) -> Tensor:
    """Denoising diffusion implicit models (Song et al. 2021, Eq. 12 and 16).

    Arguments, result and errors as for ``Sampler``; ``variance`` says only which channels to expect.

    Args:
        model: See ``Sampler``.
        x_T: See ``Sampler``.
        schedule: See ``Sampler``.
        noise: Never asked at eta = 0.
        eta: From 0, where x_T alone decides, to 1, ancestral sampling with "fixed-small" (except for rounding).
        variance: See ``Sampler``.
        clip: Clamp each predicted clean frame; the noise is then derived anew from the clamped frame.
        progress: See ``Sampler``.

    Raises:
        UsageError: ``eta`` is not between 0 and 1.
    """
    if not 0.0 <= eta <= 1.0:
        raise UsageError("eta of DDIM is out of range", expected="0 to 1", found=str(eta))
    alpha_bar, previous = schedule.alpha_bar, schedule.alpha_bar_previous
    sigma = eta * np.sqrt(schedule.posterior_variance)
    of_eps = np.sqrt(1.0 - previous - sigma**2).tolist()
    of_x0 = np.sqrt(previous).tolist()
    sigmas = sigma.tolist()
    x_t = x_T
    for step in reversed(range(len(schedule))):
        eps, _ = _predict(model, x_t, schedule, step, variance)
        x_0 = _clean_frame(x_t, eps, schedule, step, clip)
        if step == 0:
            x_t = x_0
        else:
            if clip:
                eps = (x_t - float(np.sqrt(alpha_bar[step])) * x_0) / float(np.sqrt(1.0 - alpha_bar[step]))
            x_t = of_x0[step] * x_0 + of_eps[step] * eps
            if eta > 0.0:
                x_t = x_t + sigmas[step] * noise(step).to(x_t)
        _tell(progress)
    return x_t


@torch.no_grad()
def dpm_solver_2m(
    model: Model,
    x_T: Tensor,
    schedule: Schedule,
    *,
    noise: Noise | None = None,
    stochastic: bool = False,
    variance: Variance = "fixed-small",
    clip: bool = True,
    progress: OnStep | None = None,
) -> Tensor:
    """DPM-Solver++(2M): second order, one evaluation a step (Lu et al. 2022, Algorithm 2, and the SDE form of it).

    Arguments, result and errors as for ``Sampler``; ``variance`` says only which channels to expect. The first move
    has no past and is of first order. So is the one on to step 0: with evenly spaced timesteps lambda leaps there by
    three times the move before, and a line through two predictions drawn on that far does more harm than good (10 to
    30 steps then do worse than DDIM). One such move leaves the order of the whole at 2.

    Args:
        model: See ``Sampler``.
        x_T: See ``Sampler``.
        schedule: See ``Sampler``.
        noise: Asked only if ``stochastic``.
        stochastic: Solve the reverse stochastic differential equation (SDE-DPM-Solver++(2M)) instead of the
            probability flow, with fresh noise at every step. Moves of first order are then those of ancestral
            sampling with "fixed-small".
        variance: See ``Sampler``.
        clip: Clamp each predicted clean frame to [-1, 1].
        progress: See ``Sampler``.
    """
    replaced = 1.0 if stochastic else 0.0  # how fast fresh noise takes the place of what x_t holds
    signal, sigma = np.sqrt(schedule.alpha_bar), np.sqrt(1.0 - schedule.alpha_bar)
    lambdas = np.log(signal / sigma)
    x_t, x_0_before = x_T, None
    for step in reversed(range(len(schedule))):
        eps, _ = _predict(model, x_t, schedule, step, variance)
        x_0 = _clean_frame(x_t, eps, schedule, step, clip)
        if step == 0:
            x_t = x_0
        else:
            width = lambdas[step - 1] - lambdas[step]
            target = x_0
            if x_0_before is not None and step > 1:
                ratio = float(width / (lambdas[step] - lambdas[step + 1]))
                target = x_0 + 0.5 * ratio * (x_0 - x_0_before)
            of_xt = float(sigma[step - 1] / sigma[step] * np.exp(-replaced * width))
            of_target = float(-signal[step - 1] * np.expm1(-(1.0 + replaced) * width))
            x_t = of_xt * x_t + of_target * target
            if stochastic:
                assert noise is not None
                x_t = x_t + float(sigma[step - 1] * np.sqrt(-np.expm1(-2.0 * width))) * noise(step).to(x_t)
        x_0_before = x_0
        _tell(progress)
    return x_t


SAMPLERS: dict[SamplerName, Sampler] = {
    "ancestral": ancestral,
    "ddim": ddim,
    "dpm-solver": dpm_solver_2m,
    "sde-dpm-solver": partial(dpm_solver_2m, stochastic=True),
}
# Those that add fresh noise at every step, and so need x_T as it was drawn.
STOCHASTIC: frozenset[SamplerName] = frozenset({"ancestral", "sde-dpm-solver"})


def sample(
    name: str,
    model: Model,
    x_T: Tensor,
    schedule: Schedule,
    *,
    noise: Noise,
    variance: Variance,
    clip: bool = True,
    progress: OnStep | None = None,
) -> Tensor:
    """Draw frames with the sampler of that name; DDIM with eta = 0, and x_T at unit norm where it alone decides.

    Arguments, result and errors as for ``Sampler``.

    Raises:
        UsageError: No sampler has that name.
    """
    for known, sampler in SAMPLERS.items():
        if known == name:
            if known not in STOCHASTIC:
                x_T = with_unit_norm(x_T)
            return sampler(model, x_T, schedule, noise=noise, variance=variance, clip=clip, progress=progress)
    raise unknown("sampler", name, SAMPLERS, error=UsageError)


def with_unit_norm(x_T: Tensor) -> Tensor:
    """The same noise with a root mean square of exactly 1 in every sample.

    The group norms hide from the network how long x_T is, so what its length is off by stays in the frame: at 32
    pixels, 3072 numbers, 1.3 % on average, which the first prediction multiplies by 156. Fresh noise washes it out;
    deterministic samplers keep it to the end, as a frame full of noise. At 128 pixels it is 0.3 %.

    Args:
        x_T: Unit noise (batch, channel, height, width).
    """
    scaled: Tensor = x_T / x_T.square().mean(dim=(1, 2, 3), keepdim=True).sqrt()
    return scaled


def _predict(
    model: Model, x_t: Tensor, schedule: Schedule, step: int, variance: Variance
) -> tuple[Tensor, Tensor | None]:
    """The model's noise and variance values at a step, in the dtype of ``x_t``."""
    timesteps = torch.full((len(x_t),), int(schedule.timesteps[step]), dtype=torch.int64, device=x_t.device)
    return split_prediction(model(x_t, timesteps).to(x_t.dtype), x_t.shape[1], variance)


def _clean_frame(x_t: Tensor, eps: Tensor, schedule: Schedule, step: int, clip: bool) -> Tensor:
    """The clean frame that ``x_t`` and ``eps`` imply at a step."""
    alpha_bar = float(schedule.alpha_bar[step])
    x_0: Tensor = (x_t - (1.0 - alpha_bar) ** 0.5 * eps) / alpha_bar**0.5
    return x_0.clamp(-1.0, 1.0) if clip else x_0


def _deviation(values: Tensor | None, low: float, high: float, variance: Variance) -> Tensor | float:
    """The standard deviation of an ancestral step whose log variance lies between ``low`` and ``high``."""
    if values is not None:
        return torch.exp(0.5 * blended(values, low, high))
    return float(np.exp(0.5 * (high if variance == "fixed-large" else low)))


def _tell(progress: OnStep | None) -> None:
    if progress is not None:
        progress()
