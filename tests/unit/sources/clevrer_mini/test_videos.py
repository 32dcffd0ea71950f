from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from vidmbench.core.errors import DataError, ProtocolError
from vidmbench.sources.clevrer_mini import NUM_FRAMES, ToyVideos, rendering, videos
from vidmbench.videos.source import Source


def test_it_is_a_source_with_names_and_lengths():
    source = ToyVideos("train")
    assert isinstance(source, Source)
    assert (len(source), source.label, source.skipped) == (2048, "clevrer-mini@train", ())
    assert (source.name(17), source.num_frames(17)) == ("video_00017", NUM_FRAMES)
    assert ToyVideos(resolution=32).label == "clevrer-mini@test/32"


@pytest.mark.parametrize("resolution", [32, 64, 128])
def test_frames_have_the_size_and_type_promised(resolution):
    frames = ToyVideos(resolution=resolution).read(3, [0, 60])
    assert frames.shape == (2, resolution, resolution, 3)
    assert frames.dtype == np.uint8
    assert frames.max() - frames.min() > 60


def test_no_frames_asked_for_is_an_empty_array():
    assert ToyVideos().read(0, []).shape == (0, 64, 64, 3)


def test_a_frame_does_not_depend_on_which_others_are_read():
    source = ToyVideos(resolution=64)
    for index in range(6):
        whole = source.read(index, range(NUM_FRAMES))
        wanted = [90, 3, 3, 127, 41]
        np.testing.assert_array_equal(source.read(index, wanted), whole[wanted])
        for frame in (0, 11, 50):
            np.testing.assert_array_equal(source.read(index, [frame])[0], whole[frame])


def test_videos_differ_by_index_split_and_seed_and_not_by_reader():
    read = ToyVideos("test").read(5, [0, 40])
    np.testing.assert_array_equal(ToyVideos("test", num_videos=6).read(5, [0, 40]), read)
    others = (ToyVideos("test").read(6, [0, 40]), ToyVideos("train").read(5, [0, 40]))
    for other in (*others, ToyVideos("test", seed=1).read(5, [0, 40])):
        assert (other != read).any()


def test_most_videos_move_visibly_within_sixteen_frames():
    source = ToyVideos("train", resolution=64)
    changed = []
    for index in range(24):
        frames = source.read(index, [0, 5, 10, 15]).astype(int)
        changed.append((np.abs(np.diff(frames, axis=0)).max(axis=-1) > 20).mean(axis=(1, 2)).max())
    assert np.mean(np.array(changed) > 0.005) >= 0.8


def test_threads_draw_the_same_pixels():
    source = ToyVideos(resolution=32)
    alone = [source.read(index, range(8)) for index in range(12)]
    rendering._camera.cache_clear()
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda index: source.read(index, range(8)), range(12)))
    for one, two in zip(alone, together, strict=True):
        np.testing.assert_array_equal(one, two)


def test_only_frames_asked_for_are_drawn_a_few_at_a_time(monkeypatch):
    drawn, real = [], rendering._render_chunk

    def counting(scene, position, angle, camera):
        drawn.append(len(position))
        return real(scene, position, angle, camera)

    monkeypatch.setattr(rendering, "_render_chunk", counting)
    simulated, simulate = [], videos.simulate
    monkeypatch.setattr(videos, "simulate", lambda scene, count: simulated.append(count) or simulate(scene, count))
    ToyVideos().read(0, range(20, 36))
    assert (drawn, simulated) == ([16], [36])
    drawn.clear()
    ToyVideos(resolution=128).read(0, range(6))
    assert drawn == [4, 2]


@pytest.mark.parametrize("frames", [[128], [0, -1], range(120, 136)])
def test_frames_out_of_range_are_refused_by_number(frames):
    with pytest.raises(DataError, match=r"(?s)frames 0 to 127.*clevrer-mini@test, video_00002") as caught:
        ToyVideos().read(2, frames)
    assert caught.value.found in {"128", "-1"}


@pytest.mark.parametrize("index", [-1, 4])
def test_videos_out_of_range_are_refused(index):
    source = ToyVideos(num_videos=4)
    for call in (source.name, source.num_frames, lambda number: source.read(number, [0])):
        with pytest.raises(DataError, match="no such video"):
            call(index)


def test_settings_that_do_not_exist_are_refused():
    with pytest.raises(ProtocolError, match="did you mean train"):
        ToyVideos("trian")
    with pytest.raises(DataError, match="one of 32, 64, 128"):
        ToyVideos(resolution=100)
    for wrong in ({"num_videos": 0}, {"seed": -1}):
        with pytest.raises(DataError, match="num_videos >= 1, seed >= 0"):
            ToyVideos(**wrong)


def test_the_digest_follows_every_setting_and_the_version(monkeypatch):
    changes = [{}, {"split": "train"}, {"num_videos": 100}, {"resolution": 32}, {"seed": 1}]
    digests = [ToyVideos(**change).digest() for change in changes]
    assert ToyVideos().digest() == digests[0]
    assert len(digests[0]) == 64
    monkeypatch.setattr(videos, "VERSION", videos.VERSION + 1)
    digests.append(ToyVideos().digest())
    assert len(set(digests)) == len(digests)
