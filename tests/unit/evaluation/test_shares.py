"""Several processes at one job: every clip is computed once, and the features are those of one process."""

import errno
import os
import random
import shutil
import threading
import time

import filelock
import numpy as np
import pytest
from support.engines import FakeEngine, use_engine
from support.full_disk import full_disk

from vidmbench.core import locks
from vidmbench.core.errors import ChangedError, DataError, ResultError
from vidmbench.core.workers import Share
from vidmbench.evaluation import shard_sheets
from vidmbench.evaluation.clips import Clip, ClipPlan
from vidmbench.evaluation.feature_job import FeatureJob
from vidmbench.evaluation.features import compute_share, features_of
from vidmbench.protocols.protocol import load_protocol
from vidmbench.videos import ArraySource

SPEC = load_protocol("fvd-stylegan-v")
ARRAY = np.random.default_rng(0).integers(0, 256, (29, 3, 8, 8, 3), dtype=np.uint8)  # blocks of 8, 8, 8 and 5 clips
GROUP = Share()


class Broken(ArraySource):
    """Videos of which one cannot be read."""

    def read(self, index, frames):
        if index == 11:
            raise DataError("11 is broken", where=self.name(index))
        return super().read(index, frames)


def jobs_of(count=29, start=0, kind=ArraySource):
    plan = ClipPlan(tuple(Clip(video, start, 2, 1) for video in range(count)), ())
    return [FeatureJob(kind(ARRAY, "films"), plan, SPEC.array, "fp32")]


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """Another cache, for what follows."""

    def other(name):
        monkeypatch.setenv("VIDMBENCH_CACHE", str(tmp_path / name))
        return tmp_path / name / "features"

    return other


@pytest.fixture
def expected(fake_network, cache):
    """What one undisturbed process gives."""
    cache("alone")
    (found,) = features_of(jobs_of())
    cache("shared")
    fake_network.clear()
    return found.features


def finished(expected, **options):
    (found,) = features_of(jobs_of(), **options)
    np.testing.assert_array_equal(found.features, expected)
    return found


def left_in(folder):
    return sorted(path.name for path in folder.iterdir() if path.suffix != ".lock")


@pytest.mark.parametrize("workers", [1, 2, 4, 7])
def test_shards_in_any_order_give_the_features_of_one_process(expected, fake_network, cache, workers):
    folder = cache("shared")
    parts = list(range(1, workers + 1))
    random.Random(workers).shuffle(parts)
    done = [compute_share(jobs_of(), Share(part, workers)) for part in parts]
    assert sum(each.computed for each in done) == 29
    assert [each.missing for each in done] == [0] * workers
    assert (done[-1].unfinished, done[-1].total) == (0, 29)
    found = finished(expected)
    assert found.is_cached
    assert fake_network.scored == 29
    assert len(left_in(folder)) == 1, "blocks and what workers said of themselves are gone"


def test_more_workers_than_clips(fake_network, cache):
    done = [compute_share(jobs_of(3), Share(part, 5)) for part in range(1, 6)]
    assert sorted(each.computed for each in done) == [0, 0, 0, 0, 3]
    assert features_of(jobs_of(3))[0].is_cached


def test_how_work_is_cut_does_not_depend_on_the_number_of_workers(fake_network, cache):
    """So another WORLD_SIZE, or another N, goes on with what the last try left."""
    folder = cache("shared")
    compute_share(jobs_of(), Share(1, 4))
    compute_share(jobs_of(), Share(2, 3))
    before = fake_network.scored
    compute_share(jobs_of(), GROUP, is_in_group=True)
    assert (fake_network.scored, before > 8) == (29, True)
    assert sorted(name.split(".")[1] for name in left_in(folder) if name.endswith(".safetensors")) == [
        "0-8", "16-24", "24-29", "8-16",
    ]  # fmt: skip


def test_short_entries_are_dealt_out_too(fake_network):
    """One block each: those of different videos do not all fall to the first share."""
    computed = []
    for number in range(4):
        (job,) = jobs_of(2)
        job.source.digest = lambda number=number: f"{number}" * 64
        computed.append(compute_share([job], Share(1, 2)).computed)
    assert set(computed) == {0, 2}


# Processes at the same time. Threads stand for them: locks are of open files, not of processes.


class Slow(FakeEngine):
    """Slow enough for others to join."""

    def feature(self, clip):
        time.sleep(0.004)
        return super().feature(clip)


