"""Long videos are read once, and no more of them is in memory than windows take."""

import hashlib
import weakref

import numpy as np
import pytest

from vidmbench.evaluation.choices import Choices
from vidmbench.evaluation.studies.rollout import carry_out_rollouts
from vidmbench.evaluation.studies.rollout_plan import Windows, prepare_rollouts
from vidmbench.videos.source import SourceDefaults
from vidmbench.videos.transformed import OneClip


class Long(SourceDefaults):
    """Videos that are made frame by frame; says which frames were asked for."""

    def __init__(self, label, length, videos=4, side=32):
        self.label, self.size, self.length, self.videos = label, (side, side), length, videos
        self.asked = []
        self.alive, self.most_alive = set(), 0

    def __len__(self):
        return self.videos

    def name(self, index):
        return f"{index}"

    def num_frames(self, index):
        return self.length

    def read(self, index, frames):
        return np.stack(list(self.stream(index, frames)))

    def stream(self, index, frames):
        self.asked.append((index, len(frames)))
        for number in frames:
            frame = np.full((*self.size, 3), (7 * index + number // 8) % 250, np.uint8)
            frame[number % self.size[0]] = 255
            self.alive.add((index, number))
            weakref.finalize(frame, self.alive.discard, (index, number))
            self.most_alive = max(self.most_alive, len(self.alive))
            yield frame

    def whole(self):
        """The videos that were read whole, once for each time."""
        return sorted(index for index, frames in self.asked if frames == self.length)

    def digest(self):
        return hashlib.sha256(f"{self.label} {self.length}".encode()).hexdigest()


def rollout(real, fake, *protocols, window=16, **more):
    (job,) = prepare_rollouts(real, [fake], Choices(protocols=protocols, **more), window=window, step=None)
    (record,) = carry_out_rollouts([job], ["vidmbench", "rollout"])
    return record


def test_every_video_is_read_once_whatever_is_measured(fake_network):
    real, fake = Long("real", 32), Long("fake", 32)
    record = rollout(real, fake, "fvd-vidm-paper", "flicker-vbench", "siti-itu-mean")
    for source in (real, fake):
        assert source.whole() == [0, 1, 2, 3]
    assert record.rollout.num_windows == 2
    assert len({curve.metric for curve in record.rollout.curves}) == 6
    again = rollout(real, fake, "flicker-vbench")
    assert again.rollout.curves[0] == next(each for each in record.rollout.curves if each.metric == "flicker")
    assert real.whole() == fake.whole() == [0, 1, 2, 3]  # from the cache


def test_few_frames_are_in_memory_however_long_videos_are(fake_network):
    real, fake = (Long(label, 2000, videos=2, side=8) for label in ("real", "fake"))
    record = rollout(real, fake, "flicker-vbench", window=400)
    assert record.rollout.frames == 2000
    assert max(real.most_alive, fake.most_alive) < 16


@pytest.mark.parametrize(
    ("windows", "starts"),
    [(Windows(64, 16, 16), [0, 16, 32, 48]), (Windows(40, 16, 8), [0, 8, 16, 24]), (Windows(39, 16, 8), [0, 8, 16])],
)
def test_windows_end_inside_the_video(windows, starts):
    assert list(windows.starts) == starts


def test_a_control_is_one_change_of_the_whole_video():
    from vidmbench.sources.controls import control

    base = Long("real", 20)
    static, backwards = (OneClip(control(kind, base), 20) for kind in ("static", "reversed"))
    np.testing.assert_array_equal(static.read(1, [3, 17]), base.read(1, [0, 0]))
    np.testing.assert_array_equal(backwards.read(1, [19, 0, 4]), base.read(1, [0, 19, 15]))
    np.testing.assert_array_equal(np.stack(list(backwards.stream(1, [0, 4]))), base.read(1, [19, 15]))
    assert static.digest() != OneClip(control("static", base), 19).digest()
