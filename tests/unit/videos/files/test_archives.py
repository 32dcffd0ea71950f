"""Archives of videos and of frames."""

import zipfile

import pytest
from support.stored_videos import as_mp4, as_zip

from vidmbench.core.errors import DataError
from vidmbench.videos import open_source


def test_archive_of_videos_and_broken_archives(tmp_path):
    as_mp4(tmp_path / "set")
    with zipfile.ZipFile(tmp_path / "videos.zip", "w") as archive:
        archive.write(tmp_path / "set" / "v1.mp4", "v1.mp4")
    with pytest.raises(DataError, match=r"no frames in videos\.zip") as raised:
        open_source(tmp_path / "videos.zip")
    assert raised.value.fix == "unpack it and give the folder"

    whole = as_zip(tmp_path / "z").read_bytes()
    (tmp_path / "cut.zip").write_bytes(whole[:-50])
    with pytest.raises(DataError, match=r"cut\.zip cannot be read as a zip archive"):
        open_source(tmp_path / "cut.zip")
    damaged = bytearray(whole)
    damaged[600] ^= 0xFF
    (tmp_path / "damaged.zip").write_bytes(damaged)
    with pytest.raises(DataError, match=r"1 of 3 videos in damaged\.zip"):
        open_source(tmp_path / "damaged.zip")
