"""A project on the disk: opened by one at a time, kept through kills and damage, brought back from what is left."""

import json
import random
import shutil
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from maskwright.base.errors import DataError, MaskwrightError
from maskwright.base.files import read_json, write_json
from maskwright.studio import classes, images, label_files
from maskwright.studio.database import BACKUP, NAME, Database, NotSaved, on_network
from maskwright.studio.edits import Wanted
from maskwright.studio.history import edit, since, undo
from maskwright.studio.keeper import Keeper
from maskwright.studio.objects import NotPossible
from maskwright.studio.replay import replay
from maskwright.studio.rows import edits_since, objects_of, unpacked
from maskwright.studio.store import InUse, beside, journal_of, open_store
from some_edits import SIZE_HW, draw, mask, new_edit, step


def objects(store, image=1):
    with store.database.reading() as connection:
        return dict(objects_of(connection, image))


def test_a_project_lies_beside_its_images_and_opens_again_without_being_told_where_they_are(store, photos):
    draw(store, 1, 0, "a", (1, 1, 4, 3))
    before = objects(store)
    store.close()
    assert store.folder == beside(photos)
    with open_store(store.folder) as again:
        assert again.images == photos.resolve()
        assert objects(again) == before
        assert [one.name for one in classes.listed(again.database)] == ["cell", "sky"]


def test_the_project_can_be_moved_with_its_images(store, photos, tmp_path):
    store.close()
    (tmp_path / "elsewhere").mkdir()
    for folder in (photos, store.folder):
        shutil.move(folder, tmp_path / "elsewhere")
    with open_store(tmp_path / "elsewhere" / store.folder.name) as again:
        assert again.images == (tmp_path / "elsewhere" / "photos").resolve()


def test_only_one_server_has_it_open(store):
    with pytest.raises(InUse, match="is open already"):
        open_store(store.folder)
    with journal_of(store.folder) as database:
        assert since(database, 1, 0)["revision"] == 0


def test_what_cannot_be_opened_is_refused_in_words(tmp_path, photos):
    with pytest.raises(DataError, match="does not say where its images lie"):
        open_store(tmp_path / "new")
    with pytest.raises(DataError, match="no such folder"):
        open_store(tmp_path / "new", tmp_path / "nothing")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="no image files found"):
        open_store(tmp_path / "new", tmp_path / "empty")
    with pytest.raises(DataError, match="to which nothing is written"):
        open_store(photos / "labels", photos)
    with pytest.raises(DataError, match="is no labelling project"), journal_of(photos):
        pass
    open_store(tmp_path / "new", photos).close()  # what was begun above is in nobody's way


def test_images_that_come_and_go(store, photos):
    draw(store, 1, 0, "a", (1, 1, 4, 3))
    store.close()
    (photos / "a2.png").unlink()
    Image.fromarray(np.zeros(SIZE_HW, np.uint8)).save(photos / "a1.png")
    with open_store(store.folder) as again:
        assert any("1 image is not there any more" in words for words in again.words)
        assert "a2.png" in again.file_state(1).trouble
        assert set(objects(again)) == {"a"}
        assert again.path_of(4).name == "a1.png"


def test_a_few_images_of_a_folder_are_listed_and_the_others_stay(store, photos):
    store.file_state(2)
    draw(store, 2, 0, "a", (1, 1, 4, 3))
    store.close()
    with open_store(store.folder, photos, only=["a2.png"]) as few:
        assert [one["name"] for one in images.listed(few.database, "name", only=few.only)["images"]] == ["a2.png"]
        assert sum(images.counts(few.database, few.only).values()) == 1
        assert few.words == ()
    with open_store(store.folder) as again:
        assert sum(images.counts(again.database, again.only).values()) == 3
        assert objects(again, 2).keys() == {"a"}


