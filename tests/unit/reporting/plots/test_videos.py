"""Pictures of videos: whose frames stand where, and what the curves below a timeline are."""

import itertools

import numpy as np
import pytest

from vidmbench.core.errors import DataError, UsageError
from vidmbench.reporting.plots.samples import samples_figure, samples_video
from vidmbench.reporting.plots.strips import strip_of
from vidmbench.reporting.plots.timeline import distance_from_start, motion_of, timeline_figure
from vidmbench.reporting.plots.video_inputs import Shown, ShownClips, described, open_shown


def noise(frames=6, height=10, width=8, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (frames, height, width, 3), dtype=np.uint8)


@pytest.fixture
def arrays(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.save("real.npy", np.stack([noise(seed=seed) for seed in range(3)]))
    np.save("fake.npy", np.stack([noise(4, 20, 20, seed) for seed in range(7, 9)]))
    return tmp_path


def test_sources_are_opened_as_they_are_named(arrays):
    texts = ["real.npy", "gan=fake.npy", "control:reversed", "frozen=static-of:fake.npy"]
    shown = open_shown(texts, ShownClips(6, (1, 0)))
    assert [one.label for one in shown] == ["real.npy", "gan", "control:reversed", "frozen"]
    np.testing.assert_array_equal(shown[0].videos[0], noise(seed=1))
    np.testing.assert_array_equal(shown[1].videos[1], noise(4, 20, 20, 7))  # as long as it is
    np.testing.assert_array_equal(shown[2].videos[1], noise(seed=0)[::-1])  # made from the first source
    np.testing.assert_array_equal(shown[3].videos[0], np.repeat(noise(4, 20, 20, 8)[:1], 4, axis=0))
    caption = described(shown, ShownClips(6, (1, 0), seed=5))
    assert caption.startswith("Videos 1, 0 of each source, from frame 0; seed 5. gan is fake.npy")


def test_unless_named_the_videos_are_those_of_median_motion(tmp_path, monkeypatch):
    """Neither the one that jumps nor the one that is frozen; a control shows the videos it was made from."""
    monkeypatch.chdir(tmp_path)
    steps = [40, 0, 10, 12, 30]
    videos = np.stack([np.arange(5)[:, None, None, None] * step * np.ones((1, 4, 4, 3)) for step in steps])
    np.save("real.npy", videos.astype(np.uint8))
    np.save("fake.npy", videos[[3, 1, 2]].astype(np.uint8))
    clips = ShownClips(5, (), num_typical=1)
    shown = open_shown(["real.npy", "fake.npy", "control:static", "static-of:fake.npy"], clips)
    assert [one.indices for one in shown] == [(3,), (2,), (3,), (2,)]
    caption = described(shown, clips)
    assert caption.startswith("Video 3 of real.npy; Video 2 of fake.npy; ")
    assert "those of median motion among the first 8" in caption
    assert [one.indices for one in open_shown(["real.npy"], ShownClips(5, (), num_typical=2))] == [(2, 3)]
    assert [one.indices for one in open_shown(["real.npy"], ShownClips(5, (), num_typical=9))] == [(0, 1, 2, 3, 4)]


def test_a_path_with_an_equals_sign_is_no_label(arrays):
    (arrays / "a=b.npy").write_bytes((arrays / "real.npy").read_bytes())
    assert open_shown(["a=b.npy"], ShownClips(2))[0].label == "a=b.npy"
    with pytest.raises(UsageError, match="expected LABEL=SOURCE"):
        open_shown(["=real.npy"], ShownClips(2))


def test_a_video_that_is_not_there(arrays):
    with pytest.raises(DataError, match="no such video") as error:
        open_shown(["real.npy", "fake.npy"], ShownClips(2, (2,)))
    assert (error.value.expected, error.value.fix) == ("videos 0 to 1", "choose among these, such as 0,1")


def test_a_strip_is_white_where_the_video_has_ended():
    video = noise(3)
    strip = strip_of(video, [0, 2, 4])
    assert strip.shape == (12, 30, 3)
    np.testing.assert_array_equal(strip[1:11, 1:9], video[0])
    np.testing.assert_array_equal(strip[1:11, 11:19], video[2])
    assert (strip[:, 20:] == 255).all()


def shown():
    return [Shown("truth", (noise(seed=1), noise(seed=2))), Shown("gan", (noise(6, 20, 20, 3), noise(6, 20, 20, 4)))]


def words(figure):
    return [text.get_text() for text in figure.texts]


def test_rows_are_videos_and_columns_are_frames():
    figure = samples_figure(shown(), 2, "what this is")
    assert len(figure.axes) == 4
    for axis, video in zip(figure.axes, [video for one in shown() for video in one.videos], strict=True):
        (picture,) = axis.images
        np.testing.assert_array_equal(picture.get_array(), strip_of(video, [0, 2, 4]))
        assert picture.get_interpolation() == "nearest"
    assert words(figure)[:4] == ["frame", "0", "2", "4"]
    assert {"truth", "gan", "what this is"} < set(words(figure))


def test_frames_keep_their_shape_and_rows_do_not_overlap():
    figure = samples_figure(shown(), 2)
    whole = figure.get_size_inches()
    boxes = [axis.get_position() for axis in figure.axes]
    for box, axis in zip(boxes, figure.axes, strict=True):
        height, width = axis.images[0].get_array().shape[:2]
        assert box.height * whole[1] / (box.width * whole[0]) == pytest.approx(height / width)
    for upper, lower in itertools.pairwise(boxes):
        assert upper.y0 > lower.y1
    labels = {text.get_text(): text.get_position()[1] for text in figure.texts}
    assert boxes[1].y0 < labels["truth"] < boxes[0].y1
    assert boxes[3].y0 < labels["gan"] < boxes[2].y1
    assert boxes[-1].y0 >= 0


def test_a_labelled_video_plays_all_sources_at_once():
    film = samples_video([Shown("a", (noise(4, 64, 64, 1),)), Shown("b", (noise(2, 32, 32, 2),))])
    # 28 rows of label, then tiles of 128 pixels with 6 around them.
    assert film.shape == (4, 28 + 140, 2 * 140, 3)
    for frame in range(4):
        np.testing.assert_array_equal(film[frame, 34:162, 6:134][::2, ::2], noise(4, 64, 64, 1)[frame])
        last = noise(2, 32, 32, 2)[min(frame, 1)]  # the shorter one keeps its last frame
        np.testing.assert_array_equal(film[frame, 34:162, 146:274][::4, ::4], last)
    assert (film[:, :28].min(), film[:, :28].max()) == (0, 255)  # black letters on white
    assert (film[:, :28, :6] == 255).all()


def test_a_long_label_widens_its_column_and_large_videos_stay_as_they_are():
    film = samples_video([Shown("a rather long name of a rather long model", (noise(1, 150, 20),))])
    assert film.shape[1] == 28 + 150 + 12
    assert film.shape[2] > 200
    left = (film.shape[2] - 20) // 2
    np.testing.assert_array_equal(film[0, 34:184, left : left + 20], noise(1, 150, 20)[0])


def test_motion_and_drift_by_hand():
    video = np.full((4, 2, 2, 3), 100, np.uint8)
    video[1:3] = 90  # darker: differences of bytes would wrap
    video[3] = 250
    assert motion_of(video).tolist() == [10, 0, 160]
    assert distance_from_start(video).tolist() == [10, 10, 150]


def test_a_timeline_puts_frames_and_curves_on_one_axis_of_time():
    clips = [Shown("truth", (noise(16),)), Shown("short", (noise(10, seed=1),))]
    figure = timeline_figure(clips, 4, "what this is")
    first, second, motion, drift = figure.axes
    np.testing.assert_array_equal(first.images[0].get_array(), strip_of(noise(16), [0, 4, 8, 12]))
    assert first.images[0].get_extent()[:2] == [0, 16]
    for axis in (second, motion, drift):
        box = axis.get_position()
        assert (box.x0, box.x1) == (first.get_position().x0, first.get_position().x1)
        assert axis.get_xlim() == (0, 16)
    for axis, measure in ((motion, motion_of), (drift, distance_from_start)):
        for line, one in zip(axis.lines, clips, strict=True):
            np.testing.assert_array_equal(line.get_xdata(), np.arange(1, len(one.videos[0])))
            np.testing.assert_array_equal(line.get_ydata(), measure(one.videos[0]))
        assert axis.get_ylim()[0] == 0
    assert len({(line.get_marker(), line.get_color(), line.get_linestyle()) for line in motion.lines}) == 2
    assert drift.get_xlabel() == "frame"
    assert {"truth", "short", "what this is", "change since\nframe 0\n(intensity levels)"} <= set(words(figure))
    # Each label has the look of its curve below.
    assert [key.get_marker() for key in figure.artists] == [line.get_marker() for line in motion.lines]


@pytest.mark.parametrize("make", [samples_figure, timeline_figure])
def test_no_words_are_cut_off(make):
    names = [Shown("a-name-that-is-much-too-long-for-its-column/of_labels", (noise(16),)), Shown("b", (noise(16),))]
    figure = make(names, 4, "a caption " * 40)
    figure.draw_without_rendering()
    across, tall = figure.get_size_inches() * figure.dpi
    strips = min(axis.get_window_extent().x0 for axis in figure.axes)
    for text in figure.texts:
        box = text.get_window_extent()
        assert box.x0 >= 0
        assert box.y0 >= 0
        assert box.x1 <= across
        assert box.y1 <= tall
        if text.get_text().startswith("a-name"):
            assert box.x1 < strips
