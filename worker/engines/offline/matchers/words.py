"""Words learners take for each other: what finds the mistakes."""

from collections.abc import Iterator

from worker.engines.offline import lexicon
from worker.engines.offline.morphology import readings
from worker.engines.offline.nouns import Count, phrase_at
from worker.engines.offline.text import Edit, Sentence

_FELT = {
    "boring": "bored", "exciting": "excited", "interesting": "interested", "tiring": "tired",
    "confusing": "confused",
    "surprising": "surprised", "shocking": "shocked", "disappointing": "disappointed",
    "frightening": "frightened",
    "embarrassing": "embarrassed", "annoying": "annoyed", "satisfying": "satisfied", "worrying": "worried",
}  # fmt: skip
_CAUSED = {felt: caused for caused, felt in _FELT.items()}
_PREPOSITION = {
    "interested": "in",
    "excited": "about",
    "bored": "with",
    "confused": "about",
    "surprised": "at",
}
_THINGS = lexicon.word_set(
    "movie film book story lesson class match game speech lecture song news day subject show trip "
    "journey serial exam test result"
)
_PLACES_TO_FEEL = lexicon.DETERMINERS | {"class", "school", "college", "home", "office", "meetings"}
_MAKE = {"do": "make", "does": "makes", "did": "made", "doing": "making", "done": "made"}
_MADE = frozenset(
    {"mistake", "mistakes", "noise", "decision", "effort", "promise", "progress", "plan", "plans"}
)
_DONE = frozenset({"homework", "housework", "exercise", "exercises"})
_YOU_ARE = lexicon.word_set(
    "so very too late welcome right wrong kidding joking lying beautiful annoying amazing not always "
    "going doing"
)


def feelings(sentence: Sentence) -> Iterator[Edit]:
    """Find mistakes such as `I am feeling very boring.`."""
    for index in range(1, len(sentence)):
        word = sentence.word(index)
        if word in _FELT and _feels(sentence, index):
            yield Edit(_verb_before(sentence, index), index, {index: _FELT[word]})
        elif word in _CAUSED and _is_of_thing(sentence, index):
            yield Edit(_verb_before(sentence, index), index, {index: _CAUSED[word]})


def _verb_before(sentence: Sentence, index: int) -> int:
    """Return the verb before token `index`, past the adverbs between them."""
    at = index - 1
    while sentence.word(at) in (
        "very",
        "so",
        "really",
        "too",
        "not",
        "quite",
        "always",
        "getting",
        "feeling",
        "a",
        "little",
    ):
        at -= 1
    return max(at, 0)


def _feels(sentence: Sentence, index: int) -> bool:
    """Say whether a person is said to feel so: by `feel`, or by a preposition that only the feeling takes."""
    verb = _verb_before(sentence, index)
    if sentence.word(verb) in ("feel", "felt", "feels", "got", "get") or sentence.word(index - 1) in (
        "feeling",
        "getting",
    ):
        return sentence.word(verb - 1) in lexicon.PRONOUNS - {"it"} | lexicon.BE | {
            "not",
            "don't",
            "also",
            "will",
        }
    person = sentence.word(verb - 1) in ("i", "we", "he", "she", "they") and sentence.word(verb) in lexicon.BE
    following = sentence.word(index + 1)
    if not person:
        return False
    felt = _FELT[sentence.word(index)]
    here = following in ("here", "there") or (
        following in ("in", "at", "during") and sentence.word(index + 2) in _PLACES_TO_FEEL
    )
    return following == _PREPOSITION.get(felt, "?") or (
        sentence.word(verb - 1) in ("i", "we") and (following in ("", "today", "now", "because") or here)
    )


def _is_of_thing(sentence: Sentence, index: int) -> bool:
    """Say whether a thing, such as a film, is the subject of what stands at token `index`."""
    verb = _verb_before(sentence, index)
    thing = sentence.word(verb - 1) in _THINGS and sentence.word(verb - 2) in lexicon.DETERMINERS
    return (
        thing
        and sentence.word(verb) in ("is", "was")
        and sentence.word(index + 1) in ("", "and", "but", ",", "so")
    )


