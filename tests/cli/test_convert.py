"""`maskwright convert`: every format to every other, refusals before anything is written, reports that leave nothing out."""

import json
import shutil
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from maskwright.base.files import read_json, write_json
from maskwright.formats import ANNOTATION_FORMATS, coco, native
from maskwright.formats.annotations import object_classes
from maskwright.masks.classes import Classes
from maskwright.masks.coding import MaskCoding
from some_objects import RING, SIZE_HW, SQUARE, TWO_PARTS, assert_same, instances, mask

STREET = object_classes(["car", "person"])
EXACT = ("coco", "labelme", "cvat", "labels", "voc")  # hold separate objects without a loss


def street(*masks, **more):
    return instances(*masks, classes=STREET, **more)


@pytest.fixture
def data(tmp_path):
    """Three images and a COCO file: objects with holes and parts, one image without objects."""
    folder = tmp_path / "data"
    (folder / "images").mkdir(parents=True)
    for name in "abc":
        Image.fromarray(np.zeros(SIZE_HW, np.uint8)).save(folder / "images" / f"{name}.png")
    items = [("a.png", street(RING, mask((2, 2, 4, 4)), class_ids=[1, 2])), ("b.png", street(TWO_PARTS)), ("c.png", street())]
    coco.write(folder / "instances.json", items)
    return folder


def said(result):
    return " ".join(result.output.split())


