"""Which of our learners' languages a text is in: English, Hinglish or Hindi."""

import re
from collections.abc import Collection
from enum import StrEnum


class Language(StrEnum):
    """What a text is written in."""

    ENGLISH = "english"
    HINGLISH = "hinglish"
    """Hindi, often with English words, in Latin letters."""
    HINDI_DEVANAGARI = "hindi_devanagari"


_SPELLED = (
    "aap aapka aapke aapki aaj abhi accha acha achha agar aisa aur bahut bataiye batao bhai bhi "
    "bolo chahiye chahta chahti dijiye dikhao ek gaya gayi haan hai hain hota hoti hoga hogi hoon "
    "hua hui hum humein iska jab jana karna karne karke karo karu karta karti kab kabhi kahan "
    "kaise kaisa kaisi kar kare karen kaun ke keliye ki kitna kitne kitni ko koi kuch kya kyu "
    "kyun kyunki lekin liye main mein mera mere meri mujhe muje nahi nahin namaste namaskar pani "
    "par phir raha rahe rahi rahta sab se shukriya sirf tera theek thoda tha thi toh tum tumhara "
    "unka uska wala wale wali woh yeh yahan ka kal bajao banao hu hun kub kesa kesi hafte baje "
    "subah shaam raat"
)
HINDI_WORDS = frozenset(_SPELLED.split())
"""Everyday Hindi words as people spell them in Latin letters, in lower case."""

_ALSO_ENGLISH = frozenset({"main", "par", "tum", "the", "me", "pani", "sab", "kal", "ek", "bhai", "hum"})
_HINDI_ALONE = HINDI_WORDS - _ALSO_ENGLISH
_HINGLISH_SHARE = 0.15
"""From this share of Hindi words a text is Hinglish: it is full of English words and names too."""

_DEVANAGARI = range(0x0900, 0x0980)
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")


def is_devanagari(character: str) -> bool:
    """Tell whether one character is of the script that Hindi is written in (Unicode's block)."""
    return ord(character) in _DEVANAGARI


def is_hindi_word(word: str) -> bool:
    """Tell whether a word in lower case is Hindi and not also English, in either script."""
    return word in _HINDI_ALONE or any(map(is_devanagari, word))


def is_hinglish(words: Collection[str]) -> bool:
    """Tell whether these words, in lower case, are Hindi in Latin letters, at least some of them."""
    hindi = sum(word in HINDI_WORDS for word in words)
    return not _HINDI_ALONE.isdisjoint(words) and hindi >= _HINGLISH_SHARE * len(words)


def language_of(text: str) -> Language:
    """Return the language that most of `text` is in; English where it has no word that tells.

    By the script that most letters are in (a vowel sign of Devanagari counts as one: it is a sound of
    its own), then by everyday Hindi words.
    """
    letters = [character for character in text if character.isalpha() or is_devanagari(character)]
    if 2 * sum(map(is_devanagari, letters)) > len(letters):
        return Language.HINDI_DEVANAGARI
    words = [word.replace("’", "'") for word in _WORD.findall(text.lower())]
    return Language.HINGLISH if is_hinglish(words) else Language.ENGLISH
