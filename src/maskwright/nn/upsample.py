"""Higher resolution: learned by a transposed convolution or a pixel shuffle, bilinear, or nearest with a convolution."""

from typing import Literal

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from maskwright.nn.traceable import is_traced

Upsampling = Literal["transposed", "bilinear", "nearest", "shuffle"]


def upsample(kind: Upsampling, inside: int, outside: int) -> nn.Module:
    """From `inside` channels to `outside` channels at twice the resolution.

    `transposed` is the U-Net paper's 2x2 transposed convolution ("up-convolution"). `bilinear` is a 1x1 convolution and
    bilinear interpolation; they commute, and in this order the convolution has a quarter of the pixels. `nearest` repeats every
    pixel and convolves 3x3 at the full resolution. `shuffle` convolves 3x3 at the low resolution, to four channels for one, and
    lays them out as 2x2 pixels (arXiv:1609.05158); after a 1x1 convolution that would be `transposed` again.
    """
    match kind:
        case "transposed":
            return UpConv(inside, outside)
        case "bilinear":
            return nn.Sequential(nn.Conv2d(inside, outside, 1), nn.Upsample(scale_factor=2, mode="bilinear"))
        case "nearest":
            return nn.Sequential(nn.Upsample(scale_factor=2), UpsamplingConv(inside, outside))
        case "shuffle":
            return nn.Sequential(UpsamplingConv(inside, 4 * outside, alike=4), nn.PixelShuffle(2))


class UpConv(nn.ConvTranspose2d):
    """The U-Net paper's "up-convolution": a 2x2 transposed convolution of stride 2.

    Its bias is added by itself, because the gradient of a bias within it takes longer than all else of it: 64 maps of 128x128
    pixels to 32, a batch of 4, forward and backward on one processor core, in bfloat16 26 ms instead of 51, in float32 48
    instead of 86.
    """

    def __init__(self, inside: int, outside: int) -> None:
        super().__init__(inside, outside, 2, stride=2)

    def forward(self, maps: Float[Tensor, "b c h w"], output_size: list[int] | None = None) -> Float[Tensor, "b c1 h1 w1"]:
        """The maps, twice as high and wide, which leaves nothing for torch's `output_size` to choose."""
        if is_traced() or self.bias is None:  # for a runtime that knows the layer
            return super().forward(maps)
        larger = F.conv_transpose2d(maps, self.weight, stride=2)
        return larger.add_(self.bias.to(larger.dtype)[:, None, None])


class UpsamplingConv(nn.Conv2d):
    """The 3x3 convolution of an upsampling, which has a start of its own because no ReLU follows it."""

    def __init__(self, inside: int, outside: int, *, alike: int = 1) -> None:
        super().__init__(inside, outside, 3, padding=1)
        self.alike = alike
        self.start()

    def start(self) -> None:
        """Draw weights that keep the variance, with `alike` neighbouring outputs the same.

        Outputs that become one square of pixels by a shuffle then start as a nearest upsampling, without a checkerboard (ICNR,
        arXiv:1707.02937).
        """
        with torch.no_grad():
            self.weight.normal_(std=self.weight[0].numel() ** -0.5)
            self.weight.copy_(self.weight[:: self.alike].repeat_interleave(self.alike, dim=0))
        if self.bias is not None:
            nn.init.zeros_(self.bias)


class LearnedInterpolation(nn.ConvTranspose2d):
    """Every channel on its own, `stride` times larger, by a transposed convolution that starts as bilinear interpolation.

    The kernel has two strides a side and the start of FCN (arXiv:1411.4038), but there is one kernel a channel. One for every
    pair of channels would be 0 at the start wherever the two differ, and cost 21 times as much for 21 classes. The border pixel
    is repeated, so that at the start this is `F.interpolate(mode="bilinear", align_corners=False)` up to the rim; beside zeros
    the rim would fade.
    """

    def __init__(self, channels: int, stride: int) -> None:
        if stride % 2:
            raise ValueError(f"A centred kernel of two strides needs an even stride, not {stride}.")
        # The repeated pixel becomes a stride of output at each end, cut off again together with half the kernel's overlap.
        cut = stride + stride // 2
        super().__init__(channels, channels, 2 * stride, stride=stride, padding=cut, groups=channels, bias=False)
        self.start()

    def start(self) -> None:
        """Bilinear interpolation."""
        bilinear_(self.weight)

    def forward(self, maps: Float[Tensor, "b c h w"], output_size: list[int] | None = None) -> Float[Tensor, "b c h1 w1"]:
        """The maps, `stride` times as high and wide, which leaves nothing for torch's `output_size` to choose.

        Between four neighbours lies a square of stride x stride output pixels, each a 2x2 convolution of the four. Worked out
        so, it gives the same as torch's grouped transposed convolution in a seventh of the time (2 images of 12 maps, 16x16 to
        512x512, bfloat16, forward and backward on one processor core: 47 against 327 ms; in float32 56 against 80 ms).
        """
        stride = self.stride[0]
        # For row r of the square, the upper neighbour has the kernel's row stride + r, the lower one row r; columns likewise.
        taps = self.weight.view(-1, 2, stride, 2, stride).flip(1, 3).permute(0, 2, 4, 1, 3)
        squares = F.conv2d(F.pad(maps, (1, 1, 1, 1), mode="replicate"), taps.reshape(-1, 1, 2, 2), groups=self.groups)
        half = stride // 2
        return F.pixel_shuffle(squares, stride)[..., half:-half, half:-half]


def bilinear_(weight: Float[Tensor, "c 1 k k"]) -> Float[Tensor, "c 1 k k"]:
    """Fill the kernels of a channel-wise transposed convolution, whose stride is half of `k`, with bilinear interpolation."""
    side = weight.shape[-1]
    distance = (torch.arange(side, dtype=weight.dtype, device=weight.device) - (side - 1) / 2).abs()
    tent = 1 - distance / (side / 2)
    with torch.no_grad():
        return weight.copy_(tent[:, None] * tent)
