"""Average precision and recall: by hand, and equal to pycocotools on random and on degenerate images."""

import contextlib
import io
import json
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from maskwright.masks.classes import Classes
from maskwright.masks.region import Region
from maskwright.masks.types import Instances
from maskwright.metrics.average_precision import RankedDetections, average_precision, average_recall
from maskwright.metrics.counted_objects import counted_objects
from maskwright.metrics.detections import HIT, LEFT_OUT, MOST, SIZES, SPURIOUS, THRESHOLDS, Detections, detections_of
from maskwright.metrics.scores import bootstrap_weights

Pairs = Sequence[tuple[Instances, Instances]]


def detections(truth: Instances, prediction: Instances) -> Detections:
    return detections_of(counted_objects(truth, prediction))


def ranked(pairs: Pairs) -> RankedDetections:
    return RankedDetections.of([detections(*pair) for pair in pairs])


def precision_of(*pairs: tuple[Instances, Instances]) -> np.ndarray:
    """Average precision of class 1 at each threshold."""
    return average_precision(ranked(pairs), np.ones((1, len(pairs))))[0, 1]


# By hand


def test_a_perfect_and_a_missing_prediction(boxes):
    cell = boxes((0, 0, 4, 4))
    assert precision_of((cell, cell)) == pytest.approx(np.ones(10))
    assert precision_of((cell, boxes())).tolist() == [0] * 10


def test_a_spurious_prediction_costs_where_it_is_surer_than_the_hit(boxes):
    cell = boxes((0, 0, 4, 4))
    places = (0, 0, 4, 4), (9, 9, 12, 12)
    assert precision_of((cell, boxes(*places, scores=[0.9, 0.8])))[0] == pytest.approx(1)
    assert precision_of((cell, boxes(*places, scores=[0.8, 0.9])))[0] == pytest.approx(1 / 2)


def test_half_of_the_objects_found_is_51_of_101_recalls(boxes):
    """Recall 0, 0.01, ... 0.5 is reached with precision 1, the rest never."""
    assert precision_of((boxes((0, 0, 4, 4), (9, 9, 12, 12)), boxes((0, 0, 4, 4))))[0] == pytest.approx(51 / 101)


def test_an_iou_counts_at_the_thresholds_up_to_it(boxes):
    """12 of 16 pixels: found at 0.5 to 0.75."""
    assert precision_of((boxes((0, 0, 4, 4)), boxes((0, 0, 4, 3)))) == pytest.approx([1] * 6 + [0] * 4)


def test_without_a_true_object_there_is_no_number(boxes):
    assert np.isnan(precision_of((boxes(), boxes((0, 0, 4, 4))))).all()
    assert np.isnan(precision_of((boxes((0, 0, 4, 4), crowds=[0]), boxes((0, 0, 4, 4))))).all()
    assert np.isnan(average_recall(ranked([(boxes(), boxes((0, 0, 4, 4)))]), np.ones((1, 1)))).all()


def test_outcomes_by_hand(boxes):
    """The second prediction of one object is spurious, the one in the crowd left out, and all but one are small."""
    truth = boxes((0, 0, 4, 4), (10, 10, 20, 20), crowds=[1])
    found = detections(truth, boxes((0, 0, 4, 3), (0, 0, 4, 4), (12, 12, 15, 15), (6, 0, 8, 2), scores=[0.5, 0.6, 0.7, 0.1]))
    assert found.scores.tolist() == [0.7, 0.6, 0.5, 0.1]
    assert found.ranks.tolist() == [0, 1, 2, 3]
    for size in (list(SIZES).index("all"), list(SIZES).index("small")):
        assert found.outcomes[:, size, 0].tolist() == [LEFT_OUT, HIT, SPURIOUS, SPURIOUS]
    assert (found.outcomes[:, list(SIZES).index("medium")] == LEFT_OUT).all()
    assert found.truths.tolist() == [[0, 0, 0, 0], [1, 1, 0, 0]]


def test_an_unmatched_prediction_on_ignored_pixels_is_left_out(boxes):
    truth = boxes((0, 0, 4, 4), ignored=(10, 0, 20, 20))
    found = detections(truth, boxes((8, 0, 13, 2), (8, 4, 12, 6), (0, 0, 4, 4), scores=[0.9, 0.8, 0.7]))
    assert found.outcomes[:, 0, 0].tolist() == [LEFT_OUT, SPURIOUS, HIT]


def test_predictions_beyond_the_most_are_not_looked_at_but_counted(boxes):
    cell = boxes((0, 0, 4, 4))
    many = boxes(*[(9, 9, 12, 12)] * MOST, (0, 0, 4, 4), scores=[0.9] * MOST + [0.8])
    found = detections(cell, many)
    assert (len(found.scores), found.unseen) == (MOST, 1)
    assert precision_of((cell, many)).tolist() == [0] * 10


def test_detections_come_back_from_json(boxes):
    for pair in ((boxes((0, 0, 4, 4)), boxes((0, 0, 4, 3), scores=[0.1])), (boxes(), boxes())):
        found = detections(*pair)
        again = Detections.from_json(json.loads(json.dumps(found.to_json())))
        for name, value in vars(found).items():
            np.testing.assert_array_equal(getattr(again, name), value)


