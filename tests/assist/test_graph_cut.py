"""GrabCut by SciPy's maximum flow."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from maskwright.assist.graph_cut import _minimum_cut, graph_cut
from maskwright.metrics.clicks import counted_iou


def test_a_cut_counted_by_hand():
    """Three pixels in a row: the first gains 5 inside, the last 4 outside; the weaker bond is cut."""
    gain = np.array([5.0, 0.0, -4.0])
    pairs = np.array([[0, 1], [1, 2]])
    assert _minimum_cut(gain, pairs, np.array([3.0, 1.0])).tolist() == [True, True, False]
    assert _minimum_cut(gain, pairs, np.array([1.0, 3.0])).tolist() == [True, False, False]
    assert _minimum_cut(gain, pairs, np.array([9.0, 9.0])).tolist() == [True, True, True]


@settings(max_examples=30)
@given(
    arrays(np.float64, 6, elements=st.integers(-20, 20).map(float)),
    arrays(np.float64, 7, elements=st.integers(0, 9).map(float)),
)
def test_no_other_cut_is_cheaper(gain, costs):
    """Against all 64 cuts of a grid of 2 x 3 pixels."""
    pairs = np.array([[0, 1, 3, 4, 0, 1, 2], [1, 2, 4, 5, 3, 4, 5]])

    def cost(mask):
        return -gain[mask].sum() + costs[mask[pairs[0]] != mask[pairs[1]]].sum()

    every = [np.array([bool(number >> bit & 1) for bit in range(6)]) for number in range(64)]
    assert cost(_minimum_cut(gain, pairs, costs)) == pytest.approx(min(map(cost, every)))


def test_a_disc_of_another_colour_is_cut_out(scene):
    image, disc = scene
    begun = np.zeros_like(disc)
    begun[30:50, 40:60] = True
    rim = np.ones_like(disc)
    rim[1:-1, 1:-1] = False
    found = graph_cut(image.astype(np.float32) / 255, begun, begun & False, rim)
    assert counted_iou(disc, found) > 0.97


def test_what_is_said_is_kept(scene):
    image, disc = scene
    surely, surely_not = np.zeros_like(disc), np.zeros_like(disc)
    surely[80, 100], surely_not[40, 50] = True, True
    found = graph_cut(image.astype(np.float32) / 255, disc, surely, surely_not)
    assert found[80, 100]
    assert not found[40, 50]


@pytest.mark.parametrize("begun", [np.zeros((4, 5), bool), np.ones((4, 5), bool)])
def test_one_side_without_a_pixel_is_left_as_it_is(begun):
    nothing = np.zeros((4, 5), bool)
    np.testing.assert_array_equal(graph_cut(np.ones((4, 5, 3), np.float32), begun, nothing, nothing), begun)


def test_agreement_with_opencv(scene):
    cv2 = pytest.importorskip("cv2", reason="agreement with OpenCV's GrabCut needs opencv-python-headless")
    image, _ = scene
    labels = np.full(image.shape[:2], cv2.GC_PR_BGD, np.uint8)
    labels[30:50, 40:60] = cv2.GC_PR_FGD
    labels[[0, -1]] = labels[:, [0, -1]] = cv2.GC_BGD
    begun, rim = labels == cv2.GC_PR_FGD, labels == cv2.GC_BGD
    cv2.setRNGSeed(0)
    cv2.grabCut(
        np.ascontiguousarray(image[:, :, ::-1]), labels, None, np.zeros((1, 65)), np.zeros((1, 65)), 2, cv2.GC_INIT_WITH_MASK
    )
    theirs = np.isin(labels, (cv2.GC_FGD, cv2.GC_PR_FGD))
    assert counted_iou(theirs, graph_cut(image.astype(np.float32) / 255, begun, begun & False, rim)) > 0.98
