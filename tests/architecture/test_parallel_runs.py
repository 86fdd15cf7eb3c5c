"""Two runs of the tests by one user at the same time do not disturb each other."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEST = """\
def test_where_it_writes(tmp_path):
    print(f"<{tmp_path}>")
"""


def test_each_run_has_a_temporary_folder_of_its_own(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    test = tmp_path / "test_elsewhere.py"
    test.write_text(TEST)
    options = ("-s", "-p", "no:cacheprovider", "-p", "tests.conftest")
    command = [sys.executable, "-m", "pytest", *options, str(test)]
    done = subprocess.run(
        command, cwd=ROOT, env={"PATH": "/usr/bin:/bin"}, capture_output=True, text=True, check=True
    )

    folder = Path(done.stdout.partition("<")[2].partition(">")[0]).parents[1]
    assert not folder.exists()
    assert folder != tmp_path_factory.getbasetemp().parent
