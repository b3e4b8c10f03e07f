"""Matching: by hand, against StarDist's rule on whole tables, and StarDist's own numbers on its sample."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image
from scipy import ndimage
from scipy.optimize import linear_sum_assignment

import maskwright
from maskwright.masks.classes import Classes
from maskwright.masks.convert import instances_from_labels
from maskwright.masks.overlap import ObjectOverlaps
from maskwright.metrics.instance_tally import tally
from maskwright.metrics.matching import ABOVE_HALF, MatchCounts, match

NUCLEI = Classes.named("background", "nucleus")


def overlaps_of(pixels: np.ndarray, true_areas: list[int], predicted_areas: list[int]) -> ObjectOverlaps:
    """The sparse form of a whole table of shared pixels."""
    true, predicted = np.nonzero(pixels)
    return ObjectOverlaps(
        true, predicted, pixels[true, predicted], *(np.array(areas, np.int64) for areas in (true_areas, predicted_areas))
    )


def counts(hits: float, spurious: float, missed: float, iou_sum: float) -> MatchCounts:
    return MatchCounts(*(np.array([float(number)]) for number in (hits, spurious, missed, iou_sum)))


def test_a_match_by_hand():
    """IoU 3/5, 1/2 and 1/7: at one half two pairs, above it one."""
    table = overlaps_of(np.array([[3, 0, 0], [0, 2, 1]]), [4, 4], [4, 2, 4])
    found = match(table, 0.5)
    assert (found.true.tolist(), found.predicted.tolist(), found.iou.tolist()) == ([0, 1], [0, 1], [0.6, 0.5])
    assert match(table, ABOVE_HALF).true.tolist() == [0]


def test_as_many_pairs_as_possible_come_before_the_best_pair():
    """The prediction that both true objects want goes to the one that has no other choice, though it fits it less."""
    table = overlaps_of(np.array([[9, 8], [8, 0]]), [10, 10], [10, 10])
    found = match(table, 0.5)
    assert (found.true.tolist(), found.predicted.tolist()) == ([0, 1], [1, 0])
    assert match(table, 0.8).true.tolist() == [0]  # only 9/11 is left, so it is no sacrifice


def test_every_object_is_used_once():
    table = overlaps_of(np.array([[10, 9, 8]]), [10], [10, 9, 8])
    found = match(table, 0.5)
    assert (found.true.tolist(), found.predicted.tolist(), found.iou.tolist()) == ([0], [0], [1.0])


def test_nothing_matches_nothing():
    assert match(overlaps_of(np.zeros((0, 3), np.int64), [], [1, 1, 1])).iou.tolist() == []


def stardist(iou: np.ndarray, threshold: float) -> tuple[int, float]:
    """Hits and the sum of their IoU by StarDist's rule: the dense assignment over every pair."""
    size = min(iou.shape)
    if size == 0:
        return 0, 0.0
    pairs = linear_sum_assignment(-(iou >= threshold).astype(float) - iou / (2 * size))
    good = iou[pairs] >= threshold
    return int(np.count_nonzero(good)), float(iou[pairs][good].sum())


@given(st.data())
def test_it_is_stardists_matching_on_objects_that_overlap(data):
    shape = data.draw(st.tuples(st.integers(0, 6), st.integers(0, 6)))
    pixels = data.draw(arrays(np.int64, shape, elements=st.sampled_from([0, 0, 0, 3, 5, 7, 9, 10])))
    areas = [data.draw(st.lists(st.integers(10, 14), min_size=size, max_size=size)) for size in shape]
    table = overlaps_of(pixels, *areas)
    iou = pixels / (np.array(areas[0])[:, None] + np.array(areas[1])[None] - pixels)
    for threshold in (0.1, 0.3, 0.5, ABOVE_HALF, 0.7):
        found = match(table, threshold)
        hits, total = stardist(iou, threshold)
        assert len(found.true) == hits == len(set(found.true)) == len(set(found.predicted))
        assert found.iou.sum() == pytest.approx(total, abs=1e-9)
        np.testing.assert_array_equal(found.iou, iou[found.true, found.predicted])


def test_stardists_numbers_on_its_sample():
    """Its nuclei against themselves turned by 2 degrees: what StarDist 0.9.2's `matching` prints at IoU 0.5."""
    labels = np.array(Image.open(Path(maskwright.__file__).parent / "demo_data" / "masks" / "nuclei.png")).astype(np.int32)
    turned = ndimage.rotate(labels, 2, order=0, reshape=False)
    found = tally(instances_from_labels(labels, NUCLEI), instances_from_labels(turned, NUCLEI)).counts
    assert (found.hits[1, 0], found.spurious[1, 0], found.missed[1, 0]) == (37, 88, 88)
    assert found.f1[1, 0] == pytest.approx(0.296, abs=1e-12)
    assert found.accuracy[1, 0] == pytest.approx(0.1737, abs=5e-5)
    assert found.panoptic_quality[1, 0] == pytest.approx(0.19490, abs=1e-5)
    assert found.mean_matched_iou[1, 0] == pytest.approx(0.65847, abs=5e-6)


def test_ratios_by_hand():
    """6 found with a mean IoU of 0.8, 2 spurious, 4 missed."""
    found = counts(6, 2, 4, 4.8)
    assert found.precision == 6 / 8
    assert found.recall == 6 / 10
    assert found.f1 == 12 / 18
    assert found.accuracy == 6 / 12
    assert found.mean_matched_iou == pytest.approx(0.8)
    assert found.mean_true_iou == pytest.approx(0.48)
    assert found.panoptic_quality == pytest.approx(4.8 / 9)
    assert found.panoptic_quality == pytest.approx(found.f1 * found.mean_matched_iou)


RATIOS = ("precision", "recall", "f1", "accuracy", "mean_matched_iou", "mean_true_iou", "panoptic_quality")


@pytest.mark.parametrize("ratio", RATIOS)
@pytest.mark.parametrize(("spurious", "missed"), [(3, 0), (0, 3), (3, 3)])
def test_without_a_hit_every_ratio_is_0(ratio, spurious, missed):
    assert getattr(counts(0, spurious, missed, 0), ratio).tolist() == [0.0]


@pytest.mark.parametrize("ratio", RATIOS)
def test_without_an_object_nothing_is_measurable(ratio):
    assert np.isnan(getattr(counts(0, 0, 0, 0), ratio)).all()


def test_pooled_counts_are_those_of_all_objects_together_not_the_mean_of_images():
    pooled = MatchCounts.pooled([counts(1, 0, 0, 1), counts(0, 9, 0, 0)])
    assert pooled.accuracy == 0.1
    assert vars(pooled) == {"hits": 1, "spurious": 9, "missed": 0, "iou_sum": 1}


def test_thousands_of_objects_that_all_have_a_choice_are_matched():
    """Each true object overlaps two predictions by more than half: a chain that only the solver can undo."""
    size = 4000
    true = np.repeat(np.arange(size), 2)
    predicted = np.minimum(true + np.tile([0, 1], size), size - 1)
    pairs = np.unique(np.stack([true, predicted]), axis=1)
    table = ObjectOverlaps(*pairs, np.full(pairs.shape[1], 8), np.full(size, 10), np.full(size, 10))
    assert len(match(table, 0.5).true) == size
