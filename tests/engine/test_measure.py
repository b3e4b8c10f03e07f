"""Objects of many images: who says what they are, which images and masks meet, and what is left out."""

import json
from dataclasses import replace

import numpy as np
import pytest
import tifffile
from PIL import Image

from maskwright.base.errors import DataError
from maskwright.data.coding import CodingOptions
from maskwright.engine.masked_images import masked
from maskwright.engine.measure import Measuring
from maskwright.formats import coco, labels, native
from maskwright.masks.classes import Classes
from maskwright.masks.coding import MaskCoding
from maskwright.masks.convert import instances_from_labels
from maskwright.masks.pixel_size import PixelSize

LABELS = np.zeros((20, 30), np.uint16)
LABELS[2:6, 3:8] = 4
LABELS[10:12, 20:23] = 9
LABELS[15, 20] = 9  # of the same object


@pytest.fixture
def folder(tmp_path):
    """images/a.png and images/deep/b.png with label images beside them."""
    rng = np.random.default_rng(1)
    for name in ("a.png", "deep/b.png"):
        for kind, values in (("images", rng.integers(0, 255, LABELS.shape, np.uint8)), ("masks", LABELS)):
            path = tmp_path / kind / name
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(values).save(path)
    return tmp_path


def found_in(folder, *images, masks="masks", **options):
    images = [folder / image for image in images or ("images",)]
    says = {} if masks.endswith(".json") else {"options": CodingOptions(kind="instances")}
    return masked(folder / masks, images, **says | options)


def test_label_images_keep_the_numbers_of_their_objects(folder):
    rows = list(Measuring(found_in(folder)).rows())
    assert [(row["image"], row["object"], row["area"]) for row in rows] == [
        ("a.png", 4, 20), ("a.png", 9, 7), ("deep/b.png", 4, 20), ("deep/b.png", 9, 7),
    ]  # fmt: skip
    image = np.asarray(Image.open(folder / "images" / "a.png"))
    assert rows[0]["mean_c1"] == pytest.approx(image[LABELS == 4].mean())
    assert np.isnan(rows[0]["score"])  # nobody said how sure they are


def test_one_mask_on_one_image_and_some_images_of_a_folder(folder):
    one = Measuring(found_in(folder, "images/a.png", masks="masks/a.png"))
    some = Measuring(found_in(folder, "images/a.png"))
    assert list(map(str, one.rows())) == list(map(str, some.rows()))
    assert not some.left_out  # nobody asked for the other


def test_a_data_folder_is_measured_by_its_own_masks(folder):
    assert len(list(Measuring(found_in(folder, ".", masks=".")).rows())) == 4


def test_a_mask_without_image_an_image_without_mask_and_other_sizes_are_left_out(folder):
    Image.fromarray(LABELS).save(folder / "masks" / "extra.png")
    Image.fromarray(np.zeros((20, 30), np.uint8)).save(folder / "images" / "lonely.png")
    Image.fromarray(np.zeros((20, 31), np.uint8)).save(folder / "images" / "deep" / "b.png")
    measuring = Measuring(found_in(folder))
    assert {row["image"] for row in measuring.rows()} == {"a.png"}
    told = " ".join(measuring.left_out)
    assert len(measuring.left_out) == 3
    assert "extra.png: no image belongs to this mask" in told
    assert "lonely.png: no mask belongs to this image" in told
    assert "is 30 x 20 pixels" in told
    assert "31 x 20" in told


def test_an_image_that_breaks_later_is_left_out_by_name(folder):
    measuring = Measuring(found_in(folder))
    (folder / "images" / "a.png").write_bytes(b"")
    assert {row["image"] for row in measuring.rows()} == {"deep/b.png"}
    assert len(measuring.left_out) == 1
    assert "a.png: the file is empty" in measuring.left_out[0]
    measuring.require_measured()


def test_where_every_image_breaks_there_is_no_table_of_nothing(folder):
    measuring = Measuring(found_in(folder, "images/a.png"))
    (folder / "masks" / "a.png").write_bytes(b"")
    assert list(measuring.rows()) == []
    with pytest.raises(DataError, match=r"No image could be measured.*a\.png"):
        measuring.require_measured()


def test_nothing_that_belongs_together_is_an_error(folder):
    (folder / "other").mkdir()
    Image.fromarray(LABELS).save(folder / "other" / "z.png")
    with pytest.raises(DataError, match="no mask is named like an image"):
        found_in(folder, masks="other")
    with pytest.raises(DataError, match="nowhere: no such file or folder"):
        found_in(folder, masks="nowhere")
    with pytest.raises(DataError, match="one mask belongs to one image"):
        found_in(folder, "images", masks="masks/a.png")
    Image.fromarray(LABELS).save(folder / "images" / "lonely.png")
    with pytest.raises(DataError, match="none of the images has a mask there"):
        found_in(folder, "images/lonely.png")


def test_masks_of_classes_are_measured_by_their_parts_and_that_is_said(folder):
    names = ("background", "cell")
    for name in ("a.png", "deep/b.png"):
        Image.fromarray((LABELS > 0).astype(np.uint8)).save(folder / "masks" / name)
    images = found_in(folder, options=CodingOptions(class_names=names))
    assert any("each connected part of a class is an object" in words for words in images.words)
    assert [(row["class"], row["area"]) for row in Measuring(images).rows()][:3] == [("cell", 20), ("cell", 6), ("cell", 1)]


@pytest.fixture
def annotated(folder):
    classes = Classes.named("background", "cell", things=["cell"])
    objects = instances_from_labels(LABELS, classes)
    coco.write(folder / "instances.json", [("a.png", objects), ("deep/b.png", objects)])
    return folder


