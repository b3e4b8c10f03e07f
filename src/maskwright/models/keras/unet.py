"""U-Nets that were trained in Keras, in networks of ours with the same outputs."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn

from maskwright.base.errors import WeightsError
from maskwright.models.keras.arrays import EPSILON, parts_of_arrays
from maskwright.models.keras.file import Array, KerasFile, read
from maskwright.models.keras.graph import parts_of_graph
from maskwright.models.keras.parts import Convolution, Parts
from maskwright.models.unet import UNet, UNetConfig

Order = Literal["up-first", "skip-first"]
UP_FIRST: dict[Order, bool] = {"up-first": True, "skip-first": False}

ASSUMED = (
    "It holds arrays and no description of the network, so these are assumed: ReLU after every 3x3 convolution, padding "
    "'same', 2x2 max pooling, sigmoid over one output or softmax over several, {norm}concatenation {order}."
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


def from_keras(path: Path | str, *, concatenate: Order | None = None) -> KerasUNet:
    """The U-Net in a `.keras`, `.weights.h5` or `.h5` file of Keras 2 or 3, with the same outputs to float32's precision.

    concatenate: in which order decoder and skip are joined, where the file does not say (`.weights.h5`); None is up-first.
    Batch normalisation of any epsilon becomes one of torch's: the difference of the epsilons is added to the running
    variance, and a bias of the convolution before it is taken off the running mean. Dropout at the end of the bridge is
    kept, elsewhere it is left out: it does nothing in prediction. Raises `WeightsError`, naming the layer, where the file
    holds what a `UNetConfig` cannot express, and `MaskwrightError` where h5py is not installed.
    """
    file = read(Path(path))
    if file.output is None:
        parts = parts_of_arrays(file, up_first=UP_FIRST[concatenate or "up-first"])
        norm = f"epsilon {EPSILON:g}, " if parts.blocks[0][0].norm else ""
        assumed = ASSUMED.format(norm=norm, order=concatenate or "up-first")
    else:
        parts, assumed = parts_of_graph(file), ""
        if concatenate is not None and any(first != UP_FIRST[concatenate] for first in parts.up_first):
            raise WeightsError(f"{path}: its own description says another order of concatenation. Leave {concatenate} out.")
    return _converted(file, parts, assumed)


def _converted(file: KerasFile, parts: Parts, assumed: str) -> KerasUNet:
    config = _config(file, parts)
    channels = parts.blocks[0][0].kernel.shape[2]
    levels = len(parts.ups)
    tensors: dict[str, Tensor] = {}
    inside = channels
    for number, block in enumerate(parts.blocks):
        if number <= levels:
            place, width = ("bridge" if number == levels else f"encoder.{number}"), config.widths[number]
        else:
            step, width = number - levels - 1, config.widths[2 * levels - number]
            place = f"decoder.{step}"
            tensors |= _up(file, parts, step, inside=inside, outside=width)
            inside = 2 * width
        for index, convolution in enumerate(block):
            _expect(file, convolution, convolution.kernel.shape[2:], (inside, width))
            kernel = convolution.kernel
            if index == 0 and number > levels and parts.up_first[step]:
                kernel = np.roll(kernel, width, axis=2)  # ours takes the skip first
            if index == 0 and number == 0:
                kernel = kernel * parts.input_scale
            tensors |= _convolution(f"{place}.{3 * index}", kernel, convolution.bias, with_bias=convolution.norm is None)
            if convolution.norm is not None:
                tensors |= _norm(f"{place}.{3 * index + 1}", convolution)
            inside = width
    outputs = parts.head.kernel.shape[3]
    _expect(file, parts.head, parts.head.kernel.shape[2:], (inside, outputs))
    tensors |= _convolution("head", parts.head.kernel, parts.head.bias)
    return KerasUNet(config, channels, outputs, tensors, parts.input_scale != 1, assumed)


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


def _up(file: KerasFile, parts: Parts, step: int, *, inside: int, outside: int) -> dict[str, Tensor]:
    """The weights of a step up."""
    up = parts.ups[step]
    kernel, name = up.kernel, f"ups.{step}.0"
    if parts.upsampling == "transposed":
        kernel, name = kernel.transpose(0, 1, 3, 2), f"ups.{step}"
    _expect(file, up, kernel.shape[2:], (inside, outside))
    tensors = _convolution(name, kernel, up.bias)
    if parts.upsampling == "transposed":
        tensors[f"{name}.weight"] = tensors[f"{name}.weight"].transpose(0, 1).contiguous()
    return tensors


def _convolution(name: str, kernel: Array, bias: Array | None, *, with_bias: bool = True) -> dict[str, Tensor]:
    """torch's weight has the axes outgoing, incoming, height, width."""
    tensors = {f"{name}.weight": torch.tensor(kernel.transpose(3, 2, 0, 1), dtype=torch.float32)}
    if with_bias:
        tensors[f"{name}.bias"] = torch.zeros(kernel.shape[3]) if bias is None else torch.tensor(bias)
    return tensors


def _norm(name: str, convolution: Convolution) -> dict[str, Tensor]:
    """torch's batch normalisation with the outputs of Keras's."""
    norm = convolution.norm
    assert norm is not None
    epsilon = nn.BatchNorm2d(1).eps
    bias = np.float64(0) if convolution.bias is None else convolution.bias.astype(np.float64)
    values = {
        "weight": norm.gamma,
        "bias": norm.beta,
        "running_mean": norm.mean - bias,
        "running_var": norm.variance.astype(np.float64) + (norm.epsilon - epsilon),
    }
    tensors = {f"{name}.{key}": torch.tensor(value, dtype=torch.float32) for key, value in values.items()}
    return tensors | {f"{name}.num_batches_tracked": torch.tensor(0)}


def _expect(file: KerasFile, convolution: Convolution, seen: tuple[int, ...], expected: tuple[int, int]) -> None:
    """Raises `WeightsError` where a convolution has other channels than its place in the U-Net asks for."""
    if seen != expected:
        raise file.error(
            convolution.layer,
            f"makes {seen[1]} channels from {seen[0]}; this place in a U-Net asks for {expected[1]} from {expected[0]}.",
        )
