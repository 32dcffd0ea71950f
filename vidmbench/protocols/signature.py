"""Signatures: the recipe as it really ran, printed with every number (after sacreBLEU)."""

import re
from dataclasses import dataclass
from decimal import Decimal

from vidmbench.core.files import sha256_of_parts
from vidmbench.protocols.detector import load_detector
from vidmbench.protocols.protocol import ProtocolSpec
from vidmbench.protocols.stages import SideSpec, StatisticsStage

# Fields that do not decide whether two numbers may stand in one column.
_NOT_COMPARED = ("fakes", "seed", "v")
_PICK = {"sorted-first": "sorted", "random": "rand", "all": "all"}
_START = {
    "zero": "zero",
    "random": "rand",
    "spread": "spread",
    "every-window": "windows",
    "every-chunk": "chunks",
    "every-phase": "phases",
}
_CROP = {"none": "none", "short-side-centre": "short-centre"}
_RESIZE = {
    "bilinear-half-pixel": "bilinear-hp",
    "bilinear-tf1": "bilinear-tf1",
    "bilinear-antialias": "bilinear-aa",
    "bicubic-pil": "bicubic-pil",
    "detector": "own",
}
_RANGE = {"-1..1": "pm1", "0..1": "01", "0..255": "0255", "inception": "m128d128"}
_METRIC_PARTS = {"precision-recall": ("precision", "recall", "density", "coverage")}


@dataclass(frozen=True)
class Signature:
    """An ordered list of keys and values.

    Attributes:
        metric: What was measured, such as ``fvd``.
        fields: Key and value of every choice that can move the number; ``?`` for what is not known.
    """

    metric: str
    fields: tuple[tuple[str, str], ...]

    @property
    def long(self) -> str:
        """All fields, as printed below a table."""
        return " | ".join([self.metric, *(f"{key}:{value}" for key, value in self.fields)])

    @property
    def short(self) -> str:
        """What fits beside a number: protocol, frames, counts and the id."""
        get = dict(self.fields).get
        # An inception score has no real side; of a published number neither may be known.
        sides = ("fake",) if get("fake") and not get("real") else ("real", "fake")
        counts = "/".join(str(get(side, "?")).split(".")[0] for side in sides)
        return f"{get('proto', '?')} t{get('t', '?')} s{get('s', '?')} n{counts} {get('prec', '?')} #{self.id}"

    @property
    def id(self) -> str:
        """8 hex digits over all fields but fakes, seed and v; equal exactly where numbers are comparable.

        Of ``data`` only the digest counts: the same videos in a folder of another name are the same videos.
        """
        compared = [
            f"{key}:{value.rpartition(':')[2] if key == 'data' else value}"
            for key, value in self.fields
            if key not in _NOT_COMPARED
        ]
        return sha256_of_parts(self.metric, *compared)[:8]


def signature_of(
    spec: ProtocolSpec,
    *,
    num_real: int,
    num_fake: int,
    real_label: str,
    real_digest: str,
    fake_digest: str,
    precision: str,
    version: str,
    metric: str | None = None,
    weights: str | None = None,
) -> Signature:
    """Derives the signature from what ran.

    Args:
        spec: The protocol with the command line's options bound.
        num_real: Real clips really scored.
        num_fake: Scored clips really scored.
        real_label: The real source's label, such as ``clevrer-mini@test``.
        real_digest: Hex digest of the real source.
        fake_digest: Hex digest of the scored source.
        precision: ``fp32`` or ``bf16``.
        version: vidmbench's version.
        weights: What names the detector's weights; None for the published hash.
        metric: Which of the protocol's numbers, of :func:`metric_names`; None where it has one.

    Returns:
        The signature. An inception score looks at no real videos and names none; fields at their usual value of
        "nothing done" (truncation, resizing of the data set, repeats) are left out too.
    """
    detector = load_detector(spec.array.detector)
    stage = spec.array
    looks_at_real = spec.metric != "inception-score"
    fields: list[tuple[str, str]] = [
        ("proto", f"{spec.name}.{spec.version}"),
        ("det", f"{detector.short}:{weights or (detector.weights_sha256 or '?')[:8]}"),
        *([("eps", f"{Decimal(str(stage.batch_norm_eps)):e}")] if stage.batch_norm_eps else []),
        ("t", str(spec.clips.frames)),
        ("s", str(spec.clips.stride)),
        *([("real", _side(num_real, spec.clips.real))] if looks_at_real else []),
        ("fake", _side(num_fake, spec.clips.fake)),
        *([("first", f"{_RESIZE[stage.first_resize.resize]}.{stage.first_resize.size}")] if stage.first_resize else []),
        ("crop", _CROP[stage.crop]),
        ("rs", _RESIZE[stage.resize]),
        ("range", _RANGE[stage.range]),
        *_framing(spec),
        *_statistics(spec.statistics),
        ("prec", precision),
        *([("data", f"{_plain(real_label)}:{real_digest[:8]}")] if looks_at_real else []),
        ("seed", str(spec.statistics.seed)),
        ("fakes", fake_digest[:8]),
        ("v", version),
    ]
    return Signature(metric or metric_names(spec)[0], tuple(fields))


