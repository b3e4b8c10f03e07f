"""What the server answers, question by question, without a word about HTTP."""

import hashlib
import os
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any, TypeVar, cast, get_args

from maskwright.base.errors import MaskwrightError
from maskwright.formats.plane_paths import short_name
from maskwright.formats.project_file import ProjectClass
from maskwright.studio import classes, history, images, lessons, proposals, wire
from maskwright.studio.assistants import Helpers
from maskwright.studio.cost import costs
from maskwright.studio.keeper import Keeper
from maskwright.studio.learning import Learner
from maskwright.studio.objects import NotPossible
from maskwright.studio.pictures import MEDIA_TYPES, Format, Pictures, View, encoded, raw, shown, small
from maskwright.studio.pyramid import TILE, Pyramid
from maskwright.studio.rows import NotFound, image_row, objects_of
from maskwright.studio.store import FileState, Store

PRESENT_SECONDS = 30.0  # that a page counts as open after it was heard of
MOST_LISTED = 1000
LARGEST_PICTURE = 2048

B = TypeVar("B", bound=wire.Body)


class ImageChanged(NotPossible):
    """An image's file is another one than was labelled."""


class BadRequest(NotPossible):
    """A value in the address that is none."""


@dataclass
class Studio:
    """Everything that a server works on."""

    store: Store
    pictures: Pictures
    helpers: Helpers
    keeper: Keeper
    max_body: int
    learner: Learner | None = None
    presence: dict[int, dict[str, float]] = field(default_factory=dict)
    guard: threading.Lock = field(default_factory=threading.Lock)


@dataclass(frozen=True)
class Call:
    """A question: what stands in the address, and the body."""

    path: Mapping[str, Any]
    query: Mapping[str, str]
    body: wire.Body | None = None

    @property
    def id(self) -> int:
        """The id in the address."""
        return self.place("id")

    def place(self, name: str) -> int:
        """A whole number in the address. Raises `NotFound` where it is none, or larger than any can be."""
        text = str(self.path[name])
        if not (text.isascii() and text.isdecimal() and len(text) < 12 and int(text) <= wire.LARGEST):
            raise NotFound(f"There is nothing at '{text[:40]}'.")
        return int(text)

    def of(self, kind: type[B]) -> B:
        """The body."""
        assert isinstance(self.body, kind)  # since the table of routes says so
        return self.body

    def whole(self, name: str, default: int, most: int = wire.LARGEST) -> int:
        text = self.query.get(name, str(default))
        if not (text.isascii() and text.isdecimal() and len(text) < 12 and int(text) <= most):
            raise BadRequest(f"'{name}' is a whole number from 0 to {most}, not '{text[:40]}'.")
        return int(text)

    def numbers(self, name: str) -> tuple[float, ...] | None:
        text = self.query.get(name)
        if text is None or text == "":
            return None
        try:
            found = tuple(float(part) for part in text.split(",")[:9])
        except ValueError:
            found = ()
        if not found or not all(abs(value) < 1e30 for value in found):
            raise BadRequest(f"'{name}' is a list of numbers such as 0,255, not '{text[:40]}'.")
        return found

    def chosen(self, name: str, options: tuple[str, ...], default: str) -> str:
        text = self.query.get(name) or default
        if text not in options:
            raise BadRequest(f"'{name}' is one of {', '.join(options)}, not '{text[:40]}'.")
        return text


@dataclass(frozen=True)
class Picture:
    """A file of pixels, to be kept by the browser for a while."""

    content: bytes
    media_type: str
    headers: Mapping[str, str] = field(default_factory=dict)


def project(studio: Studio, call: Call) -> dict[str, Any]:
    """What a page needs to begin with."""
    counted = images.counts(studio.store.database, studio.store.only)
    return {
        "id": hashlib.sha256(os.fsencode(studio.store.folder.resolve())).hexdigest()[:16],
        "name": studio.store.folder.name,
        "version": version("maskwright"),
        "classes": [_class(one) for one in classes.listed(studio.store.database)],
        "images": sum(counted.values()),
        "states": counted,
        "assistants": list(studio.helpers.names),
        "assistant": studio.helpers.default,
        "learns": studio.learner is not None,
        "tile": TILE,
        "max_body": studio.max_body,
        "words": list(studio.store.words),
        "trouble": studio.keeper.trouble,
    }


