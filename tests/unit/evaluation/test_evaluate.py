import numpy as np
import pytest
from support.engines import FakeEngine, use_engine

from vidmbench.core.errors import DataError
from vidmbench.detectors import resize
from vidmbench.evaluation import features
from vidmbench.evaluation.evaluate import evaluate
from vidmbench.evaluation.measurements import planned_engine, planned_signature
from vidmbench.evaluation.plan import checked_counts, plan
from vidmbench.metrics import Moments, frechet_distance
from vidmbench.protocols.detector import load_detectors
from vidmbench.protocols.metric_kind import Counts
from vidmbench.protocols.protocol import load_protocol
from vidmbench.sources.controls import control
from vidmbench.videos import ArraySource

pytestmark = pytest.mark.usefixtures("fake_network")


def films(seed, count=6, frames=12, size=8, label="films", bad=()):
    class Films(ArraySource):
        def read(self, index, wanted):
            if index in bad:
                raise DataError("broken", where=self.name(index))
            return super().read(index, wanted)

    clips = np.random.default_rng(seed).integers(0, 256, (count, frames, size, size, 3), dtype=np.uint8)
    return Films(clips, label)


def spec(name="fvd-stylegan-v", count=6, **options):
    return load_protocol(name).with_options(frames=9, num_real=count, num_fake=count, **options)


def scored(real, fake, *specs, **options):
    return evaluate(real, fake, plan(real, fake, specs or [spec()]), **options).measurements


def test_a_measurement_says_everything():
    real, fake = films(0, label="truth"), films(1, label="fakes")
    (plans,) = plan(real, fake, [spec()])
    (item,) = evaluate(real, fake, [plans]).measurements
    assert (item.metric, item.status, item.reason) == ("fvd", "ok", None)
    assert (item.num_real, item.num_fake, item.frames, item.stride, item.precision) == (6, 6, 9, 1, "fp32")
    assert item.interval is not None
    assert item.value is not None
    assert item.interval[0] <= item.interval[1]
    assert item.interval_kind
    assert item.engine == planned_engine("auto")
    signature = planned_signature(plans, real, fake, "fp32")
    assert (item.signature, item.signature_id) == (signature.long, signature.id)
    assert "data:truth:" + real.digest()[:8] in item.signature
    assert "fakes:" + fake.digest()[:8] in item.signature
    assert item.protocol_spec == spec().model_dump(mode="json", exclude_none=True)
    assert item.weights == {"i3d-kinetics400": load_detectors()["i3d-kinetics400"].weights_sha256}
    assert (item.real.label, item.real.num_videos, item.real.num_scored, item.real.size) == ("truth", 6, 6, (8, 8))
    assert item.fake.digest == fake.digest()
    assert item.seconds > 0


@pytest.mark.parametrize(("covariance", "name"), [("n", "fvd-stylegan-v"), ("n-1", "fvd-tf-hub")])
def test_the_value_is_the_distance_of_the_features(covariance, name):
    real, fake = films(0), films(1)
    bound = load_protocol(name).with_options(frames=12, num_real=6, num_fake=6)
    (plans,) = plan(real, fake, [bound])
    (item,) = evaluate(real, fake, [plans]).measurements
    jobs = [features.FeatureJob(real, plans.real, bound.array, "fp32")]
    jobs += [features.FeatureJob(fake, plans.fake, bound.array, "fp32")]
    of_real, of_fake = (Moments.of(found.features) for found in features.features_of(jobs))
    assert item.value == frechet_distance(of_real, of_fake, normalisation=covariance)


def test_several_protocols_in_one_go_equal_one_by_one():
    real, fake = films(0), films(1)
    specs = [spec(), spec("fvd-tf-hub"), spec("fvd-vidm-paper", seed=3), spec("fvd-stylegan-v", stride=1, count=4)]
    together = scored(real, fake, *specs)
    for bound, item in zip(specs, together, strict=True):
        assert scored(real, fake, bound)[0].value == item.value
    assert len({item.signature_id for item in together}) == 4


def test_the_seed_moves_the_clips_but_not_the_column():
    one, two = (scored(films(0, frames=40), films(1, frames=40), spec(seed=seed))[0] for seed in (0, 1))
    assert one.value != two.value
    assert one.signature_id == two.signature_id
    assert (one.seed, two.seed) == (0, 1)


def test_a_bad_video_stops_the_work_or_is_listed():
    with pytest.raises(DataError, match="broken"):
        scored(films(0), films(1, bad=(2,)))
    (item,) = scored(films(0), films(1, bad=(2,)), on_bad="skip")
    assert (item.num_real, item.num_fake, item.fake.num_videos) == (6, 5, 6)
    assert item.fake.skipped == (("clip000002", "broken"),)
    assert "fake:5.sorted.zero" in item.signature


