"""Whether a written word begins with a vowel sound, for the choice between `a` and `an`."""

from worker.engines.offline.lexicon import word_set

_SILENT_H = ("hour", "honest", "honour", "honor", "heir")
_SPOKEN_YOU = ("uni", "use", "usu", "usa", "uti", "eu", "ewe", "ubiq", "ufo", "ura", "uk")
_SPOKEN_UN = ("unim", "unin", "unid", "unill")
_SPOKEN_W = ("one", "once")
_LETTERS_WITH_VOWEL = "AEFHILMNORSX"
_SURE_H = word_set(
    "house hospital husband horse hat hand high huge happy hard half head heart home holiday helper hobby"
)


def vowel_sound(word: str) -> bool | None:
    """Say whether `word` begins with a vowel sound; None where speakers differ or it cannot be told."""
    if not word[:1].isascii() or not word[:1].isalpha() or len(word) < 2:
        return None
    if word.isupper():
        return word[0] in _LETTERS_WITH_VOWEL if len(word) <= 4 and not _is_spoken(word) else None
    lower = word.lower()
    if lower[0] == "h":
        return _aspirated(lower)
    if lower.startswith(_SPOKEN_W) and not lower.startswith("oner"):
        return False
    if lower.startswith(_SPOKEN_YOU) and not lower.startswith(_SPOKEN_UN):
        return False
    return lower[0] in "aeiou"


def _is_spoken(word: str) -> bool:
    """Say whether capitals may be read as a word (`NASA`), so that the letter's name tells nothing."""
    return len(word) > 3 and any(letter in "AEIOU" for letter in word[1:])


def _aspirated(lower: str) -> bool | None:
    """Tell the silent h of `hour` from the spoken one of `house`; None where it is not known."""
    if lower.startswith(_SILENT_H):
        return True
    return False if lower in _SURE_H else None
