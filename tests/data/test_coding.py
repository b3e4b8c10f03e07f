from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from maskwright.data.coding import CodingError, CodingOptions, check_known, histogram, infer
from maskwright.formats import read_mask
from maskwright.masks.classes import PALETTE, Classes
from maskwright.masks.coding import MaskCoding, RawMask

SIZE = 40


def seen(*masks: np.ndarray, **named):
    """The histograms of masks called 0.png, 1.png ..."""
    return [histogram(RawMask(mask, **named), Path(f"{i}.png")) for i, mask in enumerate(masks)]


def areas(*values: int, dtype: str = "uint8", scattered: bool = True) -> np.ndarray:
    """Stripes of these values, each value in two places where they are scattered."""
    stripes = np.repeat(np.array(values, dtype), 4)
    stripes = np.concatenate([stripes, stripes]) if scattered else stripes
    return np.tile(stripes, (SIZE, 1))


def objects(count: int, dtype: str = "uint16") -> np.ndarray:
    """Squares of 3 x 3 with the numbers 1 to count."""
    mask = np.zeros((SIZE, SIZE), dtype)
    for i in range(count):
        row, column = divmod(i, SIZE // 4)
        mask[4 * row : 4 * row + 3, 4 * column : 4 * column + 3] = i + 1
    return mask


# What is inferred


@pytest.mark.parametrize("high", [1, 255, 77])
def test_zero_and_one_other_value_is_binary(high):
    found = infer(seen(areas(0, high), areas(0, high)))
    assert found.coding.kind == "binary"
    assert found.coding.values == ((0, 0), (high, 1))
    assert found.coding.classes.names == ("background", "foreground")
    assert found.words == (f"masks hold 0 and {high} in 2 files: binary, {high} is class 1 'foreground'",)
    assert found.doubts == ()


def test_a_mixture_of_0_1_and_0_255_is_taken_and_told():
    found = infer(seen(areas(0, 1), areas(0, 255), areas(0, 255)))
    assert found.coding.values == ((0, 0), (1, 1), (255, 1))
    assert "0 and 1 (1 files, 0.png is one)" in found.doubts[0]
    with pytest.raises(CodingError) as caught:  # in one file it is no mixture
        infer(seen(areas(0, 1, 255)))
    assert caught.value.code == "undeclared-ignore"


@pytest.mark.parametrize("value", [0, 255])
def test_masks_of_one_value_are_binary_and_empty_ones_are_told(value):
    found = infer(seen(areas(value)))
    assert found.coding.kind == "binary"
    assert dict(found.coding.values)[value] == (1 if value else 0)
    assert bool(found.doubts) == (value == 0)


def test_small_dense_numbers_are_class_ids():
    found = infer(seen(areas(0, 1), areas(2, 3, 4)))
    assert found.coding.kind == "class-ids"
    assert found.coding.classes.names == ("background", "class 1", "class 2", "class 3", "class 4")
    assert [info.color for info in found.coding.classes] == list(PALETTE[:5])
    assert found.words == ("masks hold 0 to 4 in 2 files: class ids, a value is the class of its number",)


def test_class_ids_that_never_occur_are_told():
    found = infer(seen(areas(0, 1, 5)))
    assert len(found.coding.classes) == 6
    assert "2 to 4" not in found.words[0]
    assert found.doubts[0] == "The class ids 2, 3 and 4 occur in no mask."


@pytest.mark.parametrize("mark", [255, 65535])
def test_255_above_class_ids_must_be_declared(mark):
    masks = seen(areas(0, 1, 2, mark, dtype="uint16"), areas(0, 1, dtype="uint16"))
    with pytest.raises(CodingError, match=f"--ignore {mark}") as caught:
        infer(masks)
    assert (caught.value.code, caught.value.files) == ("undeclared-ignore", (Path("0.png"),))
    found = infer(masks, CodingOptions(ignore=(mark,)))
    assert found.coding.ignore == (mark,)
    assert len(found.coding.classes) == 3
    assert f"{mark} marks 320 pixels to leave out" in found.words


def test_gray_levels_far_apart_are_numbered_in_their_order():
    found = infer(seen(areas(0, 50, 100), areas(0, 150)))
    assert found.coding.values == ((0, 0), (50, 1), (100, 2), (150, 3))
    assert "100 is class 2 'class 2'" in found.words[0]
    assert "numbered in their order" in found.doubts[0]
    named = infer(seen(areas(0, 50, 100)), CodingOptions(class_names=("a", "b", "c")))
    assert named.coding.classes.names == ("a", "b", "c")
    assert named.doubts == ()


def test_palette_indices_take_the_palettes_colours():
    palette = ((0, 0, 0), (128, 0, 0), (0, 128, 0))
    found = infer(seen(areas(0, 1, 2), palette=palette))
    assert "palette indices" in found.words[0]
    assert tuple(info.color for info in found.coding.classes) == palette


def test_many_numbers_in_a_file_that_are_one_part_each_are_objects():
    found = infer(seen(objects(60, "uint8"), objects(50, "uint8")))
    assert found.coding.kind == "instances"
    assert found.coding.values == ((0, 0),)
    assert found.coding.classes.names == ("background", "object")
    assert found.coding.classes[1].is_thing
    assert "up to 60 numbers" in found.words[0]


def test_numbers_from_1_on_in_16_bits_are_objects():
    assert infer(seen(objects(3), objects(5), objects(0))).coding.kind == "instances"


def test_scattered_numbers_in_16_bits_are_classes():
    assert infer(seen(areas(0, 1, 2, 3, dtype="uint16"), areas(0, 1, dtype="uint16"))).coding.kind == "class-ids"


def test_8_bit_numbers_that_could_be_organs_are_classes_with_a_doubt():
    found = infer(seen(objects(3, "uint8"), objects(5, "uint8")))
    assert found.coding.kind == "class-ids"
    assert "--kind instances" in found.doubts[0]


def test_many_scattered_values_are_not_guessed():
    rng = np.random.default_rng(0)
    mask = np.repeat(np.repeat(rng.choice(np.arange(0, 60000, 600), (30, 30)), 3, 0), 3, 1).astype(np.uint16)
    with pytest.raises(CodingError, match="neither a few classes nor connected objects") as caught:
        infer(seen(mask))
    assert caught.value.code == "unclear-values"


# What a person says


def test_a_kind_that_is_said_is_not_inferred():
    assert infer(seen(areas(0, 1, 2)), CodingOptions(kind="instances")).coding.kind == "instances"
    assert infer(seen(objects(60)), CodingOptions(kind="class-ids")).coding.kind == "class-ids"
    found = infer(seen(areas(0, 1)), CodingOptions(kind="class-ids"))
    assert found.coding.classes.names == ("background", "class 1")


def test_foreground_says_which_value_is_the_object():
    found = infer(seen(areas(0, 255)), CodingOptions(foreground=0))
    assert found.coding.values == ((0, 1), (255, 0))
    found = infer(seen(areas(1, 2, 3)), CodingOptions(foreground=1, ignore=(3,)))
    assert dict(found.coding.values) == {0: 0, 1: 1, 2: 0}
    with pytest.raises(CodingError) as caught:
        infer(seen(areas(0, 128, 255)), CodingOptions(foreground=255))
    assert caught.value.code == "not-binary"


def test_class_names_that_are_too_few_are_refused_with_the_file():
    with pytest.raises(CodingError, match=r"0\.png: the mask holds 7, but there are 5 classes \(0 to 4\)"):
        infer(seen(areas(0, 1, 7)), CodingOptions(class_names=("a", "b", "c", "d", "e")))
    found = infer(seen(areas(0, 1)), CodingOptions(class_names=("a", "b", "c")))
    assert found.coding.kind == "class-ids"
    assert found.doubts == ("The class ids 2 occur in no mask.",)


def test_one_name_names_the_object():
    assert infer(seen(areas(0, 255)), CodingOptions(class_names=("cell",))).coding.classes.names == ("background", "cell")


def test_negative_values_must_be_ignored_or_are_refused():
    masks = seen(areas(-1, 0, 1, dtype="int16"))
    with pytest.raises(CodingError, match="--ignore -1"):
        infer(masks)
    assert infer(masks, CodingOptions(ignore=(-1,))).coding.kind == "binary"


def test_no_mask_is_an_error():
    with pytest.raises(CodingError, match="no mask"):
        infer([])


# Colours


def painted(*colors: tuple[int, int, int]) -> np.ndarray:
    return np.array(colors, np.uint8)[areas(*range(len(colors)))]


RED, BLUE, GREEN, BLACK, WHITE = (255, 0, 0), (0, 0, 255), (0, 255, 0), (0, 0, 0), (255, 255, 255)


def test_colours_are_refused_with_a_table_to_fill_in():
    with pytest.raises(CodingError) as caught:
        infer(seen(painted(BLACK, RED, BLUE), painted(BLACK, GREEN)))
    assert caught.value.code == "undeclared-colors"
    assert '--colors "#000000=background,#0000FF=class 1,#00FF00=class 2,#FF0000=class 3"' in str(caught.value)


def test_a_table_of_colours_is_used_and_two_colours_may_be_one_class():
    options = CodingOptions(colors={BLACK: "land", RED: "house", BLUE: "land"}, ignore=(WHITE,))
    found = infer(seen(painted(BLACK, RED, BLUE, WHITE)), options)
    assert found.coding.classes.names == ("land", "house")
    assert found.coding.classes[1].color == RED
    raw = RawMask(np.array([[BLACK, RED, BLUE, WHITE]], np.uint8))
    assert found.coding.decode(raw, Path("x")).ids.tolist() == [[0, 1, 0, 65535]]


def test_a_colour_in_no_table_is_named_with_its_pixels():
    with pytest.raises(CodingError, match="#0000FF in 320 pixels of 1 files"):
        infer(seen(painted(BLACK, RED, BLUE)), CodingOptions(colors={BLACK: "a", RED: "b"}))


def test_black_and_one_colour_is_binary():
    found = infer(seen(painted(BLACK, BLUE), painted(BLACK)))
    assert found.coding.values == ((BLACK, 0), (BLUE, 1))
    assert "#0000FF is class 1 'foreground'" in found.words[0]


def test_gray_saved_as_rgb_is_gray():
    found = infer(seen(painted(BLACK, WHITE)))
    assert found.coding.values == ((0, 0), (255, 1))


def test_too_many_colours_are_no_table():
    colors = [(i, 2 * i, 255 - i) for i in range(40)]
    with pytest.raises(CodingError, match="40 colours") as caught:
        infer(seen(painted(*colors)))
    assert caught.value.code == "too-many-colors"
    assert infer(seen(painted(*colors)), CodingOptions(kind="instances")).coding.kind == "instances"


# Damage


def circle(*values: int) -> np.ndarray:
    """A disc on a ground, and the second half of the values in another disc."""
    rows, columns = np.mgrid[:120, :120]
    mask = np.full((120, 120), values[0], np.uint8)
    for i, value in enumerate(values[1:]):
        mask[(rows - 40 - 35 * i) ** 2 + (columns - 40 - 35 * i) ** 2 < 400] = value
    return mask


def jpeg(mask: np.ndarray, path: Path) -> RawMask:
    Image.fromarray(mask).save(path, quality=75)
    return read_mask(path)


def resized(mask: np.ndarray) -> np.ndarray:
    return np.asarray(Image.fromarray(mask).resize((170, 170), Image.Resampling.BICUBIC))


def test_jpeg_masks_are_refused_and_repaired_when_asked(tmp_path):
    mask = circle(0, 255)
    raw = jpeg(mask, tmp_path / "x.jpg")
    masks = [histogram(raw, tmp_path / "x.jpg")]
    with pytest.raises(CodingError, match="JPEG") as caught:
        infer(masks)
    assert caught.value.code == "damaged-masks"
    assert "--repair nearest" in str(caught.value)
    assert "nearest of 0, 255" in str(caught.value)
    found = infer(masks, CodingOptions(repair="nearest"))
    assert found.coding.nearest
    assert found.coding.kind == "binary"
    assert np.mean(found.coding.decode(raw, tmp_path).ids == (mask > 0)) > 0.995
    assert "Repaired" in found.doubts[0]


def test_the_damage_is_seen_in_a_png_too(tmp_path):
    """A JPEG mask saved again as PNG, and a mask resized smoothly."""
    for mask in (jpeg(circle(0, 255), tmp_path / "x.jpg").values, resized(circle(0, 255)), resized(circle(0, 100, 200))):
        with pytest.raises(CodingError) as caught:
            infer(seen(mask))
        assert caught.value.code == "damaged-masks"


def test_three_gray_levels_are_repaired(tmp_path):
    mask = circle(0, 100, 200)
    raw = jpeg(mask, tmp_path / "x.jpg")
    found = infer([histogram(raw, tmp_path / "x.jpg")], CodingOptions(repair="nearest"))
    assert [value for value, _ in found.coding.values] == [0, 100, 200]
    assert np.mean(found.coding.decode(raw, tmp_path).ids == mask // 100) > 0.98


def test_colour_masks_are_repaired_to_the_table(tmp_path):
    colors = np.array([BLACK, RED, BLUE], np.uint8)
    Image.fromarray(colors[circle(0, 1, 2)]).save(tmp_path / "x.jpg", quality=90, subsampling=0)
    raw = read_mask(tmp_path / "x.jpg")
    options = CodingOptions(colors={BLACK: "a", RED: "b", BLUE: "c"}, repair="nearest")
    found = infer([histogram(raw, tmp_path / "x.jpg")], options)
    assert np.mean(found.coding.decode(raw, tmp_path).ids == circle(0, 1, 2)) > 0.99


def test_class_ids_ruined_by_jpeg_cannot_be_repaired(tmp_path):
    with pytest.raises(CodingError, match="cannot be repaired"):
        infer([histogram(jpeg(circle(0, 1, 2), tmp_path / "x.jpg"), tmp_path / "x.jpg")], CodingOptions(repair="nearest"))


def test_damage_beside_whole_masks_is_repaired_to_their_values_if_these_lie_apart(tmp_path):
    damaged = histogram(jpeg(circle(0, 250), tmp_path / "x.jpg"), tmp_path / "x.jpg")
    found = infer([*seen(areas(0, 255)), damaged], CodingOptions(repair="nearest"))
    assert found.coding.values == ((0, 0), (255, 1))
    with pytest.raises(CodingError, match="cannot be repaired"):  # a 1 may be the foreground or what JPEG made of 0
        infer([*seen(areas(0, 1)), damaged], CodingOptions(repair="nearest"))


def test_objects_ruined_by_jpeg_cannot_be_repaired(tmp_path):
    damaged = histogram(jpeg(circle(0, 100, 200), tmp_path / "x.jpg"), tmp_path / "x.jpg")
    with pytest.raises(CodingError, match="cannot be repaired"):
        infer([damaged], CodingOptions(kind="instances", repair="nearest"))


def test_an_empty_jpeg_mask_is_not_damaged(tmp_path):
    raw = jpeg(np.zeros((16, 16), np.uint8), tmp_path / "x.jpg")
    assert infer([histogram(raw, tmp_path / "x.jpg")]).coding.kind == "binary"


def test_whole_masks_are_never_called_damaged():
    rng = np.random.default_rng(0)
    blobs = np.kron(rng.integers(0, 150, (20, 20)), np.ones((4, 4))).astype(np.uint8)
    for mask in (objects(100, "uint8"), objects(100), blobs, areas(*range(30)), circle(0, 255)):
        assert not seen(mask)[0].damaged


def test_objects_one_pixel_thin_look_damaged_until_they_are_declared():
    lines = np.zeros((200, 60), np.uint8)
    lines[::2] = np.arange(1, 101)[:, None]
    with pytest.raises(CodingError, match="--kind instances"):
        infer(seen(lines))
    assert infer(seen(lines), CodingOptions(kind="instances")).coding.kind == "instances"


# A coding that is given


def test_masks_are_held_against_a_given_coding():
    coding = MaskCoding("class-ids", ((0, 0), (1, 1)), (255,), Classes.named("a", "b"))
    check_known(seen(areas(0, 1, 255)), coding)
    with pytest.raises(CodingError, match=r"1\.png: .* 7 in 320 pixels"):
        check_known(seen(areas(0, 1), areas(0, 7)), coding)
    with pytest.raises(CodingError, match=r"0\.png"):
        check_known(seen(painted(BLACK, BLUE)), coding)
