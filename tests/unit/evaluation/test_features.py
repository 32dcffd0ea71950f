import signal
import subprocess
import sys
import threading
import time
import weakref
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file
from support.engines import WIDTH, FakeEngine, fake_engine, use_engine
from support.paths import environment

from vidmbench.core.errors import DataError, ResultError
from vidmbench.detectors.engine import engine_name
from vidmbench.evaluation import feature_job, networks
from vidmbench.evaluation.clips import Clip, ClipPlan
from vidmbench.evaluation.feature_job import FeatureJob
from vidmbench.evaluation.features import features_of
from vidmbench.protocols.array_values import FirstResize
from vidmbench.protocols.fields import field_names
from vidmbench.protocols.protocol import load_protocol
from vidmbench.protocols.stages import ArrayStage
from vidmbench.sources.controls import control
from vidmbench.videos import ArraySource
from vidmbench.videos.source import Skipped, SourceDefaults

SPEC = load_protocol("fvd-stylegan-v")
HEAD, ROW = 16, 4 * WIDTH + 4  # bytes of a file of rows: its head, and a row with its checksum


class Films(ArraySource):
    """An array source that counts what is read and can have bad videos."""

    def __init__(self, array, label="films", bad=()):
        super().__init__(array, label)
        self.bad = dict(bad)
        self.reads = []
        self._count = threading.Lock()

    def read(self, index, frames):
        with self._count:
            self.reads.append(index)
        if index in self.bad:
            raise DataError(self.bad[index], where=self.name(index))
        return super().read(index, frames)


@pytest.fixture
def array():
    return np.random.default_rng(0).integers(0, 256, (6, 20, 8, 8, 3), dtype=np.uint8)


def plan_of(count, frames=9, stride=1, start=0):
    return ClipPlan(tuple(Clip(video, start, frames, stride) for video in range(count)), ())


def job(source, plan=None, stage=SPEC.array, precision="fp32"):
    return FeatureJob(source, plan or plan_of(len(source)), stage, precision)


def entry_files(own_cache, ending):
    return sorted((own_cache / "features").glob(f"*{ending}"))


def test_features_come_in_the_order_of_the_plan(fake_network, array):
    films = Films(array)
    (found,) = features_of([job(films)])
    assert found.features.shape == (6, WIDTH)
    assert found.features.dtype == np.float32
    assert (found.skipped, found.engine) == ((), engine_name())
    for index in range(6):
        (alone,) = features_of([job(Films(array), ClipPlan((Clip(index, 0, 9, 1),), ()))])
        np.testing.assert_array_equal(alone.features[0], found.features[index])
    assert len({row.tobytes() for row in found.features}) == 6


def test_the_second_call_loads_no_engine_and_reads_nothing(fake_network, array, monkeypatch):
    (first,) = features_of([job(Films(array))])
    use_engine(lambda *_, **__: pytest.fail("an engine was loaded"), patch=monkeypatch.setattr)
    films = Films(array)
    (second,) = features_of([job(films)])
    np.testing.assert_array_equal(first.features, second.features)
    assert films.reads == []


def test_only_whole_entries_are_left_in_the_cache(fake_network, array, own_cache):
    features_of([job(Films(array))])
    names = sorted(path.suffix for path in (own_cache / "features").iterdir())
    assert names in ([".safetensors"], [".lock", ".safetensors"])


def test_several_jobs_on_one_source_read_each_video_once(fake_network, array):
    films = Films(array)
    tf1 = SPEC.array.model_copy(update={"resize": "bilinear-tf1"})
    jobs = [
        job(films),
        job(films, plan_of(6, frames=12)),
        job(films, plan_of(4, frames=9, stride=2), tf1),
        job(control("reversed", films), plan_of(5, start=3)),
        job(control("static", films)),
    ]
    found = features_of(jobs)
    assert sorted(films.reads) == list(range(6))
    assert len(fake_network) == 1
    assert [len(item.features) for item in found] == [6, 6, 4, 5, 6]
    for wanted, item in zip(jobs, found, strict=True):
        fresh = type(wanted)(wanted.source, wanted.plan, wanted.stage, wanted.precision)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(feature_job, "VERSION", 999)
            (alone,) = features_of([fresh])
        np.testing.assert_array_equal(alone.features, item.features)


def test_one_network_is_loaded_for_each_precision_and_epsilon(fake_network, array):
    films = Films(array)
    other = SPEC.array.model_copy(update={"batch_norm_eps": 1e-5})
    features_of([job(films), job(films, precision="bf16"), job(films, stage=other)])
    assert len(fake_network) == 3


