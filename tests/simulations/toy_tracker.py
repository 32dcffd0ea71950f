"""Whether the objects of clips of clevrer-mini keep their colour, are there at all, and go on moving.

    python tests/simulations/toy_tracker.py SOURCE [--num-videos 64] [--frames 64]

SOURCE is what ``vidmbench score`` takes, such as ``dataset:clevrer-mini@test`` or a folder that ``vidmbench sample``
wrote. Needs clips of 64 or 128 pixels. Seven of the eight colours are told by their hue; grey objects are told from the
plane only where a coloured one stood, as grey ones look like shadows.

Prints the share of clips in which no object changes its colour, first frames without any object, and the mean speed of
tracked objects in pixels per frame by time.
"""

import argparse
import colorsys
from dataclasses import dataclass, field
from functools import cache

import numpy as np
from scipy import ndimage

from vidmbench import open_source
from vidmbench.sources.clevrer_mini.rendering import _COLOURS, render
from vidmbench.sources.clevrer_mini.scenes import Scene

HUES = {name: 360 * colorsys.rgb_to_hsv(*rgb)[0] for name, rgb in _COLOURS.items() if name != "gray"}
# Linear light: the least that a coloured surface in the dark has between its strongest and its weakest channel, and
# how far a pixel of the empty plane may lie from what it should be.
COLOURED, OFF_PLANE = 0.02, 0.02
SATURATED = 0.2  # of the strongest channel; grey metal, which is slightly blue, has 0.06
NEAREST_HUES = 12.0  # degrees: half the distance of the two nearest hues, red and brown
# For clips of 64 pixels; areas go with the square of the size, lengths with the size.
LEAST_AREA, LARGEST_STEP, SAME_PLACE, TOUCHING = 10, 4.0, 4.0, 16.0
LEAST_LENGTH, LARGEST_GAP = 4, 8  # frames
DISC, GREY_SHARE = 3.0, 0.85  # of real clips that end or begin a track in the open, the largest share is 0.76
SPAN = 8  # frames between which a speed is taken


@dataclass
class Track:
    """One object of one colour while it is seen.

    Attributes:
        colour: Of ``HUES``, or "gray".
        frames: The frames that show it, ascending.
        centres: Row and column there.
        areas: Pixels there.
        at_border: Whether it touches the picture's border there.
    """

    colour: str
    frames: list = field(default_factory=list)
    centres: list = field(default_factory=list)
    areas: list = field(default_factory=list)
    at_border: list = field(default_factory=list)

    def add(self, frame, centre, area, at_border):
        self.frames.append(frame)
        self.centres.append(centre)
        self.areas.append(area)
        self.at_border.append(at_border)


def linear(frames):
    """uint8 as the light that it stands for: pictures of the toy world hold square roots."""
    return (frames.astype(np.float32) / 255) ** 2


def labels(frames):
    """Which colour each pixel has: 0 for none, else its number in ``HUES`` from 1; int8 (frame, height, width)."""
    light = linear(frames)
    low, high = light.min(axis=-1), light.max(axis=-1)
    chroma = np.maximum(high - low, 1e-9)
    red, green, blue = np.moveaxis(light, -1, 0)
    hue = np.where(
        high == red,
        (green - blue) / chroma % 6,
        np.where(high == green, (blue - red) / chroma + 2, (red - green) / chroma + 4),
    )
    distance = np.stack([np.abs((hue * 60 - known + 180) % 360 - 180) for known in HUES.values()])
    found = np.where(distance.min(axis=0) <= NEAREST_HUES, distance.argmin(axis=0) + 1, 0)
    is_coloured = (high - low >= COLOURED) & (high - low >= SATURATED * high)
    return np.where(is_coloured, found, 0).astype(np.int8)


@cache
def empty_plane(resolution):
    """The plane without objects, linear, float32 (height, width, 3)."""
    return linear(render(Scene(()), np.zeros((1, 0, 2)), np.zeros((1, 0)), resolution)[0])


def tracks_of(clip):
    """Every coloured object of uint8 (frame, height, width, 3), linked from frame to frame by its colour and place."""
    scale = clip.shape[1] / 64
    of_pixels, done = labels(clip), []
    for number, name in enumerate(HUES, start=1):
        open_tracks = []
        for frame, seen in enumerate(of_pixels == number):
            parts, count = ndimage.label(seen, structure=np.ones((3, 3)))
            blobs = []
            for part, (rows, columns) in enumerate(ndimage.find_objects(parts, count), start=1):
                inside = parts[rows, columns] == part
                area = int(inside.sum())
                if area >= LEAST_AREA * scale**2:
                    centre = np.argwhere(inside).mean(axis=0) + np.array([rows.start, columns.start])
                    ends = (rows.start, columns.start, clip.shape[1] - rows.stop, clip.shape[2] - columns.stop)
                    blobs.append((centre, area, min(ends) == 0))
            open_tracks = [track for track in open_tracks if frame - track.frames[-1] <= 3]
            pairs = sorted(
                (float(np.hypot(*(blob[0] - track.centres[-1]))), i, j)
                for i, track in enumerate(open_tracks)
                for j, blob in enumerate(blobs)
            )
            taken, linked = set(), set()
            for distance, i, j in pairs:
                if i not in taken and j not in linked and distance <= LARGEST_STEP * scale:
                    open_tracks[i].add(frame, *blobs[j])
                    taken.add(i)
                    linked.add(j)
            for j, blob in enumerate(blobs):
                if j not in linked:
                    new = Track(name)
                    new.add(frame, *blob)
                    open_tracks.append(new)
                    done.append(new)
    return [track for track in done if len(track.frames) >= LEAST_LENGTH]


