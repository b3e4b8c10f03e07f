import math

import torch

from maskwright.models.rpn import Numbers, ProposalHead, proposal_losses, propose
from maskwright.nn.anchors import anchors

NUMBERS = Numbers(candidates=50, proposals=10, sampled=1000)


def grid() -> list[torch.Tensor]:
    """Square anchors of 8 and 16 pixels in an image of 32x32."""
    return anchors([(4, 4), (2, 2)], (8, 16), (8, 16), aspect_ratios=[1])


def test_the_head_speaks_in_the_order_of_the_anchors():
    """A head whose codes are the position of the pixel in its map."""
    head = ProposalHead(2, 3)
    maps = [torch.zeros(1, 2, 4, 5), torch.zeros(1, 2, 2, 3)]
    for level in maps:
        height, width = level.shape[-2:]
        level[0, 0], level[0, 1] = torch.arange(height)[:, None], torch.arange(width)
    with torch.no_grad():
        for parameter in head.parameters():
            parameter.zero_()
        head.conv.weight[0, 0, 1, 1] = head.conv.weight[1, 1, 1, 1] = 1
        for shape in range(3):
            head.codes.weight[4 * shape, 0] = head.codes.weight[4 * shape + 1, 1] = 1
            head.codes.bias[4 * shape + 2] = shape
        objectness, codes = head(maps)
    assert objectness.shape == (1, 3 * (20 + 6))
    assert codes.shape == (1, 3 * (20 + 6), 4)
    assert codes[0, 3 * (2 * 5 + 4) + 1].tolist() == [2, 4, 1, 0]
    assert codes[0, 60 + 3 * (1 * 3 + 2) + 2].tolist() == [1, 2, 2, 0]


def test_the_likeliest_come_first_inside_the_image_without_doubles():
    levels = grid()
    objectness, codes = torch.full((1, 20), -5.0), torch.zeros(1, 20, 4)
    objectness[0, [0, 5, 19]] = torch.tensor([1.0, 3, 2])
    (boxes,) = propose(objectness, codes, levels, (32, 32), NUMBERS)
    assert boxes[:3].tolist() == [[4, 4, 12, 12], [8, 8, 24, 24], [0, 0, 4, 4]]
    assert len(boxes) == 10
    codes[0, 6] = torch.tensor([-1.0, 0, 0, 0])  # the anchor beside it, moved onto it
    objectness[0, 6] = 2.9
    (boxes,) = propose(objectness, codes, levels, (32, 32), NUMBERS)
    assert boxes[1].tolist() == [8, 8, 24, 24]


def test_candidates_are_taken_from_each_level():
    objectness = torch.arange(20.0)[None]
    (boxes,) = propose(objectness, torch.zeros(1, 20, 4), grid(), (32, 32), Numbers(candidates=1, proposals=10))
    assert boxes.tolist() == [[8, 8, 24, 24], [20, 20, 28, 28]]


def test_the_losses_by_hand():
    """One object, exactly an anchor of the second level: all others are background but those that overlap it by 0.3 to 0.7."""
    levels, objects = grid(), [torch.tensor([[8.0, 8, 24, 24]])]
    objectness, codes = torch.zeros(1, 20, requires_grad=True), torch.zeros(1, 20, 4, requires_grad=True)
    entropy, boxes = proposal_losses(objectness, codes, levels, objects, NUMBERS)
    torch.testing.assert_close(float(entropy.detach()), math.log(2))
    assert float(boxes.detach()) == 0
    (gradient,) = torch.autograd.grad(entropy, objectness)
    assert gradient[0].argmin() == 19
    assert (gradient[0] > 0).sum() == 19  # none of these anchors is undecided: 8x8 of 16x16 pixels is IoU 0.25
    moved = [torch.tensor([[10.0, 8, 26, 24]])]
    entropy, boxes = proposal_losses(objectness, codes, levels, moved, NUMBERS)
    torch.testing.assert_close(float(boxes.detach()), (2 / 16 - 1 / 18) / 20)


def test_images_without_objects_teach_background_alone():
    objectness, codes = torch.zeros(2, 20, requires_grad=True), torch.zeros(2, 20, 4, requires_grad=True)
    losses = proposal_losses(objectness, codes, grid(), [torch.zeros(0, 4)] * 2, NUMBERS)
    sum(losses).backward()
    assert float(losses[1].detach()) == 0
    assert (objectness.grad > 0).all()
    assert not codes.grad.any()
