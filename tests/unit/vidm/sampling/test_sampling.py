import dataclasses
import zlib
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from reference.vidm_sampling import noises_of, plain_frames
from support.vidm_helpers import SIZE, small_vidm
from support.vidm_published import first_frames, frame_computed_anew, published_layout

from vidmbench.core.errors import DataError, UsageError
from vidmbench.videos.source import Source
from vidmbench.vidm.config import VidmSpec
from vidmbench.vidm.recipes import SamplingSpec
from vidmbench.vidm.sampling import rollout as walk
from vidmbench.vidm.sampling import source as sampling
from vidmbench.vidm.sampling.opening import SamplingOptions, videos_of
from vidmbench.vidm.sampling.source import Content, VidmVideos

VARIANTS = ["paper", "official"]


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def floats(monkeypatch):
    """Frames as they are before they become grey levels: float32 (batch, 3, height, width)."""
    monkeypatch.setattr(sampling.Levels, "of", lambda frames, **_: SimpleNamespace(read=frames.numpy))


def counted(monkeypatch, owner, name):
    """The arguments of all later calls of a method."""
    calls, method = [], getattr(owner, name)

    def counting(*args):
        calls.append(args)
        return method(*args)

    monkeypatch.setattr(owner, name, counting)
    return calls


def real_frames(indices):
    """First frames that are not the content generator's: a slope, steeper for later samples."""
    slope = torch.linspace(-0.5, 0.5, SIZE).expand(3, SIZE, SIZE)
    return torch.stack([slope * (1 + 0.1 * i) for i in indices])


REAL = Content(real_frames, "slopes", "first frames: slopes")


# --- what is drawn


@pytest.mark.parametrize("sampler", ["ancestral", "ddim", "dpm-solver", "sde-dpm-solver"])
@pytest.mark.parametrize("variant", VARIANTS)
def test_frames_are_those_of_the_plain_loop(variant, sampler, floats):
    """The loop works in float64 but for the network, which multiplies float32's roundings, as do later frames."""
    vidm = small_vidm(variant, sampler=sampler)
    found = VidmVideos(vidm, num_videos=9, seed=3).draw([2, 7], 4)
    expected = plain_frames(vidm, [2, 7], 4, seed=3)
    assert expected.std() > 0.1
    assert np.abs(expected).max() < 1.0
    assert found == pytest.approx(expected, abs=2e-4)


@torch.no_grad()
@pytest.mark.parametrize("variant", VARIANTS)
def test_what_is_computed_once_changes_no_frame(variant):
    """The published layout, whose convolutions in another memory order and batches of one add up in another order."""
    videos = VidmVideos(published_layout(variant, resolution=64), num_videos=4, batch_size=4)
    first = first_frames(4, 64)
    walk = videos.walk(first, range(4))
    previous = walk.frame(1, first)
    expected = frame_computed_anew(videos, first, previous, 2)
    assert float((walk.frame(2, previous) - expected).abs().max()) < 2e-3


@pytest.mark.parametrize("sampler", ["ancestral", "ddim"])
def test_the_frames_of_a_video_can_share_their_noise(sampler, floats):
    vidm = small_vidm(sampler=sampler, noise="video")
    found = VidmVideos(vidm, num_videos=9, seed=3).draw([2, 7], 4)
    assert found == pytest.approx(plain_frames(vidm, [2, 7], 4, seed=3), abs=2e-4)
    anew = VidmVideos(small_vidm(sampler=sampler), num_videos=9, seed=3).draw([2, 7], 4)
    assert np.array_equal(anew[:, 0], found[:, 0])
    assert np.abs(np.diff(found[:, 1:], axis=1)).mean() < 0.5 * np.abs(np.diff(anew[:, 1:], axis=1)).mean()


@pytest.mark.parametrize("changes", [{"posgn": False}, {"residual": False}, {"implicit_condition": False}])
@pytest.mark.parametrize("variant", VARIANTS)
def test_models_without_a_component_are_drawn_as_by_the_plain_loop(variant, changes, floats):
    vidm = small_vidm(variant, **changes)
    found = VidmVideos(vidm, num_videos=9, seed=1, content=REAL).draw([0, 4], 3)
    expected = plain_frames(vidm, [0, 4], 3, seed=1, first=real_frames([0, 4]))
    assert found == pytest.approx(expected, abs=2e-4)


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_sample_does_not_depend_on_its_batch(variant):
    vidm = small_vidm(variant, sampler="ancestral")
    whole = VidmVideos(vidm, num_videos=7, seed=2, batch_size=7).draw(range(7), 4)
    assert len(np.unique(whole[:, 2, 0, 0, 0])) > 3
    for batch_size in (1, 3):
        videos = VidmVideos(vidm, num_videos=7, seed=2, batch_size=batch_size, num_frames=4)
        again = np.stack([videos.read(i, range(4)) for i in range(7)])
        distance = np.abs(again.astype(int) - whole)
        assert (distance <= 1).mean() >= 0.999


