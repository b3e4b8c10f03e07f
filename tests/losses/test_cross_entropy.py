import math

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from maskwright.losses import IGNORE_TARGET, CrossEntropyLoss


def scene(seed: int, classes: int) -> tuple[torch.Tensor, torch.Tensor]:
    draw = torch.Generator().manual_seed(seed)
    return torch.randn(2, classes, 4, 5, generator=draw), torch.randint(-1, classes, (2, 4, 5), generator=draw)


def test_by_hand():
    """Two pixels with p = 1/4 and p = 1/2 of the true class, and one that is ignored."""
    logits = torch.tensor([[[[0.0, 0, 9]], [[math.log(3), 0, -9]]]])
    target = torch.tensor([[[0, 1, IGNORE_TARGET]]])
    torch.testing.assert_close(CrossEntropyLoss()(logits, target), torch.tensor((math.log(4) + math.log(2)) / 2))
    weighted = (3 * math.log(4) + 1 * math.log(2)) / 4
    torch.testing.assert_close(CrossEntropyLoss([3.0, 1.0])(logits, target), torch.tensor(weighted))


@given(st.integers(0, 1000), st.integers(2, 5))
def test_it_is_torchs_own(seed, classes):
    logits, target = scene(seed, classes)
    weights = torch.rand(classes) + 0.1
    torch.testing.assert_close(CrossEntropyLoss()(logits, target), F.cross_entropy(logits, target, ignore_index=-1))
    torch.testing.assert_close(
        CrossEntropyLoss(weights.tolist())(logits, target), F.cross_entropy(logits, target, weights, ignore_index=-1)
    )


def test_one_sigmoid_output_is_binary_cross_entropy():
    logits, target = torch.randn(2, 1, 4, 5), torch.randint(0, 2, (2, 4, 5))
    torch.testing.assert_close(
        CrossEntropyLoss()(logits, target), F.binary_cross_entropy_with_logits(logits[:, 0], target.float())
    )


def test_equal_weights_change_nothing_and_a_weight_of_zero_leaves_a_class_out():
    logits, target = scene(3, 3)
    torch.testing.assert_close(CrossEntropyLoss([7.0] * 3)(logits, target), CrossEntropyLoss()(logits, target))
    without = torch.where(target == 1, IGNORE_TARGET, target)
    torch.testing.assert_close(CrossEntropyLoss([1.0, 0.0, 1.0])(logits, target), CrossEntropyLoss()(logits, without))


def test_a_class_id_beyond_the_logits_is_an_error():
    with pytest.raises(IndexError, match="out of bounds"):
        CrossEntropyLoss()(torch.zeros(1, 2, 1, 1), torch.tensor([[[2]]]))
