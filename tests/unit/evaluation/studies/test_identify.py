"""Which convention gives a number: the shipped tables, the search, and how often it finds something by chance."""

import math

import numpy as np
import pytest
from support.paths import ROOT

from vidmbench.core.errors import DataError, UsageError
from vidmbench.evaluation.studies import identify as study
from vidmbench.evaluation.studies import identify_grams
from vidmbench.evaluation.studies.identify import candidates, checked_claim, identify, number
from vidmbench.evaluation.studies.identify_conventions import fields_of
from vidmbench.evaluation.studies.identify_feeds import (
    COLOURS,
    FRAME_RULES,
    PREFIXES,
    changed,
    conventions,
    feeds,
    on_set,
)
from vidmbench.evaluation.studies.identify_grams import gram_of, layers_of, read_grams, write_grams
from vidmbench.evaluation.studies.identify_own import is_one_distance
from vidmbench.evaluation.studies.identify_sensitivity import sensitivities
from vidmbench.evaluation.studies.identify_values import FORMS, all_values
from vidmbench.metrics import Moments, frechet_distance
from vidmbench.protocols.protocol import load_protocol
from vidmbench.reporting.studies.identification import sensitivity_table
from vidmbench.sources.golden_sets import SETS, golden_set

SEARCHES = [("square",), ("wide",), SETS]


def reference(real, fake, divisor, ridge=0.0):
    """The distance by eigenvalues of the whole covariances."""
    means = real.mean(axis=0) - fake.mean(axis=0)
    one, two = (np.cov(side.T, ddof=int(divisor == "n-1")) + ridge * np.eye(side.shape[1]) for side in (real, fake))
    values, vectors = np.linalg.eigh(one)
    root = vectors * np.sqrt(np.clip(values, 0, None)) @ vectors.T
    roots = np.sqrt(np.clip(np.linalg.eigvalsh(root @ two @ root), 0, None))
    return means @ means + np.trace(one) + np.trace(two) - 2 * roots.sum()


@pytest.fixture(scope="module")
def sides():
    rng = np.random.default_rng(0)
    real, fake = rng.normal(size=(24, 80)) * 3, (rng.normal(size=(6, 80)) * 2 + 0.5)[np.arange(24) % 6]
    return real, fake


def expected(real, fake, divisor, form):
    if form.startswith("ridge"):
        return reference(real, fake, divisor, 1e-6)
    if form == "first 16 clips":
        real, fake = real[:16], fake[:16]
    size = int(form.split()[-1]) if form.startswith("batches") else len(real)
    parts = [slice(start, start + size) for start in range(0, len(real), size)]
    exact = [frechet_distance(Moments.of(real[part]), Moments.of(fake[part]), normalisation=divisor) for part in parts]
    return float(np.mean(exact))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("divisor", ["n", "n-1"])
def test_distances_from_scalar_products(sides, divisor, form):
    stored = gram_of(np.concatenate(sides)).astype(np.float32).astype(np.float64)
    found = all_values(stored[None])[divisor, form][0]
    assert found == pytest.approx(expected(*sides, divisor, form), rel=1e-5)


@pytest.mark.parametrize("divisor", ["n", "n-1"])
def test_distances_of_unequal_counts(sides, divisor):
    """Each real clip a second time, mirrored: 48 against 24."""
    real, fake = sides
    more = np.concatenate([real, real[:, ::-1] + 1])
    found = all_values(gram_of(np.concatenate([more, fake]))[None], len(more))
    assert set(found) == {("n", "whole"), ("n-1", "whole")}
    assert found[divisor, "whole"][0] == pytest.approx(reference(more, fake, divisor), rel=1e-6)


def test_layers_of_wide_images():
    """The three treatments of seven places, against the network's last layer applied place by place."""
    from vidmbench.detectors.i3d import Convolution

    rng = np.random.default_rng(2)
    pooled, weight = rng.normal(size=(3, 8, 2, 8)).astype(np.float32), rng.normal(size=(4, 8)).astype(np.float32)
    last = Convolution(weight[:, :, None, None, None], np.arange(4, dtype=np.float32))
    means = pooled.astype(np.float64).mean(axis=2)
    logits = np.stack([means[..., place] @ weight.T + np.arange(4) for place in range(8)], axis=-1)
    made = {wide: layers_of(pooled, last, wide) for wide in ("flattened", "spatial-mean", "pool-7x13")}
    assert all(set(layers) == {"logits"} for layers in made.values())
    assert made["flattened"]["logits"] == pytest.approx(logits[..., :7].reshape(3, 28))
    assert made["spatial-mean"]["logits"] == pytest.approx(logits[..., :7].mean(axis=-1))
    assert made["pool-7x13"]["logits"] == pytest.approx(logits[..., 7])


