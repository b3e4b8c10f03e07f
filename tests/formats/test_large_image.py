"""Images read part by part: every box is that of the whole image, planes are named, damage is named with its place."""

import numpy as np
import pytest
import tifffile
from PIL import Image

from maskwright.base.errors import DataError, ImageFileError
from maskwright.formats.images import read_image
from maskwright.formats.large_axes import check_said
from maskwright.formats.large_image import is_large, is_zarr, open_large

zarr = pytest.importorskip("zarr", reason="the extra `large` is not installed")

RNG = np.random.default_rng(0)
RGB = RNG.integers(0, 255, (150, 211, 3), np.uint8)
GRAY = RNG.integers(0, 60000, (150, 211), np.uint16)
PLANES = np.ascontiguousarray(RGB.transpose(2, 0, 1))
STACK = RNG.integers(0, 255, (2, 3, 4, 50, 60), np.uint8)
BOXES = [(0, 0, 211, 150), (13, 5, 200, 149), (204, 140, 211, 150), (0, 0, 1, 1)]


@pytest.mark.parametrize(
    ("pixels", "how"),
    [
        (RGB, {"tile": (64, 48), "compression": "zlib", "photometric": "rgb"}),
        (RGB, {"tile": (64, 64), "compression": "jpeg", "photometric": "rgb", "bigtiff": True}),
        (RGB, {"rowsperstrip": 17, "compression": "lzw", "photometric": "rgb"}),
        (RGB, {"photometric": "rgb"}),
        (PLANES, {"photometric": "rgb", "planarconfig": "separate", "tile": (64, 64)}),
        (PLANES, {"photometric": "rgb", "planarconfig": "separate"}),
        (PLANES, {"photometric": "minisblack", "metadata": {"axes": "CYX"}}),
        (GRAY, {"tile": (64, 64), "byteorder": ">"}),
        (GRAY, {"byteorder": ">"}),
        (GRAY, {"rowsperstrip": 10, "compression": "zlib", "predictor": True}),
        (GRAY.astype(np.float32), {"tile": (32, 32)}),
        (GRAY, {"photometric": "miniswhite"}),
    ],
)
def test_any_box_of_a_tiff_is_that_of_the_whole_image(tmp_path, pixels, how):
    path = tmp_path / "a.tif"
    of_file = {name: how[name] for name in ("bigtiff", "byteorder") if name in how}
    with tifffile.TiffWriter(path, **of_file) as writer:
        writer.write(pixels, **{name: value for name, value in how.items() if name not in of_file})
    whole, image = read_image(path), open_large(path)
    assert (image.size_hw, image.channels, image.dtype, image.planes) == (
        whole.shape[:2],
        whole.shape[2],
        whole.dtype,
        ("",),
    )
    for x0, y0, x1, y1 in BOXES:
        part = image.read((x0, y0, x1, y1))
        assert part.dtype == whole.dtype
        assert np.array_equal(part, whole[y0:y1, x0:x1])
    image.close()


@pytest.mark.parametrize("how", [{"tile": (32, 32), "compression": "zlib"}, {}])
def test_planes_of_a_stack_are_named_and_channels_are_not_planes(tmp_path, how):
    tifffile.imwrite(tmp_path / "a.ome.tif", STACK, metadata={"axes": "TZCYX"}, photometric="minisblack", **how)
    image = open_large(tmp_path / "a.ome.tif")
    assert image.planes == ("t=0 z=0", "t=0 z=1", "t=0 z=2", "t=1 z=0", "t=1 z=1", "t=1 z=2")
    assert image.channels == 4
    assert np.array_equal(image.read((3, 4, 50, 40), 5), STACK[1, 2].transpose(1, 2, 0)[4:40, 3:50])
    image.close()


def test_a_stack_is_read_part_by_part_and_rgb_in_three_planes_is_none(tmp_path):
    tifffile.imwrite(tmp_path / "z.tif", STACK[0, :, 0], imagej=True, metadata={"axes": "ZYX"})
    tifffile.imwrite(tmp_path / "c.tif", STACK[0, :, 0], imagej=True, metadata={"axes": "CYX"})
    tifffile.imwrite(tmp_path / "rgb.tif", PLANES, photometric="rgb", planarconfig="separate")
    assert [is_large(tmp_path / name) for name in ("z.tif", "c.tif", "rgb.tif")] == [True, False, False]
    image = open_large(tmp_path / "z.tif")
    assert image.planes == ("z=0", "z=1", "z=2")
    image.close()


