"""Any question at all is answered in words by the server: names and bodies that are odd, too large or no JSON are no fault."""

import json
import string
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from maskwright.studio.server import ROUTES

# Names and bodies.


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


# Every route.


def test_the_protocol_names_every_route():
    """What the page is written by is what the server answers to."""
    page = (Path(__file__).parents[2] / "docs" / "reference" / "studio-protocol.md").read_text(encoding="utf-8")
    for method, path, _, _ in ROUTES:
        assert f"{method} /api{path}" in page, f"{method} {path}"


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