def cost(studio: Studio, call: Call) -> dict[str, Any]:
    """Seconds and clicks an object."""
    found = costs(studio.store.database)
    return {"objects": found[0].objects if found else 0, "groups": [group.to_json() for group in found]}


def list_classes(studio: Studio, call: Call) -> dict[str, Any]:
    return {"classes": [_class(one) for one in classes.listed(studio.store.database)]}


def add_class(studio: Studio, call: Call) -> dict[str, Any]:
    body = call.of(wire.ClassBody)
    color = None if body.color is None else (body.color[0], body.color[1], body.color[2])
    return _class(classes.add(studio.store.database, body.name, color, body.kind))


def change_class(studio: Studio, call: Call) -> dict[str, Any]:
    values = {name: value for name, value in call.of(wire.ClassChange).model_dump().items() if value is not None}
    return _class(classes.change(studio.store.database, call.id, values))


def remove_class(studio: Studio, call: Call) -> dict[str, Any]:
    to = call.whole("to", 0) if "to" in call.query else None
    return {"moved": classes.remove(studio.store.database, call.id, to)}


def list_images(studio: Studio, call: Call) -> dict[str, Any]:
    order = cast(images.Order, call.chosen("order", get_args(images.Order), "name"))
    state = call.chosen("state", ("", *images.STATES), "")
    seed, offset, limit = call.whole("seed", 0), call.whole("offset", 0), call.whole("limit", 100, MOST_LISTED)
    return images.listed(
        studio.store.database, order, only=studio.store.only, state=state or None, seed=seed, offset=offset, limit=limit
    )


def image(studio: Studio, call: Call) -> dict[str, Any]:
    return images.opened(studio.store, studio.pictures, call.id)


def change_image(studio: Studio, call: Call) -> dict[str, Any]:
    values = {name: value for name, value in call.of(wire.ImageChange).model_dump().items() if value is not None}
    images.change(studio.store.database, call.id, values)
    return image(studio, call)


def accept_image(studio: Studio, call: Call) -> dict[str, Any]:
    studio.store.accept(call.id)
    return image(studio, call)


def set_uncertainty(studio: Studio, call: Call) -> dict[str, Any]:
    images.set_uncertainty(studio.store.database, call.id, call.of(wire.UncertaintyBody).value)
    return {}


def presence(studio: Studio, call: Call) -> dict[str, Any]:
    """How many other pages have the image open."""
    client, now = call.of(wire.PresenceBody).client, time.monotonic()
    with studio.store.database.reading() as connection:
        image_row(connection, call.id)
    with studio.guard:
        known = studio.presence.setdefault(call.id, {})
        for name in [name for name, heard in known.items() if now - heard > PRESENT_SECONDS]:
            del known[name]
        known[client] = now
        return {"others": len(known) - 1}


def is_open(studio: Studio, image: int) -> bool:
    """Whether any page has an image open."""
    now = time.monotonic()
    with studio.guard:
        return any(now - heard <= PRESENT_SECONDS for heard in studio.presence.get(image, {}).values())


def tile(studio: Studio, call: Call) -> Picture:
    found = pyramid_of(studio, call.id)
    values = found.tile(call.place("z"), call.place("x"), call.place("y"))
    if values is None:
        raise NotFound("There is no such tile on this image.")
    format = cast(Format, call.chosen("format", get_args(Format), "png"))
    if format == "raw":
        headers = {"X-Shape": ",".join(map(str, values.shape)), "X-Dtype": values.dtype.name}
        return Picture(raw(values), MEDIA_TYPES["raw"], headers)
    return Picture(encoded(shown(values, found.ranges, _view(call)), format), MEDIA_TYPES[format])


