"""U-Nets of Keras give the same outputs here; what cannot be expressed is refused by the name of its layer."""

import json
import os
import sys
import warnings
import zipfile

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from maskwright.base.errors import MaskwrightError, WeightsError
from maskwright.models import UNetConfig
from maskwright.models.keras import file as keras_file
from maskwright.models.keras import from_keras

os.environ["KERAS_BACKEND"] = "torch"  # Keras reads it when it is imported
h5py = pytest.importorskip("h5py", reason="reading Keras files needs h5py (the keras extra)")
keras = pytest.importorskip("keras", reason="comparing with Keras needs it (the dev extra)")
L = keras.layers

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning")

EXACT = 1e-5


# ---- Keras models -----------------------------------------------------------------------------------------------------------


def block(x, width, *, convs=1, norm=None, bias=True):
    for _ in range(convs):
        if norm is None:
            x = L.Conv2D(width, 3, activation="relu", padding="same", use_bias=bias)(x)
        else:
            x = L.ReLU()(L.BatchNormalization(**norm)(L.Conv2D(width, 3, padding="same", use_bias=bias)(x)))
    return x


def transposed(x, width):
    return L.Conv2DTranspose(width, 2, strides=2)(x)


def convolved_then_bilinear(x, width):
    return L.UpSampling2D(2, interpolation="bilinear")(L.Conv2D(width, 1)(x))


def bilinear_then_convolved(x, width):
    return L.Conv2D(width, 1)(L.UpSampling2D(2, interpolation="bilinear")(x))


def u_net(widths, *, channels=1, up=transposed, up_first=True, head=lambda x: L.Conv2D(1, 1, activation="sigmoid")(x),
          prepare=lambda x: x, dropout=0.0, **of_block):  # fmt: skip
    image = L.Input((None, None, channels))
    x, skips = prepare(image), []
    for width in widths[:-1]:
        x = block(x, width, **of_block)
        skips.append(x)
        x = L.MaxPooling2D(2)(x)
    x = block(x, widths[-1], **of_block)
    if dropout:
        x = L.Dropout(dropout)(x)
    for width, skip in zip(widths[-2::-1], skips[::-1], strict=True):
        x = up(x, width)
        x = block(L.Concatenate()([x, skip] if up_first else [skip, x]), width, **of_block)
    return randomised(keras.Model(image, head(x)))


def randomised(model, seed=0):
    """Weights that keep the spread of the maps; statistics and biases that are not what they start as."""
    rng = np.random.default_rng(seed)
    for weight in model.weights:
        shape = tuple(weight.shape)
        if weight.name == "kernel":
            values = rng.normal(0, np.sqrt(2 / np.prod(shape[:-1])), shape)
        elif weight.name in ("gamma", "moving_variance"):
            values = rng.uniform(0.5, 1.5, shape)
        else:
            values = rng.normal(0, 0.2, shape)
        weight.assign(values.astype(np.float32))
    return model


def saved(model, path):
    """A `.keras` file, weights alone, or Keras's older `.h5`."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if path.name.endswith(".weights.h5"):
            model.save_weights(path)
        else:
            model.save(path)
    return path


def as_keras_2(value):
    """The description of a network as Keras 2 wrote it, where a layer's inputs are lists."""
    for layer in value["config"]["layers"]:
        layer["inbound_nodes"] = [
            [[name, 0, 0, {}] for name in keras_file._names(node)] for node in layer["inbound_nodes"]
        ]  # fmt: skip
    value["config"]["output_layers"] = [value["config"]["output_layers"]]
    return value


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


# ---- By hand ----------------------------------------------------------------------------------------------------------------


def kernel(*taps):
    """3x3 kernels that take one pixel to one pixel: `taps[i]` is the factor of incoming channel i."""
    values = np.zeros((3, 3, len(taps), 1), np.float32)
    values[1, 1, :, 0] = taps
    return values


def written(path, arrays):
    """A weights file in Keras 3's layout."""
    with h5py.File(path, "w") as file:
        for layer, values in arrays.items():
            group = file.create_group(f"layers/{layer}/vars")
            for number, value in enumerate(values):
                group[str(number)] = np.asarray(value, np.float32) if isinstance(value, list) else value
    return path


ONE_LEVEL = {"conv2d": [kernel(2), [1]], "conv2d_1": [np.full((1, 1, 1, 1), 3, np.float32), [-1]]}
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


# ---- The same as Keras ------------------------------------------------------------------------------------------------------


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


