"""Which input pixels an output pixel depends on, by arithmetic on intervals."""

from dataclasses import dataclass

from maskwright.nn.upsample import Upsampling

Interval = tuple[int, int]  # first and last index, both included


@dataclass(frozen=True)
class ReceptiveField:
    """`size`: the most input pixels, in one direction, that an output pixel depends on; `reach`: the furthest of them."""

    size: int
    reach: int


def encoder_decoder(levels: int, *, convs: int, upsampling: Upsampling) -> ReceptiveField:
    """The receptive field of a U-Net with `levels` resolutions and `convs` 3x3 convolutions at each, on both ways.

    It differs between output pixels, as each lies elsewhere in its pixel of the bridge; this is the largest. Statistics that a
    normalisation takes over the whole image are left out.
    """
    fields = [(p, _field(p, levels, convs, upsampling)) for p in range(1 << (levels - 1))]
    return ReceptiveField(
        size=max(high - low + 1 for _, (low, high) in fields),
        reach=max(max(p - low, high - p) for p, (low, high) in fields),
    )


def _field(pixel: int, levels: int, convs: int, upsampling: Upsampling) -> Interval:
    """Back from one output pixel: down the decoder, where each level also asks for its skip, and up the encoder."""
    needed = (pixel, pixel)
    skips = []
    for _ in range(levels - 1):
        needed = _before_convs(needed, convs)
        skips.append(needed)
        needed = _before_upsampling(needed, upsampling)
    needed = _before_convs(needed, convs)
    for low, high in reversed(skips):
        pooled = (2 * needed[0], 2 * needed[1] + 1)  # 2x2 max pooling
        needed = _before_convs((min(pooled[0], low), max(pooled[1], high)), convs)
    return needed


def _before_convs(interval: Interval, convs: int) -> Interval:
    return interval[0] - convs, interval[1] + convs


def _before_upsampling(interval: Interval, upsampling: Upsampling) -> Interval:
    match upsampling:
        case "transposed":  # 2x2 of stride 2: every output pixel comes from one input pixel
            return interval[0] // 2, interval[1] // 2
        case "bilinear" | "nearest":  # from the two nearest; from those that a 3x3 convolution sees among repeated pixels
            return (interval[0] - 1) // 2, (interval[1] + 1) // 2
        case "shuffle":  # a 3x3 convolution before anything grows
            return interval[0] // 2 - 1, interval[1] // 2 + 1
