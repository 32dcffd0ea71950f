"""Packs on the command line: the same number as with the videos, and one sentence where a pack cannot serve."""

import pickle
import re

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from vidmbench.sources.packs.files import read_pack, write_pack

pytestmark = pytest.mark.usefixtures("fake_network")

FRAMES = ("--frames", 16)
STYLEGAN_V = ("--protocol", "fvd-stylegan-v")
SAME = ("value", "interval", "interval_kind", "signature_id", "signature", "num_real", "num_fake", "status")


@pytest.fixture
def films(folder):
    for seed, name in enumerate(("real", "fake")):
        rng = np.random.default_rng(seed)
        np.save(folder / f"{name}.npy", rng.integers(0, 256, (6, 18, 8, 8, 3), dtype=np.uint8))
    return folder


@pytest.fixture
def made(films, command):
    done = command("pack", "make", "real.npy", *STYLEGAN_V, *FRAMES, "--num-videos", 6, "--out", "a.pack")
    assert done.code == 0, done.err
    return films / "a.pack"


def numbers(done):
    assert done.code == 0, done.err
    content = done.json
    return [{key: item[key] for key in SAME} for item in content.get("measurements", [content])]


def test_a_score_is_the_one_made_with_the_videos_bit_for_bit(command, made):
    given = (*STYLEGAN_V, *FRAMES, "--num-videos", 6, "--json")
    videos = numbers(command("score", "real.npy", "fake.npy", *given))
    assert numbers(command("score", "pack:a.pack", "fake.npy", *given)) == videos
    assert videos[0]["interval"] is not None
    assert numbers(command("score", "pack:a.pack", "fake.npy", "--json")) == videos
    (made.parent / "real.npy").unlink()
    assert numbers(command("score", "pack:a.pack", "fake.npy", "--json")) == videos


def test_run_and_a_data_set(command, films):
    data = ("--num-videos", 4, *FRAMES, *STYLEGAN_V)
    assert command("pack", "make", "dataset:clevrer-mini@test/32", *data, "--out", "c.pack").code == 0
    model = ("run", "--model", "m", "--samples", "fake.npy", "--json")
    videos = command(*model, *data, "--dataset", "clevrer-mini@test/32")
    packed = command(*model, "--dataset", "pack:c.pack")
    assert numbers(packed) == numbers(videos)
    assert (packed.json["dataset"], "picture" in packed.json) == ("clevrer-mini", False)
    # A control comes from the other split of the data set, which needs no pixels of the pack.
    control = ("score", "pack:c.pack", "control:noise", "--dry-run", "--json")
    assert command(*control).json["measurements"][0]["num_fake"] == 4


def test_several_protocols_and_lengths_in_one_file(command, films):
    names = "fvd-tats,kvd-tats,fvd-stylegan-v"
    given = ("--protocol", names, *FRAMES, "--num-videos", 6)
    assert command("pack", "make", "real.npy", *given, "--out", "m.pack").code == 0
    assert numbers(command("score", "pack:m.pack", "fake.npy", "--json")) == numbers(
        command("score", "real.npy", "fake.npy", *given, "--json")
    )
    some = command("score", "pack:m.pack", "fake.npy", "--protocol", "kvd-tats", "--json")
    assert [item["interval_kind"] for item in numbers(some)] == ["jackknife-6x6-95"]
    lengths = (*STYLEGAN_V, "--frames", "9,16", "--num-videos", 6)
    assert command("pack", "make", "real.npy", *lengths, "--out", "l.pack").code == 0
    assert command("score", "pack:l.pack", "fake.npy", "--frames", 9, "--json").json["frames"] == 9
    command("infinity", "pack:l.pack", "fake.npy").fails("l.pack holds several clip lengths")
    shared = read_pack("m.pack")
    assert len(shared.features) < len(shared.header.parts)  # fvd-tats and kvd-tats see the same clips
    assert command("compare", "pack:m.pack", "fake.npy", "--json").json["measurements"][0]["num_real"] == 6
    command("compare-models", "pack:m.pack", "fake.npy", "fake.npy").fails("m.pack holds several protocols")


def test_studies_take_a_pack_of_features(command, made):
    given = (*STYLEGAN_V, *FRAMES, "--num-videos", 6, "--json")
    pair = ("fake.npy", "control:blurred")
    videos = command("compare-models", "real.npy", "fake.npy", "fake.npy", *given).json
    packed = command("compare-models", "pack:a.pack", "fake.npy", "fake.npy", "--json").json
    assert packed["a"] | {"real": 0, "warnings": 0, "seconds": 0} == videos["a"] | {
        "real": 0,
        "warnings": 0,
        "seconds": 0,
    }
    command("compare-models", "pack:a.pack", *pair).fails("control:blurred cannot be made from it")
    command("infinity", "pack:a.pack", "fake.npy").fails("too few videos to extrapolate", "6 real and 6 generated")


