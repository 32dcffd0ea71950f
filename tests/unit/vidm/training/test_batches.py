import numpy as np
import pytest
import torch
from support.vidm_helpers import SIZE, CodedVideos, LabelledVideos, small_spec, told_by, training_videos

from vidmbench.core.declarations import validated
from vidmbench.core.errors import DataError, ProtocolError
from vidmbench.vidm.config import VidmSpec
from vidmbench.vidm.frames import square
from vidmbench.vidm.recipes import DataSpec, FlowStartSpec, load_recipe, recipe_names
from vidmbench.vidm.training.batches import Batch, TrainingVideos, batches, draw, flow_pairs

PARTS = ["content", "motion"]


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def joined(parts):
    """Several batches as one."""
    parts = list(parts)
    names = [name for name, value in vars(parts[0]).items() if value is not None]
    return Batch(**{name: torch.cat([getattr(part, name) for part in parts]) for name in names})


def assert_same(found, expected):
    for name, value in vars(expected).items():
        assert (value is None) == (getattr(found, name) is None)
        assert value is None or torch.equal(getattr(found, name), value), name


def drawn(part, count=400, *, source=None, variant="paper", seed=0, **data):
    return draw(part, training_videos(source), small_spec(variant), DataSpec(**data), seed, range(count))


# --- which samples


