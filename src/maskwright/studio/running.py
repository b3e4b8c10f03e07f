"""A server that runs: on a free port, known to those who start it again, stopped in good order."""

import contextlib
import http.client
import json
import secrets
import socket
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil
import uvicorn

from maskwright.base.errors import DataError, MaskwrightError
from maskwright.base.files import atomic_path, read_json
from maskwright.studio.api import Studio
from maskwright.studio.assistants import Helpers
from maskwright.studio.keeper import Keeper
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


def studio_of(store: Store, assistants: tuple[str, ...] = (), assistant: str | None = None) -> Studio:
    """Everything that a server of this project works on."""
    pictures = Pictures(store.folder, max_pixels=store.max_pixels)
    helpers = Helpers(assistants, assistant, store.max_pixels)
    return Studio(store, pictures, helpers, Keeper(store), MAX_BODY)


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
        try:
            made.bind((host, one))
            made.listen()
            return made
        except OSError as error:
            made.close()
            why = error.strerror or str(error)
    raise DataError(f"{host}: no port of {tried[0]} to {tried[-1]} can be had ({why}). Name another with --port.")


def running(folder: Path) -> Address | None:
    """The server that has a project open, if it answers."""
    path = folder / NAME
    try:
        value = read_json(path)
        address = Address(str(value["host"]), int(value["port"]), str(value["token"]))
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
    """Run until Ctrl-C or SIGTERM; `started` is told the address once the server listens. The project is closed at the end."""
    made = listening(host, port)
    address = Address(host, made.getsockname()[1], secrets.token_urlsafe(24))
    app = application(studio, address.token, names=names_of(host))
    config = uvicorn.Config(
        app, log_level="warning", access_log=False, server_header=False, ws="none", lifespan="on",
        limit_concurrency=OPEN_REQUESTS, timeout_keep_alive=IDLE_SECONDS, timeout_graceful_shutdown=2,
    )  # fmt: skip
    try:
        with _told(studio.store.folder, address):
            started(address)
            uvicorn.Server(config).run(sockets=[made])
    finally:
        studio.store.close()
        made.close()


@contextlib.contextmanager
def _told(folder: Path, address: Address) -> Iterator[None]:
    """A file that says where the server is, to who starts it again; for this user alone, since the token stands in it."""
    path = folder / NAME
    with atomic_path(path) as temporary:
        temporary.touch(mode=0o600)
        with temporary.open("r+") as file:
            json.dump(asdict(address), file)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
