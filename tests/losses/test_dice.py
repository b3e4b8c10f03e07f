import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from monai.losses import DiceLoss as MonaiDiceLoss

from maskwright.losses import IGNORE_TARGET, DiceLoss

LOGITS = torch.tensor([[[[1.0, -1], [-1, 1]]]])
TARGET = torch.tensor([[[1, 0], [1, 1]]])


@pytest.mark.parametrize(("options", "value"), [({}, 0.307576), ({"squared": True}, 0.178337), ({"jaccard": True}, 0.470451)])
def test_the_published_values(options, value):
    assert float(DiceLoss(**options)(LOGITS, TARGET)) == pytest.approx(value, abs=2e-6)


def test_by_hand():
    """p = 0.8 on the one foreground pixel, 0.4 on the one background pixel: 1 - 2 * 0.8 / (1.2 + 1)."""
    logits = torch.logit(torch.tensor([[[[0.8, 0.4]]]]))
    target = torch.tensor([[[1, 0]]])
    assert float(DiceLoss(smooth=0.0)(logits, target)) == pytest.approx(1 - 1.6 / 2.2)
    background = 1 - 2 * 0.6 / (0.8 + 1)
    assert float(DiceLoss(smooth=0.0, background=True)(logits, target)) == pytest.approx((1 - 1.6 / 2.2 + background) / 2)


def one_hot(target: torch.Tensor, classes: int) -> torch.Tensor:
    return torch.nn.functional.one_hot(target, classes).movedim(-1, 1).float()


@given(
    seed=st.integers(0, 1000),
    classes=st.integers(2, 4),
    background=st.booleans(),
    pooled=st.booleans(),
    squared=st.booleans(),
    jaccard=st.booleans(),
)
def test_it_is_monais(seed, classes, background, pooled, squared, jaccard):
    draw = torch.Generator().manual_seed(seed)
    logits = torch.randn(2, classes, 6, 5, generator=draw)
    target = torch.randint(0, classes, (2, 6, 5), generator=draw)
    target[:, 0, :classes] = torch.arange(classes)  # every class in every image
    ours = DiceLoss(background=background, pooled=pooled, squared=squared, jaccard=jaccard)
    theirs = MonaiDiceLoss(softmax=True, include_background=background, batch=pooled, squared_pred=squared, jaccard=jaccard)
    torch.testing.assert_close(ours(logits, target), theirs(logits, one_hot(target, classes)))


def test_with_one_sigmoid_output_it_is_monais():
    logits, target = torch.randn(3, 1, 6, 5), torch.randint(0, 2, (3, 6, 5))
    theirs = MonaiDiceLoss(sigmoid=True, batch=True)(logits, target[:, None].float())
    torch.testing.assert_close(DiceLoss()(logits, target), theirs)


@pytest.mark.parametrize("options", [{}, {"squared": True}, {"jaccard": True}, {"pooled": False}])
def test_a_false_positive_in_an_empty_image_is_pulled_down(options):
    logits = torch.full((1, 1, 64, 64), -8.0)
    logits[0, 0, :32] = 4.0  # half of the image, and sure of it
    logits.requires_grad_()
    target = torch.zeros(1, 64, 64, dtype=torch.long)
    loss = DiceLoss(**options)(logits, target)
    loss.backward()
    p = 1 / (1 + math.exp(-4))
    assert float(loss.detach()) == pytest.approx((p + 1 / (1 + math.exp(8))) / 2, abs=1e-6)  # the mean probability
    torch.testing.assert_close(logits.grad[0, 0, :32], torch.full((32, 64), p * (1 - p) / 64**2))
    assert (logits.grad > 0).all()


def test_the_pull_on_a_false_positive_leads_to_an_empty_prediction():
    logits = torch.full((1, 1, 8, 8), 2.0, requires_grad=True)
    optimizer = torch.optim.Adam([logits], lr=0.5)
    for _ in range(40):
        optimizer.zero_grad()
        DiceLoss()(logits, torch.zeros(1, 8, 8, dtype=torch.long)).backward()
        optimizer.step()
    assert (logits < -2).all()


def test_an_empty_image_predicted_empty_costs_nothing():
    assert float(DiceLoss()(torch.full((1, 1, 4, 4), -200.0), torch.zeros(1, 4, 4, dtype=torch.long))) == 0


def test_pooling_forgives_in_one_image_what_another_has():
    logits = torch.full((2, 1, 1, 2), -100.0)
    logits[0] = 100.0  # right in the first image; the second has one pixel, missed
    target = torch.tensor([[[1, 1]], [[1, 0]]])
    assert float(DiceLoss(smooth=0.0)(logits, target)) == pytest.approx(1 - 2 * 2 / (2 + 3))
    assert float(DiceLoss(smooth=0.0, pooled=False)(logits, target)) == pytest.approx((0 + 1) / 2)


def test_ignored_pixels_are_as_if_cut_away():
    logits, target = torch.randn(1, 3, 4, 6), torch.randint(0, 3, (1, 4, 6))
    cut = DiceLoss()(logits[..., :4], target[..., :4])
    target[..., 4:] = IGNORE_TARGET
    torch.testing.assert_close(DiceLoss()(logits, target), cut)
