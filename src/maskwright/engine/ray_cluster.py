"""A Ray cluster: one that is there, or one on this machine for as long as it is needed, with nothing said on the terminal."""

import logging
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from maskwright.base.errors import MaskwrightError

# Ray reads these when it is imported: no word to its maker, none about accelerators, no bars of its own.
QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_DEDUP_LOGS": "0",
    "RAY_TQDM_PATCH_PRINT": "0",
}
STORE_BYTES = 100 * 2**20  # of the memory that a local cluster shares; only names and counts go through it
ANSWER_SECONDS = 10.0  # within which a cluster's port must answer


@contextmanager
def ray_cluster(address: str, *, workers: int | None = None) -> Iterator[Any]:
    """The module `ray`, connected: to "auto", the cluster of this machine; to ray://HOST:PORT or HOST:PORT; or to "local".

    "local" starts a cluster on this machine, of as many processors as it has and at least `workers`, and ends it.
    Raises `MaskwrightError` where Ray is not installed, and where no cluster answers.
    """
    ray = _ray()
    ray._private.worker._worker_logs_enabled = False  # or it says on our terminal who died; its debugger asks for quiet so too
    is_local = address == "local"
    _require_answer(address)
    if is_local and sys.platform != "win32":  # Ray would put its workers behind all other programs
        os.environ.setdefault("RAY_worker_niceness", str(os.getpriority(os.PRIO_PROCESS, 0)))
    here = {"num_cpus": max(os.cpu_count() or 1, workers or 1), "object_store_memory": STORE_BYTES, "include_dashboard": False}
    try:
        ray.init(
            address=address, log_to_driver=False, logging_level=logging.ERROR, configure_logging=True,
            **(here if is_local else {}),
        )  # fmt: skip
    except Exception as error:  # of many kinds, from many layers
        raise _no_answer(address, str(error)) from error
    try:
        yield ray
    finally:
        ray.shutdown()


def _ray() -> Any:
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    try:
        return import_module("ray")
    except ImportError as error:
        raise MaskwrightError(
            "--ray needs another package, on this machine and on all of the cluster. Install it with: "
            "pip install 'maskwright[ray]'"
        ) from error


def _require_answer(address: str) -> None:
    """Raises `MaskwrightError` at once where nobody listens, for which Ray itself takes minutes."""
    if address in ("auto", "local"):
        return
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if not host or not port.isdecimal():
        raise MaskwrightError(f"--ray takes auto, local, or an address such as ray://head:10001, not '{address}'.")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=ANSWER_SECONDS).close()
    except OSError as error:
        raise _no_answer(address, error.strerror or str(error)) from error


def _no_answer(address: str, reason: str) -> MaskwrightError:
    words = reason.strip().splitlines()
    return MaskwrightError(
        f"--ray {address}: no Ray cluster answers there ({words[0] if words else 'no reason was given'}). Start one with "
        "'ray start --head' and name its address, or let one be started on this machine with --ray local. A cluster's token, "
        "if it has one, belongs into RAY_AUTH_TOKEN."
    )
