"""Objects of folders of images: as COCO files joined at the end, or as label images with a table of classes."""

import json
import os
import signal
from contextlib import suppress

import numpy as np
import pytest
from PIL import Image

import maskwright.engine.prediction_folder as module
from maskwright.base.errors import DataError, Interrupted, MaskwrightError, PlanError
from maskwright.engine.compare import compare_readings
from maskwright.engine.predict import Predictor
from maskwright.engine.predict_folder import predict_folder, written_as
from maskwright.engine.reading import Reading
from maskwright.formats import coco, labels, native, read_mask
from maskwright.masks.classes import Classes
from maskwright.masks.region import Region
from maskwright.masks.types import Instances

THREE = Classes.named("background", "cell", "nucleus", things=["cell", "nucleus"])
TWO = Classes.named("background", "cell", things=["cell"])


class Fake(Predictor):
    """Finds a cell and, over its right half, a nucleus, whose scores tell the brightness of the image's first pixel."""

    def __init__(self, plan, *, digest="first", settled=None, count=2):
        self.plan, self.digest, self.settled, self.count = plan, digest, settled, count

    def __call__(self, image):
        if image.shape[2] != 1:
            raise DataError("this image has the wrong channels")
        regions = [Region((2, 2, 12, 8), np.ones((6, 10), bool)), Region((7, 2, 12, 8), np.ones((6, 5), bool))]
        count = self.count
        return Instances(
            size_hw=image.shape[:2],
            regions=tuple(regions[place % 2] for place in range(count)),
            class_ids=np.arange(count) % min(2, len(self.plan.classes) - 1) + 1,
            scores=np.linspace(image[0, 0, 0] / 255, 1, count),
            is_crowd=np.zeros(count, bool),
            classes=self.plan.classes,
        )


@pytest.fixture
def plan(small_plan):
    return small_plan(task="instance", classes=THREE)


@pytest.fixture
def images(tmp_path):
    for value, name in ((51, "a.png"), (102, "b.png"), (153, "deep/c d.jpg")):
        path = tmp_path / "images" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((20, 30), value, np.uint8)).save(path)
    return tmp_path / "images"


