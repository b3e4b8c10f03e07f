"""The loss of object maps: by hand, and pixels that count nowhere."""

import math

import pytest
import torch

from maskwright.losses import IGNORE_TARGET, LossTerm, build_loss
from maskwright.losses.objects import ObjectLoss
from maskwright.masks.object_maps import DEPTH_STEPS

LOSS = ObjectLoss(build_loss((LossTerm(name="cross-entropy"),)))


def target(class_id: int, outline: int, depth: float) -> torch.Tensor:
    return torch.tensor([class_id, outline, round(depth * DEPTH_STEPS)]).reshape(1, 3, 1, 1)


def test_one_pixel_by_hand():
    """Logits of 0 are probabilities of a half, which costs ln 2 whatever the target; a sure and right one costs little."""
    terms = LOSS.terms(torch.zeros(1, 4, 1, 1), target(1, 1, 0.25))
    assert {name: term.item() for name, term in terms.items()} == pytest.approx(dict.fromkeys(terms, math.log(2)))
    assert terms.keys() == {"cross-entropy", "outline", "depth"}
    sure = torch.tensor([-20.0, 20.0, 20.0, math.log(0.25 / 0.75)]).reshape(1, 4, 1, 1)
    terms = LOSS.terms(sure, target(1, 1, 0.25))
    assert terms["cross-entropy"].item() == pytest.approx(0, abs=1e-6)
    assert terms["outline"].item() == pytest.approx(0, abs=1e-6)
    assert terms["depth"].item() == pytest.approx(-0.25 * math.log(0.25) - 0.75 * math.log(0.75))  # its own entropy, the least


def test_ignored_pixels_have_no_gradient_in_any_term():
    logits = torch.randn(2, 5, 4, 4, generator=torch.Generator().manual_seed(0), requires_grad=True)
    layers = torch.zeros(2, 3, 4, 4, dtype=torch.int64)
    layers[:, :, :2] = IGNORE_TARGET
    LOSS(logits, layers).backward()
    assert not logits.grad[:, :, :2].any()
    assert logits.grad[:, :, 2:].any()


def test_nothing_that_counts_costs_nothing():
    layers = torch.full((1, 3, 2, 2), IGNORE_TARGET)
    assert LOSS(torch.randn(1, 4, 2, 2), layers).item() == 0
