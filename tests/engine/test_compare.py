"""Folders of masks against each other: which masks meet, what their values mean, and what is left out."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from maskwright.base.errors import DataError, MaskValueError
from maskwright.data.coding import CodingError, CodingOptions
from maskwright.data.dataset import read
from maskwright.engine.compare import compare, score
from maskwright.formats import native, write_label_map
from maskwright.masks.classes import Classes
from maskwright.masks.coding import MaskCoding
from maskwright.masks.types import LabelMap

HALF = np.array([[0, 0, 1, 1]] * 4, np.uint8)  # the right half is foreground
QUARTER = np.array([[0, 0, 0, 1]] * 4, np.uint8)  # half of it found: Dice 2 * 4 / (8 + 4)


def put(folder: Path, **masks: np.ndarray) -> Path:
    """A folder of PNG masks; a double underscore in a name stands for a folder."""
    for name, values in masks.items():
        path = folder / f"{name.replace('__', '/')}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(values.astype(np.uint8)).save(path)
    return folder


def dice(found, name="foreground"):
    return found.scores.row("dice", name).value


def test_a_half_found_object_scores_two_thirds(tmp_path):
    found = compare(put(tmp_path / "truth", a=HALF), put(tmp_path / "other", a=QUARTER))
    assert dice(found) == pytest.approx(2 / 3)
    assert found.left_out == ()
    assert found.background == 0


@pytest.mark.parametrize("mark", [1, 255, 128])
def test_a_foreground_is_a_foreground_whatever_number_marks_it(tmp_path, mark):
    found = compare(put(tmp_path / "truth", a=HALF * 255), put(tmp_path / "other", a=QUARTER * mark))
    assert dice(found) == pytest.approx(2 / 3)


def test_folders_are_mirrored_and_suffixes_do_not_matter(tmp_path):
    truth = put(tmp_path / "truth", one__a=HALF, two__a=QUARTER)
    other = tmp_path / "other"
    write_label_map(other / "one" / "a.tif", LabelMap(HALF.astype(np.uint16), Classes.named("background", "foreground")))
    write_label_map(other / "two" / "a.tif", LabelMap(QUARTER.astype(np.uint16), Classes.named("background", "foreground")))
    assert dice(compare(truth, other)) == 1


def test_a_mask_without_partner_is_left_out_by_name_and_the_rest_is_scored(tmp_path):
    truth = put(tmp_path / "truth", a=HALF, only_true=HALF)
    found = compare(truth, put(tmp_path / "other", a=QUARTER, extra=HALF))
    assert dice(found) == pytest.approx(2 / 3)
    assert len(found.left_out) == 2
    assert "only_true.png: there is no prediction" in found.left_out[0]
    assert "extra.png: there is no ground truth" in found.left_out[1]


def test_masks_of_different_sizes_are_left_out_and_never_resized(tmp_path):
    truth = put(tmp_path / "truth", a=HALF, b=HALF)
    found = compare(truth, put(tmp_path / "other", a=QUARTER, b=np.kron(QUARTER, np.ones((2, 2)))))
    assert [row["id"] for row in found.scores.per_image] == ["a"]
    (reason,) = found.left_out
    assert "b.png: the prediction is 8 x 8 pixels" in reason
    assert "4 x 4" in reason


def test_an_unreadable_mask_is_left_out_with_the_reason(tmp_path):
    truth, other = put(tmp_path / "truth", a=HALF, b=HALF), put(tmp_path / "other", a=HALF)
    (other / "b.png").write_bytes(b"")
    assert "b.png: the file is empty" in compare(truth, other).left_out[0]


def test_nothing_to_compare_is_an_error_that_names_both_folders(tmp_path):
    with pytest.raises(DataError, match=r"truth and .*other: no two masks can be compared.*no prediction"):
        compare(put(tmp_path / "truth", a=HALF), put(tmp_path / "other", b=HALF))


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(DataError, match="nowhere: no such folder"):
        compare(put(tmp_path / "truth", a=HALF), tmp_path / "nowhere")


THREE = np.array([[0, 1, 2, 2]] * 4, np.uint8)


def test_a_stray_value_is_no_class_and_named(tmp_path):
    stray = np.where(THREE == 2, 7, THREE)
    with pytest.raises(CodingError, match=r"other: the prediction does not fit.*a.png.*7 in 8 pixels.*--class-names"):
        compare(put(tmp_path / "truth", a=THREE), put(tmp_path / "other", a=stray))


def test_more_classes_than_the_ground_truth_has_are_refused(tmp_path):
    with pytest.raises(
        CodingError, match="has the classes background, foreground, the prediction background, class 1, class 2"
    ):
        compare(put(tmp_path / "truth", a=HALF * 255), put(tmp_path / "other", a=THREE))


def test_ignored_values_count_nowhere(tmp_path):
    truth = HALF.copy()
    truth[:, 2] = 255  # what the prediction missed is not to be scored
    found = compare(put(tmp_path / "truth", a=truth), put(tmp_path / "other", a=QUARTER), options=CodingOptions(ignore=(255,)))
    assert dice(found) == 1


def declare(folder: Path, *names: str) -> Path:
    coding = MaskCoding("class-ids", tuple((i, i) for i in range(len(names))), (), Classes.named(*names))
    native.write_native(folder, coding)
    return folder


def test_a_folder_that_declares_its_classes_names_them(tmp_path):
    """The highest class is in no true mask, but the prediction, which declares it, may hold it."""
    other = declare(put(tmp_path / "other", a=THREE), "ground", "grass", "tree")
    found = compare(put(tmp_path / "truth", a=np.minimum(THREE, 1)), other)
    assert found.scores.class_names == ("ground", "grass", "tree")
    assert dice(found, "grass") == pytest.approx(2 * 4 / (12 + 4))


def test_classes_in_another_order_are_refused(tmp_path):
    truth = declare(put(tmp_path / "truth", a=THREE), "ground", "grass", "tree")
    with pytest.raises(CodingError, match="ground, grass, tree, the prediction ground, tree, grass"):
        compare(truth, declare(put(tmp_path / "other", a=THREE), "ground", "tree", "grass"))


def test_what_predict_writes_beside_its_masks_is_no_prediction(tmp_path):
    other = put(tmp_path / "other", a=QUARTER, overlays__a=HALF, overlays__b=HALF)
    (other / "predictions.jsonl").write_text("")
    found = compare(put(tmp_path / "truth", a=HALF, b=HALF), other)
    assert dice(found) == pytest.approx(2 / 3)
    assert len(found.left_out) == 1
    assert "b.png: there is no prediction" in found.left_out[0]


def test_the_four_images_of_many_scores(tmp_path):
    """One perfect, one half covered, one rightly empty, one empty with a false positive: every library has its own number."""
    square, half, spot, empty = np.zeros((4, 16, 16), np.uint8)
    square[4:12, 4:12], half[4:12, 4:8], spot[:2, :2] = 1, 1, 1
    truth = put(tmp_path / "truth", a=square, b=square, c=empty, d=empty)
    found = compare(truth, put(tmp_path / "other", a=square, b=half, c=empty, d=spot))
    printed = {(rule.library, rule.call): rule.value for rule in found.conventions}
    assert printed["any", "pixel accuracy"] == pytest.approx(0.9648, abs=5e-5)
    assert printed["MONAI", "DiceMetric()"] == pytest.approx(0.9467, abs=5e-5)
    assert printed["nnU-Net", "evaluate_folder (foreground_mean Dice)"] == pytest.approx(0.5556, abs=5e-5)


def test_two_data_sets_are_scored_by_image(tmp_path, blob_folder):
    truth = read(blob_folder)
    assert score(truth, truth).headline_row.value == 1
    with pytest.raises(DataError, match="1 of 6 images have no prediction: cell5"):
        score(truth, truth.with_records(truth.records[:5]))
    renamed = read(blob_folder, class_names=("background", "cell"))
    with pytest.raises(MaskValueError, match="background, cell"):
        score(truth, renamed)


def test_no_torch_is_needed():
    code = "import sys, maskwright.engine.compare; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_stacks_of_masks_are_compared_plane_by_plane(tmp_path):
    truth = np.zeros((3, 8, 8), np.uint8)
    truth[:, 2:6, 2:6] = 1
    half = truth.copy()
    half[1, 2:4] = 0
    for name, values, axes in (("truth", truth, {}), ("found", half, {"axes": "ZYX"})):
        (tmp_path / name).mkdir()
        tifffile.imwrite(tmp_path / name / "e.tif", values, photometric="minisblack", metadata=axes)
    scores = compare(tmp_path / "truth", tmp_path / "found").scores
    assert {image["id"]: image["dice"]["foreground"] for image in scores.per_image} == pytest.approx(
        {"e.tif/z=0": 1.0, "e.tif/z=1": 2 / 3, "e.tif/z=2": 1.0}
    )