def at_once(*calls):
    found = [None] * len(calls)

    def run(number):
        try:
            found[number] = calls[number]()
        except BaseException as error:
            found[number] = error

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(calls))]
    for thread in threads:
        thread.start()
        time.sleep(0.03)  # the later ones join when the first is at work
    for thread in threads:
        thread.join(30)
    return found


def test_processes_at_once_compute_each_clip_once_and_agree(expected, monkeypatch):
    loaded = use_engine(lambda *_, **__: Slow(), patch=monkeypatch.setattr)
    worker = lambda: compute_share(jobs_of(), GROUP, is_in_group=True)  # noqa: E731
    whole = lambda: features_of(jobs_of())[0]  # noqa: E731
    found = at_once(worker, whole, worker, whole)
    np.testing.assert_array_equal(found[1].features, expected)
    np.testing.assert_array_equal(found[3].features, expected)
    assert loaded.scored == 29
    assert 0 < found[0].computed < 29


class Killed(BaseException):
    """Ends a process at any place."""


def killed_after(rows, share=GROUP):
    def progress(done, *_):
        if done >= rows:
            raise Killed

    with pytest.raises(Killed):
        compute_share(jobs_of(), share, progress=progress)


def test_others_take_over_what_one_that_was_killed_has_left(expected, fake_network):
    killed_after(11)
    compute_share(jobs_of(), Share(1, 2))
    finished(expected)
    assert fake_network.scored <= 29 + 1, "but for the clip in flight none was computed twice"


def test_one_that_waits_takes_over_from_one_that_dies(expected, monkeypatch, capsys):
    """The last process waits at the lock of one that is killed while it computes."""
    loaded = use_engine(lambda *_, **__: Slow(), patch=monkeypatch.setattr)
    begun, dies = threading.Event(), threading.Event()

    def progress(done, *_):
        if done >= 3:
            begun.set()
            dies.wait(30)
            raise Killed

    def dying():
        compute_share(jobs_of(), GROUP, progress=progress)

    def waiting():
        begun.wait(30)
        threading.Timer(0.3, dies.set).start()
        return features_of(jobs_of())[0]

    found = at_once(dying, waiting)
    assert isinstance(found[0], Killed)
    np.testing.assert_array_equal(found[1].features, expected)
    assert loaded.scored <= 29 + 1
    assert capsys.readouterr().err.count("waiting for other processes that compute the same features") == 1


def test_caches_of_two_hosts_are_merged_by_copying(expected, fake_network, cache):
    """In any order, and also where both began the same block."""
    first = cache("first")
    compute_share(jobs_of(), Share(1, 2))
    killed_after(2, Share(2, 2))
    second = cache("second")
    compute_share(jobs_of(), Share(2, 2))
    before = fake_network.scored
    shutil.copytree(first, second, dirs_exist_ok=True)
    finished(expected)
    assert fake_network.scored == before
    assert len(left_in(second)) == 1


def test_two_commands_in_one_cache_do_not_mix(expected, fake_network):
    compute_share(jobs_of(start=1), Share(1, 2))
    compute_share(jobs_of(), Share(1, 2))
    compute_share(jobs_of(start=1), Share(2, 2))
    compute_share(jobs_of(), Share(2, 2))
    finished(expected)
    assert fake_network.scored == 2 * 29
    (other,) = features_of(jobs_of(start=1))
    assert other.is_cached
    assert not np.array_equal(other.features, expected)


def test_a_clip_that_cannot_be_read_is_skipped_by_all(fake_network, expected):
    jobs = jobs_of(kind=Broken)
    done = [compute_share(jobs_of(kind=Broken), Share(part, 3), on_bad="skip") for part in (1, 2, 3)]
    assert (sum(each.missing for each in done), done[-1].unfinished) == (1, 8)
    (found,) = features_of(jobs, on_bad="skip")
    assert [skipped.name for skipped in found.skipped] == ["clip000011"]
    np.testing.assert_array_equal(found.features, np.delete(expected, 11, axis=0))
    with pytest.raises(DataError, match="11 is broken"):
        compute_share(jobs_of(kind=Broken), GROUP)


def test_a_damaged_block_is_computed_again(expected, fake_network, cache, capsys):
    folder = cache("shared")
    compute_share(jobs_of(), GROUP)
    block = next(folder.glob("*.8-16.safetensors"))
    data = bytearray(block.read_bytes())
    data[-1] ^= 1
    block.write_bytes(data)
    found = finished(expected)
    assert (found.is_cached, fake_network.scored) == (False, 29 + 8)
    assert f"cached features are damaged and are computed again: {block.name}" in capsys.readouterr().err


