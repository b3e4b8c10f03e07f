"""From a fingerprint to a plan: one small function a decision, each with its reason."""

from dataclasses import replace
from math import ceil, inf
from statistics import median_low

from maskwright.data.fingerprint import Fingerprint
from maskwright.losses import LossTerm, inverse_frequency_weights
from maskwright.masks.classes import Classes
from maskwright.metrics.semantic import headline_of
from maskwright.models import MaskRCNNConfig, Model, UNetConfig, model_config
from maskwright.nn.device import Precision
from maskwright.nn.encoders.weights import IMAGENET_MEAN, IMAGENET_STD, PACKAGED, TORCHVISION_MEAN, TORCHVISION_STD
from maskwright.plan.plan import Optimizer, TaskName
from maskwright.sampling.augment import Augmentation
from maskwright.sampling.normalize import Normalization

CROP = 256  # pixels a side: the usual compromise between context and the number of different crops in a batch
BATCH = 4
DEEPEST = 5  # resolutions; the fifth sees 1/16
COARSEST = 8  # pixels a side that the coarsest map of a crop keeps
RARE = 0.05  # of the pixels: below it a class is sought out when crops are drawn
VERY_RARE = 0.01
WEIGHT_CAP = 8.0
COLORFUL = 0.02  # from this difference between the channels images are photographs, in the widest sense
SHRINKS = (2, 4, 8)
WIDE = 48.0  # pixels across that the narrowest class keeps in an image that is shrunk
APART = 40.0  # pixels of a side that typical objects keep where they are told apart
THIN = 8.0  # pixels; a narrower class is lost on a map of a quarter of the resolution
LARGE = 96.0  # pixels of a typical object's side; COCO calls larger ones large
FRESH_RATE = 1e-3  # of a network from chance
RATE, GENTLE = 5e-3, 0.1  # of a network on an encoder that knows something already, and how much of it the encoder gets
HAS_A_TOP = 0.15  # difference between what the upper and the lower halves show, from which images have a top

Choice = tuple[str, str]  # what was chosen, in words, and why


def architecture(found: Fingerprint, model: str | None, encoder: str | None) -> tuple[Model, str]:
    """The kind of network, without its widths, and why. `model` and `encoder` are a person's own choice, or None.

    Raises `PlanError` where there is no such model or encoder.
    """
    photographs = found.channels == 3 and found.color >= COLORFUL
    asked_for = model is not None or encoder is not None
    large = [side for side in found.typical_sides if side >= LARGE]
    narrowest = min((width for width in found.class_widths if width is not None), default=inf)
    if not asked_for and photographs and len(large) > 1 and narrowest >= THIN:
        return model_config("deeplabv3+", PACKAGED[0]), (
            f"Colour photographs of {len(large)} kinds of large objects, typically from {median_low(large):.0f} pixels across: "
            "parts of different kinds look alike, and only wide context tells them apart. The encoder has seen a million "
            "photographs already."
        )
    if encoder is None:
        encoder = PACKAGED[0] if photographs or model not in (None, "unet") else "plain"
    chosen = model_config(model or "unet", encoder)
    if asked_for:
        why = "Asked for."
    elif photographs:
        why = "Colour photographs: an encoder that has seen a million of them knows edges, textures and parts already."
        if narrowest < THIN:
            why += f" A class that is {narrowest:.0f} pixels wide needs its skips, which reach up to half the resolution."
    else:
        why = "No photographs: a plain network learns from few images, and photographs would teach it little."
    return chosen, why


def task(name: TaskName, classes: Classes, background: int | None, model: Model, why_so: str) -> Choice:
    """What the network is to find, and how; `why_so` is why the one or the other way was chosen to find objects."""
    if name == "semantic":
        why = f"The class of every pixel: {', '.join(classes.names)}. Judged by {headline_of(classes, background)}."
        return "semantic", why
    every = f"Every object apart ({', '.join(classes.names[1:])})"
    if isinstance(model, MaskRCNNConfig):
        return "instance", f"{every}, found one by one, each with a class, a score and a mask. {why_so}".rstrip()
    why = (
        f"{every}: the network draws classes, outlines and depths inside objects, "
        "and a watershed from the middles tells objects that touch apart."
    )
    return "instance", f"{why} {why_so}".rstrip()


