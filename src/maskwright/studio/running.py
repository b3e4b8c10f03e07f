"""A server that runs: on a free port, known to those who start it again, stopped in good order."""

import contextlib
import http.client
import json
import os
import secrets
import socket
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import psutil
import uvicorn

from maskwright.base.errors import DataError, MaskwrightError
from maskwright.base.files import atomic_path, read_json
from maskwright.studio import lessons
from maskwright.studio.api import Studio, is_open
from maskwright.studio.assistants import Helpers
from maskwright.studio.keeper import Keeper
from maskwright.studio.learning import Learner
from maskwright.studio.learning_rounds import newest
from maskwright.studio.pictures import Pictures
from maskwright.studio.security import LOCAL_NAMES, MAX_BODY
from maskwright.studio.server import application
from maskwright.studio.store import Store

NAME = "server.json"
HOST = "127.0.0.1"
PORT = 8765
PORTS_TRIED = 50
EVERYWHERE = frozenset({"0.0.0.0", "::"})
WAIT_SECONDS = 2.0  # for a server that may not be there any more
OPEN_REQUESTS = 200
IDLE_SECONDS = 30


@dataclass(frozen=True)
class Address:
    """Where a server is, and the token that it wants."""

    host: str
    port: int
    token: str

    @property
    def url(self) -> str:
        """What a person opens."""
        host = "127.0.0.1" if self.host in EVERYWHERE else self.host
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}/?token={self.token}"


def studio_of(
    store: Store, assistants: tuple[str, ...] = (), assistant: str | None = None, *, is_learning: bool = True
) -> Studio:
    """Everything that a server of this project works on. is_learning: whether it may train in the background."""
    pictures = Pictures(store.folder, max_pixels=store.max_pixels)
    helpers = Helpers(
        assistants, assistant, store.max_pixels, before=partial(lessons.before, store), learned=partial(newest, store.folder)
    )
    studio = Studio(store, pictures, helpers, Keeper(store), MAX_BODY)
    studio.learner = Learner(store, partial(is_open, studio)) if is_learning else None
    return studio


def is_local(host: str) -> bool:
    """Whether only this machine reaches a server there."""
    return host in LOCAL_NAMES


def names_of(host: str) -> frozenset[str]:
    """The names under which a server on this host may be called."""
    if is_local(host):
        return LOCAL_NAMES
    if host not in EVERYWHERE:
        return LOCAL_NAMES | {host.lower()}
    own = {address.address.partition("%")[0] for some in psutil.net_if_addrs().values() for address in some}
    return LOCAL_NAMES | own | {socket.gethostname().lower(), socket.getfqdn().lower()}


def listening(host: str, port: int | None) -> socket.socket:
    """A socket on the port that is asked for, or on the first free one. Raises `DataError` where there is none."""
    tried = range(PORT, PORT + PORTS_TRIED) if port is None else range(port, port + 1)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    why = ""
    for one in tried:
        made = socket.socket(family, socket.SOCK_STREAM)
        if os.name == "posix":  # a port is free again at once after its server was killed
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            made.bind((host, one))
            made.listen()
            return made
        except OSError as error:
            made.close()
            why = error.strerror or str(error)
    raise DataError(f"{host}: no port of {tried[0]} to {tried[-1]} can be had ({why}). Name another with --port.")


def again(host: str, before: Address) -> socket.socket | None:
    """A socket on the port of the last time, if it is free."""
    try:
        return listening(host, before.port)
    except DataError:
        return None


def last(folder: Path) -> Address | None:
    """Where the server of a project was when it ran last."""
    try:
        value = read_json(folder / NAME)
        return Address(str(value["host"]), int(value["port"]), str(value["token"]))
    except (MaskwrightError, OSError, KeyError, TypeError, ValueError):
        return None


def running(folder: Path) -> Address | None:
    """The server that has a project open, if it answers."""
    address = last(folder)
    if address is None:
        return None
    try:
        host = "127.0.0.1" if address.host in EVERYWHERE else address.host
        connection = http.client.HTTPConnection(host, address.port, timeout=WAIT_SECONDS)
        with contextlib.closing(connection):
            connection.request("GET", "/api/project", headers={"Authorization": f"Bearer {address.token}"})
            answer = connection.getresponse()
            is_it = answer.status == 200 and json.loads(answer.read())["name"] == folder.resolve().name
    except (MaskwrightError, OSError, http.client.HTTPException, KeyError, TypeError, ValueError):
        return None
    return address if is_it else None


def serve(studio: Studio, host: str, port: int | None, started: Callable[[Address], None]) -> None:
    """Run until Ctrl-C or SIGTERM; `started` is told the address once the server listens. The project is closed at the end.

    Port and token are those of the last time, where the port can be had: a page that is still open then finds its server, and
    the edits that wait in the browser, which belong to the address, are sent.
    """
    before = last(studio.store.folder)
    made = again(host, before) if port is None and before is not None else None
    made = made or listening(host, port)
    token = before.token if before is not None and before.token else secrets.token_urlsafe(24)
    address = Address(host, made.getsockname()[1], token)
    app = application(studio, address.token, names=names_of(host))
    config = uvicorn.Config(
        app, log_level="warning", access_log=False, server_header=False, ws="none", lifespan="on",
        limit_concurrency=OPEN_REQUESTS, timeout_keep_alive=IDLE_SECONDS, timeout_graceful_shutdown=2,
    )  # fmt: skip
    try:
        _tell(studio.store.folder, address)
        started(address)
        uvicorn.Server(config).run(sockets=[made])
    finally:
        studio.store.close()
        made.close()


def _tell(folder: Path, address: Address) -> None:
    """A file that says where the server is, to who starts it again; for this user alone, since the token stands in it."""
    with atomic_path(folder / NAME) as temporary:
        temporary.touch(mode=0o600)
        with temporary.open("r+") as file:
            json.dump(asdict(address), file)
