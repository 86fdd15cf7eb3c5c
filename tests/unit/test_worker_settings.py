"""A worker's process reads its settings once."""

import os
import subprocess
import sys
from pathlib import Path

from tests.conftest import ROOT

# Whoever read the environment a second time would see the change.
PROCESS = """
import os
from worker import main
from worker.runtime import process_runtime
from worker.settings import worker_settings
from worker.leases.settler import settler_of

os.environ["LEASE_SECONDS"] = "77"
assert worker_settings() is main.settings
assert process_runtime().settings is main.settings
assert settler_of("gpu@here")._settings is main.settings
"""


def test_all_parts_of_a_process_have_the_same_settings(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROCESS],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
