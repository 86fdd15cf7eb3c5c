"""Programs that reach no hub, as on a machine without a network."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def last_words(program: str, folder: Path) -> str:
    """Run a program that fails, with an empty cache of models in `folder`; return the last line it wrote."""
    offline = {"PYTHONPATH": str(ROOT), "HF_HUB_OFFLINE": "1", "HF_HOME": str(folder)}
    ended = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | offline,
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1, ended.stderr
    return ended.stderr.splitlines()[-1]
