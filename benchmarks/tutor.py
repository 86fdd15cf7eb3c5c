"""Measure the offline tutor on the real sentences of `../shared/data/text`; `--missed` lists what it misses.

A pair counts as fixed where the tutor's one correction, put into the whole message, gives one of the
accepted sentences, whatever their capitals, punctuation and spaces. Pairs are parted into two halves by
a hash of their text: rules may be written from the misses of one; the other only measures them.
"""

import argparse
import hashlib
import json
import re
import statistics
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from worker.engines.offline import OfflineTutor
from worker.ports import Mistake, TutorRequest

MATERIAL = Path(__file__).parents[2] / "shared" / "data" / "text"
_MARKS = re.compile(r"[^\w\s']|(?<!\w)'|'(?!\w)")


@dataclass(frozen=True, slots=True)
class Pair:
    """A learner's sentence and what would be right; `shown` if rules may be written from it."""

    wrong: str
    right: tuple[str, ...]
    kind: str
    source: str
    shown: bool


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the tutor made of a pair."""

    pair: Pair
    corrected: str | None
    fixed: bool


def main() -> int:
    """Print the figures; return 1 where the material is missing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--missed", action="store_true", help="list the shown half's unfixed pairs")
    options = parser.parse_args()
    if not MATERIAL.exists():
        print(f"needs {MATERIAL}", file=sys.stderr)
        return 1
    started = time.perf_counter()
    tutor = OfflineTutor()
    print(f"loaded in {time.perf_counter() - started:.2f} s")
    outcomes = [judge(tutor, pair) for pair in read_pairs(MATERIAL / "pairs.jsonl")]
    print_shares(outcomes)
    if options.missed:
        print_missed(outcomes)
    print_alarms(tutor, [json.loads(line)["text"] for line in (MATERIAL / "correct.jsonl").open()])
    return 0


def read_pairs(path: Path) -> list[Pair]:
    """Return the `core` pairs."""
    rows = [json.loads(line) for line in path.open(encoding="utf-8")]
    return [
        Pair(
            row["wrong"],
            tuple(row["right"]),
            row["error_type"],
            "Harper" if "Automattic/harper" in row["source"] else "other",
            shown=int(hashlib.sha256(row["wrong"].encode()).hexdigest(), 16) % 2 == 0,
        )
        for row in rows
        if row["core"]
    ]


def judge(tutor: OfflineTutor, pair: Pair) -> Outcome:
    """Ask the tutor and compare; a pair without accepted sentences only asks for a correction."""
    mistake = correction(tutor, pair.wrong)
    if mistake is None:
        return Outcome(pair, None, fixed=False)
    corrected = pair.wrong.replace(mistake.wrong, mistake.right, 1)
    accepted = {plain(right) for right in pair.right}
    return Outcome(pair, corrected, fixed=not accepted or plain(corrected) in accepted)


def correction(tutor: OfflineTutor, message: str) -> Mistake | None:
    """Return what the tutor corrects in a conversation's first message."""
    return tutor.reply(TutorRequest(message, (), 10.0)).mistake


def plain(text: str) -> str:
    """Return `text` without what is not grammar: capitals, marks, spaces, the shape of apostrophes."""
    return " ".join(_MARKS.sub(" ", text.lower().replace("’", "'")).split())


def print_shares(outcomes: Sequence[Outcome]) -> None:
    """Print fixed, changed otherwise and untouched, for each group."""
    print(f"\n{'core pairs':28}{'number':>8}{'fixed':>8}{'share':>8}{'otherwise':>11}{'untouched':>11}")
    print_row("all", outcomes)
    print_groups(outcomes, lambda pair: pair.source)
    others = [outcome for outcome in outcomes if outcome.pair.source == "other"]
    print_groups(others, lambda pair: f"other, {'shown' if pair.shown else 'held out'} half")
    print_groups(outcomes, lambda pair: pair.kind)


def print_groups(outcomes: Sequence[Outcome], group: Callable[[Pair], str]) -> None:
    """Print a row for each group, the largest first."""
    for name, _ in Counter(group(outcome.pair) for outcome in outcomes).most_common():
        print_row(name, [outcome for outcome in outcomes if group(outcome.pair) == name])


def print_row(name: str, outcomes: Sequence[Outcome]) -> None:
    """Print one group's figures."""
    fixed = sum(outcome.fixed for outcome in outcomes)
    untouched = sum(outcome.corrected is None for outcome in outcomes)
    share = fixed / len(outcomes)
    otherwise = len(outcomes) - fixed - untouched
    print(f"{name:28}{len(outcomes):8}{fixed:8}{share:8.1%}{otherwise:11}{untouched:11}")


def print_missed(outcomes: Iterable[Outcome]) -> None:
    """Print what the tutor made of the shown pairs that it did not fix."""
    print("\nunfixed, shown half: source | kind | sentence | made | accepted")
    for outcome in outcomes:
        pair = outcome.pair
        if pair.shown and not outcome.fixed:
            print(
                f"{pair.source} | {pair.kind} | {pair.wrong} | {outcome.corrected or '–'} | {pair.right[0]}"
            )


def print_alarms(tutor: OfflineTutor, sentences: Sequence[str]) -> None:
    """Print the corrections of correct sentences, and how long a sentence takes."""
    milliseconds, processor, alarms = [], [], []
    for sentence in sentences:
        started, worked = time.perf_counter(), time.thread_time()
        mistake = correction(tutor, sentence)
        milliseconds.append((time.perf_counter() - started) * 1_000)
        processor.append((time.thread_time() - worked) * 1_000)
        if mistake is not None:
            alarms.append(f"{mistake.wrong} → {mistake.right} ({mistake.category})")
    print(f"\nfalse alarms: {len(alarms)} of {len(sentences)} correct sentences")
    for alarm in alarms:
        print(f"  {alarm}")
    median, busy = statistics.median(milliseconds), statistics.median(processor)
    print(
        f"a sentence: median {median:.1f} ms ({busy:.1f} ms of processor), worst {max(milliseconds):.1f} ms"
    )


if __name__ == "__main__":
    sys.exit(main())
