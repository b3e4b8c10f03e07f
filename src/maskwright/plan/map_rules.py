"""What a network that draws maps of objects needs decided: its encoder, and how large it is shown the objects."""

from dataclasses import replace
from math import pi, sqrt

from maskwright.data.fingerprint import Fingerprint
from maskwright.models import EncoderUNetConfig, Model, model_config
from maskwright.nn.encoders.weights import PACKAGED
from maskwright.plan.plan import Optimizer
from maskwright.plan.rules import CROP, Choice, adamw

SMALL = 32.0  # pixels across a typical object: below it the image is shown at twice its size
RATE = 3e-3  # of all of a network on a trained encoder
ENLARGED_WIDTHS = (32, 64, 128, 256)


def architecture(
    found: Fingerprint, model: str | None, encoder: str | None, *, enlarges: bool = True
) -> tuple[Model, str] | None:
    """A U-Net on a trained encoder, and why; None where a person asks for another network.

    enlarges: whether small objects may be shown at twice their size, which leaves less of what is around them in a crop.
    """
    if model not in (None, "unet") or encoder == "plain":
        return None
    chosen = model_config("unet", encoder or PACKAGED[0])
    why = (
        "Asked for."
        if encoder is not None
        else "A trained encoder learns to tell objects apart in a third of the steps of a fresh network, of cells too."
    )
    across = _across(found) if enlarges else None
    if not isinstance(chosen, EncoderUNetConfig) or across is None or across >= SMALL:
        return chosen, why
    chosen = replace(chosen, widths=ENLARGED_WIDTHS, enlarge=2)
    return (
        chosen,
        f"{why} Objects are typically {across:.0f} pixels across, too small for its first maps: shown at twice the size.",
    )


def crop(crop_hw: tuple[int, int], model: EncoderUNetConfig) -> tuple[tuple[int, int], Choice]:
    """As much as the encoder can see at once, which is less of an image that is enlarged."""
    high, wide = (max(32, min(side, CROP // model.enlarge)) for side in crop_hw)
    why = f"{high * model.enlarge} x {wide * model.enlarge} pixels as the encoder sees it, at twice the size."
    return (high, wide), (f"{high} x {wide}", why)


def optimizer() -> tuple[Optimizer, Choice]:
    """How fast a network that draws maps of objects learns, its encoder as fast as the rest."""
    return adamw(RATE, "Outlines of objects that touch are not what its photographs taught: the encoder learns with the rest.")


def _across(found: Fingerprint) -> float | None:
    """The diameter of a disc as large as the typical object, of the class whose objects are smallest."""
    areas = [sizes[1] for sizes in found.object_sizes if sizes is not None]
    return 2 * sqrt(min(areas) / pi) if areas else None
