"""Recipes: everything that decides the weights a training run ends with, as protocols/recipes/NAME.toml declares it."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import (
    Field,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

from vidmbench.core import resources
from vidmbench.core.declarations import Frozen, load_toml
from vidmbench.core.errors import unknown
from vidmbench.core.vocabulary import NoiseChoice, Precision, SamplerName
from vidmbench.vidm.config import PARTS, Part, VidmSpec

FlowStart = Literal["sintel", "photometric", "seed"]


class DataSpec(Frozen):
    """Which frames are trained on.

    Attributes:
        videos: Videos of the training split; None takes all.
        start: Which frame is x(0): the video's first, as in the code, or any (the paper: "randomly selected").
        numbers: How n is drawn: ``uniform``, as in the paper and its code, or ``near``: log-uniform, so that the first
            frames, on which all later ones stand, are learnt first where steps are few; ``mixed`` takes either with
            even chance.
        flip: Whether half the samples are mirrored.
        previous_noise: Standard deviation, at most, of noise put on x(n-1), in units of [-1, 1]; each sample draws its
            own between 0 and this. The frames that a model goes on from when drawing are its own, and not clean; 0
            gives it clean ones in training, as the paper does.
    """

    videos: PositiveInt | None = None
    start: Literal["first", "any"] = "first"
    numbers: Literal["uniform", "near", "mixed"] = "uniform"
    flip: bool = True
    previous_noise: float = Field(default=0.0, ge=0, le=1)


class OptimiserSpec(Frozen):
    """How one generator is trained.

    Attributes:
        steps: Optimiser steps.
        batch_size: Samples a step, over all processes.
        lr: Learning rate of AdamW.
        warmup_steps: Steps over which it rises from 0.
        decay: Whether it stays, or falls to 0 as a cosine.
        weight_decay: AdamW's.
        clip_norm: Largest norm of the gradient.
        ema: Decay of the weights' moving average, a step.
        ema_half_life: Samples after which a weight counts half in the moving average; in place of ``ema``, so that the
            average does not depend on the batch size; at least 1.
        min_snr: Largest weight of the error of the clean frame (Hang et al. 2023, "Min-SNR"): the squared error of the
            noise is weighted by min(SNR, this) / SNR. None weights all timesteps alike, as Eq. 1 does.
        precision: ``bf16`` runs the networks under autocast; weights, loss and optimiser stay float32.
    """

    steps: PositiveInt
    batch_size: PositiveInt
    lr: PositiveFloat = 2e-5
    warmup_steps: NonNegativeInt = 0
    decay: Literal["constant", "cosine"] = "constant"
    weight_decay: float = Field(default=0.01, ge=0)
    clip_norm: PositiveFloat = 1.0
    ema: float = Field(default=0.999, ge=0, lt=1)
    ema_half_life: float | None = Field(default=None, ge=1)
    min_snr: PositiveFloat | None = None
    precision: Precision = "fp32"

    @property
    def ema_decay(self) -> float:
        """Decay of the moving average, a step."""
        return self.ema if self.ema_half_life is None else float(0.5 ** (self.batch_size / self.ema_half_life))

    def shortened(self, share: float) -> "OptimiserSpec":
        """The same over a share of its steps, 0 to 1; what is counted in steps shrinks with them."""
        # The moving average looks back over the same share of the run.
        changes: dict[str, object] = {
            "steps": max(1, round(self.steps * share)),
            "warmup_steps": round(self.warmup_steps * share),
            "ema": max(0.0, 1 - (1 - self.ema) / share),
        }
        if self.ema_half_life is not None:
            changes["ema_half_life"] = self.ema_half_life * share
        return self.model_copy(update=changes)

    def of_steps(self, steps: int) -> "OptimiserSpec":
        """The same over a number of steps: shortened, or the same for longer."""
        return self.shortened(steps / self.steps) if steps < self.steps else self.model_copy(update={"steps": steps})

    def lr_at(self, step: int, done: float | None = None) -> float:
        """The learning rate of a step.

        Args:
            step: Counted from 0.
            done: The part of the training that is over, 0 to 1; None takes it from the step.
        """
        rising = min(1.0, (step + 1) / self.warmup_steps) if self.warmup_steps else 1.0
        over = step / self.steps if done is None else min(done, 1.0)
        falling = 0.5 * (1 + math.cos(math.pi * over)) if self.decay == "cosine" else 1.0
        return self.lr * rising * falling


class FlowStartSpec(Frozen):
    """What SpyNet starts from.

    Attributes:
        start: ``sintel``: the user's copy of the public weights, or the seed where there is none; ``photometric``:
            trained without labels on the training videos first; ``seed``: random.
        steps: Steps of photometric training.
        batch_size: Pairs a step.
        largest_gap: Frames between the two frames of a pair, at most.
    """

    start: FlowStart = "sintel"
    steps: NonNegativeInt = 0
    batch_size: PositiveInt = 16
    largest_gap: PositiveInt = 16


class SamplingSpec(Frozen):
    """How samples are drawn unless the user asks for something else.

    Attributes:
        sampler: The paper's is ``ancestral``.
        steps: Denoising steps per frame.
        content_steps: The same for first frames, which are drawn once a video; None takes ``steps``.
        spacing: ``even`` from the first to the last timestep, ``accumulated``, the same as the code adds it up ("100"),
            or ``strided`` from 0 ("ddim100" in the code).
        noise: Noise of the motion generator: sampled again for every ``frame``, as the paper does, or once a ``video``
            and shared by its frames, which steadies what a small network cannot tell from its conditions.
        precision: ``bf16`` runs the networks under autocast, as in training; the frames between them stay float32.
    """

    sampler: SamplerName = "ancestral"
    steps: PositiveInt = 100
    content_steps: PositiveInt | None = None
    spacing: Literal["even", "accumulated", "strided"] = "even"
    noise: NoiseChoice = "frame"
    precision: Precision = "fp32"

    @model_serializer(mode="wrap")
    def _serialised(self, serialise: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Without the precision that is usual: digests of samples and headers of models are older than the choice."""
        found: dict[str, Any] = serialise(self)
        return {key: value for key, value in found.items() if (key, value) != ("precision", "fp32")}


