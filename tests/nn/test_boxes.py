import runpy
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from maskwright.nn.boxes import (
    BLOCK,
    BOX_WEIGHTS,
    PROPOSAL_WEIGHTS,
    areas,
    box_iou,
    clip_boxes,
    decode,
    encode,
    grouped_nms,
    large_enough,
    nms,
)

GOLDEN = Path(__file__).parents[1] / "golden"
CASES = runpy.run_path(str(GOLDEN / "detection_cases.py"))


def boxes_of(*rows) -> torch.Tensor:
    return torch.tensor(rows, dtype=torch.float32).reshape(-1, 4)


def kept(name: str) -> np.ndarray:
    with np.load(GOLDEN / "detection-parts.npz") as file:
        return file[name]


def test_areas_and_overlaps_by_hand():
    boxes = boxes_of([0, 0, 4, 2], [2, 0, 6, 2], [1, 1, 1, 3], [5, 5, 3, 3])
    assert areas(boxes).tolist() == [8, 8, 0, 0]
    overlaps = box_iou(boxes, boxes)
    torch.testing.assert_close(overlaps[0], torch.tensor([1, 4 / 12, 0, 0]))
    assert not overlaps[2:].any()


def test_clipped_boxes_lie_in_the_image():
    clipped = clip_boxes(boxes_of([-3, -2, 5, 50], [30, 1, 40, 2]), (20, 25))
    assert clipped.tolist() == [[0, 0, 5, 20], [25, 1, 25, 2]]


def test_small_boxes_and_such_without_numbers():
    boxes = boxes_of([0, 0, 1, 1], [0, 0, 0.5, 9], [4, 4, 3, 9], [0, 0, float("nan"), 4])
    assert large_enough(boxes, 1).tolist() == [True, False, False, False]


def test_a_code_by_hand():
    """From a reference of 10x20 at (5, 10): half a width to the right, and twice as high."""
    reference, box = boxes_of([0, 0, 10, 20]), boxes_of([5, -10, 15, 30])
    code = encode(box, reference, PROPOSAL_WEIGHTS)
    torch.testing.assert_close(code, torch.tensor([[0.5, 0, 0, np.log(2)]], dtype=torch.float32))
    torch.testing.assert_close(decode(code[:, None], reference, PROPOSAL_WEIGHTS)[:, 0], box)


def test_codes_equal_torchvisions():
    truth, references, codes = map(torch.from_numpy, CASES["coded_boxes"]())
    np.testing.assert_allclose(encode(truth, references, BOX_WEIGHTS), kept("encoded"), rtol=1e-5, atol=1e-5)
    decoded = decode(codes.view(-1, 2, 4), references, BOX_WEIGHTS).flatten(1)
    np.testing.assert_allclose(decoded, kept("decoded"), rtol=1e-5, atol=1e-3)


def test_a_wild_code_makes_no_infinite_box():
    assert decode(torch.full((1, 1, 4), 1e4), boxes_of([0, 0, 10, 10]), BOX_WEIGHTS).isfinite().all()


def test_the_better_of_two_stays():
    boxes = boxes_of([0, 0, 10, 10], [0, 0, 10, 9], [20, 20, 30, 30])
    assert nms(boxes, torch.tensor([0.3, 0.9, 0.5]), 0.5).tolist() == [1, 2]
    assert nms(boxes, torch.tensor([0.3, 0.9, 0.5]), 0.9).tolist() == [1, 2, 0]  # 0.9 itself is not more than 0.9
    assert nms(boxes_of(), torch.zeros(0), 0.5).tolist() == []


def test_what_is_taken_away_takes_nothing_away():
    """A chain: the second goes because of the first, so the third stays."""
    boxes = boxes_of([0, 0, 10, 10], [4, 0, 14, 10], [8, 0, 18, 10])
    assert nms(boxes, torch.tensor([0.9, 0.8, 0.7]), 0.4).tolist() == [0, 2]


def test_boxes_without_area_stay_and_take_nothing_away():
    boxes = boxes_of([0, 0, 10, 10], [5, 5, 5, 5], [5, 5, 5, 5])
    assert nms(boxes, torch.tensor([0.5, 0.9, 0.9]), 0.1).tolist() == [1, 2, 0]


@pytest.mark.parametrize(("count", "ties"), [(300, True), (1500, False)])
@pytest.mark.parametrize("most_iou", CASES["NMS_THRESHOLDS"])
def test_the_kept_are_torchvisions(count, ties, most_iou):
    boxes, scores, groups = map(torch.from_numpy, CASES["nms_boxes"](count, ties=ties))
    assert nms(boxes, scores, most_iou).tolist() == kept(f"nms_{count}_{most_iou}").tolist()
    assert grouped_nms(boxes, scores, groups, most_iou).tolist() == kept(f"batched_{count}_{most_iou}").tolist()


@settings(max_examples=20)
@given(seed=st.integers(0, 1000), count=st.integers(0, 3 * BLOCK), most_iou=st.sampled_from([0.1, 0.5, 0.8]))
def test_the_kept_leave_each_other_alone_and_cover_the_rest(seed, count, most_iou):
    generator = torch.Generator().manual_seed(seed)
    boxes = torch.rand(count, 4, generator=generator) * 60
    boxes[:, 2:] = boxes[:, :2] + 5 + boxes[:, 2:] / 3
    scores = torch.rand(count, generator=generator)
    stays = nms(boxes, scores, most_iou)
    assert scores[stays].tolist() == sorted(scores[stays].tolist(), reverse=True)
    over = box_iou(boxes, boxes[stays]) > most_iou
    gone = torch.ones(count, dtype=torch.bool)
    gone[stays] = False
    better = scores[stays][None] > scores[:, None]
    assert not (over & better)[stays].any()
    assert (over & better)[gone].any(dim=1).all()
