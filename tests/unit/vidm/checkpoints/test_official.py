"""Published checkpoints. The real one is not at hand: files of its layout, whole in names and shapes, stand in.

Their tensors are pieces of one block of random numbers, so a file has some 20 MB instead of 3 GB.
"""

import pickle

import pytest
import torch
from reference.vidm_layout import content_layout, coordinate_layout, motion_layout
from support.vidm_networks import built, pieces, small

from vidmbench.core.errors import WeightsError
from vidmbench.vidm.checkpoints import official
from vidmbench.vidm.checkpoints.checkpoint import save_vidm
from vidmbench.vidm.checkpoints.official import load_official, load_official_content, open_vidm
from vidmbench.vidm.networks.content import ContentNet
from vidmbench.vidm.recipes import SamplingSpec

CPU = torch.device("cpu")
NAME = "checkpoint_accum_clevrer_robust_400000.pth.tar"


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(autouse=True)
def large_files_do_not_stay(tmp_path):
    yield
    for path in tmp_path.glob("*.p*"):
        path.unlink()


def buffers(**options):
    """Coordinate buffers as the file holds them, but of stride 0: their values are not looked at."""
    return {f"module.{name}": torch.zeros(()).expand(shape) for name, shape in coordinate_layout(**options).items()}


@pytest.fixture(scope="module")
def raw():
    return pieces(motion_layout(), seed=1)


@pytest.fixture(scope="module")
def ema():
    return pieces(motion_layout(), seed=2)


def written(folder, name=NAME, **content):
    path = folder / name
    torch.save(content, path)
    return path


def release(folder, raw, ema, name=NAME, **more):
    moments = {0: {"step": 400_000, "exp_avg": torch.zeros(3), "exp_avg_sq": torch.zeros(3)}}
    optimizer = {"state": moments, "param_groups": [{"lr": 2e-5, "betas": (0.9, 0.999), "params": [0]}]}
    content = {"iters": 400_000, "state_dict": raw, "ema_state_dict": ema, "optimizer": optimizer}
    return written(folder, name, **content | more)


def refused(path, load=load_official):
    with pytest.raises(WeightsError) as problem:
        load(path, CPU)
    assert str(path) in str(problem.value)
    return str(problem.value)


# What is read.


def test_the_release_is_loaded(raw, ema, tmp_path):
    path = release(tmp_path, raw | buffers(), ema)
    vidm = open_vidm(str(path), "clevrer", CPU)
    assert vidm.content is None
    assert (vidm.spec.variant, vidm.spec.loss, vidm.spec.content_frame) == ("official", "p2-vlb", "left out")
    assert (vidm.spec.resolution, vidm.spec.num_frames, vidm.spec.num_timesteps) == (128, 128, 1000)
    assert vidm.sampling == SamplingSpec(sampler="ancestral", steps=100, spacing="strided")
    assert len(vidm.sha256) == 64
    assert vidm.where == str(path)
    assert not vidm.motion.training
    state = vidm.motion.state_dict()
    assert {f"module.{name}" for name in state} == set(ema)
    for name, value in state.items():
        assert value.dtype == torch.float32
        assert not value.requires_grad
        assert torch.equal(value, ema[f"module.{name}"]), name
    facts = dict(vidm.facts)
    assert facts.pop("loss").startswith("unknown: the file's name says robust, but the published trainer")
    assert facts == {
        "written_by": "VIDM's published code",
        "weights": "ema_state_dict",
        "iters": 400_000,
        "num_timesteps": 1000,
        "video_timesteps": 128,
        "resolution": 128,
        "batch": [12],
        "read": ["num_timesteps", "video_timesteps", "resolution", "batch"],
        "assumed": [],
    }


def test_a_release_of_another_size_predicts_noise(raw, ema, tmp_path):
    own = {"resolution": 32, "frames": 64}
    # The moving average was run too, with another batch.
    vidm = load_official(release(tmp_path, raw | buffers(**own), ema | buffers(batch=1, **own)), CPU)
    assert (vidm.spec.resolution, vidm.spec.num_frames) == (32, 64)
    assert vidm.facts["batch"] == [1, 12]
    frames = torch.rand(3, 1, 3, 32, 32, generator=torch.Generator().manual_seed(0)) * 2 - 1
    predicted = vidm.motion(frames[0], torch.tensor([990]), torch.tensor([5]), frames[1], frames[2])
    assert predicted.shape == (1, 6, 32, 32)
    assert predicted.isfinite().all()
    assert predicted.std() > 0


