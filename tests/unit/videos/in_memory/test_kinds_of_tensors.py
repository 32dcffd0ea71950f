"""Tensors that hold no plain numbers: refused with what makes plain ones of them, wherever they are given."""

import numpy as np
import pytest
import torch

from vidmbench import Choices, open_source, score, to_uint8
from vidmbench.core.errors import DataError, UsageError

VIDEO = torch.rand(4, 8, 8, 3)
CLIPS = np.zeros((2, 4, 8, 8, 3), np.uint8)
KINDS = {
    "nested": (lambda: torch.nested.nested_tensor([VIDEO, VIDEO[:2]]), "give a list of the tensors: list(x.unbind())"),
    "jagged": (
        lambda: torch.nested.nested_tensor([VIDEO, VIDEO[:2]], layout=torch.jagged),
        "give a list of the tensors: list(x.unbind())",
    ),
    "MKL-DNN": (lambda: torch.rand(4, 8, 8, 8).to_mkldnn(), "give x.to_dense()"),
    "sparse": (lambda: VIDEO.to_sparse(), "give x.to_dense()"),
    "sparse rows": (lambda: VIDEO.flatten(1).to_sparse_csr(), "give x.to_dense()"),
    "quantised": (lambda: torch.quantize_per_tensor(VIDEO, 1, 0, torch.quint8), "give x.dequantize()"),
    "meta": (lambda: VIDEO.to("meta"), "give a tensor that holds values, not one on the device meta"),
}
PLACES = {
    "to_uint8": lambda x: to_uint8(x, value_range=(0, 1), layout="NTHW"),
    "open_source": lambda x: open_source(x, value_range=(0, 1), layout="NTHW"),
    "undeclared": open_source,
    "real": lambda x: score(x, CLIPS, value_range=(0, 1), layout="NTHW"),
    "fake": lambda x: score(CLIPS, x, value_range=(0, 1), layout="NTHW"),
}
WITHIN = {
    "list": lambda x: [x, x],
    "iterator": lambda x: iter([x]),
    "beside labels": lambda x: iter([(x, 1)]),
    "dictionary": lambda x: iter([{"video": x, "label": 1}]),
    "function": lambda x: lambda seed, index: x,
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_each_kind_is_refused_wherever_it_is_given(kind, place):
    make, fix = KINDS[kind]
    with pytest.raises(DataError, match="these numbers cannot be pixels") as caught:
        PLACES[place](make())
    assert caught.value.fix == fix


@pytest.mark.parametrize("within", WITHIN)
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "sparse rows"])
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_each_kind_is_refused_within_lists_and_what_is_iterated_over(kind, within):
    make, fix = KINDS[kind]
    with pytest.raises(DataError, match="these numbers cannot be pixels") as caught:
        open_source(WITHIN[within](make()), value_range=(0, 1), layout="THW", num_videos=1)
    assert caught.value.fix == fix


def test_other_kinds_beside_the_videos_do_no_harm():
    labels = torch.eye(2).to_sparse()
    assert len(open_source(iter([(torch.from_numpy(CLIPS), labels)]))) == 2


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_a_nested_tensor_is_named_where_an_argument_of_another_kind_belongs():
    nested = torch.nested.nested_tensor([VIDEO, VIDEO[:2]])
    with pytest.raises(UsageError, match="the argument protocols has a wrong type"):
        Choices(protocols=nested)