def test_fewer_than_two_readable_clips_are_a_failed_measurement():
    (item,) = scored(films(0), films(1, bad=(0, 1, 2, 3, 4)), on_bad="skip")
    assert (item.status, item.value, item.interval, item.interval_kind) == ("failed", None, None, None)
    assert item.reason == "frechet needs at least 2 clips per side, 6 and 1 could be read"
    assert len(item.fake.skipped) == 5


def test_features_that_are_not_finite_are_a_failed_measurement(monkeypatch):
    class Broken(FakeEngine):
        def features(self, clips):
            for number, feature in enumerate(super().features(clips)):
                yield feature * (np.nan if number == 1 else 1)

    use_engine(lambda *_, **__: Broken(), patch=monkeypatch.setattr)
    (item,) = scored(films(0), films(1))
    assert (item.status, item.value) == ("failed", None)
    assert item.reason == "the network gave no finite features for clip000001 on the real side"


def warnings(real, fake, **options):
    return "\n".join(scored(real, fake, **options)[0].warnings)


def test_few_clips_are_warned_of(monkeypatch):
    # Resizing some 1600 clips would take most of the time, and counts are all that matters here.
    monkeypatch.setattr(resize, "prepared", lambda frames, stage, size: frames.astype(np.float32))
    assert "strongly biased at N = 6 for 400 features" in warnings(films(0), films(1))
    many = [films(seed, count=401, frames=9, size=2) for seed in (0, 1)]
    (item,) = scored(*many, spec(count=401))
    assert item.warnings == ()
    assert "strongly biased at N = 400" in "".join(scored(*many, spec(count=400))[0].warnings)


def test_sizes_that_differ_are_warned_of():
    assert "the sides differ in size: real 8x8, scored 6x6 pixels" in warnings(films(0), films(1, size=6))
    assert "differ in size" not in warnings(films(0), films(1))


@pytest.mark.parametrize(
    ("real_rates", "fake_rates", "words"),
    [
        (
            (25.0, 25.0),
            (8.0, 8.0),
            "real 25, scored 8 frames per second, so that a clip shows 0.36 s of real videos and ",
        ),
        (
            (24.0, 30.0),
            (8.0, 8.0),
            "real 24 to 30, scored 8 frames per second, so that a clip shows 0.3 to 0.375 s of ",
        ),
        ((29.97, 30.0), (30.0, 30.0), None),
        ((25.0, 25.0), None, None),
        (None, (25.0, 25.0), None),
    ],
)
def test_frame_rates_that_differ_are_warned_of(real_rates, fake_rates, words):
    real, fake = films(0), films(1)
    real.frame_rates, fake.frame_rates = real_rates, fake_rates

    found = warnings(real, fake)

    assert words in found if words else "frame rate" not in found


def test_the_same_videos_on_both_sides_are_warned_of():
    real = films(0)
    (item,) = scored(real, films(0), load_protocol("fvd-tf-hub").with_options(frames=12, num_real=6, num_fake=6))
    assert "both sides hold the same videos" in item.warnings
    assert item.value == pytest.approx(0, abs=1e-9)
    assert "same videos" not in warnings(real, films(1))


def test_paired_controls_are_warned_of():
    real = films(0)
    assert "paired: this control" in warnings(real, control("reversed", real, is_paired=True))
    assert "paired" not in warnings(real, control("reversed", films(1), is_paired=False))


def test_notes_of_the_sources_are_passed_on_once():
    real, fake = films(0), films(1)
    real.notes = fake.notes = ("frames were turned",)
    assert scored(real, fake)[0].warnings.count("frames were turned") == 1


def test_short_videos():
    short = films(1, frames=5)
    with pytest.raises(DataError, match="6 of 6 videos of films are shorter"):
        plan(films(0), short, [spec()])
    with pytest.raises(DataError, match="shorter"):
        plan(films(0), short, [spec()], short_real=None, short_fake=None)


def test_fewer_videos_than_asked():
    with pytest.raises(DataError, match="fewer videos than asked for on the fake side"):
        plan(films(0), films(1, count=3), [spec()])


def test_one_video_is_no_side():
    checked_counts(films(0), films(1, count=2))
    with pytest.raises(DataError, match="lonely has 1 video\n"):
        checked_counts(films(0), films(1, count=1, label="lonely"))


