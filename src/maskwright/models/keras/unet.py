"""U-Nets that were trained in Keras, in networks of ours with the same outputs."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn

from maskwright.base.errors import WeightsError
from maskwright.models.keras.arrays import EPSILON, parts_of_arrays
from maskwright.models.keras.file import KerasFile, read, understood
from maskwright.models.keras.graph import parts_of_graph
from maskwright.models.keras.parts import BatchNorm, Convolution, Parts
from maskwright.models.unet import UNet, UNetConfig

Order = Literal["up-first", "skip-first"]
UP_FIRST: dict[Order, bool] = {"up-first": True, "skip-first": False}

ASSUMED = (
    "It holds arrays and no description of the network, so these are assumed: ReLU after every 3x3 convolution and none after "
    "a transposed one, whose stride is 2, padding 'same', 2x2 max pooling, sigmoid over one output or softmax over several, "
    "{norm}concatenation {order}."
)


@dataclass(frozen=True, eq=False)
class KerasUNet:
    """A U-Net of ours with the numbers of one from Keras.

    config, channels, outputs: what the network is. tensors: its state dict. rescales: whether it takes images as they are,
    for it begins by scaling them itself. assumed: in words, what the file did not say; empty where it said everything.
    """

    config: UNetConfig
    channels: int
    outputs: int
    tensors: dict[str, Tensor]
    rescales: bool = False
    assumed: str = ""

    def build(self) -> UNet:
        """The network, ready to predict: its sigmoid (one output) or softmax (several) is what Keras's model returns."""
        network = self.config.build(channels=self.channels, classes=self.outputs)
        network.load_state_dict(self.tensors)
        return network.eval()

    def scaled(self, factor: float) -> dict[str, Tensor]:
        """The tensors of a network that multiplies its input by a factor, by weights that the image meets first."""
        first = "encoder.0.0.weight" if len(self.config.widths) > 1 else "bridge.0.weight"
        return self.tensors | {first: self.tensors[first] * factor}


def from_keras(path: Path | str, *, concatenate: Order | None = None) -> KerasUNet:
    """The U-Net in a `.keras`, `.weights.h5` or `.h5` file of Keras 2 or 3, with the same outputs to float32's precision.

    concatenate: in which order decoder and skip are joined, where the file does not say (`.weights.h5`); None is up-first.
    Batch normalisation of any epsilon becomes one of torch's: the difference of the epsilons is added to the running
    variance, and a bias of the convolution before it is taken off the running mean. Dropout at the end of the bridge is
    kept, elsewhere it is left out: it does nothing in prediction. Raises `WeightsError`, naming the layer, where the file
    holds what a `UNetConfig` cannot express, and `MaskwrightError` where h5py is not installed.
    """
    order = concatenate or "up-first"
    with understood(Path(path)):
        file = read(Path(path))
        if file.output is None:
            parts = parts_of_arrays(file, up_first=UP_FIRST[order])
            assumed = ASSUMED.format(norm=f"epsilon {EPSILON:g}, " if parts.blocks[0][0].norm else "", order=order)
            return _converted(file, parts, assumed)
        parts = parts_of_graph(file)
        if concatenate is not None and any(first != UP_FIRST[concatenate] for first in parts.up_first):
            raise WeightsError(f"{path}: its own description says another order of concatenation. Leave {concatenate} out.")
        return _converted(file, parts, "")


def _converted(file: KerasFile, parts: Parts, assumed: str) -> KerasUNet:
    """The network of these parts. Raises `WeightsError` where they do not fit together."""
    config = _config(file, parts)
    channels = inside = parts.blocks[0][0].kernel.shape[2]
    levels = len(parts.ups)
    tensors: dict[str, Tensor] = {}
    for level, block in enumerate(parts.blocks[: levels + 1]):
        place, width = f"encoder.{level}" if level < levels else "bridge", config.widths[level]
        tensors |= _block(file, place, block, inside, width)
        inside = width
    for step, block in enumerate(parts.blocks[levels + 1 :]):
        width = config.widths[levels - 1 - step]
        tensors |= _up(file, parts, step, inside, width)
        tensors |= _block(file, f"decoder.{step}", block, 2 * width, width)
        if parts.up_first[step]:
            joined = f"decoder.{step}.0.weight"
            tensors[joined] = tensors[joined].roll(width, dims=1)  # ours takes the skip first
        inside = width
    outputs = parts.head.kernel.shape[3]
    _expect(file, parts.head, parts.head.kernel.shape[2:], (inside, outputs))
    tensors |= _convolution("head", parts.head, outputs)
    found = KerasUNet(config, channels, outputs, tensors, parts.input_scale is not None, assumed)
    return found if parts.input_scale is None else replace(found, tensors=found.scaled(parts.input_scale))


