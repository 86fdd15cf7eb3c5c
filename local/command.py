"""What `python -m local` does."""

import sys

from local.console import Console
from local.launcher import launch
from local.processes import StartError
from local.settings import LauncherSettings
from local.supervisor import StopRequests
from shared.settings import read_settings


def main() -> int:
    """Run the launcher; return its exit status: 0 after a requested stop, 1 when it cannot start."""
    console = Console(sys.stdout)
    stop_requests = StopRequests()
    stop_requests.listen()
    try:
        launch(read_settings(LauncherSettings), console, stop_requests)
    except (StartError, OSError) as error:
        for line in str(error).splitlines():
            console.say(line)
        return 1
    return 0
