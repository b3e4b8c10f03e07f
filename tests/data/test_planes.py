"""Stacks whose masks are stacks: each plane with its own mask, whatever of both files says what the planes are."""

import numpy as np
import pytest
import tifffile

from maskwright.data.dataset import read
from maskwright.data.pairing import pair
from maskwright.data.scan import scan
from maskwright.data.split import split

RNG = np.random.default_rng(2)
IMAGES = RNG.integers(0, 4000, (6, 20, 30), np.uint16)
LABELS = np.zeros((6, 20, 30), np.uint32)
for z in range(6):
    LABELS[z, 2 : 5 + z, 3:8] = 2**31 + 1  # which float32 cannot tell from the other
    LABELS[z, 12:16, 10 + z : 20] = 2**31 + 2


def put(path, values, axes=""):
    path.parent.mkdir(parents=True, exist_ok=True)
    tifffile.imwrite(path, values, photometric="minisblack", metadata={"axes": axes} if axes else {})


@pytest.mark.parametrize(("of_image", "of_masks"), [("ZYX", "ZYX"), ("ZYX", ""), ("", "ZYX"), ("TYX", "")])
def test_each_plane_has_its_own_mask_with_exact_values(tmp_path, of_image, of_masks):
    put(tmp_path / "images/e.tif", IMAGES, of_image)
    put(tmp_path / "masks/e_mask.tif", LABELS, of_masks)
    data = read(tmp_path, kind="instances")
    axis = "t" if of_image == "TYX" else "z"
    assert [record.id for record in data.records] == [f"e.tif/{axis}={z}" for z in range(6)]
    assert not data.faults
    for z, sample in enumerate(data):
        assert np.array_equal(sample.image[..., 0], IMAGES[z])
        assert [region.area for region in sample.segmentation.regions] == [5 * (3 + z), 4 * (10 - z)]


def test_planes_of_one_stack_stay_together(tmp_path):
    for name in "abc":
        put(tmp_path / f"images/{name}.tif", IMAGES, "ZYX")
        put(tmp_path / f"masks/{name}.tif", LABELS + ord(name), "ZYX")
    parts = split(read(tmp_path, kind="instances")).parts
    held_out = {record.id.split("/")[0] for record in parts["val"].records}
    assert len(held_out) == 1
    assert held_out.isdisjoint(record.id.split("/")[0] for record in parts["train"].records)


def test_stacks_of_other_planes_and_of_unknown_axes_are_told(tmp_path):
    put(tmp_path / "images/short.tif", IMAGES, "ZYX")
    put(tmp_path / "masks/short.tif", LABELS[:4], "ZYX")
    put(tmp_path / "images/unnamed.tif", IMAGES)
    put(tmp_path / "masks/unnamed.tif", LABELS)
    assert [record.id for record in pair(tmp_path).pairs] == ["short", "unnamed"]
    short, unnamed = (fault.message for fault in scan(tmp_path).faults)
    assert "where the masks are a stack of as many planes, or files such as masks/short.tif/z=3.png" in short
    assert "Write it anew so that it names its axes" in unnamed


def test_a_stack_of_colour_masks_is_read_as_colours(tmp_path):
    colors = np.zeros((6, 20, 30, 3), np.uint8)
    colors[:, 4:9] = (255, 0, 0)
    put(tmp_path / "images/e.tif", IMAGES, "ZYX")
    tifffile.imwrite(tmp_path / "e.tif", colors, photometric="rgb", metadata={"axes": "ZYXS"})
    (tmp_path / "masks").mkdir()
    (tmp_path / "e.tif").rename(tmp_path / "masks/e.tif")
    data = read(tmp_path)
    assert len(data) == 6
    assert all(np.array_equal(sample.segmentation.ids > 0, colors[0, ..., 0] > 0) for sample in data)