def different_networks(films):
    """Jobs of three networks, one of which is for frames and one for what happens between them."""
    yield job(films)
    yield job(films, plan_of(6, frames=12), SPEC.array.model_copy(update={"batch_norm_eps": 1e-5}))
    yield job(control("reversed", films), plan_of(5, start=3), load_protocol("fid-frames").array)
    yield job(films, plan_of(4), load_protocol("flicker-vbench").array)


@pytest.fixture
def wide(monkeypatch):
    """A network for every stage, as wide as its detector."""

    def make(stage, **options):
        if stage.detector != "inception-pool":
            return fake_engine(stage, **options)
        return FakeEngine(lambda clip: np.resize(clip[:, ::99, ::99], (len(clip), 2048)).ravel())

    return use_engine(make, patch=monkeypatch.setattr)


def test_networks_share_the_reading_of_a_source(wide, array):
    films = Films(array)
    found = features_of(list(different_networks(films)))
    assert sorted(films.reads) == list(range(6))
    assert len(wide) == 4
    for wanted, item in zip(different_networks(films), found, strict=True):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(feature_job, "VERSION", 999)
            (alone,) = features_of([wanted])
        np.testing.assert_array_equal(alone.features, item.features)


def test_networks_that_do_not_fit_into_memory_together_read_again(wide, array, monkeypatch, capsys):
    monkeypatch.setattr(networks, "free_memory", lambda: 2 * networks._A_TURN)
    films = Films(array)
    features_of(list(different_networks(films)))
    assert sorted(films.reads) == sorted([*range(6), *range(6), *range(5), *range(4)])
    assert "4 networks do not fit into memory together: films is read 4 times" in capsys.readouterr().err


@pytest.mark.parametrize(("library", "times"), [("torch", 1), ("openvino", 2)])
def test_openvino_needs_room_for_a_copy_of_the_weights(wide, array, monkeypatch, library, times):
    """Two networks of 2 or 3 turns' memory each, where there is room for 5."""
    monkeypatch.setattr(networks, "free_memory", lambda: 10 * networks._A_TURN)
    monkeypatch.setattr(networks, "bytes_of_weights", lambda _: networks._A_TURN)
    monkeypatch.setattr(networks, "engine_name", lambda *_, **__: f"{library}-1/cpu")
    films = Films(array)
    features_of(list(different_networks(films))[:2])
    assert sorted(films.reads) == sorted([*range(6)] * times)


def test_a_network_takes_its_turn_and_a_bad_video_loses_nothing(wide, array, monkeypatch):
    monkeypatch.setattr(networks, "_A_TURN", 1)
    monkeypatch.setattr(networks, "cores", lambda: 1)
    told, films = [], Films(array, bad={3: "broken"})
    with pytest.raises(DataError, match="broken"):
        features_of(list(different_networks(films))[:2], progress=lambda done, *_: told.append(done))
    assert max(told) == 6, "of three videos before the bad one, for two networks"
    assert len(wide) == 2


def test_the_same_job_twice_is_computed_once(fake_network, array):
    one, two = features_of([job(Films(array)), job(Films(array))])
    np.testing.assert_array_equal(one.features, two.features)
    assert fake_network.scored == 6


def test_progress_is_told(fake_network, array):
    told = []
    features_of([job(Films(array))], progress=lambda *words: told.append(words))
    before = [(0, 6, "films: reading"), (0, 6, "loading the network i3d-kinetics400")]
    assert told == [*before, *((done, 6, "films") for done in range(1, 7))]


def test_progress_names_protocols_and_counts_all_sources(fake_network, array):
    """The total is that of both sources and all networks; features that two protocols share are computed once."""
    told, films = [], Films(array)
    other = Films(np.flip(array, axis=1).copy(), "others")
    jobs = [
        replace(job(films), protocol="a"), replace(job(films), protocol="b"),
        replace(job(films, precision="bf16"), protocol="c"), replace(job(other), protocol="a"),
    ]  # fmt: skip
    features_of(jobs, progress=lambda *words: told.append(words))
    assert {total for _, total, _ in told} == {18}
    labels = list(dict.fromkeys(label for done, _, label in told if ":" not in label and "loading" not in label))
    assert sorted(labels) == ["films, protocols 1-3 of 3", "others, protocol 1 of 3"]
    assert [done for done, _, _ in told][-1] == 18
    assert [done for done, _, _ in told] == sorted(done for done, _, _ in told)


