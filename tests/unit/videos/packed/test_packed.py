"""Prepared files: what is read is what was pre_resized, whatever stopped the writing, and damage does not pass."""

import os
import pickle
import signal
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from support.paths import ROOT

from vidmbench.core.errors import DataError, ResultError, UsageError
from vidmbench.core.files import locked
from vidmbench.videos import ArraySource, open_source, write_frames, write_mp4
from vidmbench.videos.packed.format import packed, unpacked
from vidmbench.videos.packed.reader import PreparedFile, is_prepared, open_prepared
from vidmbench.videos.packed.writer import estimated_bytes, write_prepared
from vidmbench.videos.pre_resize import PreResizedSource, pre_resized
from vidmbench.videos.source import Skipped, Source

LENGTHS = {"b/v2": 9, "b/v10": 16, "a/v1": 1, "c": 35}
RULE, PIXELS = "centre-bilinear", 16


def video(name):
    """A slow drift with noise on top."""
    random = np.random.default_rng(LENGTHS[name])
    still = random.integers(40, 200, (24, 36, 3))
    return np.clip(
        np.stack([np.roll(still, t, 1) for t in range(LENGTHS[name])])
        + random.integers(-9, 9, (LENGTHS[name], 24, 36, 3)),
        0,
        255,
    ).astype(np.uint8)


@pytest.fixture
def source(tmp_path):
    for name in LENGTHS:
        write_mp4(tmp_path / "set" / f"{name}.mp4", video(name), lossless=name != "c")
    (tmp_path / "set" / "broken.mp4").write_bytes(b"no video")
    return open_source(tmp_path / "set", on_bad="skip")


@pytest.fixture
def whole(source, tmp_path):
    """A finished file."""
    return write_prepared(source, tmp_path / "whole.bin", rule=RULE, pixels=PIXELS, labels=[3, None, 0, 1])


def same_videos(file, source, rule=RULE, pixels=PIXELS):
    assert len(file) == len(source)
    for index in range(len(source)):
        assert (file.name(index), file.num_frames(index)) == (source.name(index), source.num_frames(index))
        every = range(source.num_frames(index))
        np.testing.assert_array_equal(file.read(index, every), pre_resized(source.read(index, every), rule, pixels))


def leftovers(folder):
    return [path.name for path in folder.iterdir() if path.name.startswith(".")]


@pytest.mark.parametrize(
    ("rule", "pixels"), [("centre-bilinear", 16), ("short-side-lanczos-centre", 40), ("none", None)]
)
@pytest.mark.parametrize("workers", [1, 3])
def test_what_is_read_is_what_was_framed(source, tmp_path, rule, pixels, workers):
    file = write_prepared(source, tmp_path / "out" / "set.bin", rule=rule, pixels=pixels, workers=workers)
    same_videos(file, source, rule, pixels)
    assert leftovers(tmp_path / "out") == []


def test_a_prepared_file_is_a_source_and_keeps_what_the_source_said(source, whole):
    assert isinstance(whole, Source)
    assert (whole.label, whole.size, whole.rule, whole.pixels) == ("set", (16, 16), RULE, PIXELS)
    assert whole.skipped == source.skipped
    assert [video.name for video in whole.skipped] == ["broken.mp4"]
    assert whole.notes == PreResizedSource(source, RULE, PIXELS).notes
    assert whole.compression == source.compression == "h264 yuv420p; none"
    assert whole.labels == (3, None, 0, 1)
    assert whole.class_of(2) == 0
    assert whole.source_digest == source.digest()
    assert whole.digest() == PreResizedSource(source, RULE, PIXELS).digest()
    assert PreparedFile(whole.path).digest() == whole.digest()


def test_frames_come_in_the_order_asked_for(source, whole):
    framed_source = PreResizedSource(source, RULE, PIXELS)
    for index, asked in [(3, [33, 0, 7, 8, 8, 34]), (3, range(5, 21)), (3, range(1, 35, 4)), (0, [0]), (2, [])]:
        np.testing.assert_array_equal(whole.read(index, asked), framed_source.read(index, asked))
    found = whole.read(3, range(4))
    found[:] = 0  # nobody else's
    assert whole.read(3, range(4)).any()


