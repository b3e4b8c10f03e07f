"""U-Nets of Keras give the same outputs here, whichever kind of file they were saved to."""

import json

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from maskwright.models import UNetConfig
from maskwright.models.keras import file as keras_file
from maskwright.models.keras import from_keras
from some_keras import (
    ONE_LEVEL,
    L,
    bilinear_then_convolved,
    block,
    convolved_then_bilinear,
    h5py,
    keras,
    kernel,
    randomised,
    saved,
    transposed,
    u_net,
    written,
)

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning")

EXACT = 1e-5


def probabilities(found, image):
    with torch.no_grad():
        logits = found.build()(torch.tensor(image.transpose(0, 3, 1, 2)))
        outputs = torch.sigmoid(logits) if found.outputs == 1 else torch.softmax(logits, 1)
    return outputs.numpy().transpose(0, 2, 3, 1)


def assert_same(model, found, size=32, factor=1.0):
    image = np.random.default_rng(1).random((2, size, size, model.input_shape[-1]), np.float32) * np.float32(factor)
    expected = model(image).detach().numpy()
    assert expected.std() > 100 * EXACT  # equal constants would prove nothing
    assert np.abs(probabilities(found, image) - expected).max() < EXACT


# ---- By hand

TWO_LEVELS = {
    "conv2d": [kernel(1), [0]],
    "conv2d_1": [kernel(1), [0]],
    "conv2d_2": [kernel(1, 10), [0]],
    "conv2d_3": [np.ones((1, 1, 1, 1), np.float32), [0]],
    "conv2d_transpose": [np.full((2, 2, 1, 1), 5, np.float32), [0]],
}


def logit(found, value):
    with torch.no_grad():
        (logits,) = found.build()(torch.full((1, 1, 4, 4), float(value))).unique()
    return float(logits)


def test_one_level_by_hand(tmp_path):
    found = from_keras(written(tmp_path / "a.weights.h5", ONE_LEVEL))
    assert found.config == UNetConfig(widths=(1,), convs_per_level=1, norm="none")
    assert logit(found, 1) == 3 * (2 * 1 + 1) - 1
    assert logit(found, -1) == -1  # ReLU between them


@pytest.mark.parametrize(("order", "expected"), [(None, 5 + 10), ("up-first", 5 + 10), ("skip-first", 1 + 50)])
def test_the_order_of_concatenation_by_hand(tmp_path, order, expected):
    found = from_keras(written(tmp_path / "a.weights.h5", TWO_LEVELS), concatenate=order)
    assert logit(found, 2) == 2 * expected
    assert f"concatenation {order or 'up-first'}." in found.assumed


# ---- The same as Keras


@pytest.mark.parametrize(("suffix", "size"), [(".keras", 256), (".weights.h5", 64), (".h5", 64)])
def test_the_block_of_the_docs(tmp_path, suffix, size):
    image = L.Input((size, size, 1))
    first = L.Conv2D(64, 3, activation="relu", padding="same")(image)
    x = L.MaxPooling2D(2)(first)
    x = L.Conv2D(128, 3, activation="relu", padding="same")(x)
    x = L.Conv2DTranspose(64, 2, strides=2)(x)
    x = L.Concatenate()([x, first])
    x = L.Conv2D(64, 3, activation="relu", padding="same")(x)
    model = randomised(keras.Model(image, L.Conv2D(1, 1, activation="sigmoid")(x)))
    found = from_keras(saved(model, tmp_path / f"block{suffix}"))
    assert found.config == UNetConfig(widths=(64, 128), convs_per_level=1, norm="none", upsampling="transposed")
    assert (found.channels, found.outputs) == (1, 1)
    assert bool(found.assumed) == (suffix == ".weights.h5")
    assert_same(model, found, size=size)


LEARNED, BARE = {}, {"scale": False, "center": False}
IN_EVERY_FILE = {
    "three levels, two convolutions": {"widths": (4, 6, 8), "convs": 2},
    "batch normalisation": {"widths": (4, 8), "convs": 2, "norm": LEARNED},
    "batch normalisation without bias": {"widths": (4, 8), "norm": LEARNED, "bias": False},
    "batch normalisation that learns nothing": {"widths": (4, 8), "norm": BARE},
    "no biases": {"widths": (4, 8), "bias": False},
    "one level": {"widths": (4,)},
    "three classes of colour images": {
        "widths": (4, 8), "channels": 3, "head": lambda x: L.Conv2D(3, 1, activation="softmax")(x),
    },
}  # fmt: skip
IN_DESCRIBED_FILES = {
    "skip first": {"widths": (4, 6, 8), "up_first": False},
    "bilinear": {"widths": (4, 6, 8), "up": convolved_then_bilinear},
    "bilinear, then convolved": {"widths": (4, 6, 8), "up": bilinear_then_convolved},
    "a large epsilon": {"widths": (4, 8), "norm": {"epsilon": 0.1}},
    "an epsilon below torch's": {"widths": (4, 8), "norm": {"epsilon": 1e-7, "center": False}},
    "activation as a layer": {"widths": (4, 8), "head": lambda x: L.Activation("sigmoid")(L.Conv2D(1, 1)(x))},
    "softmax as a layer": {"widths": (4, 8), "head": lambda x: L.Softmax()(L.Conv2D(2, 1)(x))},
    "activation as a function": {"widths": (4, 8), "head": lambda x: keras.ops.sigmoid(L.Conv2D(1, 1)(x))},
    "dropout": {"widths": (4, 6, 8), "dropout": 0.3, "up": lambda x, w: L.SpatialDropout2D(0.1)(transposed(x, w))},
}


