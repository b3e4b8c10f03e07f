"""The U-Net in a described Keras network, found from its output back to its input; whatever else it holds is refused."""

from typing import Any

from maskwright.base.errors import WeightsError
from maskwright.models.keras.file import KerasFile, Layer
from maskwright.models.keras.parts import BatchNorm, Convolution, Parts

INERT = ("Dropout", "SpatialDropout2D")  # these do nothing in prediction
ACTIVATIONS = ("Activation", "ReLU", "Relu", "Sigmoid", "Softmax")  # layers of their own; some names are those of functions
ONE, TWO, THREE = [1, 1], [2, 2], [3, 3]


def parts_of_graph(file: KerasFile) -> Parts:
    """The parts of the U-Net. Raises `WeightsError` naming the layer that a U-Net of ours has no place for."""
    walk = _Walk(file)
    head, place = walk.head()
    blocks, ups, up_first, skips = [], [], [], []
    dropout = 0.0
    while True:
        block, place = walk.block(place)
        blocks.append(block)
        if place.kind != "Concatenate":
            break
        up, skip, first, below = walk.join(place)
        ups.append(up)
        skips.append(skip)
        up_first.append(first)
        dropout = float(below.settings["rate"]) if below.kind == "Dropout" else 0.0  # the last one seen is the bridge's
        place = walk.pass_inert(below)
    for skip in reversed(skips):
        before = walk.pool(place)
        if before is not skip:
            raise file.error(skip, f"is joined where the maps of '{before.name}' should be; a U-Net joins equal resolutions.")
        block, place = walk.block(before)
        blocks.append(block)
    bilinear = [up.layer.kind == "Conv2D" for up in ups]
    if any(bilinear) and not all(bilinear):
        raise WeightsError(f"{file.path}: some steps up are Conv2DTranspose, some UpSampling2D; a U-Net here has one kind.")
    return Parts(
        blocks=tuple(reversed(blocks)),
        upsampling="bilinear" if any(bilinear) else "transposed",
        ups=tuple(reversed(ups)),
        up_first=tuple(reversed(up_first)),
        head=head,
        dropout=dropout,
        input_scale=walk.input(place),
    )


