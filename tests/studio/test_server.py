"""The server as a page and as a stranger see it: who is let in, what is answered, and that no question is a fault."""

import json
import os
import string
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import tifffile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from maskwright.base.errors import MaskwrightError
from maskwright.base.files import read_json
from maskwright.masks import box_runs
from maskwright.masks.region import Region
from maskwright.studio import api
from maskwright.studio.assistants import Helper, Helpers
from maskwright.studio.keeper import Keeper
from maskwright.studio.pictures import Pictures
from maskwright.studio.server import ROUTES, application
from maskwright.studio.store import Store, open_store
from some_edits import SIZE_HW, mask, pixels

TOKEN = "a-token-of-tests"
HOME = "http://127.0.0.1:8765"
KNOWN = {"Authorization": f"Bearer {TOKEN}"}


def studio_of(store: Store) -> api.Studio:
    pictures = Pictures(store.folder, max_pixels=store.max_pixels)
    return api.Studio(store, pictures, Helpers((), None, store.max_pixels), Keeper(store), 1 << 20)


@pytest.fixture
def client(store: Store) -> Iterator[TestClient]:
    """A page that is let in; cookies are not kept."""
    with TestClient(application(studio_of(store), TOKEN), base_url=HOME, headers=KNOWN) as opened:
        yield opened


@pytest.fixture
def stranger(client: TestClient) -> TestClient:
    """Somebody on the same server without a token."""
    return TestClient(client.app, base_url=HOME)


def sent(base: int, *changes: dict, **values) -> dict:
    return {"edit_id": str(uuid.uuid4()), "base_revision": base, "changes": list(changes), **values}


def drawn(name: str, *boxes, **values) -> dict:
    return {"object": name, "set": {"class_id": 1}, "add": mask(*boxes).to_json(), **values}


# Who is let in.


def test_the_address_with_the_token_gives_a_strict_cookie_that_is_enough_afterwards(stranger):
    assert stranger.get("/api/project").status_code == 403
    welcome = stranger.get(f"/?token={TOKEN}", follow_redirects=False)
    assert welcome.status_code == 200
    cookie = welcome.headers["set-cookie"]
    assert all(word in cookie for word in ("HttpOnly", "SameSite=Strict", "maskwright-8765="))
    assert TOKEN not in cookie
    assert stranger.get("/api/project").status_code == 200
    assert "studio" in stranger.get("/").text


@pytest.mark.parametrize("token", ["", "wrong", TOKEN + "x", "ä", TOKEN[:-1]])
def test_without_the_token_there_is_nothing(stranger, token):
    for answer in (
        stranger.get("/", params={"token": token}),
        stranger.get("/api/images", headers={"Authorization": f"Bearer {token}".encode()}),
        stranger.get("/api/images", headers={"Cookie": f"maskwright-8765={token}".encode()}),
        stranger.get("/api/images", params={"token": TOKEN}),
    ):
        assert answer.status_code == 403
        assert answer.json()["code"] == "forbidden"
        assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8765", "127.0.0.1.evil.example", "", "[::2]:8765", "]", "0.0.0.0"]
)
def test_another_host_is_refused_whatever_it_knows(client, host):
    """A name that an attacker's DNS points here is not ours."""
    for method, path in (("GET", "/api/project"), ("GET", f"/?token={TOKEN}"), ("POST", "/api/classes")):
        answer = client.request(method, path, headers={"Host": host})
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


