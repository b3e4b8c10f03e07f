"""A network that was trained in Keras, as a run: its folder predicts and scores like any other."""

import math
from pathlib import Path

import torch
from torch import Tensor

from maskwright.base.errors import PlanError
from maskwright.base.files import sha256
from maskwright.engine.run import Run
from maskwright.engine.weights import save_weights
from maskwright.losses import LossTerm
from maskwright.masks.classes import Classes
from maskwright.models.keras import KerasUNet
from maskwright.plan import rules
from maskwright.plan.make import TILE
from maskwright.plan.plan import Decision, Plan
from maskwright.sampling.augment import Augmentation
from maskwright.sampling.normalize import Normalization

BYTE = 255.0  # what Keras users divide images by; also the least divisor of a plan, whose normalised values end at ±10
UNKNOWN = "It was trained in Keras. Which images it was trained on is not known here; a score on those would be too good."


def import_run(
    source: Path | str,
    network: KerasUNet,
    out: Path | str,
    *,
    class_names: tuple[str, ...] | None = None,
    divisor: float | None = None,
) -> Run:
    """A new run folder that predicts as the Keras model of `source` does, and its plan says how.

    class_names: by default background and object where the network has one output. divisor: what images were divided by
    before Keras saw them; by default 255, or 1 where the network scales them itself. A sigmoid becomes the softmax of two
    classes by a first output that is always 0. Raises `PlanError` where names do not fit the outputs, `RunError` where a
    run stands at `out` already.
    """
    if divisor is None:
        divisor = 1.0 if network.rescales else BYTE
    if not 0 < divisor < math.inf:
        raise PlanError(f"Images cannot be divided by {divisor:g}; give a number above 0, such as --scale 255.")
    classes = _classes(network.outputs, class_names)
    plan = _plan(Path(source), network, classes, divisor)
    run = Run.create(Path(out), plan, {"method": "none", "statement": UNKNOWN, "parts": {"train": []}}, {})
    tensors = network.scaled(plan.normalization.std[0] / divisor)
    if network.outputs == 1:
        tensors = _two_classes(tensors)
    save_weights(run.best_path, tensors, {"step": 0, "score": None, "metric": "none"})
    return run


def _classes(outputs: int, names: tuple[str, ...] | None) -> Classes:
    """One output tells two classes apart."""
    count = max(2, outputs)
    if names is None and count == 2:
        names = ("background", "object")
    if names is None or len(names) != count:
        given = "none" if names is None else ", ".join(names)
        raise PlanError(f"The network tells {count} classes apart, so it needs {count} names, not: {given}. Give --classes.")
    return Classes.named(*names)


def _two_classes(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """The softmax over 0 and z is the sigmoid of z."""
    head = {name: tensors[name] for name in ("head.weight", "head.bias")}
    return tensors | {name: torch.cat([torch.zeros_like(values), values]) for name, values in head.items()}


def _plan(source: Path, network: KerasUNet, classes: Classes, divisor: float) -> Plan:
    """A plan of no training of ours; what concerns training has the usual values."""
    normalization = Normalization(kind="fixed", mean=(0.0,) * network.channels, std=(max(divisor, BYTE),) * network.channels)
    decisions = (
        Decision(name="network", value=network.config.title, why=f"From {source.name}, SHA-256 {sha256(source)}."),
        Decision(name="normalization", value=f"divided by {divisor:g}", why="As its images were before Keras saw them."),
        Decision(name="precision", value="fp32", why="Its probabilities are then those of Keras."),
        *((Decision(name="assumed", value="the usual", why=network.assumed),) if network.assumed else ()),
    )
    return Plan(
        classes=classes,
        background=classes.background,
        channels=network.channels,
        model=network.config,
        normalization=normalization,
        crop_hw=(rules.CROP, rules.CROP),
        batch=rules.BATCH,
        foreground_share=0.25,
        augmentation=Augmentation(),
        loss=(LossTerm(name="cross-entropy"), LossTerm(name="dice", background=classes.background is None)),
        steps=1,
        validate_every=1,
        precision="fp32",
        tile_hw=(TILE, TILE),
        tile_overlap=128,
        budget_minutes=10,
        decisions=decisions,
    )
