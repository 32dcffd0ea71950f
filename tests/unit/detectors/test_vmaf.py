"""VMAF: what it refuses, what its notes say, and that a clip's numbers do not depend on how it is cut into pieces."""

import importlib.util

import numpy as np
import pytest
from support import vmaf_clips

from vidmbench.core.errors import DataError, UsageError
from vidmbench.detectors import vmaf_import
from vidmbench.detectors.engine import load_engine
from vidmbench.detectors.preparation import preparation
from vidmbench.evaluation.api import score, score_all
from vidmbench.evaluation.choices import Choices
from vidmbench.protocols.metric_kind import Features
from vidmbench.protocols.protocol import load_protocol, members

SPEC = load_protocol("vmaf-v0.6.1")
TARGET = vmaf_clips.target(64, 72)
needs_package = pytest.mark.skipif(not vmaf_import.is_there(), reason="no vmaf-torch")


def there(monkeypatch, is_there):
    find = importlib.util.find_spec
    monkeypatch.setattr(
        vmaf_import, "find_spec", lambda name: (name if is_there else None) if name == "vmaf_torch" else find(name)
    )


def numbers(stage, kind="noise"):
    clip = preparation(stage)(np.concatenate([TARGET, vmaf_clips.changed(TARGET, kind)], axis=2))
    (found,) = load_engine(stage).features([clip])
    return found


def of_numbers(*clips, **changes):
    statistics = SPEC.statistics.model_copy(update=changes)
    features = Features({"pair": np.array(clips, np.float32)[:, None, :, None]})
    return SPEC.kind.of_videos(statistics, features).tolist(), SPEC.kind.notes_of_frames(statistics, features)


def test_without_the_package_the_extra_is_named(monkeypatch):
    there(monkeypatch, False)
    with pytest.raises(UsageError, match="VMAF needs vmaf-torch") as caught:
        score(TARGET[None], TARGET[None], protocol=SPEC.name, frames=5)
    assert caught.value.fix == "pip install vmaf-torch"


@pytest.mark.parametrize(("height", "width"), [(63, 64), (64, 63)])
def test_frames_below_64_pixels(monkeypatch, height, width):
    there(monkeypatch, True)
    small = TARGET[None, :, :height, :width]
    with pytest.raises(DataError, match="frames are too small for VMAF") as caught:
        score(small, small, protocol=SPEC.name, frames=5)
    assert (caught.value.found, caught.value.expected[:7]) == (f"{height} x {width}", "64 x 64")


def test_one_frame_has_no_motion():
    with pytest.raises(UsageError, match="cannot score clips of 1 frame") as caught:
        score_all(TARGET[None], TARGET[None], Choices(protocols=(SPEC.name,), frames=(1,)))
    assert caught.value.expected.startswith("2 to ")


def test_it_is_asked_for_by_name():
    assert SPEC.name not in members("paired-all")


def test_frames_beyond_the_scale_are_clipped_and_said():
    values, notes = of_numbers([50, 130, 90], [-5, 20, 30])
    assert values == pytest.approx([80, 50 / 3])
    assert notes == ["1 of 6 scored frames are above 100 and count 100", "1 of 6 scored frames are below 0 and count 0"]
    assert of_numbers([50, 130, 90], clip="none") == ([90], [])


def test_harmonic_means_are_of_one_more():
    assert of_numbers([0, 9], pool="harmonic-mean")[0] == pytest.approx([2 / (1 / 1 + 1 / 10) - 1])


@needs_package
def test_pieces_of_a_clip_give_the_same(monkeypatch):
    whole = numbers(SPEC.array)
    monkeypatch.setattr("vidmbench.detectors.vmaf._PIXELS_AT_ONCE", 2 * 64 * 72)
    np.testing.assert_allclose(numbers(SPEC.array), whole, rtol=0, atol=1e-3)


@needs_package
def test_motion_is_the_least_of_both_neighbours():
    """With the same ADM and VIF, VMAF rises with motion: that of the target in the same frames, none in the first."""
    still = numbers(SPEC.array.model_copy(update={"motion": "none"}))
    moving = numbers(SPEC.array)
    assert moving[0] == pytest.approx(still[0], abs=1e-4)
    assert (moving[1:] > still[1:] + 1).all()


@needs_package
@pytest.mark.parametrize(("levels", "value"), [((0, 255), 97.43), ((200, 20), 97.43)])
def test_the_level_of_flat_frames_is_not_seen(levels, value):
    real, fake = (np.full((1, 2, 64, 64, 3), level, np.uint8) for level in levels)
    assert score(real, fake, protocol=SPEC.name, frames=2).value == pytest.approx(value, abs=0.01)


@needs_package
def test_half_as_much_contrast_again_gives_100():
    assert (numbers(SPEC.array, "brighter") > 100).all()


@needs_package
def test_a_run_says_what_the_scale_means_and_names_the_package():
    found = score(TARGET[None].repeat(2, 0), TARGET[None].repeat(2, 0), protocol=SPEC.name, frames=5)
    assert 99 < found.value < 100  # libvmaf: 97.43 for the first frame, which has no motion
    assert any("fitted to ratings of 1920 x 1080" in note for note in found.warnings)
    assert load_engine(SPEC.array).name.startswith("vmaf-torch-")
