"""Learning while a person labels: when a round begins, one at a time, and what a crash, a kill or a pause leaves as it was."""

import json
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from maskwright.base.files import write_json
from maskwright.studio import images, proposals
from maskwright.studio.learning import RESTS, TAKEN_AT_ONCE, Learner
from maskwright.studio.learning_curve import curve, verdict
from maskwright.studio.learning_job import Job, is_held_out, task_of
from maskwright.studio.learning_rounds import KEPT, PROPOSALS, Round, folder_of, newest, next_number, rounds, tidy, write_round
from maskwright.studio.objects import NotPossible
from maskwright.studio.store import Store, open_store
from some_edits import draw

WAIT_SECONDS = 60.0

# Stands for the process that learns: it does what stands in the file `act` of the project, then ends.
PROGRAM = """
import json, sys, time
from pathlib import Path
from maskwright.base.files import write_json
job = json.loads(Path(sys.argv[1]).read_text())
folder, act = Path(job["folder"]), Path(job["labels"], "act").read_text()
print(json.dumps({"stage": "training", "share": 0.5}), flush=True)
if act == "crash": sys.exit("Traceback\\nno memory is left")
if act == "obey":
    assert sys.stdin.readline() == "pause\\n"
    print(json.dumps({"stage": "halted", "share": 0.5}), flush=True)
    assert sys.stdin.readline() == "go\\n"
if act == "hang": sys.stdin.read(); sys.exit(1)
number = int(folder.name)
for id, name in job["predict"]:
    surer = {"class_id": 1, "box": [0, 0, 3, 4], "runs": "0<", "score": 0.9}
    other = {"class_id": 1, "box": [8, 8, 10, 9], "runs": "02", "score": 0.4}
    value = {"uncertainty": 0.25, "looks": [0.5] * 32, "proposals": [surer, other]}
    write_json(folder / "proposals" / f"{id}.json", value)
write_json(folder / "round.json", {
    "number": number, "task": job["task"], "labelled": job["train"], "held_out": job["held_out"],
    "minutes": job["spent"], "seconds": 1.0, "metric": "dice",
    "score": 0.5, "low": 0.4, "high": 0.6, "digest": "abcdef0123456789", "classes": [0, 1, 2],
})
"""


def made(number: int, count: int = 3, **values) -> Round:
    """A round of so many images."""
    names = tuple(f"{number}-{i}" for i in range(count))
    whole = Round(
        number=number, task="instance", labelled=names, held_out=(), minutes=1.0, seconds=1.0, metric="ap", score=0.5, low=0.4,
        high=0.6, digest="0" * 64, classes=(0, 1),
    )  # fmt: skip
    return replace(whole, **values)


def act(store: Store, how: str) -> None:
    (store.folder / "act").write_text(how)


@pytest.fixture
def learner(store):
    """One on a project whose images are small; image 1 is finished with one object, and a training begins after one image."""
    made = Learner(store, command=(sys.executable, "-c", PROGRAM))
    made.set(after=1)
    act(store, "learn")
    finish(store, 1)
    yield made
    made.stop()


def finish(store: Store, image: int) -> None:
    store.file_state(image)
    draw(store, image, 0, "o", (0, 0, 3, 4), seconds=30.0)
    images.change(store.database, image, {"state": "done"})


def until(learner: Learner, is_so) -> None:
    """Look again and again, until something is so."""
    ends = time.monotonic() + WAIT_SECONDS
    while not is_so(learner.state()):
        assert time.monotonic() < ends, learner.state()
        learner.tick()
        time.sleep(0.01)


def learnt(number: int):
    return lambda state: state["state"] == "waiting" and state["round"] is not None and state["round"]["number"] == number


def open_proposals(store: Store, image: int) -> list[dict]:
    return proposals.listed(store.database, image)


def test_a_round_begins_after_enough_images_and_its_proposals_are_taken_in(learner, store):
    """Two images are left; both get two masks by the round, whose name holds the digest of its weights."""
    until(learner, learnt(1))
    for image in (2, 3):
        found = open_proposals(store, image)
        assert [(one["score"], one["area"], one["assistant"]) for one in found] == [
            (0.9, 12, "learned-1-abcdef012345"), (0.4, 2, "learned-1-abcdef012345")
        ]  # fmt: skip
        with store.database.reading() as connection:
            row = connection.execute("SELECT uncertainty, looks FROM images WHERE id = ?", (image,)).fetchone()
        assert (row["uncertainty"], json.loads(row["looks"])) == (0.25, [0.5] * 32)
    assert open_proposals(store, 1) == []  # it is finished
    assert rounds(store.folder)[0].minutes == 0.5
    assert not list((store.folder / "models").rglob("*.job.json"))


