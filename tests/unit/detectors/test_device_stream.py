"""Batches on their way to a device, on the CPU: the same features, in order, whatever comes in which order."""

from contextlib import nullcontext

import numpy as np
import pytest
import torch

from vidmbench.core.errors import DataError, ProtocolError, UsageError
from vidmbench.detectors import device_stream
from vidmbench.detectors.device_stream import DeviceStream
from vidmbench.detectors.resize import prepared
from vidmbench.detectors.types import Unresized
from vidmbench.protocols.protocol import load_protocol

SQUASHED, CROPPED = load_protocol("fvd-stylegan-v").array, load_protocol("fvd-videogpt").array
SIZE = 12


class Sums:
    """Weighted means of what the network is fed, as features; as if memory held so many clips."""

    def __init__(self, fits=100):
        self.fits, self.sizes = fits, []
        self.weight = torch.from_numpy(np.random.default_rng(0).normal(size=(SIZE * SIZE * 3, 5)).astype(np.float32))

    def __call__(self, x):
        if len(x) > self.fits:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB. GPU 0 has")
        self.sizes.append(len(x))
        return x.mean(1).flatten(1) @ self.weight


def stream_of(sums, frames=36):
    return DeviceStream("the-network", sums, input_size=SIZE, device=torch.device("cpu"), frames=frames)


def clips_of(count):
    """Of 9 and 12 frames, squashed and cropped, as they were read and prepared already."""
    found = []
    for number in range(count):
        frames = np.random.default_rng(number).integers(0, 256, (9 if number % 3 else 12, 8, 10, 3), dtype=np.uint8)
        stage = CROPPED if number % 4 == 1 else SQUASHED
        found.append(prepared(frames, stage, size=SIZE) if number % 7 == 2 else Unresized(frames, stage))
    return found


def expected(clips):
    fed = [clip if isinstance(clip, np.ndarray) else prepared(clip.frames, clip.stage, size=SIZE) for clip in clips]
    return np.stack([Sums()(torch.from_numpy(clip)[None])[0].numpy() for clip in fed])


@pytest.mark.parametrize("count", [0, 1, 4, 41])
def test_features_come_in_order_out_of_filled_batches(count):
    sums, clips = Sums(), clips_of(count)
    found = list(stream_of(sums).features(iter(clips)))
    assert len(found) == count
    if count:
        np.testing.assert_allclose(found, expected(clips), rtol=0, atol=1e-5)
    assert set(sums.sizes) <= {3, 4}  # of 12 frames and of 9, never fewer


def test_the_bits_do_not_depend_on_the_company():
    clips = clips_of(23)
    together = list(stream_of(Sums()).features(clips))
    for number in (0, 1, 22):
        (alone,) = stream_of(Sums()).features([clips[number]])
        np.testing.assert_array_equal(alone, together[number])


def test_few_clips_are_on_their_way():
    asked = []
    clip = clips_of(1)[0]
    stream = stream_of(Sums()).features(clip for number in range(100) if asked.append(number) is None)
    next(stream)
    assert len(asked) <= 3 * 3 + 1
    stream.close()


def test_a_rare_shape_does_not_hold_up_the_others_for_ever():
    rare, often = clips_of(2)
    asked = []
    coming = (clip for clip in [rare, *[often] * 200] if asked.append(0) is None)
    next(stream_of(Sums()).features(coming))
    assert len(asked) <= 8 * 3 + 4 * 4


def test_a_call_that_was_given_up_leaves_nothing_behind():
    stream, clips = stream_of(Sums()), clips_of(20)
    begun = stream.features(clips)
    next(begun)
    begun.close()
    np.testing.assert_allclose(list(stream.features(clips[::-1])), expected(clips[::-1]), rtol=0, atol=1e-5)


def test_what_was_read_before_an_error_is_computed_first():
    clips = clips_of(7)

    def broken():
        yield from clips
        raise DataError("the video ends early")

    features = stream_of(Sums()).features(broken())
    found = [next(features) for _ in clips]
    with pytest.raises(DataError, match="ends early"):
        next(features)
    np.testing.assert_allclose(found, expected(clips), rtol=0, atol=1e-5)


def test_less_memory_takes_smaller_batches_and_says_so_once(capsys):
    sums, clips = Sums(fits=1), clips_of(23)
    found = list(stream_of(sums).features(clips))
    np.testing.assert_allclose(found, expected(clips), rtol=0, atol=1e-5)
    lines = [line for line in capsys.readouterr().err.splitlines() if "too small" in line]
    assert len(lines) == 1
    assert lines[0].endswith("for the-network: from here on 1 clip at once")


def test_a_gpu_that_holds_not_even_one():
    with pytest.raises(UsageError, match="does not fit into the memory") as raised:
        list(stream_of(Sums(fits=0)).features(clips_of(5)))
    assert "20.00 GiB" in str(raised.value.found)


def test_large_frames_make_a_batch_smaller(monkeypatch):
    monkeypatch.setattr(device_stream, "_MOST_BYTES", 2 * 12 * 8 * 10 * 3)
    sums = Sums()
    assert len(list(stream_of(sums, frames=120).features(clips_of(1)))) == 1
    assert sums.sizes == [2]


def test_the_calls_that_a_gpu_gets(monkeypatch):
    """No GPU is here: its streams and events only count. Each batch is copied, computed and waited for once."""
    happened = []

    class Event:
        def record(self, stream):
            happened.append(("recorded", self))

        def synchronize(self):
            happened.append(("landed", self))

    class Stream:
        def wait_stream(self, other):
            happened.append(("waits", self))

    here, copies, empty = Stream(), Stream(), torch.empty
    monkeypatch.setattr(torch, "empty", lambda *args, pin_memory=False, **options: empty(*args, **options))
    for name, fake in (
        ("Event", Event),
        ("current_stream", lambda device: here),
        ("stream", lambda stream: nullcontext(happened.append(("copies on", stream)))),
        ("synchronize", lambda device: happened.append(("waits for all", None))),
        ("empty_cache", lambda: happened.append(("memory given back", None))),
    ):
        monkeypatch.setattr(torch.cuda, name, fake)
    sums, clips = Sums(fits=3), clips_of(41)
    stream = stream_of(sums)
    stream._is_cuda, stream._copies = True, copies
    np.testing.assert_allclose(list(stream.features(clips)), expected(clips), rtol=0, atol=1e-5)
    kinds = [kind for kind, _ in happened]
    recorded = [event for kind, event in happened if kind == "recorded"]
    assert recorded == [event for kind, event in happened if kind == "landed"]
    assert len(recorded) == len(sums.sizes)
    assert kinds.count("waits for all") == kinds.count("memory given back") == 1  # when memory ran out
    assert happened.count(("copies on", copies)) == happened.count(("waits", here)) == len(sums.sizes) + 1
    on_their_way = np.cumsum([{"recorded": 1, "landed": -1}.get(kind, 0) for kind in kinds])
    assert on_their_way.max() == 3


def test_an_error_of_the_network_is_raised_at_once():
    tried = []

    def compute(x):
        tried.append(len(x))
        raise ProtocolError("the network gives no tensor")

    with pytest.raises(ProtocolError, match="no tensor"):
        list(stream_of(compute).features(clips_of(20)))
    assert len(tried) == 1