@pytest.mark.parametrize("where", ["state_dict", "ema_state_dict"])
def test_evidence_is_taken_from_either_state(where, raw, ema, tmp_path):
    found = buffers(resolution=256, batch=3, frames=16)
    states = {"state_dict": raw, "ema_state_dict": ema}
    vidm = load_official(release(tmp_path, **{"raw": raw, "ema": ema}, **{where: states[where] | found}), CPU)
    assert (vidm.spec.resolution, vidm.spec.num_frames) == (256, 16)
    assert vidm.facts["batch"] == [3]
    assert vidm.facts["assumed"] == []


def test_without_evidence_the_published_defaults_are_assumed_and_said(ema, tmp_path):
    plain = {name.removeprefix("module."): value for name, value in ema.items()}
    path = written(tmp_path, "other.pt", ema_state_dict=plain)
    facts = open_vidm(str(path), "clevrer", CPU).facts
    assert (facts["resolution"], facts["video_timesteps"], facts["num_timesteps"]) == (128, 128, 1000)
    assert facts["assumed"] == ["num_timesteps", "video_timesteps", "resolution"]
    assert (facts["read"], facts["batch"], facts["iters"]) == ([], None, None)
    assert facts["loss"].startswith("the published trainer has")


# What is refused. Every message names the file and what is wrong in it.


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda state: state.pop("module.unet.out.2.bias"), "unet.out.2.bias is missing (1 missing, 0 unknown"),
        (lambda state: state.update({"module.head.bias": torch.zeros(2)}), "head.bias is not part of the model (0 mi"),
        (
            lambda state: state.update({"module.spynet.std": torch.zeros(3)}),
            "spynet.std has shape (3,), not (1, 3, 1, 1) (0 missing, 0 unknown, 1 reshaped)",
        ),
        (lambda state: state.update({"module.spynet.std": [0.2]}), "found: type list"),
        (lambda state: state.update({"module.spynet.std": torch.zeros(1, 3, 1, 1).int()}), "found: type torch.int32"),
        (lambda state: state.update({"module.spynet.std": torch.zeros(1, 3, 1, 1).to_sparse()}), "torch.sparse_coo"),
        (lambda state: state.update({"module.spynet.std": torch.zeros(1, 3, 1, 1, device="meta")}), "(device meta)"),
        (
            lambda state: state.update({"module.spynet.std": torch.zeros(1, 3, 1, 1).to(torch.float8_e4m3fn)}),
            "found: type torch.float8_e4m3fn",
        ),
        (lambda state: state.update({"spynet.std": torch.zeros(1, 3, 1, 1)}), "found: two of that name"),
        (lambda state: state.clear(), "(988 missing, 0 unknown, 0 reshaped)"),
    ],
    ids=["missing", "extra", "shape", "no tensor", "integers", "sparse", "meta", "float8", "twice", "empty"],
)
def test_other_weights_are_refused_by_name(change, said, raw, ema, tmp_path):
    change(state := dict(ema))
    assert said in refused(release(tmp_path, raw, state))


@pytest.mark.parametrize(
    ("states", "said"),
    [
        ({"raw": {"frames": 128}, "ema": {"frames": 64}}, "the number of video frames N"),
        ({"raw": {"timesteps": 1000}, "ema": {"timesteps": 100}}, "the number of timesteps T"),
        ({"raw": {"resolution": 128}, "ema": {"resolution": 256}}, "the number of pixels"),
    ],
    ids=str,
)
def test_states_that_contradict_each_other(states, said, raw, ema, tmp_path):
    path = release(tmp_path, raw | buffers(**states["raw"]), ema | buffers(**states["ema"]))
    text = refused(path)
    assert f"contradict each other about {said}" in text
    for label, options in zip(("state_dict: ", "ema_state_dict: "), states.values(), strict=True):
        assert f"{next(iter(options.values()))} ({label}" in text


