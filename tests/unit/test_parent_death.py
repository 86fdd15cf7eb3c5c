"""A child that is tied to its parent ends with it, also where the parent was faster."""

import signal
import subprocess
import sys

import psutil
import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has the parent-death signal")

_SLEEPER = (sys.executable, "-c", "import time; time.sleep(600)")
_PARENT = f"""
import os, subprocess, sys, time
from functools import partial
from shared.parent_death import end_with_parent
child = subprocess.Popen({_SLEEPER!r}, preexec_fn=partial(end_with_parent, os.getpid()))
print(child.pid, flush=True)
time.sleep(600)
"""


def test_the_child_of_a_killed_parent_ends() -> None:
    with subprocess.Popen([sys.executable, "-c", _PARENT], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))
        assert child.is_running()
        parent.kill()
        gone, _ = psutil.wait_procs([child], timeout=30)
    assert gone == [child]


def test_a_child_whose_parent_is_gone_already_does_not_begin() -> None:
    nobody = "import os; from shared.parent_death import end_with_parent; end_with_parent(os.getpid())"
    child = subprocess.run([sys.executable, "-c", nobody], check=False)
    assert child.returncode == -signal.SIGKILL
