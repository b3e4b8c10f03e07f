"""OpenVINO is imported in silence."""

import subprocess
import sys

import pytest

from maskwright.base.openvino import installed

WATCHED = """
import os, sys, tempfile
os.environ["HOME"] = home = tempfile.mkdtemp()
seen = []
loud = ("socket.connect", "socket.getaddrinfo", "subprocess.Popen", "os.fork", "os.posix_spawn")
sys.addaudithook(lambda event, arguments: seen.append(event) if event in loud else None)
from maskwright.base.openvino import openvino
openvino().Core()
assert not seen, seen
assert not os.listdir(home), os.listdir(home)
assert "openvino_telemetry.main" not in sys.modules
"""


@pytest.mark.skipif(installed() is None, reason="OpenVINO is not installed (pip install 'maskwright[fast]')")
def test_its_import_starts_no_program_reaches_for_no_network_and_writes_nothing_at_home():
    """Left alone it forks a process that sends a message, and keeps a number for this machine in ~/intel."""
    subprocess.run([sys.executable, "-W", "ignore", "-c", WATCHED], check=True, timeout=120)
