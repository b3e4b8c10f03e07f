"""What the panoptic task needs decided: which classes are things, and how wide the bells around their centres are."""

from dataclasses import replace

from maskwright.base.errors import PlanError
from maskwright.data.fingerprint import Fingerprint
from maskwright.masks.classes import Classes
from maskwright.models import Model, PanopticFPNConfig
from maskwright.plan.rules import Choice

CENTER_PX = 2.0, 8.0  # sigma of the bell around a centre, at least and at most; 8 is that of the paper, for large images
BELL = 0.25  # of the side of a small thing
ENCODER_RATE = 0.3  # of the learning rate: where things end is not what photographs of one thing each taught


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


def task(classes: Classes, model: Model) -> Choice:
    """What the network is to find, and how."""
    things = [info.name for info in classes if info.is_thing]
    stuff = [info.name for info in classes if not info.is_thing]
    every = f"Every thing apart ({', '.join(things)}) and the stuff around ({', '.join(stuff) or 'none'}), judged by PQ"
    if isinstance(model, PanopticFPNConfig):
        return "panoptic", f"{every}: things are found one by one, stuff is drawn, and surer things come first."
    return "panoptic", (
        f"{every}: the network draws classes, centres and the way to them, and pixels that point at one centre are one thing. "
        "On a processor this costs less than to look into boxes."
    )


def center_px(found: Fingerprint) -> tuple[float, Choice]:
    """Sigma of the bell around a centre: narrow enough to keep small neighbours apart, else as wide as can be learned fast."""
    least, most = CENTER_PX
    side = found.sides[0] if found.sides is not None else min((a[0] ** 0.5 for a in found.object_sizes if a), default=most)
    sigma = round(min(most, max(least, BELL * side)), 1)
    return sigma, (f"a bell of {sigma:g} pixels", f"A quarter of the side of a small thing, which has {side:.0f} pixels.")