def test_moments_give_the_value_and_say_why_there_is_no_interval(command, films, made):
    given = (*STYLEGAN_V, *FRAMES, "--num-videos", 6)
    assert command("pack", "make", "real.npy", *given, "--moments", "--out", "b.pack").code == 0
    features = numbers(command("score", "pack:a.pack", "fake.npy", "--json"))[0]
    done = command("score", "pack:b.pack", "fake.npy", "--json")
    assert numbers(done)[0] == features | {"interval": None, "interval_kind": None}
    assert done.json["interval_reason"].startswith("a pack of moments has no single clips")
    command("compare-models", "pack:b.pack", "fake.npy", "fake.npy").fails("b.pack holds moments alone")
    command("pack", "make", "real.npy", "--protocol", "kvd-tats", *FRAMES, "--moments", "--out", "c.pack").fails(
        "moments are not enough for kvd-tats"
    )


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (("--protocol", "fvd-digan"), "a.pack was not made for fvd-digan"),
        (("--protocol", "psnr-opencv"), "no pack serves psnr-opencv"),
        (("--frames", 9), "a.pack was not made for fvd-stylegan-v at 9 frames"),
        (("--num-real", 5), "a.pack holds 6 clips of the real side"),
        (("--num-videos", 5), "a.pack holds 6 clips of the real side"),
        (("--seed", 1), "a.pack was made of other clips"),
        (("--stride", 2), "a.pack was made at another stride"),
        (("--precision", "bf16"), "a.pack was computed in fp32"),
        (("--context", 2), "--context 2 takes frames of the real videos"),
    ],
)
def test_a_pack_of_something_else_is_refused(words, problem, command, made):
    command("score", "pack:a.pack", "fake.npy", *words).fails(problem, "expected:", "found:", "what to do:")


@pytest.mark.parametrize(
    "words",
    [
        ("score", "fake.npy", "pack:a.pack"),
        ("memorisation", "pack:a.pack", "fake.npy", "fake.npy"),
        ("explain", "fvd-tats", "fvd-digan", "pack:a.pack", "fake.npy"),
        ("plot", "samples", "pack:a.pack"),
        ("run", "--model", "m", "--samples", "pack:a.pack", "--dataset", "clevrer-mini"),
        ("sample", "--model", "vidm", "--dataset", "pack:a.pack", "--num-videos", 2, "--out", "s"),
    ],
)
def test_a_pack_in_another_place_is_refused_in_a_sentence(words, command, made):
    command(*words).fails("it serves as the real side of a score and as nothing else")


