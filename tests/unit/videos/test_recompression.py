import io

import numpy as np
import pytest
from PIL import Image

from vidmbench.sources.clevrer_mini import ToyVideos
from vidmbench.sources.controls import control
from vidmbench.videos import open_source
from vidmbench.videos.arrays.uint8_source import ArraySource
from vidmbench.videos.files.compression_labels import GIF, joined, of_picture, of_stream
from vidmbench.videos.recompression import COMPRESSIONS


@pytest.fixture(scope="module")
def toy():
    return ToyVideos("test", num_videos=4, resolution=64)


def through(name, frames):
    change = COMPRESSIONS[name].begin()
    return np.stack([*(changed for frame in frames for changed in change.put(frame)), *change.end()])


@pytest.mark.parametrize("name", COMPRESSIONS)
def test_frames_come_back_nearly_as_they_were(name, toy):
    ramp = np.linspace(0, 120, 64)[:, None] * np.array([1.0, 0.5, 0.2])
    frames = (toy.read(0, range(5)) * 0.5 + ramp).astype(np.uint8)  # more than the 256 colours of a gif
    found = through(name, frames)
    assert (found.shape, found.dtype) == (frames.shape, np.uint8)
    off = np.abs(found.astype(int) - frames).mean()
    assert 0 < off < 3


@pytest.mark.parametrize("name", COMPRESSIONS)
def test_odd_sizes_and_single_frames_go_through(name, toy):
    frames = toy.read(1, [3])[:, :33, :47]
    assert through(name, frames).shape == (1, 33, 47, 3)


def test_jpeg_is_what_pillow_writes(toy):
    frame = toy.read(0, [2])
    packed = io.BytesIO()
    Image.fromarray(frame[0]).save(packed, "JPEG", quality=75)
    assert of_picture(packed.getvalue()) == COMPRESSIONS["jpeg-75"].label
    assert np.array_equal(through("jpeg-75", frame)[0], np.asarray(Image.open(packed)))


def test_less_quality_loses_more(toy):
    frames = toy.read(0, range(4)).astype(int)
    off = [np.abs(through(f"jpeg-{quality}", frames.astype(np.uint8)) - frames).mean() for quality in (95, 75)]
    assert off[0] < off[1]


def test_a_control_says_what_its_frames_went_through(toy):
    source = control("jpeg-75", toy)
    assert toy.compression == ""
    assert source.compression == "jpeg quality 75 4:2:0"
    assert control("blurred", source).compression == "jpeg quality 75 4:2:0"


@pytest.mark.parametrize("quality", [1, 37, 50, 75, 89, 100])
@pytest.mark.parametrize(("sampling", "chroma"), [(0, "4:4:4"), (1, "4:2:2"), (2, "4:2:0")])
def test_the_quality_of_a_jpeg_is_read_from_its_tables(quality, sampling, chroma):
    packed = io.BytesIO()
    Image.new("RGB", (16, 16), (9, 99, 199)).save(packed, "JPEG", quality=quality, subsampling=sampling)
    assert of_picture(packed.getvalue()) == f"jpeg quality {quality} {chroma}"


@pytest.mark.parametrize(
    ("form", "options", "label"),
    [("PNG", {}, ""), ("BMP", {}, ""), ("WEBP", {}, "webp"), ("WEBP", {"lossless": True}, ""), ("GIF", {}, GIF)],
)
def test_other_pictures(form, options, label):
    packed = io.BytesIO()
    Image.new("RGB", (16, 16), (9, 99, 199)).save(packed, form, **options)
    assert of_picture(packed.getvalue()) == label


def test_what_is_no_picture_says_nothing():
    assert of_picture(b"no picture") == ""


@pytest.mark.parametrize(
    ("codec", "layout", "label"),
    [
        ("h264", "yuv420p", "h264 yuv420p"),
        ("h264", "gbrp", ""),
        ("ffv1", "bgr0", ""),
        ("ffv1", "yuv420p", "ffv1 yuv420p"),
        ("rawvideo", "rgb24", ""),
        ("rawvideo", "yuv420p", "rawvideo yuv420p"),
    ],
)
def test_streams(codec, layout, label):
    assert of_stream(codec, layout) == label


def test_labels_are_joined():
    assert joined([]) == joined(["", ""]) == ""
    assert joined(["jpeg quality 90 4:2:0", "jpeg quality 75 4:2:0"]) == "jpeg quality 75 to 90 4:2:0"
    assert joined(["", "h264 yuv420p"]) == "h264 yuv420p; none"
    assert joined(f"codec{number} yuv420p" for number in range(5)) == (
        "codec0 yuv420p; codec1 yuv420p; codec2 yuv420p; 2 more"
    )


def test_folders_say_what_their_videos_went_through(tmp_path, toy):
    from vidmbench.videos import write_gif, write_mp4

    for index in range(2):
        write_mp4(tmp_path / "lossless" / f"{index}.mp4", toy.read(index, range(4)), lossless=True)
        write_mp4(tmp_path / "usual" / f"{index}.mp4", toy.read(index, range(4)))
        write_gif(tmp_path / "gif" / f"{index}.gif", toy.read(index, range(4)))
        folder = tmp_path / "jpeg" / str(index)
        folder.mkdir(parents=True)
        for number, frame in enumerate(toy.read(index, range(4))):
            Image.fromarray(frame).save(folder / f"{number}.jpg", quality=80 + index)
    found = {name: open_source(tmp_path / name).compression for name in ("lossless", "usual", "gif", "jpeg")}
    expected = {"lossless": "", "usual": "h264 yuv420p", "gif": GIF, "jpeg": "jpeg quality 80 to 81 4:2:0"}
    assert found == expected
    assert open_source(tmp_path / "jpeg").compression == expected["jpeg"]  # as remembered


def test_memory_left_by_others_does_not_move_a_pixel():
    """x264's AVX-512 code reads beyond the frame's edge: of 200 calls 2 gave other frames at this width."""
    noise = np.random.default_rng(0)
    source = control("h264", ArraySource(noise.integers(60, 190, (1, 6, 32, 48, 3), np.uint8), "films"))
    first = source.read(0, range(6))
    left = []
    for _ in range(200):
        left = [*left[-20:], np.full(noise.integers(1, 100_000), noise.integers(255), np.uint8)]
        np.testing.assert_array_equal(source.read(0, range(6)), first)
