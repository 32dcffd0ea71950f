"""The noise schedule and the Gaussians it defines.

Legend, here and in the whole of vidm/ (paper: "Denoising Diffusion Probabilistic Model", Eq. 1 to 4):
x_0 a clean frame in [-1, 1]; t a timestep, 0 the least noisy; x_t = sqrt(alpha_bar_t) x_0 + sqrt(1 - alpha_bar_t) eps;
eps unit Gaussian noise; alpha_t = 1 - beta_t; alpha_bar_t their running product; T the number of timesteps;
n a frame's number in its video; z the implicit motion condition; c the learnable constant.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from vidmbench.core.errors import UsageError
from vidmbench.vidm.config import Variance


@dataclass(frozen=True)
class Schedule:
    """A discrete diffusion process; all constants are float64.

    Attributes:
        betas: The variances of the steps, each in (0, 1), shape (steps,).
        timesteps: What the network receives at each step: the timestep of the full process, shape (steps,), int64.
        num_original: T of the full process, of which ``timesteps`` is a part.
        alpha_bar: Running product of 1 - beta, shape (steps,).
        alpha_bar_previous: The same one step earlier, 1 at the first.
    """

    betas: np.ndarray
    timesteps: np.ndarray
    num_original: int
    alpha_bar: np.ndarray = field(init=False)
    alpha_bar_previous: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        alpha_bar = np.cumprod(1.0 - self.betas)
        object.__setattr__(self, "alpha_bar", alpha_bar)
        object.__setattr__(self, "alpha_bar_previous", np.append(1.0, alpha_bar[:-1]))

    def __len__(self) -> int:
        """The number of steps."""
        return len(self.betas)

    @property
    def posterior_variance(self) -> np.ndarray:
        """Variance of q(x_{t-1} | x_t, x_0), shape (steps,); 0 at the first step (Ho et al. 2020, Eq. 7)."""
        variance: np.ndarray = self.betas * (1.0 - self.alpha_bar_previous) / (1.0 - self.alpha_bar)
        return variance

    @property
    def posterior_log_variance_clipped(self) -> np.ndarray:
        """Its logarithm, with the second step's in place of the first's, which is minus infinity.

        A process of one step has no second: its beta is used.
        """
        variance = self.posterior_variance
        clipped: np.ndarray = np.log(np.append(variance[1] if len(self) > 1 else self.betas[0], variance[1:]))
        return clipped

    @property
    def posterior_coefficients(self) -> tuple[np.ndarray, np.ndarray]:
        """The weights of x_0 and x_t in the mean of q(x_{t-1} | x_t, x_0), each of shape (steps,)."""
        of_x0 = self.betas * np.sqrt(self.alpha_bar_previous) / (1.0 - self.alpha_bar)
        of_xt = (1.0 - self.alpha_bar_previous) * np.sqrt(1.0 - self.betas) / (1.0 - self.alpha_bar)
        return of_x0, of_xt

    def noisy(self, x_0: Tensor, t: Tensor, eps: Tensor) -> Tensor:
        """x_t from a clean frame and noise, in the dtype of ``x_0``.

        Args:
            x_0: (batch, channel, height, width).
            t: Step of each sample, int64 (batch,).
            eps: Noise, as ``x_0``.
        """
        return at(np.sqrt(self.alpha_bar), t, x_0) * x_0 + at(np.sqrt(1.0 - self.alpha_bar), t, x_0) * eps

    def x_0(self, x_t: Tensor, t: Tensor, eps: Tensor) -> Tensor:
        """The clean frame that ``x_t`` and ``eps`` imply."""
        return at(1.0 / np.sqrt(self.alpha_bar), t, x_t) * x_t - at(np.sqrt(1.0 / self.alpha_bar - 1.0), t, x_t) * eps

    def posterior_mean(self, x_0: Tensor, x_t: Tensor, t: Tensor) -> Tensor:
        """Mean of q(x_{t-1} | x_t, x_0); shapes as for ``noisy`` (Ho et al. 2020, Eq. 7)."""
        of_x0, of_xt = self.posterior_coefficients
        return at(of_x0, t, x_0) * x_0 + at(of_xt, t, x_t) * x_t

    def respaced(self, steps: Sequence[int]) -> "Schedule":
        """The process that visits only some of the timesteps, with the same marginals there.

        Args:
            steps: Indices into this schedule, ascending.

        Raises:
            UsageError: Not ascending, or out of range.
        """
        chosen = np.asarray(steps, dtype=np.int64)
        if not len(chosen) or (np.diff(chosen) <= 0).any() or chosen[0] < 0 or chosen[-1] >= len(self):
            raise UsageError(
                "these sampling steps are not part of the schedule",
                expected=f"ascending steps from 0 to {len(self) - 1}",
                found=", ".join(map(str, chosen[:8])) or "none",
            )
        alpha_bar = self.alpha_bar[chosen]
        betas = 1.0 - alpha_bar / np.append(1.0, alpha_bar[:-1])
        return Schedule(betas, self.timesteps[chosen], self.num_original)


def linear_schedule(num_timesteps: int = 1000) -> Schedule:
    """Betas from 1e-4 to 2e-2 for T = 1000, scaled for other T (Ho et al. 2020; guided-diffusion)."""
    scale = 1000 / num_timesteps
    betas = np.linspace(scale * 1e-4, min(scale * 2e-2, 0.999), num_timesteps, dtype=np.float64)
    return Schedule(betas, np.arange(num_timesteps), num_timesteps)


def even_steps(num_timesteps: int, count: int) -> list[int]:
    """``count`` steps from the first to the last, both included, evenly spaced and rounded ("100" in the VIDM code)."""
    _check_count(num_timesteps, count)
    return [round(step) for step in np.linspace(0, num_timesteps - 1, count)]


def accumulated_steps(num_timesteps: int, count: int) -> list[int]:
    """:func:`even_steps` as the VIDM code has them ("100"): the distance is added up, and its error with it.

    For T = 1000, a step is another one than that of :func:`even_steps` for some numbers of steps.
    """
    _check_count(num_timesteps, count)
    distance, place = (num_timesteps - 1) / max(count - 1, 1), 0.0
    steps = []
    for _ in range(count):
        steps.append(round(place))
        place += distance
    return steps


def strided_steps(num_timesteps: int, count: int) -> list[int]:
    """Every k-th step from 0, so the last is seldom visited ("ddim100" in the VIDM code: 0, 10, ..., 990).

    Raises:
        UsageError: No whole stride k visits just ``count`` steps.
    """
    _check_count(num_timesteps, count)
    for stride in range(1, num_timesteps + 1):
        steps = range(0, num_timesteps, stride)
        if len(steps) == count:
            return list(steps)
    raise UsageError(
        f"no whole stride visits {count} of {num_timesteps} timesteps",
        expected=f"a number that divides {num_timesteps}",
        found=str(count),
    )


def _check_count(num_timesteps: int, count: int) -> None:
    if not 1 <= count <= num_timesteps:
        raise UsageError(
            "the number of sampling steps is out of range", expected=f"1 to {num_timesteps}", found=str(count)
        )


def at(values: np.ndarray, t: Tensor, like: Tensor) -> Tensor:
    """``values[t]`` as a tensor that broadcasts against ``like``, of its dtype, on its device.

    Args:
        values: float64 (steps,).
        t: int64 (batch,).
        like: (batch, ...).
    """
    picked = _on_device(values.tobytes(), like.device)[t.to(like.device)]
    return picked.to(like.dtype).view(-1, *[1] * (like.ndim - 1))


@lru_cache(maxsize=64)
def _on_device(values: bytes, device: torch.device) -> Tensor:
    """float64 numbers on a device, sent there once: asking a GPU for its timesteps would wait for it."""
    with torch.inference_mode(False):  # whoever asks first, training may need it
        return torch.frombuffer(bytearray(values), dtype=torch.float64).to(device)


def split_prediction(prediction: Tensor, channels: int, variance: Variance) -> tuple[Tensor, Tensor | None]:
    """What a network says about the noise, and about the variance if that is learned.

    Args:
        prediction: (batch, channels, height, width), or twice the channels where the variance is learned.
        channels: Channels of a frame.
        variance: How the variance of a backward step is chosen.

    Returns:
        The noise and None or the variance values, 1 for the largest variance and -1 for the smallest; each
        (batch, channels, height, width).

    Raises:
        ValueError: The number of channels is another.
    """
    is_learned = variance == "learned-range"
    expected = 2 * channels if is_learned else channels
    if prediction.shape[1] != expected:
        raise ValueError(f"variance {variance!r} takes {expected} output channels, found {prediction.shape[1]}")
    if not is_learned:
        return prediction, None
    return prediction[:, :channels], prediction[:, channels:]


def blended(values: Tensor, low: Tensor | float, high: Tensor | float) -> Tensor:
    """The logarithm of a learned variance (Nichol and Dhariwal 2021, Eq. 15).

    Args:
        values: What the network says: -1 for ``low``, 1 for ``high``; not clipped.
        low: Logarithm of the posterior's variance.
        high: Logarithm of beta.
    """
    fraction = (values + 1.0) / 2.0
    return fraction * high + (1.0 - fraction) * low
