"""The loss of object maps: by hand, and pixels that count nowhere."""

import math

import pytest
import torch

from maskwright.losses import IGNORE_TARGET, LossTerm, build_loss
from maskwright.losses.objects import CONTACT, DEPTH_WEIGHT, ObjectLoss
from maskwright.masks.object_maps import DEPTH_STEPS

LOSS = ObjectLoss(build_loss((LossTerm(name="cross-entropy"),)))


def target(class_id: int, outline: int, depth: float) -> torch.Tensor:
    return torch.tensor([class_id, outline, round(depth * DEPTH_STEPS)]).reshape(1, 3, 1, 1)


def test_one_pixel_by_hand():
    """Logits of 0 are probabilities of a half, which costs ln 2 whatever the target; a sure and right one costs little."""
    terms = LOSS.terms(torch.zeros(1, 4, 1, 1), target(1, 1, 0.25))
    assert {name: term.item() for name, term in terms.items()} == pytest.approx(
        {"cross-entropy": math.log(2), "outline": CONTACT * math.log(2), "depth": CONTACT * DEPTH_WEIGHT * math.log(2)}
    )
    entropy = -0.25 * math.log(0.25) - 0.75 * math.log(0.75)
    sure = torch.tensor([-20.0, 20.0, 20.0, math.log(0.25 / 0.75)]).reshape(1, 4, 1, 1)
    terms = LOSS.terms(sure, target(1, 1, 0.25))
    assert terms["cross-entropy"].item() == pytest.approx(0, abs=1e-6)
    assert terms["outline"].item() == pytest.approx(0, abs=1e-6)
    assert terms["depth"].item() == pytest.approx(CONTACT * DEPTH_WEIGHT * entropy)  # the least


def test_where_objects_touch_and_nowhere_else_a_pixel_counts_more():
    """Two objects of three columns beside each other, and background around them."""
    layers = torch.zeros(1, 3, 12, 12, dtype=torch.int64)
    layers[0, 0, 3:9, 3:9] = 1
    layers[0, 1, 3:9, [3, 5, 6, 8]] = 1
    logits = torch.zeros(1, 4, 12, 12, requires_grad=True)
    LOSS.terms(logits, layers)["outline"].backward()
    weight = logits.grad[0, 2].abs() * 2 * 144
    assert weight[5].tolist() == pytest.approx([1, 1, 1, 1] + [CONTACT] * 4 + [1, 1, 1, 1])
    assert weight[0].tolist() == pytest.approx([1] * 12)


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
