"""Tar archives: headers of every program, damage, and what must not be followed."""

import io
import tarfile
import tracemalloc

import numpy as np
import pytest
from support.refusals import refused
from support.stored_videos import CLIPS, add_to_tar, as_tar, as_webdataset, png

from vidmbench.core.errors import ChangedError
from vidmbench.videos import open_source
from vidmbench.videos.files.archives import find_archived_videos
from vidmbench.videos.files.inspection import survey
from vidmbench.videos.files.tar_archive import TarArchive

FRAMES = [(f"v/{number}.png", png(CLIPS[0][number])) for number in range(5)]


def packed(path, members, kind=tarfile.PAX_FORMAT, **options):
    with tarfile.open(path, "w", format=kind, **options) as archive:
        for name, data in members:
            add_to_tar(archive, name, data)
    return path


@pytest.mark.parametrize("kind", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
@pytest.mark.parametrize("folder", ["v", "./v", "a" * 90 + "/" + "b" * 90, "é" * 40, "x/" * 60 + "v"])
def test_the_headers_of_every_form(kind, folder, tmp_path):
    path = packed(tmp_path / "a.tar", [(name.replace("v/", f"{folder}/"), data) for name, data in FRAMES], kind)

    source = open_source(path)

    assert source.name(0) == folder.removeprefix("./")
    np.testing.assert_array_equal(source.read(0, range(5)), CLIPS[0])


def test_names_longer_than_a_header_and_sizes_in_binary(tmp_path):
    long = "v/" + "x" * 150 + "{}.png"
    path = packed(
        tmp_path / "a.tar", [(long.format(n), data) for n, (_, data) in enumerate(FRAMES)], tarfile.GNU_FORMAT
    )
    assert open_source(path).num_frames(0) == 5

    data = bytearray(packed(tmp_path / "b.tar", FRAMES[:1]).read_bytes())
    data[124:136] = b"\x80" + len(FRAMES[0][1]).to_bytes(11, "big")
    data[148:156] = b" " * 8
    data[148:156] = b"%06o\0 " % sum(data[:512])
    (tmp_path / "b.tar").write_bytes(data)
    assert open_source(tmp_path / "b.tar").num_frames(0) == 1


def test_folders_are_counted_and_passed_over(tmp_path):
    with tarfile.open(tmp_path / "a.tar", "w") as archive:
        folder = tarfile.TarInfo("v")
        folder.type = tarfile.DIRTYPE
        archive.addfile(folder)
    assert refused(tmp_path / "a.tar", "no videos in a.tar").found == "1 folder"


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (tarfile.SYMTYPE, "a link"),
        (tarfile.LNKTYPE, "a link"),
        (tarfile.CHRTYPE, "a device"),
        (tarfile.BLKTYPE, "a device"),
        (tarfile.FIFOTYPE, "a named pipe"),
        (tarfile.GNUTYPE_SPARSE, "a file with holes"),
        (b"M", "the rest of a file in another archive"),
        (b"~", "of the unknown type"),
    ],
)
def test_whatever_is_no_file_is_refused(kind, said, tmp_path):
    path = packed(tmp_path / "a.tar", FRAMES)
    with tarfile.open(path, "a") as archive:
        entry = tarfile.TarInfo("v/9.png")
        entry.type, entry.linkname = kind, "/etc/passwd"
        archive.addfile(entry)

    refused(path, "a.tar holds more than files and folders", f"v/9.png ({said}", "--dereference")


@pytest.mark.parametrize("name", ["/v/0.png", "../v/0.png", "v/../../0.png", "C:\\v\\0.png", "v\\..\\0.png"])
def test_members_that_lead_out_are_refused(name, tmp_path):
    refused(packed(tmp_path / "a.tar", [(name, b"x")]), "holds paths that lead out of it")


def test_two_files_at_one_path(tmp_path):
    refused(packed(tmp_path / "a.tar", [*FRAMES, ("./v/0.png", b"x")]), "holds two files at one path", "v/0.png of")


def test_an_archive_cut_anywhere_is_refused(tmp_path):
    whole = packed(tmp_path / "a.tar", FRAMES).read_bytes()
    end = len(whole.rstrip(b"\0"))
    end += -end % 512
    for size in (512, 700, 1024, end - 512, end):
        (tmp_path / "b.tar").write_bytes(whole[:size])
        refused(tmp_path / "b.tar", "cannot be read as a tar archive: it is cut off")
    (tmp_path / "b.tar").write_bytes(b"")
    refused(tmp_path / "b.tar", "the file is empty")


def test_archives_joined_by_cat_are_not_read_as_the_first_of_them(tmp_path):
    one, other = (packed(tmp_path / f"{name}.tar", [(f"{name}/0.png", FRAMES[0][1])]) for name in "ab")
    (tmp_path / "c.tar").write_bytes(one.read_bytes() + other.read_bytes())
    refused(tmp_path / "c.tar", "more follows its end", "quoted glob")


def test_a_damaged_header_is_not_the_end(tmp_path):
    path = packed(tmp_path / "a.tar", FRAMES, tarfile.USTAR_FORMAT)
    data = bytearray(path.read_bytes())
    data[data.index(b"v/3.png")] ^= 1
    path.write_bytes(data)
    with tarfile.open(path) as archive:
        assert len(archive.getnames()) == 3  # Python's reader takes it for the end
    refused(path, "the header at byte", "is damaged")


