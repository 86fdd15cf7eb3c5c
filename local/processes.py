"""Child processes that never outlive us: each starts in a session of its own and is stopped as a group."""

import contextlib
import functools
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from shared.parent_death import end_with_parent

Process = subprocess.Popen[bytes]


class StartError(Exception):
    """Something could not be started; the message says what and why."""


def spawn(  # noqa: PLR0913
    command: Sequence[str],
    environment: Mapping[str, str],
    *,
    given: bytes = b"",
    output: int | IO[bytes] = subprocess.PIPE,
    death_signal: signal.Signals = signal.SIGKILL,
    account: str | None = None,
    directory: Path | None = None,
) -> Process:
    """Start `command` as the leader of a new session and process group, stderr joined to stdout.

    Where the platform can (Linux), the kernel sends `death_signal` to the process when the *thread*
    that called this ends, so call it from the main thread or from one that lives as long as needed.
    `given` is all it can read from stdin, `account` the system user to become, `directory` the one to run in.
    Raises StartError if the program cannot be executed.
    """
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=environment,
            cwd=directory,
            start_new_session=True,
            preexec_fn=functools.partial(end_with_parent, os.getpid(), death_signal),
            user=account,
            group=account,
            extra_groups=None if account is None else [],
        )
    except OSError as error:
        raise StartError(f"cannot run {command[0]}: {error}") from error
    _give(process, given)
    return process


def _give(process: Process, given: bytes) -> None:
    if process.stdin is None:
        return
    with contextlib.suppress(BrokenPipeError), process.stdin as stdin:
        stdin.write(given)


def kill_group(process: Process) -> None:
    """SIGKILL whatever is left of the process and of its group, and reap the process."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def stop_group(process: Process, stop_signal: signal.Signals, timeout: float) -> None:
    """Ask the process to stop, wait at most `timeout` seconds, then kill the rest of its group."""
    process.send_signal(stop_signal)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(timeout)
    kill_group(process)


def describe_exit(status: int) -> str:
    """Describe how a process ended: `exited with status 1`, or `exited with status -9 (SIGKILL)`."""
    if status >= 0:
        return f"exited with status {status}"
    try:
        name = signal.Signals(-status).name
    except ValueError:
        name = f"signal {-status}"
    return f"exited with status {status} ({name})"