def test_frames_it_does_not_have_are_refused(whole):
    with pytest.raises(DataError, match="has no frame 35"):
        whole.read(3, [0, 35])
    with pytest.raises(DataError, match="has no frame -1"):
        whole.read(3, [-1])


def test_a_video_without_a_class_says_so(source, whole, tmp_path):
    with pytest.raises(DataError, match="has no class label"):
        whole.class_of(1)
    plain = write_prepared(source, tmp_path / "plain.bin", rule=RULE, pixels=PIXELS)
    assert plain.labels is None
    with pytest.raises(DataError, match="prepare a data set with classes"):
        plain.class_of(0)


def test_labels_of_the_source_are_taken_over(source, tmp_path):
    source.labels = (0, 1, None, 2)
    assert write_prepared(source, tmp_path / "set.bin", rule=RULE, pixels=PIXELS).labels == (0, 1, None, 2)


def test_threads_and_pickles_read_the_same(source, whole):
    every = PreResizedSource(source, RULE, PIXELS)
    expected = [every.read(index, range(every.num_frames(index))) for index in range(4)]
    again = pickle.loads(pickle.dumps(whole))
    random = np.random.default_rng(0)
    asked = [(int(index), sorted(random.integers(0, len(expected[index]), 6).tolist())) for index in [0, 1, 2, 3] * 50]
    with ThreadPoolExecutor(8) as pool:
        for file in (whole, again):
            for (index, frames), found in zip(asked, pool.map(lambda a: file.read(*a), asked), strict=True):  # noqa: B023
                np.testing.assert_array_equal(found, expected[index][frames])


def test_noise_and_black_survive_packing():
    random = np.random.default_rng(0).integers(0, 256, (5, 8, 8, 3), dtype=np.uint8)
    for frames in (random, np.zeros_like(random), random[:1], np.full_like(random, 255)):
        stored = unpacked(packed(frames), frames.shape)
        summed = np.cumsum(stored, axis=0, dtype=np.uint8)
        summed[..., ::2] += summed[..., 1:2]
        np.testing.assert_array_equal(summed, frames)


def test_long_videos_are_decoded_piece_by_piece(source, tmp_path, monkeypatch, whole):
    pieces = []

    class Watched(ArraySource):
        def read(self, index, frames):
            pieces.append(len(frames))
            return super().read(index, frames)

    monkeypatch.setattr("vidmbench.videos.packed.writer._PIECE_BYTES", 17 * 24 * 36 * 3)
    watched = Watched(video("c")[None], "array")
    file = write_prepared(watched, tmp_path / "pieces.bin", rule=RULE, pixels=PIXELS)
    assert pieces == [16, 16, 3]
    same_videos(file, ArraySource(video("c")[None], "array"))


def test_the_sizes_said_before_it_begins(source, whole):
    raw = sum(LENGTHS.values()) * 16 * 16 * 3
    assert estimated_bytes(source, 16) == (raw, int(0.45 * raw))
    assert estimated_bytes(source, None).raw == sum(LENGTHS.values()) * 24 * 36 * 3
    sampled = estimated_bytes(source, 16, rule=RULE)
    assert sampled.raw == raw
    assert sampled.expected == pytest.approx(whole.path.stat().st_size, rel=0.3)


def test_progress_is_told_video_by_video(source, tmp_path):
    said = []
    write_prepared(source, tmp_path / "set.bin", rule=RULE, pixels=PIXELS, progress=lambda *words: said.append(words))
    assert said == [(done, 4, "preparing set.bin") for done in range(5)]


def test_threads_of_torch_are_as_before(source, tmp_path):
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(before + 1)
    try:
        write_prepared(source, tmp_path / "set.bin", rule=RULE, pixels=PIXELS)
        assert torch.get_num_threads() == before + 1
    finally:
        torch.set_num_threads(before)


# --- stopped and taken up

