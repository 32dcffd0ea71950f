"""The content generator of VIDM's release history, from files of its layout."""

import pytest
import torch
from reference.vidm_layout import content_layout
from vidm_networks import pieces

from vidmbench.errors import WeightsError
from vidmbench.vidm.content import ContentNet
from vidmbench.vidm.official import load_official_content

CPU = torch.device("cpu")


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


@pytest.mark.parametrize("wrapping", ["bare", "state_dict", "both", "old format"])
def test_a_content_generator_is_loaded(wrapping, tmp_path):
    prefix = "module." if wrapping in ("state_dict", "both") else ""
    state = pieces(content_layout(64), seed=4, prefix=prefix)
    path = tmp_path / "content.pth"
    other = {name: torch.zeros(()).expand(value.shape) for name, value in state.items()}
    wrapped = {"state_dict": {"state_dict": state}, "both": {"state_dict": other, "ema_state_dict": state}}
    torch.save(wrapped.get(wrapping, state), path, _use_new_zipfile_serialization=wrapping != "old format")
    net = load_official_content(path, CPU)
    assert isinstance(net, ContentNet)
    assert (net.spec.resolution, net.spec.num_classes, net.spec.variant) == (64, 0, "official")
    assert not net.training
    assert {prefix + name for name in net.state_dict()} == set(state)
    assert all(torch.equal(value, state[prefix + name]) for name, value in net.state_dict().items())


def test_a_content_generator_with_classes(tmp_path):
    layout = content_layout(128) | {"label_emb.weight": (101, 512)}
    torch.save(pieces(layout, seed=4), tmp_path / "content.pth.tar")
    net = load_official_content(tmp_path / "content.pth.tar", CPU)
    assert (net.spec.resolution, net.spec.num_classes) == (128, 101)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda state: state.pop("module.input.input"), "found: the keys dt_embed.0.bias, dt_embed.0.weight"),
        (lambda state: state.update({"module.input.input": torch.zeros(1, 3, 32, 64)}), "of shape (1, 3, 32, 64)"),
        (lambda state: state.update({"module.input.input": torch.zeros(1, 4, 32, 32)}), "input.input has shape (1, 4"),
        (lambda state: state.pop("module.out.2.weight"), "out.2.weight is missing"),
        (lambda state: state.update({"module.label_emb.weight": torch.zeros(5, 3)}), "label_emb.weight has shape (5"),
    ],
    ids=["no constant", "oblong", "channels", "missing", "classes"],
)
def test_other_content_weights_are_refused(change, said, tmp_path):
    change(state := pieces(content_layout(32), seed=4))
    torch.save(state, tmp_path / "content.pth")
    with pytest.raises(WeightsError) as problem:
        load_official_content(tmp_path / "content.pth", CPU)
    assert said in str(problem.value)
    assert str(tmp_path / "content.pth") in str(problem.value)