def make_do(sentence: Sentence) -> Iterator[Edit]:
    """Find mistakes such as `I did a mistake.`."""
    for index in range(len(sentence) - 1):
        word, at = sentence.word(index), index + 1
        while sentence.word(at) in lexicon.DETERMINERS | {
            "many",
            "lot",
            "of",
            "more",
            "same",
            "big",
            "much",
            "good",
            "such",
            "so",
        }:
            at += 1
        noun, before = sentence.word(at), sentence.word(index - 1)
        if word in _MAKE and noun in _MADE and at - index <= 4:
            passive = word == "done" and before in lexicon.BE
            asked = before in lexicon.WH_WORDS or (
                index == 0 and sentence.word(1) in ("any", "the", "your", "my")
            )
            if not passive and not asked and sentence.word(at + 1) not in lexicon.AUXILIARIES:
                yield Edit(index, at, {index: _MAKE[word]})
        elif word in ("make", "made", "making", "makes") and noun in _DONE:
            if sentence.word(at + 1) in (
                "",
                "every",
                "daily",
                "in",
                "at",
                "and",
                "before",
                "after",
                "yesterday",
            ):
                yield Edit(
                    index,
                    at,
                    {index: {"make": "do", "made": "did", "making": "doing", "makes": "does"}[word]},
                )


def your(sentence: Sentence) -> Iterator[Edit]:
    """Find mistakes such as `Your so kind!`."""
    for index in range(len(sentence) - 1):
        word, after = sentence.word(index), sentence.word(index + 1)
        degree = after in ("so", "too") and sentence.word(index + 2) not in ("called", "")
        if (
            word == "your"
            and index == 0
            and after in _YOU_ARE
            and (degree or not _names(sentence, index + 2))
        ):
            yield Edit(index, index + 1, {index: "you are"})
        elif (
            word == "they"
            and sentence.word(index + 1) == "'re"
            and sentence.word(index - 1) in ("are", "is", "in", "of", "with")
        ):
            if "NOUN" in readings(sentence.word(index + 2)) or "ADJ" in readings(sentence.word(index + 2)):
                yield Edit(index - 1, index + 1, {index: "their", index + 1: ""})
        elif (word == "there" and after == "where" and _there_were(sentence, index + 2)) or (
            word in ("they", "we") and after == "where" and sentence.word(index + 2).endswith("ing")
        ):
            yield Edit(index, index + 1, {index + 1: "were"})


def _there_were(sentence: Sentence, index: int) -> bool:
    """Say whether many things are named after `there where`."""
    phrase = phrase_at(sentence, index)
    definite = sentence.word(index) in lexicon.POSSESSIVES | {"the", "this"}
    return (phrase is not None and not definite and phrase.count is Count.MANY) or sentence.word(index) in (
        "no",
        "some",
        "many",
    )


def _names(sentence: Sentence, index: int) -> bool:
    """Say whether `your` owns what follows: `your very own car`."""
    return (
        any("NOUN" in readings(sentence.word(at)) and at < len(sentence) for at in (index, index + 1))
        or sentence.word(index) == "own"
    )


def each_other(sentence: Sentence) -> Iterator[Edit]:
    """Find mistakes such as `They help each others.`."""
    for index in range(1, len(sentence) - 1):
        if sentence.word(index) == "each" and sentence.word(index + 1) == "others":
            yield Edit(index, index + 1, {index + 1: "other"})


def to_too(sentence: Sentence) -> Iterator[Edit]:
    """`to good to be true`: an adjective between two `to`s asks for `too`."""
    adjectives = lexicon.word_set(
        "good bad hot cold late early big small soon tired old young weak lazy busy expensive heavy "
        "far hard difficult"
    )
    for index in range(1, len(sentence) - 2):
        if (
            sentence.word(index) == "to"
            and sentence.word(index + 1) in adjectives
            and sentence.word(index + 2) in ("to", "for")
        ) and sentence.word(index - 1) in lexicon.BE | {"much", "not", "way"}:
            yield Edit(index - 1, index + 1, {index: "too"})