# ---- What is refused --------------------------------------------------------------------------------------------------------


def one_block(layer, *, last=None):
    """A network of one level whose first layer is given."""

    def make():
        image = L.Input((16, 16, 1))
        return keras.Model(image, (last or L.Conv2D(1, 1, activation="sigmoid"))(layer(image)))

    return make


def relu(width=4, size=3, **settings):
    return L.Conv2D(width, size, **({"activation": "relu", "padding": "same", "name": "odd"} | settings))


def shared():
    convolution = L.Conv2D(1, 3, activation="relu", padding="same", name="odd")
    return one_block(lambda image: convolution(convolution(image)))()


def with_two_outputs():
    image = L.Input((16, 16, 1))
    x = relu()(image)
    return keras.Model(image, [L.Conv2D(1, 1, name="one")(x), L.Conv2D(1, 1, name="two")(x)])


def joined_wrongly():
    image = L.Input((16, 16, 1))
    a = block(image, 4)
    b = block(L.MaxPooling2D(2)(a), 4)
    return keras.Model(image, L.Conv2D(1, 1)(block(L.Concatenate()([transposed(b, 4), relu()(a)]), 4)))


def with_levels_of_other_sizes():
    image = L.Input((16, 16, 1))
    a = block(image, 4, convs=2)
    b = block(L.MaxPooling2D(2)(a), 4, convs=2)
    return keras.Model(image, L.Conv2D(1, 1)(block(L.Concatenate()([transposed(b, 4), a]), 4)))


def up(layer):
    return lambda: u_net((4, 8), up=lambda x, width: layer(width)(x))


