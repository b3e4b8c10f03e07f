"""Objects against objects: which images meet, whose classes count, and what is left out."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from maskwright.base.errors import DataError, MaskValueError
from maskwright.data.coding import CodingError
from maskwright.data.dataset import read
from maskwright.engine.compare import compare_readings, score
from maskwright.engine.reading import Reading
from maskwright.formats import coco, coco_panoptic
from maskwright.masks.classes import Classes
from maskwright.masks.convert import instances_from_labels
from maskwright.masks.types import Panoptic, Segment

LABELS = np.zeros((20, 30), np.uint16)
LABELS[2:8, 2:8], LABELS[10:16, 10:16] = 1, 2
HALF = np.where(LABELS == 2, LABELS, 0)  # one of two objects found

CELL = Classes.named("background", "cell", things=["cell"])


def objects(labels, *names, classes=None):
    known = Classes.named("background", *(names or ("cell",)), things=names or ("cell",))
    found = instances_from_labels(labels, known)
    return found if classes is None else replace(found, class_ids=np.array(classes))


def annotated(path, **images):
    """A COCO file; a double underscore in a name stands for a folder."""
    coco.write(path, [(f"{name.replace('__', '/')}.png", found) for name, found in images.items()])
    return path


def put(folder, **masks):
    for name, values in masks.items():
        path = folder / f"{name.replace('__', '/')}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(values).save(path)
    return folder


def compare(truth, other, **said):
    return compare_readings(Reading(path=truth, **said), Reading(path=other))


def recall(found, subject="cell"):
    return found.scores.row("recall at IoU 0.5", subject).value


def test_annotations_against_annotations(tmp_path):
    found = compare(annotated(tmp_path / "t.json", a=objects(LABELS)), annotated(tmp_path / "p.json", a=objects(HALF)))
    assert recall(found) == 0.5
    assert found.left_out == ()
    assert found.conventions == ()


def test_label_images_against_annotations_and_against_each_other(tmp_path):
    truth, other = put(tmp_path / "t", a=LABELS, b=LABELS), put(tmp_path / "p", a=HALF, b=LABELS)
    names = {"a": objects(HALF), "b": objects(LABELS)}
    from_file = compare(truth, annotated(tmp_path / "p.json", **names), kind="instances")
    assert recall(from_file, "object") == 0.75
    assert any("'cell' is taken for 'object'" in words for words in from_file.words)
    assert recall(compare(truth, other, kind="instances"), "object") == 0.75


def test_a_list_of_results_takes_images_and_classes_from_the_ground_truth(tmp_path):
    truth = annotated(tmp_path / "t.json", a=objects(LABELS), b=objects(LABELS))
    results = tmp_path / "results.json"
    coco.write_results(results, [("a.png", objects(LABELS))], described_by=truth)
    found = compare(truth, results)
    assert recall(found) == 0.5  # of b, in which nothing was found, everything is missed
    with pytest.raises(DataError, match="names no images and no categories"):
        compare(put(tmp_path / "t", a=LABELS), results, kind="instances")


def test_names_meet_with_and_without_folders_suffixes_and_words(tmp_path):
    truth = put(tmp_path / "t", one__a_mask=LABELS, two__b_mask=LABELS)
    other = annotated(tmp_path / "p.json", one__a=objects(LABELS), b=objects(LABELS))
    found = compare(truth, other, kind="instances")
    assert found.left_out == ()
    assert [row["id"] for row in found.scores.per_image] == ["one/a_mask", "two/b_mask"]


def test_what_has_no_partner_or_several_or_another_size_is_left_out_and_the_rest_is_scored(tmp_path):
    wide = objects(np.pad(LABELS, ((0, 0), (0, 5))))
    truth = annotated(tmp_path / "t.json", a=objects(LABELS), b=objects(LABELS), c=objects(LABELS), d=objects(LABELS))
    other = annotated(tmp_path / "p.json", a=objects(LABELS), x=objects(LABELS), c=wide, e__d=wide, f__d=wide)
    found = compare(truth, other)
    assert recall(found) == 1
    told = " ".join(found.left_out)
    assert "there is no prediction for 'b.png'" in told
    assert "there is no ground truth for 'x.png'" in told
    assert "'c.png': the prediction is 35 x 20 pixels, its ground truth 30 x 20" in told
    assert "'d.png' may belong to 'e/d.png', 'f/d.png'" in told


def test_classes_meet_by_name_whatever_their_order(tmp_path):
    truth = annotated(tmp_path / "t.json", a=objects(LABELS, "cat", "dog", classes=[1, 2]))
    other = annotated(tmp_path / "p.json", a=objects(LABELS, "Dog", "cat", classes=[2, 1]))
    found = compare(truth, other)
    assert (recall(found, "cat"), recall(found, "dog")) == (1, 1)


def test_classes_that_the_ground_truth_lacks_are_refused(tmp_path):
    truth = annotated(tmp_path / "t.json", a=objects(LABELS, "cat", "dog", classes=[1, 2]))
    other = annotated(tmp_path / "p.json", a=objects(LABELS, "cat", "cow", classes=[1, 2]))
    with pytest.raises(CodingError, match=r"lacks: cow\. The ground truth has cat, dog"):
        compare(truth, other)


def test_sizes_that_one_side_does_not_tell_are_those_of_the_other(tmp_path):
    paths = [annotated(tmp_path / name, a=objects(LABELS)) for name in ("t.json", "p.json")]
    whole = paths[0].read_text()
    for unsized in paths:
        value = json.loads(whole)
        del value["images"][0]["width"]
        unsized.write_text(json.dumps(value))
        assert recall(compare(*paths)) == 1 if unsized == paths[0] else True
        if unsized == paths[0]:
            continue
        with pytest.raises(DataError, match="neither side tells the size"):
            compare(*paths)


def test_nothing_to_compare_is_an_error_that_names_both(tmp_path):
    with pytest.raises(DataError, match=r"t\.json and .*p\.json: no image can be compared.*no prediction for 'a\.png'"):
        compare(annotated(tmp_path / "t.json", a=objects(LABELS)), annotated(tmp_path / "p.json", b=objects(LABELS)))


def test_annotations_that_cannot_be_used_are_said(tmp_path):
    truth = annotated(tmp_path / "t.json", a=objects(LABELS))
    value = json.loads(truth.read_text())
    value["annotations"][0]["category_id"] = 7
    (tmp_path / "p.json").write_text(json.dumps(value))
    found = compare(truth, tmp_path / "p.json")
    assert recall(found) == 0.5
    assert any("1 annotations are left out, the first: annotation 1" in words for words in found.words)


def test_torch_is_not_needed(tmp_path):
    paths = [str(annotated(tmp_path / name, a=objects(LABELS))) for name in ("t.json", "p.json")]
    code = (
        "import sys; from pathlib import Path; from maskwright.engine.compare import compare_readings; "
        "from maskwright.engine.reading import Reading; "
        f"compare_readings(*(Reading(path=Path(p)) for p in {paths})); sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[2], check=False).returncode == 0


STREET = Classes.named("road", "car", "bus", things=["car", "bus"])
SCENE = np.ones((20, 30), np.int32)
SCENE[2:8, 2:8], SCENE[10:16, 10:16], SCENE[18:] = 5, 7, 0


def segments(ids=SCENE, classes=STREET, **of):
    class_of = {1: "road", 5: "car", 7: "bus"} | {int(id.removeprefix("s")): name for id, name in of.items()}
    seen = [id for id in np.unique(ids).tolist() if id]
    return Panoptic(ids, tuple(Segment(id, classes.names.index(class_of[id])) for id in seen), classes)


def panoptic_file(path, **images):
    coco_panoptic.write(path, [(f"{name}.png", found) for name, found in images.items()])
    return path


def test_panoptic_maps_against_themselves_are_perfect(tmp_path):
    truth = panoptic_file(tmp_path / "panoptic.json", a=segments(), b=segments())
    found = compare(truth, truth)
    assert found.scores.headline == "PQ/all classes"
    assert [found.scores.row("PQ", subject).value for subject in ("all classes", *STREET.names)] == [1, 1, 1, 1]
    assert found.background is None
    assert any("2 of them things" in words for words in found.words)


def test_panoptic_maps_with_other_ids_and_classes_in_another_order(tmp_path):
    """The bus is called a car; classes are met by their names."""
    other = Classes.named("bus", "car", "road", things=["car", "bus"])
    seen = segments(np.where(SCENE == 7, 99, SCENE).astype(np.int32), other, s99="car")
    truth, prediction = panoptic_file(tmp_path / "t.json", a=segments()), panoptic_file(tmp_path / "p.json", a=seen)
    found = compare(truth, prediction).scores
    assert [found.row("PQ", name).value for name in STREET.names] == [1, pytest.approx(2 / 3), 0]
    assert found.per_image[0]["misnamed"] == 1


def test_a_panoptic_side_against_objects_is_scored_by_its_things(tmp_path):
    truth = panoptic_file(tmp_path / "t.json", a=segments())
    results = annotated(tmp_path / "p.json", a=objects(LABELS, "bus", "car", classes=[2, 2]))
    found = compare(truth, results)
    assert recall(found, "car") == 1
    assert recall(found, "bus") == 0
    assert found.scores.class_names == ("background", "car", "bus")
    assert sum("its things are scored" in words for words in found.words) == 1
    stuff = panoptic_file(
        tmp_path / "s.json", a=segments(np.where(SCENE > 1, 0, SCENE).astype(np.int32), Classes.named("road"))
    )
    with pytest.raises(DataError, match="no class is a thing"):
        compare(stuff, results)


def test_panoptic_classes_that_the_ground_truth_lacks_are_refused(tmp_path):
    other = Classes.named("road", "car", "van", things=["car", "van"])
    truth = panoptic_file(tmp_path / "t.json", a=segments())
    prediction = panoptic_file(tmp_path / "p.json", a=segments(np.where(SCENE == 7, 0, SCENE).astype(np.int32), other))
    with pytest.raises(CodingError, match=r"lacks: van\. The ground truth has road, car, bus"):
        compare(truth, prediction)


def test_a_panoptic_map_of_another_size_is_left_out(tmp_path):
    truth = panoptic_file(tmp_path / "t.json", a=segments(), b=segments())
    prediction = panoptic_file(tmp_path / "p.json", a=segments(SCENE[:, :20].copy()), b=segments())
    found = compare(truth, prediction)
    assert [entry["id"] for entry in found.scores.per_image] == ["b.png"]
    assert "'a.png': the prediction is 20 x 20 pixels, its ground truth 30 x 20" in found.left_out[0]


def test_the_sample_of_coco_against_itself(real_data):
    file = real_data / "coco_panoptic_sample" / "panoptic.json"
    found = compare(file, file).scores
    assert [found.row("PQ", subject).value for subject in ("all classes", "thing classes", "stuff classes")] == [1, 1, 1]
    assert found.row("missed", "all segments").value == found.row("spurious", "all segments").value == 0


def data_set(folder, name, found, format):
    """One image with its annotations, read as a data set."""
    folder.mkdir()
    Image.fromarray(np.zeros((20, 30, 3), np.uint8)).save(folder / name)
    format.write(folder / "objects.json", [(name, found)])
    return read(folder, annotations=folder / "objects.json")


def test_data_sets_are_scored_by_what_both_of_them_hold(tmp_path):
    panoptic = data_set(tmp_path / "p", "a.png", segments(), coco_panoptic)
    whole, half = (data_set(tmp_path / name, "a.png", objects(of), coco) for name, of in (("w", LABELS), ("h", HALF)))
    assert score(panoptic, panoptic).headline == "PQ/all classes"
    found = score(whole, half)
    assert found.row("recall at IoU 0.5", "cell").value == 0.5
    with pytest.raises(MaskValueError, match=r"^a: The ground truth has the classes road, car, bus"):
        score(panoptic, whole)
