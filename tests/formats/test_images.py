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
from PIL import Image, ImageOps

from maskwright.base.errors import ImageFileError
from maskwright.formats.images import image_info, read_image

COLORS = np.arange(4 * 5 * 3, dtype=np.uint8).reshape(4, 5, 3) * 4
GRAY = np.arange(20, dtype=np.uint8).reshape(4, 5) * 12


def png_chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def bomb(path: Path, size: int) -> Path:
    """A PNG whose header claims a huge image; the pixels are a few bytes."""
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", size, size, 8, 0, 0, 0, 0))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + header + png_chunk(b"IDAT", zlib.compress(bytes(1000))) + png_chunk(b"IEND", b""))
    return path


# What a good file gives


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


@pytest.mark.parametrize("name", ["x.jpg", "x.tif"])
def test_cmyk_becomes_rgb(tmp_path, name):
    pixels = np.zeros((8, 8, 4), np.uint8)
    pixels[..., 1] = 255  # magenta ink only
    if name == "x.jpg":
        Image.fromarray(pixels, "CMYK").save(tmp_path / name)
    else:
        tifffile.imwrite(tmp_path / name, pixels, photometric="separated")
    assert np.abs(read_image(tmp_path / name).astype(int) - [255, 0, 255]).max() <= 3


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


def test_nan_and_infinity_become_the_median_of_their_channel_and_are_counted(tmp_path):
    values = np.array([[1, 2, 3, np.nan], [np.inf, -np.inf, 2, 2]], np.float32)
    tifffile.imwrite(tmp_path / "x.tif", values)
    assert read_image(tmp_path / "x.tif")[..., 0].tolist() == [[1, 2, 3, 2], [2, 2, 2, 2]]
    assert "3 values that are NaN or infinite" in image_info(tmp_path / "x.tif").notes[0]
    tifffile.imwrite(tmp_path / "all.tif", np.full((2, 2), np.nan, np.float32))
    assert not read_image(tmp_path / "all.tif").any()


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


def test_a_transparent_colour_adds_no_channel(tmp_path):
    pixels = np.random.default_rng(5).integers(0, 65536, (4, 5, 3)).astype(np.uint16)
    content = imagecodecs.png_encode(pixels)
    place = content.index(b"IDAT") - 4
    (tmp_path / "x.png").write_bytes(content[:place] + png_chunk(b"tRNS", bytes(6)) + content[place:])
    assert np.array_equal(read_image(tmp_path / "x.png"), pixels)
    assert "transparent" in image_info(tmp_path / "x.png").notes[0]


# What is refused, and how


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
