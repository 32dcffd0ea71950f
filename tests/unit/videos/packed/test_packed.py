"""Prepared files: frames survive interruptions of the writing unchanged, and damage is noticed."""

import os
import pickle
import signal
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from support.drifting_video import drifting_frames
from support.paths import ROOT

from vidmbench.core.errors import DataError, ResultError, UsageError
from vidmbench.core.locks import locked
from vidmbench.videos import ArraySource, open_source, write_frames, write_mp4
from vidmbench.videos.packed.format import compress_group, decompress_group
from vidmbench.videos.packed.reader import PreparedFile, is_prepared, open_prepared
from vidmbench.videos.packed.writer import estimated_bytes, write_prepared
from vidmbench.videos.pre_resize import PreResizedSource, pre_resized
from vidmbench.videos.source import Skipped, Source

LENGTHS = {"b/v2": 9, "b/v10": 16, "a/v1": 1, "c": 35}
RULE, PIXELS = "centre-bilinear", 16


def video(name):
    """A texture that drifts slowly, with noise added."""
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


def assert_same_videos(file, source, rule=RULE, pixels=PIXELS):
    assert len(file) == len(source)
    for index in range(len(source)):
        assert (file.name(index), file.num_frames(index)) == (source.name(index), source.num_frames(index))
        frames = range(source.num_frames(index))
        np.testing.assert_array_equal(file.read(index, frames), pre_resized(source.read(index, frames), rule, pixels))


def hidden_files(folder):
    return [path.name for path in folder.iterdir() if path.name.startswith(".")]


@pytest.mark.parametrize(
    ("rule", "pixels"), [("centre-bilinear", 16), ("short-side-lanczos-centre", 40), ("none", None)]
)
@pytest.mark.parametrize("workers", [1, 3])
def test_frames_read_equal_frames_written(source, tmp_path, rule, pixels, workers):
    file = write_prepared(source, tmp_path / "out" / "set.bin", rule=rule, pixels=pixels, workers=workers)
    assert_same_videos(file, source, rule, pixels)
    assert hidden_files(tmp_path / "out") == []


def test_a_prepared_file_is_a_source_with_the_attributes_of_its_source(source, whole):
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


def test_frames_come_in_the_requested_order(source, whole):
    pre_resized_source = PreResizedSource(source, RULE, PIXELS)
    for index, frames in [(3, [33, 0, 7, 8, 8, 34]), (3, range(5, 21)), (3, range(1, 35, 4)), (0, [0]), (2, [])]:
        np.testing.assert_array_equal(whole.read(index, frames), pre_resized_source.read(index, frames))
    frames = whole.read(3, range(4))
    frames[:] = 0  # the array is a copy
    assert whole.read(3, range(4)).any()


def test_missing_frames_are_refused(whole):
    with pytest.raises(DataError, match="has no frame 35"):
        whole.read(3, [0, 35])
    with pytest.raises(DataError, match="has no frame -1"):
        whole.read(3, [-1])


def test_a_video_without_a_class_is_refused(source, whole, tmp_path):
    with pytest.raises(DataError, match="has no class label"):
        whole.class_of(1)
    plain = write_prepared(source, tmp_path / "plain.bin", rule=RULE, pixels=PIXELS)
    assert plain.labels is None
    with pytest.raises(DataError, match="prepare a data set with classes"):
        plain.class_of(0)


def test_labels_default_to_those_of_the_source(source, tmp_path):
    source.labels = (0, 1, None, 2)
    assert write_prepared(source, tmp_path / "set.bin", rule=RULE, pixels=PIXELS).labels == (0, 1, None, 2)


def test_threads_and_pickles_read_the_same(source, whole):
    pre_resized_source = PreResizedSource(source, RULE, PIXELS)
    expected = [pre_resized_source.read(index, range(pre_resized_source.num_frames(index))) for index in range(4)]
    unpickled = pickle.loads(pickle.dumps(whole))
    random = np.random.default_rng(0)
    requests = [
        (int(index), sorted(random.integers(0, len(expected[index]), 6).tolist())) for index in [0, 1, 2, 3] * 50
    ]
    with ThreadPoolExecutor(8) as pool:
        for file in (whole, unpickled):
            results = pool.map(lambda request: file.read(*request), requests)  # noqa: B023
            for (index, frames), pixels in zip(requests, results, strict=True):
                np.testing.assert_array_equal(pixels, expected[index][frames])


