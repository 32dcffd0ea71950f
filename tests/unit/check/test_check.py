"""Each stage moved on purpose, and the report that names it."""

import re
import shutil
import time
from xml.etree import ElementTree

import numpy as np
import pytest

from vidmbench import metrics
from vidmbench.check import golden, make_golden
from vidmbench.check import run as check
from vidmbench.check import stages as golden_stages
from vidmbench.check.golden import GoldenClips, load_golden
from vidmbench.check.golden_inputs import GoldenVideos, sampled, seeded_features, seeded_probabilities
from vidmbench.check.junit import Case, junit
from vidmbench.check.make_golden import made_clips
from vidmbench.check.report import Report
from vidmbench.check.run import STAGES, run_checks
from vidmbench.core import resources
from vidmbench.core.errors import UsageError
from vidmbench.detectors import engine as base
from vidmbench.evaluation import clips as clip_plans
from vidmbench.metrics import Moments, uncertainty
from vidmbench.protocols.protocol import load_protocol, protocol_names


def report(*names, **more):
    return Report(list(run_checks(names, **{"weights": "without", **more})))


def moved(found):
    return {one.stage for one in found.checks if one.state in ("moved", "failed")}


def test_all_holds_here_and_soon():
    started = time.process_time()
    found = report()
    assert time.process_time() - started < 30
    assert found.is_good, "\n".join(one.line for one in found.checks if one.state in ("moved", "failed"))
    assert {one.protocol for one in found.checks} == set(protocol_names())
    for stage in STAGES:
        assert {one.protocol for one in found.checks if one.stage == stage} == set(protocol_names()), stage
    assert {one.stage for one in found.checks if one.state == "skipped"} == {"detector", "score"}
    assert [one.stage for one in found.checks] == sorted((one.stage for one in found.checks), key=STAGES.index)
    assert "skipped, which do not count as passed" in found.summary


def shifted_choice(monkeypatch):
    plain = clip_plans._Draw.generator
    other = lambda draw, *purpose: plain(draw, *purpose, "another stream")  # noqa: E731
    monkeypatch.setattr(clip_plans._Draw, "generator", other)


def rounded_framing(monkeypatch):
    from vidmbench.videos import pre_resize as framing

    monkeypatch.setitem(framing._RULES, "centre-bilinear", framing._RULES["centre-bilinear-rounded"])


def other_kernel(monkeypatch):
    from vidmbench.detectors import resize as resizing

    plain = resizing.resized
    monkeypatch.setattr(resizing, "resized", lambda x, size, kernel: plain(x, size, "bilinear-antialias"))


def other_covariance(monkeypatch):
    monkeypatch.setattr(Moments, "covariance", lambda moments, normalisation: moments.scatter / moments.count)


def wider_interval(monkeypatch):
    plain = uncertainty.quantile
    monkeypatch.setattr(uncertainty, "quantile", lambda *given: plain(*given) * (1 + 1e-6))


@pytest.mark.parametrize(
    ("move", "stages"),
    [
        (shifted_choice, {"clips"}),
        (rounded_framing, {"framing"}),
        (other_kernel, {"array"}),
        (other_covariance, {"statistics", "interval"}),
        (wider_interval, {"interval"}),
    ],
)
def test_a_stage_that_moves_is_named_and_no_other(move, stages, monkeypatch):
    move(monkeypatch)
    found = report("fvd-digan")
    first = min(stages, key=STAGES.index)
    assert (moved(found), found.first_moved) == (stages, first)
    assert f"first stage that moved: {first} (fvd-digan)" in found.summary
    line = next(one.line for one in found.checks if one.state == "moved")
    assert re.match(rf"MOVED  {first} +fvd-digan .*: expected .*, found .*, relative difference .*, tolerance ", line)
    follows = [one.said for one in found.checks if one.stage == "interval" and one.state == "moved"]
    assert set(follows) == ({"follows from statistics"} if "statistics" in stages else {""} if follows else set())


def test_other_metrics_move_too(monkeypatch):
    plain = {name: getattr(metrics, name) for name in ("prdc", "inception_score", "kernel_distance")}
    monkeypatch.setattr(metrics, "prdc", lambda real, fake, k: plain["prdc"](real, fake, k=k - 1))
    monkeypatch.setattr(metrics, "inception_score", lambda p, **more: plain["inception_score"](p, **{**more, "eps": 0}))
    monkeypatch.setattr(metrics, "kernel_distance", lambda a, b, degree: plain["kernel_distance"](a, b, degree=2))
    for name in ("prdc-i3d", "kvd-tats", "is-c3d-ucf101-tgan"):
        assert report(name).first_moved == "statistics", name


