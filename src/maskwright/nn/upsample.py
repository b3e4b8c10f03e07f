"""Twice the resolution: learned by a transposed convolution, or bilinear."""

from typing import Literal

from torch import nn

Upsampling = Literal["transposed", "bilinear"]


def upsample(kind: Upsampling, inside: int, outside: int) -> nn.Module:
    """From `inside` channels to `outside` channels at twice the resolution.

    `transposed` is the U-Net paper's 2x2 transposed convolution ("up-convolution"). `bilinear` is a 1x1 convolution and
    bilinear interpolation; they commute, and in this order the convolution has a quarter of the pixels.
    """
    match kind:
        case "transposed":
            return nn.ConvTranspose2d(inside, outside, 2, stride=2)
        case "bilinear":
            return nn.Sequential(nn.Conv2d(inside, outside, 1), nn.Upsample(scale_factor=2, mode="bilinear"))
