"""OpenVINO, imported without the package that tells its maker of every import."""

import sys
from functools import cache
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from typing import Any, cast

TELEMETRY = "openvino_telemetry"


def installed() -> str | None:
    """The version of OpenVINO that is installed, or None; nothing is imported."""
    try:
        return version("openvino") if find_spec("openvino") is not None else None
    except (PackageNotFoundError, ValueError):
        return None


def openvino() -> Any:
    """The module. Its telemetry, which starts at the import and writes into the home folder, finds its package missing.

    OpenVINO has a stand-in for that case, which does nothing. Raises `ImportError` where OpenVINO is not installed.
    """
    if "openvino" not in sys.modules:
        cast(dict[str, Any], sys.modules)[TELEMETRY] = None  # what Python takes for a package that cannot be imported
    return import_module("openvino")


@cache
def core() -> Any:
    """OpenVINO's `Core`, one for the whole process, never let go.

    A core gives its thread another stack for signals, and frees that when it is let go (2026.4). After two of them a thread can
    be left with a stack that is none, and the next Ctrl-C ends Python with a segmentation fault.
    """
    return openvino().Core()
