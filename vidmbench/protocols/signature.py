"""Signatures: the recipe as it really ran, printed with every number (after sacreBLEU)."""

import re
from dataclasses import dataclass

from vidmbench.core.files import sha256_of_parts
from vidmbench.protocols.clips_stage import SideSpec
from vidmbench.protocols.detector import load_detector
from vidmbench.protocols.fields import signature_texts
from vidmbench.protocols.protocol import ProtocolSpec

# Fields that do not decide whether two numbers are comparable.
_NOT_COMPARED = ("model", "fakes", "seed", "v")


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
        """8 hex digits over all fields but model, fakes, seed and v; equal exactly where numbers are comparable.

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
    checkpoint: str = "",
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
        checkpoint: The network whose samples the scored videos are, NAME:SHA256; empty of other videos.
        metric: Which of the protocol's numbers, of :func:`metric_names`; None where it has one.

    Returns:
        The signature: the fields of all stages as they are declared in :mod:`vidmbench.protocols.clips_stage`,
        :mod:`vidmbench.protocols.stages` and the metric kinds, and what is known of the run. A metric that does not
        read the real side names no real videos.
    """
    detector = load_detector(spec.array.detector)
    reads_real = spec.kind.reads_real
    model, _, model_digest = checkpoint.rpartition(":")
    from_run = {
        "det": f"{detector.short}:{weights or (detector.weights_sha256 or '?')[:8]}",
        "real": _side(num_real, spec.clips.real) if reads_real else None,
        "fake": _side(num_fake, spec.clips.fake),
    }
    declared = [
        *signature_texts(spec.array, "detector"),
        *signature_texts(spec.clips, "clips"),
        *signature_texts(spec.array, "array"),
        *signature_texts(spec.dataset, "framing"),
        *signature_texts(spec.statistics, "statistics"),
    ]
    fields = [
        ("proto", f"{spec.name}.{spec.version}"),
        *((key, text) for key, declared_text in declared if (text := from_run.get(key, declared_text)) is not None),
        ("prec", precision),
        *([("data", f"{_plain(real_label)}:{real_digest[:8]}")] if reads_real else []),
        ("seed", str(spec.statistics.seed)),
        *([("model", f"{_plain(model)}:{model_digest}")] if checkpoint else []),
        ("fakes", fake_digest[:8]),
        ("v", version),
    ]
    return Signature(metric or metric_names(spec)[0], tuple(fields))


def metric_names(spec: ProtocolSpec) -> tuple[str, ...]:
    """The numbers that a protocol gives, by the names people use: ``("fvd",)``, or four for precision and recall."""
    return spec.kind.numbers or (load_detector(spec.array.detector).measures[spec.metric],)


def _plain(label: str) -> str:
    """A label that cannot be taken for another field: folders may have any name."""
    return re.sub(r"[|:\s]+", "_", label)


def _side(count: int, side: SideSpec) -> str:
    """The clips really scored, instead of the number of videos requested, and how they were chosen."""
    return ".".join([str(count), *(text for key, text in signature_texts(side, "clips") if key != "videos")])


def recipe_without(signature: str, *keys: str) -> str:
    """What decides comparability, but for some fields: equal where two numbers differ in those at most.

    Args:
        signature: A long form.
        keys: The fields to omit, such as ``t``.
    """
    metric, *fields = signature.split(" | ")
    compared = [field for field in fields if field.partition(":")[0] not in (*_NOT_COMPARED, *keys)]
    # Of `data` only the digest counts, as in the id.
    texts = [f"data:{field.rpartition(':')[2]}" if field.startswith("data:") else field for field in compared]
    return " | ".join([metric, *texts])


def conflicts(first: str, second: str) -> tuple[str, ...]:
    """The fields in which two partial signatures are known to differ.

    Args:
        first: A signature's long form; ``?`` where a paper does not say, ``16/128`` where several values hold.
        second: Another.

    Returns:
        ``key (first against second)`` for each known difference; none where the metrics differ or nothing is known.
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


def _differ(first: str, second: str) -> bool:
    """Whether two values exclude each other: known word by known word, and no alternative in common."""
    words = [value.split(".") for value in (first, second)]
    if len(words[0]) != len(words[1]):
        return "?" not in first + second and first != second
    return any(
        "?" not in a + b and not set(a.split("/")) & set(b.split("/")) for a, b in zip(words[0], words[1], strict=True)
    )
