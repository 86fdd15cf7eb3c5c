"""Text without what is not said: no markup, no pictures, no addresses. What means something stays."""

import re
import unicodedata

from worker.text.languages import is_devanagari

_LINK = re.compile(r"!?\[([^\]\n]*)\]\([^)\s]*\)")
_ADDRESS = re.compile(r"(?:https?://|www\.)\S+", re.IGNORECASE)
_TAG = re.compile(r"</?[A-Za-z][^<>\n]{0,200}>")
_LINE_MARK = re.compile(r"^[ \t]*(?:#{1,6}[ \t]+|>[ \t]?|[-*+•][ \t]+|```.*$)", re.MULTILINE)
_LONE_APOSTROPHE = re.compile(r"(?<![^\W_])'|'(?![^\W_])")
_REPEATED = re.compile(r"([!?,;:।-])(?:[ \t]*\1)+")
_SPACES = re.compile(r"\s+")
_SPACE_BEFORE_MARK = re.compile(r" (?=[.,!?;:।])")
_APOSTROPHES = str.maketrans("’‘‛`", "''''")
# Unicode's compatibility form would make "3½" "31⁄2" and "5²" "52".
_FRACTIONS = str.maketrans(
    {
        chr(code): f" {unicodedata.normalize('NFKC', chr(code)).replace('⁄', '/')}"
        for code in (*range(0xBC, 0xBF), *range(0x2150, 0x215F))
    }
)
_POWERS = str.maketrans({"²": "^2", "³": "^3"})
_SIGNS_OF_NUMBERS = (
    (re.compile(r"(?<=\d)\s*\*\s*(?=\d)"), " × "),
    (re.compile(r"(?<=\d)\s*<\s*(?=\d)"), " ≺ "),
    (re.compile(r"(?<=\d)\s*>\s*(?=\d)"), " ≻ "),
    (re.compile(r"(?<!\w)#(?=\d)"), "No. "),
    (re.compile(r"(?<![\w.])\.(?=\d)"), "0."),
)
# Chatterbox voices a double quote as a sigh, and reads [laugh] as an order to laugh.
_MARKS_LEFT_OUT = frozenset('"“”„‟«»‹›[]{}<>|\\~*_#')
_MEANT = frozenset("°×÷−±≤≥≠≈≺≻→")
"""Beside ASCII's and money: what `wording` has words for."""
_KEPT_CATEGORIES = frozenset({"Po", "Pd", "Ps", "Pe", "Sc"})


def speakable(text: str) -> str:
    """Return what is said of `text`; lines stay lines. Empty where nothing is.

    A link becomes its words, a bare address the word "link". Tags, quotes, brackets, emoji, control and
    zero-width characters go, and so do letters of scripts that no voice has. Numbers and signs stay:
    `wording` has the words for them.
    """
    plain = unicodedata.normalize("NFKC", text.translate(_FRACTIONS).translate(_POWERS))
    for pattern, sign in _SIGNS_OF_NUMBERS:
        plain = pattern.sub(sign, plain)
    plain = _TAG.sub(" ", _LINK.sub(r"\1", plain))
    plain = _LINE_MARK.sub("", _ADDRESS.sub("link", plain)).translate(_APOSTROPHES)
    plain = _LONE_APOSTROPHE.sub(" ", "".join(map(_said, plain)))
    lines = map(tidied, plain.split("\n"))
    return "\n".join(line for line in lines if any(map(str.isalnum, line)))


def tidied(line: str) -> str:
    """Return `line` without needless space and with no mark said twice."""
    return _REPEATED.sub(r"\1", _SPACE_BEFORE_MARK.sub("", _SPACES.sub(" ", line))).strip()


def _said(character: str) -> str:
    """Return the character, nothing for one without width, a space for any other that is not said."""
    category = unicodedata.category(character)
    if character.isascii():
        kept = character == "\n" or (category != "Cc" and character not in _MARKS_LEFT_OUT)
        return character if kept else " "
    if category in {"Cf", "Mn", "Me", "Cs"} and not is_devanagari(character):
        return ""
    kept = (
        is_devanagari(character)
        or _is_latin(character)
        or category in _KEPT_CATEGORIES
        or character in _MEANT
    )
    return character if kept and character not in _MARKS_LEFT_OUT else " "


def _is_latin(character: str) -> bool:
    return character.isalpha() and unicodedata.name(character, "").startswith("LATIN")
