"""The `neural` synthesizer: two models, each for its own languages."""

from collections.abc import Callable

from worker.ports import Speech
from worker.speech.speaking import spoken
from worker.speech.voice import Voice
from worker.text.languages import Language


class NeuralSynthesizer:
    """A `Synthesizer` of two loaded voices, at 24 kHz. One thread at a time.

    `english` speaks English and romanized Hinglish, `hindi` what is written in Devanagari.
    """

    name = "chatterbox-turbo + indicf5"

    def __init__(self, english: Voice, hindi: Voice, release_memory: Callable[[], None]) -> None:
        """`release_memory` frees the device memory that the library of both keeps in its cache."""
        self.release_memory = release_memory
        self._voices = {
            Language.ENGLISH: english,
            Language.HINGLISH: english,
            Language.HINDI_DEVANAGARI: hindi,
        }
        self.parts = {english.name: "loaded", hindi.name: "loaded"}

    def speak(self, text: str) -> Speech:
        """Return `text` spoken whole, utterance by utterance in its order, each in the voice of its language.

        Raises `EngineUnavailableError` where it holds nothing that can be spoken (only punctuation,
        emoji or scripts that neither voice has) or a voice breaks, and `EngineOutOfMemoryError`.
        """
        return spoken(text, self._voices)
