"""Sums of written files, and the removal of folders of frames."""

import os

import numpy as np
import pytest

from vidmbench.core.errors import DataError
from vidmbench.videos import write_frames
from vidmbench.videos.writing.sums import FILE_NAME, FileSums
from vidmbench.videos.writing.verification import remove_frames

_CLIP = np.random.default_rng(0).integers(0, 255, (3, 16, 16, 3), np.uint8)


def test_frames_that_changed_places_are_noticed(tmp_path):
    write_frames(tmp_path / "a", _CLIP)
    FileSums(tmp_path).add(tmp_path / "a")
    assert FileSums(tmp_path).holds(tmp_path / "a") is True

    (tmp_path / "a" / "frame00001.png").write_bytes((tmp_path / "a" / "frame00000.png").read_bytes())

    assert FileSums(tmp_path).holds(tmp_path / "a") is False


def test_a_file_without_a_sum_among_others_is_not_trusted(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).write_bytes(name.encode())
    assert FileSums(tmp_path).holds(tmp_path / "a") is None  # a folder of an earlier version
    FileSums(tmp_path).add(tmp_path / "a")

    assert FileSums(tmp_path).holds(tmp_path / "a") is True
    assert FileSums(tmp_path).holds(tmp_path / "b") is False


def test_a_pipe_in_the_place_of_the_sums_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / FILE_NAME)
    with pytest.raises(DataError, match="neither a file nor a folder"):
        FileSums(tmp_path)


def test_a_link_is_removed_and_what_it_leads_to_stays(tmp_path):
    write_frames(tmp_path / "precious", _CLIP)
    (tmp_path / "a").symlink_to(tmp_path / "precious")

    remove_frames(tmp_path / "a")

    assert not (tmp_path / "a").exists()
    assert len(list((tmp_path / "precious").iterdir())) == 3


@pytest.mark.parametrize(("other", "stays"), [("notes.txt", True), ("frame1.png", True), (".DS_Store", False)])
def test_a_folder_that_holds_anything_else_stays_whole(other, stays, tmp_path):
    write_frames(tmp_path / "a", _CLIP)
    (tmp_path / "a" / other).write_text("mine")

    remove_frames(tmp_path / "a")

    assert (tmp_path / "a").exists() == stays
    assert not stays or len(list((tmp_path / "a").iterdir())) == 4