def encoder_weights(model: Model, source: str | None) -> str | None:
    """What the encoder starts from: what a person names ("none" is chance), else the ImageNet weights that are installed."""
    if source is None:
        return "imagenet" if getattr(model, "encoder", None) in PACKAGED else None
    return None if source == "none" else source


def normalization(
    found: Fingerprint, *, encoder: str | None = None, encoder_weights: str | None = None
) -> tuple[Normalization, Choice]:
    """Each image by its own intensities, for exposure and stain differ from image to image; or as trained weights expect."""
    photographs = found.channels == 3 and found.dtypes == ("uint8",) and found.color >= COLORFUL
    if encoder_weights is not None and photographs:
        mean, std = (IMAGENET_MEAN, IMAGENET_STD) if encoder in PACKAGED else (TORCHVISION_MEAN, TORCHVISION_STD)
        return Normalization(kind="fixed", mean=mean, std=std), ("as the encoder's weights expect", "They were trained so.")
    if photographs:
        why = "Colour images of 8 bits: mean 0 and deviation 1 in each channel of each image evens out light and stain."
        return Normalization(kind="zscore"), ("mean and deviation, per image", why)
    why = "Absolute intensities depend on exposure; the darkest and brightest 0.5 % of the pixels do not set the range."
    return Normalization(kind="percentile"), ("percentiles 0.5 to 99.5, per image", why)


def shrink(found: Fingerprint, background: int | None, *, objects: bool = False) -> tuple[int, Choice | None]:
    """How many times smaller the network is shown images; None where it sees them as they are.

    As much smaller as leaves the narrowest class wide, typical objects large where they are told apart, and the typical image
    larger than a crop.
    """
    widths = [width for class_id, width in enumerate(found.class_widths) if width is not None and class_id != background]
    narrowest, across = min(widths, default=0.0), min(found.typical_sides, default=0.0)
    typical = median_low(min(size_hw) for size_hw in found.sizes_hw)
    most = min(narrowest / WIDE, typical / CROP, across / APART if objects else inf)
    factor = max((each for each in SHRINKS if each <= most), default=1)
    what = (
        f"the smallest kind of objects is typically {across:.0f} pixels across"
        if objects
        else f"the narrowest class is {narrowest:.0f} pixels wide"
    )
    why = (
        f"Even {what}: a crop shows more of an object and what is around it, and a step costs less. Masks are drawn in the "
        f"images' own size, with outlines true to about {factor / 2:g} pixels."
    )
    return shrunk(factor, why)


def shrunk(factor: int, why: str) -> tuple[int, Choice | None]:
    """A factor as a choice, which images as they are need none of."""
    return factor, (f"images at 1/{factor} of their size", why) if factor > 1 else None


def crop(found: Fingerprint, shrink: int = 1) -> tuple[tuple[int, int], Choice]:
    """The part of an image that one training example shows: no larger than the typical image, in whole steps of the network."""
    heights, widths = zip(*found.sizes_hw, strict=True)
    typical = median_low(heights) // shrink, median_low(widths) // shrink
    high, wide = (max(32, min(CROP, 16 * ceil(size / 16))) for size in typical)
    if (high, wide) == (CROP, CROP):
        why = "Large enough to show objects with their surroundings, small enough for varied batches."
    else:
        why = f"The typical image has only {typical[0]} x {typical[1]} pixels{', so shrunk' if shrink > 1 else ''}."
    return (high, wide), (f"{high} x {wide}", why)


def network(model: Model, weights: str | None, why: str) -> Choice:
    """A network on an encoder in words."""
    return f"{model.title}, {f'from {weights} weights' if weights else 'from chance'}", why


