"""Text to speech on any machine: espeak-ng, a small formant synthesiser."""

from dataclasses import dataclass

import numpy as np

from worker.errors import EngineUnavailableError
from worker.ports import Speech
from worker.speech.espeak_library import EspeakLibrary
from worker.speech.utterances import plan
from worker.text.languages import Language

WORDS_PER_MINUTE = 150
"""A little under espeak's 175: learners follow it without effort."""


@dataclass(frozen=True, slots=True)
class _Voice:
    name: str
    longest: int = 2_000


_ENGLISH, _HINDI = _Voice("en-gb-x-rp"), _Voice("hi")
_VOICES = {Language.ENGLISH: _ENGLISH, Language.HINGLISH: _ENGLISH, Language.HINDI_DEVANAGARI: _HINDI}


class EspeakSynthesizer:
    """A `Synthesizer` that needs no GPU and no download: robotic, intelligible, a hundred times real time.

    English, romanized Hinglish included, has a British voice, the closest to Indian English that
    espeak-ng brings; what is in Devanagari has the Hindi voice. Safe for any number of threads.
    """

    name = "espeak-ng"

    def __init__(self) -> None:
        """Load the library and its voices. Raises `EngineUnavailableError` if that fails."""
        self._library = EspeakLibrary()

    def speak(self, text: str) -> Speech:
        """Return `text` spoken whole, at 22,050 Hz, each utterance in the voice of its language.

        Raises `EngineUnavailableError` where espeak-ng fails, and where the text holds nothing that can
        be spoken (only punctuation, emoji or other scripts): silence is no speech.
        """
        utterances = plan(text, _VOICES)
        if not utterances:
            raise EngineUnavailableError("The text has nothing that can be spoken.")
        said = [self._library.samples(words, voice.name, WORDS_PER_MINUTE) for voice, words in utterances]
        samples = np.concatenate(said)
        if not samples.any():
            raise EngineUnavailableError("The voice produced no sound.")
        return Speech(samples=samples, sample_rate=self._library.sample_rate)
