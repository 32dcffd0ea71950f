import json
import os

import pytest
import torch
from safetensors.torch import save_file
from support.vidm_helpers import CPU, randomised, small_spec, state_in, train

from vidmbench.core import resources
from vidmbench.core.errors import ProtocolError, ResultError, WeightsError
from vidmbench.core.files import sha256_of
from vidmbench.vidm.checkpoints import checkpoint
from vidmbench.vidm.checkpoints.checkpoint import load_vidm, save_vidm
from vidmbench.vidm.checkpoints.known import FILE_NAME, checkpoint_file
from vidmbench.vidm.checkpoints.tensor_files import check_same, read_tensors, write_tensors
from vidmbench.vidm.networks.content import ContentNet
from vidmbench.vidm.networks.motion import MotionNet
from vidmbench.vidm.recipes import SamplingSpec
from vidmbench.vidm.sampling.source import VidmVideos

SPEC = small_spec()
WEIGHTS = {
    "content": randomised(ContentNet(SPEC), 1).state_dict(),
    "motion": randomised(MotionNet(SPEC), 2).state_dict(),
}
SAMPLING = SamplingSpec(sampler="ddim", steps=2)
FACTS = {"recipe": "small", "seed": 0}
PUBLISHED = {
    "written_by": "VIDM's published code", "iters": None, "num_timesteps": 10, "video_timesteps": 4, "resolution": 16,
    "read": [], "assumed": [], "loss": "known",
}  # fmt: skip


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def saved(path, weights=WEIGHTS, spec=SPEC, **options):
    save_vidm(path, spec, weights, SAMPLING, FACTS, **options)
    return path


def rewritten(path, change):
    """A checkpoint whose tensors or header ``change`` has altered."""
    tensors, header = read_tensors(saved(path))
    change(tensors, header)
    path.with_suffix(".json").unlink()  # it tells of the file as it was
    write_tensors(path, tensors, header)
    return path


# --- round trips


def test_weights_that_float16_cannot_hold_are_refused(tmp_path):
    path = saved(tmp_path / "m.safetensors", dtype=torch.float16)
    before = path.read_bytes()
    name, value = next(iter(WEIGHTS["content"].items()))
    large = WEIGHTS | {"content": WEIGHTS["content"] | {name: torch.full_like(value, 1e5)}}
    with pytest.raises(WeightsError, match="too large for float16") as caught:
        saved(path, large, dtype=torch.float16)
    assert caught.value.found == f"100000 in content.{name}"
    assert "without --half" in caught.value.fix
    assert path.read_bytes() == before
    assert load_vidm(path, torch.device("cpu")).content is not None  # its JSON is still there and true
    saved(path, large)


@pytest.mark.parametrize("variant", ["paper", "official"])
def test_float32_comes_back_to_the_bit(variant, tmp_path):
    spec = small_spec(variant)
    weights = {
        "content": randomised(ContentNet(spec)).state_dict(),
        "motion": randomised(MotionNet(spec)).state_dict(),
    }
    path = saved(tmp_path / "run" / FILE_NAME, weights, spec)
    vidm = load_vidm(path, CPU)
    assert (vidm.spec, vidm.sampling, vidm.facts, vidm.where) == (spec, SAMPLING, FACTS, str(path))
    assert vidm.sha256 == sha256_of(path)
    for net, expected in ((vidm.content, weights["content"]), (vidm.motion, weights["motion"])):
        assert not net.training
        assert not any(parameter.requires_grad for parameter in net.parameters())
        found = net.state_dict()
        assert list(found) == list(expected)
        assert all(torch.equal(found[name], value) for name, value in expected.items())
    assert VidmVideos(vidm, num_videos=1).draw([0], 2).shape == (1, 2, 16, 16, 3)


def test_float16_halves_the_file_and_rounds_once(tmp_path):
    whole = saved(tmp_path / "whole.safetensors")
    half = saved(tmp_path / "half.safetensors", dtype=torch.float16)
    assert half.stat().st_size < 0.6 * whole.stat().st_size
    found = load_vidm(half, CPU).motion.state_dict()
    for name, value in WEIGHTS["motion"].items():
        assert found[name].dtype == torch.float32
        assert torch.equal(found[name], value.half().float())


def test_people_find_the_header_beside_it(tmp_path):
    path = saved(tmp_path / FILE_NAME)
    about = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    assert (about["sha256"], about["bytes"]) == (sha256_of(path), path.stat().st_size)
    assert (about["facts"], about["model"]["resolution"], about["sampling"]["steps"]) == (FACTS, 16, 2)