def test_last_digits_within_the_tolerance_are_said(monkeypatch):
    plain = metrics.frechet_distance
    monkeypatch.setattr(metrics, "frechet_distance", lambda *given, **more: plain(*given, **more) * (1 + 1e-12))
    found = report("fvd-digan", "prdc-i3d")
    assert found.is_good
    assert found.first_moved is None
    if found.first_digits == "statistics":  # on the kind of machine that made the golden values
        assert "digits moved within tolerance, first in statistics" in found.summary
    line = next(one for one in found.checks if one.stage == "statistics" and one.protocol == "fvd-digan").line
    assert "(moved 1e-12)" in line


def test_a_stage_that_breaks_is_a_failure_of_that_stage(monkeypatch):
    def broken(*_given):
        raise ZeroDivisionError("no such\x00luck")

    monkeypatch.setattr(golden_stages, "pre_resized", broken)
    found = report("fvd-digan")
    assert (moved(found), found.first_moved) == ({"framing"}, "framing")
    assert "ZeroDivisionError" in next(one.line for one in found.checks if one.state == "failed")


def test_a_protocol_cannot_be_forgotten(monkeypatch):
    values, names = load_golden(), ("fvd-tats", "fvd-digan", "fvd-latte")
    values.protocols = {name: values.protocols[name] for name in names}
    monkeypatch.setattr(check, "protocol_names", lambda: names)
    del values.protocols["fvd-tats"]
    values.protocols["fvd-gone"] = values.protocols["fvd-digan"]
    old = values.protocols["fvd-latte"]
    values.protocols["fvd-latte"] = old.model_copy(update={"version": old.version + 1})
    found = report(golden=values)
    said = {one.protocol: one.said for one in found.checks if one.state == "failed"}
    assert set(said) == {"fvd-tats", "fvd-gone", "fvd-latte"}
    assert said["fvd-tats"] == "no golden values; in a checkout: python -m vidmbench.check.make_golden --write"
    assert "no such protocol" in said["fvd-gone"]
    assert "--overwrite" in said["fvd-latte"]
    assert found.first_moved is None
    assert "without golden values of their own: 3" in found.summary


class Network:
    """A network that costs nothing and knows its epsilon."""

    name = "openvino-0/cpu"
    factor = 1.0

    def __init__(self, eps):
        self._eps = eps

    def features(self, clips):
        for clip in clips:
            coarse = clip[::4, ::32, ::32].reshape(-1)
            mix = np.random.default_rng(0).normal(size=(400, coarse.size)) / np.sqrt(coarse.size)
            yield (mix @ coarse / np.sqrt(0.01 + self._eps) * self.factor).astype(np.float32)


def plugged(monkeypatch):
    """Puts the network that costs nothing in the place of all others."""
    for module in (golden_stages, check):
        monkeypatch.setattr(module, "load_engine", lambda stage, **_: Network(stage.batch_norm_eps))
    for module in (make_golden, check):
        monkeypatch.setattr(module, "has_weights", lambda detector: True)


@pytest.fixture(scope="module")
def made_with_network():
    with pytest.MonkeyPatch.context() as monkeypatch:
        plugged(monkeypatch)
        values = golden.Golden(load_golden().clips)
        make_golden.make(values, ["fvd-digan", "fvd-tf-hub"])
    return values


@pytest.fixture
def networked(made_with_network, monkeypatch):
    """Golden values made with a network that costs nothing, which is there from then on."""
    plugged(monkeypatch)
    return made_with_network


def with_network(values, *names):
    return report(*names or ["fvd-digan"], golden=values, weights="auto")


def test_with_a_network_every_stage_is_checked(networked):
    found = with_network(networked, "fvd-digan", "fvd-tf-hub")
    assert found.is_good
    assert found.count("skipped") == 0
    assert found.summary.endswith("not a digit moved")
    assert {one.stage for one in found.checks} == set(STAGES)


