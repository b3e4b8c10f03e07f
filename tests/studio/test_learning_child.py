"""The process that learns, for real on a tiny project; and what it makes of predictions."""

import io
import threading
import uuid
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from maskwright.base.errors import PlanError
from maskwright.base.files import read_json
from maskwright.data.dataset import DataSet
from maskwright.formats.project_file import read_project
from maskwright.masks import box_runs
from maskwright.masks.classes import Classes, ClassInfo
from maskwright.masks.region import Region
from maskwright.masks.types import Instances, LabelMap
from maskwright.plan import make
from maskwright.plan.plan import Plan
from maskwright.studio import images, learning_child
from maskwright.studio.edits import Wanted
from maskwright.studio.history import Edit, edit
from maskwright.studio.learning import Learner
from maskwright.studio.learning_child import Gate, class_ids, learn, planned, predicted, proposals_of, propose
from maskwright.studio.learning_job import Job, is_held_out
from maskwright.studio.learning_rounds import rounds, write_round
from maskwright.studio.objects import Mask
from maskwright.studio.store import open_store

SIDE = 48
SMALL = {"model.widths": "[4,8]", "crop_hw": "[32,32]", "batch": "2", "steps": "3", "validate_every": "3", "precision": "fp32"}
CLASSES = Classes((ClassInfo("background", (0, 0, 0)), ClassInfo("cell", (255, 0, 0)), ClassInfo("sky", (0, 0, 255), False)))


def region(x0: int, y0: int, x1: int, y1: int) -> Region:
    return Region((x0, y0, x1, y1), np.ones((y1 - y0, x1 - x0), bool))


@pytest.fixture
def project(tmp_path):
    """Eight dark images with two bright squares each; the first seven are labelled and done, n6 is held out."""
    photos = tmp_path / "photos"
    photos.mkdir()
    rng = np.random.default_rng(0)
    with open_store(tmp_path / "project", _photos(photos, rng), ["cell"]) as store:
        for image in range(1, 8):
            store.file_state(image)
            changes = tuple(
                Wanted(f"o{place}", {"class_id": 1}, add=Mask(square.box_xyxy, box_runs.text_of(square)))
                for place, square in enumerate(_squares(image - 1))
            )
            edit(store.database, image, Edit(edit_id=str(uuid.uuid4()), base_revision=0, changes=changes, seconds=6.0))
            images.change(store.database, image, {"state": "done"})
        yield store


def _squares(number: int) -> tuple[Region, Region]:
    return region(4 + number, 5, 18 + number, 19), region(26, 25 + number, 40, 39 + number)


def _photos(folder, rng):
    for number in range(8):
        pixels = rng.integers(0, 30, (SIDE, SIDE)).astype(np.uint8)
        for square in _squares(number):
            pixels[square.mask((SIDE, SIDE))] += 180
        Image.fromarray(pixels).save(folder / f"n{number}.png")
    return folder


def test_a_tiny_project_is_learnt_scored_and_predicted(project, monkeypatch):
    """Everything but the process around it and the rules of the plan: a supervisor's job, three steps, a score, proposals."""

    def small(job: Job, learnt: DataSet) -> Plan:
        return make.plan(learnt, budget_minutes=job.minutes, task=job.task, model="unet", encoder="plain", changes=SMALL)

    monkeypatch.setattr(learning_child, "planned", small)
    supervisor = Learner(project, command=("none",))
    supervisor.set(minutes=0.02, task="semantic")
    supervisor.tick()  # writes the job, and cannot start the program
    (path,) = (project.folder / "models").glob("*.job.json")
    job = Job.read(path)
    assert is_held_out("n6.png")
    assert (job.train, job.held_out) == (tuple(f"n{i}.png" for i in range(6)), ("n6.png",))
    assert (job.task, job.predict, job.spent, job.start_from) == ("semantic", ((8, "n7.png"),), 0.7, None)
    said: list[tuple[str, float]] = []
    made = learn(job, lambda *words: said.append(words))
    assert rounds(project.folder) == []  # not before it says so
    write_round(job.folder, made)
    assert rounds(project.folder) == [made]
    assert (made.number, made.classes, made.images, made.minutes) == (1, (0, 1), 7, 0.7)
    assert made.score is not None
    assert [stage for stage, _ in said if stage != "training"][:3] == ["reading", "planning", "scoring"]
    assert ("training", 1.0) in said
    propose(job, made, lambda *words: None)
    value = read_json(job.folder / "proposals" / "8.json")
    assert 0 <= value["uncertainty"] <= 1
    assert len(value["looks"]) == 32
    assert all(one["class_id"] == 1 for one in value["proposals"])
    supervisor.tick()
    supervisor.stop()
    assert not (job.folder / "proposals" / "8.json").exists()


