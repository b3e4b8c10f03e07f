import pytest
import torch
from torch import nn

from maskwright.base.errors import WeightsError
from maskwright.nn.fit import fit_weights


def test_weights_that_fit_are_loaded():
    network = nn.Linear(2, 1)
    fit_weights(network, {"weight": torch.tensor([[1.0, 2.0]]), "bias": torch.tensor([3.0])}, "a.safetensors")
    assert network(torch.tensor([10.0, 100.0])).item() == 213


def test_weights_of_another_network_are_listed_and_leave_this_one_alone():
    network = nn.Linear(2, 3)
    before = network.weight.clone()
    with pytest.raises(WeightsError, match=r"missing: bias; unknown: extra; other shape: weight \(2, 3\) instead of \(3, 2\)"):
        fit_weights(network, {"weight": torch.zeros(2, 3), "extra": torch.zeros(1)}, "a.safetensors")
    assert torch.equal(network.weight, before)


def test_a_long_list_is_cut():
    with pytest.raises(WeightsError, match=r"unknown: x0, x1, x2, x3, x4 and 2 more\."):
        fit_weights(nn.Identity(), {f"x{n}": torch.zeros(1) for n in range(7)}, "a.safetensors")
