"""Planes of a stack as images of their own: named below their file, read without one another."""

from pathlib import Path, PurePosixPath

import numpy as np
import pytest
import tifffile

from maskwright.base.errors import ImageFileError
from maskwright.formats.image_description import image_description
from maskwright.formats.images import image_info, read_image
from maskwright.formats.plane_paths import axes_of, file_of, is_plane, short_name
from maskwright.formats.planes import Plane, planes_of

STACK = np.random.default_rng(0).integers(0, 60_000, (2, 3, 4, 30, 40), np.uint16)  # times, slices, channels


def test_names_say_what_a_plane_is():
    path = PurePosixPath("a/movie.ome.tif/t=0 z=12")
    assert (is_plane(path), str(file_of(path)), axes_of(path)) == (True, "a/movie.ome.tif", {"t": 0, "z": 12})
    assert short_name(path) == "movie.ome.tif/t=0 z=12"
    for other in ("a/z=3", "a.png/z=3", "a.tif/z=03", "a.tif/c=1", "a.tif/z=1.png", "a.tif"):
        assert not is_plane(PurePosixPath(other))
        assert file_of(PurePosixPath(other)) == PurePosixPath(other)
        assert axes_of(PurePosixPath(other)) == {}


@pytest.mark.parametrize("how", [{"tile": (16, 16), "compression": "zlib"}, {}])
def test_a_plane_is_an_image_with_the_channels_of_its_stack(tmp_path, how):
    path = tmp_path / "movie.ome.tif"
    tifffile.imwrite(path, STACK, ome=True, metadata={"axes": "TZCYX"}, **how)
    names = planes_of(path)
    assert names == ("t=0 z=0", "t=0 z=1", "t=0 z=2", "t=1 z=0", "t=1 z=1", "t=1 z=2")
    for place, name in enumerate(names):
        expected = STACK[divmod(place, 3)].transpose(1, 2, 0)
        assert np.array_equal(read_image(path / name), expected)
        info = image_info(path / name)
        assert (info.size_hw, info.channels, info.dtype) == ((30, 40), 4, "uint16")


def test_what_the_file_says_of_pixels_holds_for_its_planes(tmp_path):
    path = tmp_path / "z.ome.tif"
    tifffile.imwrite(
        path,
        STACK[0, :, 0],
        ome=True,
        photometric="minisblack",
        metadata={"axes": "ZYX", "PhysicalSizeX": 0.5, "PhysicalSizeY": 0.5},
    )
    assert image_description(path / "z=1") == image_description(path)
    assert image_description(path / "z=1").pixel_size.x == 0.5


def test_a_plane_is_read_without_the_others(tmp_path):
    path = tmp_path / "z.tif"
    stack = STACK[0, :, 0]
    tifffile.imwrite(path, stack, photometric="minisblack", metadata={"axes": "ZYX"}, compression="zlib")
    with tifffile.TiffFile(path) as file:
        damaged = file.pages[1].dataoffsets[0]
    content = bytearray(path.read_bytes())
    content[damaged : damaged + 20] = bytes(20)
    path.write_bytes(content)
    assert np.array_equal(read_image(path / "z=0")[..., 0], stack[0])
    assert np.array_equal(read_image(path / "z=2")[..., 0], stack[2])
    with pytest.raises(ImageFileError, match=r"z\.tif: strip 0 of plane 1 is damaged"):
        read_image(path / "z=1")


def test_a_plane_that_is_not_there_is_told_with_those_that_are(tmp_path):
    tifffile.imwrite(tmp_path / "z.tif", STACK[0, :, 0], photometric="minisblack", metadata={"axes": "ZYX"})
    tifffile.imwrite(tmp_path / "flat.tif", STACK[0, 0, 0])
    with pytest.raises(ImageFileError, match=r"has no plane z=3; its planes are z=0 to z=2\. Bring the stack back"):
        read_image(tmp_path / "z.tif/z=3")
    with pytest.raises(ImageFileError, match=r"flat\.tif: has no plane z=0; it is no stack"):
        image_info(tmp_path / "flat.tif/z=0")
    assert planes_of(tmp_path / "flat.tif") == ()
    with pytest.raises(ImageFileError):
        read_image(tmp_path / "gone.tif/z=0")