SCRIPT = """
    import sys, time
    from pathlib import Path
    from vidmbench.videos import open_source
    from vidmbench.videos.packed.writer import write_prepared

    def told(done, total, words):
        print(done, flush=True)
        time.sleep(0.2)

    source = open_source(Path(sys.argv[1]), on_bad="skip")
    write_prepared(source, Path(sys.argv[2]), rule="centre-bilinear", pixels=16, labels=[3, None, 0, 1], workers=2,
                   progress=told)
"""


def preparing(source, path):
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(SCRIPT), source, path],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )


def test_a_killed_preparation_goes_on_and_gives_the_same_bytes(source, whole, tmp_path):
    target = tmp_path / "killed.bin"
    with preparing(tmp_path / "set", target) as process:
        for line in process.stdout:
            if line.strip() == "2":
                break
        process.send_signal(signal.SIGKILL)
    assert not target.exists()
    assert is_prepared(tmp_path / ".killed.bin.unfinished")
    with pytest.raises(DataError, match="is not whole: it was cut off, or never finished"):
        PreparedFile(tmp_path / ".killed.bin.unfinished")
    said = []
    file = write_prepared(
        source, target, rule=RULE, pixels=PIXELS, labels=[3, None, 0, 1], progress=lambda done, *_: said.append(done)
    )
    assert said == [2, 3, 4]
    assert file.content_digest == whole.content_digest
    assert target.read_bytes() == whole.path.read_bytes()
    assert leftovers(tmp_path) == []


@pytest.mark.parametrize("seed", range(6))
def test_a_file_stopped_at_any_byte_goes_on(source, whole, tmp_path, seed):
    data = whole.path.read_bytes()
    length = [0, 5, *np.random.default_rng(seed).integers(0, len(data), 3).tolist(), len(data)][seed]
    target = tmp_path / "again.bin"
    torn = bytes(20) if seed == 3 else b""  # a file system may leave zeros after a power cut
    (tmp_path / ".again.bin.unfinished").write_bytes(data[:length] + torn)
    write_prepared(source, target, rule=RULE, pixels=PIXELS, labels=[3, None, 0, 1])
    assert target.read_bytes() == data
    assert leftovers(tmp_path) == []


