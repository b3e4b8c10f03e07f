"""What the panoptic task needs decided: the way to segments, which classes are things, and how fast maps are learned."""

from dataclasses import replace

from maskwright.base.errors import PlanError
from maskwright.data.fingerprint import Fingerprint
from maskwright.losses import LossTerm
from maskwright.masks.classes import Classes
from maskwright.models import Model, PanopticFPNConfig
from maskwright.plan.detection_rules import MANY
from maskwright.plan.plan import Optimizer
from maskwright.plan.rules import GENTLE, Choice, adamw

RATE = 5e-3  # a last layer with few inputs grows by so little a step that at 1e-3 hundreds of steps pass before it is sure


def way(found: Fingerprint) -> tuple[str, str]:
    """The better of both ways to segments, "panoptic-fpn" or "unet", and why."""
    if found.objects_per_image > MANY:
        return "unet", f"Typically {found.objects_per_image:.0f} things an image: maps find any number of them at one cost."
    return "panoptic-fpn", (
        f"Typically {found.objects_per_image:.0f} things an image: each is judged as a whole. On drawn streets boxes found "
        "more things than maps in the same time."
    )


def things_of(classes: Classes) -> tuple[int, ...]:
    """The ids of the classes of things. Raises `PlanError` where there is none."""
    things = tuple(i for i, info in enumerate(classes) if info.is_thing)
    if not things:
        raise PlanError(
            f"None of the classes {', '.join(classes.names)} is a thing, which the panoptic task counts one by one. Train the "
            "class of every pixel with --task semantic, or say in the data which classes are things."
        )
    return things


def network(model: Model, classes: Classes) -> Model:
    """The network, told which classes are things where it finds these apart."""
    things = things_of(classes)
    return replace(model, things=things) if isinstance(model, PanopticFPNConfig) else model


def task(classes: Classes, model: Model, why_so: str) -> Choice:
    """What the network is to find, and how; `why_so` is why the one or the other way was chosen."""
    things = [info.name for info in classes if info.is_thing]
    stuff = [info.name for info in classes if not info.is_thing]
    every = f"Every thing apart ({', '.join(things)}) and the stuff around ({', '.join(stuff) or 'none'}), judged by PQ"
    if isinstance(model, PanopticFPNConfig):
        how = "things are found one by one, stuff is drawn, and surer things come first."
        return "panoptic", f"{every}: {how} {why_so}".rstrip()
    return "panoptic", (
        f"{every}: the network draws classes, centres and the way to them, and pixels that point at one centre are one thing. "
        f"{why_so}".rstrip()
    )


def loss(terms: tuple[LossTerm, ...]) -> Choice:
    """What is minimised beside the errors of centres and offsets: `terms`, where all classes weigh alike."""
    named = " + ".join({"cross-entropy": "cross-entropy", "dice": "Dice", "focal": "focal loss"}[term.name] for term in terms)
    why = (
        "Cross-entropy trains steadily; Dice counts each class alike, however few its pixels. No weights of classes, since "
        "these make rare things fatter than they are, and a thing counts only where more than half is right."
    )
    return f"{named} + centres + offsets", why


def optimizer(weights: str | None) -> tuple[Optimizer, Choice]:
    """How fast a network that draws maps learns."""
    why = "Centres and offsets start from nothing, and the last layer has few inputs: a high rate lets them grow in time."
    return adamw(RATE, why, encoder_rate=1.0 if weights is None else GENTLE)