def test_another_epsilon_is_the_detectors(networked, monkeypatch):
    monkeypatch.setattr(golden_stages, "load_engine", lambda stage, **_: Network(1e-3))
    found = with_network(networked)
    assert moved(found) == {"detector", "score"}
    assert found.first_moved == "detector"
    assert next(one for one in found.checks if one.stage == "score").said == "follows from detector"


def test_rounding_of_another_engine_is_not(networked, monkeypatch):
    monkeypatch.setattr(Network, "factor", 1 + 5e-6)
    found = with_network(networked)
    assert found.is_good
    assert found.first_digits == "detector"


def test_a_score_that_moves_alone_is_in_the_joints(networked, monkeypatch):
    plain = GoldenVideos.read
    monkeypatch.setattr(GoldenVideos, "read", lambda source, _index, frames: plain(source, 0, frames))
    found = with_network(networked)
    assert moved(found) == {"score"}
    assert "how stages are connected" in next(one.said for one in found.checks if one.state == "moved")


@pytest.mark.parametrize("move", [rounded_framing, other_kernel])
def test_a_score_follows_its_first_stage(move, networked, monkeypatch):
    move(monkeypatch)
    name = "fvd-digan" if move is rounded_framing else "fvd-tf-hub"
    found = with_network(networked, name)
    assert next(one for one in found.checks if one.stage == "score").said in ("", f"follows from {found.first_moved}")
    assert found.first_moved in ("framing", "array")


def test_weights_that_are_not_here_are_skips(networked, monkeypatch):
    monkeypatch.setattr(check, "has_weights", lambda detector: False)
    found = with_network(networked)
    assert found.is_good
    said = {one.stage: one.said for one in found.checks if one.state == "skipped"}
    assert said == dict.fromkeys(("detector", "score"), "no weights of i3d-kinetics400 on this machine")


@pytest.mark.weights
def test_with_the_real_network(weights):
    found = report("fvd-tf-hub", weights="with")
    assert found.is_good, found.summary
    assert found.count("skipped") == 0


@pytest.mark.weights
def test_the_real_networks_epsilon(weights, monkeypatch):
    plain = base.folded
    monkeypatch.setattr(base, "folded", lambda tensors, eps: plain(tensors, eps=1e-3))
    found = report("fvd-tats", weights="auto")
    assert (found.first_moved, moved(found)) == ("detector", {"detector", "score"})


def test_golden_clips_are_those_the_script_makes():
    kept, made = load_golden().clips, made_clips()
    for name in ("real", "fake", "images"):
        assert np.array_equal(getattr(kept, name), getattr(made, name))
    assert sum(path.stat().st_size for path in golden.golden_dir().iterdir()) < 1_100_000


def test_seeded_features_are_the_same_bits_everywhere():
    features, frames = seeded_features("fake", 12, 7), seeded_features("fake", 3, 7, 4)
    assert np.array_equal(features, frames.reshape(12, 7))
    assert features.dtype == np.float32
    assert np.array_equal(features * 2**16, np.round(features * 2**16))
    assert features[0, :3].tolist() == [-0.858642578125, -0.4162139892578125, 1.117828369140625]
    probabilities = seeded_probabilities("fake", 60, 101)
    assert np.abs(probabilities.sum(axis=1) - 1).max() < 1e-6
    assert (probabilities == 0).any()


def test_samples_come_from_all_over():
    size = 16 * 224 * 224 * 3
    taken = sampled(np.arange(size), 512)
    assert len(set(taken.tolist())) == 512
    assert np.histogram(taken, 16, (0, size))[0].min() > 20
    assert set((taken % 3).tolist()) == {0, 1, 2}  # all channels
    assert sampled(np.arange(5), 512).tolist() == [0, 1, 2, 3, 4]


def test_golden_videos_are_a_source():
    source = GoldenVideos(np.arange(2 * 3 * 4 * 5 * 3, dtype=np.uint8).reshape(2, 3, 4, 5, 3), "golden", 7)
    assert (len(source), source.size, source.num_frames(1), source.name(1)) == (2, (4, 5), 7, "golden_1")
    assert np.array_equal(source.read(1, [0, 3])[0], source.read(1, [3])[0])
    assert source.digest() != GoldenVideos(source.read(0, [0, 1, 2])[None], "golden", 7).digest()


