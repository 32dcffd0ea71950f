import numpy as np
import pytest

from vidmbench.core.errors import ResultError
from vidmbench.evaluation.evaluate import evaluate
from vidmbench.evaluation.plan import plan
from vidmbench.protocols.protocol import load_protocol
from vidmbench.reporting.plots.contact_sheet import contact_sheet, save_figure
from vidmbench.videos import ArraySource


@pytest.fixture
def scored(fake_network):
    random = np.random.default_rng(0)
    real = ArraySource(random.integers(0, 256, (9, 12, 10, 16, 3), dtype=np.uint8), "truth")
    fake = ArraySource(random.integers(0, 256, (6, 9, 20, 8, 3), dtype=np.uint8), "fakes")
    spec = load_protocol("fvd-stylegan-v").with_options(frames=9, num_real=9, num_fake=6)
    (planned,) = plan(real, fake, [spec])
    (measurement,) = evaluate(real, fake, [planned]).measurements
    return real, fake, planned, measurement


def test_real_clips_beside_scored_clips(scored):
    measurement = scored[3]
    figure = contact_sheet(*scored)
    left, right = figure.axes
    assert (left.get_title(), right.get_title()) == ("real: truth", "scored: fakes")
    assert "9 frames, first to last" in left.get_xlabel()
    # 4 clips of 6 frames on either side, each picture with a line of one pixel around it.
    assert left.images[0].get_array().shape == (4 * 12, 6 * 18, 3)
    assert right.images[0].get_array().shape == (4 * 22, 6 * 10, 3)
    title = figure.get_suptitle()
    assert title.startswith(f"FVD {measurement.text()}   ")
    assert measurement.signature_short in title


def test_the_pictures_are_the_frames_that_were_scored(scored):
    real, _, planned, _ = scored
    sheet = np.asarray(contact_sheet(*scored).axes[0].images[0].get_array())
    clip = planned.real.clips[0]
    frames = real.read(clip.video, list(clip.indices))
    np.testing.assert_array_equal(sheet[1:11, 1:17], frames[0])
    np.testing.assert_array_equal(sheet[1:11, -17:-1], frames[8])
    assert (sheet[0] == 255).all()


def test_small_numbers_keep_their_digits(scored):
    real, fake, planned, measurement = scored
    small = measurement.model_copy(update={"metric": "lpips", "value": 0.0192, "interval": (0.0114, 0.0270)})
    assert contact_sheet(real, fake, planned, small).get_suptitle().startswith("LPIPS 0.0192 ± 0.0078   ")


def test_a_failed_measurement_has_no_value(scored):
    real, fake, planned, measurement = scored
    failed = measurement.model_copy(update={"value": None, "interval": None, "status": "failed", "reason": "x"})
    assert contact_sheet(real, fake, planned, failed).get_suptitle().startswith("no value   ")


@pytest.mark.parametrize("suffix", ["png", "pdf", "svg"])
def test_a_figure_is_saved_whole(scored, tmp_path, suffix):
    save_figure(contact_sheet(*scored), tmp_path / "deep" / f"sheet.{suffix}")
    assert [path.name for path in (tmp_path / "deep").iterdir()] == [f"sheet.{suffix}"]
    assert (tmp_path / "deep" / f"sheet.{suffix}").stat().st_size > 2000


def test_a_picture_that_cannot_be_saved(scored, tmp_path):
    (tmp_path / "way").touch()
    with pytest.raises(ResultError, match="cannot write"):
        save_figure(contact_sheet(*scored), tmp_path / "way" / "sheet.png")
