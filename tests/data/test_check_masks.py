"""What the mask doctor says of the values in masks: mixtures, damage, colours, and classes that are rare or missing."""

import numpy as np
import pytest
from PIL import Image

from maskwright.data.check import check
from maskwright.data.coding import CodingOptions
from some_folders import finding, put, square


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