def test_files_that_are_no_packs(command, made, folder):
    whole = made.read_bytes()
    changed = bytearray(whole)
    changed[-9] ^= 1
    other = read_pack("a.pack").digest.encode()
    start = re.search(rb"file_sha256[^0-9a-f]+", whole).end()
    later = whole.replace(b"vidmbench-pack-1", b"vidmbench-pack-2")
    for content, problem in (
        (bytes(changed), "x.pack is damaged"),
        (whole[:start] + other + whole[start + 64 :], "x.pack is damaged"),
        (whole[: len(whole) // 2], "x.pack is not a pack, or only the beginning of one"),
        (later, "x.pack has a format that this version does not know"),
        (b"", "x.pack is not a pack"),
    ):
        (folder / "x.pack").write_bytes(content)
        command("score", "pack:x.pack", "fake.npy").fails(problem, "what to do:")
    command("score", "pack:gone.pack", "fake.npy").fails("path not found: gone.pack")
    command("pack", "show", "fake.npy").fails("fake.npy is not a pack")
    command("pack", "make", "real.npy", *FRAMES, "--num-videos", 6, "--out", "fake.npy").fails("is not a pack")
    save_file(load_file("a.pack"), "plain.safetensors")
    command("pack", "show", "plain.safetensors").fails("is not a pack")


def test_other_weights_and_another_version_are_refused_by_name(command, made, monkeypatch):
    from vidmbench.evaluation import packs

    with monkeypatch.context() as patch:
        patch.setattr(packs, "identity", lambda _: "b" * 64)
        command("score", "pack:a.pack", "fake.npy").fails("i3d-kinetics400 is another network here", "bbbbbbbb")
    monkeypatch.setattr(packs, "VERSION", packs.VERSION + 1)
    command("score", "pack:a.pack", "fake.npy").fails("which reads and prepares clips differently")


def test_show_says_what_it_holds_and_what_it_cannot_do(command, made):
    text = command("pack", "show", "pack:a.pack").out
    for words in ("features of real.npy", "fvd-stylegan-v, 16 frames, 6 clips", "it cannot serve:", "memorisation"):
        assert words in text
    content = command("pack", "show", "a.pack", "--json").json
    assert content["parts"][0]["clips"][0]["frames"] == 16
    assert (content["num_videos"], content["parts"][0]["num_real"]) == (6, 6)
    before = made.read_bytes()
    write_pack(read_pack(made), made)
    assert made.read_bytes() == before  # the same pack, the same bytes


class FeatureStats:
    """As StyleGAN-V and cd-fvd save it."""

    def __init__(self, features, *, capture_all=False):
        rows = features.astype(np.float64)
        self.capture_all, self.capture_mean_cov, self.max_items = capture_all, True, None
        self.num_items, self.num_features = features.shape
        self.all_features = [features[:2], features[2:]] if capture_all else []
        self.raw_mean, self.raw_cov = rows.sum(0), rows.T @ rows

    def save(self, path, protocol=4):
        path.write_bytes(pickle.dumps(self.__dict__, protocol))


@pytest.mark.parametrize("capture_all", [False, True])
def test_statistics_of_stylegan_v_give_the_number_of_their_features(capture_all, command, made, folder):
    features = read_pack(made).features["features-0"]
    FeatureStats(features, capture_all=capture_all).save(folder / "s.pkl", 5 if capture_all else 4)
    done = command("pack", "import", "s.pkl", *STYLEGAN_V, *FRAMES, "--label", "ours", "--out", "s.pack")
    assert done.code == 0, done.err
    scored = command("score", "pack:s.pack", "fake.npy", "--json").json
    assert scored["value"] == pytest.approx(numbers(command("score", "pack:a.pack", "fake.npy", "--json"))[0]["value"])
    assert (scored["interval"] is None) is not capture_all
    assert scored["signature_id"] != numbers(command("score", "pack:a.pack", "fake.npy", "--json"))[0]["signature_id"]
    assert (scored["num_real"], scored["real"]["label"]) == (6, "ours")


def test_statistics_that_are_refused(command, films, folder):
    stats = FeatureStats(np.random.default_rng(0).normal(size=(5, 400)).astype(np.float32))
    stats.save(folder / "s.pkl")
    (folder / "code.pkl").write_bytes(b"cos\nsystem\n(S'touch ran'\ntR.")
    np.savez(folder / "x_clean_custom_na.npz", mu=np.zeros(2048), sigma=np.eye(2048))
    np.savez(folder / "x_legacy_tensorflow.npz", mu=np.zeros(2048), sigma=np.eye(2048))
    np.savez(folder / "unknown.npz", mu=np.zeros(2048), sigma=np.eye(2048))
    out = ("--out", "s.pack")
    for words, problem in (
        (("s.pkl", *STYLEGAN_V), "the file does not say how long its clips are"),
        (("s.pkl", *STYLEGAN_V, *FRAMES, "--num-real", 7), "says how many clips it was made from"),
        (("s.pkl", "--protocol", "fvd-digan", *FRAMES), "are not of fvd-digan"),
        (("s.pkl", "--protocol", "fid-frames"), "these statistics are not of inception-pool"),
        (("s.pkl", "--protocol", "kvd-tats", *FRAMES), "does not measure a Fréchet distance"),
        (("code.pkl", *STYLEGAN_V, *FRAMES), "the file asks for os.system"),
        (("fake.npy", *STYLEGAN_V, *FRAMES), "holds no statistics that can be imported"),
        (("x_clean_custom_na.npz", "--protocol", "fid-frames"), "mode clean are not of fid-frames"),
        (("x_legacy_tensorflow.npz", "--protocol", "fid-frames"), "does not say how many images"),
        (("unknown.npz", "--protocol", "fid-frames", "--num-real", 9), "the mode of clean-fid is not known"),
    ):
        command("pack", "import", *words, *out).fails(problem)
    assert not (folder / "ran").exists()
    done = command("pack", "import", "x_legacy_tensorflow.npz", "--protocol", "fid-frames", "--num-real", 9, *out)
    assert done.code == 0, done.err
    assert "fid-frames, 1 frame, 9 clips" in done.out
