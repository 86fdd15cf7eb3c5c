"""What changes between a mistake and its correction, and whether a message has it, right or wrong."""

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import NamedTuple

from shared.models import LONGEST_EDIT, MistakeCategory

Words = tuple[str, ...]

_WORD = re.compile(r"\w+(?:['-]\w+)*")
_APOSTROPHES = str.maketrans({"’": "'", "‘": "'", "ʼ": "'"})
_LONGEST_CUE = 64
_SMALL_WORDS: dict[MistakeCategory, str] = {
    MistakeCategory.DETERMINER: "a an the this that these those some any much many few little each every all "
    "no my your his her its our their",
    MistakeCategory.PREPOSITION: "about above across after against along among around at before behind below "
    "beside between beyond by down during for from in into near of off on onto out over past since than "
    "through till to toward towards under until up upon with within without",
    MistakeCategory.CONJUNCTION: "and but or nor so yet because although though if unless while when that as",
}
_SMALL = {category: frozenset(words.split()) for category, words in _SMALL_WORDS.items()}
_LARGE = frozenset({MistakeCategory.WORD_ORDER, MistakeCategory.OTHER})
"""Of these the words between the first and the last change belong together."""


@dataclass(frozen=True, slots=True)
class Edit:
    """The smallest change that corrects a mistake, in lower-case words.

    `wrong_form` and `form` are both sides with words beside them, by which a use is recognised.
    """

    wrong: Words
    right: Words
    wrong_form: Words
    form: Words

    def identity(self, lemma: Callable[[str], str] = str) -> str:
        """Return what the mistake is known by within its category; `lemma` gives a word's.

        One that would be too long to store is a hash of it.
        """
        sides = (" ".join(lemma(word) for word in side) for side in (self.wrong, self.right))
        known_by = " > ".join(sides)
        if len(known_by) <= LONGEST_EDIT:
            return known_by
        return f"sha256:{hashlib.sha256(known_by.encode()).hexdigest()}"

    @property
    def cue(self) -> str:
        """The longest word of the right form: whoever uses the form says it."""
        return max(self.form, key=len, default="")[:_LONGEST_CUE]


@dataclass(frozen=True, slots=True)
class Difference:
    """Where what was said differs from what was expected; one of them may be empty."""

    expected: str
    said: str


class PlacedWord(NamedTuple):
    """A word of a text, as words are compared, and where it stands."""

    word: str
    start: int
    end: int


def placed_words(text: str) -> list[PlacedWord]:
    """Return the words of a text as they are compared: in lower case, without punctuation."""
    found = _WORD.finditer(text.translate(_APOSTROPHES))
    return [PlacedWord(each.group().lower(), each.start(), each.end()) for each in found]


def words_of(text: str) -> Words:
    """Return the words of `placed_words`, without their places."""
    return tuple(placed.word for placed in placed_words(text))


def smallest_edit(category: MistakeCategory, wrong: str, right: str) -> Edit:
    """Return the change from `wrong` to `right`; of several, the one that suits the category, or the first.

    Where only letters' case or punctuation changes, it is the whole.
    """
    old, new = words_of(wrong), words_of(right)
    changes = _changes(old, new)
    if not changes:
        return Edit(old, new, old, new)
    chosen = _chosen(category, old, new, changes)
    known, seen = (how(category, chosen, old, new) for how in (_known_by, _recognised_by))
    return Edit(known.old(old), known.new(new), seen.old(old), seen.new(new))


def uses(message: Words, form: str, wrong_form: str) -> bool:
    """Tell whether the message has the form, and nowhere the wrong one, which may be a part of the right."""
    right, wrong = tuple(form.split()), tuple(wrong_form.split())
    found = _count(message, right)
    return found > 0 and _count(message, wrong) <= found * _count(right, wrong)


def _count(words: Words, part: Words) -> int:
    """Return how often the words of `part`, at least one, stand one behind the other."""
    size = len(part)
    return sum(words[at : at + size] == part for at in range(len(words) - size + 1)) if size else 0


def compare(expected: str, said: str) -> list[Difference]:
    """Return where the words of `said` differ from those expected.

    What is said before or after them makes no difference.
    """
    want, have = words_of(expected), words_of(said)
    return [
        Difference(" ".join(change.old(want)), " ".join(change.new(have)))
        for change in _changes(want, have)
        if change.old(want) or change.begin not in {0, len(want)}
    ]


class _Change(NamedTuple):
    """Words `begin` to `end` of the old text stand where the new one has `new_begin` to `new_end`."""

    begin: int
    end: int
    new_begin: int
    new_end: int

    def old(self, words: Words) -> Words:
        return words[self.begin : self.end]

    def new(self, words: Words) -> Words:
        return words[self.new_begin : self.new_end]

    def before(self) -> "_Change":
        """Return it with the word before, if there is one on both sides: it is the same."""
        by = int(min(self.begin, self.new_begin) > 0)
        return self._replace(begin=self.begin - by, new_begin=self.new_begin - by)

    def after(self, old: Words, new: Words) -> "_Change":
        """Return it with the word after, if there is one on both sides: it is the same."""
        by = int(self.end < len(old) and self.new_end < len(new))
        return self._replace(end=self.end + by, new_end=self.new_end + by)


def _changes(old: Words, new: Words) -> list[_Change]:
    found = SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    return [_Change(*places) for tag, *places in found if tag != "equal"]


def _chosen(category: MistakeCategory, old: Words, new: Words, changes: Sequence[_Change]) -> _Change:
    if category in _LARGE:
        first, last = changes[0], changes[-1]
        return _Change(first.begin, last.end, first.new_begin, last.new_end)

    def unsuitable(change: _Change) -> bool:
        if category in _SMALL:
            return _SMALL[category].isdisjoint(change.old(old) + change.new(new))
        return not (change.old(old) and change.new(new))

    return min(changes, key=unsuitable)  # the first of those that suit, else the first


def _known_by(category: MistakeCategory, change: _Change, old: Words, new: Words) -> _Change:
    """Return the change with the word that a missing or needless one belongs to."""
    if change.old(old) and change.new(new):
        return change
    if category is MistakeCategory.DETERMINER:
        return _first_wider(change, change.after(old, new), change.before())
    return _first_wider(change, change.before(), change.after(old, new))


def _recognised_by(category: MistakeCategory, change: _Change, old: Words, new: Words) -> _Change:
    """Return the change with the words beside it without which its right form could be anything."""
    if category is MistakeCategory.DETERMINER and change.new(new):
        return _first_wider(change, change.after(old, new), change.before())
    is_replaced = bool(change.old(old) and change.new(new))
    if is_replaced or (category is MistakeCategory.PREPOSITION and change.new(new)):
        return _first_wider(change, change.before(), change.after(old, new))
    return change.before().after(old, new)


def _first_wider(change: _Change, *wider: _Change) -> _Change:
    return next((each for each in wider if each != change), change)
