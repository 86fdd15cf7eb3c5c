"""The `neural` synthesizer: two models, each speaking what it can."""

import logging

from shared.languages import Language
from worker.engines.neural.pieces import plan
from worker.engines.neural.sound import joined
from worker.engines.neural.voice import RATE, Voice
from worker.errors import EngineUnavailableError
from worker.ports import Speech

logger = logging.getLogger(__name__)


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
        pieces = plan(text, self._voices)
        if not pieces:
            raise EngineUnavailableError("The text has nothing that can be spoken.")
        logger.info("speaking %d pieces", len(pieces))
        return Speech(joined([voice.say(words) for voice, words in pieces]), RATE)

    def release_memory(self) -> None:
        """Empty what torch keeps for later, so that one more try has all the memory there is."""
        for voice in set(self._voices.values()):
            voice.release_memory()
