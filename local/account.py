"""The unprivileged system account that PostgreSQL insists on where we run as root."""

import os
import pwd
import shutil
import stat
import subprocess
from pathlib import Path

from local.processes import StartError

ACCOUNT = "embedded_postgres"
_READ = stat.S_IRGRP | stat.S_IROTH
_ENTER = stat.S_IXGRP | stat.S_IXOTH


def unprivileged_account() -> str | None:
    """Return the account to run PostgreSQL as, made if missing; None where we are not root.

    Raises StartError if the account cannot be made.
    """
    if os.geteuid() != 0:
        return None
    try:
        pwd.getpwnam(ACCOUNT)
    except KeyError:
        _create_account()
    return ACCOUNT


def _create_account() -> None:
    useradd = shutil.which("useradd")
    failure = "no useradd on this machine"
    if useradd is not None:
        command = [useradd, "--system", "--user-group", "--no-create-home", "--shell", "/bin/false", ACCOUNT]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode == 0:
            return
        failure = done.stderr.strip()
    raise StartError(
        f"PostgreSQL does not run as root and the account {ACCOUNT} cannot be made ({failure}); "
        "run as another user, or set DATABASE_URL"
    )


def hand_over(path: Path, account: str) -> None:
    """Make `account` the owner of `path`."""
    shutil.chown(path, account, account)


def let_through(path: Path) -> None:
    """Let every account pass (not list) the directories that lead to `path`."""
    for directory in path.resolve().parents:
        mode = directory.stat().st_mode
        if not mode & stat.S_IXOTH:
            directory.chmod(mode | stat.S_IXOTH)


def let_read(folder: Path) -> None:
    """Let every account read `folder` and all below it, and run what its owner may run."""
    let_through(folder)
    for path in (folder, *folder.rglob("*")):
        mode = path.stat().st_mode
        wanted = mode | _READ | (_ENTER if mode & stat.S_IXUSR else 0)
        if wanted != mode:
            path.chmod(wanted)
