"""What one layer of a network does to its maps, in plain numbers."""

from dataclasses import dataclass

IMAGE = -1  # stands for the image among the inputs of a layer


@dataclass(frozen=True, kw_only=True)
class Layer:
    """One step of a network: a module without children, or a function that a larger module calls.

    - `name`, `kind`: its place in the network, and what it is in words ("conv 3x3");
    - `operation`: PyTorch's name of it ("convolution", "cat");
    - `block`: the part of the network that it belongs to; layers of one block follow each other;
    - `inputs`: places of the layers whose maps it takes, `IMAGE` for the image;
    - `shape_in`, `shape_out`: channels, height, width; of several inputs the first;
    - `weights`, `macs`: learned numbers; multiplications with them for one image (of convolutions: all else costs little);
    - `stride`: input pixels from one pixel of its map to the next, None where the map is one value for the whole image;
    - `dilation`: pixels between the weights of its kernel;
    - `field_hw`: the most input pixels a pixel of its map depends on, without what comes in by `sees_all`;
    - `sees_all`: whether it also depends on a mean over the whole image. Statistics of normalisations are not counted.
    """

    name: str
    kind: str
    operation: str
    block: str
    inputs: tuple[int, ...]
    shape_in: tuple[int, int, int]
    shape_out: tuple[int, int, int]
    weights: int
    macs: int
    stride: float | None
    dilation: int
    field_hw: tuple[int, int]
    sees_all: bool