@pytest.mark.parametrize("part", ["content", "motion"])
def test_a_model_may_have_one_part(part, tmp_path):
    vidm = load_vidm(saved(tmp_path / FILE_NAME, {part: WEIGHTS[part]}), CPU)
    assert (vidm.content is None, vidm.motion is None) == (part == "motion", part == "content")


# --- files that do not fit


def add(tensors, header):
    tensors["content.head.weight"] = torch.zeros(3)


def reshape(tensors, header):
    tensors["content.out.2.bias"] = torch.zeros(7)


def other_resolution(tensors, header):
    header["model"]["resolution"] = 32
    for part in ("content", "motion"):
        header["model"][part]["attention"] = [16]


def other_variant(tensors, header):
    header["model"] |= {"variant": "official", "penalty": False}
    for part in ("content", "motion"):
        header["model"][part]["attention"] = [2]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda tensors, _: tensors.pop("motion.unet.out.2.bias"), "unet.out.2.bias is missing (1 missing, 0 unknown"),
        (add, "head.weight is not part of the model (0 missing, 1 unknown, 0 reshaped)"),
        (reshape, "out.2.bias has shape (7,), not (3,) (0 missing, 0 unknown, 1 reshaped)"),
        (other_resolution, "input.input has shape (1, 3, 16, 16), not (1, 3, 32, 32) (0 missing, 0 unknown, 1"),
        (other_variant, "out.2.bias has shape (3,), not (6,) ("),
    ],
    ids=["missing", "unknown", "reshaped", "other resolution", "other variant"],
)
def test_weights_that_do_not_fit_their_header_are_refused(change, said, tmp_path):
    path = rewritten(tmp_path / FILE_NAME, change)
    with pytest.raises(WeightsError, match="do not fit the model") as caught:
        load_vidm(path, CPU)
    assert said in caught.value.found
    assert caught.value.where == str(path)


def test_a_model_without_a_generator_is_refused(tmp_path):
    def rename(tensors, _):
        for name in list(tensors):
            tensors[f"other.{name}"] = tensors.pop(name)

    path = rewritten(tmp_path / FILE_NAME, rename)
    with pytest.raises(WeightsError, match="holds no generator") as caught:
        load_vidm(path, CPU)
    assert caught.value.expected == "tensors named content.NAME or motion.NAME"
    assert caught.value.found.startswith("other.content.")


def test_mistakes_in_the_header_are_named(tmp_path):
    path = rewritten(tmp_path / FILE_NAME, lambda _, header: header["model"].update(depth=3))
    with pytest.raises(ProtocolError, match="depth: unknown key"):
        load_vidm(path, CPU)
    path = rewritten(tmp_path / FILE_NAME, lambda _, header: header.update(format=9))
    with pytest.raises(WeightsError, match="format 9"):
        load_vidm(path, CPU)


@pytest.mark.parametrize("dtype", [torch.complex64, torch.float8_e4m3fn, torch.int32], ids=str)
def test_tensors_of_unusual_kinds_are_refused(dtype, tmp_path):
    def change(tensors, _):
        tensors["content.out.2.bias"] = torch.zeros(3).to(dtype)

    path = rewritten(tmp_path / FILE_NAME, change)
    with pytest.raises(WeightsError, match="a tensor of a kind") as caught:
        load_vidm(path, CPU)
    assert caught.value.found == f"out.2.bias: {dtype}"
    assert caught.value.where == str(path)


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        (None, "facts = null"),
        ([1], "facts = [1]"),
        ({"published_sha256": 5}, "no facts.iters"),
        (PUBLISHED | {"published_sha256": 5}, "facts.published_sha256 = 5"),
        ({"written_by": "VIDM's published code"}, "no facts.iters"),
        (PUBLISHED | {"loss": 1}, "facts.loss = 1"),
    ],
)
def test_facts_of_a_wrong_shape_are_refused(facts, said, tmp_path):
    path = rewritten(tmp_path / FILE_NAME, lambda _, header: header.update(facts=facts))
    with pytest.raises(WeightsError, match="does not say how it was made") as caught:
        load_vidm(path, CPU)
    assert said == caught.value.found
    assert caught.value.where == str(path)


def test_a_header_that_is_no_object_is_refused(tmp_path):
    path = tmp_path / FILE_NAME
    save_file({"weight": torch.zeros(2)}, path, metadata={"vidmbench": "[1, 2]"})
    with pytest.raises(WeightsError, match="no header of vidmbench"):
        load_vidm(path, CPU)