def test_features_come_with_the_numbers(monkeypatch):
    real, fake = films(0), films(1)
    plans = plan(real, fake, [spec()])
    evaluation = evaluate(real, fake, plans)
    ((repeat,),) = evaluation.repeats
    moments = [Moments.of(side.by_video()) for side in (repeat.real, repeat.fake)]
    assert evaluation.measurements[0].value == frechet_distance(*moments, normalisation="n")
    assert repeat.real.clip_names() == [real.name(clip.video) for clip in plans[0].real.clips]


def test_an_inception_score_reads_the_scored_side_alone(monkeypatch):
    real, fake = films(0), films(1)
    plans = plan(real, fake, [load_protocol("is-frames").with_options(frames=1, num_real=6, num_fake=6)])
    read = []
    monkeypatch.setattr(real, "read", lambda *_: read.append("real"))
    use_engine(lambda *_, **__: FakeEngine(lambda clip: np.resize(clip, 1008)), patch=monkeypatch.setattr)
    evaluation = evaluate(real, fake, plans)
    ((repeat,),) = evaluation.repeats
    assert (repeat.real.features, repeat.real.num_clips, read) == (None, 0, [])
    assert (evaluation.measurements[0].num_real, evaluation.measurements[0].real.num_scored) == (0, 0)
    assert evaluation.measurements[0].num_fake == 6


def test_a_number_beyond_float64_is_a_failed_measurement(monkeypatch):
    monkeypatch.setattr("vidmbench.metrics.kernel_functions.HIGHEST_DEGREE", 999_999)
    protocol = load_protocol("kvd-digan").with_options(frames=16, num_real=6, num_fake=6)
    steep = protocol.model_copy(update={"statistics": protocol.statistics.model_copy(update={"degree": 999_999})})
    item, *_ = scored(films(0, frames=16), films(1, frames=16), steep)
    assert (item.status, item.value) == ("failed", None)
    assert "not finite" in item.reason


def of_windows(real, fake, name):
    """One protocol that takes every window of 6 real videos of 20 frames and all of 6 scored ones."""
    clips = load_protocol(name).with_options(frames=16, num_real=30, num_fake=6)
    return scored(real, fake, clips)[0]


def test_protocols_that_compute_the_same_of_the_same_clips_have_one_interval():
    """fvd-tats and fvd-digan differ in seed and repeats alone: no seed of clips decides which share a group."""
    real, fake = films(0, count=24, frames=16), films(1, count=24, frames=16)
    tats, digan = (
        scored(real, fake, load_protocol(name).with_options(frames=16, num_real=24, num_fake=24))[0]
        for name in ("fvd-tats", "fvd-digan")
    )
    assert tats.value == pytest.approx(digan.value, rel=1e-12)
    assert tats.interval == pytest.approx(digan.interval, rel=1e-12)
    assert tats.seed != digan.seed


def test_equal_draws_have_no_spread():
    item = of_windows(films(0, frames=20), films(1, frames=20), "fvd-digan")
    assert (item.spread, item.spread_kind) == (0.0, "sd over 10 runs")
    assert item.text().endswith(" (10 runs, all equal)")
    some = load_protocol("fvd-digan").with_options(frames=16, num_real=10, num_fake=4)
    (item,) = scored(films(0, frames=20), films(1, frames=20), some)
    assert item.spread > 0
    assert f" (sd {item.spread:.2g} over 10 runs)" in item.text()


def test_a_number_without_an_interval_says_why():
    real, fake = films(0, frames=20), films(1, frames=20)
    assert of_windows(real, fake, "kvd-digan").interval is not None, "windows of one video stay together"
    assert of_windows(real, fake, "fvd-digan").interval_reason is None
    few = scored(films(0, count=3), films(1, count=3), spec(count=3))[0]
    assert (few.interval, few.interval_reason) == (None, "one needs at least 4 clips per side")
    films_of_two = films(0, count=2, frames=20), films(1, count=2, frames=20)
    windows = load_protocol("fvd-tats").with_options(num_real=10, num_fake=2)
    assert scored(*films_of_two, windows)[0].interval_reason == "one needs at least 4 clips per side"


def test_precision_of_few_videos_warns():
    real, fake = films(0, count=24, frames=9), films(1, count=24, frames=9)
    numbers = scored(real, fake, spec("prdc-i3d", count=24))
    assert [item.metric for item in numbers] == ["precision", "recall", "density", "coverage"]
    for item in numbers:
        assert item.warnings[0].startswith("N = 24 is few for 5 neighbours: precision and coverage come out high")
        assert item.interval_reason == "nearest neighbours are not a smooth function of the sample"
    kind, statistics = spec("prdc-i3d").kind, spec("prdc-i3d").statistics
    assert len(kind.notes(statistics, Counts(250, 250, 400))) == 1