def test_noise_and_constant_frames_survive_compression():
    noise = np.random.default_rng(0).integers(0, 256, (5, 8, 8, 3), dtype=np.uint8)
    for frames in (noise, np.zeros_like(noise), noise[:1], np.full_like(noise, 255)):
        differences = decompress_group(compress_group(frames), frames.shape)
        summed = np.cumsum(differences, axis=0, dtype=np.uint8)
        summed[..., ::2] += summed[..., 1:2]
        np.testing.assert_array_equal(summed, frames)


def test_long_videos_are_decoded_in_pieces(source, tmp_path, monkeypatch, whole):
    pieces = []

    class CountingSource(ArraySource):
        def read(self, index, frames):
            pieces.append(len(frames))
            return super().read(index, frames)

    monkeypatch.setattr("vidmbench.videos.source._READ_AT_ONCE", 17 * 24 * 36 * 3)
    counting = CountingSource(video("c")[None], "array")
    file = write_prepared(counting, tmp_path / "pieces.bin", rule=RULE, pixels=PIXELS)
    assert pieces == [17, 17, 1]
    assert_same_videos(file, ArraySource(video("c")[None], "array"))


def test_estimated_sizes(source, whole):
    raw = sum(LENGTHS.values()) * 16 * 16 * 3
    assert estimated_bytes(source, 16) == (raw, int(0.45 * raw))
    assert estimated_bytes(source, None).raw == sum(LENGTHS.values()) * 24 * 36 * 3
    sampled = estimated_bytes(source, 16, rule=RULE)
    assert sampled.raw == raw
    assert sampled.expected == pytest.approx(whole.path.stat().st_size, rel=0.3)


def test_a_file_is_smaller_than_its_frames(tmp_path):
    frames = drifting_frames(32)
    file = write_prepared(ArraySource(frames[None], "drifting"), tmp_path / "set.bin", rule=RULE, pixels=128)
    assert file.path.stat().st_size < 0.75 * len(frames) * 128 * 128 * 3


def test_progress_is_reported_per_video(source, tmp_path):
    calls = []
    write_prepared(source, tmp_path / "set.bin", rule=RULE, pixels=PIXELS, progress=lambda *call: calls.append(call))
    assert calls == [(done, 4, "preparing set.bin") for done in range(5)]


def test_the_number_of_torch_threads_is_restored(source, tmp_path):
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(before + 1)
    try:
        write_prepared(source, tmp_path / "set.bin", rule=RULE, pixels=PIXELS)
        assert torch.get_num_threads() == before + 1
    finally:
        torch.set_num_threads(before)


# --- interrupted and resumed

SCRIPT = """
    import sys, time
    from pathlib import Path
    from vidmbench.videos import open_source
    from vidmbench.videos.packed.writer import write_prepared

    def report(done, total, label):
        print(done, flush=True)
        time.sleep(0.2)

    source = open_source(Path(sys.argv[1]), on_bad="skip")
    write_prepared(source, Path(sys.argv[2]), rule="centre-bilinear", pixels=16, labels=[3, None, 0, 1], workers=2,
                   progress=report)
"""


def start_preparing(source, path):
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(SCRIPT), source, path],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )


def test_a_killed_preparation_is_resumed_and_gives_the_same_bytes(source, whole, tmp_path):
    target = tmp_path / "killed.bin"
    with start_preparing(tmp_path / "set", target) as process:
        for line in process.stdout:
            if line.strip() == "2":
                break
        process.send_signal(signal.SIGKILL)
    assert not target.exists()
    assert is_prepared(tmp_path / ".killed.bin.unfinished")
    with pytest.raises(DataError, match="is incomplete: truncated, or never finished"):
        PreparedFile(tmp_path / ".killed.bin.unfinished")
    counts = []
    file = write_prepared(
        source, target, rule=RULE, pixels=PIXELS, labels=[3, None, 0, 1], progress=lambda done, *_: counts.append(done)
    )
    assert counts == [2, 3, 4]
    assert file.content_digest == whole.content_digest
    assert target.read_bytes() == whole.path.read_bytes()
    assert hidden_files(tmp_path) == []


