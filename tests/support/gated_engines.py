"""Engines that stop at a gate, so that a test can break things exactly while one runs.

Each kind of engine has its gate: at work it makes the file `busy-<kind>-<process id>` in `GATE_DIR`,
adds a letter to `calls-<kind>`, and goes on once `open-<kind>` lies there.
"""

import itertools
import os
import time
from pathlib import Path

import numpy as np

from shared.models import MistakeCategory
from worker.ports import Mistake, Recording, Speech, Transcript, TutorReply, TutorRequest

SPEECH_RATE = 16_000
_CLASSES = {"stt": "GatedTranscriber", "llm": "GatedTutor", "tts": "GatedSynthesizer"}
KINDS = tuple(_CLASSES)


class Gate:
    """The test's side of the gate."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        directory.mkdir(parents=True, exist_ok=True)

    def settings(self, *kinds: str) -> dict[str, str]:
        """Return the settings that put engines of these kinds behind the gate; all where none is named."""
        chosen = {f"{kind.upper()}_ENGINE": f"{__name__}:{_CLASSES[kind]}" for kind in kinds or KINDS}
        return {"GATE_DIR": str(self.directory)} | chosen

    def busy(self, kind: str) -> set[int]:
        """Return the processes whose engine of this kind has come to its gate since they were forgotten."""
        return {int(path.name.rpartition("-")[2]) for path in self.directory.glob(f"busy-{kind}-*")}

    def calls(self, kind: str) -> int:
        """Return how often engines of this kind have been asked since the gate was last shut."""
        path = self.directory / f"calls-{kind}"
        return path.stat().st_size if path.exists() else 0

    def forget(self) -> None:
        """Forget who came."""
        for path in self.directory.glob("busy-*"):
            path.unlink()

    def shut(self) -> None:
        """Let nobody through, and forget who came."""
        for path in self.directory.iterdir():
            path.unlink()

    def open(self, *kinds: str) -> None:
        """Let engines of these kinds through; of every kind where none is named."""
        for kind in kinds or KINDS:
            (self.directory / f"open-{kind}").touch()


def _pass_the_gate(kind: str) -> None:
    directory = Path(os.environ["GATE_DIR"])
    (directory / f"busy-{kind}-{os.getpid()}").touch()
    with (directory / f"calls-{kind}").open("a") as calls:
        calls.write("x")
    while not (directory / f"open-{kind}").exists():
        time.sleep(0.02)


class GatedTranscriber:
    """Hears the same sentence in everything."""

    def transcribe(self, recording: Recording) -> Transcript:
        _pass_the_gate("stt")
        return Transcript(f"I heard {recording.seconds:.0f} seconds")


class HangingTranscriber:
    """Never returns and never lets another thread run: what a stuck native library does."""

    def transcribe(self, recording: Recording) -> Transcript:
        return Transcript(str(sum(itertools.repeat(len(recording.samples)))))


class GatedTutor:
    """Repeats what it was told, and says how many turns it remembers."""

    def reply(self, request: TutorRequest) -> TutorReply:
        _pass_the_gate("llm")
        text = f"You said: {request.message}. I remember {len(request.history)} turns."
        return TutorReply(text, None, None, None, 90)


class GatedCorrector:
    """Corrects `am go` wherever it is said."""

    def reply(self, request: TutorRequest) -> TutorReply:
        _pass_the_gate("llm")
        wrong = "am go " in request.message
        mistake = Mistake("am go", "am going", MistakeCategory.VERB_FORM) if wrong else None
        return TutorReply("I see.", mistake, "Yahan 'going' aayega." if wrong else None, None, 70)


class GatedSynthesizer:
    """Speaks one second of a tone."""

    def speak(self, text: str) -> Speech:
        _pass_the_gate("tts")
        wave = np.sin(np.arange(SPEECH_RATE) * 440 * 2 * np.pi / SPEECH_RATE) * 8000
        return Speech(wave.astype(np.int16), SPEECH_RATE)
