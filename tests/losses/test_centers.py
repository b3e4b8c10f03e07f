"""The loss of centres and offsets: targets by hand, terms by hand, nothing where nothing is known."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from maskwright.losses import IGNORE_TARGET, LossTerm, build_loss, centers
from maskwright.losses.centers import CENTER_WEIGHT, OFFSET_WEIGHT, CenterLoss, center_targets
from maskwright.masks.centers import EXTRA_OUTPUTS, OFFSET_PX

LOSS = CenterLoss(build_loss([LossTerm(name="cross-entropy")]), center_px=2.0)


def numbers(*rows: list[int]) -> torch.Tensor:
    return torch.tensor(rows)[None]


def test_each_pixel_of_a_thing_points_at_the_mean_of_its_pixels():
    near, offsets = center_targets(numbers([0, 0, 5, 5, 5, 0], [0, 0, 5, 5, 5, 0], [9, 0, 0, 0, 0, 0]), 1.0)
    assert offsets[0, 0].tolist() == [[0, 0, 0.5, 0.5, 0.5, 0], [0, 0, -0.5, -0.5, -0.5, 0], [0] * 6]
    assert offsets[0, 1].tolist() == [[0, 0, 1, 0, -1, 0], [0, 0, 1, 0, -1, 0], [0] * 6]
    assert near[0, 2, 0] == 1
    assert near[0, 0, 3] == pytest.approx(math.exp(-0.5 * 0.25))  # half a pixel from the centre at (0.5, 3)
    assert near[0, 2, 3] == pytest.approx(math.exp(-0.5 * 1.5**2))  # of two bells the higher one
    assert near[0, 2, 1] == pytest.approx(math.exp(-0.5))


def test_without_things_there_is_no_centre():
    near, offsets = center_targets(numbers([0, IGNORE_TARGET, 0]), 2.0)
    assert not near.any()
    assert not offsets.any()


def test_many_things_have_the_bells_that_each_has_alone(monkeypatch):
    """More than are drawn at one time, in two images."""
    monkeypatch.setattr(centers, "AT_ONCE", 7)
    many = torch.zeros((1, 30, 30), dtype=torch.int64)
    places = [(y, x) for y in range(0, 30, 6) for x in range(0, 30, 5)]
    for number, (y, x) in enumerate(places, 1):
        many[0, y, x] = number
    near, _ = center_targets(torch.cat([many, many.flip(1)]), 2.0)
    alone = torch.zeros(30, 30)
    for y, x in places:
        one = torch.zeros((1, 30, 30), dtype=torch.int64)
        one[0, y, x] = 1
        alone = torch.maximum(alone, center_targets(one, 2.0)[0][0])
    torch.testing.assert_close(near, torch.stack([alone, alone.flip(0)]))


def test_small_things_have_narrow_bells():
    near, _ = center_targets(torch.ones((1, 40, 40), dtype=torch.int64), 8.0)
    assert near[0, 20, 30] == pytest.approx(math.exp(-0.5 * (0.5**2 + 10.5**2) / 64))  # of a side of 40 pixels: at most 8
    small = torch.zeros((1, 40, 40), dtype=torch.int64)
    small[0, 10:22, 10:22] = 1
    assert center_targets(small, 8.0)[0][0, 16, 20] == pytest.approx(math.exp(-0.5 * (0.5**2 + 4.5**2) / 9))
    small[0, 11:22, 10:22] = 0
    assert center_targets(small, 8.0)[0][0, 10, 19] == pytest.approx(math.exp(-0.5 * 3.5**2 / 4))  # never below 2


def test_the_terms_by_hand():
    """A thing of two pixels and one of stuff; the network says nearness 0 everywhere and points at its own pixel."""
    target = torch.stack([torch.tensor([[1, 1, 0]]), torch.tensor([[4, 4, 0]])])[None]
    terms = LOSS.terms(torch.zeros(1, 2 + EXTRA_OUTPUTS, 1, 3), target)
    assert terms.keys() == {"cross-entropy", "centers", "offsets"}
    assert terms["cross-entropy"].item() == pytest.approx(math.log(2))
    bells = [math.exp(-(d**2) / 8) for d in (0.5, 0.5, 1.5)]
    assert terms["centers"].item() == pytest.approx(CENTER_WEIGHT * sum(bell**2 for bell in bells) / 3)
    assert terms["offsets"].item() == pytest.approx(OFFSET_WEIGHT * 0.5)  # half a pixel, on the two pixels of the thing
    assert LOSS(torch.zeros(1, 5, 1, 3), target).item() == pytest.approx(sum(term.item() for term in terms.values()))


def test_what_the_targets_say_costs_nothing():
    target = torch.zeros((1, 2, 12, 12), dtype=torch.int64)
    target[0, :, 2:7, 3:9] = 1
    near, offsets = center_targets(target[:, 1], 2.0)
    logits = torch.cat([torch.zeros(1, 2, 12, 12), near[:, None], offsets / OFFSET_PX], dim=1)
    terms = LOSS.terms(logits, target)
    assert terms["centers"].item() == 0
    assert terms["offsets"].item() == pytest.approx(0, abs=1e-6)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from(["some", "no things", "all void", "all crowd"]))
def test_void_and_crowds_count_nowhere_and_nothing_is_nan(seed, kind):
    rng = torch.Generator().manual_seed(seed)
    logits = torch.randn((2, 5, 6, 7), generator=rng, requires_grad=True)
    classes = torch.randint(-1, 2, (2, 6, 7), generator=rng)
    things = torch.where(classes == 1, torch.randint(1, 4, (2, 6, 7), generator=rng), 0)
    if kind == "no things":
        things[:] = 0
    if kind != "some" and kind != "no things":
        classes[:] = IGNORE_TARGET
        things[:] = 0 if kind == "all void" else IGNORE_TARGET
    loss = LOSS(logits, torch.stack([classes, things], dim=1))
    loss.backward()
    assert torch.isfinite(loss)
    assert torch.isfinite(logits.grad).all()
    assert not logits.grad.transpose(0, 1)[:, classes == IGNORE_TARGET].any()
    assert not logits.grad[:, -2:].transpose(0, 1)[:, things <= 0].any()
