"""Files that are no image, too large, or damaged are refused in words, and never half read."""

import json
import os
import struct
import zlib
from contextlib import suppress
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from maskwright.base.errors import ImageFileError
from maskwright.formats.images import image_info, read_image
from some_images import GRAY, png_chunk

# What is no image, or more than one


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"<!DOCTYPE html><html>404</html>", "looks like HTML"),
        (b"\xef\xbb\xbf  <html>", "looks like HTML"),
        (json.dumps({"error": "denied"}).encode(), "looks like JSON"),
        (b"version https://git-lfs.github.com/spec/v1\n", "git lfs pull"),
        (b"just some words", "looks like text"),
        (bytes(128) + b"DICM" + bytes(50), "DICOM"),
        (b"\x1f\x8b\x08" + bytes(50), "gzip"),
        (bytes(range(1, 200)), "not known here"),
    ],
)
def test_what_is_no_image_is_named(tmp_path, content, words):
    path = tmp_path / "x.png"
    path.write_bytes(content)
    for read in (read_image, image_info):
        with pytest.raises(ImageFileError, match=words) as caught:
            read(path)
        assert str(path) in str(caught.value)


def test_folders_pipes_and_missing_files_are_named_and_never_waited_for(tmp_path):
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(ImageFileError, match="a folder"):
        read_image(tmp_path / "folder.png")
    os.mkfifo(tmp_path / "pipe.png")
    with pytest.raises(ImageFileError, match="a pipe"):
        read_image(tmp_path / "pipe.png")
    with pytest.raises(ImageFileError, match=r"missing\.png: cannot be read"):
        read_image(tmp_path / "missing.png")


def bomb(path: Path, size: int) -> Path:
    """A PNG whose header claims a huge image; the pixels are a few bytes."""
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", size, size, 8, 0, 0, 0, 0))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + header + png_chunk(b"IDAT", zlib.compress(bytes(1000))) + png_chunk(b"IEND", b""))
    return path


def test_a_bomb_is_refused_by_its_header(tmp_path):
    path = bomb(tmp_path / "x.png", 20_000)
    for read in (read_image, image_info):
        with pytest.raises(ImageFileError, match="--max-pixels 400000000"):
            read(path)


def test_a_tiff_that_claims_a_terapixel_is_refused(tmp_path):
    path = tmp_path / "x.tif"
    tags = [
        (256, 4, 1_000_000),
        (257, 4, 1_000_000),
        (258, 3, 8),
        (259, 3, 1),
        (262, 3, 1),
        (273, 4, 8),
        (277, 3, 1),
        (279, 4, 8),
    ]
    entries = b"".join(struct.pack("<HHI", tag, kind, 1) + struct.pack("<I", value) for tag, kind, value in tags)
    path.write_bytes(b"II*\0" + struct.pack("<I", 16) + bytes(8) + struct.pack("<H", len(tags)) + entries + bytes(4))
    for read in (read_image, image_info):
        with pytest.raises(ImageFileError, match="1000000 x 1000000 pixels"):
            read(path)


def test_max_pixels_can_be_raised_and_lowered(tmp_path):
    Image.fromarray(GRAY).save(tmp_path / "x.png")
    assert read_image(tmp_path / "x.png", max_pixels=20).shape == (4, 5, 1)
    with pytest.raises(ImageFileError, match="--max-pixels 20"):
        read_image(tmp_path / "x.png", max_pixels=19)


@pytest.mark.parametrize("axes", ["ZYX", "TYX", "ZCYX"])
def test_axes_that_are_no_image_are_shown(tmp_path, axes):
    stack = np.zeros((3, 4, 5, 6)[-len(axes) :], np.uint16)
    tifffile.imwrite(tmp_path / "x.tif", stack, photometric="minisblack", imagej=True, metadata={"axes": axes})
    for read in (read_image, image_info):
        with pytest.raises(ImageFileError, match=f"axes {axes}"):
            read(tmp_path / "x.tif")


# What is damaged

NOISE = np.random.default_rng(3).integers(0, 255, (40, 40, 3)).astype(np.uint8)


def encoded(name: str, tmp_path: Path) -> bytes:
    path = tmp_path / name
    if name == "pages.tif":  # channels as pages of which the list is at the end of the file
        tifffile.imwrite(path, np.moveaxis(NOISE, -1, 0), imagej=True, metadata={"axes": "CYX"})
    elif name == "zlib.tif":
        tifffile.imwrite(path, NOISE, compression="zlib", photometric="rgb")
    elif name == "x.tif":
        tifffile.imwrite(path, NOISE, photometric="rgb")
    elif name == "deep.png":
        path.write_bytes(imagecodecs.png_encode(NOISE.astype(np.uint16) * 257))
    else:
        Image.fromarray(NOISE).save(path)
    return path.read_bytes()


@pytest.mark.parametrize("name", ["x.png", "deep.png", "x.jpg", "x.tif", "zlib.tif", "pages.tif", "x.bmp", "x.webp", "x.gif"])
def test_a_file_cut_anywhere_is_an_error_or_whole(tmp_path_factory, name):
    """Never a half-gray image: where the cut takes no pixels away, the image is the same; else there is an error."""
    folder = tmp_path_factory.mktemp("cut")
    content = encoded(name, folder)
    whole = read_image(folder / name)

    @given(st.integers(0, len(content) - 1))
    def cut(length):
        path = folder / "cut"
        path.write_bytes(content[:length])
        with suppress(ImageFileError):
            assert np.array_equal(read_image(path), whole)

    cut()
    (folder / "half").write_bytes(content[: len(content) // 2])
    with pytest.raises(ImageFileError, match=f"{len(content) // 2} bytes"):
        read_image(folder / "half")


@pytest.mark.parametrize("name", ["x.png", "x.jpg", "zlib.tif", "x.bmp", "x.webp", "x.gif", "deep.png", "x.tif"])
def test_flipped_bytes_never_raise_anything_but_our_error(tmp_path_factory, name):
    folder = tmp_path_factory.mktemp("flip")
    content = encoded(name, folder)

    @given(st.integers(0, min(len(content), 400) - 1), st.integers(1, 255))
    def flip(place, mask):
        path = folder / "flip"
        path.write_bytes(content[:place] + bytes([content[place] ^ mask]) + content[place + 1 :])
        for read in (read_image, image_info):
            with suppress(ImageFileError):
                read(path, max_pixels=10_000)

    flip()
