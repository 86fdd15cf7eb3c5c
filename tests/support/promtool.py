"""Prometheus's own checker, where this machine has it (Debian's package `prometheus`)."""

import shutil
import subprocess

import pytest

from tests.support.containers import DOCKER


def promtool(*arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
    """Run promtool in the folder `docker`, or skip the test."""
    if shutil.which("promtool") is None:
        pytest.skip("promtool is not on this machine")
    return subprocess.run(
        ["promtool", *arguments], cwd=DOCKER, input=given, capture_output=True, text=True, check=False
    )
