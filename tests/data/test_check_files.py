"""The mask doctor names every file that cannot be read and every mask that does not fit its image; no fault hides another."""

import pytest
from PIL import Image

from maskwright.data.check import check
from some_folders import finding, picture, put, square

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
