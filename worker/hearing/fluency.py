"""How fluently a learner spoke: how fast, and with how many pauses. It says nothing of pronunciation.

Both are to be compared with the same learner's earlier turns only: voices, tasks and microphones differ.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from worker.ports import SHORTEST_PAUSE_SECONDS, Transcript
from worker.speech.wording import together, worded
from worker.text.languages import Language, language_of
from worker.text.spoken_words import sounds

_SHORTEST_SPEECH_SECONDS = 1.0
"""Less says nothing of a speaker."""
_WORDLESS_OVER = 0.4
"""From this share of speech without a word the transcript lacks some: repetitions are often left out."""
_VOWELS = re.compile("[aeiouy]+")
_SILENT_END = re.compile(r"(?:[aeiouy]le|[^laeiouy]e|[^aeiouytd]ed|[^aeiouyscxzgh]es)$")


@dataclass(frozen=True, slots=True)
class Fluency:
    """`articulation_rate`: syllables for a second of speech without its pauses; None where it is not known.

    `pauses_per_minute`: silent pauses between first and last sound, for a minute of that time.
    """

    articulation_rate: float | None
    pauses_per_minute: float


def fluency_of(heard: Transcript) -> Fluency | None:
    """Return how fluent English speech was; None where its sound was not looked at or is too short.

    Articulation rate = syllables / phonation time, pauses per minute = 60 × pauses / speaking time (De Jong &
    Wempe 2009, "Praat script to detect syllable nuclei and measure speech rate automatically"). Time is that
    of the speech detector: gaps between a recogniser's words are not pauses. Syllables are counted in the
    text, so the rate is as good as the transcript, and None where that has too little for the sound.
    """
    speech = heard.speech
    if not speech or not _is_all_english(heard):
        return None
    phonation = sum(end - start for start, end in speech)
    if phonation < _SHORTEST_SPEECH_SECONDS:
        return None
    pauses = sum(later - earlier >= SHORTEST_PAUSE_SECONDS for (_, earlier), (later, _) in pairwise(speech))
    rate = None if _lacks_words(heard, speech, phonation) else syllables(heard.text) / phonation
    return Fluency(rate, 60 * pauses / (speech[-1][1] - speech[0][0]))


def syllables(text: str) -> int:
    """Return about how many syllables an English text has: groups of vowels, less those that are silent."""
    return sum(_syllables_of(word) for word in sounds(worded(together(text), Language.ENGLISH)))


def _syllables_of(word: str) -> int:
    return max(1, len(_VOWELS.findall(word)) - (_SILENT_END.search(word) is not None))


def _is_all_english(heard: Transcript) -> bool:
    is_mixed = any(word.is_hindi for word in heard.words or ())
    return heard.language in {None, "en"} and language_of(heard.text) is Language.ENGLISH and not is_mixed


def _lacks_words(heard: Transcript, speech: Sequence[tuple[float, float]], phonation: float) -> bool:
    if heard.words is None:
        return False
    worded = sum(
        max(0.0, min(end, word.end) - max(start, word.start)) for start, end in speech for word in heard.words
    )
    return phonation - worded > _WORDLESS_OVER * phonation
