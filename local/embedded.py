"""The common part of the embedded servers: child processes that we start, watch and stop."""

import os
import signal
import time
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Self

from local.ports import free_port
from local.processes import Process, StartError, kill_group, spawn, stop_group

_ANSWER_SECONDS = 60.0
_STOP_SECONDS = 20.0
# What a killed predecessor leaves behind (processes on their way out, the port) is gone within this.
_LEFTOVER_SECONDS = 10.0


class EmbeddedServer(ABC):
    """A server on 127.0.0.1 that keeps its files, and `server.log`, in one directory.

    Its port stays the same over restarts. It dies with the thread that started it.
    """

    name: str
    stop_signal: signal.Signals

    def __init__(self, directory: Path) -> None:
        self.directory = directory.absolute()
        self.port = free_port()
        self._process: Process | None = None

    @property
    @abstractmethod
    def url(self) -> str:
        """Where clients connect, password included."""

    @property
    def pid(self) -> int | None:
        """Process id of the running server; None when it does not run."""
        process = self._process
        return process.pid if process is not None and process.poll() is None else None

    def start(self) -> Process:
        """Start the server and return once it answers; raises StartError with the end of its log."""
        self.directory.mkdir(parents=True, exist_ok=True)
        self._prepare()
        leftovers_gone = time.monotonic() + _LEFTOVER_SECONDS
        while True:
            process = self._process = self._launch()
            if self._wait_for_answer(process):
                return process
            if time.monotonic() > leftovers_gone:
                raise StartError(f"{self.name} does not start:\n{self._end_of_log()}")
            time.sleep(0.2)

    def stop(self) -> None:
        """Shut the server down in an orderly way; nothing happens when it does not run."""
        if self._process is not None:
            stop_group(self._process, self.stop_signal, _STOP_SECONDS)

    def kill(self) -> None:
        """SIGKILL the server, as a crash would."""
        if self._process is not None:
            kill_group(self._process)

    def restart(self) -> None:
        """Stop the server and start it again on the same port."""
        self.stop()
        self.start()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _wait_for_answer(self, process: Process) -> bool:
        """Wait for the first answer; return False if the process ended before it."""
        deadline = time.monotonic() + _ANSWER_SECONDS
        while process.poll() is None:
            if self._answers():
                return True
            if time.monotonic() > deadline:
                self.kill()
                raise StartError(f"{self.name} does not answer:\n{self._end_of_log()}")
            time.sleep(0.02)
        return False

    def _spawn(
        self,
        command: list[str],
        death_signal: signal.Signals,
        *,
        account: str | None = None,
        given: bytes = b"",
    ) -> Process:
        environment = {"PATH": os.defpath, "LC_ALL": "C"}
        with self._log.open("ab") as log:
            return spawn(
                command,
                environment,
                given=given,
                output=log,
                death_signal=death_signal,
                account=account,
                directory=self.directory,
            )

    @property
    def _log(self) -> Path:
        return self.directory / "server.log"

    def _end_of_log(self) -> str:
        return "\n".join(self._log.read_text(encoding="utf-8", errors="replace").splitlines()[-8:])

    @abstractmethod
    def _prepare(self) -> None:
        """Make what the server needs before it can be launched."""

    @abstractmethod
    def _launch(self) -> Process: ...

    @abstractmethod
    def _answers(self) -> bool: ...