@pytest.mark.parametrize("suffix", [".keras", ".weights.h5", ".h5"])
@pytest.mark.parametrize("case", IN_EVERY_FILE)
def test_what_every_file_can_say(tmp_path, case, suffix):
    model = u_net(**IN_EVERY_FILE[case])
    found = from_keras(saved(model, tmp_path / f"a{suffix}"))
    assert found.config.widths == IN_EVERY_FILE[case]["widths"]
    assert_same(model, found)


@pytest.mark.parametrize("case", IN_DESCRIBED_FILES)
def test_what_a_file_with_a_description_can_say(tmp_path, case):
    model = u_net(**IN_DESCRIBED_FILES[case])
    found = from_keras(saved(model, tmp_path / "a.keras"))
    assert not found.assumed
    assert_same(model, found)


@settings(max_examples=5)
@given(
    widths=st.lists(st.integers(1, 6), min_size=1, max_size=4).map(tuple),
    convs=st.integers(1, 3),
    channels=st.integers(1, 4),
    up_first=st.booleans(),
    outputs=st.integers(1, 3),
)
def test_any_depth_any_widths(tmp_path_factory, widths, convs, channels, up_first, outputs):
    def head(x):
        return L.Conv2D(outputs, 1)(x)

    model = u_net(widths, convs=convs, channels=channels, up_first=up_first, head=head)
    folder = tmp_path_factory.mktemp("any")
    from_graph = from_keras(saved(model, folder / "a.keras"))
    order = "up-first" if up_first else "skip-first"
    from_arrays = from_keras(saved(model, folder / "a.weights.h5"), concatenate=order)
    image = np.random.default_rng(1).random((1, 16, 16, channels), np.float32)
    expected = model(image).detach().numpy()
    for found in (from_graph, from_arrays):
        with torch.no_grad():
            logits = found.build()(torch.tensor(image.transpose(0, 3, 1, 2))).numpy().transpose(0, 2, 3, 1)
        np.testing.assert_allclose(logits, expected, rtol=EXACT, atol=EXACT)


def as_keras_2(value):
    """The description of a network as Keras 2 wrote it, where a layer's inputs are lists."""
    for layer in value["config"]["layers"]:
        layer["inbound_nodes"] = [
            [[name, 0, 0, {}] for name in keras_file._names(node)] for node in layer["inbound_nodes"]
        ]  # fmt: skip
    value["config"]["output_layers"] = [value["config"]["output_layers"]]
    return value


def test_the_files_of_keras_2(tmp_path):
    """Whole networks and weights, in the older layout and with the older description."""
    model = u_net((4, 6, 8), convs=2, norm={})
    whole, weights = saved(model, tmp_path / "whole.h5"), tmp_path / "weights.h5"
    with h5py.File(whole, "r+") as file, h5py.File(weights, "w") as alone:
        file.attrs["model_config"] = json.dumps(as_keras_2(json.loads(file.attrs["model_config"])))
        for name, value in file["model_weights"].attrs.items():
            alone.attrs[name] = value
        for name in file["model_weights"]:
            file.copy(f"model_weights/{name}", alone)
    for path in (whole, weights):
        assert_same(model, from_keras(path))


def test_dropout_at_the_end_of_the_bridge_is_kept(tmp_path):
    model = u_net((4, 8), dropout=0.25)
    assert from_keras(saved(model, tmp_path / "a.keras")).config.dropout == 0.25
    assert from_keras(saved(model, tmp_path / "a.weights.h5")).config.dropout == 0.0


def test_each_level_may_have_its_own_order(tmp_path):
    image = L.Input((None, None, 1))
    a = block(image, 4)
    b = block(L.MaxPooling2D(2)(a), 4)
    c = block(L.MaxPooling2D(2)(b), 4)
    d = block(L.Concatenate()([transposed(c, 4), b]), 4)
    e = block(L.Concatenate()([a, transposed(d, 4)]), 4)
    model = randomised(keras.Model(image, L.Conv2D(1, 1, activation="sigmoid")(e)))
    assert_same(model, from_keras(saved(model, tmp_path / "a.keras")))


@pytest.mark.parametrize("scale", [1 / 255, 1.0])
def test_a_network_that_scales_its_input(tmp_path, scale):
    model = u_net((4, 8), prepare=L.Rescaling(scale))
    found = from_keras(saved(model, tmp_path / "a.keras"))
    assert found.rescales
    assert_same(model, found, factor=1 / scale)


def test_names_and_a_compiled_optimizer_make_no_difference(tmp_path):
    image = L.Input((16, 16, 1), name="picture")
    first = L.Conv2D(4, 3, activation="relu", padding="same", name="c")(image)
    model = keras.Model(image, L.Conv2D(1, 1, activation="sigmoid", name="b")(first))
    randomised(model).compile("adam", "binary_crossentropy")
    model.train_on_batch(np.zeros((1, 16, 16, 1), np.float32), np.zeros((1, 16, 16, 1), np.float32))
    for suffix in (".keras", ".weights.h5", ".h5"):
        assert_same(model, from_keras(saved(model, tmp_path / f"a{suffix}")), size=16)
