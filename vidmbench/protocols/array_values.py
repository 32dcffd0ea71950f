"""Values of the array stage's fields, and how signatures and people write them."""

from typing import Annotated, Literal

from pydantic import Field, PositiveInt

from vidmbench.core.declarations import Frozen

# Values as signatures abbreviate them.
CROP = {"none": "none", "short-side-centre": "short-centre", "centre-square": "square"}
RESIZE = {
    "bilinear-half-pixel": "bilinear-hp",
    "bilinear-tf1": "bilinear-tf1",
    "bilinear-antialias": "bilinear-aa",
    "bicubic-pil": "bicubic-pil",
    "bicubic-pil-uint8": "bicubic-pil-u8",
    "detector": "own",
}
RANGE = {
    "-1..1": "pm1",
    "0..1": "01",
    "0..255": "0255",
    "inception": "m128d128",
    "imagenet": "imagenet",
    "clip": "clip",
}
# The same as people say them, where conventions are compared.
CROP_WORDS = {"none": "squashed", "short-side-centre": "short side, centre crop", "centre-square": "middle square"}
RESIZE_WORDS = {
    "bilinear-half-pixel": "bilinear",
    "bilinear-tf1": "TF1 bilinear",
    "bilinear-antialias": "antialiased bilinear",
    "bicubic-pil": "Pillow bicubic",
    "bicubic-pil-uint8": "Pillow bicubic on uint8",
    "detector": "the detector's own resizing",
}

Resize = Literal[
    "bilinear-half-pixel", "bilinear-tf1", "bilinear-antialias", "bicubic-pil", "bicubic-pil-uint8", "detector"
]


class FirstResize(Frozen):
    """A first resizing of the frames inside a scoring script, before the network's own; the aspect is ignored.

    Attributes:
        size: Height and width, pixels: one number for a square, or two.
        resize: The interpolation kernel.
        bottom_rows: How many rows are kept of the result, from the lowest upwards; None keeps all.
    """

    size: PositiveInt | Annotated[tuple[PositiveInt, PositiveInt], Field(strict=False)]
    resize: Resize
    bottom_rows: PositiveInt | None = None

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width of the frames that it gives."""
        height, width = (self.size, self.size) if isinstance(self.size, int) else self.size
        return min(self.bottom_rows or height, height), width

    @property
    def text(self) -> str:
        """Size and rows in a word, such as ``128`` or ``225x400.bottom224``."""
        size = str(self.size) if isinstance(self.size, int) else "x".join(map(str, self.size))
        return size if self.bottom_rows is None else f"{size}.bottom{self.bottom_rows}"

    @property
    def words(self) -> str:
        """The same for people."""
        size = str(self.size) if isinstance(self.size, int) else " x ".join(map(str, self.size))
        rows = "" if self.bottom_rows is None else f", lowest {self.bottom_rows} rows"
        return f"resized to {size} before{rows}"


#: What is done to clips that are shorter than a network wants.
Lengthen = Literal["hold-last-to-10", "each-twice", "linear-to-16"]
LENGTHEN_WORDS = {
    "hold-last-to-10": "last frame held to 10 frames",
    "each-twice": "each frame twice",
    "linear-to-16": "interpolated in time to 16 frames",
}

#: What is made of an image of 224 x 400 that is fed to a network made for squares of 224.
WideInput = Literal["flattened", "pool-7x13", "spatial-mean"]
WIDE_WORDS = {
    "flattened": "224 x 400 fed, 7 columns of features one after the other",
    "pool-7x13": "224 x 400 fed, one pool over it",
    "spatial-mean": "224 x 400 fed, mean over 7 columns of features",
}
#: Width that is fed, and columns of features that its pool leaves.
WIDE_PIXELS, WIDE_COLUMNS = 400, 7
