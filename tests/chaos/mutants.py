"""Does the chaos bite? `python -m tests.chaos.mutants` breaks copies of the tree and expects to be told.

Each mutant is a few words of the product changed in a copy; the short form runs there and must name an
invariant that this very defect breaks. Nothing in the product exists for it.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent


class UnfitError(Exception):
    """A mutant's words are not in the product, or more than once: it has moved on, and the mutant must."""


@dataclass(frozen=True, slots=True)
class Patch:
    """`old` stands once in the file; `new` takes its place."""

    file: str
    old: str
    new: str

    def apply(self, tree: Path) -> None:
        """Change the file below `tree`. Raises `UnfitError`."""
        path = tree / self.file
        text = path.read_text()
        if text.count(self.old) != 1:
            raise UnfitError(f"{self.file} has {text.count(self.old)} times: {self.old}")
        path.write_text(text.replace(self.old, self.new))


@dataclass(frozen=True, slots=True)
class Mutant:
    """A defect, and the invariants of which at least one must break."""

    name: str
    patches: Sequence[Patch]
    breaks: Sequence[str]


_APART = '''
def _apart(session):
    """Return what runs a statement in a transaction of its own, after the session's."""
    from sqlalchemy import event

    def run(statement, values):
        def after_commit(_):
            with Session(bind) as own:
                own.execute(statement, values)
                own.commit()

        bind = session.get_bind()
        event.listen(session, "after_commit", after_commit, once=True)

    return run


def count_turn('''

MUTANTS = [
    Mutant(
        "no sweep",
        [Patch("worker/tasks.py", "process.unsettled).run()", "process.unsettled)")],
        ["stuck"],
    ),
    Mutant(
        "no fencing",
        [Patch("shared/transitions.py", "if job.lease_token != claim.token:", "if False:")],
        [
            "an answer that is not the turn's own, or remembers another past",
            "healthy, but quarantined or failed",
            "one stage recorded twice",
        ],
    ),
    Mutant(
        "a claim without its condition",
        [Patch("shared/jobs.py", 'bindparam("its_stage"), waiting())', 'bindparam("its_stage"))')],
        ["an engine's call that no run accounts for", "a conversation out of order"],
    ),
    Mutant(
        "usage outside the fenced transaction",
        [
            Patch("shared/usage.py", "def count_turn(", _APART.lstrip()),
            Patch("shared/usage.py", "    session.execute(_add_", "    _apart(session)(_add_"),
        ],
        ["usage that does not equal its events"],
    ),
    Mutant(
        "no ordering",
        [
            Patch(
                "shared/jobs.py",
                "== select(func.min(col(earlier.turn)))",
                ">= select(func.min(col(earlier.turn)))",
            ),
            Patch("shared/jobs.py", "case((earlier, None), else_=func.now())", "func.now()"),
            Patch(
                "shared/transitions.py",
                ").one_or_none()\n        return Hint(",
                ").first()\n        return Hint(",
            ),
        ],
        ["a conversation out of order"],
    ),
]


def copy_tree(target: Path) -> None:
    """Copy every file that git tracks."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True)
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)


def broken_by(mutant: Mutant, seed: int) -> tuple[list[str], str]:
    """Run the short form in a mutated copy; return the invariants that broke, and all that was printed.

    Raises `UnfitError` where the mutant does not fit the product.
    """
    with tempfile.TemporaryDirectory(prefix="mutant-") as directory:
        tree = Path(directory)
        copy_tree(tree)
        for patch in mutant.patches:
            patch.apply(tree)
        command = [sys.executable, "-m", "tests.chaos", "--short", "--seed", str(seed), "--forget"]
        printed = subprocess.run(command, cwd=tree, check=False, capture_output=True, text=True)
    lines = [line for line in printed.stdout.splitlines() if line.startswith("BROKEN ")]
    return [line.removeprefix("BROKEN ").partition(":")[0] for line in lines], printed.stdout + printed.stderr


def main() -> int:
    """Run every mutant, or those named, and print which were caught. Exit status 0 where all were."""
    arguments = argparse.ArgumentParser(prog="python -m tests.chaos.mutants", description=__doc__)
    arguments.add_argument("--seed", type=int, default=1, help="of the short form (1)")
    arguments.add_argument("names", nargs="*", help="mutants to run (all)")
    chosen = arguments.parse_args()
    escaped = 0
    for mutant in MUTANTS:
        if chosen.names and mutant.name not in chosen.names:
            continue
        started = time.monotonic()
        broken, printed = broken_by(mutant, chosen.seed)
        caught = [name for name in broken if name in mutant.breaks]
        verdict = f"caught by: {', '.join(caught)}" if caught else "ESCAPED"
        print(f"{mutant.name:<40}{time.monotonic() - started:5.0f} s  {verdict}", flush=True)
        if not caught:
            escaped += 1
            print(printed)
    return int(escaped > 0)


if __name__ == "__main__":
    sys.exit(main())
