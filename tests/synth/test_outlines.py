"""Forms as pixels, drawn by hand first."""

import numpy as np
import pytest

from maskwright.synth.outlines import blob, ellipse, polygon, stroke


def test_a_square_between_pixels_has_the_pixels_whose_middles_are_inside():
    region = polygon(np.array([(1.0, 2.0), (4.0, 2.0), (4.0, 5.0), (1.0, 5.0)]))
    assert region.tight().box_xyxy == (1, 2, 4, 5)
    assert region.area == 9


def test_a_triangle():
    region = polygon(np.array([(0.0, 0.0), (4.0, 0.0), (0.0, 4.0)]))
    assert region.mask((4, 4)).astype(int).tolist() == [[1, 1, 1, 0], [1, 1, 0, 0], [1, 0, 0, 0], [0, 0, 0, 0]]


def test_a_polygon_that_lies_beside_the_image_keeps_its_place():
    assert polygon(np.array([(-3.0, -3.0), (-1.0, -3.0), (-1.0, -1.0), (-3.0, -1.0)])).tight().box_xyxy == (-3, -3, -1, -1)


def test_polygons_that_share_an_edge_share_no_pixel_and_leave_none_out():
    corners = np.array([(0.0, 0.0), (9.0, 0.0), (9.0, 9.0), (0.0, 9.0)])
    cut = np.array([(0.0, 3.3), (9.0, 5.7)])
    above = polygon(np.array([corners[0], corners[1], cut[1], cut[0]])).mask((9, 9))
    below = polygon(np.array([cut[0], cut[1], corners[2], corners[3]])).mask((9, 9))
    assert not (above & below).any()
    assert (above | below).all()


def test_an_ellipse_has_about_the_area_that_it_should():
    assert ellipse((20.0, 20.0), (10.0, 6.0)).area == pytest.approx(np.pi * 60, rel=0.02)


def test_a_thin_stroke_is_never_interrupted():
    region = stroke(np.array([(2.0, 2.0), (30.0, 11.0), (60.0, 50.0)]), 0.5)
    mask = region.mask((64, 64))
    assert mask.any(axis=0)[2:60].all()


def test_a_stroke_is_as_wide_as_was_asked():
    assert stroke(np.array([(5.0, 10.0), (25.0, 10.0)]), 4.0).mask((20, 30))[:, 15].sum() == 4


def test_a_smooth_blob_is_an_ellipse_turned_by_its_angle():
    box, depth = blob(np.random.default_rng(0), (30.0, 40.0), (12.0, 6.0), np.pi / 2, 0.0)
    inside = depth > 0
    rows, columns = np.flatnonzero(inside.any(axis=1)) + box[1], np.flatnonzero(inside.any(axis=0)) + box[0]
    assert (rows[0], rows[-1], columns[0], columns[-1]) == (29, 51, 25, 35)
    assert depth.max() == pytest.approx(1, abs=0.1)


def test_a_rough_blob_is_one_part_around_its_middle():
    for seed in range(20):
        (x0, y0, _, _), depth = blob(np.random.default_rng(seed), (20.0, 20.0), (9.0, 7.0), 0.3, 0.1)
        assert depth[20 - y0, 20 - x0] > 0
        assert (depth[0] <= 0).all()
        assert (depth[:, -1] <= 0).all()
