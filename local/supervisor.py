"""Keeps children running: shows what they print, restarts what dies, stops all of them."""

import signal
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, Self

from local.console import Console
from local.processes import Process, StartError, describe_exit, kill_group, spawn

TICK_SECONDS = 0.1
_LAST_WORDS_SECONDS = 1.0
SAME_WISH_SECONDS = 0.5
"""How close together two signals are when they are one wish to stop."""

_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Child(Protocol):
    """What a supervisor can keep running."""

    @property
    def name(self) -> str:
        """The name under which it is shown."""

    @property
    def stop_signal(self) -> signal.Signals:
        """The signal that asks the process to stop cleanly."""

    def start(self) -> Process:
        """Start it; raises StartError."""


@dataclass(frozen=True)
class Program:
    """A command to keep running."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    stop_signal: signal.Signals = signal.SIGTERM

    def start(self) -> Process:
        """Start the command in a session of its own, its output in a pipe."""
        return spawn(self.command, self.environment)


@dataclass(frozen=True)
class Backoff:
    """How long to wait before a restart, in seconds: doubling, forgotten after a long enough life."""

    first: float = 0.5
    longest: float = 15.0
    forgiven_after: float = 60.0

    def next_delay(self, last: float | None, lived: float) -> float:
        """Return the delay after `last` (None: the first exit) for a child that lived so long."""
        if last is None or lived >= self.forgiven_after:
            return self.first
        return min(2 * last, self.longest)


class StopRequests:
    """Counts the Ctrl-C, SIGTERM and SIGHUP received: one asks to stop, a second to hurry."""

    def __init__(self) -> None:
        self.count = 0
        self._last = 0.0

    def listen(self) -> None:
        """Take over the signals, except those that our parent process chose to ignore (nohup)."""
        for number in _STOP_SIGNALS:
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
                signal.signal(number, self._receive)

    def _receive(self, *_: object) -> None:
        # One wish can arrive twice: sent to the whole process group, and passed on by make.
        now = time.monotonic()
        if not self.count or now - self._last > SAME_WISH_SECONDS:
            self.count += 1
        self._last = now


@dataclass
class _Watched:
    child: Child
    process: Process | None = None
    output: threading.Thread | None = None
    started: float = 0.0
    delay: float | None = None
    due: float = 0.0


@dataclass
class Supervisor:
    """Keeps a group of children running while used as a context manager.

    Everything happens in the thread that calls `tick`, which must be the one that enters.
    """

    children: Sequence[Child]
    console: Console
    stop_requests: StopRequests
    backoff: Backoff = field(default_factory=Backoff)
    stop_seconds: float = 15.0
    _watched: list[_Watched] = field(default_factory=list, init=False)

    def __enter__(self) -> Self:
        """Start every child; raises StartError, with none left running, if one cannot be started."""
        try:
            for child in self.children:
                self._watched.append(_Watched(child))
                self._start(self._watched[-1])
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()

    def tick(self) -> None:
        """Look at every child once; call it every TICK_SECONDS."""
        for watched in self._watched:
            if watched.process is None:
                if time.monotonic() >= watched.due:
                    self._restart(watched)
            elif watched.process.poll() is not None:
                _end(watched, watched.process)
                self._schedule(watched, describe_exit(watched.process.returncode))

    def _start(self, watched: _Watched) -> None:
        watched.started = time.monotonic()
        watched.process = watched.child.start()
        if watched.process.stdout is not None:
            watched.output = self.console.follow(watched.process.stdout, watched.child.name)

    def _restart(self, watched: _Watched) -> None:
        try:
            self._start(watched)
        except StartError as error:
            self._schedule(watched, f"did not start ({error})")

    def _schedule(self, watched: _Watched, what_happened: str) -> None:
        now = time.monotonic()
        watched.process = None
        watched.delay = self.backoff.next_delay(watched.delay, now - watched.started)
        watched.due = now + watched.delay
        self.console.say(f"{watched.child.name} {what_happened}; restarting in {watched.delay:g} s")

    def _stop(self) -> None:
        """Ask every child to stop, wait for a reasonable time, then kill the rest."""
        running = [(watched, watched.process) for watched in self._watched if watched.process is not None]
        self._watched.clear()
        for watched, process in running:
            process.send_signal(watched.child.stop_signal)
        deadline = time.monotonic() + self.stop_seconds
        while any(process.poll() is None for _, process in running):
            if time.monotonic() > deadline or self.stop_requests.count > 1:
                break
            time.sleep(TICK_SECONDS / 2)
        for watched, process in running:
            _end(watched, process)


def _end(watched: _Watched, process: Process) -> None:
    kill_group(process)
    if watched.output is not None:
        watched.output.join(_LAST_WORDS_SECONDS)


def watch(
    supervisors: Sequence[Supervisor], stop_requests: StopRequests, also: Callable[[], None] = lambda: None
) -> None:
    """Keep the children of `supervisors` running until a stop is requested; `also` is called each round."""
    while not stop_requests.count:
        for supervisor in supervisors:
            supervisor.tick()
        also()
        time.sleep(TICK_SECONDS)


def run_once(program: Program, console: Console, stop_requests: StopRequests) -> None:
    """Run `program` to its end, or until a stop is requested; raises StartError if it fails."""
    process = program.start()
    output = console.follow(process.stdout or (), program.name)
    try:
        while process.poll() is None and not stop_requests.count:
            time.sleep(TICK_SECONDS / 2)
    finally:
        kill_group(process)
        output.join(_LAST_WORDS_SECONDS)
    if process.returncode and not stop_requests.count:
        raise StartError(f"{program.name} {describe_exit(process.returncode)}")
