"""`make bench`: everything that has a goal, in one table. Some fifteen minutes on an idle machine."""

import os
import sys
import time
from collections.abc import Callable
from functools import partial

from benchmarks import (
    accepting,
    asking,
    fairness,
    first_sound,
    learning,
    overhead,
    starting,
    throughput,
    waiters,
)
from benchmarks.table import Row, print_table

ENDED = 1_000_000


def main() -> int:
    """Measure and print; return the exit status, 1 where a goal is not met."""
    began = time.monotonic()
    rows: list[Row] = []
    measures: dict[str, Callable[[], list[Row]]] = {
        "first sound": first_sound.measure,
        "fairness": fairness.measure,
        "throughput": throughput.measure,
        "accepting": accepting.measure,
        "asking": asking.measure,
        "waiters": waiters.measure,
        "starting": starting.measure,
        "learning": learning.measure,
        "overhead": partial(overhead.measure, ENDED),
    }
    for name, measure in measures.items():
        print(f"{name} …", file=sys.stderr, flush=True)
        found = measure()
        print_table(found)
        rows += found
    print()
    print_table(rows)
    busy = " ".join(f"{load:.1f}" for load in os.getloadavg())
    print(f"\n{os.cpu_count()} CPU cores, load {busy}, {time.monotonic() - began:.0f} s")
    return 1 if any(row.met is False for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