def test_nothing_begins_anew_without_new_labels(learner, store):
    until(learner, learnt(1))
    for _ in range(5):
        learner.tick()
    assert learner.state()["new"] == 0
    assert learner.state()["state"] == "waiting"
    finish(store, 2)
    assert learner.state()["new"] == 1
    until(learner, learnt(2))


def test_fewer_images_than_asked_for_or_switched_off_begin_nothing(learner):
    learner.set(after=2)
    learner.tick()
    assert learner.state()["state"] == "waiting"
    learner.set(after=1, enabled=False)
    learner.tick()
    assert learner.state()["state"] == "off"


def test_there_is_one_at_a_time(learner, store):
    act(store, "hang")
    learner.begin()
    with pytest.raises(NotPossible, match="under way already"):
        learner.begin()
    learner.tick()
    assert next_number(store.folder) == 1  # nothing was made beside it


def test_old_weights_serve_on_where_a_round_crashes_or_is_killed(learner, store):
    until(learner, learnt(1))
    before = open_proposals(store, 3)
    for how, end in (("crash", lambda: until(learner, lambda state: state["trouble"])), ("hang", learner.halt)):
        act(store, how)
        learner.begin()
        end()
        assert learner.state()["round"]["number"] == 1
        assert open_proposals(store, 3) == before
        assert [one.number for one in rounds(store.folder)] == [1]


def test_a_crash_is_told_and_tried_again_after_a_rest(learner, store):
    act(store, "crash")
    until(learner, lambda state: state["trouble"])
    assert learner.trouble == "Learning stopped: no memory is left. It is tried again in a while."
    learner.tick()
    assert learner.state()["state"] == "waiting"
    act(store, "learn")
    learner._rests_until = 0.0  # as if the rest were over
    until(learner, learnt(1))
    assert learner.trouble == ""


def test_after_many_crashes_it_waits_for_new_labels(learner, store):
    act(store, "crash")
    for _ in range(len(RESTS) + 1):
        learner._rests_until = 0.0
        learner.tick()
        until(learner, lambda state: state["state"] == "waiting")
    assert "after more labels" in learner.trouble
    learner._rests_until = 0.0
    learner.tick()
    assert learner.state()["state"] == "waiting"
    act(store, "learn")
    finish(store, 2)
    until(learner, learnt(1))


def test_a_round_is_paused_and_goes_on(learner, store):
    act(store, "obey")
    learner.tick()
    learner.pause(True)
    until(learner, lambda state: state["stage"] == "halted")
    assert learner.state()["state"] == "paused"
    learner.pause(False)
    until(learner, learnt(1))


def test_while_it_is_paused_nothing_begins(learner):
    learner.pause(True)
    learner.tick()
    assert learner.state()["stage"] == ""
    assert learner.state()["state"] == "paused"


def test_an_image_that_is_open_keeps_its_proposals_until_it_is_left(store):
    shown = {2}
    learner = Learner(store, lambda image: image in shown, (sys.executable, "-c", PROGRAM))
    learner.set(after=1)
    act(store, "learn")
    finish(store, 1)
    until(learner, learnt(1))
    assert open_proposals(store, 2) == []
    assert len(open_proposals(store, 3)) == 2
    shown.clear()
    learner.tick()
    assert len(open_proposals(store, 2)) == 2


def test_what_is_labelled_already_is_not_proposed(learner, store):
    store.file_state(2)
    draw(store, 2, 0, "half", (0, 0, 3, 3))
    until(learner, learnt(1))
    assert [one["area"] for one in open_proposals(store, 2)] == [2]


def test_damaged_proposals_are_left_out(learner, store):
    until(learner, learnt(1))
    folder = folder_of(store.folder, 1) / PROPOSALS
    (folder / "2.json").write_text("{")
    write_json(folder / "3.json", {"proposals": [{"class_id": 1, "box": [0, 0, 900, 900], "runs": "0", "score": 1.0}]})
    write_json(folder / "77.json", {"proposals": []})
    before = open_proposals(store, 3)
    learner.tick()
    assert not list(folder.iterdir())
    assert open_proposals(store, 3) == before


