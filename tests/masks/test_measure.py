"""Measures of objects: by hand, and equal to scikit-image on a whole label image."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from skimage.measure import regionprops

from maskwright.base.errors import MaskValueError
from maskwright.masks.classes import IGNORE, Classes
from maskwright.masks.convert import instances_from_labels
from maskwright.masks.measure import INTENSITIES, LENGTHS, SHAPES, columns, measure
from maskwright.masks.pixel_size import PixelSize
from maskwright.masks.region import Region
from maskwright.masks.types import Instances, LabelMap

CELLS = Classes.named("background", "cell", things=["cell"])
UM = PixelSize(0.5, 0.5, "um")


def instances(*regions, size_hw=(40, 60), is_crowd=None):
    count = len(regions)
    return Instances(
        size_hw=size_hw,
        regions=regions,
        class_ids=np.ones(count, np.int64),
        scores=np.linspace(1, 0.5, count),
        is_crowd=np.zeros(count, bool) if is_crowd is None else np.array(is_crowd),
        classes=CELLS,
    )


def rectangle(x0, y0, x1, y1):
    return Region((x0, y0, x1, y1), np.ones((y1 - y0, x1 - x0), bool))


def test_a_rectangle():
    """4 rows and 10 columns: the outline that scikit-image draws through the middles of the outer pixels is 2 * (3 + 9)."""
    (row,) = measure(instances(rectangle(20, 5, 30, 9)))
    assert (row["object"], row["class"], row["score"]) == (1, "cell", 1)
    assert row["area"] == 40
    assert row["perimeter"] == 24
    assert (row["centroid_x"], row["centroid_y"]) == (24.5, 6.5)
    assert [row[f"box_{side}"] for side in ("x0", "y0", "x1", "y1")] == [20, 5, 30, 9]
    assert row["major_axis"] == pytest.approx(4 * math.sqrt((10**2 - 1) / 12))
    assert row["minor_axis"] == pytest.approx(4 * math.sqrt((4**2 - 1) / 12))
    assert row["eccentricity"] == pytest.approx(math.sqrt(1 - 15 / 99))
    assert abs(row["orientation_deg"]) == 90  # along x; 0 would be along y
    assert row["solidity"] == 1
    assert row["equivalent_diameter"] == pytest.approx(math.sqrt(4 * 40 / math.pi))


def test_a_disc():
    y, x = np.mgrid[:41, :41]
    (row,) = measure(instances(Region((3, 2, 44, 43), (y - 20) ** 2 + (x - 20) ** 2 <= 20**2), size_hw=(50, 50)))
    assert row["area"] == pytest.approx(math.pi * 20**2, rel=0.01)
    assert row["perimeter"] == pytest.approx(2 * math.pi * 20, rel=0.07)
    assert row["major_axis"] == pytest.approx(40, rel=0.01)
    assert row["eccentricity"] == 0
    assert (row["centroid_x"], row["centroid_y"]) == (23, 22)


def test_a_hole_is_no_area_and_its_rim_is_perimeter():
    ring = np.ones((7, 7), bool)
    ring[2:5, 2:5] = False
    (row,) = measure(instances(Region((0, 0, 7, 7), ring)))
    assert row["area"] == 40
    assert row["solidity"] == pytest.approx(40 / 49)
    assert row["perimeter"] > 24  # that of the square without the hole


def test_an_object_of_two_parts_is_one_row():
    parts = np.zeros((2, 12), bool)
    parts[:, :2] = parts[:, 10:] = True
    (row,) = measure(instances(Region((4, 4, 16, 6), parts)))
    assert row["area"] == 8
    assert row["centroid_x"] == 9.5  # between them, where none of its pixels is
    assert (row["box_x0"], row["box_x1"]) == (4, 16)


def test_objects_over_one_another_count_whole():
    image = np.arange(40 * 60, dtype=np.float32).reshape(40, 60, 1)
    first, second = measure(instances(rectangle(0, 0, 10, 10), rectangle(5, 5, 15, 15)), image)
    assert first["area"] == second["area"] == 100
    assert second["mean_c1"] == pytest.approx(image[5:15, 5:15].mean())


def test_two_channels():
    image = np.zeros((40, 60, 2), np.uint16)
    image[5:7, 5:8, 0] = [[1, 2, 3], [4, 5, 65535]]
    image[5:7, 5:8, 1] = 7
    (row,) = measure(instances(rectangle(5, 5, 8, 7)), image, channel_names=["DAPI", "actin"])
    assert [row[f"{what}_DAPI"] for what in INTENSITIES] == [65550 / 6, 1, 65535, 65550]
    assert [row[f"{what}_actin"] for what in INTENSITIES] == [7, 7, 7, 42]
    assert isinstance(row["integrated_DAPI"], int)


def test_units_stand_beside_pixels():
    (row,) = measure(instances(rectangle(20, 5, 30, 9)), pixel_size=UM)
    assert row["area_um2"] == 10
    assert row["perimeter_um"] == 12
    assert (row["centroid_x_um"], row["centroid_y_um"]) == (12.25, 3.25)
    assert row["box_x1_um"] == 15
    assert row["major_axis_um"] == pytest.approx(row["major_axis"] / 2)


def test_pixels_that_are_not_square():
    """10 columns of 1 mm and 4 rows of 2.5 mm are a square in millimetres."""
    (row,) = measure(instances(rectangle(20, 5, 30, 9)), pixel_size=PixelSize(2.5, 1, "mm"))
    assert row["area_mm2"] == 100
    assert (row["centroid_x_mm"], row["centroid_y_mm"]) == (24.5, 16.25)
    assert math.isnan(row["perimeter_mm"])
    assert row["major_axis_mm"] == pytest.approx(row["minor_axis_mm"], rel=0.05)
    assert row["eccentricity_stretched"] < row["eccentricity"]
    assert row["equivalent_diameter_mm"] == pytest.approx(math.sqrt(4 * 100 / math.pi))


def test_an_object_without_pixels_has_a_row_of_its_own():
    image = np.zeros((40, 60, 1), np.uint8)
    (row,) = measure(instances(Region((0, 0, 0, 0), np.zeros((0, 0), bool))), image, pixel_size=PixelSize(1, 2, "um"))
    assert row["area"] == 0
    assert set(row) == set(columns(["c1"], unit="um", is_square=False))
    assert all(math.isnan(row[name]) for name in (*LENGTHS, *SHAPES, "mean_c1", "perimeter_um"))


def test_what_leaves_the_image_is_cut_and_loose_boxes_are_tightened():
    loose = np.zeros((10, 10), bool)
    loose[2:4, 3:6] = True
    outside, inside = measure(instances(rectangle(-5, -5, 5, 5), Region((10, 10, 20, 20), loose)))
    assert (outside["area"], outside["box_x0"]) == (25, 0)
    assert [inside[f"box_{side}"] for side in ("x0", "y0", "x1", "y1")] == [13, 12, 16, 14]


def test_crowds_have_no_row_and_the_numbers_of_the_others_stay():
    rows = measure(instances(rectangle(0, 0, 2, 2), rectangle(4, 0, 6, 2), rectangle(8, 0, 9, 2), is_crowd=[0, 1, 0]))
    assert [row["object"] for row in rows] == [1, 3]


def test_connected_parts_of_classes_are_objects():
    ids = np.zeros((6, 9), np.uint16)
    ids[0:2, 0:2] = ids[2, 2] = ids[4, 5] = 1  # the first touches the second at a corner
    ids[0, 8] = 2
    ids[5, 0] = IGNORE
    rows = measure(LabelMap(ids, Classes.named("background", "cell", "nucleus")))
    assert [(row["class"], row["area"]) for row in rows] == [("cell", 5), ("cell", 1), ("nucleus", 1)]


def test_where_every_class_is_real_the_first_is_measured_too():
    rows = measure(LabelMap(np.array([[0, 0, 1], [2, IGNORE, 1]], np.uint16), Classes.named("road", "sky", "tree")))
    assert [(row["class"], row["area"]) for row in rows] == [("road", 2), ("sky", 2), ("tree", 1)]


def test_an_image_of_another_size_or_names_of_other_channels_are_refused():
    with pytest.raises(MaskValueError, match="60 x 41 pixels, its mask 60 x 40"):
        measure(instances(), np.zeros((41, 60, 1), np.uint8))
    with pytest.raises(MaskValueError, match="3 channels"):
        measure(instances(), np.zeros((40, 60, 3), np.uint8), channel_names=["a", "b"])


@given(st.integers(0, 2**32 - 1), st.sampled_from([None, (0.5, 0.5), (2.0, 0.5)]))
def test_scikit_image_says_the_same_of_the_whole_label_image(seed, spacing):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 5, (12, 17)).repeat(2, 0).repeat(3, 1)
    image = rng.normal(size=(*labels.shape, 2)).astype(np.float32)
    size = None if spacing is None else PixelSize(*spacing, "um")
    rows = measure(instances_from_labels(labels, CELLS), image, pixel_size=size)
    found = regionprops(labels, image.astype(np.float64))
    assert len(rows) == len(found)
    for row, props in zip(rows, found, strict=True):
        assert row["area"] == props.area
        expected = {
            "perimeter": props.perimeter, "centroid_y": props.centroid[0], "centroid_x": props.centroid[1],
            "major_axis": props.axis_major_length, "minor_axis": props.axis_minor_length, "solidity": props.solidity,
            "eccentricity": props.eccentricity, "orientation_deg": math.degrees(props.orientation),
            "equivalent_diameter": props.equivalent_diameter_area, "mean_c2": props.intensity_mean[1],
            "min_c1": props.intensity_min[0], "max_c1": props.intensity_max[0],
        }  # fmt: skip
        for name, value in expected.items():
            assert row[name] == pytest.approx(value, rel=1e-6, abs=1e-9), name
        assert tuple(row[f"box_{side}"] for side in ("y0", "x0", "y1", "x1")) == props.bbox
    for row, props in zip(rows, regionprops(labels, spacing=spacing) if spacing else (), strict=bool(spacing)):
        assert row["area_um2"] == pytest.approx(props.area)
        assert row["major_axis_um"] == pytest.approx(props.axis_major_length)
        assert row["equivalent_diameter_um"] == pytest.approx(props.equivalent_diameter_area)
        assert row["centroid_y_um"] == pytest.approx(props.centroid[0])