# Agreement with pycocotools

SIDE = 160
NAMES = ("background", "a", "b", "c")  # 'c' has no true object


def instances(
    masks: Sequence[np.ndarray], of: Sequence[int], scores: Sequence[float] = (), crowds: Sequence[bool] = ()
) -> Instances:
    return Instances(
        size_hw=(SIDE, SIDE),
        regions=tuple(Region.of_mask(mask) for mask in masks),
        class_ids=np.array(of, np.int64),
        scores=np.array(scores if len(scores) else np.ones(len(masks)), np.float64),
        is_crowd=np.array(crowds if len(crowds) else np.zeros(len(masks)), bool),
        classes=Classes.named(*NAMES),
    )


def coco_of(everything: Sequence[Instances], *, predicted: bool) -> COCO:
    annotations = []
    for number, objects in enumerate(everything, 1):
        for place, region in enumerate(objects.regions):
            mask = np.asfortranarray(region.mask(objects.size_hw).astype(np.uint8))
            annotation = {
                "id": len(annotations) + 1,
                "image_id": number,
                "category_id": int(objects.class_ids[place]),
                "iscrowd": int(objects.is_crowd[place]),
                "area": region.area,
                "segmentation": coco_mask.encode(mask),
            }
            annotations.append(annotation | ({"score": float(objects.scores[place])} if predicted else {}))
    made = COCO()
    made.dataset = {
        "images": [{"id": number, "height": SIDE, "width": SIDE} for number in range(1, len(everything) + 1)],
        "annotations": annotations,
        "categories": [{"id": i, "name": name} for i, name in enumerate(NAMES) if i],
    }
    made.createIndex()
    return made


def expected(pairs: Pairs) -> COCOeval:
    truths, predictions = zip(*pairs, strict=True)
    with contextlib.redirect_stdout(io.StringIO()):
        reference = COCOeval(coco_of(truths, predicted=False), coco_of(predictions, predicted=True), "segm")
        reference.evaluate()
        reference.accumulate()
        reference.summarize()
    return reference


def or_minus_1(values: np.ndarray) -> np.ndarray:
    return np.where(np.isnan(values), -1, values)


def assert_equal_to_pycocotools(pairs: Pairs) -> None:
    """Every class, size, threshold and number of predictions, and the twelve numbers of the summary."""
    reference, found = expected(pairs), ranked(pairs)
    once = np.ones((1, len(pairs)))
    of_class, recall_of_class = {}, {}
    for s, size in enumerate(SIZES):
        for m, most in enumerate((1, 10, 100)):
            precision = average_precision(found, once, size=size, most=most)[0, 1:]
            recall = average_recall(found, once, size=size, most=most)[0, 1:]
            np.testing.assert_allclose(
                or_minus_1(precision), reference.eval["precision"][:, :, :, s, m].mean(axis=1).T, rtol=0, atol=1e-9
            )
            np.testing.assert_allclose(or_minus_1(recall), reference.eval["recall"][:, :, s, m].mean(axis=0), rtol=0, atol=1e-9)
            of_class[size, most], recall_of_class[size, most] = precision, recall
    whole = of_class["all", 100]
    summary = [whole, whole[:, 0], whole[:, 5], *(of_class[size, 100] for size in ("small", "medium", "large"))]
    summary += [recall_of_class["all", most] for most in (1, 10, 100)]
    summary += [recall_of_class[size, 100] for size in ("small", "medium", "large")]
    means = [values[~np.isnan(values)].mean() if not np.isnan(values).all() else -1 for values in summary]
    np.testing.assert_allclose(means, reference.stats, rtol=0, atol=1e-9)


def rectangle(y0: int, x0: int, height: int, width: int) -> np.ndarray:
    mask = np.zeros((SIDE, SIDE), bool)
    mask[max(y0, 0) : max(y0 + height, 0), max(x0, 0) : max(x0 + width, 0)] = True
    return mask


def random_pair(rng: np.random.Generator, *, ties: bool = True) -> tuple[Instances, Instances]:
    """Objects of all sizes that overlap, crowds among them; predictions near them and anywhere, many with equal scores."""

    def anywhere() -> np.ndarray:
        height, width = rng.integers(1, rng.choice([20, 70, 150]), 2)
        return rectangle(*rng.integers(-10, SIDE, 2), height, width) & (rng.random((SIDE, SIDE)) < rng.choice([0.7, 1]))

    truth = [anywhere() for _ in range(rng.integers(0, 9))]
    of = rng.integers(1, 3, len(truth))
    found, found_of = [], []
    for _ in range(rng.integers(0, 16)):
        if len(truth) and rng.random() < 0.7:
            place = rng.integers(len(truth))
            found.append(np.roll(truth[place], rng.integers(-3, 4, 2), (0, 1)))
            found_of.append(of[place] if rng.random() < 0.9 else rng.integers(1, 4))
        else:
            found.append(anywhere())
            found_of.append(rng.integers(1, 4))
    scores = np.round(rng.random(len(found)), 1 if ties else 9)
    return instances(truth, of, crowds=rng.random(len(truth)) < 0.15), instances(found, found_of, scores)