def test_noise_depends_on_seed_sample_and_purpose_alone_to_the_bit():
    videos = VidmVideos(small_vidm(), num_videos=9, seed=4)
    together, alone = videos.noise([1, 5, 8], "motion", 2), videos.noise([5], "motion", 2)
    for expected in noises_of(4, 5, 3, SIZE, "motion", 2):
        assert np.array_equal(together()[1].numpy(), expected)
        assert np.array_equal(alone()[0].numpy(), expected)
    others = [(4, "motion", 3), (4, "content"), (5, "motion", 2)]
    firsts = [VidmVideos(small_vidm(), num_videos=9, seed=seed).noise([5], *rest)() for seed, *rest in others]
    firsts.append(videos.noise([5], "motion", 2)())
    assert len({first.numpy().tobytes() for first in firsts}) == 4


@pytest.mark.parametrize("variant", ["paper", "official"])
def test_the_official_variant_cuts_bytes_as_its_code_does(variant, monkeypatch):
    seen, whole = [], sampling.Levels.of
    monkeypatch.setattr(sampling.Levels, "of", lambda x, **how: seen.append(x) or whole(x, **how))
    drawn = VidmVideos(small_vidm(variant), num_videos=2, num_frames=3).draw(range(2), 3)
    values = torch.stack(seen, dim=1).permute(0, 1, 3, 4, 2).add(1).mul(127.5).clamp(0, 255)
    expected = values.floor() if variant == "official" else values.round()
    assert (torch.from_numpy(drawn) == expected).all()
    assert (values.floor() != values.round()).any()


def test_bytes_of_another_kind_are_other_videos(monkeypatch):
    official = VidmVideos(small_vidm("official"), num_videos=2)
    before = official.digest()
    monkeypatch.setattr(VidmSpec, "truncates_bytes", property(lambda _: False))
    assert official.digest() != before  # features of the others are not taken from the cache


def test_the_content_frame_opens_the_video_in_the_paper_and_is_left_out_in_the_code():
    first = sampling.to_uint8(real_frames([0, 1]))
    paper = VidmVideos(small_vidm("paper"), num_videos=2, content=REAL)
    assert np.array_equal(paper.draw([0, 1], 2)[:, 0], first)
    assert np.array_equal(paper.draw([0, 1], 1)[:, 0], first)
    official = VidmVideos(small_vidm("official"), num_videos=2, content=REAL)
    assert (official.draw([0, 1], 2)[:, 0] != first).mean() > 0.9
    assert "the content frame opens each video" in paper.notes
    assert any("omitted" in note for note in official.notes)


def test_classes_are_drawn_by_the_seed_and_move_the_pixels(monkeypatch):
    vidm = small_vidm(num_classes=5)
    seen = counted(monkeypatch, vidm.content, "forward")
    videos = VidmVideos(vidm, num_videos=40, seed=0)
    frames = videos.draw(range(40), 1)
    labels = seen[0][2]
    assert set(labels.tolist()) == set(range(5))
    alone = videos.draw([31], 1)
    assert seen[-1][2].tolist() == [labels[31]]
    assert np.abs(alone[0].astype(int) - frames[31]).max() <= 1
    with torch.no_grad():
        vidm.content.label_emb.weight.copy_(vidm.content.label_emb.weight.roll(1, 0))
    assert (videos.draw([31], 1) != alone).mean() > 0.1


# --- what is computed once


@pytest.mark.parametrize("variant", VARIANTS)
def test_what_does_not_change_is_computed_once(variant, monkeypatch):
    vidm = small_vidm(variant, steps=5)
    flows = counted(monkeypatch, vidm.motion, "flow")
    features = counted(monkeypatch, vidm.motion.encoder, "features")
    VidmVideos(vidm, num_videos=2, content=REAL).draw([0, 1], 4)
    motion_frames = 3 if variant == "paper" else 4
    assert len(flows) == motion_frames
    # The paper's encoder does not see n: once a step, for all frames. The code's does.
    assert len(features) == (5 if variant == "paper" else 5 * motion_frames)


