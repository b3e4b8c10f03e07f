"""Pixel sizes and channel names that OME-TIFF and ImageJ's TIFF tell; nothing where nobody tells them."""

import numpy as np
import pytest
import tifffile
from PIL import Image

from maskwright.base.errors import ImageFileError
from maskwright.formats.image_description import ImageDescription, image_description
from maskwright.masks.pixel_size import PixelSize

PIXELS = np.zeros((2, 8, 9), np.uint16)


def ome(path, **metadata):
    tifffile.imwrite(path, PIXELS, ome=True, photometric="minisblack", metadata={"axes": "CYX", **metadata})
    return image_description(path)


def test_ome_says_sizes_units_and_channels(tmp_path):
    found = ome(
        tmp_path / "a.ome.tif", PhysicalSizeX=0.5, PhysicalSizeXUnit="µm", PhysicalSizeY=0.65, PhysicalSizeYUnit="µm",
        Channel={"Name": ["DAPI", "actin, alpha"]},
    )  # fmt: skip
    assert found == ImageDescription(PixelSize(0.65, 0.5, "um"), ("DAPI", "actin, alpha"), "OME")


def test_ome_in_other_units_becomes_micrometres_and_its_default_is_one(tmp_path):
    sides = {"PhysicalSizeX": 650, "PhysicalSizeXUnit": "nm", "PhysicalSizeY": 0.65}
    size = ome(tmp_path / "a.ome.tif", **sides).pixel_size
    assert (size.y, size.x, size.unit) == (pytest.approx(0.65), pytest.approx(0.65), "um")


def test_ome_in_pixels_or_with_one_side_says_no_size(tmp_path):
    unknown = {"PhysicalSizeX": 1, "PhysicalSizeXUnit": "pixel", "PhysicalSizeY": 1, "PhysicalSizeYUnit": "pixel"}
    assert ome(tmp_path / "a.ome.tif", **unknown).pixel_size is None
    assert ome(tmp_path / "b.ome.tif", PhysicalSizeX=0.5).pixel_size is None


def test_names_that_two_channels_share_are_not_used(tmp_path):
    assert ome(tmp_path / "a.ome.tif", Channel={"Name": ["GFP", "GFP"]}).channel_names == ()


@pytest.mark.parametrize("unit", ["um", "micron", "\\u00B5m"])
def test_imagej_says_pixels_per_unit(tmp_path, unit):
    path = tmp_path / "a.tif"
    tifffile.imwrite(
        path, PIXELS, imagej=True, resolution=(2, 4), metadata={"axes": "CYX", "unit": unit, "Labels": ["red", "blue"]}
    )
    assert image_description(path) == ImageDescription(PixelSize(0.25, 0.5, "um"), ("red", "blue"), "ImageJ")


def test_dots_per_inch_say_nothing_of_objects(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", PIXELS[0], resolution=(300, 300), resolutionunit="INCH")
    tifffile.imwrite(tmp_path / "b.tif", PIXELS[0], imagej=True, resolution=(72, 72))
    Image.fromarray(PIXELS[0].astype(np.uint8)).save(tmp_path / "c.png", dpi=(300, 300))
    assert {image_description(path).pixel_size for path in tmp_path.iterdir()} == {None}


def test_a_damaged_description_is_none(tmp_path):
    xml = '<?xml version="1.0"?><OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06"><Image></OME>'
    bomb = '<!DOCTYPE x [<!ENTITY a "b">]><OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06"></OME>'
    for number, text in enumerate((xml, bomb)):
        tifffile.imwrite(tmp_path / f"{number}.tif", PIXELS[0], description=text, metadata=None)
        assert image_description(tmp_path / f"{number}.tif") == ImageDescription()


def test_what_is_no_image_is_named(tmp_path):
    (tmp_path / "a.tif").write_bytes(b"")
    with pytest.raises(ImageFileError, match=r"a\.tif"):
        image_description(tmp_path / "a.tif")
