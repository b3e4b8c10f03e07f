"""The parts of a U-Net as Keras keeps them."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32

from maskwright.models.keras.file import Layer
from maskwright.nn.upsample import Upsampling


@dataclass(frozen=True, eq=False)
class BatchNorm:
    """What a batch normalisation has learned and counted, per channel."""

    gamma: Float32[np.ndarray, " c"]
    beta: Float32[np.ndarray, " c"]
    mean: Float32[np.ndarray, " c"]
    variance: Float32[np.ndarray, " c"]
    epsilon: float


@dataclass(frozen=True, eq=False)
class Convolution:
    """A convolution and the batch normalisation that follows it, if any.

    Its kernel has the axes height, width, incoming, outgoing channels; of a transposed one, outgoing before incoming.
    """

    layer: Layer
    norm: BatchNorm | None = None

    @property
    def kernel(self) -> Float32[np.ndarray, "kh kw _ _"]:
        return self.layer.arrays[0]

    @property
    def bias(self) -> Float32[np.ndarray, " out"] | None:
        """None where the layer has none."""
        return self.layer.arrays[1] if len(self.layer.arrays) > 1 else None


@dataclass(frozen=True, eq=False)
class Parts:
    """All of a U-Net, in the order of prediction: `blocks` are those of the encoder, the bridge, those of the decoder.

    up_first: for every step up, whether its maps come before those of the skip. input_scale: a factor of the
    input, None where the network takes it as it is.
    """

    blocks: tuple[tuple[Convolution, ...], ...]
    upsampling: Upsampling
    ups: tuple[Convolution, ...]
    up_first: tuple[bool, ...]
    head: Convolution
    dropout: float = 0.0
    input_scale: float | None = None
