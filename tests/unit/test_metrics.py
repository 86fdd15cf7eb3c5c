"""How the processes of one program count together, and what is left behind."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from shared.models import JobKind
from tests.conftest import ROOT
from tests.support import figures

# The second process is spawned as a pool's child is; it ends as a killed one does, without a word.
TWO_PROCESSES = """
import os, sys
{before}
from billiard import get_context
from shared import metrics

def count():
    metrics.AUDIO_KEPT_ON_DISK.inc(2)
    metrics.count_run("reply", "succeeded", 0.3)
    os._exit(1)

if __name__ == "__main__":
    metrics.AUDIO_KEPT_ON_DISK.inc()
    metrics.count_run("reply", "succeeded", 0.2)
    child = get_context("spawn").Process(target=count)
    child.start()
    child.join()
    folder = os.environ["PROMETHEUS_MULTIPROC_DIR"]
    print(folder, oct(os.stat(folder).st_mode))
    sys.stdout.write(metrics.exposition().decode())
"""
UNSHARED = {name: value for name, value in os.environ.items() if name != "PROMETHEUS_MULTIPROC_DIR"}


def run(program: str, folder: Path, **environment: str) -> tuple[Path, int, figures.Figures]:
    """Run a program that prints its folder, the folder's mode and its figures; return the three."""
    script = folder / "program.py"
    script.write_text(program)
    done = subprocess.run(
        [sys.executable, script],
        env=UNSHARED | {"PYTHONPATH": str(ROOT)} | environment,
        capture_output=True,
        text=True,
        check=True,
    )
    place, _, exposition = done.stdout.partition("\n")
    path, mode = place.split()
    return Path(path), stat.S_IMODE(int(mode, 8)), figures.read(exposition)


@pytest.mark.parametrize(
    "before", ["", "import prometheus_client"], ids=["alone", "with the library imported"]
)
def test_what_a_dead_child_counted_is_added_to_its_parents(before: str, tmp_path: Path) -> None:
    folder, mode, shown = run(TWO_PROCESSES.format(before=before), tmp_path)

    assert shown.of("audio_kept_on_disk_total") == 3
    assert shown.of("step_seconds_count", kind="reply", outcome="succeeded") == 2
    assert shown.of("step_seconds_bucket", kind="reply", outcome="succeeded", le="0.25") == 1
    assert shown.of("step_seconds_sum", kind="reply", outcome="succeeded") == 0.5
    assert mode == 0o700
    assert not folder.exists()  # made for itself, so taken away again


def test_a_named_folder_is_made_for_its_owner_and_stays(tmp_path: Path) -> None:
    named = tmp_path / "metrics" / "api"

    for runs in (1, 2):
        folder, mode, shown = run(
            TWO_PROCESSES.format(before=""), tmp_path, PROMETHEUS_MULTIPROC_DIR=str(named)
        )

        assert (folder, mode, folder.exists()) == (named, 0o700, True)
        assert shown.of("audio_kept_on_disk_total") == 3 * runs  # a program that starts again goes on


def test_what_is_rare_is_shown_before_it_happens() -> None:
    shown = figures.here()

    poisoned = frozenset({("kind", "voice"), ("status", "failed"), ("code", "poisoned")})
    assert poisoned in shown.shown("jobs_finished_total")
    assert "speech_poisoned" in shown.labels("jobs_finished_total", "code")
    assert shown.labels("jobs_finished_total", "kind") == set(JobKind)
