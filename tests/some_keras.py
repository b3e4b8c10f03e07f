"""Networks made in Keras for the tests of what reads them; those tests are skipped where Keras is not installed."""

import os
import warnings

import numpy as np
import pytest

os.environ["KERAS_BACKEND"] = "torch"  # Keras reads it when it is imported
h5py = pytest.importorskip("h5py", reason="reading Keras files needs h5py (the keras extra)")
keras = pytest.importorskip("keras", reason="comparing with Keras needs it (the dev extra)")
L = keras.layers


# ---- U-Nets


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


def one_block(layer, *, last=None):
    """A network of one level whose first layer is given."""

    def make():
        image = L.Input((16, 16, 1))
        return keras.Model(image, (last or L.Conv2D(1, 1, activation="sigmoid"))(layer(image)))

    return make


def relu(width=4, size=3, **settings):
    return L.Conv2D(width, size, **({"activation": "relu", "padding": "same", "name": "odd"} | settings))


# ---- Files


def saved(model, path):
    """A `.keras` file, weights alone, or Keras's older `.h5`."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if path.name.endswith(".weights.h5"):
            model.save_weights(path)
        else:
            model.save(path)
    return path


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
