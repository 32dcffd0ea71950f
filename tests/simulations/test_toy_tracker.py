"""The tracker of toy_tracker.py on real clips of clevrer-mini, and on the same with faults."""

import sys
from dataclasses import replace

import numpy as np
import pytest
from simulations import toy_tracker
from simulations.toy_tracker import colour_changes, has_objects, speeds, tracks_of

from vidmbench.sources.clevrer_mini.physics import simulate
from vidmbench.sources.clevrer_mini.rendering import render
from vidmbench.sources.clevrer_mini.scenes import Body, Scene
from vidmbench.sources.clevrer_mini.videos import ToyVideos

REAL = ToyVideos("test")
STANDING = Body("cube", "rubber", "yellow", (-0.9, 1.0))
ROLLING = Body("sphere", "metal", "purple", (-1.0, -1.2), velocity=(1.0, 0.4))


def clip_of(*bodies, num_frames=28, resolution=64):
    scene = Scene(bodies)
    path = simulate(scene, num_frames)
    return render(scene, path.position, path.angle, resolution)


# Equal colours that cover and uncover one another; a grey object in front of a coloured one.
@pytest.mark.parametrize(("video", "first"), [(20, 8), (54, 12), (63, 24)])
def test_objects_of_real_clips_keep_their_colour(video, first):
    clip = REAL.read(video, range(first, first + 30))
    assert tracks_of(clip)
    assert colour_changes(clip) == []


@pytest.mark.parametrize(
    ("before", "after"), [("purple", "blue"), ("red", "brown"), ("purple", "gray"), ("gray", "green")]
)
def test_a_change_of_colour_is_found(before, after):
    old, new = (clip_of(STANDING, replace(ROLLING, colour=colour)) for colour in (before, after))
    assert colour_changes(old) == colour_changes(new) == []
    spliced = np.concatenate([old[:13], new[13:]])
    assert colour_changes(spliced) == [(13, before, after)]


def test_lengths_and_areas_go_with_the_size():
    clips = [clip_of(replace(ROLLING, colour=colour)).repeat(2, axis=1).repeat(2, axis=2) for colour in ("cyan", "red")]
    assert colour_changes(np.concatenate([clips[0][:13], clips[1][13:]])) == [(13, "cyan", "red")]


def test_a_first_frame_without_objects_is_empty():
    assert has_objects(clip_of(replace(STANDING, colour="gray"), num_frames=1)[0])
    assert not has_objects(clip_of(num_frames=1)[0])


def test_speeds_are_those_of_the_objects():
    frames, values = speeds(tracks_of(clip_of(STANDING)))
    assert values.max() < 0.02
    clip = clip_of(ROLLING)
    frames, values = speeds(tracks_of(clip))
    assert frames[0] == 4.0
    centres = [np.argwhere(seen).mean(axis=0) for seen in toy_tracker.labels(clip) > 0]
    assert values[0] == pytest.approx(np.hypot(*(centres[8] - centres[0])) / 8, rel=0.05)
    assert values[-1] < values[0]  # friction


def test_the_command_reports_each_clip_that_changes(tmp_path, monkeypatch, capsys):
    old, new = (clip_of(replace(ROLLING, colour=colour)) for colour in ("purple", "blue"))
    np.save(tmp_path / "clips.npy", np.stack([old, np.concatenate([old[:13], new[13:]])]))
    monkeypatch.setattr(sys, "argv", ["toy_tracker.py", str(tmp_path / "clips.npy"), "--frames", "28"])
    toy_tracker.main()
    said = capsys.readouterr().out
    assert "frame 13: purple to blue" in said
    assert "1 of 2 clips of 28 frames keep all colours; 0 begin empty" in said
    assert "frames 16 to 31: " in said