def test_one_name_with_two_suffixes_is_two_images(photos, tmp_path):
    shutil.copy(photos / "a2.png", photos / "a2.tif.png")
    Image.open(photos / "a2.png").save(photos / "a2.bmp")
    with open_store(tmp_path / "x", photos) as store:
        with store.database.reading() as connection:
            names = [row["name"] for row in connection.execute("SELECT name FROM images ORDER BY id")]
        assert names == ["a2.bmp", "a2.png", "a2.tif.png", "a10.png", "b/c.png"]
        for image, name in ((1, "a"), (2, "b")):
            store.file_state(image)
            draw(store, image, 0, name, (1, 1, 4, 3))
        store.write_files()
        kept = [read_json(store.folder / "labels" / f"a2.{suffix}.json")["objects"][0]["id"] for suffix in ("bmp", "png")]
        assert kept == ["a", "b"]


def test_a_lost_or_damaged_database_is_made_again_from_the_label_files(store):
    draw(store, 1, 0, "a", (1, 1, 4, 3), tool="brush", assistant="net")
    edit(
        store.database,
        1,
        new_edit(1, Wanted("a", {"locked": True, "layer": 3}), Wanted("b", {"class_id": 2}, add=mask((0, 0, 1, 1)))),
    )
    before = objects(store)
    store.close()
    for damage in ("lost", "text", "flipped"):
        path = store.folder / NAME
        if damage == "lost":
            path.unlink()
        elif damage == "text":
            path.write_bytes(b"this is no database at all" * 100)
        else:
            content = bytearray(path.read_bytes())
            content[4096:8192] = b"\xff" * 4096
            path.write_bytes(bytes(content))
        with open_store(store.folder) as again:
            assert objects(again) == before
            assert since(again.database, 1, 0)["revision"] >= 2
            again.write_files()
    assert len(list(store.folder.glob("damaged-*"))) >= 1


def test_a_damaged_database_is_replaced_by_its_backup_and_what_that_lacks(store):
    draw(store, 1, 0, "a", (1, 1, 4, 3))
    store.database.back_up()
    draw(store, 1, 1, "b", (5, 5, 6, 6))
    before = objects(store)
    store.close()
    (store.folder / NAME).write_bytes(b"x" * 5000)
    with open_store(store.folder) as again:
        assert any("Its backup was taken" in words for words in again.words)
        assert objects(again) == before
        undo(again.database, 1, step(since(again.database, 1, 0)["revision"]))
        assert set(objects(again)) == {"a"}


def test_a_damaged_label_file_is_written_anew_and_costs_nothing(store):
    draw(store, 1, 0, "a", (1, 1, 4, 3))
    store.write_files()
    file = store.folder / "labels" / "a2.png.json"
    file.write_text("{")
    edit(store.database, 1, new_edit(1, Wanted("a", {"class_id": 2})))
    store.write_files()
    assert read_json(file)["objects"][0]["class_id"] == 2


def test_label_files_that_cannot_be_taken_in_are_told_and_left(store):
    draw(store, 1, 0, "a", (1, 1, 4, 3))
    store.close()
    (store.folder / NAME).unlink()
    file = store.folder / "labels" / "a2.png.json"
    value = read_json(file)
    write_json(file, {**value, "objects": [{**value["objects"][0], "class_id": 50}]})
    write_json(file.with_name("gone.png.json"), {**value, "image": "gone.png"})
    with open_store(store.folder) as again:
        told = " ".join(again.words)
        assert "classes [50]" in told
        assert "no image called 'gone.png'" in told
        assert objects(again) == {}
    assert file.exists()


def test_a_newer_database_is_not_touched(store):
    store.close()
    connection = sqlite3.connect(store.folder / NAME)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(MaskwrightError, match="newer maskwright"):
        open_store(store.folder)


def test_where_files_cannot_be_written_edits_are_kept_all_the_same(store):
    """The label files' folder is taken by a file; the database has it all, and the files follow when they can."""
    keeper = Keeper(store)
    (store.folder / "labels").write_text("in the way")
    draw(store, 1, 0, "a", (1, 1, 4, 3))
    keeper._write()
    assert "labels" in keeper.trouble
    (store.folder / "labels").unlink()
    keeper._write()
    assert keeper.trouble == ""
    assert read_json(store.folder / "labels" / "a2.png.json")["revision"] == 1


