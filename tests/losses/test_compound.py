"""The sum of losses, and what must hold for every one of them."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from monai.losses import DiceCELoss
from pydantic import TypeAdapter, ValidationError

from maskwright.base.errors import PlanError
from maskwright.losses import (
    IGNORE_TARGET,
    LOSSES,
    CompoundLoss,
    CrossEntropyLoss,
    DiceLoss,
    FocalLoss,
    LossTerm,
    build_loss,
)

ALL = {
    "cross-entropy": CrossEntropyLoss(),
    "weighted cross-entropy": CrossEntropyLoss([1.0, 5.0, 2.0]),
    "dice": DiceLoss(),
    "dice with background": DiceLoss(background=True),
    "dice per image": DiceLoss(pooled=False),
    "dice squared": DiceLoss(squared=True),
    "jaccard": DiceLoss(jaccard=True),
    "focal": FocalLoss(),
    "focal with alpha": FocalLoss([0.5, 1.0, 2.0]),
    "sum": CompoundLoss({"cross-entropy": (1.0, CrossEntropyLoss()), "dice": (0.5, DiceLoss())}),
}
every_loss = pytest.mark.parametrize("loss", ALL.values(), ids=ALL.keys())


def scene(seed: int = 0, classes: int = 3) -> tuple[torch.Tensor, torch.Tensor]:
    draw = torch.Generator().manual_seed(seed)
    return torch.randn(2, classes, 4, 5, generator=draw), torch.randint(-1, classes, (2, 4, 5), generator=draw)


@every_loss
def test_the_gradient_is_the_loss_s_own(loss):
    logits, target = scene()
    assert torch.autograd.gradcheck(lambda x: loss(x, target), logits.double().requires_grad_())


@every_loss
def test_ignored_pixels_count_in_nothing(loss):
    logits, target = scene()
    ignored = (target == IGNORE_TARGET)[:, None].expand_as(logits)
    changed = torch.where(ignored, 50 * logits + 3, logits)
    assert torch.equal(loss(logits, target), loss(changed, target))
    logits.requires_grad_()
    loss(logits, target).backward()
    assert (logits.grad[ignored] == 0).all()
    assert (logits.grad[~ignored] != 0).any()


@every_loss
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_where_all_is_ignored_loss_and_gradient_are_zero(loss, dtype):
    logits = scene()[0].to(dtype).requires_grad_()
    value = loss(logits, torch.full((2, 4, 5), IGNORE_TARGET))
    value.backward()
    assert float(value.detach()) == 0
    assert torch.equal(logits.grad, torch.zeros_like(logits))


@every_loss
@pytest.mark.parametrize("autocast", [False, True])
def test_bf16_and_enormous_logits_stay_numbers(loss, autocast):
    logits, target = scene()
    logits = (logits.sign() * 1e4).bfloat16().requires_grad_()
    with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
        value = loss(logits, target)
    value.backward()
    assert value.dtype == torch.float32
    assert value.isfinite()
    assert logits.grad.isfinite().all()


@every_loss
def test_bf16_logits_lose_nothing_but_their_own_rounding(loss):
    logits, target = scene()
    rounded = logits.bfloat16()
    assert torch.equal(loss(rounded, target), loss(rounded.float(), target))


@every_loss
def test_a_perfect_prediction_costs_next_to_nothing_and_a_wrong_one_much(loss):
    target = scene()[1].clamp(min=0)
    right = 100.0 * torch.nn.functional.one_hot(target, 3).movedim(-1, 1)
    assert float(loss(right, target)) < 1e-6
    assert float(loss(-right, target)) > 0.3


@every_loss
@given(seed=st.integers(0, 1000))
def test_the_order_of_pixels_does_not_matter(loss, seed):
    logits, target = scene(seed)
    torch.testing.assert_close(loss(logits.flip(-1, -2), target.flip(-1, -2)), loss(logits, target))


@given(seed=st.integers(0, 1000), background=st.booleans())
def test_one_sigmoid_output_is_a_softmax_over_zero_and_itself(seed, background):
    logits, target = scene(seed, classes=2)
    one = logits[:, 1:] - logits[:, :1]
    for loss in (CrossEntropyLoss([1.0, 3.0]), DiceLoss(background=background), FocalLoss([1.0, 3.0])):
        torch.testing.assert_close(loss(one, target), loss(logits, target))


def test_a_sum_is_the_sum_of_its_weighted_terms():
    logits, target = scene()
    both = CompoundLoss({"cross-entropy": (2.0, CrossEntropyLoss()), "dice": (0.5, DiceLoss())})
    terms = both.terms(logits, target)
    assert list(terms) == ["cross-entropy", "dice"]
    torch.testing.assert_close(terms["cross-entropy"], 2 * CrossEntropyLoss()(logits, target))
    torch.testing.assert_close(terms["dice"], 0.5 * DiceLoss()(logits, target))
    torch.testing.assert_close(both(logits, target), terms["cross-entropy"] + terms["dice"])


def test_cross_entropy_and_dice_together_are_monais():
    logits, target = scene()
    target = target.clamp(min=0)
    theirs = DiceCELoss(softmax=True, to_onehot_y=True, include_background=False, batch=True, lambda_dice=0.5)
    ours = build_loss([LossTerm(name="cross-entropy"), LossTerm(name="dice", weight=0.5)])
    torch.testing.assert_close(ours(logits, target), theirs(logits, target[:, None]))


def test_the_terms_of_a_plan_build_what_they_say():
    built = build_loss(
        [
            LossTerm(name="cross-entropy", weight=2.0),
            LossTerm(name="dice", background=True, pooled=False),
            LossTerm(name="focal", gamma=3.0),
        ],
        class_weights=(1.0, 4.0, 2.0),
    )
    by_hand = CompoundLoss(
        {
            "cross-entropy": (2.0, CrossEntropyLoss([1.0, 4.0, 2.0])),
            "dice": (1.0, DiceLoss(background=True, pooled=False)),
            "focal": (1.0, FocalLoss([1.0, 4.0, 2.0], gamma=3.0)),
        }
    )
    logits, target = scene()
    assert built.terms(logits, target) == by_hand.terms(logits, target)


@pytest.mark.parametrize("name", LOSSES)
def test_every_named_loss_can_be_planned(name):
    term = LossTerm(name=name)
    loss = build_loss([term]).losses[name]
    assert type(loss) is LOSSES[name]
    adapter = TypeAdapter(LossTerm)
    assert adapter.validate_json(adapter.dump_json(term)) == term


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"name": "dyce"}, "Did you mean 'dice'"),
        ({"name": "dice", "weight": 0.0}, "must be positive"),
        ({"name": "dice", "weight": float("nan")}, "must be positive"),
        ({"name": "dice", "gamma": 2.0}, "Only the focal loss has a gamma"),
        ({"name": "focal", "gamma": -1.0}, "0 or more"),
        ({"name": "focal", "pooled": True}, "Only the Dice loss"),
    ],
)
def test_terms_that_make_no_loss_are_refused_in_words(wrong, words):
    with pytest.raises(PlanError, match=words):
        LossTerm(**wrong)


def test_unknown_fields_of_a_term_are_refused():
    with pytest.raises(ValidationError, match="gama"):
        TypeAdapter(LossTerm).validate_python({"name": "focal", "gama": 1.0})


@pytest.mark.parametrize("terms", [[], [LossTerm(name="dice"), LossTerm(name="dice", weight=2.0)]])
def test_a_loss_needs_terms_of_different_names(terms):
    with pytest.raises(PlanError, match="different names"):
        build_loss(terms)