def names(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def objects_in(path):
    return {image.name: image.load((20, 30)) for image in coco.read(path).images}


def test_objects_of_several_classes_become_coco_files_and_one_of_all(plan, images, tmp_path):
    report = predict_folder(Fake(plan), images, tmp_path / "out")
    assert names(tmp_path / "out") == [
        "instances.json", "objects/a.json", "objects/b.json", "objects/deep/c d.json", "predictions.jsonl",
    ]  # fmt: skip
    assert report.together == tmp_path / "out" / "instances.json"
    found = objects_in(report.together)
    assert list(found) == ["a.png", "b.png", "deep/c d.jpg"]
    assert found["a.png"].scores.tolist() == [0.2, 1]  # a score of 1 is written like any other
    assert '"score":1.0' in report.together.read_text()
    assert [region.area for region in found["b.png"].regions] == [60, 30]  # the cell whole under its nucleus
    ids = [entry["id"] for entry in json.loads(report.together.read_text())["annotations"]]
    assert ids == [1, 2, 3, 4, 5, 6]


def test_the_file_of_all_is_what_writing_it_at_once_would_give(plan, images, tmp_path):
    fake = Fake(plan)
    predict_folder(fake, images, tmp_path / "out")
    given = [(name, fake(np.full((20, 30, 1), value, np.uint8))) for name, value in (("a.png", 51), ("b.png", 102))]
    coco.write(tmp_path / "once.json", given, predicted=True)
    joined, once = (json.loads(path.read_text()) for path in (tmp_path / "out" / "instances.json", tmp_path / "once.json"))
    assert joined["annotations"][:4] == once["annotations"]
    assert joined["images"][:2] == once["images"]
    assert joined["categories"] == once["categories"]


def test_one_class_that_cannot_overlap_stays_a_label_image(small_plan, plan):
    one = small_plan(task="instance", classes=TWO)
    assert written_as(one) == "labels"
    assert written_as(one, "coco") == "coco"
    assert written_as(plan) == "coco"
    assert written_as(small_plan()) == "labels"
    with pytest.raises(PlanError, match="finds no objects"):
        written_as(small_plan(), "coco")


def test_running_again_changes_nothing_and_does_only_what_is_missing(plan, images, tmp_path):
    out = tmp_path / "out"
    together = predict_folder(Fake(plan), images, out).together
    before, written = together.read_bytes(), together.stat().st_mtime_ns
    assert len(predict_folder(Fake(plan), images, out).skipped) == 3
    assert together.stat().st_mtime_ns == written
    (out / "objects" / "b.json").unlink()
    together.unlink()
    assert [path.name for path in predict_folder(Fake(plan), images, out).done] == ["b.json"]
    assert together.read_bytes() == before


def test_other_thresholds_make_other_predictions(plan, images, tmp_path):
    out = tmp_path / "out"
    predict_folder(Fake(plan, settled={"score": 0.5}), images, out)
    assert len(predict_folder(Fake(plan, settled={"score": 0.5}), images, out).skipped) == 3
    assert len(predict_folder(Fake(plan, settled={"score": 0.25}), images, out).done) == 3


def test_of_other_weights_nothing_is_replaced_or_joined_unasked(plan, images, tmp_path):
    out = tmp_path / "out"
    predict_folder(Fake(plan), images / "a.png", out)
    with pytest.raises(DataError, match=r"2 files are in the way.*a\.json, instances\.json"):
        predict_folder(Fake(plan, digest="second"), images, out)
    with pytest.raises(DataError, match=r"1 files are in the way.*instances\.json"):
        predict_folder(Fake(plan, digest="second"), images / "b.png", out)
    predict_folder(Fake(plan, digest="second"), images / "b.png", out, overwrite=True)
    assert list(objects_in(out / "instances.json")) == ["b.png"]


def test_what_was_predicted_before_stays_in_the_file_of_all(plan, images, tmp_path):
    out = tmp_path / "out"
    predict_folder(Fake(plan), images / "b.png", out)
    predict_folder(Fake(plan), images / "a.png", out)
    assert list(objects_in(out / "instances.json")) == ["a.png", "b.png"]


def test_an_image_that_fails_stops_nothing_and_is_in_no_file(plan, images, tmp_path):
    predict_folder(Fake(plan), images, tmp_path / "out")
    Image.fromarray(np.zeros((20, 30, 3), np.uint8)).save(images / "b.png")
    report = predict_folder(Fake(plan), images, tmp_path / "out")
    assert [failure.image.name for failure in report.failed] == ["b.png"]
    assert list(objects_in(report.together)) == ["a.png", "deep/c d.jpg"]


def test_stopped_in_the_middle_it_goes_on(plan, images, tmp_path):
    def press(done, total):
        if done == 1:
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(Interrupted):
        predict_folder(Fake(plan), images, tmp_path / "out", progress=press)
    assert names(tmp_path / "out") == ["objects/a.json", "predictions.jsonl"]
    report = predict_folder(Fake(plan), images, tmp_path / "out")
    assert len(report.done) == 2
    assert len(objects_in(report.together)) == 3


@pytest.mark.parametrize("to", ["coco", "labels"])
def test_killed_at_any_write_it_goes_on_to_the_same_files(plan, images, tmp_path, monkeypatch, to):
    """A kill leaves what `os.replace` has named so far, and the journal as far as it was written."""
    predict_folder(Fake(plan), images, tmp_path / "whole", to=to)
    moved = os.replace
    for allowed in range(12):
        out, left = tmp_path / f"out{allowed}", [allowed]

        def replace_or_die(source, target, left=left):
            left[0] -= 1
            if left[0] < 0:
                raise KeyboardInterrupt
            moved(source, target)

        monkeypatch.setattr(os, "replace", replace_or_die)
        with suppress(KeyboardInterrupt):
            predict_folder(Fake(plan), images, out, to=to)
        monkeypatch.undo()
        predict_folder(Fake(plan), images, out, to=to)
        for name in names(tmp_path / "whole"):
            if name != "predictions.jsonl":
                assert (out / name).read_bytes() == (tmp_path / "whole" / name).read_bytes(), (allowed, name)


def test_a_full_disk_stops_and_the_file_of_all_waits(plan, images, tmp_path, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module.coco_join, "join", full)
    with pytest.raises(MaskwrightError, match=r"instances\.json: cannot be written \(No space left"):
        predict_folder(Fake(plan), images, tmp_path / "out")
    assert "instances.json" not in names(tmp_path / "out")


def test_label_images_of_several_classes_have_a_table_and_say_what_is_hidden(plan, images, tmp_path):
    out = tmp_path / "out"
    report = predict_folder(Fake(plan), images, out, to="labels")
    assert report.hidden_pixels == 3 * 30
    assert report.together == out / "objects.csv"
    assert set(names(out)) >= {"a.png", "deep/c d.png", "dataset.json", "objects.csv", "objects/deep/c d.csv"}
    found = {image.name: image.load((20, 30)) for image in labels.read(out).images}
    assert found["b"].class_ids.tolist() == [1, 2]
    assert found["b"].scores.tolist() == [0.4, 1]
    assert [region.area for region in found["b"].regions] == [30, 30]
    Image.fromarray(np.zeros((20, 30, 3), np.uint8)).save(images / "a.png")
    assert len(predict_folder(Fake(plan), images, out, to="labels").failed) == 1
    assert len(labels.read(out).images[0].load((20, 30))) == 2  # the label image of before is there still, and its table
    (out / "objects" / "b.csv").unlink()
    assert [path.name for path in predict_folder(Fake(plan), images, out, to="labels").done] == ["b.png"]


def test_one_class_needs_no_table(small_plan, images, tmp_path):
    one = small_plan(task="instance", classes=TWO)
    report = predict_folder(Fake(one, count=1), images, tmp_path / "out")
    assert report.together is None
    assert names(tmp_path / "out") == ["a.png", "b.png", "dataset.json", "deep/c d.png", "predictions.jsonl"]
    assert native.read_native(tmp_path / "out").classes == TWO


def test_more_objects_than_a_png_numbers_fail_with_the_remedy_and_stop_nothing(plan, images, tmp_path):
    fake = Fake(plan, count=65535)
    report = predict_folder(fake, images / "a.png", tmp_path / "png", to="labels")
    (failure,) = report.failed
    assert "65535 objects were found" in failure.reason
    assert "--format tiff or --to coco" in failure.reason
    assert not predict_folder(fake, images / "a.png", tmp_path / "tif", to="labels", suffix=".tif").failed
    assert read_mask(tmp_path / "tif" / "a.tif").values.max() == 65535


def test_objects_that_overlap_where_none_should_fail_in_words(small_plan, images, tmp_path):
    one = small_plan(task="instance", classes=TWO)
    report = predict_folder(Fake(one), images, tmp_path / "out")
    assert len(report.failed) == 3
    assert "30 pixels where objects overlap" in report.failed[0].reason


@pytest.mark.parametrize("to", ["coco", "labels"])
def test_predictions_are_scored_against_annotations(plan, images, tmp_path, to):
    """The cell is found whole in the COCO file, and by its left half in the label image: an IoU of 0.5, which is a hit."""
    fake = Fake(plan)
    predict_folder(fake, images, tmp_path / "out", to=to)
    truth = fake(np.full((20, 30, 1), 255, np.uint8))
    coco.write(tmp_path / "truth.json", [(name, truth) for name in ("a.png", "b.png", "deep/c d.jpg")])
    found = compare_readings(Reading(path=tmp_path / "truth.json"), Reading(path=tmp_path / "out"))
    assert found.left_out == ()
    assert found.scores.row("AP50 (StarDist)", "cell").value == 1
    assert found.scores.row("mean matched IoU", "cell").value == (1 if to == "coco" else 0.5)
    assert found.scores.row("mean matched IoU", "nucleus").value == 1