@pytest.mark.parametrize("host", ["127.0.0.1:8765", "localhost:8765", "[::1]:8765", "LOCALHOST:8765"])
def test_this_machine_has_several_names(client, host):
    assert client.get("/api/project", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:9999", "http://127.0.0.1", "file://", ""])
def test_another_page_is_refused(client, origin):
    body = {"name": "mine"}
    assert client.post("/api/classes", json=body, headers={"Origin": origin}).status_code == 403
    assert client.get("/api/project", headers={"Origin": origin}).status_code == 403
    assert client.post("/api/classes", json=body, headers={"Origin": HOME}).status_code == 200


def test_headers_that_contradict_each_other_are_refused(client):
    headers = [*KNOWN.items(), ("Host", "127.0.0.1:8765"), ("Host", "evil.example")]
    assert client.get("/api/project", headers=headers).status_code in (400, 403)


def test_every_answer_says_what_a_browser_may_do_with_it(client, stranger):
    answers = [
        client.get("/"),
        client.get("/api/project"),
        stranger.get("/"),
        client.get("/api/images/1/picture"),
        client.get("/x"),
    ]
    for answer in answers:
        policy = answer.headers["content-security-policy"]
        assert "default-src 'self'" in policy
        assert "script-src 'self'" in policy
        assert "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["x-frame-options"] == "DENY"


@pytest.mark.parametrize(
    "path",
    [
        "/../pyproject.toml", "/%2e%2e/%2e%2e/pyproject.toml", "/..%2f..%2fserver.py", "/api/images/../../server.json",
        "/%5c..%5cserver.py", "/C:/windows/win.ini", "//etc/passwd", "/static/../../server.py", "/api/images/..%2f1",
        "/server.py%00.html", "/.git/config",
    ],
)  # fmt: skip
def test_no_address_leads_to_another_file(client, path):
    answer = client.get(path)
    assert answer.status_code in (400, 403, 404)
    assert b"import" not in answer.content
    assert b"root:" not in answer.content


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_links_that_lead_out_are_not_followed(store, photos, tmp_path):
    secret = tmp_path / "secret.png"
    Image.fromarray(np.zeros((5, 5), np.uint8)).save(secret)
    (photos / "a2.png").unlink()
    (photos / "a2.png").symlink_to(secret)
    static = tmp_path / "static"
    static.mkdir()
    (static / "index.html").write_text("hello")
    (static / "secret.png").symlink_to(secret)
    with TestClient(application(studio_of(store), TOKEN, static=static), base_url=HOME, headers=KNOWN) as client:
        assert "leads out" in client.get("/api/images/1").json()["trouble"]
        assert client.get("/api/images/1/tiles/0/0/0").status_code == 422
        assert client.get("/secret.png").status_code == 404


def test_an_svg_with_script_is_no_image_here(store, photos):
    (photos / "x.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>")
    (photos / "a2.png").write_bytes((photos / "x.svg").read_bytes())
    with TestClient(application(studio_of(store), TOKEN), base_url=HOME, headers=KNOWN) as client:
        assert not any("svg" in one["name"] for one in client.get("/api/images").json()["images"])
        answer = client.get("/api/images/1/picture")
        assert answer.status_code == 422
        assert answer.headers["content-type"] == "application/json"


def test_a_class_called_like_a_script_stays_a_name(client):
    name = "<script>alert('x')</script>"
    made = client.post("/api/classes", json={"name": name}).json()
    answer = client.get("/api/classes")
    assert answer.headers["content-type"] == "application/json"
    assert [one["name"] for one in answer.json()["classes"]] == ["cell", "sky", name]
    assert client.delete(f"/api/classes/{made['id']}").json() == {"moved": 0}


@pytest.mark.parametrize("name", ["", "   ", "a\x00b", "\u202eabc", "x" * 201, "cell", " cell "])
def test_names_that_no_class_can_have_are_refused(client, name):
    assert client.post("/api/classes", json={"name": name}).status_code == 422


def test_a_body_beyond_the_bound_is_refused_whatever_it_says_of_itself(client):
    def flood() -> Iterator[bytes]:
        yield b'{"name": "'
        for _ in range(40):
            yield b"x" * (1 << 16)

    large = client.post("/api/classes", content=b"x" * (1 << 21), headers={"Content-Type": "application/json"})
    chunked = client.post("/api/classes", content=flood(), headers={"Content-Type": "application/json"})
    assert (large.status_code, chunked.status_code) == (413, 413)


def test_only_json_is_taken(client):
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
        answer = client.post("/api/classes", content=b'{"name": "x"}', headers={"Content-Type": kind})
        assert (answer.status_code, answer.json()["code"]) == (415, "wrong-type")


# What is answered.


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


def refuse(lesson) -> None:
    raise MaskwrightError("no")


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


def pixels_of(found: dict) -> np.ndarray:
    return box_runs.region_of(tuple(found["box"]), found["runs"]).mask(SIZE_HW)


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


# Any question at all.

SMALL = st.integers(-2, 20)
IDS = st.sampled_from(["1", "2", "3", "0", "99", "-1", "x", "9" * 30, "1e3", "%00", "١"])
TEXTS = st.text(string.printable, max_size=12) | st.sampled_from(
    ["a", "b", "brush", "01", "04", "0i", "name", "helpful", "raw", "nan"]
)
BOXES = st.lists(SMALL, min_size=4, max_size=4) | st.sampled_from([[0, 0, 4, 4], [0, 0, 16, 12]])
MASKS = st.fixed_dictionaries(
    {"box": BOXES, "runs": TEXTS | st.lists(SMALL, max_size=5) | st.just([0, 16]) | st.just([0, 192])}
)
CHANGES = st.fixed_dictionaries(
    {"object": st.sampled_from(["a", "b", "c"]) | TEXTS},
    optional={
        "set": st.fixed_dictionaries({}, optional={"class_id": st.none() | SMALL, "locked": st.booleans(), "layer": SMALL}),
        "add": MASKS, "remove": MASKS, "mask": MASKS, "delete": st.booleans(),
    },
)  # fmt: skip
BODIES = st.fixed_dictionaries(
    {},
    optional={
        "edit_id": st.sampled_from(["e1", "e2"]) | st.uuids().map(str), "base_revision": SMALL,
        "seconds": st.floats(0, 5) | SMALL,
        "clicks": SMALL | st.lists(st.tuples(SMALL, SMALL, st.booleans()), max_size=3), "client": TEXTS, "tool": TEXTS,
        "changes": st.lists(CHANGES, max_size=3), "exclusive": st.booleans(), "name": TEXTS,
        "color": st.lists(SMALL, max_size=4),
        "kind": TEXTS, "state": st.sampled_from(["todo", "done", "look", "x"]), "note": TEXTS,
        "value": st.none() | st.floats(0, 1),
        "proposals": st.lists(MASKS, max_size=2), "accept": st.lists(SMALL, max_size=3), "reject": st.lists(SMALL, max_size=3),
        "box": BOXES, "previous": MASKS, "assistant": st.none() | TEXTS, "class_id": st.none() | SMALL, "position": SMALL,
    },
)  # fmt: skip
QUERIES = st.dictionaries(
    st.sampled_from(["order", "state", "offset", "limit", "seed", "box", "masks", "since", "channels", "low", "high", "gamma",
                     "format", "size", "to"]),
    TEXTS | SMALL.map(str) | st.sampled_from(["0,1", "0,0,4,4", "1e400", "0.5", "0,255,9"]), max_size=3,
)  # fmt: skip


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(ROUTES), IDS, BODIES | st.none() | st.lists(SMALL, max_size=2) | TEXTS, QUERIES, st.booleans())
def test_no_question_is_a_fault(client, route, id, body, query, only_known):
    """Every route with bodies that are nearly right: an answer in words, and never a fault of the program."""
    method, path, _, kind = route
    if only_known and kind is not None and isinstance(body, dict):
        body = {name: value for name, value in body.items() if name in kind.model_fields}
    address = "/api" + path.replace("{id}", id).replace("{z}", "0").replace("{x}", id[:2]).replace("{y}", "0")
    answer = client.request(method, address, params=query, json=body)
    assert answer.status_code < 500, answer.text
    if answer.status_code >= 400:
        assert {"error", "code"} <= answer.json().keys()


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.binary(max_size=60)
    | st.sampled_from([b"[" * 100_000, b'{"name":' * 5000, b'{"name":"\\ud800"}', b'{"name":NaN}', b"\xff"])
)
def test_no_bytes_are_a_fault(client, content):
    for path in ("/api/classes", "/api/images/1/edits"):
        answer = client.post(path, content=content, headers={"Content-Type": "application/json"})
        assert answer.status_code in (400, 422)
        assert json.dumps(answer.json())


def test_there_are_no_websockets(store):
    with (
        TestClient(application(studio_of(store), TOKEN), base_url=HOME, headers=KNOWN) as client,
        pytest.raises(WebSocketDisconnect),
        client.websocket_connect("/api/project"),
    ):
        pass


def test_the_protocol_names_every_route():
    """What the page is written by is what the server answers to."""
    page = (Path(__file__).parents[2] / "docs" / "reference" / "studio-protocol.md").read_text(encoding="utf-8")
    for method, path, _, _ in ROUTES:
        assert f"{method} /api{path}" in page, f"{method} {path}"
