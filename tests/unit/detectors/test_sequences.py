"""What follows a video from frame to frame: the same numbers frame by frame as of whole clips, in little memory."""

import importlib.util
import tracemalloc

import numpy as np
import pytest

from vidmbench import open_source
from vidmbench.core.errors import DataError, ProtocolError, UsageError
from vidmbench.detectors.sequences import followed
from vidmbench.evaluation.api import score, score_all
from vidmbench.evaluation.choices import Choices
from vidmbench.evaluation.clip_assembly import JobEntry, clips_of_video
from vidmbench.evaluation.clips import Clip, ClipPlan
from vidmbench.evaluation.feature_job import FeatureJob
from vidmbench.protocols.protocol import load_protocol, members
from vidmbench.sources.controls import control
from vidmbench.videos import ArraySource

SINGLE = ("flicker-vbench", "siti-itu", "siti-itu-legacy-mean", "colour-similarity")
CHANCE = np.random.default_rng(0)
CLIPS = CHANCE.integers(0, 256, (3, 9, 48, 52, 3), dtype=np.uint8)


def assembled(folder, source, stage, *clips):
    entry = JobEntry(folder, "0" * 64, len(clips), 2, job=FeatureJob(source, ClipPlan(clips, ()), stage, "fp32"))
    return list(clips_of_video(0, [(entry, row) for row in range(len(clips))]))


@pytest.mark.parametrize("protocol", [*SINGLE, "flad", "fvmd-klt", "stream-t"])
@pytest.mark.parametrize("change", ["real", "reversed", "shuffled", "static", "noise", "gif"])
def test_frame_by_frame_as_whole_clips(protocol, change, tmp_path):
    if protocol in ("flad", "fvmd-klt"):
        pytest.importorskip("cv2")
    stage = load_protocol(protocol).array
    source = control(change, ArraySource(CLIPS, "clips"), seed=1)
    (found,) = assembled(tmp_path, source, stage, Clip(0, 1, 4, 2))
    np.testing.assert_array_equal(found.pixels, followed(source.read(0, [1, 3, 5, 7]), stage))