def test_settings_that_are_no_object_are_refused(tmp_path):
    with pytest.raises(ResultError, match="cannot be read") as caught:
        check_same([], {"seed": 0}, "an ablation", tmp_path / "ablation.json")
    assert (caught.value.expected, caught.value.found) == ("a JSON object", "[]")


def test_files_that_are_no_checkpoints_are_refused(tmp_path):
    path = tmp_path / "other.safetensors"
    with pytest.raises(WeightsError, match="no such checkpoint"):
        load_vidm(path, CPU)
    save_file({"weight": torch.zeros(2)}, path)
    with pytest.raises(WeightsError, match="no header of vidmbench"):
        load_vidm(path, CPU)
    saved(path)
    path.with_suffix(".json").unlink()
    for size in (path.stat().st_size - 1, 9, 0):
        os.truncate(path, size)
        with pytest.raises(WeightsError, match="cut off") as caught:
            load_vidm(path, CPU)
        assert f"({size} bytes)" in caught.value.found
    path.write_text("not a checkpoint", encoding="utf-8")
    with pytest.raises(WeightsError, match="cannot be read: it is not a safetensors file of a VIDM"):
        load_vidm(path, CPU)
    with pytest.raises(WeightsError, match="cannot be read"):
        load_vidm(tmp_path, CPU)


def test_the_header_beside_it_is_held_to(tmp_path):
    path = saved(tmp_path / FILE_NAME)
    whole, beside = path.read_bytes(), path.with_suffix(".json")
    for place in (20, len(whole) - 5):  # in its own header, in a tensor
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        with pytest.raises(WeightsError, match=r"not the file that vidm\.json beside it describes") as caught:
            load_vidm(path, CPU)
        assert "damaged" in caught.value.found
    path.write_bytes(whole[:-5])
    with pytest.raises(WeightsError, match="cut off"):
        load_vidm(path, CPU)
    for text in ("", "[1]", '{"name": "of something else"}'):  # says nothing about it
        path.write_bytes(whole)
        beside.write_text(text)
        load_vidm(path, CPU)


def test_an_older_header_never_stands_beside_new_weights(tmp_path, monkeypatch):
    path = saved(tmp_path / FILE_NAME)
    monkeypatch.setattr(checkpoint, "write_json", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        saved(path, {"content": WEIGHTS["content"]})
    assert load_vidm(path, CPU).motion is None


def test_a_training_state_is_no_model(tmp_path):
    train(tmp_path)
    with pytest.raises(WeightsError, match="state of a training run"):
        load_vidm(tmp_path / "content.state.safetensors", CPU)


def test_a_model_is_no_training_state(tmp_path):
    saved(tmp_path / "content.state.safetensors")
    with pytest.raises(ResultError, match="part = null"):
        train(tmp_path)


# --- which file --model means


def test_a_path_means_the_file_or_the_runs_model(tmp_path):
    path = saved(tmp_path / FILE_NAME)
    assert checkpoint_file(str(path), "clevrer-mini") == path
    assert checkpoint_file(str(tmp_path), "clevrer-mini") == path
    with pytest.raises(WeightsError, match="no such checkpoint"):
        checkpoint_file(f"{tmp_path}/absent", "clevrer-mini")


def test_a_folder_without_a_finished_model_is_refused(tmp_path):
    with pytest.raises(WeightsError, match="no finished model") as caught:
        checkpoint_file(str(tmp_path), "clevrer-mini")
    assert caught.value.found == "an empty folder"
    train(tmp_path)
    assert state_in(tmp_path)[1] == 6
    with pytest.raises(WeightsError, match="no finished model") as caught:
        checkpoint_file(str(tmp_path), "clevrer-mini")
    assert caught.value.found == "an unfinished run (content.state.safetensors)"


def test_the_bare_name_means_the_shipped_model_of_the_data_set(tmp_path, monkeypatch):
    monkeypatch.setattr(resources, "results_dir", lambda: tmp_path)
    with pytest.raises(WeightsError, match="no VIDM for clevrer on this machine") as caught:
        checkpoint_file(None, "clevrer")
    assert caught.value.found == "none"
    shipped = saved(tmp_path / "checkpoints" / "vidm-clevrer-mini.safetensors")
    assert checkpoint_file(None, "clevrer-mini") == shipped
    with pytest.raises(WeightsError, match="no VIDM for clevrer") as caught:
        checkpoint_file(None, "clevrer")
    assert caught.value.found == "vidm-clevrer-mini, made for other videos"
    assert checkpoint_file("vidm-clevrer-mini", "clevrer") == shipped
