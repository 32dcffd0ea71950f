"""What a network can be fed from a golden set: the choices in front of it, one by one and in pairs."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from itertools import product

from vidmbench.protocols.array_values import FirstResize
from vidmbench.protocols.fields import signature_texts
from vidmbench.protocols.protocol import ProtocolSpec, load_protocol, protocol_names
from vidmbench.protocols.stages import ArrayStage

#: Which of the 20 frames are scored, in the words of an answer.
FRAME_RULES: dict[str, tuple[int, ...]] = {
    **{f"first {count}": tuple(range(count)) for count in (7, 8, 10, 11, 12, 13, 14, 15, 16, 20)},
    "1 to 16": tuple(range(1, 17)),
    "1 to 15": tuple(range(1, 16)),
    "last 16": tuple(range(4, 20)),
    "16 spread over all 20": tuple(round(frame * 19 / 15) for frame in range(16)),
    "every second": tuple(range(0, 20, 2)),
}
#: Clips that are too short for the network as it was published.
SHORT = ("first 8", "first 7")
#: The mean over clips of the first 10, 11, ... 16 frames.
PREFIXES = "mean over the first 10 to 16"
#: The order of colours of each side.
COLOURS = {
    "rgb": (False, False),
    "bgr": (True, True),
    "bgr real": (True, False),
    "bgr fake": (False, True),
}
#: Clips of fewer frames are short: conventions have a treatment for them.
FEWEST = 10
_DETECTOR = "i3d-kinetics400"
_KNOWN = ("fvd-stylegan-v", "fvd-common-metrics", "fvd-videogpt", "fvd-tf-hub", "fvd-vidm-release")
_FIRST = (
    FirstResize(size=128, resize="bicubic-pil"),
    FirstResize(size=128, resize="bilinear-half-pixel"),
    FirstResize(size=256, resize="bilinear-half-pixel"),
)


@dataclass(frozen=True)
class Feed:
    """One way from a golden set to what the network is fed.

    Attributes:
        frames: A key of ``FRAME_RULES``.
        colours: A key of ``COLOURS``.
        array: The stage of a protocol, with whatever it changes.
        mirrored: Whether each real clip is scored a second time, mirrored.
    """

    frames: str
    colours: str
    array: ArrayStage
    mirrored: bool = False

    @property
    def key(self) -> str:
        """All of it in a line, for files."""
        return " | ".join([self.frames, self.colours, array_key(self.array), *(["mirrored"] if self.mirrored else [])])

    @property
    def sides(self) -> tuple[str, ...]:
        """The features that it needs: of the real clips and the scored ones, and of mirrored real clips if any."""
        return ("real", "fake", "mirrored") if self.mirrored else ("real", "fake")

    def side_key(self, side: str) -> str:
        """What features of one side depend on: the network gives those of an image of 224 x 400 place by place."""
        colours = "bgr" if COLOURS[self.colours][side == "fake"] else "rgb"
        array = self.array
        if array.wide_input is not None:
            array = array.model_copy(update={"wide_input": "flattened"})
        return " | ".join([self.frames, colours, array_key(array)])

    @property
    def fields(self) -> dict[str, str]:
        """The choices one by one, as signatures write them."""
        mirrored = {"mirrored": "real"} if self.mirrored else {}
        return {"frames": self.frames, "colours": self.colours, **mirrored, **_texts(self.array)}


def array_key(array: ArrayStage) -> str:
    """An array stage as signatures write it."""
    return " ".join(f"{key}:{text}" for key, text in _texts(array).items())


def _texts(array: ArrayStage) -> dict[str, str]:
    return {key: text for key, text in signature_texts(array, "detector", "array") if key != "det"}


@cache
def conventions() -> tuple[ProtocolSpec, ...]:
    """All protocols of a Fréchet distance on I3D; the best-known come first."""
    names = sorted(protocol_names(), key=lambda name: _KNOWN.index(name) if name in _KNOWN else len(_KNOWN))
    specs = (load_protocol(name) for name in names)
    return tuple(spec for spec in specs if spec.metric == "frechet" and spec.array.detector == _DETECTOR)


def on_set(array: ArrayStage, name: str) -> ArrayStage:
    """The stage without a choice that makes no difference there: of squares nothing is cropped."""
    is_square = name == "square" and (array.first_resize is None or len(set(array.first_resize.shape)) == 1)
    return array.model_copy(update={"crop": "none"}) if is_square and array.crop != "none" else array


def without_time_pool(array: ArrayStage) -> ArrayStage:
    """The stage without a pool over one time step: both means over time are made of the same features."""
    return array if array.time_pool is None else array.model_copy(update={"time_pool": None})


def feeds(name: str) -> list[Feed]:
    """All that is tried on one golden set; the most important come first.

    Args:
        name: ``square`` or ``wide``.
    """
    found: dict[str, Feed] = {}
    for feed in _all():
        feed = replace(feed, array=on_set(feed.array, name))
        found.setdefault(feed.key, feed)
    return list(found.values())


def _all() -> Iterator[Feed]:
    styleganv, common = (
        Feed("first 16", "rgb", load_protocol(each).array) for each in ("fvd-stylegan-v", "fvd-common-metrics")
    )
    yield from (feed for spec in conventions() for feed in published(spec))
    for feed in (common, styleganv):
        yield from (replace(feed, frames=f"first {count}") for count in (10, 11, 12, 13, 14, 15))
    for feed in (styleganv, common):
        yield from changed(feed)
    yield from _product(common)
    for feed in (styleganv, common, _feed_of("fvd-vidm-release"), _feed_of("fvd-videogpt")):
        for one in changed(feed):
            if one.frames in ("first 16", "first 20", "last 16") and one.colours in ("rgb", "bgr"):
                yield from (two for two in changed(one) if two.colours in ("rgb", "bgr"))


def published(spec: ProtocolSpec) -> list[Feed]:
    """What one convention feeds."""
    array, mirrored = without_time_pool(spec.array), bool(spec.clips.real.mirrored)
    rules = SHORT if spec.clips.frames < FEWEST else ("first 16",)
    if spec.clips.fake.start == "second":
        rules = "1 to 16", "1 to 15"
    return [Feed(frames, "rgb", array, mirrored) for frames in rules]


def _feed_of(name: str) -> Feed:
    """The first 16 frames as one protocol feeds them."""
    return Feed("first 16", "rgb", load_protocol(name).array)


def _product(base: Feed) -> Iterator[Feed]:
    """Every combination of the common choices."""
    kernels, ranges, colours = ("bilinear-half-pixel", "bilinear-tf1", "bicubic-pil"), ("-1..1", "0..1"), ("rgb", "bgr")
    for kernel, interval, colour, eps, crop in product(
        kernels, ranges, colours, (1e-3, 1e-5), ("none", "short-side-centre")
    ):
        changes = {"resize": kernel, "range": interval, "batch_norm_eps": eps, "crop": crop}
        yield replace(base, colours=colour, array=base.array.model_copy(update=changes))


def changed(feed: Feed) -> Iterator[Feed]:
    """All that differ from one in a single choice."""
    array = feed.array
    yield from (replace(feed, colours=colours) for colours in COLOURS if colours != feed.colours)
    options: dict[str, tuple[object, ...]] = {
        "batch_norm_eps": (1e-3, 1e-5),
        "range": ("-1..1", "0..1", "0..255"),
        "crop": ("none", "short-side-centre"),
        "resize": ("bilinear-half-pixel", "bilinear-tf1", "bicubic-pil"),
        "first_resize": (None, *_FIRST),
    }
    for field, values in options.items():
        for value in values:
            if value != getattr(array, field):
                yield replace(feed, array=array.model_copy(update={field: value}))
    yield from (replace(feed, frames=frames) for frames in FRAME_RULES if frames not in (feed.frames, *SHORT))