@pytest.mark.parametrize("part", PARTS)
def test_a_sample_depends_on_seed_part_and_number_alone(part):
    videos, spec, data = training_videos(), small_spec(), DataSpec(start="any")
    whole = draw(part, videos, spec, data, 7, range(12))
    assert_same(joined(draw(part, videos, spec, data, 7, range(k, k + 1)) for k in range(12)), whole)
    for size, world in [(4, 1), (4, 2), (6, 3), (12, 4)]:
        streams = [
            batches(part, videos, spec, data, 7, steps=range(12 // size), batch_size=size, rank=rank, world=world)
            for rank in range(world)
        ]
        assert_same(joined(share for step in zip(*streams, strict=True) for share in step), whole)
    resumed = joined(batches(part, videos, spec, data, 7, steps=range(2, 4), batch_size=3))
    assert torch.equal(resumed.eps, whole.eps[6:])
    assert list(batches(part, videos, spec, data, 7, steps=range(3, 3), batch_size=3)) == []
    other_seed = draw(part, videos, spec, data, 8, range(12))
    other_part = draw("content" if part == "motion" else "motion", videos, spec, data, 7, range(12))
    for other in (other_seed, other_part):
        assert not (other.eps == whole.eps).any()
        assert not torch.equal(other.t, whole.t)


@pytest.mark.parametrize("start", ["first", "any"])
def test_the_three_frames_of_a_motion_sample_lie_in_one_video(start):
    batch = drawn("motion", start=start, source=CodedVideos((8, 12, 8)))
    starts = set()
    for first, previous, current, n in zip(
        told_by(batch.first), told_by(batch.previous), told_by(batch.x_0), batch.n.tolist(), strict=True
    ):
        video, begin, mirrored = first
        assert previous == (video, begin + n - 1, mirrored)
        assert current == (video, begin + n, mirrored)
        starts.add((video, begin))
    # The 12-frame video has 11 starts for n = 1, the others 7.
    expected = {(v, s) for v, count in enumerate([7, 11, 7]) for s in range(count if start == "any" else 1)}
    assert starts == expected


@pytest.mark.parametrize("start", ["first", "any"])
def test_a_content_sample_is_a_frame(start):
    batch = drawn("content", start=start)
    assert (batch.first, batch.previous, batch.n, batch.label) == (None, None, None, None)
    frames = {(video, frame) for video, frame, _ in told_by(batch.x_0)}
    assert frames == {(video, frame) for video in range(6) for frame in (range(8) if start == "any" else [0])}


@pytest.mark.parametrize(("variant", "last"), [("paper", 7), ("official", 6)])
def test_the_code_never_learns_the_last_frame_and_the_paper_does(variant, last):
    """N = 8; reference: randint(1, N - 1), whose upper end is left out."""
    assert set(drawn("motion", variant=variant).n.tolist()) == set(range(1, last + 1))


@pytest.mark.parametrize(("variant", "last"), [("paper", 7), ("official", 6)])
def test_near_frame_numbers_are_log_uniform(variant, last):
    """P(n) is log((n + 1) / n) over the logarithm of what lies above the last n."""
    n = drawn("motion", variant=variant, numbers="near").n.tolist()
    expected = np.log1p(1 / np.arange(1, last + 1)) / np.log(last + 1)
    found = np.bincount(n, minlength=last + 1)[1:] / len(n)
    assert expected.sum() == pytest.approx(1)
    assert found == pytest.approx(expected, abs=4 * np.sqrt(0.25 / len(n)))


def test_half_the_samples_are_mirrored_if_asked_for():
    mirrored = [told[2] for told in told_by(drawn("content").x_0)]
    assert 0.4 < np.mean(mirrored) < 0.6
    assert not any(told[2] for told in told_by(drawn("content", flip=False).x_0))


def test_timesteps_are_uniform_and_noise_is_normal():
    batch = drawn("content")
    assert (batch.t.min() >= 0, batch.t.max() <= 999) == (True, True)
    assert batch.t.double().mean().item() == pytest.approx(499.5, abs=4 * 289 / 20)
    assert batch.eps.dtype == torch.float32
    assert batch.eps.double().mean().item() == pytest.approx(0.0, abs=0.01)
    assert batch.eps.double().var().item() == pytest.approx(1.0, abs=0.02)


def test_pairs_for_the_flow_are_two_frames_of_one_video():
    videos, flow = training_videos(), FlowStartSpec(start="photometric", steps=9, batch_size=50, largest_gap=3)
    reference, support = flow_pairs(videos, flow, 0, 2)
    gaps = set()
    for (video, begin, _), (same, end, _) in zip(told_by(reference), told_by(support), strict=True):
        assert same == video
        gaps.add(end - begin)
    assert gaps == {1, 2, 3}
    assert torch.equal(flow_pairs(videos, flow, 0, 2)[0], reference)
    assert not torch.equal(flow_pairs(videos, flow, 0, 3)[0], reference)
    assert not torch.equal(flow_pairs(videos, flow, 1, 2)[0], reference)


# --- classes


def test_samples_of_a_class_conditional_model_carry_their_videos_class():
    source = LabelledVideos((3, 8, 8, 8, 8))  # the first is too short
    batch = draw("content", training_videos(source), small_spec(num_classes=3), DataSpec(), 0, range(60))
    assert [video % 3 for video, _, _ in told_by(batch.x_0)] == batch.label.tolist()
    assert set(batch.label.tolist()) == {0, 1, 2}
    motion = draw("motion", training_videos(), small_spec(num_classes=3), DataSpec(), 0, range(4))
    assert motion.label is None  # the motion generator has no classes and asks for none


def test_a_source_without_classes_is_refused_by_a_class_conditional_recipe():
    with pytest.raises(DataError, match="num_classes = 0"):
        draw("content", training_videos(), small_spec(num_classes=3), DataSpec(), 0, range(4))


# --- frames


def test_a_data_set_without_a_long_enough_video_is_refused():
    with pytest.raises(DataError, match="at least 9 frames") as caught:
        training_videos(CodedVideos((3, 8, 5)), shortest=9)
    assert "3 videos, the longest of 8 frames" in str(caught.value)
    kept = training_videos(CodedVideos((3, 8, 5)), shortest=5)
    assert (len(kept), kept.videos, kept.num_frames(1)) == (2, [1, 2], 5)


def test_a_small_set_is_decoded_once_and_read_from_the_cache_afterwards(own_cache, monkeypatch):
    lengths = (8, 3, 8)
    fresh = training_videos(CodedVideos(lengths))
    expected = [fresh.read(i, [7, 0, 0]) for i in range(2)]
    told = []
    fresh.prepare(lambda done, count, words: told.append((done, count)))
    assert told == [(1, 2), (2, 2)]
    again = training_videos(CodedVideos(lengths))

    def not_again(self, index, frames):
        raise AssertionError("decoded twice")

    monkeypatch.setattr(CodedVideos, "read", not_again)
    for videos in (fresh, again):
        videos.prepare()
        for i in range(2):
            assert np.array_equal(videos.read(i, [7, 0, 0]), expected[i])
    assert len(list((own_cache / "frames").glob("*.frames"))) == 1


def test_videos_of_several_lengths_are_read_anew(own_cache):
    videos = training_videos(CodedVideos((8, 9)))
    videos.prepare()
    assert not (own_cache / "frames").exists()
    assert videos.read(1, [8])[0, 0, 0, 1] == 40


def test_the_digest_says_source_and_resolution():
    digests = {
        TrainingVideos(CodedVideos(), SIZE, 8).digest(),
        TrainingVideos(CodedVideos(), 32, 8).digest(),
        TrainingVideos(CodedVideos(name="other"), SIZE, 8).digest(),
    }
    assert len(digests) == 3


def test_part_of_a_set_is_not_taken_for_another_part(own_cache):
    """Two videos of 8 frames, two of 12: the first two that are long enough."""
    source = CodedVideos((8, 8, 12, 12))
    for shortest, expected in ((8, [0, 1]), (12, [2, 3])):
        videos = TrainingVideos(source, SIZE, shortest, num_videos=2)
        assert videos.videos == expected
        videos.prepare()
        assert [videos.read(i, [7])[0, 0, 0, 0] // 10 for i in range(2)] == expected


def plain_square(frame, resolution):
    """Bilinear between pixel centres of the middle square, one output pixel at a time."""
    height, width = frame.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    output = np.empty((resolution, resolution, 3))
    for row in range(resolution):
        for column in range(resolution):
            y, x = (min(max((k + 0.5) * side / resolution - 0.5, 0), side - 1) for k in (row, column))
            y0, x0 = int(y), int(x)
            y1, x1 = min(y0 + 1, side - 1), min(x0 + 1, side - 1)
            corners = [frame[top + i, left + j].astype(float) for i in (y0, y1) for j in (x0, x1)]
            weights = [
                (1 - y + y0) * (1 - x + x0),
                (1 - y + y0) * (x - x0),
                (y - y0) * (1 - x + x0),
                (y - y0) * (x - x0),
            ]
            output[row, column] = sum(w * c for w, c in zip(weights, corners, strict=True))
    return output


@pytest.mark.parametrize("shape", [(20, 33), (47, 24), (9, 9), (16, 25), (64, 64)])
def test_frames_are_cropped_and_resized_as_by_the_plain_oracle(shape):
    frames = np.random.default_rng(0).integers(0, 256, (2, *shape, 3), dtype=np.uint8)
    found = square(frames, SIZE)
    assert (found.dtype, found.shape) == (np.uint8, (2, SIZE, SIZE, 3))
    for i in range(2):
        # Half a grey level of rounding, and float32's before it.
        assert np.abs(found[i] - plain_square(frames[i], SIZE)).max() <= 0.5 + 1e-3


# --- recipes

RECIPE = """
name = "own"
title = "For a test"
dataset = "clevrer-mini"
gpu_hours = 1.0
memory_gib = 1.0
device = "a CPU"
[model]
resolution = 32
content = { multipliers = [1, 2, 2] }
motion = { multipliers = [1, 2, 2] }
[flow_start]
start = "sintel"
[content]
steps = 10
batch_size = 4
[motion]
steps = 20
batch_size = 8
"""


def test_shipped_recipes_load_and_their_name_is_the_files():
    assert "tiny" in recipe_names()
    for name in recipe_names():
        assert load_recipe(name).name == name


def test_mistakes_in_a_recipe_are_named(tmp_path):
    with pytest.raises(ProtocolError, match="did you mean tiny"):
        load_recipe("tinny")
    with pytest.raises(ProtocolError, match="no such file"):
        load_recipe(str(tmp_path / "absent.toml"))
    path = tmp_path / "own.toml"
    path.write_text(RECIPE, encoding="utf-8")
    assert load_recipe(str(path)).motion.steps == 20
    for old, new, complaint in [
        ("steps = 10", "steps = 10\nlearning_rate = 1", "content.learning_rate: unknown key"),
        ("steps = 20", "steps = 0", "motion.steps: "),
        ("resolution = 32", "resolution = 34", "cannot be halved 2 times"),
        ('start = "sintel"', 'start = "photometric"', "only then"),
        ("batch_size = 8", "", "motion.batch_size: missing"),
    ]:
        assert RECIPE.count(old) == 1
        path.write_text(RECIPE.replace(old, new), encoding="utf-8")
        with pytest.raises(ProtocolError, match=complaint):
            load_recipe(str(path))


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"resolution": 17}, "take a multiple of 2"),
        ({"variant": "official", "penalty": True}, "penalty must be false"),
        ({"variant": "official", "penalty": False, "num_frames": 2}, "num_frames must be 3 or more"),
        ({"content": {"channels": 30, "groups": 8}}, "groups = 8 does not divide"),
        ({"content": {"channels": 48, "multipliers": [1, 2], "groups": 8}}, "head_channels = 64 does not divide"),
    ],
)
def test_models_that_cannot_be_built_are_refused(changes, complaint):
    with pytest.raises(ProtocolError, match=complaint):
        validated(small_spec().model_dump(mode="json") | changes, VidmSpec, where="a test")