def unet(crop_hw: tuple[int, int], width: int, like: UNetConfig, shrink: int = 1) -> tuple[UNetConfig, Choice]:
    """A U-Net as deep as the crop allows, twice as wide at each coarser resolution; all else as `like` has it."""
    levels = 1
    while levels < DEEPEST and min(crop_hw) // 2**levels >= COARSEST:
        levels += 1
    config = replace(like, widths=tuple(width * 2**level for level in range(levels)))
    value = f"{config.title}, {config.norm} norm"
    why = (
        f"{levels} resolutions, so that the coarsest map of a crop keeps {COARSEST} pixels or more a side; "
        f"an output pixel sees {shrink * config.receptive_field.size} pixels a side."
    )
    return config, (value, why)


def loss(found: Fingerprint, background: int | None) -> tuple[tuple[LossTerm, ...], tuple[float, ...] | None, Choice]:
    """Cross-entropy for every pixel and Dice for every class; weights where many classes are very unequal."""
    terms = (LossTerm(name="cross-entropy"), LossTerm(name="dice", background=background is None))
    why = "Cross-entropy trains steadily; Dice counts each class alike, however few its pixels."
    rarest = min(_foreground_shares(found, background), default=1.0)
    if len(found.class_names) <= 2 or rarest >= VERY_RARE:
        return terms, None, ("cross-entropy + Dice", why)
    weights = inverse_frequency_weights(found.class_pixels, cap=WEIGHT_CAP)
    why += f" The rarest class has {rarest:.2%} of the pixels: weights by inverse frequency, at most {WEIGHT_CAP:g} times."
    return terms, weights, ("weighted cross-entropy + Dice", why)


def foreground_share(found: Fingerprint, background: int | None) -> tuple[float, Choice]:
    """The part of the crops that are drawn around a pixel of a class, each class alike often."""
    rarest = min(_foreground_shares(found, background), default=1.0)
    if rarest < RARE:
        return 0.5, (
            "half of the crops around a class",
            f"The rarest class has {rarest:.2%} of the pixels; chance alone seldom shows it.",
        )
    return 0.25, ("a quarter of the crops around a class", "No class is rare; most crops are drawn evenly from the images.")


def augmentation(found: Fingerprint) -> tuple[Augmentation, Choice]:
    """What an image may be turned into without becoming one that could not have been taken."""
    if found.up_down > HAS_A_TOP:
        upright = Augmentation(flip_y=0.0, transpose=0.0, rotate_degrees=10.0, elastic=0.0, scale=(0.6, 1.6))
        why = "Upper and lower halves show different classes, so the images have a top: never upside down, never deformed."
        return upright, ("left-right flips, small turns, scale, intensity", why)
    why = "Upper and lower halves show the same classes: any turn does. Deforming makes few images go far (arXiv:1505.04597)."
    return Augmentation(), ("flips, turns, scale, elastic deformation, intensity", why)


def optimizer(weights: str | None) -> tuple[Optimizer, Choice]:
    """How fast a network learns the classes of pixels."""
    if weights is None:
        return adamw(FRESH_RATE, "Scales each weight's step by itself, so that one rate suits every network.")
    why = "What is new learns fast, what the encoder knows already is changed gently."
    return adamw(RATE, why, encoder_rate=GENTLE)


def adamw(rate: float, why: str, *, encoder_rate: float = 1.0) -> tuple[Optimizer, Choice]:
    """AdamW at a rate, with so much of it in the encoder."""
    gentle = "" if encoder_rate == 1 else f", {encoder_rate:g} of it in the encoder"
    return Optimizer(learning_rate=rate, encoder_rate=encoder_rate), (f"AdamW at {rate:g}{gentle}", why)


def precision(chosen: Precision, device: str) -> Choice:
    """What the choice of number format means."""
    if chosen == "bf16":
        return (
            "bf16",
            f"The {device} multiplies bfloat16 natively, several times faster; sums, losses and weights stay float32.",
        )
    return "fp32", f"The {device} has no native bfloat16."


def _foreground_shares(found: Fingerprint, background: int | None) -> list[float]:
    """Shares of the pixels of the classes that occur, but for the background."""
    return [share for class_id, share in enumerate(found.class_shares) if class_id != background and share > 0]
