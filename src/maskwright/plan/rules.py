"""From a fingerprint to a plan: one small function a decision, each with its reason."""

from dataclasses import replace
from math import ceil

from maskwright.data.fingerprint import Fingerprint
from maskwright.losses import LossTerm, inverse_frequency_weights
from maskwright.models.unet import UNetConfig
from maskwright.nn.device import Precision
from maskwright.sampling.augment import Augmentation
from maskwright.sampling.normalize import Normalization

CROP = 256  # pixels a side: the usual compromise between context and the number of different crops in a batch
BATCH = 4
DEEPEST = 5  # resolutions; the fifth sees 1/16
COARSEST = 8  # pixels that the coarsest map of a crop keeps at least a side
RARE = 0.05  # of the pixels: below it, a class is sought out when crops are drawn
VERY_RARE = 0.01
HAS_A_TOP = 0.15  # difference between what the upper and the lower halves show, from which an image has a top

Choice = tuple[str, str]  # what was chosen, in words, and why


def normalization(fingerprint: Fingerprint) -> tuple[Normalization, Choice]:
    """Each image by its own intensities, for exposure and staining differ from image to image."""
    if fingerprint.channels == 3 and set(fingerprint.dtypes) == {"uint8"}:
        why = "Colour images of 8 bits: each channel of each image gets mean 0 and standard deviation 1, which evens out light and stain."
        return Normalization(kind="zscore"), ("zscore, per image", why)
    why = "Absolute intensities depend on exposure here; the 0.5 % darkest and brightest pixels do not set the range."
    return Normalization(kind="percentile"), ("percentiles 0.5 to 99.5, per image", why)


def crop(fingerprint: Fingerprint, side: int = CROP) -> tuple[tuple[int, int], Choice]:
    """The part of an image that one training example shows: no larger than the images, in whole steps of the network."""
    heights, widths = zip(*fingerprint.sizes_hw, strict=True)
    smallest = (sorted(heights)[len(heights) // 2], sorted(widths)[len(widths) // 2])
    high, wide = (max(32, min(side, 16 * ceil(size / 16))) for size in smallest)
    if (high, wide) == (side, side):
        return (high, wide), (
            f"{high} x {wide}",
            "Large enough to show objects with their surroundings, small enough for a varied batch.",
        )
    return (high, wide), (f"{high} x {wide}", f"The images are about {smallest[0]} x {smallest[1]} pixels.")


def network(crop_hw: tuple[int, int], base: int, like: UNetConfig | None = None) -> tuple[UNetConfig, Choice]:
    """A U-Net as deep as the crop allows, doubling its width at each coarser resolution; else as `like` has it."""
    levels = 1
    while levels < DEEPEST and min(crop_hw) // 2**levels >= COARSEST:
        levels += 1
    config = replace(like or UNetConfig(), widths=tuple(base * 2**level for level in range(levels)))
    field = config.receptive_field.size
    value = f"U-Net, widths {', '.join(map(str, config.widths))}, norm {config.norm}"
    return config, (
        value,
        f"{levels} resolutions: the coarsest map of a crop keeps {COARSEST} pixels or more; each output pixel sees {field} x {field}.",
    )


def loss(fingerprint: Fingerprint, background: int | None) -> tuple[tuple[LossTerm, ...], tuple[float, ...] | None, Choice]:
    """Cross-entropy for every pixel and Dice for every class; weights where many classes are very unequal."""
    terms = (LossTerm(name="cross-entropy"), LossTerm(name="dice", background=background is None))
    shares = [s for i, s in enumerate(fingerprint.class_shares) if i != background]
    value, why = "cross-entropy + Dice", "Cross-entropy trains steadily, Dice counts each class alike however few its pixels."
    if len(shares) > 2 and min(shares) < VERY_RARE:
        weights = inverse_frequency_weights(fingerprint.class_pixels, cap=8.0)
        why += f" The rarest class has {min(shares):.2%} of the pixels, so cross-entropy is weighted by inverse frequency, at most 8 times."
        return terms, weights, ("weighted cross-entropy + Dice", why)
    return terms, None, (value, why)


def foreground_share(fingerprint: Fingerprint, background: int | None) -> tuple[float, Choice]:
    """The part of the crops that are centred on a pixel of a class drawn evenly."""
    shares = [share for i, share in enumerate(fingerprint.class_shares) if i != background and share > 0]
    rarest = min(shares, default=1.0)
    if rarest < RARE:
        return 0.5, (
            "half of the crops on a class",
            f"The rarest class has {rarest:.2%} of the pixels; chance alone would seldom show it.",
        )
    return 0.25, ("a quarter of the crops on a class", "No class is rare; most crops are drawn evenly from the images.")


def augmentation(fingerprint: Fingerprint) -> tuple[Augmentation, Choice]:
    """What images may be turned into without becoming something that could not have been taken."""
    if fingerprint.up_down > HAS_A_TOP:
        upright = replace(Augmentation(), flip_y=0.0, transpose=0.0, rotate_degrees=10.0, elastic=0.0, scale=(0.6, 1.6))
        why = "Upper and lower halves show different classes: the images have a top, so they are mirrored left-right but never upside down."
        return upright, ("left-right flips, small turns, scale, intensity", why)
    why = "Upper and lower halves show the same classes: any turn is possible. Elastic deformation makes few images go far (arXiv:1505.04597)."
    return Augmentation(), ("flips, turns, scale, elastic deformation, intensity", why)


def precision_choice(precision: Precision, device: str) -> Choice:
    """What the choice of number format means."""
    if precision == "bf16":
        return (
            "bf16",
            f"The {device} multiplies bfloat16 natively, which is 2 to 8 times faster; sums and weights stay in float32.",
        )
    return "fp32", f"The {device} has no native bfloat16, so numbers are float32."