def picture(studio: Studio, call: Call) -> Picture:
    found = pyramid_of(studio, call.id)
    images.note_looks(studio.store.database, call.id, found)
    format = cast(Format, call.chosen("format", ("png", "jpeg", "webp"), "jpeg"))
    size = max(call.whole("size", 256, LARGEST_PICTURE), 1)
    return Picture(encoded(small(found, _view(call), size), format), MEDIA_TYPES[format])


def objects(studio: Studio, call: Call) -> dict[str, Any]:
    box = call.numbers("box")
    if box is not None and len(box) != 4:
        raise BadRequest("'box' is x0,y0,x1,y1.")
    with studio.store.database.reading() as connection:
        revision = image_row(connection, call.id)["revision"]
        found = objects_of(connection, call.id, None if box is None else [int(value) for value in box])
    listed = [{"id": name, **drawn.to_json()} for name, drawn in found]
    if call.whole("masks", 1, 1) == 0:
        for one in listed:
            del one["runs"]
    return {"revision": revision, "objects": listed}


def edit(studio: Studio, call: Call) -> dict[str, Any]:
    return _step(studio, call, lambda: history.edit(studio.store.database, call.id, call.of(wire.EditBody).value()))


def undo(studio: Studio, call: Call) -> dict[str, Any]:
    return _step(studio, call, lambda: history.undo(studio.store.database, call.id, call.of(wire.StepBody).step()))


def redo(studio: Studio, call: Call) -> dict[str, Any]:
    return _step(studio, call, lambda: history.redo(studio.store.database, call.id, call.of(wire.StepBody).step()))


def changes(studio: Studio, call: Call) -> dict[str, Any]:
    return history.since(studio.store.database, call.id, call.whole("since", 0))


def list_proposals(studio: Studio, call: Call) -> dict[str, Any]:
    state = call.chosen("state", ("open", "accepted", "rejected", "all"), "open")
    return {"proposals": proposals.listed(studio.store.database, call.id, None if state == "all" else state)}


def add_proposals(studio: Studio, call: Call) -> dict[str, Any]:
    body = call.of(wire.ProposalsBody)
    proposed = [one.proposed() for one in body.proposals]
    return {"ids": proposals.add(studio.store.database, call.id, proposed, replace_open=body.replace)}


def decide(studio: Studio, call: Call) -> dict[str, Any]:
    wanted = call.of(wire.DecisionBody).decision()
    return _step(studio, call, lambda: proposals.decide(studio.store.database, call.id, wanted))


def _step(studio: Studio, call: Call, make: Callable[[], history.Outcome]) -> dict[str, Any]:
    """A step in an image's history, refused where its file is not the one that was labelled; assistants learn from it."""
    state = state_of(studio, call.id)
    made = make()
    with suppress(MaskwrightError):  # what is saved is saved, and the page is told so
        accepted = lessons.accepted(studio.store.database, made.changes)
        if accepted:
            studio.helpers.learn(lessons.Lesson(state.path, accepted))
    return made.to_json()


def state_of(studio: Studio, image: int) -> FileState:
    """The state of an image's file. Raises `ImageChanged` where it is not the one that was labelled."""
    state = studio.store.file_state(image)
    if state.changed:
        raise ImageChanged(
            f"{short_name(state.path)}: the file is another one than was labelled. Look at it, then take it as it is."
        )
    return state


def pyramid_of(studio: Studio, image: int) -> Pyramid:
    """What an image looks like. Raises `NotFound` where its file cannot be read."""
    try:
        return studio.pictures.get(studio.store.path_of(image))
    except OSError as error:
        raise NotFound(f"The image cannot be read ({error.strerror or error}).") from error


def _view(call: Call) -> View:
    channels, gamma = call.numbers("channels"), call.numbers("gamma")
    if channels is not None and not all(value == int(value) and value >= 0 for value in channels):
        raise BadRequest("'channels' are whole numbers from 0.")
    chosen = None if channels is None else tuple(int(value) for value in channels)
    return View(chosen, call.numbers("low"), call.numbers("high"), 1.0 if gamma is None else gamma[0])


def _class(one: ProjectClass) -> dict[str, Any]:
    return {"id": one.id, "name": one.name, "color": list(one.color), "kind": one.kind}
