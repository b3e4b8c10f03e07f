"""Networks of Keras that no U-Net here can be are refused by the name of the layer."""

import pytest

from maskwright.base.errors import WeightsError
from maskwright.models.keras import from_keras
from some_keras import L, bilinear_then_convolved, block, keras, one_block, relu, saved, transposed, u_net

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning")


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