def test_the_name_of_a_plane_says_the_axes_of_a_file_that_does_not(tmp_path):
    path = tmp_path / "pages.tif"
    tifffile.imwrite(path, STACK[0, :, 0], photometric="minisblack")
    assert planes_of(path) == ()  # until somebody says what the pages are
    assert planes_of(path, "TYX") == ("t=0", "t=1", "t=2")
    assert np.array_equal(read_image(path / "t=2")[..., 0], STACK[0, 2, 0])
    tifffile.imwrite(path, STACK[0], photometric="minisblack")  # two axes that say nothing
    with pytest.raises(ImageFileError, match=r"by the axes ZCYX its planes would be called z=0, which does not say what"):
        planes_of(path, "ZCYX")
    assert len(planes_of(path, "TZYX")) == 12
    assert np.array_equal(read_image(path / "t=2 z=3")[..., 0], STACK[0, 2, 3])


def test_values_that_are_no_number_are_replaced_within_the_plane(tmp_path):
    stack = STACK[0, :, 0].astype(np.float32)
    stack[1, 0, 0] = np.nan
    tifffile.imwrite(tmp_path / "z.tif", stack, photometric="minisblack", metadata={"axes": "ZYX"})
    rest = np.delete(stack[1].ravel(), 0)
    assert read_image(tmp_path / "z.tif/z=1")[0, 0, 0] == np.median(rest)
    assert "1 values that are NaN" in image_info(tmp_path / "z.tif/z=1").notes[0]
    assert image_info(tmp_path / "z.tif/z=0").notes == ()


def test_colours_of_a_pixel_are_channels_whatever_the_file_calls_them_and_never_planes(tmp_path):
    path, colours = tmp_path / "z.tif", STACK[0, 0, :3].astype(np.uint8)
    tifffile.imwrite(
        path, np.stack([colours, colours // 2]), photometric="rgb", planarconfig="separate", metadata={"axes": "ZCYX"}
    )
    assert planes_of(path) == ("z=0", "z=1")
    assert np.array_equal(read_image(path / "z=1"), (colours // 2).transpose(1, 2, 0))
    tifffile.imwrite(path, colours.transpose(1, 2, 0)[None].repeat(2, 0), photometric="rgb", metadata={"axes": "TYXC"})
    assert np.array_equal(read_image(path / "t=1"), colours.transpose(1, 2, 0))
    tifffile.imwrite(path, colours, photometric="rgb", planarconfig="separate", metadata={"axes": "ZYX"})
    assert planes_of(path) == ()
    with pytest.raises(
        ImageFileError, match=r"its axis Z \(3 long\) is stored as the colours of a pixel.*photometric='minisblack'"
    ):
        read_image(path / "z=1")


def test_a_plane_larger_than_is_allowed_is_refused(tmp_path):
    tifffile.imwrite(tmp_path / "z.tif", STACK[0, :, 0], photometric="minisblack", metadata={"axes": "ZYX"})
    for read in (read_image, image_info):
        with pytest.raises(ImageFileError, match="--max-pixels"):
            read(tmp_path / "z.tif/z=1", max_pixels=1199)
        read(tmp_path / "z.tif/z=1", max_pixels=1200)


def test_a_plane_is_read_part_by_part(tmp_path):
    tifffile.imwrite(tmp_path / "z.tif", STACK[0, :, 0], photometric="minisblack", metadata={"axes": "ZYX"}, tile=(16, 16))
    plane = Plane(Path(tmp_path / "z.tif/z=2"))
    assert (plane.planes, [axis.name for axis in plane.axes]) == (("",), ["y", "x"])
    assert np.array_equal(plane.read((3, 5, 39, 30))[..., 0], STACK[0, 2, 0, 5:30, 3:39])
    plane.close()
