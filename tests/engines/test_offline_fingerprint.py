"""The offline tutor's version follows its rules, its tables and its libraries."""

import ast
import shutil
import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import worker.engines.offline
from worker.engines.offline.fingerprint import LIBRARIES, rules_fingerprint

ROOT = Path(__file__).parents[2]
PACKAGE = Path(worker.engines.offline.__file__).parent
PROGRAM = "from worker.engines.offline.fingerprint import rules_fingerprint; print(rules_fingerprint())"


def fingerprint_in(tree: Path) -> str:
    """Return what a process says that runs the copy of our code in `tree`."""
    return subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=tree, capture_output=True, text=True, check=True
    ).stdout.strip()


def test_it_is_the_same_in_every_process_and_another_where_a_rule_changed(tmp_path: Path) -> None:
    for room in ("worker", "shared"):
        shutil.copytree(ROOT / room, tmp_path / room, ignore=shutil.ignore_patterns("__pycache__"))
    assert fingerprint_in(tmp_path) == rules_fingerprint()

    seen = {rules_fingerprint()}
    for name in (
        "worker/engines/offline/rules/tense.py",
        "worker/engines/offline/lexicon.py",
        "worker/text/languages.py",
    ):
        with (tmp_path / name).open("a") as file:
            file.write("# changed\n")
        seen.add(fingerprint_in(tmp_path))
    assert len(seen) == 4


def test_every_library_that_the_rules_use_is_part_of_it() -> None:
    imported = {
        name.partition(".")[0]
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        for name in _names(node)
    }
    outside = imported - set(sys.stdlib_module_names) - {"worker", "shared"}

    assert {packages_distributions()[name][0] for name in outside} == set(LIBRARIES)


def _names(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module] if isinstance(node, ast.ImportFrom) and node.module else []