# The key.


def changed_jobs(films, array):
    def stage(**values):
        return SPEC.array.model_copy(update=values)

    other = array.copy()
    other[0, 0, 0, 0, 0] ^= 1
    yield "eps", job(films, stage=stage(batch_norm_eps=1e-5))
    yield "resize", job(films, stage=stage(resize="bilinear-tf1"))
    yield "crop", job(films, stage=stage(crop="short-side-centre"))
    yield "time pool", job(films, stage=stage(time_pool=1))
    yield "wide input", job(films, stage=stage(wide_input="spatial-mean"))
    yield "longer", job(films, stage=stage(lengthen="each-twice"))
    yield "rows", job(films, stage=stage(first_resize=FirstResize(size=9, resize="bicubic-pil", bottom_rows=8)))
    yield "first", job(films, stage=stage(first_resize=FirstResize(size=9, resize="bicubic-pil")))
    yield "range", job(films, stage=stage(range="0..1"))
    yield "precision", job(films, precision="bf16")
    yield "frames", job(films, plan_of(6, frames=10))
    yield "stride", job(films, plan_of(6, stride=2))
    yield "start", job(films, plan_of(6, start=1))
    yield "fewer videos", job(films, plan_of(5))
    yield "a pixel", job(Films(other))
    yield "a control", job(control("static", films))
    yield "another control", job(control("noise", films, seed=1))
    yield "its seed", job(control("noise", films, seed=2))


def test_everything_that_moves_a_feature_changes_the_key(array, monkeypatch):
    array = array[:, :, :-2]  # not square, or a crop would be none
    films = Films(array)
    keys = {"as it is": job(films).key("e")}
    keys |= {what: wanted.key("e") for what, wanted in changed_jobs(films, array)}
    keys["engine"] = job(films).key("f")
    monkeypatch.setattr(feature_job, "VERSION", feature_job.VERSION + 1)
    keys["version"] = job(films).key("e")
    assert len(set(keys.values())) == len(keys)
    assert all(len(key) == 64 for key in keys.values())


def test_of_a_square_nothing_is_cropped_so_the_features_are_shared(array):
    cropped = SPEC.array.model_copy(update={"crop": "short-side-centre"})
    assert job(Films(array)).key("e") == job(Films(array), stage=cropped).key("e")


def test_every_field_of_the_array_stage_is_in_the_key():
    walked = {"detector", "batch_norm_eps", "time_pool", "wide_input", "lengthen", "first_resize", "crop", "resize"}
    walked |= {"range"}
    without_effect = {"truncate_uint8"}  # it has one value only
    assert set(type(SPEC.array).model_fields) == walked | without_effect, "a new field must go into changed_jobs too"
    assert set(field_names(ArrayStage, "detector", "array")) == walked


def test_the_key_does_not_depend_on_names_of_folders_or_objects(array):
    assert job(Films(array, "here")).key("e") == job(Films(array.copy(), "there")).key("e")


# Bad videos.


def test_a_video_that_cannot_be_read_stops_the_work_and_keeps_what_was_done(fake_network, array):
    films = Films(array, bad={4: "clip 4 is broken"})
    with pytest.raises(DataError, match="clip 4 is broken"):
        features_of([job(films)])
    (found,) = features_of([job(Films(array))])
    assert fake_network[-1].scored < 6
    assert len(found.features) == 6


@pytest.mark.parametrize("bad", [[0], [5], [2, 3], [0, 1, 2, 3, 4, 5], [0, 5]])
def test_skipping_leaves_clips_out_and_lists_them(fake_network, array, bad):
    films = Films(array, bad={index: f"{index} is broken" for index in bad})
    (found,) = features_of([job(films)], on_bad="skip")
    assert found.skipped == tuple(Skipped(films.name(index), f"{index} is broken") for index in bad)
    good = [index for index in range(6) if index not in bad]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(feature_job, "VERSION", 999)
        (expected,) = features_of([job(Films(array))])
    np.testing.assert_array_equal(found.features, expected.features[good])
    again = Films(array, bad=films.bad)
    (second,) = features_of([job(again)], on_bad="skip")
    np.testing.assert_array_equal(second.features, found.features)
    assert (second.skipped, sorted(again.reads)) == (found.skipped, bad)


def test_a_run_that_stops_takes_no_features_with_holes(fake_network, array):
    films = Films(array, bad={2: "2 is broken"})
    features_of([job(films)], on_bad="skip")
    with pytest.raises(DataError, match="2 is broken"):
        features_of([job(films)], on_bad="stop")


