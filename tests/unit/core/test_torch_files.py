"""PyTorch's files, read as data alone."""

import pytest
import torch

from vidmbench.core.errors import WeightsError
from vidmbench.core.torch_files import read_torch


@pytest.mark.parametrize("protocol", [2, 3])
def test_tensors_are_read_without_a_warning(protocol, tmp_path, recwarn):
    torch.save({"weight": torch.arange(3)}, tmp_path / "a.pt", pickle_protocol=protocol)
    assert read_torch(tmp_path / "a.pt", fix="")["weight"].tolist() == [0, 1, 2]
    assert not recwarn.list


@pytest.mark.parametrize("protocol", [4, 5])
@pytest.mark.parametrize("is_zip", [True, False])
def test_a_protocol_that_is_not_read_is_named_once(protocol, is_zip, tmp_path, recwarn):
    weights = {"weight": torch.arange(3)}
    torch.save(weights, tmp_path / "a.pt", pickle_protocol=protocol, _use_new_zipfile_serialization=is_zip)
    with pytest.raises(WeightsError, match="pickle protocol") as caught:
        read_torch(tmp_path / "a.pt", fix="")
    assert caught.value.found == f"pickle protocol {protocol}"
    assert not recwarn.list
