"""The mask doctor names every file that is wrong, says why and what to do, and lets no fault hide another."""

import json
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from maskwright.base.errors import DataError
from maskwright.data.check import check
from maskwright.data.coding import CodingOptions
from maskwright.data.dataset import read
from maskwright.data.sheet import sheet
from maskwright.data.split import Split


def picture(seed, size_hw=(64, 80)):
    return np.random.default_rng(seed).integers(0, 255, size_hw, np.uint8)


def square(value=255, size_hw=(64, 80)):
    mask = np.zeros(size_hw, np.uint8)
    mask[20:40, 20:50] = value
    return mask


def put(folder: Path, name: str, array, **options) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".tif":
        tifffile.imwrite(path, array)
    else:
        Image.fromarray(array).save(path, **options)
    return path


@pytest.fixture
def folder(tmp_path):
    """Four good images with binary masks."""
    for number in range(4):
        put(tmp_path, f"images/good{number}.png", picture(number))
        put(tmp_path, f"masks/good{number}.png", square())
    return tmp_path


def finding(report, code):
    found = [one for one in report.findings if one.code == code]
    assert len(found) == 1, f"{code} is not once in {[one.code for one in report.findings]}"
    return found[0]


def test_a_good_folder_is_described_and_nothing_is_found(folder):
    report = check(folder)
    assert report.findings == ()
    assert not report.spoils_training
    words = str(report)
    assert "4 images with masks" in words
    assert "255 is class 1 'foreground'" in words
    assert "images: 4 gray uint8" in words
    assert "size: 80 pixels wide, 64 high" in words
    assert "class 1 'foreground': 11.7% of the pixels, in 4 of 4 masks" in words
    assert "Nothing was found" in words


def test_a_data_set_is_checked_as_its_folder_is(folder):
    assert check(read(folder)).words == check(folder).words


def test_progress_reaches_the_end(folder):
    calls = []
    check(folder, progress=lambda done, total: calls.append((done, total)))
    assert calls == [(1, 4), (2, 4), (3, 4), (4, 4)]


# files that cannot be read

