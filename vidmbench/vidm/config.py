"""What a VIDM is: variant, sizes and the paper's five components, each a switch."""

import math
from typing import Annotated, Literal, Self

from pydantic import Field, PositiveInt, model_validator

from vidmbench.core.declarations import Frozen

Variant = Literal["paper", "official"]
Variance = Literal["fixed-small", "fixed-large", "learned-range"]
Part = Literal["content", "motion"]
Loss = Literal["mse", "robust", "p2-vlb"]
ContentFrame = Literal["frame 0", "left out"]

# Far above what anyone trains: a header beyond it is damaged, and building such a network would take minutes or all of
# the memory before the weights are found not to fit.
_WIDEST = 1 << 14
_MOST = 1_000_000
_LEVELS = 12
_BLOCKS = 16
_Width = Annotated[int, Field(ge=1, le=_WIDEST)]

PARTS: tuple[Part, ...] = ("content", "motion")


class UNetSpec(Frozen):
    """Sizes of a U-Net; the defaults are those of the published 128-pixel networks.

    Attributes:
        channels: Channels of the first level.
        multipliers: Channels of each level, in multiples of ``channels``; every level halves the size.
        blocks: Residual blocks a level.
        attention: Where attention stands besides the middle: feature map sizes in the paper variant, downsampling
            factors in the official one (its code reads the same number 16 that way).
        head_channels: Channels of an attention head.
        groups: Groups of the group norms.
    """

    channels: _Width = 128
    multipliers: tuple[_Width, ...] = Field(default=(1, 1, 2, 2, 4, 4), strict=False, min_length=1, max_length=_LEVELS)
    blocks: PositiveInt = Field(default=2, le=_BLOCKS)
    attention: tuple[_Width, ...] = Field(default=(16,), strict=False, max_length=_LEVELS)
    head_channels: _Width = 64
    groups: _Width = 32

    @model_validator(mode="after")
    def _channels_divide(self) -> Self:
        if self.channels % 2:
            raise ValueError(f"channels = {self.channels} is odd: a timestep is embedded as pairs of sine and cosine")
        for factor in self.multipliers:
            width = self.channels * factor
            if width > _WIDEST:
                raise ValueError(
                    f"a level has {width} channels (channels = {self.channels} times {factor}), more than {_WIDEST}"
                )
            if width % self.groups:
                raise ValueError(
                    f"groups = {self.groups} does not divide the {width} channels of a level "
                    f"(channels = {self.channels} times {factor}): {self._keys(width)}"
                )
            if width > self.head_channels and width % self.head_channels:
                raise ValueError(
                    f"head_channels = {self.head_channels} does not divide the {width} channels of a level "
                    f"(channels = {self.channels} times {factor}): {self._keys(width)}"
                )
        return self

    def _keys(self, width: int) -> str:
        """What to change where a level of this width cannot be divided."""
        groups = math.gcd(self.groups, *(self.channels * factor for factor in self.multipliers))
        heads = math.gcd(self.head_channels, width)
        return f"set the keys groups and head_channels, such as groups = {groups}, head_channels = {heads}"


class FlowSpec(Frozen):
    """Sizes of SpyNet; the defaults are those of the published network.

    Attributes:
        widths: Channels of its four hidden layers.
        levels: Levels of its pyramid.
    """

    widths: tuple[_Width, _Width, _Width, _Width] = Field(default=(32, 64, 32, 16), strict=False)
    levels: PositiveInt = Field(default=6, le=_LEVELS)


class VidmSpec(Frozen):
    """Both generators, whole: what a checkpoint must say so that its weights can be used.

    ``paper`` is what the equations say, ``official`` what the published code does; where the paper is silent,
    ``paper`` follows the code. The differences are the properties below.

    Attributes:
        variant: ``paper`` or ``official``.
        resolution: Height and width of a frame, pixels.
        num_frames: N, the frames of a training video; the frame coordinate n runs over it.
        num_timesteps: T of the noise schedule.
        num_classes: Classes of the content generator; 0 means unconditional.
        truncation: Sampling space truncation, the learnable constant c (Eq. 3); content generator.
        penalty: Robustness penalty (Eq. 4, 7, 9); both generators, paper variant only.
        posgn: Positional group normalisation (Eq. 5 and 6) in place of the time embedding; motion generator.
        implicit_condition: The flow z between first and previous frame (Eq. 8 and 9); motion generator.
        residual: Adaptive feature residual, the second encoder; without it the first frame is concatenated.
        content: Sizes of the content generator.
        motion: Sizes of the motion generator.
        flow: Sizes of SpyNet.
    """

    variant: Variant = "paper"
    resolution: PositiveInt = Field(le=1 << 13)
    num_frames: int = Field(default=128, ge=2, le=_MOST)
    num_timesteps: int = Field(default=1000, ge=1, le=_MOST)
    num_classes: int = Field(default=0, ge=0, le=_MOST)
    truncation: bool = True
    penalty: bool = True
    posgn: bool = True
    implicit_condition: bool = True
    residual: bool = True
    content: UNetSpec = UNetSpec()
    motion: UNetSpec = UNetSpec()
    flow: FlowSpec = FlowSpec()

    @model_validator(mode="after")
    def _parts_go_together(self) -> Self:
        if self.variant == "official" and self.penalty:
            raise ValueError("the official variant trains with P2-weighted MSE: penalty must be false")
        if self.variant == "official" and self.num_frames < 3:
            raise ValueError("the official variant leaves a video's last frame out: num_frames must be 3 or more")
        for part in (self.content, self.motion):
            halvings = len(part.multipliers) - 1
            if self.resolution % 2**halvings:
                raise ValueError(
                    f"resolution = {self.resolution} cannot be halved {halvings} times, as {halvings + 1} multipliers "
                    f"ask; take a multiple of {2**halvings} or fewer multipliers"
                )
            factors = [2**level for level in range(halvings + 1)]
            known = factors if self.variant == "official" else [self.resolution // factor for factor in factors]
            # A number that is none of these would silently mean no attention, or attention elsewhere.
            for position in part.attention:
                if position not in known:
                    kind = "downsampling factor" if self.variant == "official" else "size of a feature map"
                    raise ValueError(f"attention = {position} is not a {kind} here: {', '.join(map(str, known))}")
        return self

    @property
    def loss(self) -> Loss:
        """The training loss: Eq. 1 or 4, or the P2-weighted MSE plus variational bound of the code."""
        if self.variant == "official":
            return "p2-vlb"
        return "robust" if self.penalty else "mse"

    @property
    def variance(self) -> Variance:
        """The variance of ancestral steps: fixed as in Eq. 2, or learned as in the code."""
        return "learned-range" if self.variant == "official" else "fixed-small"

    @property
    def residual_scale(self) -> float:
        """Weight of the U-Net's own features beside the encoder's; the paper gives none, the code 0.2."""
        return 0.2 if self.variant == "official" else 1.0

    @property
    def content_frame(self) -> ContentFrame:
        """Whether the content frame opens the video, or is omitted, so that n = 0 comes first as in the code."""
        return "left out" if self.variant == "official" else "frame 0"

    @property
    def truncates_bytes(self) -> bool:
        """Whether samples become bytes by cutting fractions off, as in the code, instead of rounding."""
        return self.variant == "official"

    def attention_factors(self, unet: UNetSpec) -> tuple[int, ...]:
        """The downsampling factors at which attention stands."""
        if self.variant == "official":
            return unet.attention
        return tuple(self.resolution // size for size in unet.attention)