@pytest.mark.parametrize("writer", ["tifffile", "pillow"])
def test_pages_that_do_not_say_what_they_are_ask_for_a_word(tmp_path, writer):
    """Three pages may be slices, times, or red, green and blue."""
    pages = STACK[0, :, 0]
    if writer == "tifffile":
        tifffile.imwrite(tmp_path / "a.tif", pages, photometric="minisblack")
    else:
        images = [Image.fromarray(page) for page in pages]
        images[0].save(tmp_path / "a.tif", save_all=True, append_images=images[1:])
    assert is_large(tmp_path / "a.tif")
    with pytest.raises(
        ImageFileError, match=r"axis [IQ] counts .*--axes ZYX for slices, --axes TYX for times or --axes CYX for"
    ):
        open_large(tmp_path / "a.tif")
    for axes, planes, channels in (("ZYX", ("z=0", "z=1", "z=2"), 1), ("TYX", ("t=0", "t=1", "t=2"), 1), ("CYX", ("",), 3)):
        image = open_large(tmp_path / "a.tif", axes)
        assert (image.planes, image.channels) == (planes, channels)
        whole = image.read((0, 0, 60, 50), len(planes) - 1)
        assert np.array_equal(whole, pages.transpose(1, 2, 0) if channels == 3 else pages[2, :, :, None])
        image.close()
    tifffile.imwrite(tmp_path / "rgb.tif", RGB, photometric="rgb")
    image = open_large(tmp_path / "rgb.tif", "ZYX")  # what is said does not fit this file
    assert (image.channels, image.planes) == (3, ("",))
    image.close()


def test_axes_that_a_person_says_are_letters_once_each():
    assert check_said(" tzyx") == "TZYX"
    for wrong in ("XYZ", "ZZYX", "ZQYX", "ZY", "ZYCX"):
        with pytest.raises(DataError, match="names no axes of an image"):
            check_said(wrong)


def test_a_plain_zarr_of_three_axes_says_what_they_are_or_is_asked(tmp_path):
    zarr.create_array(str(tmp_path / "a.zarr"), shape=(3, 50, 60), dtype="u1")[:] = STACK[0, :, 0]
    with pytest.raises(ImageFileError, match=r"axis \? counts \(\?=3, Y=50, X=60\)"):
        open_large(tmp_path / "a.zarr")
    assert open_large(tmp_path / "a.zarr", "CYX").channels == 3
    assert open_large(tmp_path / "a.zarr", "TYX").planes == ("t=0", "t=1", "t=2")
    zarr.create_array(str(tmp_path / "b.zarr"), shape=(3, 50, 60), dtype="u1", dimension_names=["z", "y", "x"])
    assert open_large(tmp_path / "b.zarr").planes == ("z=0", "z=1", "z=2")


def test_how_far_apart_places_are_comes_from_the_file(tmp_path):
    group = zarr.open_group(str(tmp_path / "a.zarr"), mode="w", zarr_format=2)
    group.create_array("0", shape=(3, 50, 60), dtype="u1")
    axes = [{"name": "z", "unit": "micrometer"}, {"name": "y", "unit": "micrometer"}, {"name": "x", "unit": "micrometer"}]
    scale = [{"type": "scale", "scale": [2, 0.5, 0.5]}]
    group.attrs["multiscales"] = [
        {"axes": axes, "datasets": [{"path": "0", "coordinateTransformations": scale}],
         "coordinateTransformations": [{"type": "scale", "scale": [1, 2, 2]}]}
    ]  # fmt: skip
    assert [(axis.spacing, axis.unit) for axis in open_large(tmp_path / "a.zarr").axes] == [
        (2, "micrometer"), (1, "micrometer"), (1, "micrometer"),
    ]  # fmt: skip
    tifffile.imwrite(tmp_path / "a.ome.tif", GRAY, metadata={"PhysicalSizeX": 0.5, "PhysicalSizeY": 0.25})
    image = open_large(tmp_path / "a.ome.tif")
    assert [(axis.name, axis.length, axis.spacing) for axis in image.axes] == [("y", 150, 0.25), ("x", 211, 0.5)]
    image.close()


