"""`python -m local`: the whole product on this machine, until Ctrl-C."""

import sys

from pydantic import ValidationError

from local.console import Console
from local.launcher import launch
from local.processes import StartError
from local.settings import LauncherSettings
from local.supervisor import StopRequests


def main() -> int:
    """Run the launcher; return its exit status: 0 after a requested stop, 1 when it cannot start."""
    console = Console(sys.stdout)
    stop_requests = StopRequests()
    stop_requests.listen()
    try:
        launch(LauncherSettings(), console, stop_requests)
    except (StartError, ValidationError, OSError) as error:
        for line in str(error).splitlines():
            console.say(line)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