def test_blocks_in_a_cache_that_is_only_read(expected, fake_network, cache, monkeypatch):
    compute_share(jobs_of(), GROUP)
    monkeypatch.setattr(os, "access", lambda *_: False)
    monkeypatch.setattr(filelock.FileLock, "acquire", lambda *_, **__: pytest.fail("a lock was taken"))
    finished(expected)


# Workers that differ, and caches that cannot be shared.


@pytest.mark.parametrize(
    ("name", "other", "words"),
    [
        ("version", lambda _: "9.9", ["another version of vidmbench", "expected: 0.", "found: 9.9"]),
        ("identity", lambda _: "f" * 64, ["other weights", "found: i3d-kinetics400 ffffffffffffffff,"]),
        ("VERSION", 999, ["another version of the feature code", "found: 999"]),
    ],
)
def test_a_worker_that_differs_is_refused_by_name(expected, fake_network, cache, monkeypatch, name, other, words):
    folder = cache("shared")
    compute_share(jobs_of(), Share(1, 2))
    before = left_in(folder)
    with monkeypatch.context() as patch:
        patch.setattr(shard_sheets, name, other)
        for _ in range(2):  # being refused leaves nothing behind
            with pytest.raises(ResultError) as refused:
                compute_share(jobs_of(), Share(2, 2))
    for word in words:
        assert word in str(refused.value), (word, str(refused.value))
    assert left_in(folder) == before
    compute_share(jobs_of(), Share(2, 2))
    finished(expected)


def test_a_worker_on_another_engine_is_refused_by_name(expected, monkeypatch):
    compute_share(jobs_of(), Share(1, 2))
    monkeypatch.setattr("vidmbench.evaluation.features.engine_name", lambda *_, **__: "torch-9.9/cpu")
    with pytest.raises(ResultError, match=r"another engine or device than .*(\n.*)*found: torch-9\.9/cpu, on"):
        compute_share(jobs_of(), Share(2, 2))
    with monkeypatch.context() as patch:
        patch.setattr("vidmbench.evaluation.block_work.engine_name", lambda *_, **__: "torch-9.9/cpu")
        (found,) = features_of(jobs_of())  # alone, it ends what was begun with what it has
    np.testing.assert_array_equal(found.features, expected)


def test_weights_that_change_while_a_share_is_computed(fake_network, monkeypatch):
    monkeypatch.setattr("vidmbench.evaluation.block_work.engine_name", lambda *_, **__: "changed")
    with pytest.raises(ChangedError, match="changed while it ran"):
        compute_share(jobs_of(), GROUP)
    monkeypatch.undo()


@pytest.fixture
def no_locks(monkeypatch):
    def refuse(self, *_, **__):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(locks, "_NOTED", set())
    monkeypatch.setattr(filelock.FileLock, "acquire", refuse)


def test_a_cache_without_locks_is_refused_where_only_locks_keep_workers_apart(fake_network, cache, no_locks):
    folder = cache("shared")
    with pytest.raises(
        ResultError, match=r"has no file locks(\n.*)*No locks available(\n.*)*its own --shard"
    ) as refused:
        compute_share(jobs_of(), GROUP, is_in_group=True)
    assert str(folder) in str(refused.value)
    assert fake_network.scored == 0


def test_shards_work_without_locks(expected, fake_network, no_locks, capsys):
    for part in (1, 2, 3):
        compute_share(jobs_of(), Share(part, 3))
    finished(expected)
    assert fake_network.scored == 29
    (line,) = capsys.readouterr().err.splitlines()
    assert "has no file locks: two processes that use it at once may compute the same clips twice" in line


def test_no_room_for_shards(expected, fake_network, tmp_path, monkeypatch):
    with full_disk(tmp_path, kilobytes=36) as folder:
        monkeypatch.setenv("VIDMBENCH_CACHE", str(folder))
        with pytest.raises(ResultError, match=r"cannot be written(\n.*)*No space left on device(\n.*)*kept"):
            compute_share(jobs_of(), GROUP)
        kept = tmp_path / "room"
        shutil.copytree(folder, kept)
    before = fake_network.scored
    assert before < 29
    monkeypatch.setenv("VIDMBENCH_CACHE", str(kept))
    finished(expected)
    assert fake_network.scored < before + 29
