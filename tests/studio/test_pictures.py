"""What a page is shown: levels, tiles, windows of contrast, of images of any size and type."""

import io
import os

import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from maskwright.base.errors import ImageFileError
from maskwright.studio.objects import NotPossible
from maskwright.studio.order import helpful, looks_of
from maskwright.studio.pictures import Pictures, View, encoded, raw, shown, small
from maskwright.studio.pyramid import TILE, keep, kept_pyramid, levels_of, pyramid

BYTE = ((0.0, 255.0),) * 3


def test_each_level_is_the_mean_of_four_pixels_and_keeps_the_rim():
    image = np.zeros((3, TILE + 1, 1), np.uint8)
    image[0, 0] = 255
    image[2, TILE] = 100
    made = pyramid(image)
    assert [level.shape for level in made.levels] == [(3, TILE + 1, 1), (2, TILE // 2 + 1, 1)]
    assert made.levels[1][0, 0] == 64  # 255 / 4, rounded
    assert made.levels[1][1, TILE // 2] == 100  # a rim that is continued, not darkened


@pytest.mark.parametrize(("side", "count"), [(1, 1), (512, 1), (513, 2), (1025, 3), (20_000, 7)])
def test_levels_go_down_to_one_tile(side, count):
    assert levels_of((side, 1)) == levels_of((1, side)) == count


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_an_image_on_the_disk_is_the_one_in_memory(tmp_path, dtype):
    image = (np.random.default_rng(0).random((1300, 1100, 2)) * 250).astype(dtype)
    keep(tmp_path / "x", image)
    kept, made = kept_pyramid(tmp_path / "x"), pyramid(image)
    assert kept.ranges == made.ranges
    assert kept.bytes_in_memory == 0
    for z, level in enumerate(made.levels):
        assert (kept.levels[z] == level).all()
        assert kept.levels[z].dtype == dtype
    assert (kept.tile(0, 2, 2) == image[1024:, 1024:]).all()
    for nothing in ((0, 3, 0), (0, 0, 3), (9, 0, 0)):
        assert kept.tile(*nothing) is None


@given(st.integers(0, 1200), st.integers(0, 1200))
def test_tiles_cover_an_image_once(height, width):
    image = np.zeros((height + 1, width + 1, 1), np.uint8)
    made = pyramid(image)
    columns, rows = -(-image.shape[1] // TILE), -(-image.shape[0] // TILE)
    tiles = [made.tile(0, x, y) for y in range(rows) for x in range(columns)]
    assert sum(tile.size for tile in tiles) == image.size
    assert made.tile(0, columns, 0) is None


def test_windows_of_contrast():
    values = np.array([[[100], [200], [300], [1000]]], np.uint16)
    view = View(low=(100.0,), high=(300.0,))
    assert shown(values, ((0.0, 1.0),), view).ravel().tolist() == [0, 128, 255, 255]
    assert shown(values, ((100.0, 1000.0),), View()).ravel().tolist() == [0, 28, 57, 255]
    bright = shown(values, ((0.0, 1.0),), View(low=(100.0,), high=(300.0,), gamma=2.0))
    assert bright.ravel().tolist() == [0, 180, 255, 255]


def test_channels_become_gray_or_colours():
    values = np.arange(5 * 2, dtype=np.uint8).reshape(1, 2, 5)
    ranges = ((0.0, 255.0),) * 5
    assert shown(values, ranges, View()).shape == (1, 2, 3)
    assert shown(values, ranges, View(channels=(4,)))[0, 0].tolist() == [4]
    assert shown(values, ranges, View(channels=(4, 0)))[0, 1].tolist() == [9, 5, 0]
    each = View(channels=(0, 1), low=(0.0, 1.0), high=(5.0, 6.0))
    assert shown(values, ranges, each)[0, 1].tolist() == [255, 255, 0]
    wrong = (
        View(channels=(5,)), View(channels=(0, 1, 2, 3)), View(low=(5.0,), high=(5.0,)), View(gamma=0.0), View(low=(1.0, 2.0)),
    )  # fmt: skip
    for view in wrong:
        with pytest.raises(NotPossible):
            shown(values, ranges, view)


@pytest.mark.parametrize("format", ["png", "jpeg", "webp"])
@pytest.mark.parametrize("channels", [1, 3])
def test_pictures_are_files_that_others_read(format, channels):
    pixels = np.zeros((20, 30, channels), np.uint8)
    pixels[5:9, 5:20] = 255
    with Image.open(io.BytesIO(encoded(pixels, format))) as found:
        assert (found.format.lower(), found.size) == (format, (30, 20))
        seen = np.asarray(found.convert("L"))
    assert (np.abs(seen.astype(int) - pixels[..., 0]) <= (30 if format == "jpeg" else 0)).all()


def test_raw_values_are_little_endian():
    assert raw(np.array([[[258]]], np.dtype(">u2"))) == b"\x02\x01"


@pytest.mark.parametrize(("size_hw", "expected"), [((100, 50), (64, 32)), ((10, 20), (10, 20)), ((2000, 3), (64, 1))])
def test_small_pictures(size_hw, expected):
    assert small(pyramid(np.zeros((*size_hw, 3), np.uint8)), View(), 64).shape == (*expected, 3)


def test_images_are_decoded_once_and_again_when_they_change(tmp_path, monkeypatch):
    path = tmp_path / "a.png"
    Image.fromarray(np.zeros((10, 10), np.uint8)).save(path)
    pictures = Pictures(tmp_path / "project", max_pixels=10_000)
    first = pictures.get(path)
    assert pictures.get(path) is first
    Image.fromarray(np.full((10, 11), 9, np.uint8)).save(path)
    os.utime(path, ns=(1, 1))
    assert pictures.get(path).size_hw == (10, 11)
    with pytest.raises(ImageFileError, match="--max-pixels"):
        Pictures(tmp_path / "project", max_pixels=50).get(path)


def test_large_images_lie_in_the_cache_and_the_oldest_leave_it(tmp_path, monkeypatch):
    monkeypatch.setattr("maskwright.studio.pictures.LARGE_BYTES", 100)
    pictures = Pictures(tmp_path / "project", max_pixels=10_000)
    for number in range(2):
        tifffile.imwrite(tmp_path / f"{number}.tif", np.full((20, 20), number, np.uint16))
        assert pictures.get(tmp_path / f"{number}.tif").bytes_in_memory == 0
    assert len(list((tmp_path / "project" / "cache").iterdir())) == 2
    again = Pictures(tmp_path / "project", max_pixels=1)  # would be refused if it were decoded again
    assert again.get(tmp_path / "1.tif").tile(0, 0, 0).max() == 1
    monkeypatch.setattr("maskwright.studio.pictures.DISK_BYTES", 10)
    tifffile.imwrite(tmp_path / "2.tif", np.full((20, 20), 2, np.uint16))
    pictures.get(tmp_path / "2.tif")
    assert len(list((tmp_path / "project" / "cache").iterdir())) == 1


def test_memory_is_bounded_but_for_the_image_in_use(tmp_path):
    pictures = Pictures(tmp_path, max_pixels=10_000, memory_bytes=150)
    for number in range(3):
        Image.fromarray(np.full((10, 10), number, np.uint8)).save(tmp_path / f"{number}.png")
        pictures.get(tmp_path / f"{number}.png")
    assert len(pictures._kept) == 1


def test_the_most_uncertain_image_comes_first_and_none_like_it_next():
    dark, light = np.zeros((8, 8, 1), np.uint8), np.zeros((8, 8, 1), np.uint8)
    light[4:] = 255
    looks = {name: str(looks_of(image)) for name, image in (("dark", dark), ("light", light))}
    unsure = [0.9, 0.8, 0.5, None]
    assert helpful(unsure, [looks["dark"], looks["dark"], looks["light"], None]) == [0, 3, 2, 1]
    assert helpful([], []) == []
    assert len(looks_of(np.zeros((1, 1, 1), np.uint8))) == 32
