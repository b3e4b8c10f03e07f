"""Assistants by their names."""

import subprocess
import sys

import pytest

from maskwright.assist.table import ALONE, DEFAULT, assistants, open_assistant
from maskwright.base.errors import DataError


@pytest.fixture(autouse=True)
def nothing_installed(monkeypatch, tmp_path):
    monkeypatch.setenv("MASKWRIGHT_ASSISTANTS", str(tmp_path))


def test_those_without_weights_are_always_there():
    assert set(assistants()) == {DEFAULT, *ALONE}
    for name in assistants():
        assert open_assistant(name).name == name


def test_an_unknown_name_gets_a_hint():
    with pytest.raises(DataError, match="Did you mean 'watershed'"):
        open_assistant("watersheds")


def test_one_that_was_added_is_there_by_its_name(tmp_path):
    from maskwright.assist.install import add

    files = [tmp_path / "encoder.onnx", tmp_path / "decoder.onnx"]
    for file in files:
        file.write_bytes(file.name.encode())
    add("mine", files)
    assert open_assistant("mine").name == "mine"
    assert open_assistant("mine", is_kept=False).name == "mine"


def test_neither_torch_nor_a_runtime_is_imported_before_one_is_needed():
    code = (
        "import sys, maskwright.assist.table as t; t.assistants(); t.open_assistant('classical'); "
        "print(sorted({'torch', 'openvino', 'onnxruntime'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
