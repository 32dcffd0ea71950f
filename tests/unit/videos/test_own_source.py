"""A source of the user's own: wrong attributes are refused when it is given, before anything is read."""

import hashlib

import numpy as np
import pytest

from vidmbench import open_source, score
from vidmbench.core.errors import DataError
from vidmbench.videos.source import Skipped

CLIPS = np.random.default_rng(0).integers(0, 256, (4, 16, 16, 16, 3), dtype=np.uint8)


class Own:
    """A source of four videos that says of itself what a test gives it."""

    label, size = "own", (16, 16)

    def __init__(self, count=4, length=16, **attributes):
        self._count, self._length = count, length
        vars(self).update(attributes)

    def __len__(self):
        return self._count

    def num_frames(self, index):
        return self._length

    def read(self, index, frames):
        return CLIPS[index][list(frames)]

    def digest(self):
        return hashlib.sha256(CLIPS.tobytes()).hexdigest()


@pytest.mark.parametrize(
    ("attributes", "what"),
    [
        ({"labels": [1]}, "labels"),
        ({"labels": "abcd"}, "labels"),
        ({"labels": (1.5, 1, 1, 1)}, "labels"),
        ({"labels": 3}, "labels"),
        ({"skipped": "x"}, "skipped"),
        ({"skipped": [1]}, "skipped"),
        ({"notes": "abc"}, "notes"),
        ({"notes": [1]}, "notes"),
        ({"notes": None}, "notes"),
        ({"compression": 5}, "compression"),
        ({"compression": None}, "compression"),
        ({"is_sampled": "no"}, "is_sampled"),
        ({"count": 0}, "length"),
        ({"count": -1}, "length"),
        ({"count": None}, "length"),
        ({"count": "4"}, "length"),
        ({"count": 10**9}, "length"),
        ({"count": 10**30}, "length"),
        ({"size": (0, 16)}, "size"),
    ],
)
def test_a_wrong_attribute_is_refused_at_once(attributes, what):
    with pytest.raises(DataError, match=f"the {what} of a source has another form") as caught:
        open_source(Own(**attributes))
    error = caught.value
    assert all((error.expected, error.found, error.fix))
    assert error.where == "own"


@pytest.mark.parametrize("length", [None, 0, -3, "16", 16.5, True])
def test_a_wrong_number_of_frames_is_refused_where_it_is_asked_for(length):
    with pytest.raises(DataError, match="the number of frames of a source has another form") as caught:
        score(Own(length=length), CLIPS, protocol="psnr-scikit-image", frames=16, num_videos=4)
    assert caught.value.found == f"num_frames(0) gives {length!r}"


def test_right_attributes_are_taken_whatever_holds_them():
    skipped = Skipped("fifth.mp4", "broken")
    source = open_source(
        Own(
            length=np.int64(16),
            labels=np.array([0, 1, 1, 0]),
            notes=["cropped"],
            skipped=[skipped],
            compression="h264",
            is_sampled=np.True_,
        )
    )
    assert (source.labels, source.notes, source.skipped) == ((0, 1, 1, 0), ("cropped",), (skipped,))
    assert (source.compression, source.is_sampled, source.num_frames(0)) == ("h264", True, 16)
    assert open_source(Own(labels=[None, 1, 2, None])).labels == (None, 1, 2, None)


def test_a_complete_source_is_checked_too_and_returned_as_it_is():
    more = {"skipped": (), "notes": (), "compression": "", "is_sampled": False, "stream": iter, "check_unchanged": int}
    complete = Own(**more, labels=None, name=str)
    assert open_source(complete) is complete
    with pytest.raises(DataError, match="the labels of a source"):
        open_source(Own(**more, labels=[1], name=str))
