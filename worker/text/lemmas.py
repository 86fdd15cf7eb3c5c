"""A word's lemma, as a dictionary has it: `went` and `goes` are forms of `go`."""

from collections.abc import Callable
from functools import lru_cache

from shared.models import MistakeCategory

_ANY = ("AUX", "VERB", "NOUN", "ADJ", "ADV")
_FIRST: dict[MistakeCategory, str] = {
    MistakeCategory.NOUN_NUMBER: "NOUN",
    MistakeCategory.NOUN_POSSESSIVE: "NOUN",
    MistakeCategory.COMPARISON: "ADJ",
}
_CACHED_WORDS = 8_192


def lemmas_for(category: MistakeCategory) -> Callable[[str], str]:
    """Return the function from a lower-case word to its lemma, read as suits the kind of mistake.

    A word that the dictionary does not have is its own.
    """
    first = _FIRST.get(category, _ANY[0])
    return lambda word: _lemma(word, first)


@lru_cache(maxsize=_CACHED_WORDS)
def _lemma(word: str, first: str) -> str:
    # Not before a mistake is made: it takes half a second and 45 MB, and a GPU worker never needs it.
    from lemminflect import getAllLemmas  # noqa: PLC0415

    known: dict[str, tuple[str, ...]] = getAllLemmas(word)
    read_as = next((part for part in (first, *_ANY) if known.get(part)), None)
    return word if read_as is None else known[read_as][0]
