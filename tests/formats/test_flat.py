"""Objects laid flat: the smaller is on top, what each loses is told with its IoU, and files have names of their own."""

import numpy as np
import pytest

from maskwright.base.errors import MaskValueError
from maskwright.formats import voc
from maskwright.formats.annotations import Loss
from maskwright.formats.flat import OwnFiles, flatten
from some_objects import SIZE_HW, SQUARE, instances, mask


def test_the_smaller_of_two_objects_is_on_top_whichever_comes_first():
    small = mask((2, 2, 4, 4))
    for order in ((SQUARE, small), (small, SQUARE)):
        labels, losses = flatten("a.png", instances(*order), voc.HOLDS)
        large = 0 if order[0] is SQUARE else 1
        assert np.count_nonzero(labels == 2 - large) == 4  # the small one is whole
        assert losses == [Loss("a.png", large, "4 of its 12 pixels lie under other objects or ignored pixels", 8 / 12)]


def test_a_score_goes_before_the_size_and_a_crowd_behind_everything():
    small = mask((2, 2, 4, 4))
    labels, _ = flatten("a.png", instances(SQUARE, small, scores=[0.9, 0.5]), voc.HOLDS)
    assert np.count_nonzero(labels == 2) == 0
    labels, _ = flatten("a.png", instances(SQUARE, small, is_crowd=[False, True]), voc.HOLDS)
    assert np.count_nonzero(labels == 2) == 0


def test_ignored_pixels_lie_on_top_of_objects():
    ignored = mask((1, 1, 3, 4))
    labels, (loss,) = flatten("a.png", instances(SQUARE, ignored=ignored), voc.HOLDS)
    assert np.count_nonzero(labels) == 6
    assert loss.iou == 0.5


def test_an_object_of_which_nothing_is_seen_is_left_out():
    _, (loss,) = flatten("a.png", instances(SQUARE, SQUARE), voc.HOLDS)
    assert (loss.object, loss.iou) == (0, 0.0)
    assert "left out" in loss.what
    _, (loss,) = flatten("a.png", instances(np.zeros(SIZE_HW, bool)), voc.HOLDS)
    assert (loss.what, loss.iou) == ("it has no pixel and is left out", 0.0)


def test_no_two_images_have_one_file_and_none_leads_out_of_the_folder(tmp_path):
    files = OwnFiles(tmp_path)
    assert [files.stem(name) for name in ("a.png", "b/a.png", "cell.1", "cell.2.tif")] == ["a", "b/a", "cell.1", "cell.2"]
    with pytest.raises(MaskValueError, match=r"would be written for 'a.png' and for 'A.jpg'"):
        files.stem("A.jpg")
    for name in ("../a.png", "/a.png", "C:\\a.png", "b/../../a.png"):
        with pytest.raises(MaskValueError, match="would be written"):
            files.stem(name)