def test_a_wrong_byte_in_an_unfinished_file_is_not_taken_over(source, whole, tmp_path):
    data = bytearray(whole.path.read_bytes())
    data[len(data) // 2] ^= 1
    (tmp_path / ".again.bin.unfinished").write_bytes(data)
    target = tmp_path / "again.bin"
    write_prepared(source, target, rule=RULE, pixels=PIXELS, labels=[3, None, 0, 1]).verify()
    assert target.read_bytes() == whole.path.read_bytes()


def test_a_video_that_fails_stops_it_and_keeps_what_was_done(source, tmp_path, monkeypatch):
    target = tmp_path / "set.bin"
    read = type(source).read

    def failing(self, index, frames):
        if index == 2:
            raise DataError("b/v10.mp4 is gone")
        return read(self, index, frames)

    monkeypatch.setattr(type(source), "read", failing)
    with pytest.raises(DataError, match="is gone"):
        write_prepared(source, target, rule=RULE, pixels=PIXELS)
    assert not target.exists()
    monkeypatch.undo()
    said = []
    file = write_prepared(source, target, rule=RULE, pixels=PIXELS, progress=lambda done, *_: said.append(done))
    assert said[0] == 2
    same_videos(file, source)


def test_a_finished_file_is_left_as_it_is(source, whole):
    before = whole.path.stat()
    said = []
    again = write_prepared(
        source, whole.path, rule=RULE, pixels=PIXELS, labels=[3, None, 0, 1], progress=lambda *_: said.append(1)
    )
    assert again.content_digest == whole.content_digest
    assert (whole.path.stat().st_mtime_ns, said) == (before.st_mtime_ns, [])


def test_something_else_at_its_place_is_not_overwritten(source, whole, tmp_path):
    with pytest.raises(ResultError, match=r"exists already and holds something else[\s\S]*centre-bilinear at 16x16"):
        write_prepared(source, whole.path, rule="squash-lanczos", pixels=PIXELS)
    with pytest.raises(ResultError, match="exists already and holds something else"):
        write_prepared(source, whole.path, rule=RULE, pixels=PIXELS, labels=[3, None, 0, 2])
    other = tmp_path / "notes.txt"
    other.write_text("dear diary")
    with pytest.raises(ResultError, match="exists already and is no prepared file"):
        write_prepared(source, other, rule=RULE, pixels=PIXELS)
    assert other.read_text() == "dear diary"


def test_an_unfinished_file_of_something_else_is_not_touched(source, whole, tmp_path):
    other = tmp_path / ".new.bin.unfinished"
    other.write_bytes(whole.path.read_bytes()[:3000])
    with pytest.raises(ResultError, match=r"an unfinished file of another preparation lies beside new\.bin"):
        write_prepared(source, tmp_path / "new.bin", rule="squash-lanczos", pixels=PIXELS)
    assert other.stat().st_size == 3000


def test_a_second_process_is_told_to_wait(source, tmp_path):
    target = tmp_path / "set.bin"
    with locked(target, "preparing"), pytest.raises(ResultError, match=r"another process is preparing set\.bin"):
        write_prepared(source, target, rule=RULE, pixels=PIXELS)
    write_prepared(source, target, rule=RULE, pixels=PIXELS)


@pytest.mark.skipif(os.name != "posix", reason="limits of file sizes are POSIX")
def test_a_full_disk_is_said_in_one_sentence_and_does_no_harm(source, whole, tmp_path):
    """A limit of the file size stands for the full disk."""
    import resource

    target = tmp_path / "set.bin"
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (whole.path.stat().st_size // 2, limits[1]))
    try:
        with pytest.raises(ResultError, match=r"the disk is full[\s\S]*make room and give the same command again"):
            write_prepared(source, target, rule=RULE, pixels=PIXELS, labels=[3, None, 0, 1])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert not target.exists()
    write_prepared(source, target, rule=RULE, pixels=PIXELS, labels=[3, None, 0, 1])
    assert target.read_bytes() == whole.path.read_bytes()


def test_a_folder_that_cannot_be_made_says_so(source, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ResultError, match="cannot write to the folder"):
        write_prepared(source, tmp_path / "file" / "set.bin", rule=RULE, pixels=PIXELS)


def test_wrong_arguments_say_so(source, tmp_path):
    target = tmp_path / "set.bin"
    with pytest.raises(UsageError, match=r"one class label a video[\s\S]*4 labels[\s\S]*2"):
        write_prepared(source, target, rule=RULE, pixels=PIXELS, labels=[0, 1])
    with pytest.raises(UsageError, match="at least one worker"):
        write_prepared(source, target, rule=RULE, pixels=PIXELS, workers=0)
    with pytest.raises(UsageError, match="needs a resolution"):
        write_prepared(source, target, rule=RULE)
    with pytest.raises(DataError, match="leaves frames as they are"):
        write_prepared(source, target, rule="none", pixels=PIXELS)


# --- damage, and files of others


def test_a_whole_file_is_verified_video_by_video(whole):
    said = []
    whole.verify(lambda *words: said.append(words))
    assert said == [(done, 4, "checking whole.bin") for done in range(1, 5)]


def test_one_wrong_byte_anywhere_is_found(whole, tmp_path):
    data = whole.path.read_bytes()
    path = tmp_path / "wrong.bin"
    places = {0, 16, 20, 28, 40, len(data) - 1, len(data) - 20, len(data) - 50, len(data) - 56, len(data) - 70}
    places |= set(np.random.default_rng(1).integers(0, len(data), 120).tolist())
    for offset in whole._offsets:
        places |= {offset, offset + 5, offset + 13, offset + 20, offset + 48, offset + 55}
    for place in sorted(places):
        wrong = bytearray(data)
        wrong[place] ^= 0x10
        path.write_bytes(wrong)
        with pytest.raises(DataError, match=r"wrong\.bin (is|was|cannot)"):
            PreparedFile(path).verify()


def test_reading_says_which_video_is_damaged(whole, tmp_path):
    data = bytearray(whole.path.read_bytes())
    data[whole._offsets[3] + 200] ^= 0x10
    path = tmp_path / "wrong.bin"
    path.write_bytes(data)
    file = PreparedFile(path)
    file.read(1, range(1))
    with pytest.raises(DataError, match=rf"wrong\.bin is damaged: the video {file.name(3)} cannot be read whole"):
        file.read(3, range(35))
    with pytest.raises(DataError, match=rf"the video {file.name(3)}"):
        file.verify()


def test_a_file_that_was_cut_off_is_refused(whole, tmp_path):
    data = whole.path.read_bytes()
    path = tmp_path / "cut.bin"
    for length in (17, 100, len(data) // 2, len(data) - 1):
        path.write_bytes(data[:length])
        with pytest.raises(DataError, match=r"cut\.bin is not whole: it was cut off"):
            PreparedFile(path)


def test_files_of_others_are_refused(tmp_path):
    path = tmp_path / "other.bin"
    for data, found in ((b"", "an empty file"), (b"\x89HDF\r\n\x1a\n" + bytes(90), "HDF")):
        path.write_bytes(data)
        assert not is_prepared(path)
        with pytest.raises(DataError, match=rf"other\.bin is no prepared file[\s\S]*{found}"):
            PreparedFile(path)
    assert not is_prepared(tmp_path / "nothing.bin")
    with pytest.raises(DataError, match=r"nothing\.bin cannot be read: No such file"):
        PreparedFile(tmp_path / "nothing.bin")


def test_a_newer_format_is_refused_by_its_version(whole, tmp_path):
    data = bytearray(whole.path.read_bytes())
    data[16] = 7
    path = tmp_path / "newer.bin"
    path.write_bytes(data)
    with pytest.raises(DataError, match=r"another version of vidmbench[\s\S]*version 7[\s\S]*install the newer"):
        PreparedFile(path)


def test_a_file_that_goes_away_says_so(whole):
    whole.path.unlink()
    with pytest.raises(DataError, match=r"whole\.bin cannot be read: No such file"):
        whole.read(0, [0])
    with pytest.raises(DataError, match=r"whole\.bin cannot be read: No such file"):
        whole.verify()


def test_another_rule_or_resolution_is_refused_by_name(whole, monkeypatch):
    assert open_prepared(whole.path).rule == RULE
    assert open_prepared(whole.path, rule=RULE, pixels=PIXELS).content_digest == whole.content_digest
    with pytest.raises(
        DataError, match=r"whole\.bin was prepared otherwise[\s\S]*squash-lanczos at 16x16[\s\S]*centre-b"
    ):
        open_prepared(whole.path, rule="squash-lanczos", pixels=PIXELS)
    with pytest.raises(DataError, match=r"centre-bilinear at 64x64[\s\S]*centre-bilinear at 16x16"):
        open_prepared(whole.path, rule=RULE, pixels=64)
    with pytest.raises(DataError, match=r"any rule at 64x64"):
        open_prepared(whole.path, pixels=64)
    monkeypatch.setattr("vidmbench.videos.packed.reader.PRE_RESIZE_VERSION", 99)
    with pytest.raises(DataError, match=r"version 99 of its code[\s\S]*version 1"):
        open_prepared(whole.path, rule=RULE, pixels=PIXELS)


def test_equal_pixels_have_equal_content_digests_wherever_they_came_from(tmp_path):
    clips = {name: video(name) for name in LENGTHS}
    for name, frames in clips.items():
        write_frames(tmp_path / "as-frames" / name, frames)
    first = open_source(tmp_path / "as-frames")
    assert not any(isinstance(skipped, Skipped) for skipped in first.skipped)
    one = write_prepared(first, tmp_path / "1.bin", rule=RULE, pixels=PIXELS)
    two = write_prepared(first, tmp_path / "2.bin", rule="centre-bilinear-rounded", pixels=PIXELS)
    three = write_prepared(first, tmp_path / "3.bin", rule=RULE, pixels=PIXELS, labels=[0, 0, 0, 0])
    assert len({one.content_digest, two.content_digest, three.content_digest}) == 3
    assert len({one.digest(), two.digest()}) == 2
    assert one.digest() == three.digest()
