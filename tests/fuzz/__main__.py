"""`python -m tests.fuzz`: Schemathesis against a product of its own. Exit status 0 where it finds nothing."""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from api.access.settings import Access
from local.servers import EmbeddedPostgres
from tests.conftest import ROOT, migrate
from tests.support.engines_for_tests import QuickTranscriber, engine
from tests.support.stack import running_stack

CONFIGURATION = Path(__file__).with_name("schemathesis.toml")


def main() -> int:
    """Start the product, have Schemathesis try every operation of its document, and end it."""
    arguments = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    arguments.add_argument("--examples", type=int, default=200, help="requests an operation at most (200)")
    arguments.add_argument("--seed", type=int, default=1, help="decides the requests (1)")
    arguments.add_argument(
        "--access", choices=list(Access), default=Access.OPEN, help="whether a key is needed (open)"
    )
    chosen, others = arguments.parse_known_args()
    with (
        tempfile.TemporaryDirectory(prefix="fuzz-") as folder,
        EmbeddedPostgres(Path(folder) / "postgres") as postgres,
    ):
        migrate(postgres.url, "head")
        # It is about HTTP: a real ear would take most of the time.
        extra = {"STT_ENGINE": engine(QuickTranscriber), "ACCESS": chosen.access}
        with running_stack(Path(folder) / "product", postgres.url, extra=extra) as stack:
            _, _, key = stack.client.headers.get("Authorization", "").partition(" ")
            command = (
                *(
                    str(Path(sys.executable).with_name("schemathesis")),
                    "--config-file",
                    str(CONFIGURATION),
                    "run",
                ),
                f"{stack.settings.local_url}/openapi.json",
                *("--continue-on-failure", "--request-timeout", "90"),
                *("--max-examples", str(chosen.examples), "--seed", str(chosen.seed)),
                *("--generation-database", "none", *others),
            )
            # Where it starts it leaves a folder of what it has found, and it imports our hooks.
            environment = os.environ | {"PYTHONPATH": str(ROOT), "API_KEY": key}
            return subprocess.run(command, cwd=folder, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
