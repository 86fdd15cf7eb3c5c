"""One terminal for many programs: whole lines, each under the name of who wrote it."""

import os
import threading
from collections.abc import Iterable
from typing import IO

_COLOURS = (36, 33, 32, 35, 34, 96, 93, 92)
_NAME_WIDTH = 11


class Console:
    """Prints lines as they come; safe to use from several threads."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self._coloured = stream.isatty()
        self._colours: dict[str, int] = {}
        self._lock = threading.Lock()

    def say(self, line: str, name: str = "launcher") -> None:
        """Print one line under `name`. A reader that went away is not an error."""
        with self._lock:
            try:
                self._stream.write(f"{self._prefix(name)} {line}\n")
                self._stream.flush()
            except OSError:
                self._write_into_nothing()

    def follow(self, lines: Iterable[bytes], name: str) -> threading.Thread:
        """Print `lines` under `name` from a thread of their own, which ends with them."""
        thread = threading.Thread(target=self._copy, args=(lines, name), daemon=True)
        thread.start()
        return thread

    def _copy(self, lines: Iterable[bytes], name: str) -> None:
        for line in lines:
            self.say(line.decode(errors="replace").rstrip(), name)

    def _prefix(self, name: str) -> str:
        label = f"{name:<{_NAME_WIDTH}} |"
        if not self._coloured:
            return label
        colour = self._colours.setdefault(name, _COLOURS[len(self._colours) % len(_COLOURS)])
        return f"\x1b[{colour}m{label}\x1b[0m"

    def _write_into_nothing(self) -> None:
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, self._stream.fileno())
        os.close(nothing)
