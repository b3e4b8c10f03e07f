"""What a plan trains for: the target that a segmentation becomes, the network's outputs, and the loss between them."""

from collections.abc import Callable
from functools import partial
from typing import cast

import numpy as np
import torch
from jaxtyping import UInt16
from torch import Tensor, nn

from maskwright.losses import CompoundLoss, build_loss
from maskwright.losses.centers import CenterLoss
from maskwright.losses.objects import EXTRA_OUTPUTS, ObjectLoss
from maskwright.masks import centers, panoptic_layers
from maskwright.masks.convert import panoptic_of, to_instances, to_label_map
from maskwright.masks.object_layers import to_layers
from maskwright.masks.object_maps import to_maps
from maskwright.masks.panoptic_layers import CLASS, THING
from maskwright.masks.types import Segmentation
from maskwright.models import FCN, MaskRCNN, MaskRCNNConfig, PanopticDeepLabConfig, PanopticFPN, PanopticFPNConfig, UNetConfig
from maskwright.nn.encoders.weights import load_encoder_weights
from maskwright.nn.shrunk import Shrunk
from maskwright.plan.plan import Plan
from maskwright.sampling.batches import Batch, Batches
from maskwright.sampling.objects import learnable
from maskwright.sampling.samples import PreparedSamples
from maskwright.sampling.shrink import shrink_classes, shrink_objects

RARE = -2.5  # logits of outlines and depths at first: most pixels are neither, and learning that takes a hundred steps
Objective = CompoundLoss | ObjectLoss | CenterLoss
Losses = Callable[[nn.Module, Batch], dict[str, Tensor]]  # of a network on a batch: named terms, weights included


def encode(plan: Plan, segmentation: Segmentation) -> UInt16[np.ndarray, "*layers h w"]:
    """What the loss compares with: class ids, where objects are painted as their class; maps of objects; or objects apart.

    Of the panoptic task, classes and the numbers of things. All of the size in which the network is shown images.
    """
    if plan.task == "semantic":
        return shrink_classes(to_label_map(segmentation).ids, plan.shrink)
    if plan.task == "panoptic":
        return panoptic_layers.to_layers(panoptic_of(segmentation))
    instances = shrink_objects(to_instances(segmentation), plan.shrink)
    return to_layers(instances) if detects(plan) else to_maps(instances)


def detects(plan: Plan) -> bool:
    """Whether the network finds objects one by one; others draw maps, in which objects are found."""
    return isinstance(plan.model, MaskRCNNConfig | PanopticFPNConfig)


def build_network(plan: Plan) -> nn.Module:
    """A fresh network with an output a class, and more for maps of objects.

    Outlines and depths are rare at first (arXiv:1708.02002). Of centres and offsets there are none at first, for the errors of
    random ones would drown all else.
    """
    has_own_outputs = detects(plan) or isinstance(plan.model, PanopticDeepLabConfig)
    extra = 0 if has_own_outputs else {"semantic": 0, "instance": EXTRA_OUTPUTS, "panoptic": centers.EXTRA_OUTPUTS}[plan.task]
    network = plan.model.build(channels=plan.channels, classes=len(plan.classes) + extra)
    head = getattr(network, "head", None)
    if extra and isinstance(head, nn.Conv2d) and head.bias is not None:
        if plan.task == "instance":
            nn.init.constant_(head.bias[-extra:], RARE)
        else:
            nn.init.zeros_(head.weight[-extra:])
    return network


def on_whole_images(plan: Plan, network: nn.Module) -> nn.Module:
    """The network of a plan as it predicts: of images as they are, whatever size it was shown them in."""
    return Shrunk(network, plan.shrink) if plan.shrink > 1 else network


def start_encoder(plan: Plan, network: nn.Module) -> None:
    """Load the weights that the encoder of a fresh network starts from, where the plan names any. Raises `WeightsError`.

    The head of an FCN takes its part of them, too.
    """
    if plan.encoder_weights is not None and not isinstance(plan.model, UNetConfig):
        held = load_encoder_weights(network.get_submodule("encoder"), plan.model.encoder, plan.encoder_weights)
        if isinstance(network, FCN):
            network.start_head(held)


def batches_of(plan: Plan, samples: PreparedSamples, share: tuple[int, int] = (0, 1)) -> Batches:
    """The batches of a training as planned, or the i-th of n shares of each, from 0 on."""
    return Batches(
        samples,
        crop_hw=plan.crop_hw,
        batch=plan.batch,
        augmentation=plan.augmentation,
        foreground_share=plan.foreground_share,
        background=plan.background,
        ignore_outside=detects(plan) or plan.task == "panoptic",
        seed=plan.seed,
        share=share,
    )


def losses_of(plan: Plan) -> Losses:
    """What training minimises the sum of, as a function of a network and a batch; it works on the device of both."""
    if detects(plan):
        return partial(_detection_losses if plan.task == "instance" else _panoptic_losses, plan)
    return partial(_map_losses, _objective(plan))


def _objective(plan: Plan) -> Objective:
    """The planned loss of maps."""
    classes = build_loss(plan.loss, plan.class_weights)
    if plan.task == "panoptic":
        return CenterLoss(classes, plan.center_px)
    return ObjectLoss(classes) if plan.task == "instance" else classes


def _map_losses(objective: Objective, network: nn.Module, batch: Batch) -> dict[str, Tensor]:
    return objective.terms(network(batch.image), batch.target)


def _detection_losses(plan: Plan, network: nn.Module, batch: Batch) -> dict[str, Tensor]:
    """The five losses of a Mask R-CNN. Its boxes stay in float32, for its heads end there."""
    image, objects = learnable(batch.image, batch.target)
    with torch.autocast(image.device.type, torch.bfloat16, enabled=plan.precision == "bf16"):
        return cast(MaskRCNN, network).losses(image, objects)


def _panoptic_losses(plan: Plan, network: nn.Module, batch: Batch) -> dict[str, Tensor]:
    """The losses of a Panoptic FPN. Void is shown to it, since its rims would tell where things end; crowds are not."""
    image, objects = learnable(batch.image, batch.target[:, [THING, CLASS, THING]])
    with torch.autocast(image.device.type, torch.bfloat16, enabled=plan.precision == "bf16"):
        return cast(PanopticFPN, network).losses(image, objects, batch.target[:, CLASS])