def test_layers(sides):
    from vidmbench.detectors.i3d import Convolution

    pooled = np.random.default_rng(1).normal(size=(3, 8, 3)).astype(np.float32)
    last = Convolution(np.ones((4, 8, 1, 1, 1), np.float32) * np.arange(4, dtype=np.float32)[:, None, None, None, None],
                       np.arange(4, dtype=np.float32))  # fmt: skip
    layers = layers_of(pooled, last)
    steps = pooled.astype(np.float64)
    middle = (steps[:, :, 0] + 2 * steps[:, :, 1] + steps[:, :, 2]) / 4  # a pool over two steps, then the mean
    assert layers["pooled"] == pytest.approx(middle)
    assert layers["logits"] == pytest.approx(middle.sum(axis=1)[:, None] * np.arange(4) + np.arange(4))
    assert layers["softmax"].sum(axis=1) == pytest.approx(1)
    assert layers["logits, pool 1"][:, 1] == pytest.approx(steps.mean(axis=2).sum(axis=1) + 1)
    assert set(layers_of(pooled[:, :, :2], last)) == {"logits", "pooled", "softmax"}
    assert set(layers_of(pooled[:, :, :1], last)) == {"logits, pool 1"}  # of 8 frames there is one step


def test_tables_of_other_videos_and_damaged_ones(sides, tmp_path, monkeypatch):
    monkeypatch.setattr(identify_grams, "protocols_dir", lambda: tmp_path)
    real, fake = sides
    more = np.concatenate([real, real + 1])
    stored = {("feed", "logits"): gram_of(np.concatenate([real, fake[:6]]))}
    stored |= {("mirrored", "logits"): gram_of(np.concatenate([more, fake[:6]]))}
    write_grams("square", "a digest", stored)
    for grams, key, reals in zip(read_grams.__wrapped__("square", "a digest"), stored, (real, more), strict=True):
        assert grams.keys == [key]
        every = np.concatenate([reals, fake])
        found = all_values(grams.tables, len(reals))["n", "whole"][0]
        assert found == pytest.approx(all_values((every @ every.T)[None], len(reals))["n", "whole"][0], rel=1e-5)
    with pytest.raises(DataError, match="tables of other videos"):
        read_grams.__wrapped__("square", "another")
    (tmp_path / "identify" / "square.npz").write_bytes(b"PK")
    with pytest.raises(DataError, match="install vidmbench again"):
        read_grams.__wrapped__("square", "a digest")


def test_every_table_is_of_a_feed_that_is_declared():
    for name in SETS:
        known = {feed.key for feed in feeds(name)}
        keys = [key for grams in read_grams(name, golden_set(name).digest) for key, _ in grams.keys]
        assert len(keys) > 50
        assert set(keys) <= known, "declarations have changed: build the tables again (identify_build)"


def test_every_convention_has_a_number_or_a_reason():
    for names in SEARCHES:
        named = {protocol for each in candidates(names) for protocol in each.names}
        skipped = identify({name: number("12.5") for name in names}).skipped
        assert named | set(skipped) == {spec.name for spec in conventions()}
        assert not named & set(skipped)
        assert set(skipped) == {"fvd-128f-subsample8", "fvd-longvideogan-128f"}
        assert set(skipped.values()) == {
            "needs 128 frames, and the clips have 20",
            "needs 121 frames, and the clips have 20",
        }
        assert named >= {"fvd-stylegan-v", "fvd-common-metrics", "fvd-videogpt", "fvd-tf-hub", "fvd-vidm-release"}


def test_a_convention_with_a_choice_that_is_not_tried_is_never_named(monkeypatch):
    """Its number is not that of the convention without the choice."""
    spec = load_protocol("fvd-stylegan-v")
    other = spec.model_copy(update={"array": spec.array.model_copy(update={"resize": "bilinear-antialias"})})
    monkeypatch.setattr(study, "conventions", lambda: (other,))
    assert candidates.__wrapped__(("square",)) == ()


def test_other_statistics_are_put_into_plain_distances_alone():
    """On videos of one's own: no number of all clips at once is sold as that of a mean over batches or prefixes."""
    assert {spec.name for spec in conventions() if not is_one_distance(spec)} == {
        "fvd-fastvideo", "fvd-mcvd-trajectory-mean", "fvd-open-sora-plan", "fvd-open-sora-plan-last-prefix",
        "fvd-digan", "fvd-wide-flattened", "fvd-wide-mean", "fvd-wide-pool"}  # fmt: skip


def test_means_over_prefixes():
    """As Open-Sora-Plan takes them: each prefix by itself, then the mean."""
    by_frames = {}
    point = dict(fields_of(load_protocol("fvd-common-metrics"), "square")[0], form="batches of 2")
    for key, value in study.combinations("square").items():
        if {**dict(key), "frames": ""} == {**point, "frames": ""}:
            by_frames[dict(key)["frames"]] = value
    expected = np.mean([by_frames[f"first {count}"] for count in range(10, 17)])
    assert by_frames[PREFIXES] == pytest.approx(expected)


@pytest.mark.parametrize("names", SEARCHES)
def test_each_convention_is_found_by_its_own_number(names):
    for candidate in candidates(names):
        if candidate.names:
            numbers = {name: number(f"{value:.2f}") for name, value in candidate.values.items()}
            assert set(candidate.names) <= set(identify(numbers).names)


