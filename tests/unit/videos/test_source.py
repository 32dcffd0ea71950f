"""What every source says of itself, whoever wrote it."""

import numpy as np
import pytest

from vidmbench.core.errors import DataError
from vidmbench.evaluation.videos import open_source
from vidmbench.sources.clevrer_mini import ToyVideos
from vidmbench.sources.controls import control, static_of
from vidmbench.sources.datasets.disk import DatasetVideos
from vidmbench.videos import ArraySource
from vidmbench.videos.own_source import completed
from vidmbench.videos.pre_resize import PreResizedSource
from vidmbench.videos.source import MinimalSource, Skipped, Source, WrappedSource
from vidmbench.videos.transformed import ClipChange, Remade


class Clips(ArraySource):
    """Two clips that have something to say in every attribute."""

    skipped = (Skipped("third.mp4", "broken"),)
    compression = "h264 yuv420p"
    labels = (3, None)
    is_sampled = True

    def __init__(self):
        super().__init__(np.full((2, 4, 16, 16, 3), 100, np.uint8), "clips")
        self.notes = ("a note",)


class Sampler:
    """A source as a user writes it, without the attributes that have defaults."""

    label, size, skipped, notes = "sampler", (16, 16), (), ("sampled on demand",)

    def __len__(self):
        return 3

    def name(self, index):
        return f"sample {index}"

    def num_frames(self, index):
        return 8

    def read(self, index, frames):
        return np.full((len(frames), 16, 16, 3), index, np.uint8)

    def digest(self):
        return "0" * 64


WRAPPERS = {
    "wrapped": WrappedSource,
    "remade": lambda base: Remade(
        base, lambda *_: ClipChange(np.copy), label="changed", digest="1" * 64, is_paired=False
    ),
    "pre-resized": lambda base: PreResizedSource(base, "centre-bilinear", 8),
    "control": lambda base: control("shuffled", base),
    "static baseline": static_of,
}


@pytest.mark.parametrize("wrap", WRAPPERS.values(), ids=WRAPPERS)
def test_a_wrapper_loses_nothing_that_its_base_says(wrap):
    base, wrapper = Clips(), wrap(Clips())
    assert isinstance(wrapper, Source)
    assert wrapper.skipped == base.skipped
    assert wrapper.notes[:1] == base.notes
    assert base.compression in wrapper.compression
    assert wrapper.labels == base.labels
    assert wrapper.is_sampled


def test_a_named_data_set_has_classes_of_its_own():
    base = Clips()
    named = DatasetVideos(base, label="ucf101@test", labels={base.name(1): 7}, notes=("of the list",))
    assert (named.labels, named.notes, named.is_sampled) == ((None, 7), ("of the list", "a note"), True)


def test_most_sources_say_nothing_special():
    source = ToyVideos("test", num_videos=2, resolution=32)
    assert isinstance(source, Source)
    assert (source.compression, source.labels, source.is_sampled, source.notes) == ("", None, False, ())


def test_a_source_of_the_users_own_needs_no_more_than_it_says():
    sampler = Sampler()
    assert isinstance(sampler, MinimalSource)
    assert not isinstance(sampler, Source)
    source = open_source(sampler)
    assert isinstance(source, Source)
    assert (source.label, len(source), source.num_frames(0), source.name(2)) == ("sampler", 3, 8, "sample 2")
    assert (source.compression, source.labels, source.is_sampled) == ("", None, False)
    assert (source.read(1, [0, 1]) == 1).all()
    assert completed(source) is source


class Shortest:
    """As few things as a source can do with."""

    label, size = "shortest", (16, 16)

    def __init__(self, **wrong):
        self.wrong = wrong
        self.size = wrong.get("size", self.size)

    def __len__(self):
        return 3

    def num_frames(self, index):
        return 8

    def read(self, index, frames):
        return self.wrong.get("read", np.full((len(frames), 16, 16, 3), index, np.uint8))

    def digest(self):
        return self.wrong.get("digest", "0" * 64)


def test_the_shortest_source_is_completed():
    source = open_source(Shortest())
    assert isinstance(source, Source)
    assert (source.name(2), source.skipped, source.notes) == ("clip000002", (), ())
    assert (source.read(2, [0, 5]) == 2).all()
    assert [frame.shape for frame in source.stream(1, [0, 1])] == [(16, 16, 3)] * 2


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"read": np.zeros((2, 16, 16, 3))}, r"something else than it says(.|\n)*float64 \(2, 16, 16, 3\)"),
        ({"read": np.zeros((2, 3, 16, 16), np.uint8)}, r"uint8 \(2, 3, 16, 16\)"),
        ({"read": np.zeros((1, 16, 16, 3), np.uint8)}, r"uint8 \(1, 16, 16, 3\)"),
        ({"read": None}, r"something else than it says"),
        ({"digest": "abc"}, "64 hex digits"),
        ({"digest": None}, "64 hex digits"),
        ({"size": 16}, "size of a source"),
        ({"size": (16, 0)}, "size of a source"),
    ],
)
def test_a_source_that_breaks_its_word_is_refused(wrong, words):
    def use():
        source = open_source(Shortest(**wrong))
        return source.read(0, [0, 1]), source.digest()

    with pytest.raises(DataError, match=words):
        use()
