"""What the mask doctor says of images that differ from each other, show nothing, or are the same picture twice."""

import numpy as np
import tifffile
from PIL import Image

from maskwright.data.check import check
from maskwright.data.dataset import read
from maskwright.data.split import Split
from some_folders import finding, picture, put, square

# images that differ, or show nothing


def test_mixed_channels_are_counted_and_spoil_training(folder):
    (folder / "images/good1.png").unlink()
    five = np.stack([picture(1)] * 4 + [picture(2)], axis=-1)
    tifffile.imwrite(folder / "images/good1.tif", five, photometric="minisblack", planarconfig="contig")
    report = check(folder)
    one = finding(report, "mixed-channels")
    assert "3 with 1, 1 with 5" in one.message
    assert one.files == ("images/good1.tif",)
    assert report.spoils_training


def test_gray_among_rgb_is_read_as_rgb_and_said(folder):
    put(folder, "images/good1.png", np.stack([picture(1)] * 3, axis=-1))
    report = check(folder)
    assert "3 gray and 1 RGB images: the gray ones are read as RGB with three equal channels" in str(report)
    assert not report.spoils_training


def test_mixed_depths_are_a_warning(folder):
    put(folder, "images/good1.png", picture(1).astype(np.uint16) * 200)
    assert "3 of uint8, 1 of uint16" in finding(check(folder), "mixed-depths").message


def test_constant_and_tiny_images_are_named(folder):
    put(folder, "images/good1.png", np.full((64, 80), 9, np.uint8))
    put(folder, "images/good2.png", picture(2, (1, 50)))
    put(folder, "masks/good2.png", np.eye(1, 50, dtype=np.uint8) * np.uint8(255))
    report = check(folder)
    assert finding(report, "constant-images").files == ("images/good1.png",)
    assert finding(report, "tiny-images").files == ("images/good2.png",)


def test_missing_values_are_counted(folder):
    image = picture(1).astype(np.float32)
    image[3, 4:7] = np.nan
    (folder / "images/good1.png").unlink()
    put(folder, "images/good1.tif", image)
    assert "3 values that are NaN" in finding(check(folder), "nan-values").message


# the same picture twice


def smooth(seed):
    return np.asarray(Image.fromarray(picture(seed, (16, 20))).resize((80, 64), Image.Resampling.BICUBIC))


def test_duplicates_are_warnings_and_kept_for_the_split(folder):
    put(folder, "images/good1.png", picture(0))
    put(folder, "images/good2.png", smooth(2))
    put(folder, "images/good3.png", (smooth(2) * 0.8 + 20).astype(np.uint8))
    report = check(folder)
    assert finding(report, "duplicates").files == ("good0", "good1")
    assert finding(report, "near-duplicates").files == ("good2", "good3")
    assert not report.spoils_training
    assert report.duplicates.groups == (("good0", "good1"), ("good2", "good3"))


def test_duplicates_in_two_parts_of_a_split_are_a_leak(folder):
    put(folder, "images/good3.png", picture(0))
    data = read(folder)
    parts = {"train": data.with_records(data.records[:3]), "val": data.with_records(data.records[3:])}
    report = check(data, split=Split(parts, "file", ""))
    assert finding(report, "leak").files == ("good0", "good3")
    assert report.spoils_training
    inside = Split({"train": data.with_records(data.records), "val": data.with_records(())}, "file", "")
    assert not check(data, split=inside).spoils_training


def test_duplicates_with_different_masks_contradict_each_other(folder):
    put(folder, "images/good3.png", picture(0))
    put(folder, "masks/good3.png", np.flipud(square()))
    assert finding(check(folder), "duplicates-with-different-masks").files == ("good0", "good3")


def test_a_group_on_both_sides_of_a_split_is_told(tmp_path):
    for number in range(4):
        put(tmp_path, f"images/p{number % 2}/i{number}.png", picture(number))
        put(tmp_path, f"masks/p{number % 2}/i{number}.png", square())
    data = read(tmp_path)
    parts = {"train": data.with_records(data.records[:3]), "val": data.with_records(data.records[3:])}
    assert finding(check(data, split=Split(parts, "file", "")), "group-across-split").files == ("p1",)
