"""What training minimises: cross-entropy, Dice, focal loss, and sums of them."""

from maskwright.losses.class_weights import inverse_frequency_weights
from maskwright.losses.compound import LOSSES, CompoundLoss, LossTerm, build_loss
from maskwright.losses.cross_entropy import CrossEntropyLoss
from maskwright.losses.dice import DiceLoss
from maskwright.losses.focal import FocalLoss
from maskwright.losses.probabilities import IGNORE_TARGET

__all__ = [
    "IGNORE_TARGET",
    "LOSSES",
    "CompoundLoss",
    "CrossEntropyLoss",
    "DiceLoss",
    "FocalLoss",
    "LossTerm",
    "build_loss",
    "inverse_frequency_weights",
]
