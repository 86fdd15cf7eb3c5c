"""What `pip install .` installs: all that the programs read."""

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from zipfile import ZipFile

from tests.support.containers import ROOT

_NO_SOURCE = shutil.ignore_patterns("__pycache__")


def test_the_wheel_has_every_file_of_its_packages(tmp_path: Path) -> None:
    project = tmp_path / "project"
    packages = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]
    roots = sorted({package.partition(".")[0] for package in packages})
    for root in roots:
        shutil.copytree(ROOT / root, project / root, ignore=_NO_SOURCE)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, project)
    files = {
        str(path.relative_to(project))
        for root in roots
        for path in (project / root).rglob("*")
        if path.is_file()
    }

    subprocess.run(
        (sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "."),
        cwd=project,
        check=True,
        timeout=150,
    )

    [wheel] = project.glob("*.whl")
    packed = set(ZipFile(wheel).namelist())
    assert files - packed == set()
    assert "api/log_config.json" in packed