class _Walk:
    """Steps from layers to those before them, each checked."""

    def __init__(self, file: KerasFile) -> None:
        self.file = file
        self.layers = {layer.name: layer for layer in file.layers}

    def pass_inert(self, layer: Layer) -> Layer:
        """The layer, or the first before it that does something in prediction."""
        while layer.kind in INERT:
            layer = self.layers[layer.inputs[0]]
        return layer

    def before(self, layer: Layer) -> Layer:
        """The one layer before this one."""
        if len(layer.inputs) != 1:
            raise self.file.error(layer, f"has {len(layer.inputs)} inputs and no place in a U-Net here.")
        return self.pass_inert(self.layers[layer.inputs[0]])

    def head(self) -> tuple[Convolution, Layer]:
        """The 1x1 convolution at the end, whose activation is left to who reads the logits."""
        assert self.file.output is not None
        last = layer = self.pass_inert(self.layers[self.file.output])
        if last.kind in ACTIVATIONS:
            layer = self.before(last)
            self.require(last, axis=-1)
            self.require(layer, activation="linear")
        self.convolution(layer, ONE)
        outputs = layer.arrays[0].shape[-1]
        activation = _activation(last)
        if activation not in (("sigmoid", "linear") if outputs == 1 else ("softmax", "linear")):
            raise self.file.error(
                last,
                f"ends the network with {activation} over {outputs} outputs; it may be sigmoid over one, softmax over several.",
            )
        return Convolution(layer), self.before(layer)

    def block(self, layer: Layer) -> tuple[tuple[Convolution, ...], Layer]:
        """The convolutions that end here, in the order of prediction, and the layer before them."""
        found: list[Convolution] = []
        while layer.kind in ("Conv2D", "BatchNormalization", *ACTIVATIONS):
            norm = None
            if layer.kind == "Conv2D":
                self.require(layer, activation="relu")
            else:
                norm, layer = self.norm_before_relu(layer)
                self.require(layer, activation="linear")
            self.convolution(layer, THREE)
            found.append(Convolution(layer, norm))
            layer = self.before(layer)
        if not found:
            raise self.file.error(layer, "stands where a U-Net here has 3x3 convolutions with ReLU.")
        return tuple(reversed(found)), layer

    def norm_before_relu(self, relu: Layer) -> tuple[BatchNorm | None, Layer]:
        """The batch normalisation before this ReLU, if any, and the convolution before both."""
        if relu.kind == "BatchNormalization":
            raise self.file.error(relu, "follows the activation; in a U-Net here it stands between convolution and ReLU.")
        self.require(relu, activation="relu", max_value=None, negative_slope=0.0, threshold=0.0)
        layer = self.before(relu)
        if layer.kind != "BatchNormalization":
            return None, layer
        if layer.settings.get("axis") not in (-1, 3, [-1], [3]):
            raise self.file.error(layer, f"normalises axis {layer.settings.get('axis')}; it must be the channels, last.")
        return _norm(self.file, layer), self.before(layer)

    def join(self, layer: Layer) -> tuple[Convolution, Layer, bool, Layer]:
        """What a Concatenate joins: the step up, the skip, whether the step up is first, and what lies below it."""
        if layer.settings.get("axis") not in (-1, 3) or len(layer.inputs) != 2:
            raise self.file.error(layer, "must join two maps along their channels (axis -1).")
        both = [self.pass_inert(self.layers[name]) for name in layer.inputs]
        is_up = [one.kind in ("Conv2DTranspose", "UpSampling2D") or one.settings.get("kernel_size") == ONE for one in both]
        if is_up.count(True) != 1:
            names = " and ".join(f"'{one.name}' ({one.kind})" for one in both)
            raise self.file.error(
                layer, f"joins {names}; one must be a step up: Conv2DTranspose 2x2, or bilinear UpSampling2D."
            )
        up, below = self.step_up(both[is_up.index(True)])
        return up, both[is_up.index(False)], is_up[0], below

    def step_up(self, layer: Layer) -> tuple[Convolution, Layer]:
        """Twice the resolution: a transposed convolution, or bilinear with a 1x1 convolution before or after, which commute."""
        if layer.kind == "Conv2DTranspose":
            self.require(layer, kernel_size=TWO, strides=TWO, dilation_rate=ONE, output_padding=None, activation="linear")
            self.has_arrays(layer)
            return Convolution(layer), self.layers[layer.inputs[0]]
        pair = (layer, self.before(layer))
        convolution, bilinear = pair if layer.kind == "Conv2D" else pair[::-1]
        if bilinear.kind != "UpSampling2D":
            raise self.file.error(bilinear, "stands where UpSampling2D and a 1x1 convolution were expected.")
        self.require(bilinear, size=TWO, interpolation="bilinear")
        if convolution.settings.get("kernel_size") != ONE:
            raise self.file.error(bilinear, "needs a 1x1 Conv2D right before or after it, which makes the width of the skip.")
        self.require(convolution, activation="linear")
        self.convolution(convolution, ONE)
        return Convolution(convolution), self.layers[pair[1].inputs[0]]

    def pool(self, layer: Layer) -> Layer:
        """The layer before a pooling that halves the resolution."""
        if layer.kind != "MaxPooling2D":
            raise self.file.error(layer, "stands where a U-Net here has MaxPooling2D.")
        self.require(layer, pool_size=TWO, strides=TWO)
        return self.before(layer)

    def input(self, layer: Layer) -> float | None:
        """The factor of the input that the network starts with, if any."""
        scale = None
        if layer.kind == "Rescaling":
            self.require(layer, offset=0.0)
            scale = layer.settings["scale"]
            if not isinstance(scale, int | float):
                raise self.file.error(layer, f"has scale {scale}; a U-Net here takes one number for all channels.")
            layer = self.before(layer)
        if layer.kind != "InputLayer":
            raise self.file.error(layer, "has no place in a U-Net here, which begins with 3x3 convolutions.")
        return scale

    def convolution(self, layer: Layer, kernel_size: list[int]) -> None:
        """Raises `WeightsError` unless this is a plain convolution with a kernel of that size."""
        if layer.kind != "Conv2D":
            raise self.file.error(layer, f"stands where a U-Net here has a {kernel_size[0]}x{kernel_size[1]} Conv2D.")
        self.require(layer, kernel_size=kernel_size, strides=ONE, dilation_rate=ONE)
        if layer.settings.get("groups", 1) != 1 or (kernel_size != ONE and layer.settings["padding"] != "same"):
            raise self.file.error(layer, "must have padding 'same' and one group.")
        self.has_arrays(layer)

    def has_arrays(self, layer: Layer) -> None:
        """Raises `WeightsError` unless there is a kernel, and a bias where one was described."""
        shapes = [array.shape for array in layer.arrays]
        size, axes = layer.settings["kernel_size"], [4, 1] if layer.settings["use_bias"] else [4]
        if [len(shape) for shape in shapes] != axes or list(shapes[0][:2]) != size:
            seen = ", ".join(map(str, shapes)) or "none"
            raise self.file.error(layer, f"has the arrays {seen}, which are not those of a kernel of {size}. It is damaged.")

    def require(self, layer: Layer, **settings: Any) -> None:
        """Raises `WeightsError` unless the layer has these settings; one that Keras did not write is the usual one."""
        for name, wanted in settings.items():
            seen = _activation(layer) if name == "activation" else layer.settings.get(name, wanted)
            if seen != wanted:
                raise self.file.error(layer, f"has {name} {seen!r}; a U-Net here has {wanted!r} there.")
        if layer.settings.get("data_format", "channels_last") != "channels_last":
            raise self.file.error(layer, "has its channels first. Build and save the model with channels last.")


def _activation(layer: Layer) -> str:
    """The name of a layer's activation, however Keras wrote it."""
    if layer.kind in ACTIVATIONS[1:]:
        return layer.kind.lower()
    value = layer.settings.get("activation")
    if isinstance(value, dict):
        value = value["config"] if isinstance(value.get("config"), str) else value["class_name"]
    return str(value)


def _norm(file: KerasFile, layer: Layer) -> BatchNorm:
    """A batch normalisation; what it does without is 1 or 0."""
    arrays = list(layer.arrays)
    scale, center = bool(layer.settings["scale"]), bool(layer.settings["center"])
    if len(arrays) != 2 + scale + center:
        raise file.error(layer, f"has {len(arrays)} arrays instead of {2 + scale + center}. The file is damaged.")
    variance, mean = arrays.pop(), arrays.pop()
    beta = arrays.pop() if center else 0 * mean
    gamma = arrays.pop() if scale else 0 * mean + 1
    return BatchNorm(gamma, beta, mean, variance, float(layer.settings["epsilon"]))
