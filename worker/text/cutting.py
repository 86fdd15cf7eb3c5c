"""A text that is too long to be said in one go, cut where a speaker would breathe."""

import regex

_CLAUSE_MARKS = (",", ";", ":")
_GRAPHEME = regex.compile(r"\X")


def cut(text: str, longest: int) -> list[str]:
    """Return all of `text` in parts of at most `longest` characters, none of them empty."""
    parts = []
    rest = text.strip()
    while rest:
        part, rest = cut_once(rest, longest)
        parts.append(part)
    return parts


def cut_once(text: str, longest: int) -> tuple[str, str]:
    """Return a beginning of `text` of at most `longest` characters and what follows, without space around.

    `text` has none around it and is not empty. The beginning ends with a clause where that leaves it a third
    of its length, else with a word. Only a word that is too long itself is cut, and then between graphemes
    (what readers take for one letter): no vowel sign leaves its consonant, no emoji falls apart.
    """
    if len(text) <= longest:
        return text, ""
    spaces, whole = [], 0
    for grapheme in _GRAPHEME.finditer(text):
        if grapheme.start() <= longest and grapheme[0].isspace():
            spaces.append(grapheme.start())
        if grapheme.end() > longest:
            break
        whole = grapheme.end()
    clauses = [at for at in spaces if 3 * at >= longest and text[:at].endswith(_CLAUSE_MARKS)]
    end = next((ends[-1] for ends in (clauses, spaces) if ends), whole or longest)
    return text[:end].rstrip(), text[end:].lstrip()
