"""Clips put together frame by frame are, bit for bit, what preparing whole clips gives."""

import itertools

import numpy as np
import pytest
import torch
from reference.whole_clips import changed_clip, prepared_clip

from vidmbench.core.errors import DataError
from vidmbench.detectors.sequences import is_sequence
from vidmbench.evaluation.clip_assembly import JobEntry, base_of, clips_of_video
from vidmbench.evaluation.clips import Clip, ClipPlan
from vidmbench.evaluation.feature_job import FeatureJob
from vidmbench.protocols.array_values import FirstResize
from vidmbench.protocols.detector import load_detectors
from vidmbench.protocols.protocol import load_protocol, protocol_names
from vidmbench.sources.control_kinds import KINDS
from vidmbench.sources.controls import control, static_of
from vidmbench.videos import ArraySource
from vidmbench.videos.pre_resize import PRE_RESIZE_RULES, PreResizedSource, pre_resized

CLIP = Clip(0, 2, 16, 1)
SIZES = [(1, 1), (5, 3), (64, 64), (97, 131), (224, 224), (500, 320)]
_PROTOCOLS = map(load_protocol, protocol_names())
SHIPPED = {
    spec.name: spec.array
    for spec in _PROTOCOLS
    if not spec.kind.reads_pairs and not is_sequence(spec.array)  # tests/unit/detectors/test_sequences.py
}
I3D = SHIPPED["fvd-stylegan-v"]


