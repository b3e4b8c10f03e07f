import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from monai.losses import FocalLoss as MonaiFocalLoss

from maskwright.losses import CrossEntropyLoss, FocalLoss


def test_by_hand():
    """p = 1/4 of the true class: (3/4)^2 log 4; with alpha 1/2 for that class, half of it."""
    logits, target = torch.tensor([[[[0.0]], [[math.log(3)]]]]), torch.tensor([[[0]]])
    assert float(FocalLoss()(logits, target)) == pytest.approx(9 / 16 * math.log(4))
    assert float(FocalLoss([0.5, 1.0])(logits, target)) == pytest.approx(9 / 32 * math.log(4))


@given(st.integers(0, 1000), st.integers(1, 4))
def test_without_gamma_it_is_cross_entropy(seed, classes):
    draw = torch.Generator().manual_seed(seed)
    logits = torch.randn(2, classes, 3, 4, generator=draw)
    target = torch.randint(-1, max(classes, 2), (2, 3, 4), generator=draw)
    torch.testing.assert_close(FocalLoss(gamma=0.0)(logits, target), CrossEntropyLoss()(logits, target))


@given(st.integers(0, 1000), st.sampled_from([0.5, 1.0, 2.0, 3.0]))
def test_it_is_monais(seed, gamma):
    draw = torch.Generator().manual_seed(seed)
    logits = torch.randn(2, 3, 4, 5, generator=draw)
    target = torch.randint(0, 3, (2, 4, 5), generator=draw)
    # MONAI means over the one-hot's elements, of which only the true class's is not 0; hence the three classes.
    theirs = 3 * MonaiFocalLoss(gamma=gamma, use_softmax=True, to_onehot_y=True)(logits, target[:, None])
    torch.testing.assert_close(FocalLoss(gamma=gamma)(logits, target), theirs)


def test_with_one_sigmoid_output_it_is_monais():
    logits, target = torch.randn(2, 1, 4, 5), torch.randint(0, 2, (2, 4, 5))
    theirs = MonaiFocalLoss(gamma=2.0)(logits, target[:, None].float())
    torch.testing.assert_close(FocalLoss()(logits, target), theirs)


@pytest.mark.parametrize("gamma", [0.0, 0.5, 1.0, 2.0])
def test_a_pixel_that_is_certain_has_a_gradient_that_is_a_number(gamma):
    logits = torch.tensor([[[[1e4, 200.0]], [[-1e4, 0.0]]]], requires_grad=True)
    loss = FocalLoss(gamma=gamma)(logits, torch.tensor([[[0, 0]]]))
    loss.backward()
    assert float(loss.detach()) == 0
    assert logits.grad.isfinite().all()
