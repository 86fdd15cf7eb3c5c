"""Classifies a message: English to be judged, Hindi, or something else."""

import re
from enum import Enum

from worker.engines.offline import lexicon
from worker.engines.offline.morphology import is_known
from worker.engines.offline.text import Sentence
from worker.text.languages import is_hinglish

_CODE = re.compile(r"[<>{}\[\]\\|=_^~`$#%*/@]")
_DEVANAGARI = re.compile(r"[\u0900-\u097f]")
_CODE_SHARE = 0.05
_KNOWN_SHARE = 0.6
_SPOKEN_HINDI = "hi"


class Kind(Enum):
    """How a message is answered."""

    ENGLISH = "english"
    HINDI = "hindi"
    OTHER_LANGUAGE = "other language"
    UNCLEAR = "unclear"


def kind_of(message: str, sentences: list[Sentence]) -> Kind:
    """Tell what `message` is; `UNCLEAR` is emoji, code, numbers and whatever cannot be judged."""
    if any("\ud800" <= character <= "\udfff" for character in message):
        return Kind.UNCLEAR
    letters = [character for character in message if character.isalpha()]
    latin = sum(1 for character in letters if character.isascii())
    if len(letters) > 2 * latin:
        return Kind.HINDI if _DEVANAGARI.search(message) else Kind.OTHER_LANGUAGE
    words = [word for sentence in sentences for word in sentence.words()]
    if not words or len(_CODE.findall(message)) > _CODE_SHARE * len(message):
        return Kind.UNCLEAR
    if is_hinglish(words):
        return Kind.HINDI
    if latin < 0.9 * len(letters):
        return Kind.HINDI if _DEVANAGARI.search(message) else Kind.UNCLEAR
    return Kind.ENGLISH if _is_english(words) else Kind.UNCLEAR


def kind_spoken(language: str | None) -> Kind:
    """Tell what a message is that was spoken in this language (ISO 639), however it is written."""
    return Kind.HINDI if language == _SPOKEN_HINDI else Kind.OTHER_LANGUAGE


def _is_english(words: list[str]) -> bool:
    """Require at least two words, most of them known; one may be a name."""
    known = sum(_is_function_word(word) or is_known(word) for word in words)
    return len(words) >= 2 and known >= max(1, _KNOWN_SHARE * len(words) - 1)


def _is_function_word(word: str) -> bool:
    return (
        word in lexicon.PRONOUNS | lexicon.OBJECT_PRONOUNS | lexicon.DETERMINERS | lexicon.AUXILIARIES
        or word in lexicon.PREPOSITIONS | lexicon.WH_WORDS | lexicon.CLAUSE_OPENERS | {"myself", "than", "or"}
        or word in lexicon.CONTRACTED_NEGATIVES
    )
