"""Which way up a good image file is read, the order of its axes, which of its frames, and by which name."""

import os
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
import tifffile
from PIL import Image, ImageOps

from maskwright.formats.images import image_info, read_image
from some_images import COLORS, GRAY


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("name", ["x.jpg", "x.png", "x.webp", "x.tif"])
def test_exif_orientation_is_applied_as_pillow_does(tmp_path, orientation, name):
    exif = Image.Exif()
    exif[0x0112] = orientation
    image = Image.fromarray(np.repeat(np.repeat(GRAY, 8, 0), 8, 1))
    image.save(tmp_path / name, exif=exif, **({"lossless": True} if name == "x.webp" else {}))
    reference = "x.jpg" if name == "x.jpg" else "reference.png"  # Pillow 13.0 mixes up the rows of a turned raw TIFF
    image.save(tmp_path / reference, exif=exif)
    expected = np.asarray(ImageOps.exif_transpose(Image.open(tmp_path / reference)))
    read = read_image(tmp_path / name)
    assert np.array_equal(read, np.broadcast_to(expected[..., None], read.shape))  # WebP makes RGB of gray
    info = image_info(tmp_path / name)
    assert (info.size_hw, info.orientation) == (read.shape[:2], orientation)


def test_broken_exif_costs_nothing_but_a_note(tmp_path):
    Image.fromarray(COLORS).save(tmp_path / "x.png", exif=b"Exif\0\0II*\0\xff\xff\xff\x7f garbage")
    assert np.array_equal(read_image(tmp_path / "x.png"), COLORS)
    Image.fromarray(COLORS).save(tmp_path / "icc.png", icc_profile=b"no profile at all")
    assert np.array_equal(read_image(tmp_path / "icc.png"), COLORS)


@pytest.mark.parametrize("axes", ["YXS", "SYX", "CYX"])
def test_channels_come_last_wherever_the_tiff_has_them(tmp_path, axes):
    pixels = np.random.default_rng(1).integers(0, 255, (6, 7, 5 if axes == "CYX" else 3)).astype(np.uint8)
    path = tmp_path / "x.tif"
    if axes == "YXS":
        tifffile.imwrite(path, pixels, photometric="rgb")
    elif axes == "SYX":
        tifffile.imwrite(path, np.moveaxis(pixels, -1, 0), photometric="rgb", planarconfig="separate")
    else:
        tifffile.imwrite(path, np.moveaxis(pixels, -1, 0), photometric="minisblack", imagej=True, metadata={"axes": "CYX"})
    assert np.array_equal(read_image(path), pixels)
    assert image_info(path).channels == pixels.shape[2]


@pytest.mark.parametrize("size_hw", [(1, 1), (1, 7), (7, 1), (3, 500)])
@pytest.mark.parametrize("name", ["x.png", "x.tif"])
def test_thin_images_keep_both_axes(tmp_path, size_hw, name):
    pixels = np.random.default_rng(2).integers(0, 255, size_hw).astype(np.uint8)
    tifffile.imwrite(tmp_path / name, pixels) if name == "x.tif" else Image.fromarray(pixels).save(tmp_path / name)
    assert np.array_equal(read_image(tmp_path / name)[..., 0], pixels)
    assert image_info(tmp_path / name).size_hw == size_hw


def test_a_thin_rgb_tiff(tmp_path):
    tifffile.imwrite(tmp_path / "x.tif", COLORS[:1], photometric="rgb")
    assert np.array_equal(read_image(tmp_path / "x.tif"), COLORS[:1])


def test_content_counts_and_not_the_name(tmp_path):
    Image.fromarray(COLORS).save(tmp_path / "x.png")
    (tmp_path / "x.png").rename(tmp_path / "x.jpg")
    assert np.array_equal(read_image(tmp_path / "x.jpg"), COLORS)
    assert image_info(tmp_path / "x.jpg").notes == ("called .jpg, but a PNG file",)


@pytest.mark.parametrize("name", ["x.gif", "x.png", "x.webp"])
def test_of_an_animation_the_first_frame_is_read_and_a_note_says_so(tmp_path, name):
    frames = [Image.fromarray(np.full((4, 4, 3), level, np.uint8)) for level in (0, 100, 200)]
    options = {"lossless": True} if name == "x.webp" else {}
    frames[0].save(tmp_path / name, save_all=True, append_images=frames[1:], **options)
    assert not read_image(tmp_path / name).any()
    assert "first frame" in " ".join(image_info(tmp_path / name).notes)


def test_of_several_tiff_images_the_first_is_read_and_a_note_says_so(tmp_path):
    with tifffile.TiffWriter(tmp_path / "x.tif") as writer:
        writer.write(GRAY, photometric="minisblack")
        writer.write(GRAY[:2], photometric="minisblack")
    assert np.array_equal(read_image(tmp_path / "x.tif")[..., 0], GRAY)
    assert "only the first" in image_info(tmp_path / "x.tif").notes[0]


@pytest.mark.parametrize("name", [b"caf\xe9.png", "zelle ü 🙂.png".encode(), b"-rf.png", b"two\nlines.png", b'quote".png'])
def test_any_file_name_works(tmp_path, name):
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name))
    path.write_bytes(imagecodecs.png_encode(COLORS))
    assert np.array_equal(read_image(path), COLORS)
