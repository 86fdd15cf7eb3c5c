"""Text as the models can speak it: words and punctuation, no markup, no pictures, no addresses."""

import re
import unicodedata

from shared.languages import is_devanagari

_LINK = re.compile(r"!?\[([^\]\n]*)\]\([^)\s]*\)")
_ADDRESS = re.compile(r"(?:https?://|www\.)\S+", re.IGNORECASE)
_LINE_MARK = re.compile(r"^[ \t]*(?:#{1,6}[ \t]+|>[ \t]?|[-*+•][ \t]+|```.*$)", re.MULTILINE)
_LONE_APOSTROPHE = re.compile(r"(?<![^\W_])'|'(?![^\W_])")
_REPEATED = re.compile(r"([!?,;:।-])(?:[ \t]*\1)+")
_SPACES = re.compile(r"\s+")
_SPACE_BEFORE_MARK = re.compile(r" (?=[.,!?;:।])")
_APOSTROPHES = str.maketrans("’‘‛`", "''''")
# Chatterbox voices a double quote as a sigh, and reads [laugh] as an order to laugh.
_MARKS_LEFT_OUT = frozenset('"“”„‟«»‹›[]{}<>|\\^~*_#')
_KEPT_CATEGORIES = frozenset({"Po", "Pd", "Ps", "Pe", "Sc"})


def speakable(text: str) -> str:
    """Return what can be said of `text`; lines stay lines. Empty where nothing can.

    A link becomes its words, a bare address the word "link". Quotes, brackets, emoji, control and
    zero-width characters go, and so do letters of scripts that neither voice has. Numbers stay as they
    are: the models read them.
    """
    plain = _LINK.sub(r"\1", unicodedata.normalize("NFKC", text))
    plain = _LINE_MARK.sub("", _ADDRESS.sub("link", plain)).translate(_APOSTROPHES)
    plain = _LONE_APOSTROPHE.sub(" ", "".join(map(_said, plain)))
    lines = map(_tidied, plain.split("\n"))
    return "\n".join(line for line in lines if any(map(str.isalnum, line)))


def _tidied(line: str) -> str:
    return _REPEATED.sub(r"\1", _SPACE_BEFORE_MARK.sub("", _SPACES.sub(" ", line))).strip()


def _said(character: str) -> str:
    """Return the character, nothing for one without width, a space for any other that is not said."""
    category = unicodedata.category(character)
    if character.isascii():
        kept = character == "\n" or (category != "Cc" and character not in _MARKS_LEFT_OUT)
        return character if kept else " "
    if category in {"Cf", "Mn", "Me", "Cs"} and not is_devanagari(character):
        return ""
    kept = is_devanagari(character) or _is_latin(character) or category in _KEPT_CATEGORIES
    return character if kept and character not in _MARKS_LEFT_OUT else " "


def _is_latin(character: str) -> bool:
    return character.isalpha() and unicodedata.name(character, "").startswith("LATIN")
