"""Panoptic maps of folders of images: a picture for each, and one file that says what the segments of all are."""

import json

import numpy as np
import pytest
from PIL import Image

import maskwright.engine.prediction_folder as module
from maskwright.base.errors import DataError, Interrupted, PlanError
from maskwright.engine.predict import Predictor
from maskwright.engine.predict_folder import predict_folder, written_as
from maskwright.formats import coco_panoptic
from maskwright.masks.classes import Classes
from maskwright.masks.types import Panoptic, Segment

CLASSES = Classes.named("road", "car", things=["car"])


class Fake(Predictor):
    """Finds a car on the road, whose score tells the brightness of the image's first pixel; the rest is void."""

    def __init__(self, plan, *, digest="first", settled=None):
        self.plan, self.digest, self.settled = plan, digest, settled

    def __call__(self, image):
        if image.shape[2] != 1:
            raise DataError("this image has the wrong channels")
        ids = np.zeros(image.shape[:2], np.int32)
        ids[10:], ids[12:16, 3:9] = 1, 2
        return Panoptic(ids, (Segment(1, 0), Segment(2, 1, float(image[0, 0, 0] / 255))), CLASSES)


@pytest.fixture
def plan(small_plan):
    return small_plan(task="panoptic", classes=CLASSES)


@pytest.fixture
def images(tmp_path):
    for value, name in ((51, "a.png"), (102, "b.png"), (153, "deep/c d.jpg")):
        path = tmp_path / "images" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((20, 30), value, np.uint8)).save(path)
    return tmp_path / "images"


def content(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_pictures_and_one_file_of_all_that_reads_back(plan, images, tmp_path):
    report = predict_folder(Fake(plan), images, tmp_path / "out")
    assert sorted(content(tmp_path / "out")) == [
        "objects/a.json", "objects/b.json", "objects/deep/c d.json", "panoptic.json", "panoptic/a.png", "panoptic/b.png",
        "panoptic/deep/c d.png", "predictions.jsonl",
    ]  # fmt: skip
    assert report.together == tmp_path / "out" / "panoptic.json"
    found = coco_panoptic.read(report.together)
    assert found.classes == CLASSES
    assert [image.name for image in found.images] == ["a.png", "b.png", "deep/c d.jpg"]
    for image, score in zip(found.images, (0.2, 0.4, 0.6), strict=True):
        segments = image.load((20, 30)).segments
        assert [(segment.class_id, segment.score) for segment in segments] == [(0, 1.0), (1, score)]


def test_the_file_of_all_says_what_writing_it_at_once_would(plan, images, tmp_path):
    predict_folder(Fake(plan), images, tmp_path / "out")
    found = coco_panoptic.read(tmp_path / "out" / "panoptic.json").images
    coco_panoptic.write(tmp_path / "once" / "panoptic.json", ((image.name, image.load((20, 30))) for image in found))
    ours, theirs = (json.loads((tmp_path / folder / "panoptic.json").read_text()) for folder in ("out", "once"))
    assert ours == theirs
    for name in ("a.png", "b.png", "deep/c d.png"):
        one, other = ((tmp_path / folder / "panoptic" / name).read_bytes() for folder in ("out", "once"))
        assert one == other


def test_running_again_changes_nothing_and_does_only_what_is_missing(plan, images, tmp_path):
    predict_folder(Fake(plan), images, tmp_path / "out")
    before = content(tmp_path / "out")
    assert len(predict_folder(Fake(plan), images, tmp_path / "out").skipped) == 3
    assert content(tmp_path / "out") == before
    (tmp_path / "out" / "objects" / "b.json").unlink()
    report = predict_folder(Fake(plan), images, tmp_path / "out")
    assert [path.name for path in report.done] == ["b.png"]
    after = content(tmp_path / "out")
    assert {name: after[name] for name in before if name.endswith((".png", ".json"))} == {
        name: before[name] for name in before if name.endswith((".png", ".json"))
    }


def test_killed_at_any_write_it_goes_on_to_the_same_files(plan, images, tmp_path, monkeypatch):
    predict_folder(Fake(plan), images, tmp_path / "whole")
    write, writes = module.write_json, []
    for kill_at in range(4):
        out, writes[:] = tmp_path / f"out-{kill_at}", []

        def killed(path, value, kill_at=kill_at):
            writes.append(path)
            if len(writes) > kill_at:
                raise KeyboardInterrupt
            write(path, value)

        with monkeypatch.context() as patch:
            patch.setattr(module, "write_json", killed)
            try:
                predict_folder(Fake(plan), images, out)
            except (KeyboardInterrupt, Interrupted):
                assert not (out / "panoptic.json").exists()
        predict_folder(Fake(plan), images, out)
        whole, again = content(tmp_path / "whole"), content(out)
        assert {n: c for n, c in again.items() if n != "predictions.jsonl"} == {
            n: c for n, c in whole.items() if n != "predictions.jsonl"
        }


def test_an_image_that_fails_is_in_no_file(plan, images, tmp_path):
    Image.fromarray(np.zeros((20, 30, 3), np.uint8)).save(images / "b.png")
    report = predict_folder(Fake(plan), images, tmp_path / "out")
    assert [failure.image.name for failure in report.failed] == ["b.png"]
    assert [image.name for image in coco_panoptic.read(report.together).images] == ["a.png", "deep/c d.jpg"]


def test_a_picture_that_a_person_corrected_is_never_replaced_unasked(plan, images, tmp_path):
    predict_folder(Fake(plan), images, tmp_path / "out")
    Image.new("RGB", (30, 20)).save(tmp_path / "out" / "panoptic" / "a.png")
    with pytest.raises(DataError, match=r"1 files are in the way.*a\.png"):
        predict_folder(Fake(plan), images, tmp_path / "out")


def test_segments_go_into_no_other_format_and_others_not_into_this(plan, small_plan):
    assert written_as(plan) == written_as(plan, "panoptic") == "panoptic"
    for to in ("labels", "coco"):
        with pytest.raises(PlanError, match=f"--to {to} cannot hold"):
            written_as(plan, to)
    for task in ("semantic", "instance"):
        with pytest.raises(PlanError, match="no things and stuff at once"):
            written_as(small_plan(task=task), "panoptic")