def _config(file: KerasFile, parts: Parts) -> UNetConfig:
    counts = [len(block) for block in parts.blocks]
    if len(set(counts)) > 1:
        raise WeightsError(
            f"{file.path}: its levels have {', '.join(map(str, counts))} convolutions; a U-Net here has as many in each."
        )
    norms = [convolution.norm is not None for block in parts.blocks for convolution in block]
    if any(norms) and not all(norms):
        raise WeightsError(
            f"{file.path}: some convolutions have a batch normalisation, some not; a U-Net here has all or none."
        )
    return UNetConfig(
        widths=tuple(block[-1].kernel.shape[3] for block in parts.blocks[: len(parts.ups) + 1]),
        convs_per_level=counts[0],
        norm="batch" if all(norms) else "none",
        upsampling=parts.upsampling,
        dropout=parts.dropout,
    )


def _block(file: KerasFile, place: str, block: tuple[Convolution, ...], inside: int, outside: int) -> dict[str, Tensor]:
    """The weights of a `ConvBlock`, which has convolution, normalisation and ReLU in turn."""
    tensors: dict[str, Tensor] = {}
    for index, convolution in enumerate(block):
        _expect(file, convolution, convolution.kernel.shape[2:], (inside, outside))
        weights = _convolution(f"{place}.{3 * index}", convolution, outside)
        if convolution.norm is not None:
            bias = weights.pop(f"{place}.{3 * index}.bias")  # goes into the normalisation
            weights |= _norm(f"{place}.{3 * index + 1}", convolution.norm, bias)
        tensors |= weights
        inside = outside
    return tensors


def _up(file: KerasFile, parts: Parts, step: int, inside: int, outside: int) -> dict[str, Tensor]:
    """The weights of a step up."""
    up = parts.ups[step]
    transposed = parts.upsampling == "transposed"
    seen = up.kernel.shape[2:]
    _expect(file, up, seen[::-1] if transposed else seen, (inside, outside))
    return _convolution(f"ups.{step}" if transposed else f"ups.{step}.0", up, outside)


def _convolution(name: str, convolution: Convolution, outside: int) -> dict[str, Tensor]:
    """torch has the axes outgoing, incoming, height, width; and, as Keras has, the first two exchanged in a transposed one."""
    bias = convolution.bias
    return {
        f"{name}.weight": torch.tensor(convolution.kernel.transpose(3, 2, 0, 1)),
        f"{name}.bias": torch.zeros(outside) if bias is None else torch.tensor(bias),
    }


def _norm(name: str, norm: BatchNorm, bias: Float[Tensor, " c"]) -> dict[str, Tensor]:
    """torch's batch normalisation with the outputs of Keras's, after a convolution without that bias."""
    epsilon = nn.BatchNorm2d(1).eps
    return {
        f"{name}.weight": torch.tensor(norm.gamma),
        f"{name}.bias": torch.tensor(norm.beta),
        f"{name}.running_mean": torch.tensor(norm.mean) - bias,
        f"{name}.running_var": (torch.tensor(norm.variance).double() + (norm.epsilon - epsilon)).float(),
        f"{name}.num_batches_tracked": torch.tensor(0),
    }


def _expect(file: KerasFile, convolution: Convolution, seen: tuple[int, ...], expected: tuple[int, int]) -> None:
    """Raises `WeightsError` where a convolution, or what follows it, has other channels than its place asks for."""
    if seen != expected:
        raise file.error(
            convolution.layer,
            f"makes {seen[1]} channels from {seen[0]}; this place in a U-Net asks for {expected[1]} from {expected[0]}.",
        )
    norm = convolution.norm
    arrays = [*convolution.layer.arrays[1:], *((norm.gamma, norm.beta, norm.mean, norm.variance) if norm else ())]
    if any(array.shape != (expected[1],) for array in arrays):
        raise file.error(convolution.layer, f"makes {expected[1]} channels, but its bias or normalisation has others.")
