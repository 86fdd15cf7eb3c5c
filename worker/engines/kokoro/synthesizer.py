"""The `kokoro` synthesizer: two speakers of one model, one for each language."""

from pathlib import Path

import numpy as np

from worker.engines.kokoro.alphabet import MOST_TOKENS, to_tokens
from worker.engines.kokoro.model import KokoroModel, Style, read_style
from worker.engines.kokoro.phonemes import Accent, phonemes
from worker.errors import EngineUnavailableError
from worker.ports import Speech
from worker.speech.espeak_library import EspeakLibrary
from worker.speech.speaking import spoken
from worker.speech.voice import Wave
from worker.text.cutting import cut
from worker.text.languages import Language


class KokoroVoice:
    """A `Voice` of one language."""

    longest = 250
    """Of English, about 300 tokens and 18 s: well within `MOST_TOKENS`."""

    def __init__(
        self, name: str, model: KokoroModel, library: EspeakLibrary, style: Style, accent: Accent
    ) -> None:
        self.name = name
        self._model = model
        self._library = library
        self._style = style
        self._accent = accent

    def say(self, text: str) -> Wave:
        """Return `text` spoken; in halves where it has more sounds than the model takes, as acronyms do."""
        tokens = to_tokens(phonemes(self._library, text, self._accent))
        if not tokens:
            raise EngineUnavailableError("The text has no sound that the voice knows.")
        if len(tokens) <= MOST_TOKENS:
            return self._model.say(tokens, self._style)
        return np.concatenate([self.say(half) for half in cut(text, len(text) // 2 + 1)])


class KokoroSynthesizer:
    """A `Synthesizer` at 24 kHz, a few times faster than speech on one core. One thread at a time.

    The English voice speaks English and romanized Hinglish, the Hindi voice what is in Devanagari. Any
    speaker can have either part: a Hindi one who speaks English does so with an Indian accent.
    """

    def __init__(self, *, english_voice: str, hindi_voice: str, models_dir: Path, threads: int) -> None:
        """Load the model and its speakers. Raises `EngineUnavailableError` where it cannot."""
        english_style = read_style("KOKORO_ENGLISH_VOICE", english_voice)
        hindi_style = read_style("KOKORO_HINDI_VOICE", hindi_voice)
        library, model = EspeakLibrary(), KokoroModel(models_dir, threads=threads)
        accent = Accent.BRITISH if Path(english_voice).stem.startswith("b") else Accent.AMERICAN
        english = KokoroVoice("english", model, library, english_style, accent)
        hindi = KokoroVoice("hindi", model, library, hindi_style, Accent.HINDI)
        self._voices = {
            Language.ENGLISH: english,
            Language.HINGLISH: english,
            Language.HINDI_DEVANAGARI: hindi,
        }
        speakers = dict.fromkeys((Path(english_voice).stem, Path(hindi_voice).stem))
        self.name = f"kokoro {' + '.join(speakers)}"

    def speak(self, text: str) -> Speech:
        """Return `text` spoken whole, utterance by utterance in its order, each in the voice of its language.

        Raises `EngineUnavailableError` where it holds nothing that can be spoken or the model breaks, and
        `EngineOutOfMemoryError`.
        """
        return spoken(text, self._voices)
