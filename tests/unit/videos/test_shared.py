"""What happens with every real, generated and odd file that lies beside the checkout."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from support.paths import SHARED

from vidmbench.core.errors import DataError
from vidmbench.videos import inspect_video, open_source

_DATA = SHARED / "data"

pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not _DATA.is_dir(), reason="the reference clips are not beside the checkout (../shared/data)"),
]


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("VIDMBENCH_CACHE", str(tmp_path / "cache"))


_READ = {
    "odd/decord/video_0.mov": (3, 320, 568),
    "odd/decord/video_180.mov": (3, 320, 568),
    "odd/decord/video_270.mov": (3, 568, 320),
    "odd/imageio/cockatoo.mp4": (280, 720, 1280),
    "odd/imageio/imageio_issue245.gif": (1, 24, 30),
    "odd/imageio/realshort.mp4": (36, 240, 320),
    "odd/moviepy/big_buck_bunny_432_433.webm": (24, 720, 1280),
    "odd/moviepy/bitmap.mp4": (5, 1, 1),
    "odd/moviepy/chaplin.mp4": (241, 360, 640),
    "odd/moviepy/pigs_in_a_polka.gif": (30, 273, 314),
    "odd/moviepy/smpte-2997.mp4": (251, 1080, 1920),
    "odd/smallest/gif-transparent.gif": (1, 1, 1),
    "odd/torchcodec/av1_video.mkv": (125, 360, 640),
    "odd/torchcodec/bt709_full_range.mp4": (30, 720, 1280),
    "odd/torchcodec/h264_10bits.mp4": (30, 200, 200),
    "odd/torchcodec/h265_video.mp4": (10, 128, 128),
    "odd/torchcodec/nasa_13013.mp4": (390, 270, 480),
    "generated/digan_repo/sky.gif": (16, 1280, 1280),
    "generated/mdgan/real_video.mp4": (32, 782, 1042),
    "generated/tgan/mm.gif": (16, 640, 640),
    "generated/videogpt/bair_1frame_cond.mp4": (19, 480, 480),
    "generated/vidm_page/clevrer/vidm.mp4": (128, 256, 2048),
    "generated/vidm_page/ucf101/vidm.gif": (16, 384, 384),
}
_REFUSED = {
    "odd/moviepy/result.webm": "result.webm cannot be read as a video: the file is empty (0 bytes)",
    "odd/smallest/FlashVideo.flv": "FlashVideo.flv cannot be read as a video: the decoder says: End of file",
    "odd/smallest/Mpeg4.mp4": "Mpeg4.mp4 cannot be read as a video: the file holds no video stream",
    "odd/smallest/WindowsMediaVideo.wmv": "WindowsMediaVideo.wmv cannot be read as a video: no frame can be decoded",
    "odd/torchvision_images/damaged_jpeg/TensorFlow-LICENSE": "TensorFlow-LICENSE is not a supported video source",
    "odd/torchvision_images/damaged_jpeg/corrupt.jpg": "corrupt.jpg is not a supported video source",
    "odd/torchvision_images/fakedata": "the pictures in logos do not form one series of frames",
    "odd/smallest": "3 of 4 videos in smallest cannot be used",
    "odd/decord": "the videos in decord differ in size",
    "real/mocogan/actions/0": "the frames in 0 differ in size",
    "real/mmaction2/rawframes": "the pictures in rawframes do not form one series of frames",
    "real/mmaction2": "videos are in mmaction2 twice, in two formats",
    "real/ucf101_frames/annos": "no videos in annos",
    "real/ucf101_frame": "path not found: ucf101_frame",
}
# Pictures that must be read as one frame each: (height, width), and words of a note
_PICTURES = {
    "damaged_jpeg/bad_huffman.jpg": (768, 1024, None),  # libjpeg repairs it without a word, here as everywhere
    "fakedata/logos/gray_pytorch.jpg": (100, 100, None),
    "fakedata/logos/gray_pytorch.png": (100, 100, None),
    "fakedata/logos/grayalpha_pytorch.png": (100, 100, "transparency"),
    "fakedata/logos/rgb_pytorch.jpg": (100, 100, None),
    "fakedata/logos/rgb_pytorch.png": (100, 100, None),
    "fakedata/logos/rgb_pytorch16.png": (100, 100, "16-bit"),
    "fakedata/logos/rgbalpha_pytorch.png": (100, 100, "transparency"),
    "interlaced_png/wizard_low-interlaced.png": (471, 354, "transparency"),
    "interlaced_png/wizard_low.png": (471, 354, "transparency"),
}


@pytest.mark.parametrize(("name", "shape"), _READ.items(), ids=_READ)
def test_file_is_read(name, shape):
    source = open_source(_DATA / name)

    assert (source.num_frames(0), *source.size) == shape
    assert source.read(0, [shape[0] - 1]).shape == (1, *shape[1:], 3)


@pytest.mark.parametrize(("name", "words"), _REFUSED.items(), ids=_REFUSED)
def test_path_is_refused_by_name(name, words):
    with pytest.raises(DataError) as raised:
        open_source(_DATA / name)

    assert str(raised.value).startswith(words)
    assert raised.value.where
    assert raised.value.fix


def _folder_of(tmp_path: Path, picture: str) -> Path:
    folder = tmp_path / "pictures" / "video"
    folder.mkdir(parents=True)
    shutil.copy(_DATA / "odd" / "torchvision_images" / picture, folder / f"frame1{Path(picture).suffix}")
    return folder.parent


@pytest.mark.parametrize(("picture", "expected"), _PICTURES.items(), ids=_PICTURES)
def test_picture_is_read_as_pillow_does(picture, expected, tmp_path):
    from PIL import Image

    source = open_source(_folder_of(tmp_path, picture))

    with Image.open(_DATA / "odd" / "torchvision_images" / picture) as image:
        as_pillow = np.asarray(image.convert("RGB"))
    *size, words = expected
    assert list(source.size) == size
    np.testing.assert_array_equal(source.read(0, [0])[0], as_pillow)
    assert [note for note in source.notes if words and words in note] or (words is None and not source.notes)


def test_broken_jpeg_is_named(tmp_path):
    with pytest.raises(DataError, match=r"frame1\.jpg cannot be read: .*broken data stream"):
        open_source(_folder_of(tmp_path, "damaged_jpeg/corrupt.jpg"))


def _decoded(path: Path) -> int:
    import av

    with av.open(str(path)) as container:
        return sum(1 for _ in container.decode(container.streams.best("video")))


_LARGE = {"smpte-2997.mp4", "cockatoo.mp4"}  # covered above
_ALL = sorted(
    path
    for path in _DATA.rglob("*")
    if path.suffix in {".mp4", ".avi", ".mkv", ".webm", ".mov"}
    and path.name not in _LARGE
    and path.relative_to(_DATA).as_posix() not in _REFUSED
)


@pytest.mark.parametrize("path", _ALL, ids=lambda path: path.name)
def test_frames_are_counted_as_they_decode(path):
    assert inspect_video(path).num_frames == _decoded(path)


def test_avis_that_declare_a_frame_too_many():
    folder = _DATA / "real" / "torchvision_clips" / "original"
    counts = {path.name[:5]: inspect_video(path).num_frames for path in folder.glob("*wave*.avi")}
    assert counts == {"Schoo": 74, "Truma": 48}


def test_skip_keeps_the_most_frequent_size():
    source = open_source(_DATA / "odd" / "moviepy", on_bad="skip")

    assert len(source) == 1
    reasons = {video.name: video.reason for video in source.skipped}
    assert "0 bytes" in reasons["result.webm"]
    assert len(reasons) == 5
    assert all("most have" in reason for name, reason in reasons.items() if name != "result.webm")


def test_ucf_frame_folders_open_in_natural_order():
    source = open_source(_DATA / "real" / "ucf101_frames")

    assert [source.name(index) for index in range(2)] == ["images_class1/v_000001", "images_class1/v_000002"]
    assert {source.num_frames(index) for index in range(len(source))} == {25}
    assert source.notes == ()
    assert source.label == "ucf101_frames"
    assert os.environ["VIDMBENCH_CACHE"]