@pytest.mark.parametrize(("mode", "name"), [("w:gz", "gzip"), ("w:bz2", "bzip2"), ("w:xz", "xz")])
def test_a_compressed_archive_says_how_to_unpack_it(mode, name, tmp_path):
    with tarfile.open(tmp_path / "a.tar", mode) as archive:
        add_to_tar(archive, *FRAMES[0])
    refused(tmp_path / "a.tar", f"it is compressed with {name}", f"{name} -dc {tmp_path / 'a.tar'} > plain.tar")


@pytest.mark.parametrize(
    "pax", [b"99 path=x\n", b"x path=y\n", b"9 path=\n", b"12 size=-512\n", b"13 size=1e99\n", b"11 size=99", b"9" * 99]
)
def test_extended_headers_of_a_stranger(pax, tmp_path):
    with tarfile.open(tmp_path / "a.tar", "w", format=tarfile.USTAR_FORMAT) as archive:
        entry = tarfile.TarInfo("x")
        entry.type, entry.size = tarfile.XHDTYPE, len(pax)
        archive.addfile(entry, io.BytesIO(pax))
        add_to_tar(archive, *FRAMES[0])
    refused(tmp_path / "a.tar", "a.tar cannot be read as a tar archive")


def test_a_header_that_asks_for_gigabytes_gets_none(tmp_path):
    with tarfile.open(tmp_path / "a.tar", "w", format=tarfile.GNU_FORMAT) as archive:
        entry = tarfile.TarInfo("x")
        entry.type, entry.size = tarfile.GNUTYPE_LONGNAME, 2**40
        archive.addfile(entry)
    refused(tmp_path / "a.tar", "is damaged")


def test_a_video_is_read_in_place(tmp_path, monkeypatch):
    archive = TarArchive(as_tar(tmp_path / "set"))
    with archive.open("v1.mp4") as part:
        data = (tmp_path / "set" / "v1.mp4").read_bytes()
        assert part.read() == data
        assert (part.seek(-9, io.SEEK_END), part.read(), part.read(), part.name) == (
            len(data) - 9,
            data[-9:],
            b"",
            "v1.mp4",
        )


def test_an_archive_that_is_replaced_after_its_table_was_read(tmp_path):
    """Where members lie in the old one says nothing about the new one."""
    path = packed(tmp_path / "a.tar", FRAMES)
    found = find_archived_videos(path)
    packed(tmp_path / "b.tar", FRAMES[::-1]).replace(path)
    with pytest.raises(ChangedError, match=r"a\.tar changed while it was read"):
        survey(path, found)


def test_little_of_a_large_member_is_in_memory(tmp_path):
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(stream, {"descr": "|u1", "fortran_order": False, "shape": (300, 256, 256, 3)})
    size = len(stream.getvalue()) + 300 * 256 * 256 * 3
    entry = tarfile.TarInfo("a.npy")
    entry.size = size
    with (tmp_path / "a.tar").open("wb") as file:
        file.write(entry.tobuf() + stream.getvalue())
        file.truncate(512 + size + 2048 - size % 512)

    open_source(packed(tmp_path / "b.tar", FRAMES))  # what is imported stays out of the count
    tracemalloc.start()
    try:
        assert open_source(tmp_path / "a.tar").read(0, [0, 299]).shape == (2, 256, 256, 3)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < size / 10


def test_samples_of_a_webdataset_have_labels(tmp_path):
    source = open_source(as_webdataset(tmp_path / "set"))
    assert [source.name(index) for index in range(3)] == ["v1", "v2", "v10"]
    assert source.labels == (1, 2, 10)
    assert source.notes == ("files that are no videos were left aside: 3 .json",)


def test_frames_in_order_of_times_are_no_samples(tmp_path):
    """0.0, 0.1 ... 1.4: one video by its times, or videos 0 and 1 by what stands before the first dot."""
    names = [f"{number / 10:.1f}.png" for number in range(15)]
    path = packed(tmp_path / "a.tar", [(name, FRAMES[0][1]) for name in names])
    refused(path, "can be read as one video or as several", "pack each video's frames in a folder of its own")

    # One sample has one frame: no sample of a WebDataset, and in order of time as in a folder.
    path = packed(tmp_path / "b.tar", [(f"v/{name}", FRAMES[0][1]) for name in names[:11]])
    assert [open_source(path).name(0), open_source(path).num_frames(0)] == ["v", 11]


@pytest.mark.parametrize("names", ["v{video}.{frame:03d}.png", "v{video}.f{frame}.png", "a/v{video}.frame.{frame}.png"])
def test_frames_of_samples_lie_side_by_side(names, tmp_path):
    members = [
        (names.format(video=video, frame=frame), png(CLIPS[video][frame])) for video in range(2) for frame in range(5)
    ]
    source = open_source(packed(tmp_path / "a.tar", members))
    assert len(source) == 2
    for video in range(2):
        np.testing.assert_array_equal(source.read(video, range(5)), CLIPS[video])