def test_features_beyond_the_memory_cap_are_computed_anew_and_frames_stay(monkeypatch):
    vidm = small_vidm(steps=5)
    videos = VidmVideos(vidm, num_videos=2, content=REAL)
    expected = videos.draw([0, 1], 4)
    one = sum(x.nbytes for x in vidm.motion.residual(real_frames([0, 1]), torch.tensor([0]), torch.tensor([1])))
    monkeypatch.setattr(walk, "_KEPT_BYTES", 2 * one + one // 2)
    features = counted(monkeypatch, vidm.motion.encoder, "features")
    assert np.array_equal(videos.draw([0, 1], 4), expected)
    assert len(features) == 2 + 3 * 3


# --- as a source


def test_it_is_a_source_and_reads_the_same_in_any_order_from_any_thread():
    vidm = small_vidm()
    videos = VidmVideos(vidm, num_videos=8, num_frames=4, seed=6, batch_size=3)
    assert isinstance(videos, Source)
    assert (len(videos), videos.num_frames(0), videos.name(3), videos.size) == (8, 4, "sample_00003", (SIZE, SIZE))
    blocks = [videos.draw(range(begin, min(begin + 3, 8)), 4) for begin in (0, 3, 6)]
    whole = np.concatenate(blocks)
    order = np.random.default_rng(0).permutation(np.repeat(np.arange(8), 2)).tolist()
    wanted = [[3, 0], [1], [2, 2, 1]]
    with ThreadPoolExecutor(4) as pool:
        read = list(pool.map(lambda job: videos.read(job[1], wanted[job[0] % 3]), enumerate(order)))
    for number, (index, frames) in enumerate(zip(order, read, strict=True)):
        # A video drawn only as far as it is needed has the same beginning.
        assert np.array_equal(frames, whole[index][wanted[number % 3]])


def test_threads_that_want_the_same_block_draw_it_once():
    told = []
    videos = VidmVideos(
        small_vidm(steps=2), num_videos=6, num_frames=3, batch_size=3, content=REAL, on_frame=told.append
    )
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda index: videos.read(index, [0, 1, 2]), range(6)))
    assert told == [3] * 6


def test_memory_does_not_grow_with_the_number_of_videos(monkeypatch):
    vidm, told, kept = small_vidm(steps=1), [], []
    block = 2 * 2 * SIZE * SIZE * 3
    monkeypatch.setattr(sampling, "_KEPT_FRAMES", 3 * block)
    videos = VidmVideos(vidm, num_videos=20, num_frames=2, batch_size=2, content=REAL, on_frame=told.append)
    for index in range(20):
        videos.read(index, [0, 1])
        kept.append(sum(frames.nbytes for frames in videos._blocks.values()))
    assert max(kept) == 3 * block
    assert sum(told) == 20 * 2  # no frame was drawn twice
    for index in (19, 16, 0):  # the last blocks, and the first, of which pictures are made
        videos.read(index, [1])
    assert sum(told) == 40
    videos.read(4, [0])
    assert sum(told) == 42


@pytest.mark.parametrize(("index", "frames"), [(2, [0]), (-1, [0]), (0, [4]), (0, [0, -1])])
def test_samples_and_frames_that_are_not_there_are_refused(index, frames):
    videos = VidmVideos(small_vidm(), num_videos=2, num_frames=4)
    with pytest.raises(DataError, match="samples 0 to 1 of 4 frames"):
        videos.read(index, frames)


def test_longer_than_trained_is_drawn_and_noted():
    vidm = small_vidm(steps=2)
    longer = VidmVideos(vidm, num_videos=1, num_frames=10, content=REAL)
    assert longer.read(0, range(10)).shape == (10, SIZE, SIZE, 3)
    assert any("10 frames, trained for 8" in note for note in longer.notes)
    usual = VidmVideos(vidm, num_videos=1, content=REAL)
    assert usual.num_frames(0) == 8
    assert not any("trained for" in note for note in usual.notes)


def test_the_generators_that_are_needed_must_be_there():
    vidm = small_vidm()
    with pytest.raises(UsageError, match="--content real"):
        VidmVideos(dataclasses.replace(vidm, content=None), num_videos=1)
    VidmVideos(dataclasses.replace(vidm, content=None), num_videos=1, content=REAL).draw([0], 1)
    with pytest.raises(UsageError, match="no motion generator"):
        VidmVideos(dataclasses.replace(vidm, motion=None), num_videos=1)
    alone = VidmVideos(dataclasses.replace(vidm, motion=None), num_videos=1, num_frames=1)
    assert np.array_equal(alone.read(0, [0]), VidmVideos(vidm, num_videos=1).draw([0], 1)[0])
    # In the code's variant the content frame is no frame of the video, so that even the first needs motion.
    code = dataclasses.replace(small_vidm("official"), motion=None)
    with pytest.raises(UsageError, match="no motion generator"):
        VidmVideos(code, num_videos=1, num_frames=1).read(0, [0])


