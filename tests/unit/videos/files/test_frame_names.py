"""The order of frames by their names: the number that varies, in every form that programs print."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.stored_videos import CLIPS, png

from vidmbench.core.errors import DataError
from vidmbench.videos import open_source
from vidmbench.videos.files.frame_names import check_series, sort_frames

_N = range(16)
#: Names in their right order.
_SERIES = {
    "seconds at 24 a second": [f"t{i / 24}.png" for i in range(60)],
    "multiples of 0.04, with the noise of floats": [f"{i * 0.04}.png" for i in range(100)],
    "seconds with their unit": [f"t={i / 25}s.png" for i in _N],
    "quarters of a second": [f"{i / 4}.png" for i in _N],
    "six significant digits": [f"{i / 24:g}.png" for i in range(60)],
    "mixed with whole numbers": ["0.png", "0.5.png", "1.png", "1.5.png"],
    "exponents by Python": [f"t{i * 4e-05}.png" for i in _N],
    "exponents by C": [f"{i / 24:e}.png" for i in range(60)],
    "decimal commas": [f"{i * 0.04}".replace(".", ",") + ".png" for i in _N],
    "tenths": [f"{i / 10}.png" for i in range(30)],
    "seconds since 1970": [f"{1305031102.175304 + i * 0.0333311:.6f}.png" for i in range(80)],
    "negative": [f"t{i}.png" for i in range(-8, 8)],
    "negative decimals": [f"t{i / 10}.png" for i in range(-8, 8)],
    "signs": ["t-1.png", "t+0.png", "t+1.png"],
    "a hyphen is no sign": [f"frame-{i}.png" for i in range(1, 17)],
    "a hyphen is no sign beside a number with one": [f"frame-{i}_x_-5.png" for i in range(1, 17)],
    "signs after separators": [f"a_{i}.png" for i in range(-8, 8)],
    "a hyphen after a bracket": [f"take (2)-{i}.png" for i in range(1, 17)],
    "endings in both cases": [f"{i:04d}.{'PNG' if i % 2 else 'png'}" for i in _N],
    "two spellings of one ending": ["f1.jpg", "f2.jpeg", "f3.JPG"],
    "size": [f"frame_{i:04d}_256x256.png" for i in _N],
    "size that varies": ["f1_64x64.png", "f2_128x128.png", "f3_32x32.png"],
    "depth": [f"{i:05d}_rgb8.png" for i in _N],
    "depth without zeros": [f"{i}_8bit.png" for i in _N],
    "height": [f"img_{i:04d}_256.png" for i in _N],
    "version before": [f"v1.2_{i:03d}.png" for i in _N],
    "version with the number": [f"v1.{i}.png" for i in range(1, 30)],
    "version with the number, from 2": [f"v1.{i}.png" for i in range(2, 16)],
    "version of three parts": [f"1.2.{i}.png" for i in _N],
    "number in the middle": [f"1.{i}.0.png" for i in _N],
    "shots of one count": [f"shot{1 + i // 8}_{i:03d}.png" for i in _N],
    "pairs": [f"flow_{i:04d}_{i + 1:04d}.png" for i in _N],
    "number and time": [f"frame_{i:04d}_t{i / 24}.png" for i in _N],
    "number and score": [f"frame_{i:04d}_{(i * 7919 % 97) / 100}.png" for i in _N],
    "times of day past the minute": [f"12-{30 + i // 60}-{i % 60:02d}.png" for i in range(50, 170)],
    "times of day with points": [f"12.{30 + i // 60}.{i % 60:02d}.png" for i in range(30, 90)],
    "times of day after a date": [
        f"2024-01-02 12-{30 + i // 60}-{i % 60:02d}.png" for i in (50, 53, 58, 59, 61, 70, 130)
    ],
    "times of day in letters": [f"00h{i // 60:02d}m{i % 60:02d}s.png" for i in (50, 53, 58, 61, 70, 130)],
    "times of day in milliseconds": [
        f"12:{30 + i // 60000}:{i // 1000 % 60:02d}.{i % 1000:03d}.png" for i in range(58000, 62000, 40)
    ],
    "dates without separators": [f"20240102_12{30 + i // 60}{i % 60:02d}.png" for i in (50, 59, 61, 70)],
    "a file manager's copies": [f"frame ({i}).png" for i in range(1, 15)],
    "composed and decomposed letters": ["caf\u00e9_1.png", "cafe\u0301_2.png", "caf\u00e9_10.png"],
    "more digits than Python reads": [f"{'9' * 4999}{i}.png" for i in range(3)],
    "exponents beyond any float": ["t1e+998.png", "t1.5e+998.png", "t1e+999.png"],
}
#: Names that do not tell one order, and words of the message.
_REFUSED = {
    "img1.png flow1.png": "img#.png (1), flow#.png (1)",
    "f1.png f1.jpg": "*.png (1), *.jpg (1)",
    "f1.png f01.png": "numbered in two ways",
    "f1.png f01.png f2.png f02.png": "numbered in two ways",
    "1.png 1.PNG": "numbered in two ways",
    "caf\u00e9_1.png cafe\u0301_1.png": "numbered in two ways",
    "a.png b.png": "do not form one series",
    "0e3f.png 0e4a.png 91bc.png": "do not form one series",
    "frame.png frame_1.png frame_2.png": "frame_#.png (2), frame.png (1)",
    "s1_1.png s1_2.png s2_1.png s2_2.png": "several numbers vary and none counts",
    # Minutes and seconds, or videos and frames; whichever, the second number alone is not the order.
    "00-58.png 00-59.png 01-00.png 01-01.png": "several numbers vary and none counts",
    "-1.png -2.png -3.png": "can be read in two orders",
    "t=-1.png t=-2.png t=-3.png": "can be read in two orders",
    " ".join(f"a_-{i}.png" for i in range(1, 21)): "can be read in two orders",
    " ".join(f"t_-{i * 0.04:.2f}.png" for i in range(1, 21)): "can be read in two orders",
    "a_-1.png a_-7.png a_-20.png": "can be read in two orders",
    "x.-1.png x.-2.png x.-3.png": "can be read in two orders",
    "x--1.png x--2.png x--3.png": "can be read in two orders",
    "f1_3.png f2_2.png f3_1.png": "by number 2 of 2 (whole numbers): f3_1.png, f2_2.png, f1_3.png",
    "v0.5.png v0.25.png": "can be read in two orders",
}


@pytest.mark.parametrize("names", _SERIES.values(), ids=_SERIES)
def test_frames_come_in_the_order_of_the_number_that_varies(names):
    shuffled = random.Random(0).sample(names, len(names))

    assert list(sort_frames(shuffled)) == names
    check_series("v", shuffled)


@pytest.mark.parametrize(("names", "words"), _REFUSED.items(), ids=_REFUSED)
def test_names_without_one_order_are_refused_and_nothing_is_to_be_deleted(names, words):
    with pytest.raises(DataError) as raised:
        check_series("v", names.split())

    assert words in str(raised.value)
    assert raised.value.fix
    assert not any(word in raised.value.fix for word in ("delete", "remove"))
    assert sorted(sort_frames(names.split())) == sorted(names.split())


@pytest.mark.parametrize(
    ("names", "note"),
    [
        ("f1.png f2.png f10.png", "frame numbers have gaps"),
        ("t0.05.png t0.1.png t0.25.png", "the times in the frames' names are not evenly spaced"),
        ("t-1.png t-2.png t-3.png", "dashes before the numbers"),
        ("t-0.5.png t-1.0.png t-1.5.png", "dashes before the numbers"),
        ("f1_t0.1.png f2_t0.25.png", "several numbers vary in the frames' names"),
    ],
)
def test_what_is_odd_about_a_series_is_noted(names, note):
    (found,) = check_series("v", names.split())

    assert found.startswith(note)


@pytest.mark.parametrize("names", [[], ["logo.png"], [f"t{i / 24}.png" for i in _N], [f"{i}.png" for i in _N]])
def test_nothing_is_noted_of_a_whole_series(names):
    assert check_series("v", names) == ()


def test_a_minus_after_a_space_is_ambiguous():
    with pytest.raises(DataError, match=r"(?s)two orders.*by whole numbers: x -1\.png.*with a sign: x -20\.png"):
        check_series("v", [f"x -{i}.png" for i in range(1, 21)])
    assert check_series("v", ["t-01.png", "t-02.png"]) == check_series("v", ["frame-1.png", "frame-2.png"]) == ()
    assert check_series("v", ["a-1_f1.png", "a-1_f2.png"]) == ()


@given(st.integers(10, 240), st.integers(0, 1000), st.integers(3, 200))
def test_seconds_of_any_frame_rate_are_in_order(rate, start, count):
    names = [f"t{(start + i) / rate}.png" for i in range(count)]

    assert list(sort_frames(reversed(names))) == names


def test_a_video_named_in_seconds_equals_the_numbered_one(tmp_path):
    for index in range(2):
        for number, picture in enumerate(CLIPS[index]):
            for side, name in (("seconds", f"t{number / 24}"), ("numbered", f"{number:03d}")):
                (tmp_path / side / f"v{index}").mkdir(parents=True, exist_ok=True)
                (tmp_path / side / f"v{index}" / f"{name}.png").write_bytes(png(picture))

    seconds, numbered = open_source(tmp_path / "seconds"), open_source(tmp_path / "numbered")

    assert (seconds.read(1, range(5)) == CLIPS[1]).all()
    assert seconds.digest() == numbered.digest()
    assert seconds.notes == ()
