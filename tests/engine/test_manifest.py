"""What a run remembers of its files, and how a change is told."""

import numpy as np
import tifffile
from PIL import Image

from maskwright.data.dataset import read
from maskwright.engine.manifest import differences, manifest
from maskwright.formats import coco_panoptic
from maskwright.masks.classes import Classes
from maskwright.masks.types import Panoptic, Segment


def test_the_file_that_says_what_segments_are_counts_as_their_pictures_do(tmp_path):
    classes = Classes.named("sky", "car", "road", things=["car"])
    ids = np.ones((8, 8), np.int32)
    coco_panoptic.write(tmp_path / "panoptic.json", [("a.png", Panoptic(ids, (Segment(1, 1),), classes))])
    (tmp_path / "images").mkdir()
    Image.fromarray(np.zeros((8, 8), np.uint8)).save(tmp_path / "images/a.png")
    data = read(tmp_path)
    before = manifest([data])
    assert sorted(before) == ["a", "panoptic.json"]
    assert manifest([data.for_task("instance")]) == before
    path = tmp_path / "panoptic.json"
    path.write_text(path.read_text().replace("car", "bus"))
    assert differences(before, manifest([data])) == ["panoptic.json has changed"]


def test_masks_of_a_stack_are_those_of_its_file(tmp_path):
    for kind in ("images", "masks"):
        (tmp_path / kind).mkdir()
        tifffile.imwrite(tmp_path / kind / "e.tif", np.eye(8, dtype=np.uint8)[None].repeat(2, 0), metadata={"axes": "ZYX"})
    data = read(tmp_path)
    before = manifest([data])
    assert sorted(before) == ["e.tif/z=0", "e.tif/z=1"]
    tifffile.imwrite(tmp_path / "masks/e.tif", np.ones((2, 8, 8), np.uint8), metadata={"axes": "ZYX"})
    assert differences(before, manifest([data])) == ["e.tif/z=0 has changed", "e.tif/z=1 has changed"]
