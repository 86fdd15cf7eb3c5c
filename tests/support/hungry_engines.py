"""Engines that run out of memory as often as a test tells them to, in whichever process they run.

`MEMORY_DIR` holds, for each kind of engine, how often it still fails and which processes ran it.
"""

import os
from pathlib import Path

from tests.support.engines_for_tests import QuickSynthesizer, QuickTranscriber
from worker.errors import EngineOutOfMemoryError
from worker.ports import Recording, Speech, Transcript


class Memory:
    """What the engines of all processes share with the test."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def settings(self) -> dict[str, str]:
        """Return the settings that put these engines in place."""
        return {
            "MEMORY_DIR": str(self.directory),
            "STT_ENGINE": f"{__name__}:{HungryTranscriber.__name__}",
            "TTS_ENGINE": f"{__name__}:{HungrySynthesizer.__name__}",
        }

    def fail(self, kind: str, times: int) -> None:
        """Let the engine of this kind fail so often from now on, and forget what was noted."""
        for path in self.directory.iterdir():
            path.unlink()
        (self.directory / f"fail-{kind}").write_text(str(times))

    def noted(self, kind: str) -> list[tuple[str, int]]:
        """Return what the engine did (`ran`, `failed`, `freed`), and in which process, in order."""
        path = self.directory / kind
        lines = path.read_text().splitlines() if path.exists() else []
        return [(what, int(process)) for what, process in map(str.split, lines)]

    def note(self, kind: str, what: str) -> None:
        """Note what this process's engine does."""
        with (self.directory / kind).open("a") as file:
            file.write(f"{what} {os.getpid()}\n")

    def take(self, kind: str) -> None:
        """Fail where that is due."""
        left = self.directory / f"fail-{kind}"
        times = int(left.read_text()) if left.exists() else 0
        if times:
            left.write_text(str(times - 1))
            self.note(kind, "failed")
            raise EngineOutOfMemoryError("Out of memory.") from MemoryError()
        self.note(kind, "ran")


class HungryTranscriber(QuickTranscriber):
    """Hears, where there is memory."""

    def __init__(self) -> None:
        self._memory = Memory(Path(os.environ["MEMORY_DIR"]))

    def transcribe(self, recording: Recording) -> Transcript:
        self._memory.take("stt")
        return super().transcribe(recording)

    def release_memory(self) -> None:
        self._memory.note("stt", "freed")


class HungrySynthesizer(QuickSynthesizer):
    """Speaks, where there is memory; has nothing to free."""

    def __init__(self) -> None:
        self._memory = Memory(Path(os.environ["MEMORY_DIR"]))

    def speak(self, text: str) -> Speech:
        self._memory.take("tts")
        return super().speak(text)
