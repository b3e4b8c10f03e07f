"""Clicks and proposals as the server answers them, with an assistant and without."""

import numpy as np
from starlette.testclient import TestClient

from maskwright.base.errors import MaskwrightError
from maskwright.masks import box_runs
from maskwright.studio.assistants import Helper
from maskwright.studio.server import application
from some_edits import SIZE_HW, mask
from some_requests import HOME, KNOWN, TOKEN, drawn, sent, studio_of


def pixels_of(found: dict) -> np.ndarray:
    return box_runs.region_of(tuple(found["box"]), found["runs"]).mask(SIZE_HW)


def refuse(lesson) -> None:
    raise MaskwrightError("no")


def test_proposals_are_accepted_by_one_step_and_open_again_when_it_is_undone(client):
    body = [{**mask(box).to_json(), "class_id": 1, "score": score, "assistant": "net"}
            for box, score in (((0, 0, 2, 2), 0.2), ((4, 4, 6, 6), 0.9), ((8, 8, 9, 9), 0.5))]  # fmt: skip
    low, high, middle = client.post("/api/images/1/proposals", json={"proposals": body}).json()["ids"]
    listed = client.get("/api/images/1/proposals").json()["proposals"]
    assert [one["id"] for one in listed] == [high, middle, low]
    decision = {"edit_id": "d1", "base_revision": 0, "accept": [high, middle], "reject": [low], "seconds": 2.0}
    made = client.post("/api/images/1/proposals/decide", json=decision).json()
    assert {change["after"]["assistant"] for change in made["changes"]} == {"net"}
    assert client.post("/api/images/1/proposals/decide", json=decision).json()["revision"] == 1
    assert client.get("/api/images/1/proposals").json()["proposals"] == []
    client.post("/api/images/1/undo", json={"edit_id": "d2", "base_revision": 1})
    assert [one["id"] for one in client.get("/api/images/1/proposals").json()["proposals"]] == [high, middle]
    client.post("/api/images/1/redo", json={"edit_id": "d3", "base_revision": 2})
    assert len(client.get("/api/images/1/objects").json()["objects"]) == 2
    again = {**decision, "edit_id": "d4", "base_revision": 3}
    assert client.post("/api/images/1/proposals/decide", json=again).status_code == 422
    costs = client.get("/api/cost").json()["groups"]
    assert [(one["by"], one["name"], one["median_seconds"]) for one in costs if one["by"] == "assistant"] == [
        ("assistant", "net", 1.0)
    ]


def test_without_an_assistant_a_click_is_answered_by_the_simple_tool(client):
    answer = client.post("/api/images/1/assist/mask", json={"clicks": [[5, 5, True]]}).json()
    assert answer["fallback"]
    for one in answer["candidates"]:
        assert pixels_of(one)[5, 5]
    for nothing in ([[99, 99, True]], [[5, 5, False]], []):
        assert client.post("/api/images/1/assist/mask", json={"clicks": nothing}).json()["candidates"] == []
    many = [[x % 40 - 10, x % 30 - 8, x % 3 > 0] for x in range(2000)]
    assert client.post("/api/images/1/assist/mask", json={"clicks": many}).status_code == 200
    assert client.post("/api/images/1/assist/open", json={}).json() == {"assistant": None, "ready": False}
    assert client.post("/api/images/1/assist/mask", json={"assistant": "none"}).status_code == 422


def test_what_is_accepted_teaches_the_assistants_and_what_fails_there_is_no_matter(store):
    told, studio = [], studio_of(store)
    studio.helpers.learn = told.append
    with TestClient(application(studio, TOKEN), base_url=HOME, headers=KNOWN) as client:
        assert client.get("/api/project").json()["learns"] is False
        client.get("/api/images/1")
        client.post("/api/images/1/edits", json=sent(0, drawn("a", (0, 0, 2, 2)), tool="brush"))
        assert told == []
        client.post("/api/images/1/edits", json=sent(1, drawn("b", (4, 4, 6, 6)), tool="click"))
        assert [(one.path.name, one.masks) for one in told] == [("a2.png", (mask((4, 4, 6, 6)).to_json(),))]
        studio.helpers.learn = refuse
        assert client.post("/api/images/1/edits", json=sent(2, drawn("c", (8, 8, 9, 9)), tool="click")).status_code == 200


def test_what_was_decided_is_not_proposed_again(store):
    class Finds(Helper):
        def propose(self, path, seconds=0.0):
            boxes = ((0, 0, 2, 2), (4, 4, 6, 6), (8, 8, 9, 9))
            return [{**mask(box).to_json(), "area": 1, "score": 0.5, "assistant": "finds"} for box in boxes]

    studio = studio_of(store)
    studio.helpers.get = lambda name: Finds("finds", 1000)
    with TestClient(application(studio, TOKEN), base_url=HOME, headers=KNOWN) as client:
        client.post("/api/images/1/edits", json=sent(0, drawn("a", (0, 0, 2, 2))))
        ids = client.post("/api/images/1/assist/propose", json={"class_id": 1}).json()["ids"]
        assert len(ids) == 2
        decision = {"edit_id": "d1", "base_revision": 1, "reject": ids[:1]}
        client.post("/api/images/1/proposals/decide", json=decision)
        assert len(client.post("/api/images/1/assist/propose", json={"class_id": 1}).json()["ids"]) == 1
