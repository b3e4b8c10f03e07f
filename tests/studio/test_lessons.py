"""What was accepted is told to assistants: at each acceptance, and all of it when one starts again."""

import json
import sys
import time

import pytest

from maskwright.studio import lessons
from maskwright.studio.assistants import Helper
from maskwright.studio.edits import Wanted
from maskwright.studio.history import edit, undo
from maskwright.studio.lessons import Lesson, accepted, before
from some_edits import draw, mask, new_edit, step

WAIT_SECONDS = 60.0

# Writes every lesson into the file that it is started with; where the path says so it hangs, and where the click does it ends.
PROGRAM = """
import json, sys, time
from pathlib import Path
log = Path(sys.argv[1])
for line in sys.stdin:
    asked = json.loads(line)
    if asked["do"] == "learn":
        with log.open("a") as file: file.write(json.dumps([asked["path"], len(asked["masks"])]) + "\\n")
        if asked["path"].endswith("bad.png"): sys.exit("no memory")
    if asked["do"] == "mask" and asked["clicks"]: sys.exit("gone")
    print(json.dumps({"candidates": []}), flush=True)
"""
NOTHING = {"clicks": [], "positive": [], "box": None, "previous": None}


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    monkeypatch.setattr("maskwright.studio.assistants.QUIET_SECONDS", 0.0)


def told(log, count):
    """What stands in the file, once it is so many lines."""
    waited = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < waited:
        lines = log.read_text().splitlines() if log.exists() else []
        if len(lines) >= count:
            return [json.loads(line) for line in lines]
        time.sleep(0.01)
    raise AssertionError(f"{count} lessons were not told")


def test_what_an_edit_makes_whole_is_a_lesson(store):
    def masks_of(tool, **values):
        made = edit(
            store.database,
            1,
            new_edit(store_revision(store), Wanted(f"o{tool}", {"class_id": 1} | values, add=mask((0, 0, 2, 2))), tool=tool),
        )
        return accepted(store.database, made.changes)

    assert masks_of("click") == ({"box": [0, 0, 2, 2], "runs": "04"},)
    assert masks_of("proposal")
    assert masks_of("brush") == ()  # a first stroke is not the object
    assert masks_of("wand", class_id=None) == ()  # pixels to leave out
    undone = undo(store.database, 1, step(store_revision(store)))
    assert accepted(store.database, undone.changes) == ()


def store_revision(store):
    with store.database.reading() as connection:
        return connection.execute("SELECT revision FROM images WHERE id = 1").fetchone()[0]


def test_a_start_is_told_of_the_images_edited_last(store, monkeypatch):
    monkeypatch.setattr(lessons, "IMAGES", 2)
    for image in (1, 2, 3):
        store.file_state(image)
        draw(store, image, 0, "a", (0, 0, 2, 2))
    draw(store, 1, 1, "b", (4, 4, 6, 6))
    with store.database.transaction() as connection:
        connection.execute("UPDATE classes SET kind = 'stuff' WHERE id = 2")
    edit(store.database, 3, new_edit(1, Wanted("sky", {"class_id": 2}, add=mask((0, 0, 16, 3)))))
    found = before(store)
    assert [(lesson.path.name, len(lesson.masks)) for lesson in found] == [("a2.png", 2), ("c.png", 1)]
    store.close()
    assert before(store) == []


def test_an_assistant_learns_at_each_acceptance_and_again_when_it_is_started_anew(tmp_path):
    log = tmp_path / "told.txt"
    one = Lesson(tmp_path / "a.png", ({"box": [0, 0, 1, 1], "runs": "01"},))
    known = [one]
    helper = Helper(str(log), 1000, (sys.executable, "-c", PROGRAM), lambda: list(known))
    helper.learn(one)  # nobody is there to be told yet
    helper.mask(tmp_path / "a.png", NOTHING, 60)
    told(log, 1)
    helper.learn(Lesson(tmp_path / "b.png", one.masks * 2))
    assert [lines for _, lines in told(log, 2)] == [1, 2]
    with pytest.raises(Exception, match="gone"):
        helper.mask(tmp_path / "a.png", {**NOTHING, "clicks": [[1, 1]]}, 60)
    helper.mask(tmp_path / "a.png", NOTHING, 60)
    assert [lines for _, lines in told(log, 3)] == [1, 2, 1]
    helper.close()


def test_a_lesson_that_ends_an_assistant_is_the_last(tmp_path):
    log = tmp_path / "told.txt"
    bad = Lesson(tmp_path / "bad.png", ({"box": [0, 0, 1, 1], "runs": "01"},))
    helper = Helper(str(log), 1000, (sys.executable, "-c", PROGRAM), lambda: [bad])
    helper.mask(tmp_path / "a.png", NOTHING, 60)
    told(log, 1)
    waited = time.monotonic() + WAIT_SECONDS
    while helper._learns and time.monotonic() < waited:
        time.sleep(0.01)
    assert not helper._learns
    assert helper.mask(tmp_path / "a.png", NOTHING, 60) == []
    helper.learn(bad)
    assert len(told(log, 1)) == 1
    helper.close()
