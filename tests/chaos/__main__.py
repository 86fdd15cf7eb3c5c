"""`python -m tests.chaos`: a run by hand. Exit status 0 where everything holds."""

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

from tests.chaos.plan import FULL, SHORT, make_plan
from tests.chaos.recoveries import RECOVERY_LIMIT_SECONDS
from tests.chaos.report import page
from tests.chaos.run import run


def main() -> int:
    """Run the chaos as the arguments say, and print what it has shown."""
    arguments = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    arguments.add_argument("--seed", type=int, default=1, help="decides turns and faults (1)")
    arguments.add_argument("--short", action="store_true", help="the short form, as in the tests")
    arguments.add_argument("--forget", action="store_true", help="keep no logs, whatever happens")
    chosen = arguments.parse_args()
    directory = Path(tempfile.mkdtemp(prefix="chaos-"))
    verdict = run(make_plan(SHORT if chosen.short else FULL, chosen.seed), directory, print)
    print(page(verdict))
    late = not chosen.short and max(verdict.recoveries, default=0.0) > RECOVERY_LIMIT_SECONDS
    failed = late or not verdict.holds
    if failed and not chosen.forget:
        print(f"what the programs wrote lies in {directory}")
    else:
        shutil.rmtree(directory)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