def test_the_digest_changes_with_all_that_moves_a_pixel_and_nothing_else():
    vidm = small_vidm()

    def digest(vidm=vidm, num_videos=4, **options):
        return VidmVideos(vidm, num_videos=num_videos, **options).digest()

    base = digest()
    assert len(base) == 64
    assert base == digest(num_videos=9) == digest(batch_size=1) == digest(sampling=vidm.sampling)
    changed = [
        digest(seed=1),
        digest(sampling=SamplingSpec(sampler="ddim", steps=5)),
        digest(sampling=SamplingSpec(sampler="ancestral", steps=4)),
        digest(sampling=SamplingSpec(sampler="ddim", steps=4, spacing="strided")),
        digest(sampling=SamplingSpec(sampler="ddim", steps=4, noise="video")),
        digest(content=REAL),
        digest(content=dataclasses.replace(REAL, digest="other slopes")),
        digest(dataclasses.replace(vidm, sha256="1" * 64)),
    ]
    assert len({base, *changed}) == 1 + len(changed)


def test_the_users_sampling_rules_over_the_models_own():
    vidm = small_vidm(sampler="ddim", steps=4)
    asked = SamplingSpec(sampler="dpm-solver", steps=5, spacing="strided")
    videos = VidmVideos(vidm, num_videos=1, sampling=asked)
    assert videos.schedule.timesteps.tolist() == [0, 200, 400, 600, 800]
    assert any("dpm-solver sampler, 5 steps" in note for note in videos.notes)
    assert not any("one draw of noise" in note for note in videos.notes)
    shared = VidmVideos(vidm, num_videos=1, sampling=SamplingSpec(noise="video"))
    assert any("one draw of noise" in note for note in shared.notes)
    with pytest.raises(UsageError, match="1 to 1000"):
        VidmVideos(vidm, num_videos=1, sampling=SamplingSpec(sampler="ddim", steps=1001))


# --- pictures given as first frame


def first_frame_of(path):
    return videos_of(small_vidm(), None, SamplingOptions(content=str(path)), num_videos=1).content


def test_a_picture_of_16_bits_is_cut_to_its_high_byte(tmp_path):
    path = tmp_path / "deep.png"
    Image.fromarray(np.full((SIZE, SIZE), 0x80FF, np.uint16)).save(path)
    content = first_frame_of(path)
    assert (sampling.to_uint8(content.frames([0])) == 0x80).all()
    assert "16-bit pictures were cut to their high byte" in content.note


def bomb(path):
    header = b"IHDR" + (30000).to_bytes(4, "big") * 2 + b"\x08\x02\0\0\0"
    end = b"IEND"
    chunks = [(len(body) - 4).to_bytes(4, "big") + body + zlib.crc32(body).to_bytes(4, "big") for body in (header, end)]
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(chunks))


def with_long_text(path):
    text = PngInfo()
    text.add_text("long", "x" * 20_000_000, zip=True)
    Image.new("RGB", (SIZE, SIZE)).save(path, pnginfo=text)


def without_its_end(path):
    Image.new("RGB", (SIZE, SIZE)).save(path)
    path.write_bytes(path.read_bytes()[:-12])


@pytest.mark.parametrize(
    ("write", "said"),
    [
        (lambda path: Image.fromarray(np.ones((SIZE, SIZE), np.float32)).save(path, "TIFF"), "8 or 16 bits per"),
        (bomb, "no frame has"),
        (with_long_text, "cannot be read: "),
        (without_its_end, "cannot be read: "),
        (lambda path: path.write_text("a text"), "no picture of a known kind"),
    ],
    ids=["float", "bomb", "long text", "cut off", "text"],
)
def test_pictures_that_are_no_first_frame_are_refused(write, said, tmp_path):
    path = tmp_path / "scene.png"
    write(path)
    with pytest.raises(DataError, match="given as first frame cannot be used") as caught:
        first_frame_of(path)
    assert said in str(caught.value)
    assert caught.value.expected
    assert caught.value.found
    assert caught.value.fix
    assert caught.value.where == str(path)
