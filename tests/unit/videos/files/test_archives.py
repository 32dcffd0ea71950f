"""Archives of videos and of frames."""

import zipfile
from contextlib import suppress

import numpy as np
import pytest
from support.stored_videos import CLIPS, as_zip, as_zip_of_videos, png

from vidmbench.core.errors import DataError
from vidmbench.videos import open_source


def test_broken_archives(tmp_path):
    whole = as_zip(tmp_path / "z").read_bytes()
    (tmp_path / "cut.zip").write_bytes(whole[:-50])
    with pytest.raises(DataError, match=r"cut\.zip cannot be read as a zip archive"):
        open_source(tmp_path / "cut.zip")
    damaged = bytearray(whole)
    damaged[600] ^= 0xFF
    (tmp_path / "damaged.zip").write_bytes(damaged)
    with pytest.raises(DataError, match=r"1 of 3 videos in damaged\.zip"):
        open_source(tmp_path / "damaged.zip")


def _zip(path, names, *, system=3, content=None):
    """One frame of the first clip under each name, in order, packed by the system of that number."""
    with zipfile.ZipFile(path, "w") as archive:
        for number, name in enumerate(names):
            entry = zipfile.ZipInfo(name)
            entry.create_system = system
            archive.writestr(entry, content or png(CLIPS[0][number % 5]))
    return path


@pytest.mark.parametrize(
    ("form", "system"),
    [("./v/{}.png", 3), ("v//{}.png", 3), ("./a/.//v/{}.png", 3), ("a\\v\\{}.png", 0), ("v/{}.PNG", 3)],
)
def test_paths_are_those_that_unzip_gives(form, system, tmp_path):
    path = _zip(tmp_path / "a.zip", [form.format(number) for number in range(5)], system=system)

    source = open_source(path)

    assert (len(source), source.name(0).split("/")[-1]) == (1, "v")
    np.testing.assert_array_equal(source.read(0, range(5)), CLIPS[0])


def test_the_digest_is_that_of_the_plain_archive(tmp_path):
    for name, form in (("plain", "v/{}.png"), ("dot", "./v/{}.png"), ("double", "v//{}.png")):
        _zip(tmp_path / f"{name}.zip", [form.format(number) for number in range(5)])

    assert len({open_source(tmp_path / f"{name}.zip").digest() for name in ("plain", "dot", "double")}) == 1


@pytest.mark.parametrize("name", ["/v/0.png", "../v/0.png", "v/../../0.png", "C:\\v\\0.png", "v\\..\\0.png"])
def test_members_that_lead_out_are_refused(name, tmp_path):
    with pytest.raises(DataError, match="holds paths that lead out of it"):
        open_source(_zip(tmp_path / "a.zip", [name]))


def test_two_files_at_one_path(tmp_path):
    path = _zip(tmp_path / "a.zip", ["v/0.png", "./v/0.png"])
    with pytest.raises(DataError, match="holds two files at one path") as raised:
        open_source(path)
    assert "v/0.png" in raised.value.found

    assert (
        open_source(_zip(tmp_path / "same.zip", ["v/0.png", "./v/0.png"], content=png(CLIPS[0][0]))).num_frames(0) == 1
    )


def test_an_archive_of_empty_folders(tmp_path):
    with pytest.raises(DataError, match=r"no videos in a\.zip") as raised:
        open_source(_zip(tmp_path / "a.zip", ["a/", "b/"]))
    assert raised.value.found == "2 folders"


def test_damaged_members_and_tables_are_one_message(tmp_path):
    whole = bytearray(_zip(tmp_path / "a.zip", [f"v/{number}.png" for number in range(3)]).read_bytes())
    table = whole.index(b"PK\x01\x02")
    damages = {
        "encrypted": [(table + 8, 1), (6, 1)],
        "a name that is not UTF-8": [(table + 9, 8), (table + 46, 0xFF)],
        "another compression": [(table + 10, 97)],
        "another checksum": [(table + 16, 0)],
        "4 GB": [(table + 24 + place, 0xF0) for place in range(4)],
        "a version of the future": [(table + 6, 99)],
    }
    for damage, changes in damages.items():
        data = bytearray(whole)
        for place, value in changes:
            data[place] = value
        (tmp_path / "b.zip").write_bytes(data)
        with pytest.raises(DataError, match=r"b\.zip|0\.png"):
            open_source(tmp_path / "b.zip")
        assert damage


def test_any_changed_byte_is_read_or_one_message(tmp_path):
    whole = _zip(tmp_path / "a.zip", [f"v/{number}.png" for number in range(2)]).read_bytes()
    generator = np.random.default_rng(0)
    for _ in range(60):
        data = bytearray(whole)
        data[generator.integers(len(data))] ^= 1 << int(generator.integers(8))
        (tmp_path / "b.zip").write_bytes(data)
        with suppress(DataError):
            open_source(tmp_path / "b.zip").read(0, [0])


