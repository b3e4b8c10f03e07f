"""A fingerprint counts what is there, exactly, and says it in words."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from maskwright.base.errors import DataError
from maskwright.data.dataset import read
from maskwright.data.fingerprint import Fingerprint, fingerprint


def write(folder: Path, name: str, image, mask) -> None:
    for kind, array in (("images", image), ("masks", mask)):
        (folder / kind).mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.asarray(array)).save(folder / kind / f"{name}.png")


def two_images(folder: Path):
    """Two 20x30 gray images: squares of 4 and 16 pixels of class 1; 8 pixels of class 2, and 10 to leave out."""
    first, second = np.zeros((20, 30), np.uint8), np.zeros((20, 30), np.uint8)
    first[2:4, 2:4], first[10:14, 10:14] = 1, 1
    second[5:7, 5:9] = 2
    second[0, :10] = 255
    write(folder, "a", np.full((20, 30), 100, np.uint8), first)
    write(folder, "b", np.full((20, 30), 200, np.uint8), second)
    return read(folder, ignore=(255,))


def test_two_small_images_by_hand(tmp_path):
    made = fingerprint(two_images(tmp_path))
    assert (made.images, made.channels, made.dtypes) == (2, 1, ("uint8",))
    assert made.sizes_hw == ((20, 30), (20, 30))
    assert made.class_pixels == (1200 - 20 - 8 - 10, 20, 8)
    assert made.ignored_pixels == 10
    assert made.ignored_share == 10 / 1200
    assert made.images_with_class == (2, 1, 1)
    assert made.class_widths[1:] == (4 * 20 / (8 + 16), 4 * 8 / 12)
    assert made.object_sizes[0] is None
    assert made.object_sizes[1] == pytest.approx((5.2, 10.0, 14.8))  # of 4 and 16
    assert made.object_sizes[2] == (8.0, 8.0, 8.0)
    assert made.objects_per_image == 1.5
    assert made.class_shares == pytest.approx((1162 / 1190, 20 / 1190, 8 / 1190))
    (gray,) = made.intensity
    assert (gray.low, gray.high, gray.mean, gray.std) == (100, 200, 150, 50)


def test_colour_is_how_far_channels_differ(tmp_path):
    ids = np.eye(10, dtype=np.uint8)
    write(tmp_path / "red", "a", np.tile(np.array([[[102, 0, 51]]], np.uint8), (10, 10, 1)), ids)
    assert fingerprint(read(tmp_path / "red")).color == pytest.approx(0.4)
    write(tmp_path / "gray", "a", np.tile(np.array([[[90, 90, 90]]], np.uint8), (10, 10, 1)), ids)
    assert fingerprint(read(tmp_path / "gray")).color == 0
    assert fingerprint(two_images(tmp_path / "one-channel")).color == 0


def test_images_count_alike_in_the_intensities_whatever_their_size(tmp_path):
    """An image gives at most a fixed number of its pixels, so that one slide does not outweigh a hundred small images."""
    ones = np.tile(np.eye(10, dtype=np.uint8), (10, 20))
    write(tmp_path, "large", np.full((100, 200), 50, np.uint8), ones)
    write(tmp_path, "larger", np.full((400, 200), 150, np.uint8), np.tile(ones, (4, 1)))
    (gray,) = fingerprint(read(tmp_path)).intensity
    assert (gray.mean, gray.low, gray.high) == (100, 50, 150)


@pytest.mark.parametrize(("width", "expected"), [(2, 2), (6, 6), (10, 10)])
def test_thickness_of_a_bar_is_its_width(tmp_path, width, expected):
    mask = np.zeros((60, 90), np.uint8)
    mask[20 : 20 + width, 5:85] = 1
    write(tmp_path, "a", np.arange(5400, dtype=np.uint16).reshape(60, 90), mask)
    made = fingerprint(read(tmp_path))
    assert made.thickness == pytest.approx(expected, abs=1)
    assert made.dtypes == ("uint16",)


def test_objects_that_touch_are_counted_one_by_one_where_they_are_numbered(tmp_path):
    labels = np.zeros((60, 60), np.uint16)
    for number in range(36):
        labels[10 * (number // 6) : 10 * (number // 6) + 10, 10 * (number % 6) : 10 * (number % 6) + 10] = number + 1
    write(tmp_path, "a", np.zeros((60, 60), np.uint8), labels)
    made = fingerprint(read(tmp_path, kind="instances"))
    assert (made.objects_per_image, made.most_objects) == (36, 36)
    assert (made.touching, made.overlap, made.extent, made.sides) == (1, 0, 10, (10, 10))
    assert made.object_sizes[1] == (100, 100, 100)
    assert made.thickness == pytest.approx(10, abs=1)


def test_without_numbered_objects_their_extent_is_not_known(tmp_path):
    mask = np.zeros((20, 30), np.uint8)
    mask[5:9, 5:9] = 1
    write(tmp_path, "a", np.zeros((20, 30), np.uint8), mask)
    made = fingerprint(read(tmp_path))
    assert (made.extent, made.sides) == (None, None)


def test_no_foreground_is_said_and_not_divided_by(tmp_path):
    write(tmp_path, "a", np.zeros((20, 30), np.uint8), np.zeros((20, 30), np.uint8))
    made = fingerprint(read(tmp_path))
    assert (made.thickness, made.objects_per_image, made.object_sizes[1]) == (None, 0, None)
    assert made.words()[-1] == "There is no foreground."


def test_mixed_channels_are_an_error_that_counts_the_kinds_and_names_one_of_each(tmp_path):
    mask = np.eye(20, dtype=np.uint8)
    for name in ("a", "b"):
        write(tmp_path, name, np.zeros((20, 20), np.uint8), mask)
    write(tmp_path, "c", np.zeros((20, 20), np.uint8), mask)
    (tmp_path / "images" / "c.png").unlink()
    tifffile.imwrite(
        tmp_path / "images" / "c.tif", np.zeros((20, 20, 5), np.uint8), photometric="minisblack", planarconfig="contig"
    )
    with pytest.raises(DataError, match=r"2 with 1 \(such as a\); 1 with 5 \(such as c\)"):
        fingerprint(read(tmp_path))


def test_no_images_are_an_error(tmp_path):
    with pytest.raises(DataError, match="no images"):
        fingerprint(two_images(tmp_path).with_records(()))


def test_progress_is_told_for_every_image(tmp_path):
    calls = []
    fingerprint(two_images(tmp_path), progress=lambda done, total: calls.append((done, total)))
    assert calls == [(1, 2), (2, 2)]


def test_a_fingerprint_is_repeatable_and_comes_back_from_json(tmp_path):
    data = two_images(tmp_path)
    made = fingerprint(data)
    assert fingerprint(data) == made
    assert Fingerprint.from_json(json.loads(json.dumps(made.to_json()))) == made


@pytest.mark.parametrize("change", [{"intensity": None}, {"sizes_hw": [1]}, {"images": "many"}])
def test_a_damaged_fingerprint_is_an_error(tmp_path, change):
    value = fingerprint(two_images(tmp_path)).to_json() | change
    with pytest.raises(DataError, match="no fingerprint"):
        Fingerprint.from_json(value)


def test_the_words_name_sizes_classes_and_objects(tmp_path):
    made = fingerprint(two_images(tmp_path))
    words = " ".join(made.words())
    assert "2 gray images, 30 x 20 pixels (width x height), uint8." in words
    assert "class 2: 0.7% of the pixels, in 1 of 2 images, in areas of typically 8 pixels" in words
    assert "0.8% of all pixels are marked to be left out." in words
    net = replace(made, thickness=4.0, object_sizes=(None, (10.0, 20.0, 90_000.0), None))
    assert "thin and long, like lines or nets" in net.words()[-1]


@pytest.mark.real
def test_membranes_are_told_from_nuclei(real_data):
    membranes = fingerprint(read(real_data / "isbi2012_em").with_records(read(real_data / "isbi2012_em").records[:6]))
    nuclei = fingerprint(read(real_data / "stardist_sample"))
    assert membranes.thickness == pytest.approx(6, abs=1.5)
    assert "like lines or nets" in membranes.words()[-1]
    assert nuclei.thickness > 15
    assert nuclei.objects_per_image == 125
    assert "compact" in nuclei.words()[-1]