@pytest.mark.parametrize("on_bad", ["stop", "skip"])
def test_a_video_that_reads_again_is_used(fake_network, array, own_cache, on_bad):
    features_of([job(Films(array, bad={2: "a disk that was away for a second"}))], on_bad="skip")
    films = Films(array)
    (found,) = features_of([job(films)], on_bad=on_bad)
    assert (found.skipped, films.reads, fake_network[-1].scored) == ((), [2], 1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(feature_job, "VERSION", 999)
        (expected,) = features_of([job(Films(array))])
    np.testing.assert_array_equal(found.features, expected.features)
    assert not entry_files(own_cache, ".rows")


def test_a_second_look_at_bad_videos_loads_no_network(fake_network, array):
    films = Films(array, bad={2: "2 is broken"})
    features_of([job(films)], on_bad="skip")
    features_of([job(films)], on_bad="skip")
    assert len(fake_network) == 1


def test_all_jobs_of_a_bad_video_skip_it(fake_network, array):
    films = Films(array, bad={1: "broken"})
    found = features_of([job(films), job(films, plan_of(6, frames=12))], on_bad="skip")
    assert [len(item.features) for item in found] == [5, 5]
    assert [item.skipped for item in found] == [(Skipped("clip000001", "broken"),)] * 2


# Runs that were cut short.


class Cut(Exception):
    """Stands for whatever ends a run."""


def cut_after(rows, films, **options):
    """A run that ends in the middle."""

    def stop(done, total, label):
        if done >= rows:
            raise Cut

    with pytest.raises(Cut):
        features_of([job(films)], progress=stop, **options)


def test_an_interrupted_run_goes_on_where_it_stopped(fake_network, array, own_cache):
    cut_after(4, Films(array))
    (rows,) = entry_files(own_cache, ".rows")
    assert rows.stat().st_size == HEAD + 4 * ROW
    films = Films(array)
    (found,) = features_of([job(films)])
    assert sorted(films.reads) == [4, 5]
    assert fake_network[-1].scored == 2
    assert not entry_files(own_cache, ".rows")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(feature_job, "VERSION", 999)
        (expected,) = features_of([job(Films(array))])
    np.testing.assert_array_equal(found.features, expected.features)


def test_an_entry_that_lacked_room_at_its_end_is_finished_later(fake_network, array, own_cache, monkeypatch):
    """All its rows are known, and none is computed again."""

    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", full)
        with pytest.raises(ResultError, match="No space left on device"):
            features_of([job(Films(array))])
    (whole,) = features_of([job(Films(array))])
    assert fake_network.scored == len(whole.features) == 6
    assert [path.suffix for path in (own_cache / "features").iterdir() if path.suffix != ".lock"] == [".safetensors"]


@pytest.mark.parametrize("extra", [1, 7, 4 * WIDTH - 1])
def test_half_a_row_at_the_end_is_cut(fake_network, array, own_cache, extra):
    cut_after(3, Films(array))
    (rows,) = entry_files(own_cache, ".rows")
    with rows.open("ab") as stream:
        stream.write(b"\xff" * extra)
    films = Films(array)
    (found,) = features_of([job(films)])
    assert sorted(films.reads) == [3, 4, 5]
    assert np.isfinite(found.features).all()
    assert len(found.features) == 6


def test_resuming_keeps_skipped_rows(fake_network, array, own_cache):
    bad = {1: "1 is broken", 4: "4 is broken"}
    cut_after(4, Films(array, bad=bad), on_bad="skip")
    films = Films(array, bad=bad)
    (found,) = features_of([job(films)], on_bad="skip")
    assert sorted(films.reads) == [1, 4, 5]
    assert [left.name for left in found.skipped] == ["clip000001", "clip000004"]
    assert len(found.features) == 4


def test_a_damaged_entry_is_made_anew(fake_network, array, own_cache):
    (first,) = features_of([job(Films(array))])
    (path,) = entry_files(own_cache, ".safetensors")
    whole = path.read_bytes()
    for damage in (b"", whole[:50], whole[:-5], b"\xff" * 100):
        path.write_bytes(damage)
        films = Films(array)
        (again,) = features_of([job(films)])
        np.testing.assert_array_equal(again.features, first.features)
        assert sorted(films.reads) == list(range(6))
    features = load_file(path)["features"]
    save_file({"features": features[:3].copy()}, path)
    (again,) = features_of([job(Films(array))])
    np.testing.assert_array_equal(again.features, first.features)


# Several processes.

PROCESS = """
import sys, time
sys.path[:0] = [{folder!r}]
import numpy as np
from support.engines import FakeEngine, use_engine
from vidmbench.evaluation import feature_job
from vidmbench.evaluation import features as module
import {name} as here
from vidmbench.core.files import sha256_of_parts
class Slow(FakeEngine):
    def feature(self, clip):
        time.sleep(0.05)
        with open(sys.argv[1], "a") as log:
            log.write("scored\\n")
        return super().feature(clip)
use_engine(lambda *_, **__: Slow())
array = np.random.default_rng(0).integers(0, 256, (20, 9, 8, 8, 3), dtype=np.uint8)
(found,) = module.features_of([here.job(here.Films(array))])
print(sha256_of_parts(found.features.tobytes()))
"""


@pytest.fixture
def process(tmp_path):
    code = PROCESS.format(folder=str(Path(__file__).parent), name=Path(__file__).stem)

    def start(log):
        command = [sys.executable, "-c", code, str(tmp_path / log)]
        return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment())

    return start


