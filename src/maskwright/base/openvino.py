"""OpenVINO, imported without the package that tells its maker of every import."""

import sys
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
