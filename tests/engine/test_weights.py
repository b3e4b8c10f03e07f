"""Weights files: what is written comes back, and what is not whole is refused in words."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from maskwright.base.errors import WeightsError
from maskwright.engine.weights import load_weights, save_weights


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    path = tmp_path / "best.safetensors"
    tensors = {"a": torch.arange(6.0).reshape(2, 3), "b": torch.tensor(7), "c": torch.ones(3, dtype=torch.bfloat16)}
    save_weights(path, tensors, {"step": 3})
    return path


def test_tensors_and_what_was_said_about_them_come_back(saved: Path) -> None:
    tensors, about = load_weights(saved)
    assert about == {"step": 3}
    assert torch.equal(tensors["a"], torch.arange(6.0).reshape(2, 3))
    assert tensors["b"] == 7
    assert tensors["c"].dtype == torch.bfloat16


def test_every_flipped_byte_is_noticed(saved: Path) -> None:
    whole = saved.read_bytes()
    for place in range(0, len(whole), 7):
        saved.write_bytes(whole[:place] + bytes([whole[place] ^ 0x10]) + whole[place + 1 :])
        with pytest.raises(WeightsError, match=r"best\.safetensors"):
            load_weights(saved)


@pytest.mark.parametrize("share", [0.0, 0.3, 0.99])
def test_a_cut_file_is_refused(saved: Path, share: float) -> None:
    whole = saved.read_bytes()
    saved.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(WeightsError, match="not a readable safetensors file"):
        load_weights(saved)


def test_a_pickle_is_never_opened(tmp_path: Path) -> None:
    path = tmp_path / "model.pt"
    bomb = b"cos\nsystem\n(S'touch " + str(tmp_path / "ran").encode() + b"'\ntR."
    path.write_bytes(bomb)
    with pytest.raises(WeightsError, match="a pickle is never opened"):
        load_weights(path)
    assert not (tmp_path / "ran").exists()


def test_a_foreign_file_and_an_absent_one_are_named(tmp_path: Path) -> None:
    save_file({"x": torch.zeros(1)}, tmp_path / "foreign.safetensors")
    with pytest.raises(WeightsError, match="not written by maskwright"):
        load_weights(tmp_path / "foreign.safetensors")
    with pytest.raises(WeightsError, match="there is no such weights file"):
        load_weights(tmp_path / "nothing.safetensors")
