"""Devices: what is asked for is there or refused in words."""

import pytest
import torch

from maskwright.base.errors import MaskwrightError
from maskwright.nn.device import keep_memory, pick_device, pick_precision


def test_the_processor_is_always_there():
    assert pick_device("cpu") == torch.device("cpu")
    assert pick_device("auto").type in {"cpu", "cuda", "mps"}


def test_auto_takes_the_processor_where_there_is_nothing_else(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    assert pick_device("auto").type == "cpu"


@pytest.mark.parametrize("name", ["cuda", "cuda:1"])
def test_a_gpu_that_is_not_there_is_refused_and_not_replaced(monkeypatch, name):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(MaskwrightError, match=f"--device {name} was asked for.*leave --device out to run on the CPU"):
        pick_device(name)


def test_a_device_that_nobody_knows_is_answered_with_those_that_are():
    with pytest.raises(MaskwrightError, match=r"no device 'gpu'\. Possible are: auto, cpu, cuda"):
        pick_device("gpu")


@pytest.mark.parametrize(
    ("capabilities", "precision"),
    [({}, "fp32"), ({"avx512_bf16": False}, "fp32"), ({"avx512_bf16": True}, "bf16"), ({"amx_bf16": True}, "bf16")],
)
def test_bfloat16_only_where_the_processor_multiplies_it(monkeypatch, capabilities, precision):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities)
    assert pick_precision(torch.device("cpu")) == precision


def test_keeping_memory_may_be_asked_for_twice():
    keep_memory()
    keep_memory()
    assert torch.ones(3).sum() == 3
