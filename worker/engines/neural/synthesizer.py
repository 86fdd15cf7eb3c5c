"""The `neural` synthesizer: two models, each speaking what it can."""

from worker.ports import Speech
from worker.speech.speaking import spoken
from worker.speech.voice import Voice
from worker.text.languages import Language


class NeuralSynthesizer:
    """A `Synthesizer` of two loaded voices, at 24 kHz. One thread at a time.

    `english` speaks English and romanized Hinglish, `hindi` what is written in Devanagari.
    """

    name = "chatterbox-turbo + indicf5"

    def __init__(self, english: Voice, hindi: Voice) -> None:
        self._voices = {
            Language.ENGLISH: english,
            Language.HINGLISH: english,
            Language.HINDI_DEVANAGARI: hindi,
        }
        self.parts = {english.name: "loaded", hindi.name: "loaded"}

    def speak(self, text: str) -> Speech:
        """Return `text` spoken whole, piece by piece in its order, each in the voice of its language.

        Raises `EngineUnavailableError` where it holds nothing that can be spoken (only punctuation,
        emoji or scripts that neither voice has) or a voice breaks, and `EngineOutOfMemoryError`.
        """
        return spoken(text, self._voices)

    def release_memory(self) -> None:
        """Empty what torch keeps for later, so that one more try has all the memory there is."""
        for voice in set(self._voices.values()):
            voice.release_memory()
