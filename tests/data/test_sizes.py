from pathlib import Path

import pytest

from maskwright.base.errors import DataError
from maskwright.data.sizes import check_sizes
from maskwright.formats.images import ImageInfo


@pytest.mark.parametrize(
    ("size_hw", "orientation", "mask_hw", "cause"),
    [
        ((80, 64), 6, (64, 80), "EXIF orientation 6"),
        ((80, 64), 1, (64, 80), "swapped"),
        ((80, 64), 1, (80, 63), "a pixel or two"),
        ((80, 64), 1, (40, 32), "scaled by 0.5"),
        ((80, 64), 1, (161, 129), "scaled by 2.01"),
        ((80, 64), 1, (70, 20), "different cuts"),
    ],
)
def test_the_likely_cause_is_named_with_both_sizes(size_hw, orientation, mask_hw, cause):
    info = ImageInfo(size_hw, 3, "uint8", (), orientation)
    with pytest.raises(DataError, match=cause) as caught:
        check_sizes(Path("i.jpg"), info, Path("m.png"), mask_hw)
    for part in ("i.jpg", "m.png", f"{size_hw[1]} x {size_hw[0]}", f"{mask_hw[1]} x {mask_hw[0]}"):
        assert part in str(caught.value)


def test_equal_sizes_pass():
    check_sizes(Path("i.jpg"), ImageInfo((3, 4), 1, "uint8"), Path("m.png"), (3, 4))
