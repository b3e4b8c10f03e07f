"""Who is let in by the server, and that no address leads to what is not the page's."""

import os

import numpy as np
import pytest
from PIL import Image
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from maskwright.studio.server import application
from some_requests import HOME, KNOWN, TOKEN, studio_of


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


def test_there_are_no_websockets(store):
    with (
        TestClient(application(studio_of(store), TOKEN), base_url=HOME, headers=KNOWN) as client,
        pytest.raises(WebSocketDisconnect),
        client.websocket_connect("/api/project"),
    ):
        pass