def test_a_killed_server_leaves_proposals_that_the_next_one_takes_in(learner, store, photos):
    """The round was whole when the server was killed; another unfinished one is put away."""
    learner.begin()
    until(learner, lambda state: state["round"] is not None)
    learner.stop()
    folder_of(store.folder, 2).mkdir()
    store.close()
    with open_store(store.folder, photos) as again:
        second = Learner(again, command=(sys.executable, "-c", "raise SystemExit('not asked')"))
        second.set(enabled=False)
        tidy(again.folder)
        for _ in range(1 + 2 // TAKEN_AT_ONCE):
            second.tick()
        assert len(open_proposals(again, 3)) == 2
        assert not folder_of(again.folder, 2).exists()


def test_without_labels_to_learn_from_it_says_so(store):
    learner = Learner(store, command=(sys.executable, "-c", ""))
    with pytest.raises(NotPossible, match="mark images with objects as done"):
        learner.begin()


def test_a_program_that_cannot_start_is_told(learner, tmp_path):
    learner._command = (str(tmp_path / "none"),)
    learner.tick()
    assert "cannot be started" in learner.trouble


# Jobs and rounds.


def test_a_job_is_read_as_it_was_written(tmp_path):
    job = Job(
        folder=tmp_path / "3", labels=tmp_path, images=tmp_path / "photos", task="instance", minutes=2.0, spent=1.5,
        train=("a.png", "ä/b.png"), held_out=(), predict=((3, "c.png"),), start_from=None, max_pixels=100,
    )  # fmt: skip
    job.write(tmp_path / "job.json")
    assert Job.read(tmp_path / "job.json") == job


def test_a_fifth_is_held_out_by_name_alone():
    """The same on every machine, whatever else there is."""
    assert [is_held_out(name) for name in ("n5.png", "n6.png", "n7.png")] == [False, True, False]
    share = sum(is_held_out(f"image-{i}.tif") for i in range(2000)) / 2000
    assert 0.17 < share < 0.23


def test_the_kinds_of_classes_decide_what_is_learnt(store):
    from maskwright.formats.project_file import ProjectClass

    thing, stuff = ProjectClass(1, "cell", (1, 2, 3)), ProjectClass(2, "sky", (1, 2, 3), "stuff")
    assert [task_of(some) for some in ([thing], [stuff], [thing, stuff])] == ["instance", "semantic", "panoptic"]


def test_only_whole_rounds_count_and_old_weights_go(tmp_path):
    for number in range(1, 5):
        folder = folder_of(tmp_path, number)
        (folder / PROPOSALS).mkdir(parents=True)
        (folder / "best.safetensors").write_bytes(b"weights")
        if number != 3:
            write_round(folder, made(number))
    (folder_of(tmp_path, 5)).mkdir()
    (folder_of(tmp_path, 5) / "round.json").write_text("{")
    assert [one.number for one in rounds(tmp_path)] == [1, 2, 4]
    assert newest(tmp_path) == (folder_of(tmp_path, 4), made(4).name)
    assert newest(tmp_path / "elsewhere") is None
    assert next_number(tmp_path) == 6
    tidy(tmp_path)
    assert [one.number for one in rounds(tmp_path)] == [1, 2, 4]
    kept = sorted(path.parent.name for path in Path(tmp_path).rglob("best.safetensors"))
    assert kept == ["2", "4"]
    assert len(kept) == KEPT
    assert not folder_of(tmp_path, 3).exists()


# When more labels have stopped helping.


def test_scores_that_rise_go_on_helping():
    scored = [made(n, 5 * 2**n, score=0.5 + 0.1 * n, low=0.3 + 0.1 * n, high=0.7 + 0.1 * n) for n in range(3)]
    assert not verdict(scored).has_stopped
    assert "+0.100" in verdict(scored).words


def test_scores_that_stay_where_they_are_have_stopped_helping():
    scored = [made(n, 5 * 2**n, score=score, low=0.7, high=0.9) for n, score in enumerate((0.80, 0.81, 0.80))]
    assert verdict(scored).has_stopped
    assert "stopped helping" in verdict(scored).words


def test_intervals_that_do_not_meet_are_no_standstill():
    """The slope is 0, but the score rose and fell: something else is wrong."""
    scored = [made(n, 5 * 2**n, score=score, low=score - 0.01, high=score + 0.01) for n, score in enumerate((0.5, 0.9, 0.5))]
    assert not verdict(scored).has_stopped


@pytest.mark.parametrize("scored", [[], [made(1)], [made(1), made(2, 4), made(3, 5, low=None, high=None)], [made(1)] * 3])
def test_too_little_is_known_to_say_it(scored):
    assert not verdict(scored).has_stopped
    assert "can be said after 3" in verdict(scored).words


def test_a_curve_is_of_one_metric_and_of_scored_rounds():
    found = curve([made(1, metric="dice"), made(2), made(3, score=None), made(4, 6, held_out=("x", "y"), minutes=4.25)])
    assert [(one["number"], one["images"], one["held_out"], one["minutes"]) for one in found["points"]] == [
        (2, 3, 0, 1.0),
        (4, 8, 2, 4.2),
    ]
    assert found["metric"] == "ap"
    assert curve([]) == {"metric": "", "points": [], "stopped": False, "words": verdict([]).words}
