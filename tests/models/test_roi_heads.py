import math
from dataclasses import replace

import pytest
import torch

from maskwright.models.roi_heads import (
    BoxHead,
    MaskHead,
    Objects,
    Rules,
    Sampled,
    box_losses,
    found,
    mask_loss,
    mask_targets,
    pool,
    sample,
)
from maskwright.nn.roi_align import ADAPTIVE, Pooling


def squares() -> Objects:
    """Two squares in an image of 32x32, of classes 2 and 1."""
    boxes = torch.tensor([[2.0, 2, 12, 12], [16, 16, 32, 32]])
    masks = torch.zeros(2, 32, 32, dtype=torch.bool)
    masks[0, 2:12, 2:12] = masks[1, 16:32, 16:32] = True
    return Objects(boxes, torch.tensor([2, 1]), masks)


def nothing() -> Objects:
    return Objects(torch.zeros(0, 4), torch.zeros(0, dtype=torch.int64), torch.zeros(0, 32, 32, dtype=torch.bool))


def test_a_head_gives_codes_for_every_class():
    logits, codes = BoxHead(4, 16, 3)(torch.rand(5, 4, 7, 7))
    assert (logits.shape, codes.shape) == ((5, 3), (5, 3, 4))
    assert MaskHead(4, 3)(torch.rand(5, 4, 14, 14)).shape == (5, 3, 28, 28)
    assert MaskHead(4, 3)(torch.rand(0, 4, 14, 14)).shape == (0, 3, 28, 28)


def test_objects_themselves_are_among_the_sampled():
    proposals = torch.tensor([[0.0, 0, 4, 4], [3, 2, 12, 12], [20, 0, 30, 8]])
    sampled = sample(proposals, squares(), 100)
    boxes = {tuple(box): None for box in sampled.boxes_xyxy.tolist()}
    assert set(boxes) == {*map(tuple, proposals.tolist()), *map(tuple, squares().boxes_xyxy.tolist())}
    assert sorted(sampled.objects.tolist()) == [0, 0, 1]
    assert sampled.boxes_xyxy[sampled.objects.tolist().index(1)].tolist() == [16, 16, 32, 32]
    few = sample(proposals, squares(), 4)
    assert (len(few.boxes_xyxy), len(few.objects)) == (3, 1)  # a quarter at most, and no more than two of background


def test_the_losses_by_hand():
    truth = squares()
    sampled = Sampled(torch.tensor([[2.0, 2, 12, 12], [0, 0, 5, 5]]), torch.tensor([0]))
    logits, codes = torch.zeros(2, 3), torch.zeros(2, 3, 4)
    codes[0, 2, 0] = 1.0  # a tenth of a width: codes are in tenths
    entropy, boxes = box_losses(logits, codes, [sampled], [truth])
    torch.testing.assert_close(float(entropy), math.log(3))
    torch.testing.assert_close(float(boxes), (1 - 1 / 18) / 2)
    codes[0, 2, 0], codes[0, 1] = 0, 9  # of another class: no matter
    assert float(box_losses(logits, codes, [sampled], [truth])[1]) == 0


def test_the_mask_of_the_true_class_alone_counts():
    logits = torch.zeros(1, 3, 4, 4)
    logits[0, 1] = 5
    sampled = Sampled(torch.tensor([[2.0, 2, 12, 12]]), torch.tensor([0]))
    torch.testing.assert_close(float(mask_loss(logits, [sampled], [squares()], aligned=True)), math.log(2))
    logits[0, 2] = 5
    assert float(mask_loss(logits, [sampled], [squares()], aligned=True)) < 0.2  # samples at the rim see what lies outside


def test_targets_are_shares_of_the_mask():
    """A box half as large again as the square: two of three rows and columns are full."""
    targets = mask_targets(
        squares().masks, torch.tensor([[2.0, 2, 17, 17]]), torch.tensor([0]), Pooling((3, 3), ADAPTIVE, aligned=True)
    )
    assert targets[0].tolist() == [[1, 1, 0], [1, 1, 0], [0, 0, 0]]


def test_without_objects_only_classes_are_learned():
    sampled = sample(torch.tensor([[0.0, 0, 4, 4]]), nothing(), 8)
    logits, codes = torch.zeros(1, 3, requires_grad=True), torch.zeros(1, 3, 4, requires_grad=True)
    masks = torch.zeros(0, 3, 4, 4, requires_grad=True)
    losses = [*box_losses(logits, codes, [sampled], [nothing()]), mask_loss(masks, [sampled], [nothing()], aligned=True)]
    sum(losses).backward()
    assert [float(loss.detach()) for loss in losses] == pytest.approx([math.log(3), 0, 0])
    assert not codes.grad.any()


def test_boxes_of_all_images_are_pooled_from_their_own():
    maps = [torch.zeros(2, 1, 32, 32), torch.zeros(2, 1, 16, 16)]
    maps[0][1], maps[1][0], maps[1][1] = 1, 2, 3
    boxes = [torch.tensor([[0.0, 0, 10, 10]]), torch.tensor([[0.0, 0, 10, 10], [0, 0, 120, 120]])]
    grids = pool(maps, boxes, Pooling((2, 2)), finest=2)
    assert grids.shape == (3, 1, 2, 2)
    assert grids[:2, 0, 0, 0].tolist() == [0, 1]
    assert grids[2, 0, 0, 0] == 3


def test_what_is_found_is_likely_in_the_image_and_each_class_on_its_own():
    proposals = torch.tensor([[0.0, 0, 10, 10], [0, 0, 10, 9], [20, 20, 40, 40], [5, 5, 5, 9]])
    logits = torch.log(torch.tensor([[0.1, 0.6, 0.3], [0.1, 0.8, 0.1], [0.9, 0.02, 0.08], [0.1, 0.8, 0.1]]))
    rules = Rules(least_score=0.15, most_iou=0.5, most=10)
    boxes, class_ids, scores = found(logits, torch.zeros(4, 3, 4), proposals, (32, 32), rules)
    assert boxes.tolist() == [[0, 0, 10, 9], [0, 0, 10, 10]]
    assert class_ids.tolist() == [1, 2]
    torch.testing.assert_close(scores, torch.tensor([0.8, 0.3]))
    codes = torch.zeros(4, 3, 4)
    codes[0, 2, 0] = 10  # its box of class 2 moved by one width
    boxes, _, _ = found(logits, codes, proposals, (32, 32), replace(rules, most=2))
    assert boxes[1].tolist() == [10, 0, 20, 10]
    boxes, _, _ = found(logits, codes, proposals, (32, 32), replace(rules, least_score=0.07))
    assert boxes[-1].tolist() == [20, 20, 32, 32]