@pytest.mark.parametrize("fits", [True, False])
def test_a_round_begins_with_the_last_weights_where_they_fit(tmp_path, monkeypatch, fits):
    asked = []

    def plan(data, **wanted):
        asked.append(wanted.get("start_from"))
        if not fits and asked[-1] is not None:
            raise PlanError("other classes")

    monkeypatch.setattr(make, "plan", plan)
    before = tmp_path / "1"
    job = Job(
        folder=tmp_path / "2", labels=tmp_path, images=tmp_path, task="instance", minutes=1.0, spent=0.0, train=(), held_out=(),
        predict=(), start_from=before, max_pixels=1,
    )  # fmt: skip
    planned(job, DataSet.__new__(DataSet))
    assert asked == ([before] if fits else [before, None])


def test_classes_of_a_network_are_found_by_name(project):
    assert class_ids(CLASSES, read_project(project.folder).classes) == (0, 1, 0)


def test_things_are_proposed_one_by_one_and_stuff_as_one_region():
    """Two cells and two patches of sky: two proposals and one. The background is none."""
    ids = np.zeros((6, 8), np.uint16)
    ids[0:2, 0:2] = ids[4:6, 0:2] = 1
    ids[0, 6] = ids[5, 6:8] = 2
    found = proposals_of(LabelMap(ids, CLASSES), (0, 7, 9), {7: "thing", 9: "stuff"})
    assert sorted((one["class_id"], one["box"]) for one in found) == [(7, [0, 0, 2, 2]), (7, [0, 4, 2, 6]), (9, [6, 0, 8, 6])]
    assert sum(box_runs.counts_of(found[-1]["runs"])[1::2]) in (3, 4)


def test_objects_come_surest_first_and_without_those_of_no_class():
    some = Instances(
        size_hw=(6, 8), regions=(region(0, 0, 2, 2), region(3, 3, 5, 5), region(5, 0, 6, 1)), class_ids=np.array([1, 1, 2]),
        scores=np.array([0.3, 0.8, 0.9]), is_crowd=np.zeros(3, bool), classes=CLASSES,
    )  # fmt: skip
    found = proposals_of(some, (0, 7, 0), {7: "thing"})
    assert [(one["score"], one["box"]) for one in found] == [(0.8, [3, 3, 5, 5]), (0.3, [0, 0, 2, 2])]


@pytest.mark.parametrize(
    ("foreground", "uncertainty"),
    [
        (np.zeros((4, 4)), 0.0),
        (np.ones((4, 4)), 0.0),
        (np.full((4, 4), 0.5), 16 / 24.16),
        (np.repeat([[0, 0, 1, 0.75]], 4, 0), 2 / 9.16),
    ],
)
def test_maps_are_unsure_where_they_are_near_one_half(foreground, uncertainty):
    """Of the last, four pixels are half sure: 4 * 2 * 0.25, of a foreground of 4 * 1.75 and 0.01 of 16 pixels."""
    whole = LabelMap(np.zeros((4, 4), np.uint16), CLASSES)
    outputs = np.stack([1 - foreground, foreground]).astype(np.float32)
    network = SimpleNamespace(
        task=SimpleNamespace(draws_maps=True), plan=SimpleNamespace(classes=("a", "b"), background=0),
        outputs=lambda image: outputs, found_in=lambda maps: whole,
    )  # fmt: skip
    found, unsure = predicted(network, np.zeros((4, 4, 1), np.uint8))
    assert found is whole
    assert unsure == pytest.approx(uncertainty, abs=1e-6)


@pytest.mark.parametrize(("scores", "uncertainty"), [([1.0, 1.0], 0.0), ([0.5], 1.0), ([0.75, 0.01], 0.5), ([], 0.5)])
def test_objects_are_unsure_where_their_scores_are_near_one_half(scores, uncertainty):
    some = Instances(
        size_hw=(6, 8), regions=tuple(region(i, 0, i + 1, 1) for i in range(len(scores))),
        class_ids=np.ones(len(scores), np.int64), scores=np.array(scores, np.float64), is_crowd=np.zeros(len(scores), bool),
        classes=CLASSES,
    )  # fmt: skip
    task = SimpleNamespace(draws_maps=False, confident=lambda found: found)
    assert predicted(SimpleNamespace(task=task, ranked=lambda image: some), np.zeros((6, 8, 1), np.uint8))[1] == pytest.approx(
        uncertainty
    )


def test_a_gate_halts_the_work_until_it_may_go_on_and_ends_with_its_input():
    said, ended = io.StringIO(), threading.Event()
    gate = Gate(said.write)
    gate.listen(["pause\n", "nonsense\n"], ended.set)
    assert ended.is_set()
    work = threading.Thread(target=gate.say, args=("training", 0.25))
    work.start()
    work.join(0.05)
    assert work.is_alive()
    assert said.getvalue() == '{"stage": "training", "share": 0.25}\n'
    gate.listen(["go\n"], ended.set)
    work.join(10)
    assert not work.is_alive()
