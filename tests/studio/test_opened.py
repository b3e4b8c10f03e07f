"""What an assistant is shown of an image: all of it, or windows of a large one, and every answer in the image's own pixels."""

import numpy as np
import pytest
import tifffile
from PIL import Image

from maskwright.assist.assistant import Candidate
from maskwright.masks.region import Region
from maskwright.studio import opened
from maskwright.studio.image_files import parted
from maskwright.studio.opened import InWindows, TooLarge, Whole, open_image, part_of

SIZE_HW = (5000, 6000)


class Squares:
    """Answers every last click with a square of 9 around it; its windows are kept to be looked at."""

    name, learns = "squares", False

    def __init__(self):
        self.images = []

    def open(self, image):
        self.images.append(image)
        return self

    def mask(self, clicks_xy, positive, box_xyxy=None, previous=None):
        self.asked = clicks_xy, box_xyxy, previous
        if not len(clicks_xy):
            return []
        x, y = clicks_xy[-1].tolist()
        return [Candidate(Region((x - 4, y - 4, x + 5, y + 5), np.ones((9, 9), bool)), 0.5, "squares")]

    def propose(self):
        return []

    def learn(self, image, regions):
        raise AssertionError("it does not learn")


@pytest.fixture
def slide(tmp_path, monkeypatch):
    """A large TIFF whose pixels tell where they are."""
    monkeypatch.setattr("maskwright.studio.image_files.LARGE_BYTES", 1)
    rows, columns = np.ogrid[: SIZE_HW[0], : SIZE_HW[1]]
    tifffile.imwrite(tmp_path / "a.tif", (rows // 100 + columns // 100).astype(np.uint8), tile=(256, 256))
    return tmp_path / "a.tif"


def asked(image, *clicks, box=None, previous=None):
    return image.mask(np.array(clicks, np.int64).reshape(-1, 2), np.ones(len(clicks), bool), box, previous)


def test_a_click_is_answered_where_it_was_and_neighbours_share_a_window(slide):
    assistant = Squares()
    image = open_image(assistant, slide, max_pixels=1)
    assert isinstance(image, InWindows)
    assert image.size_hw == SIZE_HW
    for click in ((3000, 2500), (3100, 2550), (5999, 4999), (0, 0)):
        (found,) = asked(image, click)
        assert found.region.box_xyxy == (click[0] - 4, click[1] - 4, click[0] + 5, click[1] + 5)
        x, y = assistant.asked[0][0]
        assert assistant.images[-1][y, x, 0] == click[1] // 100 + click[0] // 100
    assert len(assistant.images) == 3  # the first, in the middle, was there from the beginning
    assert all(seen.shape == (2048, 2048, 1) for seen in assistant.images)
    image.close()


def test_what_lies_outside_is_nothing(slide):
    image = open_image(Squares(), slide, max_pixels=1)
    assert asked(image) == []
    assert asked(image, (-1, 5), (6000, 2)) == []
    with pytest.raises(TooLarge, match="6000 x 5000"):
        image.propose()
    image.close()


def test_boxes_and_masks_of_before_are_seen_from_the_window(slide):
    assistant = Squares()
    image = open_image(assistant, slide, max_pixels=1)
    previous = Region((3000, 2000, 3010, 2020), np.ones((20, 10), bool))
    asked(image, (3020, 2010), box=(2990, 1990, 3030, 2030), previous=previous)
    (click,), box, before = assistant.asked
    left, top = 3020 - click[0], 2010 - click[1]
    assert box == (2990 - left, 1990 - top, 3030 - left, 2030 - top)
    assert Region.of_mask(before).box_xyxy == (3000 - left, 2000 - top, 3010 - left, 2020 - top)
    image.close()


def test_a_long_object_gets_a_longer_window_and_one_beyond_all_bounds_keeps_its_rest(slide, monkeypatch):
    assistant = Squares()
    image = open_image(assistant, slide, max_pixels=1)
    road = Region((100, 40, 2100, 50), np.ones((10, 2000), bool))
    asked(image, (1000, 60), previous=road)
    assert assistant.images[-1].shape[:2] == (4096, 4096)
    monkeypatch.setattr(opened, "MOST_SIDE", 1024)
    monkeypatch.setattr(opened, "SIDE", 1024)
    (found,) = asked(image, (2000, 60), previous=road)
    window = assistant.images[-1]
    assert window.shape[:2] == (1024, 1024)
    whole = found.region.mask(SIZE_HW)
    assert whole[45, 100:1000].all()  # outside the window as it was
    assert not whole[45, 1600:2100].any()  # inside as the assistant has it
    assert whole[56:65, 1996:2005].all()
    image.close()


def test_small_images_are_seen_whole(tmp_path):
    Image.fromarray(np.zeros((20, 30), np.uint8)).save(tmp_path / "a.png")
    assistant = Squares()
    image = open_image(assistant, tmp_path / "a.png", max_pixels=1000)
    assert isinstance(image, Whole)
    assert asked(image, (9, 9), previous=Region((1, 1, 3, 3), np.ones((2, 2), bool)))[0].region.area == 81
    assert assistant.asked[2].shape == (20, 30)
    image.close()


def test_of_a_stack_the_plane_is_seen(tmp_path):
    stack = np.arange(3 * 20 * 30, dtype=np.uint16).reshape(3, 20, 30)
    tifffile.imwrite(tmp_path / "z.tif", stack, photometric="minisblack", metadata={"axes": "ZYX"})
    assistant = Squares()
    open_image(assistant, tmp_path / "z.tif/z=1", max_pixels=1000).close()
    assert np.array_equal(assistant.images[0][..., 0], stack[1])
    whole, _ = part_of(tmp_path / "z.tif/z=2", [], max_pixels=1000)
    assert np.array_equal(whole[..., 0], stack[2])


def test_lessons_of_a_large_image_are_cut_out_of_it(slide, tmp_path):
    regions = [Region((x, 2000, x + 5, 2004), np.ones((4, 5), bool)) for x in (3000, 3300)]
    part, placed = part_of(slide, regions, max_pixels=1)
    assert part.shape == (4, 305, 1)
    assert [one.box_xyxy for one in placed] == [(0, 0, 5, 4), (300, 0, 305, 4)]
    assert part[0, 0, 0] == 50
    large = parted(slide)
    assert large is not None
    large.close()
    Image.fromarray(np.zeros((20, 30), np.uint8)).save(tmp_path / "b.png")
    assert part_of(tmp_path / "b.png", regions, max_pixels=1000)[0].shape == (20, 30, 1)
