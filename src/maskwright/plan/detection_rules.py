"""What a Mask R-CNN needs decided: when it is the better way to objects, and its numbers, each with its reason."""

from dataclasses import replace
from math import ceil, log2, sqrt
from statistics import median_low

from maskwright.data.fingerprint import Fingerprint
from maskwright.models import MaskRCNNConfig, PanopticFPNConfig
from maskwright.models.mask_rcnn import LEVEL_STRIDES
from maskwright.plan.plan import Optimizer
from maskwright.plan.rules import COLORFUL, GENTLE, LARGE, Choice, adamw
from maskwright.sampling.augment import Augmentation

MANY = 60  # objects of a typical image, from which finding them one by one is slow and misses some
FEW_KINDS = 3  # classes of objects that maps of pixels keep apart well
OVERLAP = 0.02  # of the pixels of objects lie under others: maps hold one object a pixel
CROP = 512  # pixels a side, at most: an object that is cut is learned as what is left of it
BATCH = 2  # crops a step: larger ones than networks of maps take, and the norms of a trained encoder are fixed
WIDTH, BOX_WIDTH = 128, 512  # half of what the paper has: a step took two thirds of the time on a processor
CANDIDATES, PROPOSALS, SAMPLED_BOXES = 500, 300, 128  # the paper's are 1000, 1000 and 512, for larger images
DETECTIONS = 100, 500  # an image, as in COCO, and at most
SMALLEST_ANCHORS = 8, 16, 32  # pixels, of the finest map
TILES = 1024, 1536  # pixels a side: usual, and the largest that is predicted at once
RATE = 1e-3


def way(found: Fingerprint) -> tuple[str, str]:
    """The better of both ways to objects, "mask-rcnn" or "unet", and why."""
    kinds, typical = len(found.typical_sides), max(found.typical_sides, default=0.0)
    if found.objects_per_image > MANY:
        return "unet", f"Typically {found.objects_per_image:.0f} objects an image: maps find any number of them at one cost."
    if found.overlap > OVERLAP:
        return "mask-rcnn", f"{found.overlap:.0%} of the pixels of objects lie under others, which maps cannot hold."
    if kinds > FEW_KINDS:
        return (
            "mask-rcnn",
            f"{kinds} kinds of objects, typically {found.objects_per_image:.0f} an image: each is judged as a whole.",
        )
    if found.channels == 3 and found.color >= COLORFUL and typical >= LARGE:
        return "mask-rcnn", (
            f"Colour photographs of few large objects, {typical:.0f} pixels across: parts of one object look different, "
            "so it has to be judged as a whole."
        )
    touching = f", of which {found.touching:.0%} touch another" if found.touching else ""
    many = "kind" if kinds == 1 else "kinds"
    return (
        "unet",
        f"{kinds} {many} of objects, {typical:.0f} pixels across{touching}, hardly any under others: maps tell them apart.",
    )


def network(found: Fingerprint, like: MaskRCNNConfig, weights: str | None) -> tuple[MaskRCNNConfig, str]:
    """A Mask R-CNN for such objects; its encoder as `like` has it. And why."""
    low, high = _sides(found)
    middle = len(LEVEL_STRIDES) // 2
    finest = min(SMALLEST_ANCHORS, key=lambda size: abs(log2(size * 2**middle) - log2(max(low * high, 1)) / 2))
    least, most = DETECTIONS
    detections = max(least, min(most, 2 * found.most_objects))
    config = replace(
        like,
        width=WIDTH,
        box_width=BOX_WIDTH,
        anchor_sizes=tuple(float(finest * 2**level) for level in range(len(LEVEL_STRIDES))),
        candidates=CANDIDATES,
        proposals=max(PROPOSALS, 2 * detections),
        sampled_boxes=SAMPLED_BOXES,
        detections=detections,
        fixed_norms=weights is not None,
    )
    why = (
        f"A pyramid of {WIDTH} channels, which a processor can train. Anchors of {finest} to {config.anchor_sizes[-1]:g} "
        f"pixels, for objects of mostly {low:.0f} to {high:.0f}; up to {detections} objects in an image or tile, as "
        f"{found.most_objects} are the most that are known."
    )
    if config.fixed_norms:
        why += f" The encoder's norms stay as they are trained, for {BATCH} images are too few for statistics."
    return config, why


def crop(found: Fingerprint) -> tuple[tuple[int, int], Choice]:
    """As much of an image as training can afford, since a detector learns whole objects."""
    heights, widths = zip(*found.sizes_hw, strict=True)
    high, wide = (max(64, min(CROP, 32 * ceil(median_low(sides) / 32))) for sides in (heights, widths))
    why = f"Whole images, or {CROP} pixels of them: objects that a crop cuts are learned as what is left of them."
    return (high, wide), (f"{high} x {wide}, {BATCH} a step", why)


def tiles(found: Fingerprint) -> tuple[int, int, Choice]:
    """The side and the overlap of the tiles of prediction: images whole, or objects whole in one tile."""
    usual, most = TILES
    side = min(most, max(usual, 32 * ceil(max(max(size) for size in found.sizes_hw) / 32)))
    overlap = min(side // 2, 32 * ceil(max(_extent(found), 32.0) / 32))
    why = (
        f"Images up to {side} pixels are predicted whole; tiles of larger ones share {overlap}, for objects of "
        f"{_extent(found):.0f}."
    )
    return side, overlap, (f"{side} pixels, {overlap} shared", why)


def augmentation(found: Fingerprint) -> tuple[Augmentation, Choice] | None:
    """Photographs show things upright; None leaves the choice to what the classes show."""
    if found.channels != 3 or found.color < COLORFUL:
        return None
    upright = Augmentation(flip_y=0.0, transpose=0.0, rotate_degrees=10.0, elastic=0.0, scale=(0.6, 1.6))
    why = "Colour photographs show things upright: never upside down, never deformed."
    return upright, ("left-right flips, small turns, scale, intensity", why)


def optimizer(weights: str | None) -> tuple[Optimizer, Choice]:
    """How fast it learns."""
    why = "Five losses of very different gradients: AdamW scales each weight's step by itself."
    return adamw(RATE, why, encoder_rate=1.0 if weights is None else GENTLE)


def loss(model: MaskRCNNConfig | PanopticFPNConfig) -> Choice:
    """What is minimised; the plan's `loss` has no part in it."""
    why = "Whether a box holds an object and where (twice: proposed, then corrected), its class, its mask (arXiv:1703.06870)."
    if isinstance(model, PanopticFPNConfig):
        weight = f"{model.stuff_weight:g} of the cross-entropy of stuff"
        return f"the five losses of Mask R-CNN, and {weight}", f"{why} The class of every pixel counts less (arXiv:1901.02446)."
    return "the five losses of Mask R-CNN", why


def _sides(found: Fingerprint) -> tuple[float, float]:
    """How small and how large most objects are."""
    if found.sides is not None:
        return found.sides
    sides = [sqrt(area) for areas in found.object_sizes if areas for area in areas]
    return min(sides, default=1.0), max(sides, default=1.0)


def _extent(found: Fingerprint) -> float:
    """The side of nearly the largest object; guessed from areas where objects are not known one by one."""
    if found.extent is not None:
        return found.extent
    return 1.5 * sqrt(max((areas[2] for areas in found.object_sizes if areas), default=1.0))