def metric_names(spec: ProtocolSpec) -> tuple[str, ...]:
    """The numbers that a protocol gives, by the names people use: ``("fvd",)``, or four for precision and recall."""
    return _METRIC_PARTS.get(spec.metric) or (load_detector(spec.array.detector).measures[spec.metric],)


def _statistics(stage: StatisticsStage) -> list[tuple[str, str]]:
    """What the metric's own numbers are, and the repeats where there are several."""
    fields: list[tuple[str, str]] = []
    if stage.covariance is not None:
        fields.append(("cov", stage.covariance))
    if stage.degree is not None:
        fields.append(("kernel", f"poly{stage.degree}.unbiased"))
    if stage.subsets is not None:
        fields.append(("subsets", f"{stage.subsets}x{stage.subset_size}"))
    if stage.neighbours is not None:
        fields.append(("k", str(stage.neighbours)))
    if stage.splits is not None:
        fields.append(("splits", str(stage.splits)))
    if stage.log_eps is not None:
        fields.append(("logeps", f"{Decimal(str(stage.log_eps)):e}"))
    if stage.shuffle_seed is not None:
        fields.append(("shuffle", str(stage.shuffle_seed)))
    if stage.repeats > 1:
        fields.append(("repeats", str(stage.repeats)))
    return fields


def _framing(spec: ProtocolSpec) -> list[tuple[str, str]]:
    stage = spec.dataset
    return [] if stage.pre_resize == "none" else [("pre", f"{stage.pre_resize}.{stage.resolution}")]


def _plain(label: str) -> str:
    """A label that cannot be taken for a field of its own: folders may be called anything."""
    return re.sub(r"[|:\s]+", "_", label)


def _side(count: int, side: SideSpec) -> str:
    stride = f".s{side.stride}" if side.stride else ""
    return f"{count}.{_PICK[side.pick]}.{_START[side.start]}{stride}"


def recipe_without(signature: str, *keys: str) -> str:
    """What decides comparability, but for some fields: equal where two numbers differ in those at most.

    Args:
        signature: A long form.
        keys: The fields to leave out, such as ``t``.
    """
    metric, *fields = signature.split(" | ")
    kept = [field for field in fields if field.partition(":")[0] not in (*_NOT_COMPARED, *keys)]
    # Of `data` only the digest counts, as in the id.
    return " | ".join([metric, *(f"data:{one.rpartition(':')[2]}" if one.startswith("data:") else one for one in kept)])


def conflicts(first: str, second: str) -> tuple[str, ...]:
    """The fields in which two partial signatures are known to differ.

    Args:
        first: A signature's long form; ``?`` where a paper does not say, ``16/128`` where several values hold.
        second: Another.

    Returns:
        ``key (one against other)`` for each known difference; nothing where the metrics differ or nothing is known to.
    """
    parts = [text.split(" | ") for text in (first, second)]
    if parts[0][0] != parts[1][0]:
        return ()
    fields = [dict(field.partition(":")[::2] for field in part[1:]) for part in parts]
    shared = [key for key in fields[0] if key in fields[1] and key not in _NOT_COMPARED]
    return tuple(
        f"{key} ({fields[0][key]} against {fields[1][key]})"
        for key in shared
        if _differ(fields[0][key], fields[1][key])
    )


def _differ(one: str, other: str) -> bool:
    """Whether two values exclude each other: known word by known word, and no alternative in common."""
    words = [value.split(".") for value in (one, other)]
    if len(words[0]) != len(words[1]):
        return "?" not in one + other and one != other
    return any(
        "?" not in a + b and not set(a.split("/")) & set(b.split("/")) for a, b in zip(words[0], words[1], strict=True)
    )
