import torch

from maskwright.models.matching import BACKGROUND, UNDECIDED, draw, match, real, smooth_l1


def test_boxes_stand_for_the_object_they_overlap_most():
    overlaps = torch.tensor([[0.8, 0.1, 0.5, 0.0], [0.1, 0.2, 0.75, 0.4]])
    matched = match(overlaps, background_below=0.3, object_from=0.7)
    assert matched.tolist() == [0, BACKGROUND, 1, UNDECIDED]


def test_every_object_has_its_best_boxes_if_any_touches_it():
    overlaps = torch.tensor([[0.8, 0.1, 0.2, 0.0], [0.0, 0.2, 0.1, 0.2], [0.0, 0.0, 0.0, 0.0]])
    matched = match(overlaps, background_below=0.3, object_from=0.7, every_object=True)
    assert matched.tolist() == [0, 1, BACKGROUND, 1]


def test_without_objects_all_is_background_and_without_boxes_there_is_nothing():
    assert match(torch.zeros(0, 3), background_below=0.3, object_from=0.7, every_object=True).tolist() == [BACKGROUND] * 3
    assert match(torch.zeros(2, 0), background_below=0.3, object_from=0.7, every_object=True).tolist() == []


def test_few_objects_leave_their_room_to_the_background():
    matched = torch.tensor([0, UNDECIDED, BACKGROUND, BACKGROUND, 1, BACKGROUND, BACKGROUND])
    positive, negative = draw(matched, 5, objects=0.5)
    assert sorted(positive.tolist()) == [0, 4]
    assert len(negative) == 3
    assert set(negative.tolist()) <= {2, 3, 5, 6}
    positive, negative = draw(matched, 2, objects=0.5)
    assert (len(positive), len(negative)) == (1, 1)


def test_the_draw_follows_the_seed():
    matched = torch.full((100,), BACKGROUND)
    torch.manual_seed(3)
    first = draw(matched, 10, objects=0.5)[1]
    torch.manual_seed(3)
    assert torch.equal(draw(matched, 10, objects=0.5)[1], first)


def test_the_loss_of_codes_by_hand():
    """Squared near zero, 0.5 d^2 / beta, and d - beta / 2 beyond beta, over the boxes that were looked at."""
    codes, targets = torch.tensor([[0.0, 0.1, 0, 0], [2, 0, 0, 0]]), torch.zeros(2, 4)
    expected = (0.5 * 0.1**2 * 9 + 2 - 1 / 18) / 4
    torch.testing.assert_close(float(smooth_l1(codes, targets, 4)), expected)
    assert float(smooth_l1(codes[:0], targets[:0], 0)) == 0


def test_boxes_to_learn_from_have_an_area():
    boxes = torch.tensor([[0, 0, 1, 1], [0, 0, 0, 5], [float("nan"), 0, 2, 2], [0, 0, float("inf"), 2]])
    assert real(boxes, 0.01).tolist() == [True, False, False, False]
