"""The values that a good image file gives: number types, bit depths, palettes, alpha and inks."""

import imagecodecs
import numpy as np
import pytest
import tifffile
from PIL import Image

from maskwright.formats.images import image_info, read_image
from some_images import COLORS, GRAY, png_chunk


@pytest.mark.parametrize("name", ["x.png", "x.tif", "x.bmp"])
@pytest.mark.parametrize("pixels", [COLORS, GRAY], ids=["rgb", "gray"])
def test_eight_bit_values_are_exact(tmp_path, name, pixels):
    path = tmp_path / name
    tifffile.imwrite(path, pixels) if name == "x.tif" else Image.fromarray(pixels).save(path)
    image = read_image(path)
    assert image.dtype == np.uint8
    assert np.array_equal(image, pixels.reshape(4, 5, -1))
    assert image.flags.c_contiguous
    info = image_info(path)
    assert (info.size_hw, info.channels, info.dtype, info.notes) == ((4, 5), image.shape[2], "uint8", ())


@pytest.mark.parametrize("shape", [(4, 5), (4, 5, 3), (4, 5, 2), (4, 5, 4)])
def test_no_channel_of_a_16_bit_png_is_cut_to_8_bits(tmp_path, shape):
    pixels = np.random.default_rng(0).integers(0, 65536, shape).astype(np.uint16)
    if len(shape) == 3 and shape[2] in (2, 4):
        pixels[..., -1] = 65535
    path = tmp_path / "x.png"
    path.write_bytes(imagecodecs.png_encode(pixels))
    image = read_image(path)
    expected = pixels[..., :-1] if len(shape) == 3 and shape[2] in (2, 4) else pixels
    assert image.dtype == np.uint16
    assert np.array_equal(image, expected.reshape(4, 5, -1))
    assert image_info(path).dtype == "uint16"
    assert image_info(path).channels == image.shape[2]


@pytest.mark.parametrize(
    ("dtype", "target"),
    [("int16", "float32"), ("int32", "float32"), ("uint32", "float32"), ("float64", "float32"), ("float16", "float32"),
     ("int8", "float32"), ("uint16", "uint16"), (">u2", "uint16"), ("bool", "uint8")],
)  # fmt: skip
def test_tiff_types_become_one_of_three(tmp_path, dtype, target):
    values = np.array([[0, 1, 1], [1, 0, 100]]).astype(dtype)
    path = tmp_path / "x.tif"
    tifffile.imwrite(path, values, byteorder=">" if dtype == ">u2" else "<")
    image = read_image(path)
    assert image.dtype == target
    assert image_info(path).dtype == target
    stored = 255 - 255 * values.astype(float) if dtype == "bool" else values  # tifffile writes bool as "0 is white"
    assert np.array_equal(image[..., 0], stored)


def test_negative_values_of_a_ct_are_kept(tmp_path):
    tifffile.imwrite(tmp_path / "ct.tif", np.array([[-1000, 3000]], np.int16))
    assert read_image(tmp_path / "ct.tif")[..., 0].tolist() == [[-1000.0, 3000.0]]


def test_a_palette_becomes_its_colours(tmp_path):
    image = Image.fromarray(np.array([[0, 1], [2, 1]], np.uint8))
    image.putpalette([10, 20, 30, 40, 50, 60, 70, 80, 90])
    image.save(tmp_path / "x.png")
    assert read_image(tmp_path / "x.png").tolist() == [[[10, 20, 30], [40, 50, 60]], [[70, 80, 90], [40, 50, 60]]]
    assert image_info(tmp_path / "x.png").channels == 3


def test_one_bit_becomes_0_and_255(tmp_path):
    Image.fromarray(np.array([[True, False]])).save(tmp_path / "x.png")
    assert read_image(tmp_path / "x.png")[..., 0].tolist() == [[255, 0]]


def test_opaque_alpha_is_left_out_and_transparent_pixels_lie_over_black(tmp_path):
    pixels = np.full((1, 3, 4), 200, np.uint8)
    pixels[..., 3] = 255
    Image.fromarray(pixels).save(tmp_path / "opaque.png")
    assert read_image(tmp_path / "opaque.png").tolist() == [[[200] * 3] * 3]
    pixels[0, :, 3] = [255, 51, 0]
    Image.fromarray(pixels).save(tmp_path / "clear.png")
    assert read_image(tmp_path / "clear.png").tolist() == [[[200] * 3, [40] * 3, [0] * 3]]
    assert "alpha" in image_info(tmp_path / "clear.png").notes[0]


def test_gray_with_alpha_stays_one_channel(tmp_path):
    Image.fromarray(np.array([[[100, 255], [100, 0]]], np.uint8), "LA").save(tmp_path / "x.png")
    assert read_image(tmp_path / "x.png").tolist() == [[[100], [0]]]
    assert image_info(tmp_path / "x.png").channels == 1


def test_a_transparent_colour_adds_no_channel(tmp_path):
    pixels = np.random.default_rng(5).integers(0, 65536, (4, 5, 3)).astype(np.uint16)
    content = imagecodecs.png_encode(pixels)
    place = content.index(b"IDAT") - 4
    (tmp_path / "x.png").write_bytes(content[:place] + png_chunk(b"tRNS", bytes(6)) + content[place:])
    assert np.array_equal(read_image(tmp_path / "x.png"), pixels)
    assert "transparent" in image_info(tmp_path / "x.png").notes[0]


@pytest.mark.parametrize("name", ["x.jpg", "x.tif"])
def test_cmyk_becomes_rgb(tmp_path, name):
    pixels = np.zeros((8, 8, 4), np.uint8)
    pixels[..., 1] = 255  # magenta ink only
    if name == "x.jpg":
        Image.fromarray(pixels, "CMYK").save(tmp_path / name)
    else:
        tifffile.imwrite(tmp_path / name, pixels, photometric="separated")
    assert np.abs(read_image(tmp_path / name).astype(int) - [255, 0, 255]).max() <= 3


def test_nan_and_infinity_become_the_median_of_their_channel_and_are_counted(tmp_path):
    values = np.array([[1, 2, 3, np.nan], [np.inf, -np.inf, 2, 2]], np.float32)
    tifffile.imwrite(tmp_path / "x.tif", values)
    assert read_image(tmp_path / "x.tif")[..., 0].tolist() == [[1, 2, 3, 2], [2, 2, 2, 2]]
    assert "3 values that are NaN or infinite" in image_info(tmp_path / "x.tif").notes[0]
    tifffile.imwrite(tmp_path / "all.tif", np.full((2, 2), np.nan, np.float32))
    assert not read_image(tmp_path / "all.tif").any()
