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
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

# A run waits for most of its time.
_AT_ONCE = 2
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

_FENCED = "\n        job, step, now = self.owned(claim.token)"
_UNFENCED = """
        job, now = self.lock(claim.job_id)
        step = self.session.get_one(Step, claim.step_id)"""

MUTANTS = [
    Mutant(
        "no sweep",
        [Patch("worker/tasks.py", "process.unsettled).run()", "process.unsettled)")],
        ["stuck"],
    ),
    Mutant(
        "no fencing",
        [
            Patch("shared/transitions.py", says + _FENCED, says + _UNFENCED)
            for says in (
                '"""Record a step\'s result, and let what follows be done."""',
                '"""Record that a step failed."""',
            )
        ],
        ["healthy, but quarantined or failed", "one step told twice", "an end that is not told exactly once"],
    ),
    Mutant(
        "a claim without its condition",
        [
            Patch(
                "shared/steps/hints.py",
                '_step.queue == bindparam("its_queue"), ready())',
                '_step.queue == bindparam("its_queue"), _step.finished_at.is_(None), _step.ready_at != None)',
            )
        ],
        ["claimed while somebody held it"],
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
        "the ledger outside the fenced transaction",
        [
            Patch(
                "shared/learning/ledger.py",
                "def record(",
                _APART.replace("def count_turn(", "def record(").lstrip(),
            ),
            Patch(
                "shared/learning/ledger.py",
                "session.execute(statement.on_conflict_do_update(index_elements=key, set_=added))",
                "_apart(session)(statement.on_conflict_do_update(index_elements=key, set_=added), None)",
            ),
        ],
        ["a correction that is not in the ledger exactly once"],
    ),
    Mutant(
        "no ordering",
        [
            Patch("shared/jobs.py", "is_ready=~earlier", "is_ready=true()"),
        ],
        ["a conversation out of order"],
    ),
    Mutant(
        "speech skipped without a word",
        [Patch("shared/transitions.py", "self._warn(job, _SKIPPED)", "pass")],
        ["succeeded without its audio or the warning that says why not"],
    ),
    Mutant(
        "events outside the fenced transaction",
        [
            Patch(
                "shared/events.py", "def append(", _APART.replace("def count_turn(", "def append(").lstrip()
            ),
            Patch(
                "shared/events.py",
                "        session.execute(_APPEND, pending",
                "        _apart(session)(_APPEND, pending",
            ),
        ],
        ["a log with a gap"],
    ),
    Mutant(
        "resume off by one",
        [
            Patch(
                "api/routers/events.py",
                "followers.follow(job_id, start.seen,",
                "followers.follow(job_id, max(start.seen - 1, 0),",
            )
        ],
        ["an event skipped, told twice or out of order"],
    ),
    Mutant(
        "pieces of an abandoned reply kept",
        [
            Patch(
                "shared/transitions.py",
                """            speech.forget(self.session, job.id)
            events.append(self.session, job, EventType.REPLY_RESTARTED)""",
                "            events.append(self.session, job, EventType.REPLY_RESTARTED)",
            )
        ],
        ["speech of an abandoned reply"],
    ),
    Mutant(
        "a log with gaps",
        [Patch("shared/events.py", "job.last_event += 1", "job.last_event += 2")],
        ["a log with a gap"],
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
    wanted = [mutant for mutant in MUTANTS if mutant.name in (chosen.names or [mutant.name])]
    with ThreadPoolExecutor(_AT_ONCE) as threads:
        return int(not all(list(threads.map(lambda mutant: _is_caught(mutant, chosen.seed), wanted))))


def _is_caught(mutant: Mutant, seed: int) -> bool:
    """Run the mutant, print what became of it, and tell whether it was caught."""
    started = time.monotonic()
    broken, printed = broken_by(mutant, seed)
    caught = [name for name in broken if name in mutant.breaks]
    verdict = f"caught by: {', '.join(caught)}" if caught else f"ESCAPED\n{printed}"
    print(f"{mutant.name:<40}{time.monotonic() - started:5.0f} s  {verdict}", flush=True)
    return bool(caught)


if __name__ == "__main__":
    sys.exit(main())