def test_a_control_changes_each_frame_once_for_all_protocols(tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr("vidmbench.sources.controls._noisy_frame", lambda frame, random: seen.append(1) or frame)
    source, plan = control("noise", ArraySource(CLIPS, "clips")), ClipPlan((Clip(0, 1, 4, 2), Clip(0, 1, 3, 2)), ())
    entries = [
        JobEntry(tmp_path, f"{number:064}", 2, 2, job=FeatureJob(source, plan, load_protocol(name).array, "fp32"))
        for number, name in enumerate(SINGLE)
    ]
    found = list(clips_of_video(0, [(entry, row) for entry in entries for row in range(2)]))
    assert len(found) == 8
    assert len(seen) == 4 + 3  # each clip has noise of its own


def test_clips_that_overlap_have_changes_of_their_own(tmp_path):
    stage = load_protocol("flicker-vbench").array
    first, second = assembled(tmp_path, ArraySource(CLIPS, "clips"), stage, Clip(0, 0, 4, 1), Clip(0, 2, 4, 1))
    assert np.isnan(first.pixels[0, 0])
    assert np.isnan(second.pixels[0, 0])
    assert first.pixels[3, 0] == second.pixels[1, 0]


class Long(ArraySource):
    """One video of many frames, made when they are read."""

    def __init__(self, frames):
        super().__init__(np.empty((1, 1, 96, 104, 3), np.uint8), "long")
        self.frames = frames

    def num_frames(self, index):
        return self.frames

    def stream(self, index, frames):
        return (np.full((96, 104, 3), number % 251, np.uint8) for number in frames)


@pytest.mark.parametrize("protocol", ["flicker-vbench", "flad"])
def test_memory_does_not_grow_with_a_long_video(protocol, tmp_path):
    if protocol == "flad":
        pytest.importorskip("cv2")
    stage = load_protocol(protocol).array
    tracemalloc.start()
    try:
        (found,) = assembled(tmp_path, Long(2000), stage, Clip(0, 0, 2000, 1))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(found.pixels) == 2000
    assert peak < 2000 * 96 * 104 * 3 / 10  # of the video's frames; what flad keeps of each takes 2 kB


def test_a_frozen_video_has_the_limits_of_every_number():
    frozen = CLIPS[:, :1].repeat(6, axis=1)
    assert score(CLIPS, frozen, protocol="flicker-vbench", frames=6).value == 1
    assert score(CLIPS, frozen, protocol="colour-similarity", frames=6).value == 1
    si, ti = score_all(CLIPS, frozen, Choices(protocols=("siti-itu",), frames=(6,)))
    assert (si.metric, ti.metric, ti.value) == ("si", "ti", 0)
    assert si.value > 0


def test_a_note_says_that_no_value_is_better_and_what_to_compare_with():
    (found,) = score_all(CLIPS, CLIPS, Choices(protocols=("flicker-vbench",), frames=(2,)))
    assert any("a frozen video has the best value there is" in note for note in found.warnings)
    assert any("score REAL REAL" in note for note in found.warnings)
    assert found.interval_reason == "an honest one needs at least 4 videos"


def test_one_video_is_enough():
    changes = np.abs(CLIPS[0, 1:].astype(int) - CLIPS[0, :-1]).mean((1, 2, 3))
    found = score(CLIPS[:1], CLIPS[:1], protocol="flicker-vbench", frames=9)
    assert found.value == pytest.approx(1 - changes.mean() / 255, rel=1e-7)


@pytest.mark.parametrize("protocol", [*SINGLE, "tof-tecogan", "tlp-tecogan", "physics-iq"])
def test_one_frame_shows_no_change(protocol):
    least = 6 if "tecogan" in protocol else 2
    with pytest.raises(UsageError, match=f"{protocol} cannot score clips of 1 frame") as caught:
        score_all(CLIPS, CLIPS, Choices(protocols=(protocol,), frames=(1,)))
    assert caught.value.expected.startswith(f"{least} to ")


def test_frames_below_sobels_window():
    small = CLIPS[:, :, :2]
    with pytest.raises(DataError, match="smaller than the window of SI") as caught:
        score_all(small, small, Choices(protocols=("siti-itu",), frames=(4,)))
    assert caught.value.found == "2 x 52"
    assert score(small, small, protocol="flicker-vbench", frames=4).value < 1


def test_another_detector_for_a_metric_of_frames_is_refused(tmp_path):
    path = tmp_path / "mine.toml"
    text = "\n".join(
        f"{key} = {value}"
        for key, value in {"name": '"mine"', "version": 1, "metric": '"siti"', "source": '"me"'}.items()
    )
    text += """
    [dataset]
    short_videos = "error"
    [clips]
    frames = 4
    frames_allowed = [2, 9]
    real = { pick = "all", start = "zero" }
    fake = { pick = "all", start = "zero" }
    [array]
    detector = "frame-differences"
    resize = "detector"
    range = "0..255"
    mode = "pq"
    [statistics]
    over_time = "max"
    """
    path.write_text(text)
    with pytest.raises(ProtocolError, match="frame-differences"):
        load_protocol(str(path))


def test_without_opencv_the_extra_is_named(monkeypatch):
    there = importlib.util.find_spec
    monkeypatch.setattr(
        "vidmbench.detectors.opencv_import.find_spec", lambda name: None if name == "cv2" else there(name)
    )
    with pytest.raises(UsageError, match="optical flow needs OpenCV") as caught:
        score(CLIPS, CLIPS, protocol="tof-tecogan", frames=9)
    assert caught.value.fix == "pip install opencv-python-headless"


def test_flow_on_any_number_of_opencvs_threads():
    cv2 = pytest.importorskip("cv2")
    from vidmbench.detectors.flow import flow_of

    one, other = open_source(CLIPS).read(0, [0, 1])
    wanted = flow_of(one, other)
    grey = [cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in (one, other)]
    cv2.setNumThreads(2)
    np.testing.assert_array_equal(cv2.calcOpticalFlowFarneback(*grey, None, 0.5, 3, 15, 3, 5, 1.2, 0), wanted)
    cv2.setNumThreads(1)


def test_flow_of_equal_sides_does_not_differ_and_of_a_frozen_one_does():
    pytest.importorskip("cv2")
    place = np.arange(64)
    waves = [120 + 100 * np.sin((place[:, None] + 2 * time) / 5) * np.cos(place[None] / 6) for time in range(9)]
    moving = np.stack(waves).astype(np.uint8)[None, ..., None].repeat(3, axis=-1)
    (equal,) = score_all(moving, moving, Choices(protocols=("tof-tecogan",), frames=(9,)))
    assert equal.value == 0
    assert "4 of 4 scored frames change exactly as their targets do" in equal.warnings
    frozen = moving[:, :1].repeat(9, axis=1)
    assert score(moving, frozen, protocol="tof-tecogan", frames=9).value == pytest.approx(2, abs=0.5)


def test_metrics_of_change_are_asked_for_by_name():
    assert not {"tof-tecogan", "tlp-tecogan"}.intersection(members("paired-all"))
