"""What a run ran on, for its report."""

import os
import platform
import sys
from importlib.metadata import version
from pathlib import Path

import psutil
import torch


def environment(device: torch.device) -> dict[str, str | int | float]:
    """Versions, processor, cores and memory, as a JSON value."""
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else device.type
    return {
        "maskwright": version("maskwright"),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "platform": platform.platform(),
        "processor": processor(),
        "cores": os.cpu_count() or 1,
        "threads": torch.get_num_threads(),
        "memory_gb": round(psutil.virtual_memory().total / 2**30, 1),
        "device": name,
    }


def peak_memory_gb() -> float:
    """The most memory that this process has held so far."""
    if sys.platform == "win32":
        return float(psutil.Process().memory_info().peak_wset / 2**30)
    import resource

    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**30


def processor() -> str:
    """The processor's name as the system gives it."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()