def lines(path):
    return path.read_text().count("\n") if path.exists() else 0


def test_a_killed_run_loses_nothing_that_was_written(process, tmp_path, own_cache):
    whole = process("other")
    expected = whole.communicate(timeout=60)[0]
    for path in (own_cache / "features").iterdir():
        path.unlink()
    first = process("first")
    deadline = time.monotonic() + 60
    while lines(tmp_path / "first") < 6 and time.monotonic() < deadline:
        time.sleep(0.01)
    first.send_signal(signal.SIGKILL)
    first.communicate()
    assert first.returncode == -signal.SIGKILL
    kept = sum((rows.stat().st_size - HEAD) // ROW for rows in entry_files(own_cache, ".rows"))
    kept += sum(len(load_file(block)["features"]) for block in entry_files(own_cache, ".safetensors"))
    assert 5 <= kept < 20
    second = process("second")
    assert second.communicate(timeout=60)[0] == expected
    assert second.returncode == 0
    assert lines(tmp_path / "second") == 20 - kept


def test_two_runs_at_once_compute_once_and_agree(process, tmp_path):
    running = [process("both") for _ in range(2)]
    said = [one.communicate(timeout=60)[0] for one in running]
    assert [one.returncode for one in running] == [0, 0]
    assert said[0] == said[1] != ""
    assert lines(tmp_path / "both") == 20


# Memory.


class Endless(SourceDefaults):
    """Many videos made when they are read; counts how many frames arrays are alive at once."""

    label, size, skipped, notes = "endless", (64, 64), (), ()

    def __init__(self, count):
        self.count = count
        self.alive = self.most = 0
        self._lock = threading.Lock()

    def __len__(self):
        return self.count

    def name(self, index):
        return f"v{index}"

    def num_frames(self, index):
        return 16

    def digest(self):
        return "0" * 64

    def read(self, index, frames):
        made = np.full((len(frames), 64, 64, 3), index % 256, np.uint8)
        with self._lock:
            self.alive += 1
            self.most = max(self.most, self.alive)
        weakref.finalize(made, self._gone)
        return made

    def _gone(self):
        with self._lock:
            self.alive -= 1


def test_few_clips_are_in_memory(monkeypatch):
    alive, most, size = 0, 0, []

    class Counting(FakeEngine):
        def features(self, clips):
            def counted():
                for clip in clips:
                    size.append(clip.nbytes)
                    yield clip

            yield from super().features(counted())

        def feature(self, clip):
            time.sleep(0.002)  # slower than the readers: they would run ahead if nothing held them
            return np.zeros(WIDTH, np.float32) + clip[0, 0, 0, 0]

    import vidmbench.detectors.resize as resizing

    lock = threading.Lock()

    def prepared(frames, stage, *, size):
        nonlocal alive, most
        made = np.full((1, 1, 1, 3), frames[0, 0, 0, 0], np.float32)
        with lock:
            alive += 1
            most = max(most, alive)
        weakref.finalize(made, gone)
        return made

    def gone():
        nonlocal alive
        with lock:
            alive -= 1

    monkeypatch.setattr(resizing, "prepared", prepared)
    use_engine(lambda *_, **__: Counting(), patch=monkeypatch.setattr)
    films = Endless(200)
    (found,) = features_of([job(films, plan_of(200, frames=16))])
    np.testing.assert_array_equal(found.features[:, 0], np.arange(200))
    assert len(size) == 200
    assert most <= 20
    assert films.most <= 20