@pytest.mark.parametrize(
    ("place", "shape", "said"),
    [
        ("input_blocks.7.0.emb_layers.new_coords", (1000, 64, 1, 1, 2), "64 (state_dict: encoder.input_blocks.7.0"),
        ("input_blocks.7.0.emb_layers.new_coords", (1000, 128, 2), "expected: (T, N, 1, 1, 2)"),
        ("input_blocks.7.0.emb_layers.coords", (12, 32, 16, 2), "found: (12, 32, 16, 2)"),
        ("input_blocks.7.0.emb_layers.coords", (12, 48, 48, 2), "found: 48 pixels"),
    ],
    ids=str,
)
def test_a_coordinate_buffer_that_cannot_be(place, shape, said, raw, ema, tmp_path):
    odd = {f"module.encoder.{place}": torch.zeros(()).expand(shape)}
    text = refused(release(tmp_path, raw | buffers() | odd, ema))
    assert said in text
    assert f"encoder.{place}" in text


def test_other_contents_are_refused(raw, tmp_path):
    text = refused(written(tmp_path, iters=3, state_dict=raw))
    assert "no moving average" in text
    assert "found: the keys iters, state_dict" in text
    torch.save(torch.zeros(3), tmp_path / NAME)
    assert "found: an object of type Tensor" in refused(tmp_path / NAME)
    assert "ema_state_dict holds no weights" in refused(written(tmp_path, ema_state_dict=None))
    assert "this is a content generator" in refused(
        written(tmp_path, ema_state_dict=pieces(content_layout(32), seed=3))
    )


@pytest.mark.parametrize("load", [load_official, load_official_content])
def test_files_that_are_no_checkpoint(load, tmp_path):
    path = tmp_path / NAME
    assert "no such checkpoint" in refused(path, load)
    noise = torch.randint(256, (5000,), generator=torch.Generator().manual_seed(0), dtype=torch.uint8).numpy()
    torch.save({"ema_state_dict": {"a": torch.zeros(1000)}}, path)
    whole = path.read_bytes()
    for data in (b"", b"PK", bytes(noise), whole[: len(whole) // 2], whole[:-1], b"a text\n"):
        path.write_bytes(data)
        assert f"found: {len(data)} bytes that do not read as one" in refused(path, load)


class Malicious:
    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return open, (str(self.marker), "w")


@pytest.mark.parametrize("old_format", [False, True])
@pytest.mark.parametrize("load", [load_official, load_official_content])
def test_no_code_in_a_file_is_run(load, old_format, tmp_path):
    path = tmp_path / NAME
    content = {"ema_state_dict": {"a": Malicious(tmp_path / "ran")}}
    if old_format:
        path.write_bytes(pickle.dumps(content, protocol=2))
    else:
        torch.save(content, path)
    text = refused(path, load)
    assert "this file is unsafe: it asks for code to be run when it is loaded, and none was" in text
    assert "found: a reference to" in text
    assert "open" in text
    assert "weights_only" not in text
    assert not (tmp_path / "ran").exists()


# Opening, whoever wrote the file.


def test_own_checkpoints_are_opened_by_the_same_words(tmp_path, monkeypatch):
    spec = small("paper")
    net = built(ContentNet, spec)
    save_vidm(tmp_path / "vidm.safetensors", spec, {"content": net.state_dict()}, SamplingSpec(), {"seed": 1})
    for text in (str(tmp_path), f"{tmp_path}/vidm.safetensors"):
        vidm = open_vidm(text, "clevrer-mini", CPU)
        assert (vidm.spec, vidm.motion, dict(vidm.facts)) == (spec, None, {"seed": 1})
    with pytest.raises(WeightsError, match="no such checkpoint"):
        open_vidm(f"{tmp_path}/gone.pth.tar", "clevrer-mini", CPU)
    for name in ("a.pth.tar", "a.PTH", "a.pt"):
        (tmp_path / name).touch()
        monkeypatch.setattr(official, "load_official", lambda path, device: path.name)
        assert open_vidm(str(tmp_path / name), "clevrer-mini", CPU) == name