@pytest.fixture
def copied(tmp_path, monkeypatch):
    """A copy of the golden folder in the place of the real one."""
    shutil.copytree(golden.golden_dir(), tmp_path / "golden")
    for module in (golden, make_golden):
        monkeypatch.setattr(module, "golden_dir", lambda: tmp_path / "golden")
    return tmp_path / "golden"


def test_the_script_adds_and_never_changes_unasked(copied, monkeypatch, capsys):
    monkeypatch.setattr(make_golden, "has_weights", lambda detector: False)
    before = {path.name: path.read_bytes() for path in copied.iterdir()}
    assert make_golden.main([]) == 0
    values = load_golden()
    make_golden._forget(values, ["fvd-tats"])
    values.protocols["fvd-vidm-paper"].seeded["fvd"] = values.protocols["fvd-latte"].golden["fvd"]  # wrong, and stays
    golden.write_golden(values)
    capsys.readouterr()
    assert make_golden.main([]) == 1
    assert "no golden values: fvd-tats" in capsys.readouterr().out
    assert make_golden.main(["--write"]) == 0
    assert "made: fvd-tats (without weights: no detector, no score)" in capsys.readouterr().out
    again = load_golden()
    assert again.protocols["fvd-vidm-paper"] == values.protocols["fvd-vidm-paper"]
    assert not report("fvd-vidm-paper").is_good
    assert report("fvd-tats").is_good
    assert make_golden.main(["--write", "--overwrite", "--protocol", "fvd-vidm-paper"]) == 0
    assert report("fvd-vidm-paper").is_good
    assert before["clips.npz"] == (copied / "clips.npz").read_bytes()


def test_the_script_refuses(copied, monkeypatch, capsys):
    assert make_golden.main(["--overwrite"]) == 2
    assert make_golden.main(["--protocol", "fvd-nobody"]) == 2
    monkeypatch.setattr(resources, "checkout_results_dir", lambda: None)
    assert make_golden.main(["--write"]) == 2
    assert capsys.readouterr().err.count("error:") == 3


def test_weights_are_wanted_of_a_protocol_that_had_none():
    with pytest.raises(UsageError, match="nothing to compare with") as caught:
        list(run_checks(["fid-frames"], weights="with"))
    assert caught.value.found == "fid-frames"


def test_damaged_golden_files_are_errors(copied):
    from vidmbench.core.errors import VidmbenchError

    (copied / "arrays.npz").write_bytes(b"half")
    with pytest.raises(VidmbenchError, match="golden values are damaged"):
        load_golden()
    (copied / "clips.npz").unlink()
    with pytest.raises(VidmbenchError, match="no golden clips"):
        GoldenClips.load(copied / "clips.npz")


def test_fitting_makes_statistics_fit():
    def fitted(name, num_clips, **changes):
        spec = load_protocol(name)
        return spec.kind.fit_to(spec.statistics.model_copy(update=changes), num_clips)

    assert fitted("prdc-i3d", 4).neighbours == 2
    assert fitted("prdc-i3d", 60) == load_protocol("prdc-i3d").statistics
    assert fitted("kvd-tats", 9, subsets=3, subset_size=50).subset_size == 4
    assert fitted("is-frames", 25).splits == 5
    assert fitted("fvd-digan", 3) == load_protocol("fvd-digan").statistics


def test_junit_can_be_read():
    cases = [
        Case("a.clips", "one & two", "passed", "", 0.5),
        Case("a.array", "three", "failure", 'expected "1" < 2\x00', 0.25),
        Case("a.array", "four", "error", "broken", 0.0),
        Case("a.score", "five", "skipped", "no weights", 0.0),
    ]
    root = ElementTree.fromstring(junit("suite", cases, properties={"torch": "1"}, summary="all said"))
    (suite,) = root
    counts = {key: suite.get(key) for key in ("tests", "failures", "errors", "skipped", "time")}
    assert counts == {"tests": "4", "failures": "1", "errors": "1", "skipped": "1", "time": "0.750"}
    found = {case.get("name"): [child.tag for child in case] for case in suite.iter("testcase")}
    assert found == {"one & two": [], "three": ["failure"], "four": ["error"], "five": ["skipped"]}
    assert suite.find("testcase/failure").get("message") == 'expected "1" < 2?'
    assert suite.find("properties/property").attrib == {"name": "torch", "value": "1"}
