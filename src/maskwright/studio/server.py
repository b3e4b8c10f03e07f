"""The server's routes, and how questions and answers travel over HTTP."""

import gzip
import json
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from maskwright.base.errors import MaskwrightError
from maskwright.studio import api, assist_api, learning_api, wire
from maskwright.studio.api import BadRequest, Call, ImageChanged, Picture, Studio
from maskwright.studio.database import Busy, NotSaved
from maskwright.studio.history import Conflict
from maskwright.studio.parted import NotReady
from maskwright.studio.rows import NotFound
from maskwright.studio.security import LOCAL_NAMES, Gate, TooLarge

STATIC = Path(__file__).parent / "static"
SQUEEZED_BYTES = 2048  # from which an answer is sent packed
LOG = logging.getLogger("maskwright.studio")

Answer = Callable[[Studio, Call], dict[str, Any] | Picture]
# method, address, what answers, and what body it takes
ROUTES: tuple[tuple[str, str, Answer, type[wire.Body] | None], ...] = (
    ("GET", "/project", api.project, None),
    ("GET", "/cost", api.cost, None),
    ("GET", "/learning", learning_api.learning, None),
    ("POST", "/learning", learning_api.change_learning, wire.LearningBody),
    ("GET", "/learning/curve", learning_api.learning_curve, None),
    ("GET", "/classes", api.list_classes, None),
    ("POST", "/classes", api.add_class, wire.ClassBody),
    ("PATCH", "/classes/{id}", api.change_class, wire.ClassChange),
    ("DELETE", "/classes/{id}", api.remove_class, None),
    ("GET", "/images", api.list_images, None),
    ("GET", "/images/{id}", api.image, None),
    ("PATCH", "/images/{id}", api.change_image, wire.ImageChange),
    ("POST", "/images/{id}/accept", api.accept_image, None),
    ("PUT", "/images/{id}/uncertainty", api.set_uncertainty, wire.UncertaintyBody),
    ("POST", "/images/{id}/presence", api.presence, wire.PresenceBody),
    ("GET", "/images/{id}/tiles/{z}/{x}/{y}", api.tile, None),
    ("GET", "/images/{id}/picture", api.picture, None),
    ("GET", "/images/{id}/objects", api.objects, None),
    ("POST", "/images/{id}/edits", api.edit, wire.EditBody),
    ("POST", "/images/{id}/undo", api.undo, wire.StepBody),
    ("POST", "/images/{id}/redo", api.redo, wire.StepBody),
    ("GET", "/images/{id}/changes", api.changes, None),
    ("GET", "/images/{id}/proposals", api.list_proposals, None),
    ("POST", "/images/{id}/proposals", api.add_proposals, wire.ProposalsBody),
    ("POST", "/images/{id}/proposals/decide", api.decide, wire.DecisionBody),
    ("POST", "/images/{id}/assist/open", assist_api.open_assistant, wire.AssistBody),
    ("POST", "/images/{id}/assist/mask", assist_api.ask_assistant, wire.ClicksBody),
    ("POST", "/images/{id}/assist/propose", assist_api.propose, wire.ProposeBody),
)

# What went wrong -> status and code of the answer; the first that fits.
ERRORS: tuple[tuple[type[Exception], int, str], ...] = (
    (BadRequest, 400, "bad-request"),
    (ImageChanged, 409, "image-changed"),
    (Conflict, 409, "conflict"),
    (NotFound, 404, "not-found"),
    (NotSaved, 507, "not-saved"),
    (Busy, 503, "busy"),
    (NotReady, 503, "not-ready"),
    (MaskwrightError, 422, "not-possible"),
)


class WrongType(Exception):  # noqa: N818
    """A body that does not say that it is JSON."""