@pytest.mark.parametrize("seed", range(6))
def test_a_file_truncated_at_any_byte_is_resumed(source, whole, tmp_path, seed):
    data = whole.path.read_bytes()
    length = [0, 5, *np.random.default_rng(seed).integers(0, len(data), 3).tolist(), len(data)][seed]
    target = tmp_path / "again.bin"
    zeros = bytes(20) if seed == 3 else b""  # a file system may leave zeros after a power cut
    (tmp_path / ".again.bin.unfinished").write_bytes(data[:length] + zeros)
    write_prepared(source, target, rule=RULE, pixels=PIXELS, labels=[3, None, 0, 1])
    assert target.read_bytes() == data
    assert hidden_files(tmp_path) == []


def test_damaged_records_of_an_unfinished_file_are_written_again(source, whole, tmp_path):
    data = bytearray(whole.path.read_bytes())
    data[len(data) // 2] ^= 1
    (tmp_path / ".again.bin.unfinished").write_bytes(data)
    target = tmp_path / "again.bin"
    write_prepared(source, target, rule=RULE, pixels=PIXELS, labels=[3, None, 0, 1]).verify()
    assert target.read_bytes() == whole.path.read_bytes()


def test_a_video_that_fails_keeps_the_videos_before_it(source, tmp_path, monkeypatch):
    target = tmp_path / "set.bin"
    stream = type(source).stream

    def failing(self, index, frames):
        if index == 2:
            raise DataError("b/v10.mp4 is gone")
        return stream(self, index, frames)

    monkeypatch.setattr(type(source), "stream", failing)
    with pytest.raises(DataError, match="is gone"):
        write_prepared(source, target, rule=RULE, pixels=PIXELS)
    assert not target.exists()
    monkeypatch.undo()
    counts = []
    file = write_prepared(source, target, rule=RULE, pixels=PIXELS, progress=lambda done, *_: counts.append(done))
    assert counts[0] == 2
    assert_same_videos(file, source)


def test_a_finished_file_is_left_as_it_is(source, whole):
    before = whole.path.stat()
    calls = []
    again = write_prepared(
        source, whole.path, rule=RULE, pixels=PIXELS, labels=[3, None, 0, 1], progress=lambda *call: calls.append(call)
    )
    assert again.content_digest == whole.content_digest
    assert (whole.path.stat().st_mtime_ns, calls) == (before.st_mtime_ns, [])


def test_other_files_of_that_name_are_not_overwritten(source, whole, tmp_path):
    with pytest.raises(
        ResultError, match=r"already exists and holds other videos or settings[\s\S]*centre-bilinear at 16x16"
    ):
        write_prepared(source, whole.path, rule="squash-lanczos", pixels=PIXELS)
    with pytest.raises(ResultError, match="already exists and holds other videos or settings"):
        write_prepared(source, whole.path, rule=RULE, pixels=PIXELS, labels=[3, None, 0, 2])
    other = tmp_path / "notes.txt"
    other.write_text("dear diary")
    with pytest.raises(ResultError, match="already exists and is not a prepared file"):
        write_prepared(source, other, rule=RULE, pixels=PIXELS)
    assert other.read_text() == "dear diary"


def test_an_unfinished_file_of_another_preparation_is_not_touched(source, whole, tmp_path):
    other = tmp_path / ".new.bin.unfinished"
    other.write_bytes(whole.path.read_bytes()[:3000])
    with pytest.raises(ResultError, match=r"beside new\.bin is an unfinished file of another"):
        write_prepared(source, tmp_path / "new.bin", rule="squash-lanczos", pixels=PIXELS)
    assert other.stat().st_size == 3000


def test_a_second_process_is_refused(source, tmp_path):
    target = tmp_path / "set.bin"
    with locked(target, "preparing"), pytest.raises(ResultError, match=r"another process is preparing set\.bin"):
        write_prepared(source, target, rule=RULE, pixels=PIXELS)
    write_prepared(source, target, rule=RULE, pixels=PIXELS)


@pytest.mark.skipif(os.name != "posix", reason="limits of file sizes are POSIX")
def test_a_full_disk_is_reported_and_the_file_is_resumed(source, whole, tmp_path):
    """A limit of the file size simulates the full disk."""
    import resource

    target = tmp_path / "set.bin"
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (whole.path.stat().st_size // 2, limits[1]))
    try:
        with pytest.raises(
            ResultError, match=r"the disk is full[\s\S]*free some space and give the same command again"
        ):
            write_prepared(source, target, rule=RULE, pixels=PIXELS, labels=[3, None, 0, 1])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert not target.exists()
    write_prepared(source, target, rule=RULE, pixels=PIXELS, labels=[3, None, 0, 1])
    assert target.read_bytes() == whole.path.read_bytes()


def test_a_folder_that_cannot_be_made_is_reported(source, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ResultError, match="cannot write to the folder"):
        write_prepared(source, tmp_path / "file" / "set.bin", rule=RULE, pixels=PIXELS)


def test_invalid_arguments_are_refused(source, tmp_path):
    target = tmp_path / "set.bin"
    with pytest.raises(UsageError, match=r"one class label per video[\s\S]*4 labels[\s\S]*2"):
        write_prepared(source, target, rule=RULE, pixels=PIXELS, labels=[0, 1])
    with pytest.raises(UsageError, match="at least one worker"):
        write_prepared(source, target, rule=RULE, pixels=PIXELS, workers=0)
    with pytest.raises(UsageError, match="needs a resolution"):
        write_prepared(source, target, rule=RULE)
    with pytest.raises(DataError, match="leaves frames as they are"):
        write_prepared(source, target, rule="none", pixels=PIXELS)


# --- damage, and files of other formats


def test_verify_reports_progress_per_video(whole):
    calls = []
    whole.verify(lambda *call: calls.append(call))
    assert calls == [(done, 4, "checking whole.bin") for done in range(1, 5)]


def test_one_wrong_byte_anywhere_is_noticed(whole, tmp_path):
    data = whole.path.read_bytes()
    path = tmp_path / "wrong.bin"
    offsets = {0, 16, 20, 28, 40, len(data) - 1, len(data) - 20, len(data) - 50, len(data) - 56, len(data) - 70}
    offsets |= set(np.random.default_rng(1).integers(0, len(data), 120).tolist())
    for record in whole._offsets:
        offsets |= {record + field for field in (0, 5, 13, 20, 48, 55)}
    for offset in sorted(offsets):
        wrong = bytearray(data)
        wrong[offset] ^= 0x10
        path.write_bytes(wrong)
        with pytest.raises(DataError, match=r"wrong\.bin (is|was|cannot)"):
            PreparedFile(path).verify()


def test_reading_names_the_damaged_video(whole, tmp_path):
    data = bytearray(whole.path.read_bytes())
    data[whole._offsets[3] + 200] ^= 0x10
    path = tmp_path / "wrong.bin"
    path.write_bytes(data)
    file = PreparedFile(path)
    file.read(1, range(1))
    with pytest.raises(DataError, match=rf"wrong\.bin is damaged: the video {file.name(3)} cannot be read completely"):
        file.read(3, range(35))
    with pytest.raises(DataError, match=rf"the video {file.name(3)}"):
        file.verify()


def test_a_truncated_file_is_refused(whole, tmp_path):
    data = whole.path.read_bytes()
    path = tmp_path / "cut.bin"
    for length in (17, 100, len(data) // 2, len(data) - 1):
        path.write_bytes(data[:length])
        with pytest.raises(DataError, match=r"cut\.bin is incomplete: truncated"):
            PreparedFile(path)


def test_files_of_other_formats_are_refused(tmp_path):
    path = tmp_path / "other.bin"
    for data, found in ((b"", "an empty file"), (b"\x89HDF\r\n\x1a\n" + bytes(90), "HDF")):
        path.write_bytes(data)
        assert not is_prepared(path)
        with pytest.raises(DataError, match=rf"other\.bin is not a prepared file[\s\S]*{found}"):
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


def test_a_removed_file_is_reported(whole):
    whole.path.unlink()
    with pytest.raises(DataError, match=r"whole\.bin cannot be read: No such file"):
        whole.read(0, [0])
    with pytest.raises(DataError, match=r"whole\.bin cannot be read: No such file"):
        whole.verify()


def test_another_rule_or_resolution_is_refused_by_name(whole, monkeypatch):
    assert open_prepared(whole.path).rule == RULE
    assert open_prepared(whole.path, rule=RULE, pixels=PIXELS).content_digest == whole.content_digest
    with pytest.raises(
        DataError, match=r"whole\.bin was prepared with other settings[\s\S]*squash-lanczos at 16x16[\s\S]*centre-b"
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