def tree(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("middle", EXACT)
@pytest.mark.parametrize("last", EXACT)
def test_any_format_becomes_any_other_and_the_objects_stay(invoke, data, tmp_path, middle, last):
    before = tree(data)
    for source, out, to in ((data, "one", middle), (tmp_path / "one", "two", last), (tmp_path / "two", "end", "coco")):
        result = invoke("convert", source, tmp_path / out, "--to", to, "--images", data)
        assert result.exit_code == 0, result.output
        assert "3 of 3 objects came back pixel for pixel; the lowest IoU is 1.000" in said(result)
        assert "Nothing was lost" in said(result)
    assert tree(data) == before
    ends = {image.name: image for image in coco.read(tmp_path / "end" / "instances.json").images}
    for image in coco.read(data / "instances.json").images:
        found = ends[image.name].load(SIZE_HW)
        order = sorted(range(len(found)), key=lambda place: found.regions[place].area, reverse=True)
        assert [found.regions[place].area for place in order] == [region.area for region in image.load(SIZE_HW).regions]
        assert {found.classes[class_id].name for class_id in found.class_ids.tolist()} == {
            STREET[class_id].name for class_id in image.load(SIZE_HW).class_ids.tolist()
        }


def test_what_a_format_cannot_hold_stops_before_anything_is_written(invoke, data, tmp_path):
    result = invoke("convert", data, tmp_path / "out", "--to", "cityscapes")
    assert result.exit_code == 2
    assert "a.png: 4 pixels of no object" not in said(result)  # a.png is covered by its objects
    assert f"{tmp_path / 'out'}: Cityscapes cannot hold all of these objects: b.png: 35 pixels of no object" in said(result)
    assert "--allow-loss" in said(result)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data"]
    result = invoke("convert", data, tmp_path / "out", "--to", "cityscapes", "--allow-loss")
    assert result.exit_code == 0
    assert "3 of 3 objects came back pixel for pixel" in said(result)
    assert "2 images as a whole lost something" in said(result)


def test_every_loss_is_in_the_report_by_image_and_object(invoke, tmp_path):
    overlapping = street(SQUARE, RING, SQUARE, scores=[1.0, 0.5, 1.0])
    coco.write(tmp_path / "in.json", [(f"{number}.png", overlapping) for number in range(6)])
    result = invoke("convert", tmp_path / "in.json", tmp_path / "voc", "--to", "voc", "--allow-loss")
    assert result.exit_code == 0, result.output
    assert "and 2 more, all in" in said(result)
    report = read_json(tmp_path / "voc" / "conversion.json")
    assert report["counts"] == {"images": 6, "objects": 18, "classes": 1}
    assert report["round_trip"] == {"exact": 6, "lowest_iou": 0.0, "not_announced": 0}
    first, second = report["losses"][:2]
    assert (first["image"], first["object"], first["iou"]) == ("0.png", 1, 0.0)
    assert (second["object"], round(second["iou"], 3)) == (2, round(36 / 44, 3))
    assert "its score 0.5; 8 of its 44 pixels lie under other objects" in second["what"]
    assert len(report["losses"]) == 12
    assert "SegmentationObject/0.png" in report["files"]
    elsewhere = tmp_path / "report.json"
    invoke("convert", tmp_path / "in.json", tmp_path / "two", "--to", "voc", "--allow-loss", "--report", elsewhere)
    assert read_json(elsewhere)["losses"] == report["losses"]
    assert not (tmp_path / "two" / "conversion.json").exists()


def test_what_lies_there_is_kept_unless_it_is_to_be_replaced(invoke, data, tmp_path):
    """Replaced is what a conversion wrote; other files stay and are named."""
    out = tmp_path / "out"
    assert invoke("convert", data, out, "--to", "labels").exit_code == 0
    result = invoke("convert", data, out, "--to", "labels")
    assert result.exit_code == 2
    assert "files or folders already" in said(result)
    assert "--overwrite" in said(result)
    (out / "mine.txt").write_text("mine")
    value = read_json(data / "instances.json")
    value["images"] = value["images"][:1]
    value["annotations"] = [one for one in value["annotations"] if one["image_id"] == 1]
    write_json(tmp_path / "first.json", value)
    result = invoke("convert", tmp_path / "first.json", out, "--to", "labels", "--overwrite")
    assert result.exit_code == 0
    assert "holds 1 more files, which this conversion did not write: mine.txt" in said(result)
    names = sorted(path.name for path in out.iterdir())
    assert names == ["a.png", "conversion.json", "dataset.json", "mine.txt", "objects.csv"]


def test_the_source_is_never_written_to(invoke, data, tmp_path):
    result = invoke("convert", data, tmp_path / "out", "--to", "labels", "--report", data / "report.json")
    assert "the source is only read" in said(result)
    for out in (data, data / "out", data.parent):
        result = invoke("convert", data, out, "--to", "labels", "--overwrite")
        assert result.exit_code == 2
        assert "the source is only read" in said(result)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("DATA", "OUT", "--to", "cocoo"), "'cocoo' is no annotation format. Did you mean 'coco'?"),
        (("DATA", "OUT", "--to", "voc", "--format", "voc"), "no Pascal VOC annotations found"),
        (("NOTHING", "OUT", "--to", "voc"), "NOTHING: no such file or folder"),
        (("DATA", "OUT", "--to", "voc", "--images", "NOTHING"), "NOTHING: no such file or folder"),
        (("DATA", "OUT.json", "--to", "voc"), "Pascal VOC is written as a folder. Name one"),
        (("DATA", "OUT.xml", "--to", "coco"), "COCO is written as a folder (or a .json file)"),
        (("DATA/images", "OUT", "--to", "coco"), "3 images and no masks. If they are the masks, say what they hold: --kind"),
        (("EMPTY", "OUT", "--to", "coco"), "no usable images found"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_in_words(invoke, data, tmp_path, arguments, words):
    (tmp_path / "EMPTY").mkdir()
    places = {"DATA": data, "DATA/images": data / "images", "EMPTY": tmp_path / "EMPTY"}
    places |= {name: tmp_path / name for name in ("OUT", "NOTHING", "OUT.json", "OUT.xml")}
    result = invoke("convert", *(places.get(argument, argument) for argument in arguments))
    assert result.exit_code == 2
    assert words in said(result)
    assert not (tmp_path / "OUT").exists()


def test_bad_annotations_and_images_are_findings_and_the_rest_is_converted(invoke, data, tmp_path):
    """An unknown category, an image of another size than its annotations, and an image that is not there."""
    value = read_json(data / "instances.json")
    value["annotations"][0]["category_id"] = 99
    write_json(data / "instances.json", value)
    Image.fromarray(np.zeros((6, 9), np.uint8)).save(data / "images" / "b.png")
    (data / "images" / "c.png").unlink()
    result = invoke("convert", data, tmp_path / "out", "--to", "coco")
    assert result.exit_code == 3
    assert "error: annotation 1: its category_id 99 is no category" in said(result)
    assert "b.png: has 9 x 6 pixels" in said(result)
    assert "note: 1 of 3 images are not in" in said(result)
    assert "2 images, 1 object of 1 class" in said(result)
    assert {finding["severity"] for finding in read_json(tmp_path / "out" / "instances.conversion.json")["findings"]} == {
        "error", "note",
    }  # fmt: skip


def test_images_whose_objects_cannot_be_read_are_left_out_and_named(invoke, data, tmp_path):
    invoke("convert", data, tmp_path / "voc", "--to", "voc")
    for folder in ("SegmentationClass", "SegmentationObject"):
        shutil.copy(tmp_path / "voc" / folder / "b.png", tmp_path / "voc" / folder / "a.png")
    Image.fromarray(np.full(SIZE_HW, 99, np.uint8)).save(tmp_path / "voc" / "SegmentationClass" / "b.png")
    result = invoke("convert", tmp_path / "voc", tmp_path / "out", "--to", "coco")
    assert result.exit_code == 3
    assert "error: b.png: its objects cannot be read and are left out" in said(result)
    assert "99 in 48 pixels" in said(result)
    for name in "ac":
        Image.fromarray(np.full(SIZE_HW, 99, np.uint8)).save(tmp_path / "voc" / "SegmentationClass" / f"{name}.png")
    result = invoke("convert", tmp_path / "voc", tmp_path / "more", "--to", "coco")
    assert result.exit_code == 2
    assert "not one image has objects that can be read" in said(result)
    assert not (tmp_path / "more").exists()


def test_sizes_that_stand_nowhere_need_the_images(invoke, data, tmp_path):
    assert invoke("convert", data, tmp_path / "yolo", "--to", "yolo", "--allow-loss").exit_code == 0
    result = invoke("convert", tmp_path / "yolo", tmp_path / "out", "--to", "coco")
    assert result.exit_code == 2
    assert "Name the folder of the images with --images" in said(result)
    result = invoke("convert", tmp_path / "yolo", tmp_path / "out", "--to", "coco", "--images", data / "images")
    assert result.exit_code == 0
    assert "3 of 3 objects came back pixel for pixel" in said(result)


def test_masks_of_classes_become_objects_only_when_asked(invoke, blobs_to_read, tmp_path):
    result = invoke("convert", blobs_to_read, tmp_path / "out", "--to", "coco")
    assert result.exit_code == 2
    assert "the masks hold classes (background, foreground, ...), not objects" in said(result)
    result = invoke("convert", blobs_to_read, tmp_path / "out.json", "--to", "coco", "--parts-as-objects")
    assert result.exit_code == 0, result.output
    assert "255 is class 1 'foreground'" in said(result)
    found = coco.read(tmp_path / "out.json")
    assert [image.name for image in found.images] == [f"cell{number}.png" for number in range(6)]
    assert (tmp_path / "out.conversion.json").is_file()


def test_annotations_go_before_masks_unless_something_is_said_of_these(invoke, data, tmp_path):
    (data / "masks").mkdir()
    for name in "abc":
        Image.fromarray(np.arange(48, dtype=np.uint16).reshape(SIZE_HW)).save(data / "masks" / f"{name}.png")
    result = invoke("convert", data, tmp_path / "out", "--to", "labels")
    assert "note: 3 images have masks as well, which are not read" in said(result)
    assert "3 of 3 objects" in said(result)
    result = invoke("convert", data, tmp_path / "more", "--to", "labels", "--kind", "instances")
    assert "141 of 141 objects" in said(result)
    ANNOTATION_FORMATS["labelme"].write(data, [("a.png", street(SQUARE))])
    result = invoke("convert", data, tmp_path / "x", "--to", "labels")
    assert "annotations of several formats. Say which with --format: coco, labelme" in said(result)


def test_folders_of_predictions_are_read_as_they_are(invoke, data, tmp_path):
    """Label images, and label maps beside the overlays that `predict` lays there; their images may be named."""
    for kind, values in (("instances", RING.astype(np.uint16) * 7), ("class-ids", RING.astype(np.uint8))):
        folder = tmp_path / kind
        for name in ("a.png", "overlays/a.png"):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(values if "/" not in name else np.full((3, 3, 3), 9, np.uint8)).save(folder / name)
        (folder / "predictions.jsonl").write_text("")
        codes = ((0, 0),) if kind == "instances" else ((0, 0), (1, 1))
        native.write_native(folder, MaskCoding(kind, codes, (), Classes.named("background", "cell")))
        asked = () if kind == "instances" else ("--parts-as-objects",)
        for name, images in (("a", ()), ("a.png", ("--images", data))):
            out = tmp_path / f"{kind}-{len(images)}"
            result = invoke("convert", folder, out, "--to", "coco", *asked, *images)
            assert result.exit_code in (0, 3), result.output  # 3: of the three images two have no mask
            (image,) = coco.read(out / "instances.json").images
            assert image.name == name
            np.testing.assert_array_equal(image.load(SIZE_HW).regions[0].mask(SIZE_HW), RING)


def test_results_of_coco_need_the_file_that_describes_them(invoke, data, tmp_path):
    results = tmp_path / "results.json"
    coco.write_results(results, [("b.png", street(TWO_PARTS, scores=[0.5]))], described_by=data / "instances.json")
    assert invoke("convert", results, tmp_path / "out", "--to", "labels").exit_code == 2
    result = invoke("convert", results, tmp_path / "out", "--to", "labels", "--annotations", data / "instances.json")
    assert result.exit_code == 0, result.output
    found = {image.name: image for image in ANNOTATION_FORMATS["labels"].read(tmp_path / "out").images}
    assert_same(found["b"].load(SIZE_HW), street(TWO_PARTS, scores=[0.5]))


def test_a_format_that_gives_back_something_else_is_found_out(invoke, data, tmp_path, monkeypatch):
    """The reading is the proof: a writer that forgets an object without a word is told on."""
    real = coco.write

    def forgetful(path, items, *, allow_loss=False):
        kept = ((name, street(SQUARE) if name == "b.png" else one) for name, one in items)
        return real(path, kept, allow_loss=allow_loss)

    monkeypatch.setattr(coco, "write", forgetful)
    result = invoke("convert", data, tmp_path / "out", "--to", "coco")
    assert result.exit_code == 3
    assert "2 of 3 objects came back pixel for pixel" in said(result)
    assert "b.png, object 1: its mask came back changed" in said(result)
    assert "1 of these losses were not foreseen" in said(result)


def test_no_torch_is_needed(data, tmp_path):
    code = (
        "import sys; from maskwright.cli.main import app\n"
        f"try: app(['convert', {str(data)!r}, {str(tmp_path / 'out')!r}, '--to', 'voc'], prog_name='maskwright')\n"
        "except SystemExit as end: assert not end.code, end.code\n"
        "assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
    assert json.loads((tmp_path / "out" / "conversion.json").read_text())["counts"]["objects"] == 3
