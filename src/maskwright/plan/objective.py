"""What a plan trains for: the target that a segmentation becomes, the network's outputs, and the loss between them."""

import numpy as np
from jaxtyping import UInt16
from torch import nn

from maskwright.losses import CompoundLoss, build_loss
from maskwright.losses.objects import EXTRA_OUTPUTS, ObjectLoss
from maskwright.masks.convert import to_instances, to_label_map
from maskwright.masks.object_maps import to_maps
from maskwright.masks.types import Segmentation
from maskwright.models import UNetConfig
from maskwright.nn.encoders.weights import load_encoder_weights
from maskwright.plan.plan import Plan, TaskName

Objective = CompoundLoss | ObjectLoss


def encode(task: TaskName, segmentation: Segmentation) -> UInt16[np.ndarray, "*layers h w"]:
    """Class ids for the semantic task, where objects are painted as their class; maps of objects for the instance task."""
    match task:
        case "semantic":
            return to_label_map(segmentation).ids
        case "instance":
            return to_maps(to_instances(segmentation))


def build_network(plan: Plan) -> nn.Module:
    """A fresh network with an output a class, and for objects two more."""
    extra = EXTRA_OUTPUTS if plan.task == "instance" else 0
    return plan.model.build(channels=plan.channels, classes=len(plan.classes) + extra)


def start_encoder(plan: Plan, network: nn.Module) -> None:
    """Load the weights that the encoder of a fresh network starts from, where the plan names any. Raises `WeightsError`."""
    if plan.encoder_weights is not None and not isinstance(plan.model, UNetConfig):
        load_encoder_weights(network.get_submodule("encoder"), plan.model.encoder, plan.encoder_weights)


def build_objective(plan: Plan) -> Objective:
    """The planned loss."""
    classes = build_loss(plan.loss, plan.class_weights)
    return ObjectLoss(classes) if plan.task == "instance" else classes