@pytest.mark.parametrize("zarr_format", [2, 3])
def test_zarr_arrays_and_ome_zarr_of_both_versions(tmp_path, zarr_format):
    array = zarr.create_array(
        str(tmp_path / "a.zarr"), shape=RGB.shape, chunks=(64, 64, 3), dtype="u1", zarr_format=zarr_format
    )
    array[:] = RGB
    image = open_large(tmp_path / "a.zarr")
    assert np.array_equal(image.read((13, 5, 200, 149)), RGB[5:149, 13:200])
    group = zarr.open_group(str(tmp_path / "b.zarr"), mode="w", zarr_format=zarr_format)
    group.create_array("0", shape=STACK.shape, chunks=(1, 1, 4, 32, 32), dtype="u1")[:] = STACK
    scales = [{"axes": [{"name": axis} for axis in "tzcyx"], "datasets": [{"path": "0"}]}]
    group.attrs.update({"multiscales": scales} if zarr_format == 2 else {"ome": {"version": "0.5", "multiscales": scales}})
    image = open_large(tmp_path / "b.zarr")
    assert is_zarr(tmp_path / "b.zarr")
    assert image.planes[4] == "t=1 z=1"
    assert np.array_equal(image.read((3, 4, 50, 40), 4), STACK[1, 1].transpose(1, 2, 0)[4:40, 3:50])


def test_a_missing_chunk_is_told_and_a_damaged_one_named(tmp_path):
    array = zarr.create_array(str(tmp_path / "a.zarr"), shape=(64, 64), chunks=(32, 32), dtype="u1", zarr_format=3)
    array[:] = 7
    chunk = tmp_path / "a.zarr" / "c" / "1" / "0"
    chunk.write_bytes(b"no chunk")
    with pytest.raises(ImageFileError, match=r"the chunk .*c/1/0 is damaged"):
        open_large(tmp_path / "a.zarr").read((0, 0, 64, 64))
    assert open_large(tmp_path / "a.zarr").read((32, 0, 64, 64)).min() == 7
    chunk.unlink()
    image = open_large(tmp_path / "a.zarr")
    assert image.notes == ("1 of 4 chunks are not there; they are read as 0",)
    assert image.read((0, 32, 32, 64)).max() == 0


def test_a_damaged_tile_is_named_and_others_are_read(tmp_path):
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, RGB, tile=(64, 64), compression="zlib", photometric="rgb")
    with tifffile.TiffFile(path) as file:
        offset = file.pages[0].dataoffsets[5]
    content = bytearray(path.read_bytes())
    content[offset : offset + 40] = bytes(40)
    path.write_bytes(content)
    image = open_large(path)
    image.read((0, 0, 64, 64))
    with pytest.raises(ImageFileError, match="tile 5 is damaged"):
        image.read((64, 64, 128, 128))
    image.close()


def test_what_is_cut_off_or_cannot_be_read_in_parts_is_refused(tmp_path):
    path = tmp_path / "a.tif"
    for how in ({"tile": (64, 64)}, {}):
        tifffile.imwrite(path, RGB, photometric="rgb", **how)
        path.write_bytes(path.read_bytes()[:-500])
        with pytest.raises(ImageFileError, match="cut off"):
            open_large(path)
    tifffile.imwrite(path, GRAY, extratags=[(274, 3, 1, 6, True)])
    with pytest.raises(ImageFileError, match="stored turned"):
        open_large(path)
    (tmp_path / "b.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(40))
    with pytest.raises(ImageFileError, match="a PNG cannot be read part by part"):
        open_large(tmp_path / "b.png")
    (tmp_path / "c.zarr").mkdir()
    (tmp_path / "c.zarr" / "zarr.json").write_text("{}")
    with pytest.raises(ImageFileError, match="no image is found in this Zarr"):
        open_large(tmp_path / "c.zarr")
    assert not is_large(tmp_path / "b.png", pixels=0)


def test_large_is_a_zarr_and_a_tiff_of_many_pixels_that_can_be_read_in_parts(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", GRAY)
    assert is_large(tmp_path / "a.tif", pixels=31_000)
    assert not is_large(tmp_path / "a.tif", pixels=32_000)
    (tmp_path / "cut.tif").write_bytes((tmp_path / "a.tif").read_bytes()[:999])
    assert not is_large(tmp_path / "cut.tif", pixels=0)
    zarr.create_array(str(tmp_path / "a.zarr"), shape=(4, 4), dtype="u1")
    assert is_large(tmp_path / "a.zarr")


def test_one_compressed_piece_is_refused_by_its_size_before_it_is_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr("maskwright.formats.large_tiff.MOST_SEGMENT_BYTES", 10_000)
    tifffile.imwrite(tmp_path / "a.tif", RGB, rowsperstrip=150, compression="zlib", photometric="rgb")
    with pytest.raises(ImageFileError, match="stored in pieces of 150 x 211 pixels"):
        open_large(tmp_path / "a.tif")
