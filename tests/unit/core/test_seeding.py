import numpy as np

from vidmbench.core.seeding import generator


def drawn(*words):
    return generator(*words).integers(0, 2**32, 8).tolist()


def test_the_same_words_give_the_same_numbers():
    assert drawn(3, "start", "real", 17) == drawn(3, "start", "real", 17)


def test_every_word_counts():
    streams = [
        drawn(0, "start", "real", 17),
        drawn(1, "start", "real", 17),
        drawn(2**32, "start", "real", 17),
        drawn(0, "pick", "real", 17),
        drawn(0, "start", "fake", 17),
        drawn(0, "start", "real", 18),
        drawn(0, "start", "real", "17"),
        drawn(0, "startreal", "", 17),
        drawn(0, "start", "real"),
        drawn(0),
    ]
    assert len({tuple(stream) for stream in streams}) == len(streams)


def test_the_stream_is_pinned():
    """These numbers decide which clips a published score used: they may never change."""
    assert generator(0, "pick", "real").permutation(8).tolist() == [6, 2, 1, 4, 3, 7, 5, 0]


def test_drawing_elsewhere_changes_nothing():
    first = generator(0, "a")
    generator(0, "b").random(100)
    np.random.default_rng().random(3)
    assert first.integers(0, 2**32, 8).tolist() == drawn(0, "a")