BAD = {
    "empty.png": (b"", "empty"),
    "page.png": (b"<html><body>404</body></html>", "looks like HTML"),
    "words.png": (b"this is no image at all", "not an image"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_image_is_named_and_the_rest_is_checked(folder, name):
    content, words = BAD[name]
    (folder / "images" / name).write_bytes(content)
    put(folder, f"masks/{name}", square())
    report = check(folder)
    one = finding(report, "unreadable-image")
    assert one.files == (f"images/{name}",)
    assert words in one.message
    assert not report.spoils_training
    assert "in 4 of 4 masks" in str(report)


@pytest.mark.parametrize("suffix", ["png", "jpg", "tif"])
def test_a_truncated_image_is_found_since_its_pixels_are_read(folder, suffix):
    path = put(folder, f"images/cut.{suffix}", picture(9))
    put(folder, "masks/cut.png", square())
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 6 // 10])
    assert finding(check(folder), "unreadable-image").files == (f"images/cut.{suffix}",)


def test_a_truncated_mask_is_named(folder):
    path = folder / "masks" / "good2.png"
    path.write_bytes(path.read_bytes()[:60])
    assert finding(check(folder), "unreadable-mask").files == ("masks/good2.png",)


def test_one_bad_file_hides_no_other(folder):
    (folder / "images/good0.png").write_bytes(b"")
    (folder / "images/good1.png").write_bytes(b"{}")
    (folder / "masks/good2.png").write_bytes(b"")
    put(folder, "images/lone.png", picture(7))
    report = check(folder)
    one = finding(report, "unreadable-image")
    assert one.files == ("images/good0.png", "images/good1.png")
    assert one.message.startswith("2 files (images/good0.png, images/good1.png) cannot be read")
    assert finding(report, "unreadable-mask").files == ("masks/good2.png",)
    assert finding(report, "image-without-mask").files == ("images/lone.png",)
    assert "in 1 of 1 masks" in str(report)


def test_a_message_names_five_files_and_the_finding_all(folder):
    for number in range(7):
        (folder / "images" / f"bad{number}.png").write_bytes(b"")
        put(folder, f"masks/bad{number}.png", square())
    one = finding(check(folder), "unreadable-image")
    assert one.message.count("images/bad") == 5 + 1  # the first is told in full
    assert len(one.files) == 7


def test_a_folder_of_which_nothing_can_be_read_spoils_training(tmp_path):
    (tmp_path / "a.png").write_bytes(b"")
    report = check(tmp_path)
    assert report.spoils_training
    assert finding(report, "nothing-usable")


def test_no_folder_is_an_error(tmp_path):
    with pytest.raises(DataError, match="no such folder"):
        check(tmp_path / "absent")


# images and masks that do not fit


def test_masks_without_an_image_are_named(folder):
    put(folder, "masks/alone.png", square())
    assert finding(check(folder), "mask-without-image").files == ("masks/alone.png",)


@pytest.mark.parametrize(
    ("size_hw", "cause"),
    [((80, 64), "swapped"), ((32, 40), "scaled by 0.5"), ((63, 80), "a pixel or two"), ((20, 70), "different cuts")],
)
def test_a_mask_of_another_size_says_both_sizes_and_the_cause(folder, size_hw, cause):
    put(folder, "masks/good1.png", square(255, size_hw))
    report = check(folder)
    one = finding(report, "size-mismatch")
    assert one.files == ("masks/good1.png",)
    assert f"{size_hw[1]} x {size_hw[0]}" in one.message
    assert "80 x 64" in one.message
    assert cause in one.message
    assert report.spoils_training


def test_a_mask_drawn_on_a_turned_photograph_is_explained(folder):
    turned = Image.Exif()
    turned[0x0112] = 6
    put(folder, "images/photo.jpg", picture(8, (70, 90)), exif=turned)
    put(folder, "masks/photo.png", square(255, (70, 90)))
    assert "EXIF orientation 6" in finding(check(folder), "size-mismatch").message


def test_a_turned_photograph_that_fits_is_only_noted(folder):
    turned = Image.Exif()
    turned[0x0112] = 6
    put(folder, "images/photo.jpg", picture(8, (70, 90)), exif=turned)
    put(folder, "masks/photo.png", square(255, (90, 70)))
    assert finding(check(folder), "exif-rotation").severity == "note"


def test_two_files_of_one_name_are_an_error(folder):
    put(folder, "images/good1.tif", picture(5))
    report = check(folder)
    assert report.spoils_training
    assert "good1" in finding(report, "ambiguous").message


# what the masks hold


def test_a_mixture_of_0_1_and_0_255_is_told(folder):
    put(folder, "masks/good3.png", square(1))
    report = check(folder)
    assert "0 and 1 (1 files" in finding(report, "doubtful-masks").message
    assert "in 4 of 4 masks" in str(report)


def test_undeclared_255_is_an_error_with_the_option_that_declares_it(folder):
    for number in range(4):
        mask = square(1 + number % 2)
        mask[:5] = 255
        put(folder, f"masks/good{number}.png", mask)
    report = check(folder)
    one = finding(report, "undeclared-ignore")
    assert "--ignore 255" in one.remedy
    assert report.spoils_training
    assert "not understood yet" in report.words[0]
    assert not check(folder, options=CodingOptions(ignore=(255,))).spoils_training


@pytest.mark.parametrize("code", ["jpeg", "smooth"])
def test_damaged_masks_are_refused_with_the_repair(folder, code):
    for number in range(4):
        (folder / f"masks/good{number}.png").unlink()
        if code == "jpeg":
            put(folder, f"masks/good{number}.jpg", square(), quality=50)
        else:
            blurred = Image.fromarray(square(255, (32, 40))).resize((80, 64), Image.Resampling.BICUBIC)
            blurred.save(folder / f"masks/good{number}.png")
    report = check(folder)
    one = finding(report, "damaged-masks")
    assert "--repair nearest" in one.remedy
    assert report.spoils_training
    assert not check(folder, options=CodingOptions(repair="nearest")).spoils_training


def test_colour_masks_propose_a_table(folder):
    for number in range(4):
        mask = np.zeros((64, 80, 3), np.uint8)
        mask[20:40], mask[40:] = (255, 0, 0), (0, 0, 255)
        put(folder, f"masks/good{number}.png", mask)
    one = finding(check(folder), "undeclared-colors")
    assert '--colors "#000000=background,#0000FF=' in one.remedy


def test_a_palette_mask_is_read_by_its_indices(folder):
    for number in range(4):
        image = Image.fromarray(square(1))
        image.putpalette([0, 0, 0, 200, 30, 30])
        image.save(folder / f"masks/good{number}.png")
    assert "class 1 'foreground': 11.7% of the pixels" in str(check(folder))


@pytest.mark.parametrize(("values", "code"), [((0, 1), None), ((0, 0.5), "unreadable-mask")])
def test_float_masks_of_whole_numbers_are_read_and_others_refused(folder, values, code):
    (folder / "masks/good1.png").unlink()
    mask = np.where(square() > 0, values[1], values[0]).astype(np.float32)
    put(folder, "masks/good1.tif", mask)
    report = check(folder)
    if code:
        assert finding(report, code).files == ("masks/good1.tif",)
    else:
        assert "in 4 of 4 masks" in str(report)


def test_empty_masks_are_named(folder):
    put(folder, "masks/good2.png", square(0))
    one = finding(check(folder), "empty-masks")
    assert (one.severity, one.files) == ("warning", ("masks/good2.png",))


def test_nothing_but_empty_masks_spoil_training(folder):
    for number in range(4):
        put(folder, f"masks/good{number}.png", square(0))
    report = check(folder)
    assert finding(report, "all-masks-empty")
    assert report.spoils_training


def test_a_mask_that_ignores_everything_is_named(folder):
    put(folder, "masks/good2.png", np.full((64, 80), 7, np.uint8))
    assert finding(check(folder, options=CodingOptions(ignore=(7,))), "ignored-masks").files == ("masks/good2.png",)


def test_classes_that_are_rare_are_told(folder):
    put(folder, "masks/good2.png", square(3))
    for number in (0, 1, 3):
        put(folder, f"masks/good{number}.png", square(1))
    report = check(folder, options=CodingOptions(class_names=("back", "cell", "debris", "dirt")))
    assert "'debris' occurs in no mask" in finding(report, "class-never-occurs").message
    assert finding(report, "class-in-one-file").files == ("masks/good2.png",)
    assert "'dirt'" in finding(report, "class-in-one-file").message


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


def test_the_report_is_json_and_gravest_first(folder):
    put(folder, "masks/good1.png", square(255, (80, 64)))
    put(folder, "masks/good2.png", square(0))
    report = check(folder)
    value = json.loads(json.dumps(report.to_json()))
    assert [one["severity"] for one in value["findings"]] == ["error", "warning"]
    assert value["spoils_training"] is True
    assert value["findings"][1]["files"] == ["masks/good2.png"]
    assert str(report).splitlines()[-1].endswith("[empty-masks]")


def test_the_sheet_shows_masks_and_says_which_file_cannot_be_read(folder):
    data = read(folder)
    whole = sheet(data, count=4)
    assert whole.shape[2] == 3
    (folder / "images/good0.png").write_bytes(b"")
    broken = sheet(data, count=4)
    assert broken.shape[1] == whole.shape[1]
    assert (broken == 128).all(axis=2).sum() > 10_000  # the gray cell


@pytest.mark.real
@pytest.mark.parametrize(
    ("name", "options", "codes"),
    [
        ("isbi2012_em", {}, set()),
        ("camvid", {"ignore": (11,)}, set()),
        ("medscribble", {}, set()),
        ("stardist_sample", {}, {"unreadable-image"}),
        ("oxford_pets_26", {}, {"undeclared-ignore"}),
        ("dsb2018_nuclei", {}, set()),
        ("coco_panoptic_sample", {}, {"class-never-occurs", "class-in-one-file"}),
    ],
)
def test_what_is_found_in_the_real_data_sets(real_data, name, options, codes):
    assert {one.code for one in check(real_data / name, options=CodingOptions(**options)).findings} == codes
