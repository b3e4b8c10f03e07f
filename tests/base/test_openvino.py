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


INTERRUPTED = """
import gc, signal
from maskwright.base.openvino import core
first, second = core(), core()
for each in (first, second):
    each.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
del each, first
gc.collect()
del second
gc.collect()
signal.signal(signal.SIGINT, signal.default_int_handler)  # which a shell's background has put aside
try:
    signal.raise_signal(signal.SIGINT)
except KeyboardInterrupt:
    print("interrupted")
"""


@pytest.mark.skipif(installed() is None, reason="OpenVINO is not installed (pip install 'maskwright[fast]')")
def test_a_process_that_has_used_it_twice_can_be_interrupted():
    """Two cores of OpenVINO's own, let go one after the other, leave a stack for signals that is none: a segmentation fault."""
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", INTERRUPTED], capture_output=True, timeout=120)
    assert (done.returncode, done.stdout) == (0, b"interrupted\n"), done.stderr