class RecipeSpec(Frozen):
    """A recipe, whole.

    Attributes:
        name: The file's name without its suffix.
        title: A line for people.
        dataset: What it is made for; another can be given.
        assumed: Settings that the paper does not state.
        gpu_hours: Estimated hours on the named device, both generators.
        memory_gib: Estimated peak memory.
        device: What the two estimates are for.
        model: The networks.
        data: The frames.
        flow_start: What SpyNet starts from.
        content: Training of the content generator.
        motion: Training of the motion generator.
        sampling: How its samples are drawn.
    """

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9.-]*$")
    title: str
    dataset: str
    assumed: tuple[str, ...] = Field(default=(), strict=False)
    gpu_hours: PositiveFloat
    memory_gib: PositiveFloat
    device: str
    model: VidmSpec
    data: DataSpec = DataSpec()
    flow_start: FlowStartSpec = FlowStartSpec()
    content: OptimiserSpec
    motion: OptimiserSpec
    sampling: SamplingSpec = SamplingSpec()

    @model_validator(mode="after")
    def _steps_within_the_schedule(self) -> Self:
        steps = max(self.sampling.steps, self.sampling.content_steps or 0)
        if steps > self.model.num_timesteps:
            most = self.model.num_timesteps
            raise ValueError(f"sampling.steps and content_steps are {most} (num_timesteps) at most, not {steps}")
        return self

    @model_validator(mode="after")
    def _photometric_has_steps(self) -> Self:
        if (self.flow_start.start == "photometric") != (self.flow_start.steps > 0):
            raise ValueError("flow_start.steps must be given with start = 'photometric', and only then")
        return self

    @model_validator(mode="after")
    def _min_snr_weights_the_squared_error(self) -> Self:
        if self.model.loss != "mse" and (self.content.min_snr or self.motion.min_snr):
            raise ValueError(
                "min_snr weights the squared error of Eq. 1: it needs penalty = false under [model], paper variant"
            )
        return self

    def in_precision(self, precision: Precision | None) -> "RecipeSpec":
        """The recipe with both generators trained in another precision; None leaves it as it is."""
        if precision is None:
            return self
        changed = {"precision": precision}
        return self.model_copy(
            update={name: self.part(name).model_copy(update=changed) for name in PARTS}  # the fields are so called
        )

    def of_steps(self, steps: int | None, parts: Sequence[Part] = PARTS) -> "RecipeSpec":
        """The recipe with some generators trained for another number of steps; None leaves it as it is."""
        if steps is None:
            return self
        return self.model_copy(update={name: self.part(name).of_steps(steps) for name in parts})

    def part(self, part: Part) -> OptimiserSpec:
        """Training of one generator."""
        return self.content if part == "content" else self.motion


def recipe_names() -> list[str]:
    """Names of all shipped recipes, sorted."""
    return resources.declared_names("recipes")


def load_recipe(name: str) -> RecipeSpec:
    """Loads a shipped recipe by name, or any by its file.

    Raises:
        ProtocolError: Unknown name, or a file with mistakes.
    """
    if name.endswith(".toml"):
        return load_toml(Path(name), RecipeSpec)
    if name not in recipe_names():
        raise unknown("recipe", name, recipe_names(), fix="see them all: vidmbench list recipes; or give a .toml file")
    return load_toml(_folder() / f"{name}.toml", RecipeSpec)


def _folder() -> Path:
    return resources.protocols_dir() / "recipes"
