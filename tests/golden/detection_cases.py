"""Boxes, masks and targets by formula for the golden files of detection, shared with the tests."""

import numpy as np

ROI_MAPS = (2, 3, 16, 24)  # of the maps that RoIAlign is compared on
ROI_CASES = tuple(  # output size, scale, sampling ratio (0 is adaptive), aligned
    (size_hw, scale, ratio, aligned)
    for size_hw, scale, ratio in (((4, 4), 1.0, 2), ((7, 5), 0.5, 3), ((3, 6), 0.25, 0), ((4, 4), 1.0, 0))
    for aligned in (False, True)
)
NMS_THRESHOLDS = (0.3, 0.5, 0.7)
NETWORK_HW = (128, 192)
CLASSES = 4  # the background included
NUMBERS = {  # of the network: small, and nothing is left to chance in training as every box is sampled
    "pre_nms": 300,
    "post_nms": 100,
    "detections": 20,
    "sampled": 100_000,
}


def roi_boxes() -> tuple[np.ndarray, np.ndarray]:
    """Boxes inside, partly outside and wholly outside a map of 16x24 pixels, none empty, with the image of each."""
    rng = np.random.default_rng(7)
    corners, sides = rng.uniform(-6, 22, (20, 2)), rng.uniform(0.3, 30, (20, 2))
    boxes = np.concatenate([corners, corners + sides], axis=1)
    exact = [[0, 0, 24, 16], [1, 1, 3, 3], [23, 15, 24, 16], [-20, -20, -8, -5], [30, 20, 50, 40], [-1, -1, 25, 17]]
    boxes = np.concatenate([boxes, np.array(exact, float)]).astype(np.float32)
    return boxes, np.arange(len(boxes)) % 2


def nms_boxes(count: int, *, ties: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Boxes in clusters, some without area, with scores and groups; with `ties` scores and boxes are often the same."""
    rng = np.random.default_rng(count)
    centers = rng.uniform(0, 200, (max(count // 6, 1), 2))[rng.integers(0, max(count // 6, 1), count)]
    sides = rng.uniform(5, 40, (count, 2))
    corners = centers + rng.normal(0, 4, (count, 2))
    boxes = np.concatenate([corners, corners + sides], axis=1).astype(np.float32)
    scores = rng.permutation(count).astype(np.float32) / count
    if ties:
        boxes, scores = boxes.round(-1), (scores * 8).round() / 8
        boxes[::11, 2] = boxes[::11, 0]
        boxes[::13, 3] = boxes[::13, 1]
    return boxes, scores, rng.integers(0, 5, count)


def coded_boxes() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Ground truth, references and codes, some of which reach the clamp."""
    rng = np.random.default_rng(3)
    pairs = []
    for _ in range(2):
        corners = rng.uniform(0, 50, (12, 2))
        pairs.append(np.concatenate([corners, corners + rng.uniform(1, 40, (12, 2))], axis=1).astype(np.float32))
    return pairs[0], pairs[1], (rng.standard_normal((12, 8)) * [1, 1, 4, 30, 5, 5, 2, 2]).astype(np.float32)


def pasted() -> tuple[np.ndarray, np.ndarray, tuple[int, int]]:
    """Masks of 28x28 probabilities, their boxes inside and across the rim of an image, and its size."""
    rng = np.random.default_rng(5)
    boxes = [[3.2, 4.1, 20.7, 30.9], [-6.5, -3.1, 8.4, 9.9], [30.1, 20.2, 60.3, 70.4], [10, 10, 11, 11], [5.5, 5.5, 5.9, 6.2]]
    boxes += [[0, 0, 40, 36]]
    masks = rng.random((len(boxes), 7, 7)).repeat(4, 1).repeat(4, 2).astype(np.float32)
    return masks, np.array(boxes, np.float32), (36, 40)


def network_targets() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Boxes, class ids and masks of three objects, one of them with a hole and one at the rim."""
    boxes = np.array([[20, 16, 70, 60], [60, 40, 140, 120], [150, 0, 192, 40]], np.float32)
    masks = np.zeros((3, *NETWORK_HW), bool)
    for mask, (x0, y0, x1, y1) in zip(masks, boxes.astype(int), strict=True):
        mask[y0:y1, x0:x1] = True
    masks[1, 60:80, 80:100] = False
    return boxes, np.array([1, 3, 2]), masks