REFUSED = {
    "kernel": (one_block(relu(size=5)), r"'odd' \(Conv2D\) has kernel_size \[5, 5\]; .*\[3, 3\]"),
    "activation": (one_block(relu(activation="elu")), r"'odd' .* has activation 'elu'; .* 'relu'"),
    "strides": (one_block(relu(strides=2)), r"'odd' .* strides \[2, 2\]"),
    "dilation": (one_block(relu(dilation_rate=2)), r"'odd' .* dilation_rate \[2, 2\]"),
    "padding": (one_block(relu(padding="valid")), "'odd' .* padding 'same'"),
    "leaky ReLU": (
        one_block(lambda x: L.ReLU(negative_slope=0.1, name="odd")(L.Conv2D(4, 3, padding="same")(x))),
        "'odd' .* negative_slope 0.1",
    ),
    "normalisation after ReLU": (
        one_block(lambda x: L.BatchNormalization(name="odd")(block(x, 4))),
        "'odd' .* follows the activation",
    ),
    "another layer": (
        one_block(lambda x: L.DepthwiseConv2D(3, padding="same", name="odd")(x)),
        r"'odd' \(DepthwiseConv2D\) stands where",
    ),
    "code": (one_block(lambda x: relu()(L.Lambda(lambda y: y / 255, name="code")(x))), r"'code' \(Lambda\) has no place"),
    "a sum": (one_block(lambda x: L.Add(name="odd")([block(x, 4), block(x, 4)])), r"'odd' \(Add\)"),
    "sigmoid over three": (
        one_block(relu(), last=L.Conv2D(3, 1, activation="sigmoid", name="last")),
        "'last' .* sigmoid over 3 outputs",
    ),
    "a head of 3x3": (one_block(relu(), last=L.Conv2D(1, 3, name="last")), r"'last' .* kernel_size \[3, 3\]; .*\[1, 1\]"),
    "scaling with an offset": (
        one_block(lambda x: relu()(L.Rescaling(1 / 127.5, offset=-1, name="scale")(x))),
        "'scale' .* offset -1",
    ),
    "a shared layer": (shared, "'odd' .* more than once"),
    "two outputs": (with_two_outputs, r"2 outputs \(one, two\)"),
    "a chain": (lambda: keras.Sequential([L.Input((16, 16, 1)), relu(), L.Conv2D(1, 1)]), "Sequential model"),
    "a network in a network": (one_block(lambda x: one_block(relu())()(x)), r"'functional\w*' \(Functional\) stands where"),
    "up 3x3": (
        up(lambda width: L.Conv2DTranspose(width, 3, strides=2, padding="same", name="up")),
        r"'up' .* kernel_size \[3, 3\]",
    ),
    "up with ReLU": (
        up(lambda width: L.Conv2DTranspose(width, 2, strides=2, activation="relu", name="up")),
        "'up' .* activation 'relu'",
    ),
    "nearest": (
        up(lambda width: lambda x: L.Conv2D(width, 1)(L.UpSampling2D(2, name="up")(x))),
        "'up' .* interpolation 'nearest'",
    ),
    "upsampling alone": (
        up(lambda width: L.UpSampling2D(2, interpolation="bilinear", name="up")),
        "'up' .* needs a 1x1 Conv2D",
    ),
    "another width": (
        up(lambda width: L.Conv2DTranspose(width + 1, 2, strides=2, name="up")),
        "'up' .* makes 5 channels from 8; .* 4 from 8",
    ),
    "another skip": (joined_wrongly, "'odd' .* joined where the maps of"),
    "levels of other sizes": (with_levels_of_other_sizes, "2, 2, 1 convolutions"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_a_u_net_here_cannot_be_is_refused(tmp_path, case):
    make, words = REFUSED[case]
    path = saved(make(), tmp_path / "a.keras")
    with pytest.raises(WeightsError, match=f"a.keras: .*{words}"):
        from_keras(path)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (one_block(relu(size=5)), r"'conv2d' \(conv2d\) with arrays of \(5, 5, 1, 4\)"),
        (one_block(lambda x: L.Dense(4)(block(x, 4))), r"'dense' \(dense\) with arrays of \(4, 4\)"),
        (one_block(lambda x: L.LeakyReLU()(L.Conv2D(4, 3, padding="same")(x))), "'leaky_re_lu' .* alone cannot be placed"),
        (one_block(lambda x: L.BatchNormalization()(block(x, 4))), "seem to follow it"),
        (one_block(lambda x: L.BatchNormalization(center=False)(L.Conv2D(4, 3)(x))), "'batch_normalization' .* with arrays of"),
        (one_block(lambda x: L.Conv2D(4, 1)(block(x, 4))), "2 of 1x1"),
        (one_block(lambda x: L.LayerNormalization()(block(x, 4))), r"'layer_normalization' .* with arrays of \(4,\), \(4,\)"),
        (one_block(lambda x: L.DepthwiseConv2D(3, padding="same")(x)), "'depthwise_conv2d' .* with arrays of"),
        (
            lambda: u_net((4, 8), up=lambda x, w: L.Conv2DTranspose(w, 3, strides=2, padding="same")(x)),
            r"'conv2d_transpose' .* \(3, 3, 4, 8\)",
        ),
        (lambda: u_net((4, 8), up=bilinear_then_convolved), "'up_sampling2d' .* Save the whole model as a .keras file"),
        (with_levels_of_other_sizes, "5 convolutions of 3x3, 1 transposed .* 3 times as many"),
        (lambda: u_net((4, 8), norm={"scale": False}), r"3 arrays|with arrays of \(4,\), \(4,\), \(4,\)"),
    ],
)
def test_arrays_that_make_no_u_net_are_refused(tmp_path, make, words):
    path = saved(make(), tmp_path / "a.weights.h5")
    with pytest.raises(WeightsError, match=words):
        from_keras(path)


def test_an_order_that_the_file_contradicts_is_refused(tmp_path):
    path = saved(u_net((4, 8)), tmp_path / "a.keras")
    assert from_keras(path, concatenate="up-first").config.widths == (4, 8)
    with pytest.raises(WeightsError, match="Leave skip-first out"):
        from_keras(path, concatenate="skip-first")


# ---- Files that are none ----------------------------------------------------------------------------------------------------


@pytest.fixture
def good(tmp_path):
    return saved(u_net((4, 8)), tmp_path / "good.keras")


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


def test_a_bias_of_other_channels(tmp_path):
    path = written(tmp_path / "a.weights.h5", ONE_LEVEL | {"conv2d": [kernel(1), [1, 2]]})
    with pytest.raises(WeightsError, match=r"'conv2d' .* makes 1 channels, but its bias"):
        from_keras(path)


def test_an_archive_of_something_else(tmp_path):
    path = tmp_path / "a.keras"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "hello")
    with pytest.raises(WeightsError, match=r"no item named 'config.json'"):
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


@pytest.mark.parametrize(
    ("bad", "words"), [(np.zeros((3, 3, 1, 1), np.int8), "int8 numbers"), (kernel(np.nan), "NaN or infinity")]
)
def test_arrays_that_are_no_weights(tmp_path, bad, words):
    path = written(tmp_path / "a.weights.h5", ONE_LEVEL | {"conv2d": [bad, [1]]})
    with pytest.raises(WeightsError, match=words):
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
