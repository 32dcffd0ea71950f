"""What a careful reader of a number should know: the notes of a measurement."""

from collections.abc import Sequence

import numpy as np

from vidmbench.detectors.weights_local import is_seeded
from vidmbench.evaluation.clips import ClipPlan
from vidmbench.evaluation.idle_frames import stand_still
from vidmbench.protocols.detector import load_detector
from vidmbench.protocols.metric_kind import Counts
from vidmbench.protocols.protocol import ProtocolSpec
from vidmbench.videos.source import Source, frame_rates_of
from vidmbench.videos.transformed import Transformed

#: Rates such as 29.97 and 30 count as one.
_SAME_SPAN = 0.01


def classes_covered(real: Source, clips: ClipPlan) -> list[str]:
    """How many classes the real side covers: the first 2048 videos of UCF-101 in sorted order cover 16 of 101."""
    labels = real.labels
    if labels is None:
        return []
    whole = {label for label in labels if label is not None}
    covered = {labels[clip.video] for clip in clips.clips} - {None}
    return [f"the real videos taken cover {len(covered)} of the {len(whole)} classes of {real.label}"]


def all_remarks(
    spec: ProtocolSpec,
    sources: tuple[Source, Source],
    plans: tuple[ClipPlan, ClipPlan],
    counts: tuple[int, int],
    *,
    are_grouped: bool,
) -> list[str]:
    """All that is known before the network has seen the clips: of its weights, of classes, and :func:`remarks`."""
    detector = load_detector(spec.array.detector)
    seeded = f"the weights of {detector.name} were made from a seed: this number says nothing about the videos"
    return [
        *([seeded] if is_seeded(detector) else []),
        *classes_covered(sources[0], plans[0]),
        *remarks(spec, sources, plans, counts, spec.array.num_features(detector.num_features), are_grouped=are_grouped),
    ]


def remarks(
    spec: ProtocolSpec,
    sources: tuple[Source, Source],
    plans: tuple[ClipPlan, ClipPlan],
    counts: tuple[int, int],
    num_features: int,
    *,
    are_grouped: bool,
) -> list[str]:
    """What a careful reader of a number should know.

    Args:
        spec: The protocol as it ran.
        sources: The real and the scored videos.
        plans: Their clips as they were chosen.
        counts: How many clips of each were really scored.
        num_features: Of the detector.
        are_grouped: Whether several clips or frames of a video stay together.

    Returns:
        One sentence each.
    """
    (real, fake), (num_real, num_fake) = sources, counts
    notes = [*real.notes, *(note for note in fake.notes if note not in real.notes)]
    if isinstance(fake, Transformed) and fake.is_paired and not spec.kind.reads_pairs:
        notes.append("paired: this control is made from the very videos it is scored against")
    if real.digest() == fake.digest():
        notes.append("both sides hold the same videos")
    if real.size != fake.size:
        (real_height, real_width), (fake_height, fake_width) = real.size, fake.size
        notes.append(
            f"the sides differ in size: real {real_width}x{real_height}, scored {fake_width}x{fake_height} pixels"
        )
    gone_through = [source.compression or "none" for source in (real, fake)]
    is_paired_control = spec.kind.reads_pairs and isinstance(fake, Transformed) and fake.is_paired
    if gone_through[0] != gone_through[1] and not is_paired_control:
        notes.append(
            f"the sides went through different compression, which moves the value (docs/compression.md): "
            f"real {gone_through[0]}, scored {gone_through[1]}"
        )
    notes += _different_rates(sources, plans)
    notes += stand_still(fake, plans[1].clips)
    is_uneven = any(len(clips.counts) > 1 for clips in plans)
    several = is_uneven or (not are_grouped and any(clips.clips_a_video > 1 for clips in plans))
    return notes + spec.kind.notes(spec.statistics, Counts(num_real, num_fake, num_features, several, are_grouped))


def _different_rates(sources: tuple[Source, Source], plans: tuple[ClipPlan, ClipPlan]) -> list[str]:
    """Clips of different length in seconds: frames are counted, as published codes do, whatever their rate."""
    real, fake = frame_rates_of(sources[0]), frame_rates_of(sources[1])
    if real is None or fake is None or not all(plan.clips for plan in plans):
        return []
    spans = [
        [plan.clips[0].frames * plan.clips[0].stride / rate for rate in reversed(rates)]
        for rates, plan in zip((real, fake), plans, strict=True)
    ]
    if all(abs(scored - wanted) <= _SAME_SPAN * wanted for wanted, scored in zip(*spans, strict=True)):
        return []
    return [
        f"the sides differ in frame rate: real {_range(real)}, scored {_range(fake)} frames per second, so that a clip "
        f"shows {_range(spans[0])} s of real videos and {_range(spans[1])} s of scored ones"
    ]


def _range(bounds: Sequence[float]) -> str:
    low, high = (f"{bound:.3g}" for bound in bounds)
    return low if low == high else f"{low} to {high}"


def constant(real: Source, fake: Source, features: tuple[np.ndarray, np.ndarray]) -> list[str]:
    """Sides whose clips all look the same to the network: a Fréchet distance is still a number then.

    Args:
        real: The real videos.
        fake: The scored videos.
        features: Of both, (clip, ...) float32.
    """
    return [
        f"all {len(rows)} clips of {source.label} have the same features: one clip again and again, or blank ones"
        for source, rows in zip((real, fake), features, strict=True)
        if len(rows) > 1 and (rows == rows[:1]).all()
    ]
