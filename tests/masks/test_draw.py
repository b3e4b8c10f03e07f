"""What is painted is what is there: colours by hand, then real pictures that must not break."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from maskwright.base.errors import MaskValueError
from maskwright.masks.classes import IGNORE, PALETTE, Classes
from maskwright.masks.convert import instances_from_labels, to_panoptic
from maskwright.masks.draw import IGNORED, MISTAKES, color_map, contact_sheet, error_map, framed, overlay, to_display
from maskwright.masks.types import LabelMap

CLASSES = Classes.named("background", "cell", "vessel", things=["cell"])
GRAY = np.full((4, 6, 3), 100, np.uint8)


def label_map(rows: list[list[int]]) -> LabelMap:
    return LabelMap(np.array(rows, np.uint16), CLASSES)


def halves(left: int, right: int) -> LabelMap:
    return label_map([[left] * 3 + [right] * 3] * 4)


def tinted(color: tuple[int, int, int], alpha: float = 0.45) -> list[int]:
    return np.round(100 + (np.array(color) - 100) * np.float32(alpha)).astype(int).tolist()


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_the_range_of_an_image_is_stretched_from_black_to_white(dtype):
    image = np.linspace(10, 110, 10_000).astype(dtype).reshape(100, 100, 1)
    shown = to_display(image)
    assert shown[0, 0].tolist() == [0, 0, 0]
    assert shown[-1, -1].tolist() == [255, 255, 255]
    assert abs(int(shown[50, 0, 0]) - 128) <= 3


def test_a_few_hot_pixels_do_not_darken_the_rest():
    image = np.linspace(0, 100, 10_000, dtype=np.float32).reshape(100, 100, 1)
    image[0, :5] = 1e6
    assert to_display(image)[-1, -1, 0] == 255


def test_one_channel_is_gray_two_are_magenta_and_green_more_are_the_first_three():
    ramp = np.linspace(0, 1000, 400, dtype=np.float32).reshape(20, 20)
    flipped = ramp[::-1, ::-1]
    one = to_display(ramp[:, :, None])
    np.testing.assert_array_equal(one[:, :, 0], one[:, :, 2])
    two = to_display(np.stack([ramp, flipped], axis=2))
    np.testing.assert_array_equal(two, np.stack([two[:, :, 0], two[:, :, 1], two[:, :, 0]], axis=2))
    assert two[-1, -1].tolist() == [255, 0, 255]
    five = to_display(np.stack([ramp, flipped, ramp / 100, ramp, ramp], axis=2))
    assert five[-1, -1].tolist() == [255, 0, 255]


def test_the_hues_of_a_colour_picture_stay():
    picture = np.zeros((20, 20, 3), np.uint8)
    picture[:, :10] = (200, 120, 0)
    assert to_display(picture)[0, 0].tolist() == [255, 153, 0]


def test_what_is_not_finite_is_black():
    image = np.linspace(1, 2, 100, dtype=np.float32).reshape(10, 10, 1)
    image[0, 0], image[0, 1], image[0, 2] = np.nan, np.inf, -np.inf
    shown = to_display(image)
    assert shown[0, :3].max() == 0
    assert shown[-1, -1, 0] == 255


def test_the_extreme_value_that_marks_no_data_is_black_and_no_overflow():
    image = np.linspace(1, 2, 10_000, dtype=np.float32).reshape(100, 100, 1)
    image[0, 0], image[0, 1] = np.finfo(np.float32).min, np.finfo(np.float32).max
    shown = to_display(image)
    assert shown[0, :2, 0].tolist() == [0, 255]
    assert shown[-1, -1, 0] == 255


@pytest.mark.parametrize("value", [0, 7, 255])
def test_a_constant_image_is_black_and_no_error(value):
    assert to_display(np.full((3, 4, 1), value, np.uint8)).max() == 0


def test_an_image_of_nothing_but_nan_is_black():
    assert to_display(np.full((3, 4, 2), np.nan, np.float32)).max() == 0


def test_few_pixels_on_a_constant_image_are_seen():
    image = np.zeros((100, 100, 1), np.uint16)
    image[5, 5] = 3
    assert to_display(image)[5, 5, 0] == 255


@given(st.integers(1, 6), st.integers(1, 5), st.sampled_from([np.uint8, np.uint16, np.float32]))
def test_any_image_can_be_shown(side, channels, dtype):
    image = np.random.default_rng(side).integers(0, 255, (side, side + 1, channels)).astype(dtype)
    assert to_display(image).shape == (side, side + 1, 3)


def test_a_colour_map_has_the_colours_of_the_classes():
    colors = color_map(label_map([[0, 1, 2, IGNORE]]))
    assert colors[0].tolist() == [list(PALETTE[0]), list(PALETTE[1]), list(PALETTE[2]), list(IGNORED)]


def test_classes_are_tinted_between_solid_outlines_and_the_background_stays_clear():
    row = overlay(GRAY, halves(1, 0))[1].tolist()
    assert row == [tinted(PALETTE[1]), tinted(PALETTE[1]), list(PALETTE[1]), [100] * 3, [100] * 3, [100] * 3]


def test_between_two_classes_both_have_their_outline():
    row = overlay(GRAY, halves(1, 2), alpha=0.0)[1].tolist()
    assert row == [[100] * 3] * 2 + [list(PALETTE[1]), list(PALETTE[2])] + [[100] * 3] * 2


def test_without_outlines_there_is_only_the_tint():
    assert overlay(GRAY, halves(1, 2), outline=False)[1, 2].tolist() == tinted(PALETTE[1])


def test_touching_objects_of_one_class_have_different_colours():
    objects = instances_from_labels(np.array([[1] * 3 + [2] * 3] * 4), CLASSES)
    painted = overlay(GRAY, objects)
    assert painted[1, 0].tolist() == tinted(PALETTE[1])
    assert painted[1, 5].tolist() == tinted(PALETTE[2])
    assert painted[1, 2:4].tolist() == [list(PALETTE[1]), list(PALETTE[2])]


def test_ignored_pixels_are_striped_so_that_they_are_told_apart_without_colour():
    image = np.full((16, 16, 3), 200, np.uint8)
    painted = overlay(image, LabelMap(np.full((16, 16), IGNORE, np.uint16), CLASSES))
    values, counts = np.unique(painted, return_counts=True)
    assert values.tolist() == [168, 200]
    assert counts[0] == counts[1]


def test_a_panoptic_map_has_stuff_in_class_colours_and_things_in_turn():
    stuff = halves(0, 2)
    panoptic = to_panoptic(stuff, instances_from_labels(np.array([[1, 0, 0, 0, 0, 0]] * 4), CLASSES))
    painted = overlay(GRAY, panoptic, outline=False)
    assert painted[0, 5].tolist() == tinted(PALETTE[2])
    assert painted[0, 2].tolist() == [100] * 3
    assert painted[0, 0].tolist() not in ([100] * 3, tinted(PALETTE[2]))


def test_outlines_of_large_images_are_wider():
    ids = np.zeros((4, 1200), np.uint16)
    ids[:, 600:] = 1
    painted = overlay(np.full((4, 1200, 3), 100, np.uint8), LabelMap(ids, CLASSES))
    assert painted[1, 600:603].tolist() == [list(PALETTE[1])] * 2 + [tinted(PALETTE[1])]


def test_the_image_is_not_written_to():
    image = GRAY.copy()
    overlay(image, halves(1, 2))
    np.testing.assert_array_equal(image, GRAY)


def test_an_overlay_of_another_size_is_refused():
    with pytest.raises(MaskValueError, match=r"\(4, 6\).*\(1, 4\)"):
        overlay(GRAY, label_map([[0, 1, 2, 1]]))


def test_mistakes_by_hand():
    truth = label_map([[0, 1, 1, 0, 1, IGNORE], [0, 1, 1, 0, 1, 1]] * 2)
    prediction = label_map([[0, 1, 0, 1, 2, 1], [0, 1, IGNORE, 2, 2, 1]] * 2)
    painted = error_map(GRAY, truth, prediction)
    outcomes = [None, "hit", "missed", "spurious", "wrong class", "ignored"]
    expected = [[100] * 3 if outcome is None else tinted(MISTAKES[outcome], 0.6) for outcome in outcomes]
    assert painted[0, :5].tolist() == expected[:5]
    assert painted[1].tolist() == [*expected[:5], expected[1]]
    assert painted[0, 5].tolist() in ([100] * 3, expected[5])  # a stripe or a gap


def test_where_every_class_is_real_only_mistakes_are_painted():
    painted = error_map(GRAY, halves(0, 1), halves(0, 2), background=None)
    assert painted[0, 0].tolist() == [100] * 3
    assert painted[0, 5].tolist() == tinted(MISTAKES["wrong class"], 0.6)


def test_a_sheet_holds_pictures_of_every_size_and_captions_of_every_script():
    pictures = [
        np.full((*size, 3), 10 * i, np.uint8) for i, size in enumerate([(1, 1), (3, 900), (900, 3), (64, 64), (40, 80)])
    ]
    sheet = contact_sheet(pictures, ["a" * 500, "zwei\nZeilen", "細胞 🙂", "", "e"], columns=2, cell=64)
    assert sheet.shape[1] == 2 * 64 + 3 * 6
    assert sheet.dtype == np.uint8
    assert len(contact_sheet(pictures[:1], ["a"], columns=4, cell=64)[0]) == 64 + 2 * 6


def test_small_pictures_are_enlarged_by_whole_factors_so_that_pixels_stay_square():
    picture = np.array([[[255, 0, 0], [0, 255, 0]]], np.uint8)
    sheet = contact_sheet([picture], [""], cell=65)
    red = (sheet == (255, 0, 0)).all(axis=2).sum()
    green = (sheet == (0, 255, 0)).all(axis=2).sum()
    assert red == green == 32 * 32


def test_an_empty_sheet_is_a_picture_too():
    assert contact_sheet([], []).size > 0


def test_every_picture_has_a_caption():
    with pytest.raises(ValueError, match="caption"):
        contact_sheet([GRAY, GRAY], ["one"])


@pytest.mark.real
def test_real_nuclei_are_painted_where_they_are(real_data):
    folder = real_data / "dsb2018_nuclei"
    name = "0bf4b144167694b6.png"
    labels = np.array(Image.open(folder / "masks" / name)).astype(np.int32)
    image = to_display(np.array(Image.open(folder / "images" / name))[:, :, None])
    objects = instances_from_labels(labels, CLASSES)
    painted = overlay(image, objects)
    np.testing.assert_array_equal(painted[labels == 0], image[labels == 0])
    changed = (painted != image).any(axis=2)[labels > 0].mean()
    assert changed > 0.99


def test_a_frame_lies_on_the_inner_rim_of_its_box():
    picture = np.zeros((6, 8, 3), np.uint8)
    white = framed(picture, (2, 1, 6, 5)).any(axis=2)
    expected = np.zeros((6, 8), bool)
    expected[1:5, 2:6] = True
    expected[2:4, 3:5] = False
    assert np.array_equal(white, expected)
    assert not picture.any()