@pytest.mark.parametrize("names", SEARCHES)
def test_200_random_combinations_are_found_or_tie(names):
    """The truth is always among the answers, first of its kind or level with others within the tolerance."""
    rng = np.random.default_rng(18)
    tried = candidates(names)
    several = 0
    for index in rng.choice(len(tried), 200, replace=len(tried) < 200):
        truth = tried[index]
        answer = identify({name: number(f"{value:.7g}") for name, value in truth.values.items()})
        assert truth in answer.found
        for other in answer.found:
            assert all(other.values[name] == pytest.approx(truth.values[name], rel=2.1e-4) for name in names)
        several += len(answer.found) > 1
    assert several < (60 if len(names) == 1 else 30)


@pytest.mark.parametrize("names", SEARCHES)
def test_numbers_from_elsewhere_are_none_as_often_as_said(names):
    """Of numbers drawn at random the share that meets something is the chance that the answers state."""
    rng = np.random.default_rng(5)
    low, high = (np.quantile([math.log(each.values[names[0]]) for each in candidates(names)], q) for q in (0.1, 0.9))
    answers = []
    for _ in range(120):
        drawn = {name: number(f"{math.exp(rng.uniform(low, high)):.6g}") for name in names}
        answers.append(identify(drawn))
    hits, said = (np.mean(values) for values in ([bool(each.found) for each in answers], [a.chance for a in answers]))
    assert hits < (0.2 if len(names) == 1 else 0.01)
    assert abs(hits - said) < 0.06
    assert np.mean([bool(each.names) for each in answers]) < 0.02
    nothing = next(each for each in answers if not each.found)
    assert nothing.names == ()
    assert nothing.nearest is not None


def test_every_choice_moves_the_number():
    """By more than 1e-3, whichever set shows it; of 1e-6 on the covariances only more than the tolerance."""
    found = sensitivities()
    fields = "colours", "covariance", "crop", "eps", "first", "form", "frames", "layer", "range", "root", "rs", "wide"
    assert {field for field, _ in found} == set(fields)
    for (field, own), moves in found.items():
        least = 1.1e-4 if own.startswith("ridge") else 1e-3
        assert max(map(abs, moves.values())) > least, (field, own, moves)


@pytest.mark.parametrize(
    ("text", "tolerance"), [("132.19", 0.013219), ("132", 0.5), ("1.3e2", 5.0), ("132.190000", 0.013219)]
)
def test_the_digits_given_count(text, tolerance):
    assert number(text).tolerance == pytest.approx(tolerance)


@pytest.mark.parametrize("text", ["nan", "-3", "inf", "0", "1e999", "1e-301", "x", "", "1,032.5", "12.3.4"])
def test_what_is_no_distance(text):
    with pytest.raises(UsageError, match="a distance above 0"):
        number(text)


def test_frames_alone():
    value = next(each.values["square"] for each in candidates(("square",)) if "fvd-stylegan-v" in each.names)
    assert identify({"square": number(f"{value:.4f}")}, frames=16).names
    assert not identify({"square": number(f"{value:.4f}")}, frames=12).names
    with pytest.raises(UsageError, match="--frames"):
        identify({"square": number("12")}, frames=9)
    short = next(each.values["square"] for each in candidates(("square",)) if "fvd-short-hold" in each.names)
    assert identify({"square": number(f"{short:.4f}")}, frames=8).names == ("fvd-short-hold",)
    assert not identify({"square": number(f"{short:.4f}")}, frames=16).names


def test_a_convention_that_needs_longer_clips(monkeypatch):
    spec = conventions()[0]
    long = spec.model_copy(
        update={"name": "fvd-latte", "clips": spec.clips.model_copy(update={"frames": 64, "frames_allowed": (64, 128)})}
    )
    monkeypatch.setattr(study, "conventions", lambda: (spec, long))
    monkeypatch.setattr(study, "candidates", candidates.__wrapped__)
    with pytest.raises(DataError, match="needs 64 frames, and the clips have 20"):
        checked_claim("fvd-latte")


def test_frames_that_are_square_are_not_cropped():
    """W-CODA's are 224 x 400 when its code cuts the middle, whatever they were."""
    crops = [on_set(load_protocol(name).array, "square").crop for name in ("fvd-mcvd", "fvd-wcoda", "fvd-vidm-release")]
    assert crops == ["none", "short-side-centre", "none"]
    assert on_set(load_protocol("fvd-mcvd").array, "wide").crop == "short-side-centre"


def test_feeds_change_one_choice_at_a_time():
    feed = feeds("wide")[0]
    for other in changed(feed):
        pairs = [(feed.fields.get(name), value) for name, value in other.fields.items()]
        assert sum(one != two for one, two in pairs) <= 1
    assert all(max(rule) < 20 for rule in FRAME_RULES.values())
    assert set(COLOURS) >= {feed.colours}


def test_the_page_shows_the_table():
    page = (ROOT / "docs" / "which-fvd.md").read_text(encoding="utf-8")
    point = fields_of(load_protocol("fvd-stylegan-v"), "wide")[0]
    assert sensitivity_table(sensitivities(), point) in page
    for name in SETS:
        value = next(each.values[name] for each in candidates((name,)) if "fvd-stylegan-v" in each.names)
        assert f"{value:.2f} on `{name}`" in page