def test_annotations_by_their_file_or_folder(annotated):
    rows = list(Measuring(found_in(annotated, masks="instances.json")).rows())
    assert [(row["image"], row["object"], row["class"], row["area"]) for row in rows[:2]] == [
        ("a.png", 1, "cell", 20), ("a.png", 2, "cell", 7),
    ]  # fmt: skip
    assert len(rows) == 4


def test_a_list_of_results_needs_the_file_that_describes_it(annotated):
    value = json.loads((annotated / "instances.json").read_text())
    (first, *_) = value["annotations"]
    result = {key: first[key] for key in ("image_id", "category_id", "segmentation")} | {"score": 0.25}
    (annotated / "results.json").write_text(json.dumps([result]))
    described = {"masks": "results.json", "annotations": annotated / "instances.json"}
    (row,) = Measuring(found_in(annotated, **described)).rows()
    assert (row["score"], row["area"]) == (0.25, 20)
    with pytest.raises(DataError, match="names no images and no categories"):
        found_in(annotated, masks="results.json")


def test_words_about_masks_are_no_words_about_annotations(annotated):
    with pytest.raises(DataError, match="Leave one of both out"):
        found_in(annotated, masks="instances.json", options=CodingOptions(kind="instances"))


def test_a_folder_that_predict_wrote_is_measured_without_its_overlays(folder):
    classes = Classes.named("background", "cell", things=["cell"])
    native.write_native(folder / "masks", MaskCoding("instances", ((0, 0),), (), classes))
    (folder / "masks" / "predictions.jsonl").write_text("")
    (folder / "masks" / "overlays").mkdir()
    Image.fromarray(np.zeros((20, 30, 3), np.uint8)).save(folder / "masks" / "overlays" / "a.png")
    for options in (CodingOptions(), CodingOptions(kind="instances")):
        measuring = Measuring(found_in(folder, options=options))
        assert [(row["object"], row["area"]) for row in measuring.rows()] == [(4, 20), (9, 7)] * 2
        assert not measuring.left_out


def test_label_images_with_a_table_have_classes_and_scores(folder):
    classes = Classes.named("background", "cell", "nucleus", things=["cell", "nucleus"])
    objects = replace(instances_from_labels(LABELS, classes), class_ids=np.array([2, 1]), scores=np.array([0.25, 0.5]))
    labels.write(folder / "labels", [("a.png", objects), ("deep/b.png", objects)])
    rows = list(Measuring(found_in(folder, masks="labels", options=None)).rows())
    assert [(row["image"], row["class"], row["score"], row["area"]) for row in rows[:2]] == [
        ("a.png", "nucleus", 0.25, 20), ("a.png", "cell", 0.5, 7),
    ]  # fmt: skip
    assert len(rows) == 4


def test_crowds_are_counted_and_not_measured(annotated):
    value = json.loads((annotated / "instances.json").read_text())
    value["annotations"][0]["iscrowd"] = 1
    (annotated / "instances.json").write_text(json.dumps(value))
    measuring = Measuring(found_in(annotated, masks="instances.json"))
    assert len(list(measuring.rows())) == 3
    assert measuring.crowds == 1


def test_pixel_sizes_of_the_files_are_taken_and_said(folder):
    sizes = {"PhysicalSizeX": 0.5, "PhysicalSizeY": 0.5}
    values = np.zeros((2, *LABELS.shape), np.uint16)
    path = folder / "images" / "a.png"
    path.unlink()
    metadata = {"axes": "CYX", "Channel": {"Name": ["DAPI", "actin"]}, **sizes}
    tifffile.imwrite(path.with_suffix(".tif"), values, ome=True, photometric="minisblack", metadata=metadata)
    measuring = Measuring(found_in(folder))
    told = " ".join(measuring.words)
    assert "pixel size 0.5um, as the OME metadata of the files say" in told
    assert "1 image without a pixel size" in told
    assert "DAPI, actin; c1" in told
    rows = {row["image"]: row for row in measuring.rows()}
    assert rows["a.tif"]["area_um2"] in (5, 7 / 4)
    assert "area_um2" not in rows["deep/b.png"]
    assert {"area_um2", "mean_DAPI", "mean_c1"} <= set(measuring.columns)
    said = Measuring(found_in(folder), pixel_size=PixelSize(1, 2, "mm"))
    assert said.unit == "mm"
    assert "1 file with another pixel size, such as a.tif: 0.5um; 1mm,2mm is taken" in said.words[0]
    assert "pixels are not square" in said.words[1]


def test_without_a_pixel_size_all_is_in_pixels_and_said(folder):
    measuring = Measuring(found_in(folder))
    assert measuring.unit is None
    assert any("say it with --pixel-size 0.65um" in words for words in measuring.words)


def test_each_plane_of_a_stack_is_measured_and_objects_keep_their_numbers(tmp_path):
    stack = np.stack([np.arange(600, dtype=np.uint16).reshape(20, 30)] * 3)
    masks = np.stack([LABELS, np.zeros_like(LABELS), LABELS])
    for kind, values in (("images", stack), ("masks", masks)):
        (tmp_path / kind).mkdir()
        tifffile.imwrite(tmp_path / kind / "e.tif", values, photometric="minisblack", metadata={"axes": "ZYX"})
    whole = [list(Measuring(found).rows()) for found in (found_in(tmp_path), found_in(tmp_path, "images/e.tif"))]
    whole.append(list(Measuring(found_in(tmp_path, "images/e.tif", masks="masks/e.tif")).rows()))
    for rows in whole:
        places = [(row["image"], row["object"], row["area"]) for row in rows]
        assert places == [(f"e.tif/z={z}", number, area) for z in (0, 2) for number, area in ((4, 20), (9, 7))]
    assert whole[0][0]["mean_c1"] == stack[0][LABELS == 4].mean()
