"""What a page is answered while somebody labels: the work is saved, told to the other pages, or refused in words."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import tifffile
from PIL import Image
from starlette.testclient import TestClient

from maskwright.base.files import read_json
from maskwright.masks import box_runs
from maskwright.masks.region import Region
from maskwright.studio.server import application
from maskwright.studio.store import open_store
from some_edits import SIZE_HW, mask, pixels
from some_requests import HOME, KNOWN, TOKEN, drawn, sent, studio_of


def test_a_page_opens_an_image_paints_undoes_and_finds_its_work_in_a_file(client, store):
    project = client.get("/api/project").json()
    assert (project["images"], [one["name"] for one in project["classes"]]) == (3, ["cell", "sky"])
    listed = client.get("/api/images").json()["images"]
    assert [one["name"] for one in listed] == ["a2.png", "a10.png", "b/c.png"]
    opened = client.get("/api/images/1").json()
    assert (opened["size_hw"], opened["channels"], opened["levels"], opened["range"][0]) == ([12, 16], 3, 1, [0, 255])
    made = client.post(
        "/api/images/1/edits", json=sent(0, drawn("a", (1, 1, 6, 6)), seconds=2.5, clicks=1, tool="brush")
    ).json()
    assert (made["revision"], made["can_undo"]) == (1, True)
    (change,) = made["changes"]
    assert change["before"] is None
    assert change["after"]["tool"] == "brush"
    (found,) = client.get("/api/images/1/objects").json()["objects"]
    assert (found["id"], found["area"], found["box"]) == ("a", 25, [1, 1, 6, 6])
    assert (box_runs.region_of(tuple(found["box"]), found["runs"]).mask(SIZE_HW) == pixels(mask((1, 1, 6, 6)))).all()
    assert client.get("/api/images/1/objects?box=6,6,9,9").json()["objects"] == []
    assert "runs" not in client.get("/api/images/1/objects?box=5,5,9,9&masks=0").json()["objects"][0]
    client.patch("/api/images/1", json={"state": "done", "note": "clear"})
    undone = client.post("/api/images/1/undo", json={"edit_id": "u1", "base_revision": 1}).json()
    assert undone["changes"][0]["after"] is None
    client.post("/api/images/1/redo", json={"edit_id": "u2", "base_revision": 2})
    assert [one["kind"] for one in client.get("/api/images/1/changes?since=0").json()["edits"]] == ["edit", "undo", "redo"]
    store.write_files()
    kept = read_json(store.folder / "labels" / "a2.png.json")
    assert (kept["state"], kept["note"], kept["revision"], len(kept["objects"])) == ("done", "clear", 3, 1)
    assert client.get("/api/project").json()["states"] == {"todo": 2, "done": 1, "look": 0}
    costs = client.get("/api/cost").json()
    assert costs["groups"][0] == {
        "by": "all", "name": "all", "objects": 1, "median_seconds": 2.5, "mean_seconds": 2.5, "p90_seconds": 2.5, "clicks": 1.0,
    }  # fmt: skip


def test_a_conflict_says_what_the_others_did(client):
    client.post("/api/images/1/edits", json=sent(0, drawn("a", (1, 1, 6, 6)), client="one"))
    merged = client.post("/api/images/1/edits", json=sent(0, drawn("b", (8, 8, 9, 9)), client="two")).json()
    assert merged["merged"]
    assert [one["client"] for one in merged["since"]] == ["one"]
    answer = client.post("/api/images/1/edits", json=sent(0, {"object": "a", "delete": True}))
    assert answer.status_code == 409
    assert (answer.json()["code"], answer.json()["objects"], answer.json()["revision"]) == ("conflict", ["a"], 2)
    assert len(answer.json()["since"]) == 2


def test_a_full_disk_is_507_and_the_same_edit_is_taken_when_there_is_room(client, store):
    with store.database.reading() as connection:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages}")
    noise = np.random.default_rng(0).integers(0, 2, (40, *SIZE_HW)).astype(bool)
    regions = [Region.of_mask(one) for one in noise]
    changes = [
        {"object": f"n{place}", "set": {"class_id": 1}, "add": {"box": list(one.box_xyxy), "runs": box_runs.text_of(one)}}
        for place, one in enumerate(regions)
    ]
    body = sent(0, *changes)
    answer = client.post("/api/images/1/edits", json=body)
    assert (answer.status_code, answer.json()["code"]) == (507, "not-saved")
    assert client.get("/api/images/1/objects").json() == {"revision": 0, "objects": []}
    with store.database.reading() as connection:
        connection.execute("PRAGMA max_page_count = 1000000")
    assert client.post("/api/images/1/edits", json=body).json()["revision"] == 1


def test_an_image_that_was_replaced_is_not_labelled_on_before_somebody_looks(client, photos):
    client.post("/api/images/1/edits", json=sent(0, drawn("a", (1, 1, 6, 6))))
    Image.fromarray(np.full((*SIZE_HW, 3), 7, np.uint8)).save(photos / "a2.png")
    assert client.get("/api/images/1").json()["changed"]
    answer = client.post("/api/images/1/edits", json=sent(1, drawn("b", (8, 8, 9, 9))))
    assert (answer.status_code, answer.json()["code"]) == (409, "image-changed")
    assert not client.post("/api/images/1/accept").json()["changed"]
    assert client.post("/api/images/1/edits", json=sent(1, drawn("b", (8, 8, 9, 9)))).status_code == 200
    Image.fromarray(np.full((5, 5, 3), 7, np.uint8)).save(photos / "a2.png")
    assert client.post("/api/images/1/accept").status_code == 422
    (photos / "a2.png").unlink()
    assert "a2.png" in client.get("/api/images/1").json()["trouble"]
    assert len(client.get("/api/images/1/objects").json()["objects"]) == 2


def test_a_large_image_is_shown_in_parts_and_what_is_not_there_yet_may_be_asked_again(photos, monkeypatch):
    monkeypatch.setattr("maskwright.studio.image_files.LARGE_BYTES", 1)
    monkeypatch.setattr("maskwright.studio.parted.WAIT_SECONDS", 0.01)
    monkeypatch.setattr("maskwright.studio.parted.Workshop.want", lambda *_: None)
    tifffile.imwrite(photos / "slide.tif", np.zeros((2100, 1100), np.uint8), tile=(256, 256))
    with open_store(photos.with_name("slides"), photos, ["cell"], ["slide.tif"]) as store:
        store.max_pixels = 1000
        with TestClient(application(studio_of(store), TOKEN), base_url=HOME, headers=KNOWN) as client:
            found = client.get("/api/images").json()["images"]
            assert [one["name"] for one in found] == ["slide.tif"]
            shown = client.get(f"/api/images/{found[0]['id']}").json()
            assert (shown["size_hw"], shown["levels"], shown["trouble"]) == ([2100, 1100], 4, "")
            assert client.get(f"/api/images/{shown['id']}/tiles/0/1/2").status_code == 200
            soon = client.get(f"/api/images/{shown['id']}/tiles/3/0/0")
            assert (soon.status_code, soon.json()["code"]) == (503, "not-ready")
            assert client.get(f"/api/images/{shown['id']}/picture").status_code == 503
            clicked = client.post(f"/api/images/{shown['id']}/assist/mask", json={"clicks": [[500, 900, True]]})
            assert clicked.json()["candidates"]


def test_pages_on_one_image_know_of_each_other(client):
    assert client.post("/api/images/1/presence", json={"client": "one"}).json() == {"others": 0}
    assert client.post("/api/images/1/presence", json={"client": "two"}).json() == {"others": 1}
    assert client.post("/api/images/2/presence", json={"client": "two"}).json() == {"others": 0}


def test_large_answers_are_packed_where_that_is_understood(client):
    client.post("/api/images/1/edits", json=sent(0, *(drawn(f"n{place}", (place % 16, 0, 16, 1)) for place in range(60))))
    packed = client.get("/api/images/1/objects", headers={"Accept-Encoding": "gzip"})
    assert packed.headers["content-encoding"] == "gzip"
    plain = client.get("/api/images/1/objects", headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert packed.json() == plain.json()


def test_the_program_starts_without_torch():
    """A page is there in a second, not after a network was loaded."""
    code = "import sys, maskwright.studio.server, maskwright.studio.running; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, cwd=Path(__file__).parent).returncode == 0