def test_the_keeper_writes_a_moment_after_a_change_and_backs_up_at_the_end(store, monkeypatch):
    monkeypatch.setattr("maskwright.studio.keeper.QUIET_SECONDS", 0.01)
    keeper = Keeper(store)
    keeper.start()
    draw(store, 1, 0, "a", (1, 1, 4, 3))
    keeper.changed()
    file = store.folder / "labels" / "a2.png.json"
    waited = time.monotonic() + 20
    while not file.exists() and time.monotonic() < waited:
        time.sleep(0.01)
    assert read_json(file)["revision"] == 1
    keeper.stop()
    copy = sqlite3.connect(store.folder / BACKUP)
    assert copy.execute("SELECT count(*) FROM objects").fetchone()[0] == 1
    copy.close()


def test_writing_only_what_changed(store):
    draw(store, 1, 0, "a", (1, 1, 4, 3))
    assert label_files.write_all(store.database, store.folder, store.images) == 1
    assert label_files.write_all(store.database, store.folder, store.images) == 0


def test_classes_are_added_renamed_ordered_and_removed(store):
    database = store.database
    made = classes.add(database, " tree   top ", (1, 2, 3), "stuff")
    assert (made.name, made.color, made.kind) == ("tree top", (1, 2, 3), "stuff")
    classes.change(database, made.id, {"name": "tree", "position": -1.0})
    assert [one.name for one in classes.listed(database)] == ["tree", "cell", "sky"]
    with pytest.raises(NotPossible, match="is taken"):
        classes.change(database, made.id, {"name": "sky"})
    classes.remove(database, made.id)
    assert classes.add(database, "tree").id > made.id
    store.close()
    with open_store(store.folder, class_names=["sky", "dog"]) as again:
        assert [one.name for one in classes.listed(again.database)] == ["cell", "sky", "tree", "dog"]


def test_a_read_only_project_says_so(store):
    store.close()
    database = Database(store.folder / NAME)
    with database.reading() as connection:
        connection.execute("PRAGMA query_only = 1")
    with pytest.raises(NotSaved, match="Nothing was changed"):
        classes.add(database, "new")
    database.close()


def test_this_disk_is_no_network(tmp_path):
    assert not on_network(tmp_path)


CHILD = """
import json, random, sys, uuid
from pathlib import Path
from maskwright.studio.edits import Wanted
from maskwright.studio.history import Edit, edit
from maskwright.studio.objects import Mask
from maskwright.studio.store import open_store

store = open_store(Path(sys.argv[1]))
chance = random.Random(int(sys.argv[2]))
revision = int(sys.argv[3])
while True:
    x, y = chance.randrange(12), chance.randrange(8)
    name = f"o{chance.randrange(30)}-{revision}"
    wanted = Edit(edit_id=str(uuid.uuid4()), base_revision=revision,
                  changes=(Wanted(name, {"class_id": 1}, mask=Mask((x, y, x + 3, y + 3), "09")),))
    revision = edit(store.database, 1, wanted).revision
    if revision % 5 == 0:
        store.write_files()
    print(wanted.edit_id, flush=True)
"""


def test_a_kill_at_any_moment_loses_no_acknowledged_edit(store):
    """A few kills here; benchmarks/kill_studio.py does 200 to the server."""
    store.close()
    chance = random.Random(1)
    acknowledged: list[str] = []
    revision = 0
    for _ in range(3):
        child = subprocess.Popen(
            [sys.executable, "-c", CHILD, str(store.folder), str(revision), str(revision)], stdout=subprocess.PIPE, text=True
        )
        assert child.stdout is not None
        acknowledged.append(child.stdout.readline().strip())
        time.sleep(chance.uniform(0, 0.3))
        child.kill()
        acknowledged += [line.strip() for line in child.stdout.read().splitlines()]
        child.wait()
        child.stdout.close()
        with open_store(store.folder) as again:
            with again.database.reading() as connection:
                rows = edits_since(connection, 1, 0)
                known = [row["edit_id"] for row in rows]
                journal = [unpacked(row["changes"]) for row in rows]
            assert set(acknowledged) <= set(known)
            assert replay(journal, SIZE_HW) == objects(again)
            again.write_files()
            kept = json.loads((Path(again.folder) / "labels" / "a2.png.json").read_text())
            assert {one["id"] for one in kept["objects"]} == set(objects(again))
            revision = len(known)
    assert len(acknowledged) >= 3
