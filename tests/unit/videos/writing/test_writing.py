"""What is written comes back: exactly from lossless forms, nearly from the others, and never half a file."""

import stat

import numpy as np
import pytest

from vidmbench.core.errors import DataError
from vidmbench.videos import decode, open_source, write_frames, write_gif, write_mp4, write_npz


def noise(num_frames, height, width):
    return np.random.default_rng(1).integers(0, 256, (num_frames, height, width, 3), dtype=np.uint8)


def smooth(num_frames, height, width):
    rows, columns = np.mgrid[:height, :width]
    frames = [np.dstack([rows * 3 + k, columns * 2, rows + columns + 2 * k]) for k in range(num_frames)]
    return np.stack(frames).clip(0, 255).astype(np.uint8)


@pytest.mark.parametrize("shape", [(1, 16, 16), (7, 33, 17), (3, 64, 64), (40, 20, 30)])
def test_lossless_mp4_comes_back_exactly(shape, tmp_path):
    clip = noise(*shape)
    write_mp4(tmp_path / "a.mp4", clip, lossless=True)

    np.testing.assert_array_equal(decode(tmp_path / "a.mp4", range(shape[0])), clip)


def test_normal_mp4_comes_back_nearly_and_even(tmp_path):
    clip = smooth(6, 33, 47)
    write_mp4(tmp_path / "a.mp4", clip, fps=12.5)

    back = decode(tmp_path / "a.mp4", range(6))

    assert back.shape == (6, 34, 48, 3)
    assert np.abs(back[:, :33, :47].astype(int) - clip).mean() < 2


def test_mp4_is_the_same_every_time(tmp_path):
    for name in ("a.mp4", "b.mp4"):
        write_mp4(tmp_path / name, smooth(6, 32, 32))
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()


def test_gif_keeps_equal_neighbours(tmp_path):
    clip = np.repeat(smooth(2, 24, 24), 3, axis=0)
    write_gif(tmp_path / "a.gif", clip)

    source = open_source(tmp_path / "a.gif")

    assert source.num_frames(0) == 6
    assert np.abs(source.read(0, range(6)).astype(int) - clip).mean() < 8


def test_gif_of_few_colours_comes_back_exactly(tmp_path):
    clip = noise(9, 12, 16)
    write_gif(tmp_path / "a.gif", clip)

    np.testing.assert_array_equal(open_source(tmp_path / "a.gif").read(0, range(9)), clip)


def test_frames_come_back_exactly(tmp_path):
    clip = noise(12, 9, 11)
    write_frames(tmp_path / "video", clip)

    np.testing.assert_array_equal(open_source(tmp_path).read(0, range(12)), clip)
    with pytest.raises(DataError, match="exists already"):
        write_frames(tmp_path / "video", clip)


def test_npz_holds_clips(tmp_path):
    clips = noise(4, 8, 8)[None]
    write_npz(tmp_path / "a.npz", clips)

    with np.load(tmp_path / "a.npz") as archive:
        assert archive.files == ["clips"]
        np.testing.assert_array_equal(archive["clips"], clips)


@pytest.mark.parametrize("write", [write_mp4, write_gif, write_frames, write_npz])
@pytest.mark.parametrize(
    "array",
    [
        np.zeros((2, 4, 4, 3)),
        np.zeros((2, 4, 4), np.uint8),
        np.zeros((0, 4, 4, 3), np.uint8),
        np.zeros((2, 3), np.uint8),
    ],
    ids=["float", "grey", "empty", "flat"],
)
def test_other_forms_are_refused(write, array, tmp_path):
    with pytest.raises(DataError, match="cannot be written as a video"):
        write(tmp_path / "a.mp4", array)
    assert list(tmp_path.iterdir()) == []


def test_a_failure_leaves_nothing_behind(tmp_path, monkeypatch):
    from PIL import Image

    def fail(*args, **kwargs):
        raise RuntimeError("disk full")

    monkeypatch.setattr(Image, "fromarray", fail)
    for write, name in ((write_gif, "a.gif"), (write_frames, "video")):
        with pytest.raises(RuntimeError, match="disk full"):
            write(tmp_path / name, noise(2, 8, 8))
    assert list(tmp_path.iterdir()) == []


def test_files_written_can_be_read_by_others(tmp_path):
    write_mp4(tmp_path / "a.mp4", noise(5, 16, 24))
    assert stat.S_IMODE((tmp_path / "a.mp4").stat().st_mode) & stat.S_IRUSR
