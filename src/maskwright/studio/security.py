"""Who may talk to the server: requests of this machine, by a page of this server, from who knows its token."""

import hashlib
import hmac
import json
from collections.abc import Iterable
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs, urlsplit

from starlette.types import ASGIApp, Message, Receive, Scope, Send

MAX_BODY = 64 << 20
NO_WEBSOCKETS = 1008  # refused by policy
LOCAL_NAMES = frozenset({"127.0.0.1", "localhost", "::1"})
POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; "
    "worker-src 'self' blob:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
HEADERS = (
    (b"content-security-policy", POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
# Shown once, with the cookie. It goes on by itself, as a page of this server, so that the strict cookie is sent.
WELCOME = b"""<!doctype html><meta charset="utf-8"><meta http-equiv="refresh" content="0;url=/"><title>maskwright</title>
<p><a href="/">Go on to the studio</a></p>
"""


class Gate:
    """Middleware that lets pass what may, bounds bodies, and puts the headers on every answer that keep a page to itself.

    names: hosts under which the server may be called. 403 where the Host is another, the Origin is not the server, or nobody
    shows the token: `?token=` once (answered by a strict cookie), the cookie, or `Authorization: Bearer`.
    """

    def __init__(self, app: ASGIApp, *, token: str, names: Iterable[str] = LOCAL_NAMES, max_body: int = MAX_BODY) -> None:
        self.app, self.token, self.names, self.max_body = app, token, frozenset(names), max_body
        # The same for the same token, so that a page goes on when the server is started again.
        self._cookie = hmac.new(token.encode(), b"cookie", hashlib.sha256).hexdigest()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":  # there are no websockets here
            await send({"type": "websocket.close", "code": NO_WEBSOCKETS})
            return
        headers = _headers(scope)
        if headers is None:
            await self._refuse(send, 400, "bad-request", "The request's headers contradict each other.")
            return
        why = self._foreign(headers)
        if why:
            await self._refuse(send, 403, "forbidden", why)
            return
        asked = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[0]
        if scope["path"] == "/" and scope["method"] == "GET" and asked and _same(asked, self.token):
            await self._welcome(send, headers["host"])
            return
        if not self._is_known(headers):
            words = "Open the address with the token that the server printed when it started."
            await self._refuse(send, 403, "forbidden", words)
            return
        if _length(headers) > self.max_body:
            await self._refuse(
                send, 413, "too-large", f"The request has more than {self.max_body >> 20} MiB. Send less at once."
            )
            return
        await self.app(scope, self._bounded(receive), _with_headers(send))

    def _foreign(self, headers: dict[str, str]) -> str:
        """Why a request is not of this machine and this page; '' where it is."""
        host = headers.get("host", "")
        if _host_name(host) not in self.names:
            return f"The server is not called '{host[:100]}'. Open the address that it printed when it started."
        origin = headers.get("origin")
        if origin is not None and origin not in (f"http://{host}", f"https://{host}"):
            return "Another page may not talk to this server."
        return ""

    def _is_known(self, headers: dict[str, str]) -> bool:
        kind, _, value = headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer" and _same(value.strip(), self.token):
            return True
        try:
            cookie = SimpleCookie(headers.get("cookie", "")).get(_cookie_name(headers["host"]))
        except CookieError:
            return False
        return cookie is not None and _same(cookie.value, self._cookie)

    def _bounded(self, receive: Receive) -> Receive:
        """The body, as long as it is not larger than allowed, whatever its header said."""
        seen = 0

        async def bounded() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > self.max_body:
                raise TooLarge
            return message

        return bounded

    async def _welcome(self, send: Send, host: str) -> None:
        cookie = f"{_cookie_name(host)}={self._cookie}; HttpOnly; SameSite=Strict; Path=/"
        await _answer(send, 200, WELCOME, b"text/html; charset=utf-8", ((b"set-cookie", cookie.encode()),))

    async def _refuse(self, send: Send, status: int, code: str, words: str) -> None:
        await _answer(send, status, json.dumps({"error": words, "code": code}).encode(), b"application/json")


class TooLarge(Exception):  # noqa: N818
    """A body went on beyond what is allowed."""


async def _answer(send: Send, status: int, body: bytes, media_type: bytes, more: Iterable[tuple[bytes, bytes]] = ()) -> None:
    own = ((b"content-type", media_type), (b"content-length", str(len(body)).encode()), (b"cache-control", b"no-store"))
    await send({"type": "http.response.start", "status": status, "headers": [*own, *more, *HEADERS]})
    await send({"type": "http.response.body", "body": body})


def _with_headers(send: Send) -> Send:
    """Answers with the headers that all have; what may be kept by the browser says so itself."""

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            own = list(message.get("headers", ()))
            more = [] if any(name.lower() == b"cache-control" for name, _ in own) else [(b"cache-control", b"no-store")]
            message = {**message, "headers": [*own, *HEADERS, *more]}
        await send(message)

    return sending


def _headers(scope: Scope) -> dict[str, str] | None:
    """The headers that are looked at, by lower-case name; None where one of them stands there twice."""
    watched = {"host", "origin", "authorization", "cookie", "content-length"}
    found: dict[str, str] = {}
    for raw_name, value in scope["headers"]:
        name = raw_name.decode("latin-1").lower()
        if name in watched:
            if name in found:
                return None
            found[name] = value.decode("latin-1")
    return found


def _length(headers: dict[str, str]) -> int:
    text = headers.get("content-length", "0")
    return int(text) if text.isdecimal() else 0


def _host_name(host: str) -> str:
    """The name in 'name:port' or '[address]:port'."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _cookie_name(host: str) -> str:
    """Cookies are shared by all ports of a machine, so that two servers need two names."""
    _, _, port = host.rpartition(":")
    return f"maskwright-{port if port.isdecimal() else '80'}"


def _same(a: str, b: str) -> bool:
    """In a time that does not tell how much of it is right."""
    return hmac.compare_digest(a.encode(), b.encode())