def application(studio: Studio, token: str, *, names: frozenset[str] = LOCAL_NAMES, static: Path = STATIC) -> ASGIApp:
    """The server as an ASGI application; it starts and stops the keeper and the learner and ends the assistants."""

    @asynccontextmanager
    async def living(_: Starlette) -> AsyncIterator[None]:
        studio.keeper.start()
        if studio.learner is not None:
            studio.learner.start()
        try:
            yield
        finally:
            if studio.learner is not None:
                await run_in_threadpool(studio.learner.stop)
            await run_in_threadpool(studio.keeper.stop)
            await run_in_threadpool(studio.helpers.close)
            await run_in_threadpool(studio.pictures.close)

    routes: list[BaseRoute] = [
        Route(f"/api{path}", _endpoint(studio, answer, body), methods=[method]) for method, path, answer, body in ROUTES
    ]
    routes += [Route("/api/{rest:path}", _nothing), Mount("/", StaticFiles(directory=static, html=True))]
    inner = Starlette(
        routes=routes,
        lifespan=living,
        exception_handlers={
            MaskwrightError: _in_words, TooLarge: _too_large, WrongType: _wrong_type, ValidationError: _invalid,
            HTTPException: _http,
        },
    )  # fmt: skip
    return Gate(inner, token=token, names=names, max_body=studio.max_body)


def _endpoint(studio: Studio, answer: Answer, body: type[wire.Body] | None) -> Callable[[Request], Any]:
    """A route: the body is checked, the answer is found in a thread, and files are written soon where something may be new."""

    async def endpoint(request: Request) -> Response:
        content = None
        if body is not None:
            if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
                raise WrongType
            content = body.model_validate_json(await request.body())
        call = Call(request.path_params, request.query_params, content)
        try:
            found = await run_in_threadpool(answer, studio, call)
        except MaskwrightError:
            raise
        except Exception as error:  # a page that hears nothing cannot say that nothing was saved
            return _fault(request, error)
        if request.method != "GET":
            studio.keeper.changed()
        if isinstance(found, Picture):
            headers = {"cache-control": "private, max-age=600", **found.headers}
            return Response(found.content, media_type=found.media_type, headers=headers)
        return await run_in_threadpool(_json, found, request)

    return endpoint


def _json(value: dict[str, Any], request: Request, status: int = 200) -> Response:
    content = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    headers = {}
    if len(content) >= SQUEEZED_BYTES and "gzip" in request.headers.get("accept-encoding", ""):
        content, headers = gzip.compress(content, 4), {"content-encoding": "gzip", "vary": "accept-encoding"}
    return Response(content, status, headers, "application/json")


async def _nothing(request: Request) -> Response:
    return _error(request, 404, "not-found", "There is nothing at this address.")


def _error(request: Request, status: int, code: str, words: str, **more: Any) -> Response:
    return _json({"error": words, "code": code, **more}, request, status)


async def _in_words(request: Request, error: Exception) -> Response:
    status, code = next((status, code) for kind, status, code in ERRORS if isinstance(error, kind))
    more = {}
    if isinstance(error, Conflict):
        more = {"revision": error.revision, "objects": list(error.objects), "since": list(error.since)}
    return _error(request, status, code, str(error), **more)


async def _too_large(request: Request, _: Exception) -> Response:
    return _error(request, 413, "too-large", "The request is larger than is allowed. Send less at once.")


async def _wrong_type(request: Request, _: Exception) -> Response:
    return _error(request, 415, "wrong-type", "Send JSON, with the header 'Content-Type: application/json'.")


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, ValidationError)  # by the table of handlers
    first = error.errors(include_input=False, include_url=False)[0]
    where = ".".join(map(str, first["loc"]))
    return _error(request, 400, "bad-request", f"{where}: {first['msg']}".removeprefix(": "))


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # by the table of handlers
    code = {404: "not-found", 405: "not-allowed"}.get(error.status_code, "bad-request")
    return _error(request, error.status_code, code, str(error.detail))


def _fault(request: Request, error: Exception) -> Response:
    LOG.error("a fault of the program", exc_info=error)
    words = f"{type(error).__name__}: a fault of maskwright. What was acknowledged before is saved; the log says more."
    return _error(request, 500, "fault", words)