def test_a_member_that_is_made_to_fill_the_disk(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.mp4", bytes(40_000_000))
    assert "no video can be packed so small" in _refused(tmp_path / "a.zip")


def test_a_large_video_is_read_from_a_file_without_a_name(tmp_path, monkeypatch):
    from vidmbench.videos.files import zip_archive

    path = as_zip_of_videos(tmp_path / "set")
    expected = open_source(path)
    monkeypatch.setattr(zip_archive, "_IN_MEMORY", 0)
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(zip_archive.tempfile, "tempdir", str(tmp_path / "tmp"))
    source = open_source(path)
    assert source.digest() == expected.digest()
    np.testing.assert_array_equal(source.read(1, range(5)), CLIPS[1])
    assert list((tmp_path / "tmp").iterdir()) == []

    data = bytearray(path.read_bytes())
    data[data.index(b"top/v2.mp4") + 700] ^= 1
    path.write_bytes(data)
    assert "1 of 3 videos in videos.zip cannot be used" in _refused(path)


@pytest.mark.parametrize("mode", [0o120777, 0o020666, 0o010666])
def test_links_and_devices_are_refused(mode, tmp_path):
    entry = zipfile.ZipInfo("v/9.png")
    entry.create_system, entry.external_attr = 3, mode << 16
    with zipfile.ZipFile(_zip(tmp_path / "a.zip", ["v/0.png"]), "a") as archive:
        archive.writestr(entry, "/etc/passwd")
    assert "a.zip holds more than files and folders" in _refused(tmp_path / "a.zip")


def _two_videos(path, namer):
    with zipfile.ZipFile(path, "w") as archive:
        for video in range(2):
            for number in range(4):
                archive.writestr(namer(video, number), png(CLIPS[video][number]))
    return path


def _refused(path):
    with pytest.raises(DataError) as raised:
        open_source(path)
    return str(raised.value)


def test_what_is_wrong_with_archives_is_said_in_words(tmp_path):
    back = _refused(_two_videos(tmp_path / "back.zip", lambda video, number: f"v{video}\\{number}.png"))
    assert "hold backslashes" in back
    assert "v0\\0.png" in back

    coded = _two_videos(tmp_path / "badutf.zip", lambda video, number: f"vidé{video}/{number}.png")
    coded.write_bytes(coded.read_bytes().replace("vidé".encode(), b"vid\xff\xff"))
    assert "not valid UTF-8" in _refused(coded)
    assert "codec" not in _refused(coded)

    locked = _two_videos(tmp_path / "enc.zip", lambda video, number: f"v{video}/{number}.png")
    content = bytearray(locked.read_bytes())
    for mark, flags in ((b"PK\1\2", 8), (b"PK\3\4", 6)):
        position = content.find(mark)
        while position >= 0:
            content[position + flags] |= 1
            position = content.find(mark, position + 4)
    locked.write_bytes(content)
    assert "a password protects it" in _refused(locked)
    assert "without a password" in _refused(locked)
    assert "ZipInfo" not in _refused(locked)

    np.save(tmp_path / "a.npy", CLIPS)
    with zipfile.ZipFile(tmp_path / "npys.zip", "w") as archive:
        archive.write(tmp_path / "a.npy", "a.npy")
    assert "give an array of many videos by its own path, unpacked" in _refused(tmp_path / "npys.zip")
    (tmp_path / "npys.zip").rename(tmp_path / "npys.npz")
    assert len(open_source(tmp_path / "npys.npz")) == len(CLIPS)


def test_joined_zip_archives_are_refused(tmp_path):
    _zip(tmp_path / "a.zip", ["v1/0.png", "v1/1.png"])
    with zipfile.ZipFile(tmp_path / "empty.zip", "w"):
        pass
    whole, empty = (tmp_path / "a.zip").read_bytes(), (tmp_path / "empty.zip").read_bytes()
    both = tmp_path / "both.zip"
    for content in (whole + whole, whole + empty, empty + whole, b"#!/bin/sh\n" + whole, whole + b"more"):
        both.write_bytes(content)
        with pytest.raises(DataError, match=r"both\.zip is more than one zip archive: [0-9,]+ bytes (come|follow)"):
            open_source(both)


def test_what_belongs_to_one_zip_archive_is_no_other(tmp_path):
    _zip(tmp_path / "a.zip", ["v1/0.png", "v1/1.png"])
    whole = (tmp_path / "a.zip").read_bytes()
    (tmp_path / "padded.zip").write_bytes(whole + bytes(100))
    (tmp_path / "marked.zip").write_bytes(b"PK00" + whole)
    with zipfile.ZipFile(tmp_path / "a.zip", "a") as archive:
        archive.comment = b"a comment"
    for name in ("a.zip", "padded.zip", "marked.zip"):
        assert len(open_source(tmp_path / name)) == 1