def colour_changes(clip, tracks=None):
    """Objects that change their colour: (frame, colour before, colour after), by frame.

    One track ends away from the border, and one of another colour begins at the same place at about the same time; or
    nothing but grey is there after it ended or before it began. Of an object that goes behind another, or comes out
    from there, the other one is seen in that place, and was seen before.
    """
    scale, found = clip.shape[1] / 64, []
    tracks = tracks_of(clip) if tracks is None else tracks
    begun = [track for track in tracks if track.frames[0] > 0]
    ended = [track for track in tracks if track.frames[-1] < len(clip) - 1 - LEAST_LENGTH and not track.at_border[-1]]
    follower = {
        id(old): new
        for old in ended
        for new in reversed(begun)
        if new.colour != old.colour
        and abs(new.frames[0] - old.frames[-1]) <= LARGEST_GAP
        and np.hypot(*(new.centres[0] - old.centres[-1])) <= SAME_PLACE * scale
    }
    for old in ended:
        end = old.frames[-1]
        if id(old) in follower:
            found.append((end + 1, old.colour, follower[id(old)].colour))
        elif not parts_of(old, tracks, -1, 0, scale) and is_grey_beyond(
            clip, old, range(end + 2, min(end + 2 + LARGEST_GAP, len(clip)))
        ):
            found.append((end + 1, old.colour, "gray"))
    followers = {id(new) for new in follower.values()}
    for new in begun:
        start = new.frames[0]
        is_alone = start >= LEAST_LENGTH and not new.at_border[0] and not parts_of(new, tracks, 0, -1, scale)
        if (
            id(new) not in followers
            and is_alone
            and is_grey_beyond(clip, new, range(max(start - 1 - LARGEST_GAP, 0), start - 1))
        ):
            found.append((start, "gray", new.colour))
    return sorted(found)


def parts_of(track, tracks, end, other_end, scale):
    """Tracks of the same colour that go on near where this one ends, or before it begins: objects that meet or part."""
    return [
        other
        for other in tracks
        if other.colour == track.colour
        and other is not track
        and abs(other.frames[other_end] - track.frames[end]) <= LARGEST_GAP
        and np.hypot(*(other.centres[other_end] - track.centres[end])) <= TOUCHING * scale
    ]


def is_grey_beyond(clip, track, frames):
    """Whether what a track would go on to, at its speed before it ended or after it began, is neither plane nor colour.

    Args:
        clip: uint8 (frame, height, width, 3).
        track: Which ends before, or begins after, these frames.
        frames: Which frames, in a row.
    """
    end = -1 if frames[0] > track.frames[-1] else 0
    near = track.centres[-LEAST_LENGTH:] if end else track.centres[:LEAST_LENGTH]
    speed = (near[-1] - near[0]) / (len(near) - 1)
    rows, columns = np.ogrid[: clip.shape[1], : clip.shape[2]]
    shares = []
    for frame in frames:
        row, column = track.centres[end] + speed * (frame - track.frames[end])
        disc = np.hypot(rows - row, columns - column) <= DISC * clip.shape[1] / 64
        if not disc.any():
            return False
        off = np.abs(linear(clip[frame]) - empty_plane(clip.shape[1])).max(axis=-1) > OFF_PLANE
        shares.append((off & (labels(clip[frame : frame + 1])[0] == 0))[disc].mean())
    return np.mean(shares) >= GREY_SHARE


def has_objects(frame):
    """Whether a frame shows anything but the plane."""
    off = np.abs(linear(frame) - empty_plane(frame.shape[0])).max(axis=-1) > OFF_PLANE
    return bool(off.sum() >= LEAST_AREA * (frame.shape[0] / 64) ** 2)


def speeds(tracks):
    """Frame and pixels per frame of every object over ``SPAN`` frames, away from the border: float64 (2, moment)."""
    moments = [
        ((here + there) / 2, np.hypot(*(track.centres[at[there]] - track.centres[at[here]])) / SPAN)
        for track in tracks
        for at in [{frame: i for i, frame in enumerate(track.frames) if not track.at_border[i]}]
        for here, there in ((frame, frame + SPAN) for frame in at)
        if there in at
    ]
    return np.array(moments, dtype=np.float64).reshape(-1, 2).T


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("source", metavar="SOURCE")
    options.add_argument("--num-videos", type=int, default=64)
    options.add_argument("--frames", type=int, default=64, help="frames in which colours must stay")
    given = options.parse_args()
    source = open_source(given.source, num_videos=given.num_videos)
    changed, empty, moments = [], 0, []
    count = min(given.num_videos, len(source))
    for index in range(count):
        clip = source.read(index, range(source.num_frames(index)))
        empty += not has_objects(clip[0])
        moments.append(speeds(tracks_of(clip)))
        found = colour_changes(clip[: given.frames])
        if found:
            changed.append(index)
            print(source.name(index), "; ".join(f"frame {frame}: {old} to {new}" for frame, old, new in found))
    print(f"{count - len(changed)} of {count} clips of {given.frames} frames keep all colours; {empty} begin empty")
    times, values = np.concatenate(moments, axis=1)
    for first in range(0, int(times.max(initial=0)) + 1, 16):
        inside = (times >= first) & (times < first + 16)
        print(f"frames {first} to {first + 15}: {values[inside].mean():.3f} pixels per frame, {inside.sum()} moments")


if __name__ == "__main__":
    main()
