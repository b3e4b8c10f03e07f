"""Keras files that are damaged, contradict themselves or mean harm are errors in words; nothing of them is run."""

import json
import sys
import zipfile

import numpy as np
import pytest

from maskwright.base.errors import MaskwrightError, WeightsError
from maskwright.models.keras import file as keras_file
from maskwright.models.keras import from_keras
from some_keras import ONE_LEVEL, h5py, kernel, one_block, relu, saved, u_net, written

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning")


@pytest.fixture
def good(tmp_path):
    return saved(u_net((4, 8)), tmp_path / "good.keras")


# ---- Files as a whole, and their descriptions


@pytest.mark.parametrize("content", [b"", b"<html>", b"\x89HDF\r\n\x1a\n", b"PK\x03\x04"])
def test_files_of_another_kind(tmp_path, content):
    path = tmp_path / "a.keras"
    path.write_bytes(content)
    with pytest.raises(WeightsError, match="not a readable Keras file"):
        from_keras(path)


def test_no_file(tmp_path):
    with pytest.raises(WeightsError, match="no such file"):
        from_keras(tmp_path / "none.keras")


@pytest.mark.parametrize("name", ["a.keras", "a.weights.h5", "a.h5"])
def test_files_that_are_cut_off(tmp_path, name):
    path = saved(u_net((4, 8)), tmp_path / name)
    content = path.read_bytes()
    for share in (0.3, 0.7, 0.99):
        path.write_bytes(content[: int(share * len(content))])
        with pytest.raises(WeightsError, match=r"a readable Keras file|damaged|has the arrays"):
            from_keras(path)


def test_an_archive_of_something_else(tmp_path):
    path = tmp_path / "a.keras"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "hello")
    with pytest.raises(WeightsError, match=r"no item named 'config.json'"):
        from_keras(path)


def test_hdf5_of_something_else(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["volume"] = np.zeros(3)
    with pytest.raises(WeightsError, match="holds volume, but no 'layers'"):
        from_keras(tmp_path / "a.h5")


def test_without_h5py_it_says_what_to_install(good, monkeypatch):
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(MaskwrightError, match=r"pip install 'maskwright\[keras\]'"):
        from_keras(good)


@pytest.mark.parametrize(
    "config",
    [b"{", b"[]", b"{}", b'{"class_name": "Functional", "config": {"layers": [{}]}}', b"[" * 100_000,
     b'{"class_name": "Functional", "config": {"layers": [], "output_layers": []}}'],
)  # fmt: skip
def test_descriptions_that_are_damaged(tmp_path, good, config):
    path = tmp_path / "a.keras"
    with zipfile.ZipFile(good) as old, zipfile.ZipFile(path, "w") as new:
        new.writestr("config.json", config)
        new.writestr("model.weights.h5", old.read("model.weights.h5"))
    with pytest.raises(WeightsError, match=r"a\.keras: "):
        from_keras(path)


def described(path, good, change):
    """The file with a changed description."""
    with zipfile.ZipFile(good) as old, zipfile.ZipFile(path, "w") as new:
        config = json.loads(old.read("config.json"))
        change({layer["name"]: layer for layer in config["config"]["layers"]})
        new.writestr("config.json", json.dumps(config))
        new.writestr("model.weights.h5", old.read("model.weights.h5"))
    return path


def test_layers_joined_in_a_circle(tmp_path, good):
    def change(layers):
        kinds = {layer["class_name"]: layer for layer in layers.values()}
        kinds["MaxPooling2D"]["inbound_nodes"] = kinds["Conv2DTranspose"]["inbound_nodes"]

    with pytest.raises(WeightsError, match="not all listed before it"):
        from_keras(described(tmp_path / "a.keras", good, change))


@pytest.mark.parametrize("setting", ["use_bias", "padding"])
def test_descriptions_that_lack_a_setting(tmp_path, good, setting):
    def change(layers):
        for layer in layers.values():
            layer["config"].pop(setting, None)

    with pytest.raises(WeightsError, match=f"not a readable Keras file .*{setting}"):
        from_keras(described(tmp_path / "a.keras", good, change))


@pytest.mark.parametrize(("size", "changes"), [(3, {"use_bias": False}), (5, {"kernel_size": [3, 3]})])
def test_descriptions_that_the_arrays_contradict(tmp_path, size, changes):
    good = saved(one_block(relu(size=size))(), tmp_path / "good.keras")
    path = described(tmp_path / "a.keras", good, lambda layers: layers["odd"]["config"].update(changes))
    with pytest.raises(WeightsError, match=rf"'odd' .* has the arrays \({size}, {size}, 1, 4\), \(4,\), which are not"):
        from_keras(path)


# ---- Arrays


def test_a_bias_of_other_channels(tmp_path):
    path = written(tmp_path / "a.weights.h5", ONE_LEVEL | {"conv2d": [kernel(1), [1, 2]]})
    with pytest.raises(WeightsError, match=r"'conv2d' .* makes 1 channels, but its bias"):
        from_keras(path)


@pytest.mark.parametrize(
    ("bad", "words"), [(np.zeros((3, 3, 1, 1), np.int8), "int8 numbers"), (kernel(np.nan), "NaN or infinity")]
)
def test_arrays_that_are_no_weights(tmp_path, bad, words):
    path = written(tmp_path / "a.weights.h5", ONE_LEVEL | {"conv2d": [bad, [1]]})
    with pytest.raises(WeightsError, match=words):
        from_keras(path)


@pytest.mark.parametrize(("limit", "member"), [("MOST_CONFIG_BYTES", "config.json"), ("MOST_BYTES", "model.weights.h5")])
def test_members_that_unpack_into_too_much(good, monkeypatch, limit, member):
    monkeypatch.setattr(keras_file, limit, 1000)
    with pytest.raises(WeightsError, match=f"'{member}' in it has more than 1000 bytes"):
        from_keras(good)


def test_arrays_that_unpack_into_too_much(tmp_path):
    path = tmp_path / "a.weights.h5"
    with h5py.File(path, "w") as file:  # 8 GB of zeros, which are not stored
        file.create_dataset("layers/conv2d/vars/0", (3, 3, 2**14, 2**14), np.float32, chunks=(3, 3, 64, 64))
    with pytest.raises(WeightsError, match="not stored within"):
        from_keras(path)


def test_arrays_in_other_files_are_not_read(tmp_path):
    secret = written(tmp_path / "secret.h5", ONE_LEVEL)
    path = tmp_path / "a.weights.h5"
    with h5py.File(path, "w") as file:
        file.create_group("layers")["conv2d"] = h5py.ExternalLink(secret, "layers/conv2d")
    with pytest.raises(WeightsError, match="points elsewhere"):
        from_keras(path)
    with h5py.File(path, "w") as file:
        file.create_dataset("layers/conv2d/vars/0", (4,), np.float32, external=[(str(secret), 0, 16)])
    with pytest.raises(WeightsError, match="not stored within"):
        from_keras(path)
