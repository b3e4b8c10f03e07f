"""A run's scores and report: kept, found again, and drawn with the right pictures."""

import math
from pathlib import Path

import numpy as np
import pytest

from maskwright.base.errors import MaskwrightError, RunError
from maskwright.base.files import write_json
from maskwright.engine.evaluate import evaluate
from maskwright.engine.present import load_scores, pictures, report, save_scores, scored_reading
from maskwright.engine.reading import Reading
from maskwright.engine.run import Run
from maskwright.masks.convert import to_label_map
from maskwright.masks.types import LabelMap
from maskwright.tasks import task_of


class Copier:
    """Predicts the ground truth of the images it knows, but for the pixels right of a column that differs."""

    def __init__(self, plan, data):
        self.plan, self.task = plan, task_of(plan)
        self.truth = {sample.image.tobytes(): to_label_map(sample.segmentation) for sample in data}
        self.asked = []

    def __call__(self, image):
        truth = self.truth[image.tobytes()]
        place = list(self.truth).index(image.tobytes())
        self.asked.append(place)
        ids = truth.ids.copy()
        ids[:, 64 - 8 * place :] = 0
        return LabelMap(ids, truth.classes)

    def ranked(self, image):
        return self(image)


@pytest.fixture
def run(tmp_path, small_plan, blobs):
    """A run folder as far as a report reads it."""
    return Run.create(tmp_path / "run", small_plan(), {"method": "given", "statement": "Given.", "parts": {"val": []}}, {})


@pytest.fixture
def copier(small_plan, blobs):
    return Copier(small_plan(), blobs)


def test_scores_come_back_with_their_part_and_reading(run, copier, blobs):
    scores = evaluate(copier, blobs)
    reading = Reading(path=blobs.root, ignore=(7,))
    save_scores(run, scores, "test", reading)
    kept, part = load_scores(run)
    assert part == "test"
    assert kept.headline_row == scores.headline_row
    assert scored_reading(run) == reading


def test_a_run_without_scores_says_how_to_get_them(run):
    with pytest.raises(RunError, match="maskwright evaluate"):
        load_scores(run)
    with pytest.raises(RunError, match="does not say where its data lie"):
        scored_reading(run)


def test_the_worst_and_the_best_are_drawn_with_their_own_scores(run, copier, blobs):
    scores = evaluate(copier, blobs)
    copier.asked.clear()
    shown = pictures(copier, blobs, scores, shown=2)
    ranked = [row["id"] for row in scores.per_image]
    assert {picture.id for picture in shown} == {*ranked[:2], *ranked[-2:]}
    assert len(copier.asked) == 4
    of_id = {row["id"]: row["score"] for row in scores.per_image}
    for picture in shown:
        assert picture.score == of_id[picture.id]
        assert picture.image.shape == (64, 64, 3)
        assert picture.prediction.size_hw == picture.ground_truth.size_hw


def test_images_that_cannot_be_measured_are_shown_as_such(run, small_plan, blobs):
    """Nothing there and nothing found is neither good nor bad."""

    def nothing(image):
        return LabelMap(np.zeros(image.shape[:2], np.uint16), blobs.classes)

    nothing.plan, nothing.task, nothing.ranked = small_plan(), task_of(small_plan()), nothing
    empty = blobs.with_records(blobs.records[:1])
    scores = evaluate(nothing, blobs)
    entries = tuple({**row, "score": None} for row in scores.per_image)
    shown = pictures(nothing, empty, type(scores)(**{**vars(scores), "per_image": entries}))
    assert [math.isnan(picture.score) for picture in shown] == [True]


def test_the_page_holds_pictures_findings_and_commands(run, copier, blobs, tmp_path):
    write_json(
        run.folder / "check.json",
        {"findings": [{"severity": "warning", "code": "c", "message": "Odd <b>.", "remedy": "Look.", "files": ["a"]}]},
    )
    path = report(run, evaluate(copier, blobs), part="val", data=blobs, predict=copier, reproduce=("maskwright train X",))
    assert path == run.folder / "report.html"
    page = path.read_text()
    assert page.count("<img") >= 4 * 6
    assert "Odd &lt;b&gt;." in page
    assert "maskwright train X" in page


def test_without_data_there_are_no_pictures(run, copier, blobs, tmp_path):
    path = report(run.folder, evaluate(copier, blobs), part="val", out=tmp_path / "page.html")
    assert path == tmp_path / "page.html"
    assert "<img" not in path.read_text()


def test_a_folder_that_cannot_be_written_is_named(run, copier, blobs, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(MaskwrightError, match=r"page\.html: cannot be written"):
        report(run, evaluate(copier, blobs), out=tmp_path / "file" / "page.html")


def test_a_damaged_reading_is_named(run):
    write_json(run.folder / "reading.json", {"path": 5, "nothing": 1})
    with pytest.raises(RunError, match=r"reading\.json: is damaged.*Name the data folder"):
        Reading.of_run(run.folder)


def test_a_moved_folder_keeps_what_was_said(tmp_path):
    reading = Reading(path=tmp_path, masks=tmp_path / "m", class_names=("a", "b"))
    moved = reading.moved_to(tmp_path / "elsewhere")
    assert (moved.path, moved.masks, moved.class_names) == (tmp_path / "elsewhere", None, ("a", "b"))


def test_annotations_are_found_again_from_everywhere(tmp_path):
    """A file that was named from the data folder is kept by its whole path; of a folder elsewhere it is looked for anew."""
    (tmp_path / "a.json").write_text("{}")
    reading = Reading(path=tmp_path, format="coco", annotations=Path("a.json"))
    kept = Reading.from_json(reading.to_json())
    assert (kept.format, kept.annotations) == ("coco", tmp_path / "a.json")
    assert kept.moved_to(tmp_path / "elsewhere").annotations is None
