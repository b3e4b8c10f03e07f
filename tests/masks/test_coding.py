from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskwright.base.errors import DataError, MaskValueError
from maskwright.masks.classes import IGNORE, Classes
from maskwright.masks.coding import MaskCoding, RawMask, repair_nearest
from maskwright.masks.convert import instances_to_labels
from maskwright.masks.types import Instances, LabelMap

PATH = Path("masks/a.png")
AB = Classes.named("background", "cell")
BINARY = MaskCoding("binary", ((0, 0), (1, 1), (255, 1)), (), AB)
COLORS = MaskCoding("colors", (((0, 0, 0), 0), ((255, 0, 0), 1)), ((255, 255, 255),), AB)


def gray(*rows: list[int], dtype: str = "uint8") -> RawMask:
    return RawMask(np.array(rows, dtype))


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int32", "int64", "uint32"])
def test_values_become_classes_in_every_integer_type(dtype):
    label_map = BINARY.decode(gray([0, 255], [1, 0], dtype=dtype), PATH)
    assert isinstance(label_map, LabelMap)
    assert label_map.ids.tolist() == [[0, 1], [1, 0]]


def test_ignored_values_become_ignore():
    coding = MaskCoding("class-ids", ((0, 0), (1, 1)), (255, -1), AB)
    assert coding.decode(gray([0, 255]), PATH).ids.tolist() == [[0, IGNORE]]
    assert coding.decode(gray([1, -1], dtype="int16"), PATH).ids.tolist() == [[1, IGNORE]]


def test_an_unknown_value_is_named_with_its_pixels_and_its_neighbours():
    coding = MaskCoding("class-ids", ((0, 0), (5, 1)), (), AB)
    with pytest.raises(MaskValueError) as caught:
        coding.decode(gray([0, 7, 7], [5, 0, 200]), PATH)
    message = str(caught.value)
    assert "masks/a.png" in message
    assert "7 in 2 pixels (nearest known: 5)" in message
    assert "200 in 1 pixels" in message
    assert "--ignore 7" in message


@pytest.mark.parametrize("value", [70000, -3])
def test_values_beyond_any_table_are_unknown_too(value):
    with pytest.raises(MaskValueError, match=str(value)):
        BINARY.decode(gray([0, value], dtype="int32"), PATH)


def test_colours_become_classes_and_unknown_ones_are_named_as_hex():
    raw = RawMask(np.array([[[0, 0, 0], [255, 0, 0], [255, 255, 255]]], np.uint8))
    assert COLORS.decode(raw, PATH).ids.tolist() == [[0, 1, IGNORE]]
    with pytest.raises(MaskValueError, match=r"#FE0000 in 1 pixels \(nearest known: #FF0000\)"):
        COLORS.decode(RawMask(np.array([[[254, 0, 0]]], np.uint8)), PATH)


def test_a_gray_mask_among_colour_masks_and_the_reverse():
    assert COLORS.decode(gray([0, 255]), PATH).ids.tolist() == [[0, IGNORE]]
    assert BINARY.decode(RawMask(np.full((1, 2, 3), 255, np.uint8)), PATH).ids.tolist() == [[1, 1]]
    with pytest.raises(MaskValueError, match="holds colours"):  # blue packs to 255, and is not the gray level 255
        BINARY.decode(RawMask(np.array([[[0, 0, 255], [0, 0, 0]]], np.uint8)), PATH)


def test_a_palette_mask_is_read_by_index_or_by_colour():
    raw = RawMask(np.array([[0, 1]], np.uint8), palette=((0, 0, 0), (255, 0, 0)))
    assert BINARY.decode(raw, PATH).ids.tolist() == [[0, 1]]
    assert COLORS.decode(raw, PATH).ids.tolist() == [[0, 1]]


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int32", "uint32"])
def test_every_number_is_an_object(dtype):
    coding = MaskCoding("instances", ((0, 0),), (99,), AB)
    instances = coding.decode(gray([0, 7, 7], [40, 0, 99], dtype=dtype), PATH)
    assert isinstance(instances, Instances)
    assert instances_to_labels(instances).tolist() == [[0, 1, 1], [2, 0, 0]]
    assert instances.class_ids.tolist() == [1, 1]
    assert instances.ignored.tolist() == [[False] * 3, [False, False, True]]
    assert coding.decode(gray([0, 1], dtype=dtype), PATH).ignored is None


def test_negative_object_numbers_are_refused_unless_ignored():
    with pytest.raises(MaskValueError, match="--ignore -1"):
        MaskCoding("instances", ((0, 0),), (), AB).decode(gray([-1, 2], dtype="int32"), PATH)
    decoded = MaskCoding("instances", ((0, 0),), (-1,), AB).decode(gray([-1, 2], dtype="int32"), PATH)
    assert len(decoded) == 1


def test_repair_takes_the_nearest_legal_value():
    assert repair_nearest(gray([3, 126, 127, 129, 250]), (0, 255)).values.tolist() == [[0, 0, 0, 255, 255]]
    colors = RawMask(np.array([[[250, 3, 2], [5, 5, 9]]], np.uint8))
    assert repair_nearest(colors, ((0, 0, 0), (255, 0, 0))).values.tolist() == [[[255, 0, 0], [0, 0, 0]]]
    repairing = MaskCoding("binary", ((0, 0), (255, 1)), (), AB, nearest=True)
    assert repairing.decode(gray([3, 250]), PATH).ids.tolist() == [[0, 1]]


@given(st.lists(st.integers(0, 255), min_size=1, max_size=6, unique=True), st.integers(0, 2**32 - 1))
def test_legal_values_are_left_alone_by_repair(legal, seed):
    values = np.random.default_rng(seed).choice(legal, (4, 5)).astype(np.uint8)
    assert np.array_equal(repair_nearest(RawMask(values), legal).values, values)


@given(st.integers(0, 2**32 - 1))
def test_decoding_equals_looking_every_pixel_up(seed):
    rng = np.random.default_rng(seed)
    table = {
        int(value): int(class_id) for value, class_id in zip(rng.choice(1000, 4, False), rng.integers(0, 3, 4), strict=True)
    }
    coding = MaskCoding("class-ids", tuple(table.items()), (2000,), Classes.named("a", "b", "c"))
    values = rng.choice([*table, 2000], (6, 7))
    expected = [[table.get(int(value), IGNORE) for value in row] for row in values]
    for dtype in ("uint16", "int64"):
        assert coding.decode(RawMask(values.astype(dtype)), PATH).ids.tolist() == expected


@pytest.mark.parametrize("coding", [BINARY, COLORS, MaskCoding("instances", ((0, 0),), (7,), AB, nearest=True)])
def test_a_coding_comes_back_from_json(coding):
    assert MaskCoding.from_json(coding.to_json()) == coding


def test_a_wrong_coding_is_refused():
    with pytest.raises(DataError, match="class ids from 0 to 1"):
        MaskCoding("binary", ((0, 0), (1, 2)), (), AB)
    with pytest.raises(DataError, match="with 0 values"):
        MaskCoding("binary", (), (), AB)
    with pytest.raises(DataError, match="cannot be a class and ignored"):
        MaskCoding("binary", ((0, 0), (1, 1)), (1,), AB)
    with pytest.raises(DataError, match="wrong at"):
        MaskCoding.from_json({"kind": "binary"})