@pytest.fixture(autouse=True)
def one_thread():
    """As the threads that read are set."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def films(height, width, frames=20, count=1):
    shape = (count, frames, height, width, 3)
    return ArraySource(np.random.default_rng(height * 1000 + width).integers(0, 256, shape, dtype=np.uint8), "films")


def entry(folder, source, clips, stage=I3D, number=0):
    return JobEntry(
        folder, f"{number:064d}", len(clips), 400, job=FeatureJob(source, ClipPlan(tuple(clips), ()), stage, "fp32")
    )


def assembled(folder, source, stage=I3D, clip=CLIP):
    (found,) = clips_of_video(0, [(entry(folder, source, [clip], stage), 0)])
    assert found.problem is None
    return found.pixels


def same_bits(found, expected):
    assert found.dtype == expected.dtype == np.float32
    assert found.shape == expected.shape
    assert found.flags.c_contiguous
    np.testing.assert_array_equal(found.view(np.uint32), np.ascontiguousarray(expected).view(np.uint32))


@pytest.mark.parametrize(("height", "width"), SIZES)
@pytest.mark.parametrize("name", SHIPPED)
def test_every_protocol_as_it_is_shipped(name, height, width, tmp_path):
    source = films(height, width)
    found = assembled(tmp_path, source, SHIPPED[name])
    same_bits(found, prepared_clip(source.read(0, range(2, 18)), SHIPPED[name]))


@pytest.mark.parametrize(("height", "width"), SIZES)
@pytest.mark.parametrize("kernel", ["bilinear-half-pixel", "bilinear-tf1", "bilinear-antialias", "bicubic-pil"])
def test_every_way_of_resizing(kernel, height, width, tmp_path):
    source = films(height, width)
    firsts = [None, FirstResize(size=64, resize="bicubic-pil")]
    for crop, interval, first, detector in itertools.product(
        ("none", "short-side-centre"),
        ("-1..1", "inception"),
        firsts,
        ("i3d-kinetics400", "inception-pool"),
    ):
        values = {"resize": kernel, "crop": crop, "range": interval, "first_resize": first, "detector": detector}
        stage = I3D.model_copy(update=values)
        clip = Clip(0, 1, 2, 3)
        found = assembled(tmp_path, source, stage, clip)
        same_bits(found, prepared_clip(source.read(0, [1, 4]), stage))


@pytest.mark.parametrize(("height", "width"), [(64, 64), (97, 131), (90, 160)])
@pytest.mark.parametrize(
    "stage", [I3D, SHIPPED["fid-frames"], SHIPPED["is-c3d-ucf101-tgan"]], ids=lambda stage: stage.detector
)
@pytest.mark.parametrize("kind", KINDS)
def test_every_control(kind, stage, height, width, tmp_path):
    source = films(height, width)
    made = control(kind, source, seed=3)
    frames = changed_clip(kind, source.read(0, range(2, 18)), source.name(0), seed=3)
    same_bits(assembled(tmp_path, made, stage), prepared_clip(frames, stage))
    np.testing.assert_array_equal(made.read(0, range(2, 18)), frames)
    np.testing.assert_array_equal(np.stack(list(made.stream(0, range(2, 18)))), frames)


def test_the_static_baseline_of_a_control_and_of_a_model(tmp_path):
    source = films(50, 60)
    for base in (source, control("noise", source)):
        first = base.read(0, range(2, 18))[:1]
        same_bits(assembled(tmp_path, static_of(base)), prepared_clip(np.repeat(first, 16, axis=0), I3D))


@pytest.mark.parametrize(("height", "width"), [(64, 64), (97, 131), (180, 320), (331, 240)])
@pytest.mark.parametrize("rule", [rule for rule in PRE_RESIZE_RULES if rule != "none"])
def test_data_sets_that_are_resized_first(rule, height, width, tmp_path):
    source = PreResizedSource(films(height, width), rule, 48)
    frames = source.base.read(0, range(2, 18))
    whole = whole_pre_resized(frames, rule)
    np.testing.assert_array_equal(pre_resized(frames, rule, 48), whole)
    np.testing.assert_array_equal(np.stack(list(source.stream(0, range(2, 18)))), whole)
    same_bits(assembled(tmp_path, source), prepared_clip(whole, I3D))


def whole_pre_resized(frames, rule):
    from vidmbench.videos.pre_resize import _RULES

    return _RULES[rule](frames, 48)


@pytest.mark.parametrize("bytes_at_once", [1, 60 * 50 * 3 * 5, 2**30])
def test_it_does_not_matter_how_many_frames_are_read_at_once(bytes_at_once, tmp_path, monkeypatch):
    monkeypatch.setattr("vidmbench.videos.source._READ_AT_ONCE", bytes_at_once)
    source = films(50, 60)
    same_bits(assembled(tmp_path, source), prepared_clip(source.read(0, range(2, 18)), I3D))


def test_many_clips_of_one_video_are_decoded_once(tmp_path):
    class Counted(ArraySource):
        decoded = 0

        def stream(self, index, frames):
            for frame in super().stream(index, frames):
                self.decoded += 1
                yield frame

    source = Counted(films(30, 40, frames=40)._clips, "films")
    windows = [Clip(0, start, 16, 1) for start in range(25)]
    strided = [Clip(0, start, 9, 3) for start in (0, 7)]
    c3d = SHIPPED["is-c3d-ucf101-tgan"]
    entries = [
        entry(tmp_path, source, windows, number=0),
        entry(tmp_path, source, strided, c3d, number=1),
        entry(tmp_path, control("noise", source), windows[::5], number=2),
        entry(tmp_path, control("shuffled", source), windows[::7], number=3),
        entry(tmp_path, control("h264", source), strided, number=4),
    ]
    requests = [(one, row) for one in entries for row in range(len(one.job.plan.clips))]
    found = list(clips_of_video(0, requests))
    assert source.decoded == 40
    assert len(found) == len(requests)
    for one in entries:
        pixels = {clip.row: clip.pixels for clip in found if clip.entry is one}
        assert len(pixels) == len(one.job.plan.clips)
        for row, clip in enumerate(one.job.plan.clips):
            frames = base_of(one.job.source).read(0, clip.indices)
            kind = one.job.source.label.partition(":")[2] or "real"
            same_bits(pixels[row], prepared_clip(changed_clip(kind, frames, source.name(0), 0), one.job.stage))


def test_a_video_that_breaks_off_gives_its_reason_for_every_clip_that_is_not_whole(tmp_path):
    class Broken(ArraySource):
        def stream(self, index, frames):
            for number, frame in zip(frames, super().stream(index, frames), strict=True):
                if number == 12:
                    raise DataError("frame 12 is broken")
                yield frame

    source = Broken(films(30, 40)._clips, "films")
    clips = [Clip(0, 0, 10, 1), Clip(0, 5, 10, 1), Clip(0, 8, 10, 1)]
    found = list(clips_of_video(0, [(entry(tmp_path, source, clips), row) for row in range(3)]))
    assert [(clip.row, clip.problem is None) for clip in found] == [(0, True), (1, False), (2, False)]


def test_a_detector_of_the_users_own_is_given_whole_clips(tmp_path, monkeypatch):
    given = []

    def prepare(frames):
        given.append(frames.shape)
        return np.repeat(frames.mean(axis=0, dtype=np.float32)[None], len(frames), axis=0)  # mixes the frames

    spec = load_detectors()["i3d-kinetics400"].model_copy(update={"name": "own", "prepare": "own.py:prepare"})
    for module in ("detectors.preparation", "protocols.sequence_stages"):
        monkeypatch.setattr(f"vidmbench.{module}.load_detector", lambda name: spec)
    monkeypatch.setattr("vidmbench.detectors.preparation.imported", lambda where, folder: prepare)
    source = films(30, 30)
    stage = I3D.model_copy(update={"detector": "own", "resize": "detector"})
    same_bits(assembled(tmp_path, source, stage), prepare(source.read(0, range(2, 18))))
    assert given == [(16, 30, 30, 3)] * 2
