"""A transcriber that says a learner's words wherever a library might: in warnings, exceptions and threads."""

import threading
import warnings

from worker.ports import Recording, Transcript, Word

HEARD = "I am go to pomegranate-heard"
WARNED = "papaya-warned"
RAISED = "tamarind-raised"
BREAKS_UNDER_SECONDS = 1.0


class TalkingTranscriber:
    """Hears the same in everything, and breaks at what is short."""

    def transcribe(self, recording: Recording) -> Transcript:
        warnings.warn(f"odd: {WARNED}", stacklevel=1)
        thread = threading.Thread(target=_break_a_thread, name="helper")
        thread.start()
        thread.join()
        if recording.seconds < BREAKS_UNDER_SECONDS:
            raise LookupError(RAISED) from ValueError(f"{HEARD}\nand {RAISED}")
        return Transcript(HEARD, tuple(Word(word, 0.0, 0.0, 1.0) for word in HEARD.split()))


def _break_a_thread() -> None:
    raise ValueError(RAISED)
