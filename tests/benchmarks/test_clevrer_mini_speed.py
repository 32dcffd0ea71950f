from itertools import cycle

from vidmbench.sources.clevrer_mini import ToyVideos


def test_sixteen_frames_at_64_pixels(benchmark):
    source, index = ToyVideos("train"), cycle(range(16))
    frames = benchmark.pedantic(lambda: source.read(next(index), range(40, 56)), rounds=32, warmup_rounds=2)
    assert frames.shape == (16, 64, 64, 3)