@pytest.mark.parametrize("seed", range(12))
def test_random_images(seed):
    rng = np.random.default_rng(seed)
    assert_equal_to_pycocotools([random_pair(rng) for _ in range(1 + 2 * seed)])


def many(truth: int, found: int) -> tuple[Instances, Instances]:
    """Rows of small squares, of which the last are found: more of them than are looked at."""
    squares = [rectangle(5 * (i // 30), 5 * (i % 30), 4, 4) for i in range(truth)]
    scores = np.linspace(0.3, 0.9, found)
    return instances(squares, [1] * truth), instances(squares[-found:], [1] * found, scores)


WHOLE, HALF, THIRD = rectangle(0, 0, 40, 40), rectangle(0, 0, 20, 40), rectangle(0, 0, 40, 13)
NOTHING, FAR = np.zeros((SIDE, SIDE), bool), rectangle(100, 100, 30, 30)
DEGENERATE: dict[str, Callable[[], Pairs]] = {
    "no object anywhere": lambda: [(instances([], []), instances([], []))],
    "no prediction": lambda: [(instances([WHOLE], [1]), instances([], []))],
    "no true object": lambda: [(instances([], []), instances([WHOLE], [1]))],
    "only a crowd": lambda: [(instances([WHOLE], [1], crowds=[True]), instances([HALF, FAR], [1, 1], [0.5, 0.4]))],
    "a crowd taken often": lambda: [
        (instances([WHOLE, FAR], [1, 1], crowds=[True, False]), instances([HALF, THIRD, FAR], [1] * 3, [0.9, 0.8, 0.1]))
    ],
    "a crowd that hides a true object": lambda: [
        (instances([WHOLE, HALF], [1, 1], crowds=[True, False]), instances([HALF], [1]))
    ],
    "masks without pixels": lambda: [(instances([NOTHING, WHOLE], [1, 1]), instances([NOTHING, WHOLE], [1, 1], [0.9, 0.1]))],
    "the same mask many times": lambda: [(instances([WHOLE] * 3, [1] * 3), instances([WHOLE] * 5, [1] * 5, [0.5] * 5))],
    "IoU of just one half": lambda: [(instances([WHOLE], [1]), instances([HALF, WHOLE ^ HALF], [1, 1], [0.5, 0.5]))],
    "equal scores over images": lambda: [
        (instances([WHOLE], [1]), instances([guess], [1], [0.5])) for guess in (FAR, WHOLE, HALF, FAR, WHOLE)
    ],
    "sizes on the borders": lambda: [
        (
            instances([rectangle(0, 0, 32, 32), rectangle(0, 40, 96, 96)], [1, 1]),
            instances([rectangle(0, 0, 32, 32), rectangle(0, 40, 96, 96), rectangle(0, 0, 31, 33)], [1] * 3, [0.3, 0.2, 0.1]),
        )
    ],
    "the best match is of another size": lambda: [
        (
            instances([rectangle(0, 0, 32, 33), rectangle(0, 0, 31, 32)], [1, 1]),
            instances([rectangle(0, 0, 32, 33), rectangle(0, 0, 31, 31)], [1, 1], [0.6, 0.5]),
        )
    ],
    "more predictions than are looked at": lambda: [many(140, 130), many(3, 2)],
    "negative and zero scores": lambda: [
        (instances([WHOLE, FAR], [1, 1]), instances([FAR, WHOLE, HALF], [1] * 3, [-1.0, 0.0, -0.0]))
    ],
    "the wrong class": lambda: [(instances([WHOLE], [1]), instances([WHOLE], [2]))],
}


@pytest.mark.parametrize("case", DEGENERATE)
def test_degenerate_images(case):
    assert_equal_to_pycocotools(DEGENERATE[case]())


def test_thresholds_and_sizes_are_pycocotools():
    reference = expected([(instances([], []), instances([], []))]).params
    assert tuple(reference.iouThrs) == THRESHOLDS
    assert [[low, high] for low, high in SIZES.values()] == reference.areaRng


# Weights


def test_an_image_that_is_drawn_twice_counts_as_two_images():
    """Weighted images score as the same images repeated, those of weight 0 as absent, where no two predictions tie."""
    rng = np.random.default_rng(3)
    pairs = [random_pair(rng, ties=False) for _ in range(6)]
    found = ranked(pairs)
    weights = bootstrap_weights(6, draws=8)
    for row in weights:
        repeated = ranked([pair for pair, times in zip(pairs, row.astype(int), strict=True) for _ in range(times)])
        np.testing.assert_allclose(
            average_precision(found, row[None]), average_precision(repeated, np.ones((1, 6))), rtol=0, atol=1e-12
        )
        np.testing.assert_allclose(
            average_recall(found, row[None], most=1), average_recall(repeated, np.ones((1, 6)), most=1), rtol=0, atol=1e-12
        )
    singly = np.concatenate([average_precision(found, row[None]) for row in weights])
    np.testing.assert_array_equal(average_precision(found, weights), singly)
