"""Order and joining: what finds the mistakes."""

from collections.abc import Iterator

from worker.engines.offline import lexicon
from worker.engines.offline.clauses import subject_at
from worker.engines.offline.morphology import inflect, is_base_verb, is_participle, readings, verb_lemma
from worker.engines.offline.text import Edit, Sentence

_FREQUENCY = frozenset({"often", "always", "never", "usually", "rarely", "seldom", "already"})
_TWICE = {
    "return": "back",
    "revert": "back",
    "repeat": "again",
    "rewrite": "again",
    "recollect": "back",
    "retreat": "back",
}
_CONCESSION = frozenset({"although", "though"})


def adverb(sentence: Sentence) -> Iterator[Edit]:
    """`have been often seen` and `they often have been seen`: the adverb follows the first helping verb."""
    for index in range(1, len(sentence) - 1):
        word = sentence.word(index)
        if word not in _FREQUENCY:
            continue
        first, second = sentence.word(index - 2), sentence.word(index - 1)
        after, main = sentence.word(index + 1), sentence.word(index + 2)
        if first in lexicon.HAVE and second == "been" and is_participle(after):
            yield Edit(index - 2, index, {index - 1: f"{word} been", index: ""})
        elif (after in ("have", "has", "had") and main == "been" and subject_before(sentence, index)) or (
            (
                after in ("will", "can", "should")
                and is_base_verb(main)
                and sentence.word(index - 1) in lexicon.PRONOUNS
            )
            and len(sentence) > index + 3
            and word != "never"
        ):
            yield Edit(index - 1, index + 1, {index: "", index + 1: f"{sentence.text(index + 1)} {word}"})


def subject_before(sentence: Sentence, index: int) -> bool:
    """Say whether a pronoun subject ends just before token `index`."""
    return sentence.word(index - 1) in lexicon.PRONOUNS


def object_first(sentence: Sentence) -> Iterator[Edit]:
    """`I like very much cricket`: the object comes first."""
    for index in range(1, len(sentence) - 3):
        if sentence.word(index) not in ("like", "likes", "love", "enjoy", "liked", "enjoyed"):
            continue
        if sentence.word(index + 1) != "very" or sentence.word(index + 2) != "much":
            continue
        rest = range(index + 3, len(sentence))
        if len(rest) <= 3 and all(
            sentence.word(at)
            not in lexicon.PREPOSITIONS | lexicon.AUXILIARIES | {"and", "but", "when", "because", ","}
            for at in rest
        ):
            last = len(sentence) - 1
            yield Edit(index, last, {index + 1: "", index + 2: "", last: f"{sentence.text(last)} very much"})


def enough(sentence: Sentence) -> Iterator[Edit]:
    """Find mistakes such as `He is enough tall to play.`."""
    for index in range(1, len(sentence) - 1):
        adjective = sentence.word(index + 1)
        plain = set(readings(adjective)) == {"ADJ"} or adjective in (
            "old",
            "tall",
            "good",
            "strong",
            "rich",
            "big",
        )
        if sentence.word(index) == "enough" and sentence.word(index - 1) in lexicon.BE | {"not"} and plain:
            if sentence.word(index + 2) in ("", "to", "for", ","):
                yield Edit(index, index + 1, {index: "", index + 1: f"{sentence.text(index + 1)} enough"})


def doubled(sentence: Sentence) -> Iterator[Edit]:
    """`although …, but …` and `because …, so …` join once too often."""
    for index in range(min(3, len(sentence))):
        opener = sentence.word(index)
        if index and sentence.word(index - 1) not in ("and", "but", "so", ","):
            continue
        closer = "but" if opener in _CONCESSION else "so" if opener in ("because", "since", "as") else ""
        for at in range(index + 3, len(sentence) - 1):
            joined = sentence.word(at) == closer and subject_at(sentence, at + 1) is not None
            if closer and joined and (opener not in ("since", "as") or sentence.word(at - 1) == ","):
                yield Edit(at, at + 1, {at: ""})
                return


def twice(sentence: Sentence) -> Iterator[Edit]:
    """Find mistakes such as `I will return back tomorrow.`."""
    for index in range(len(sentence) - 1):
        word = sentence.word(index)
        lemma = verb_lemma(word)
        extra = _TWICE.get(lemma)
        if extra is None or sentence.word(index - 1) in lexicon.DETERMINERS:
            continue
        for at in range(index + 1, min(index + 5, len(sentence))):
            between = sentence.word(at)
            if between == extra and (sentence.word(at + 1) != "and" or extra == "back"):
                yield Edit(index, at, {at: ""})
                break
            if between not in lexicon.DETERMINERS | lexicon.OBJECT_PRONOUNS and "NOUN" not in readings(
                between
            ):
                break


def condition(sentence: Sentence) -> Iterator[Edit]:
    """`if it will rain`, `when I will reach`: the clause of time or condition stands in the present."""
    for index in range(len(sentence) - 3):
        word = sentence.word(index)
        if word not in ("if", "when", "after", "before", "until", "unless", "till") or _asks_when(
            sentence, index
        ):
            continue
        subject = subject_at(sentence, index + 1)
        if subject is None or (word == "if" and _is_polite(sentence, index, subject.last)):
            continue
        at = subject.last + 1
        verb = at + 1
        while sentence.word(verb) in lexicon.FRONT_ADVERBS:
            verb += 1
        base = sentence.word(verb)
        if sentence.word(at) not in ("will", "'ll") or not (is_base_verb(base) or base in ("be", "have")):
            continue
        be = "is" if subject.third_person else "am" if sentence.word(subject.first) == "i" else "are"
        new = be if base == "be" else inflect(base, "VBZ") if subject.third_person else base
        yield Edit(index, verb, {at: "", verb: f" {new}" if sentence.word(at) == "'ll" else new})


def _asks_when(sentence: Sentence, index: int) -> bool:
    """Leave `I don't know when he will come` and `ask if he will come`."""
    before = sentence.word(index - 1)
    told = lexicon.word_set(
        "know ask asked wonder sure tell me him her us them say said knows see remember decide about "
        "doubt day time question check certain or and idea day year wondered depends predict explain "
        "not"
    )
    opening = index == 0 or before in (",", "but", "so", "then")
    follows_main = before not in told and index >= 3 and sentence.word(index) != "when" and before != "even"
    return not (opening or follows_main) or (index == 0 and _is_question(sentence))


def _is_question(sentence: Sentence) -> bool:
    """Say whether `when` may open a short question rather than a clause."""
    return sentence.word(0) == "when" and len(sentence) <= 5


def _is_polite(sentence: Sentence, index: int, last: int) -> bool:
    """Leave `if you will excuse me`."""
    return sentence.word(last) == "you" and sentence.word(last + 2) in (
        "excuse",
        "forgive",
        "pardon",
        "allow",
        "just",
        "let",
    )


def would_have(sentence: Sentence) -> Iterator[Edit]:
    """`if I would have known` → `if I had known`."""
    for index in range(len(sentence) - 4):
        if sentence.word(index) != "if" or sentence.word(index - 1) in (
            "know",
            "wonder",
            "ask",
            "asked",
            "wondered",
        ):
            continue
        subject = subject_at(sentence, index + 1)
        if subject is None:
            continue
        at = subject.last + 1
        have = at + 1 + (sentence.word(at + 1) == "not")
        if (
            sentence.word(at) in ("would", "wouldn't")
            and sentence.word(have) == "have"
            and is_participle(sentence.word(have + 1))
        ):
            negated = sentence.word(at) == "wouldn't"
            yield Edit(index, have, {at: "hadn't" if negated else "had", have: ""})


def nor(sentence: Sentence) -> Iterator[Edit]:
    """Find mistakes such as `Neither my mother or my father came.`."""
    for index in range(len(sentence) - 3):
        if sentence.word(index) != "neither" or sentence.word(index + 1) == "of":
            continue
        for at in range(index + 2, min(index + 5, len(sentence) - 1)):
            if sentence.word(at) == "nor":
                break
            if sentence.word(at) == "or":
                yield Edit(index, at, {at: "nor"})
                break


def both(sentence: Sentence) -> Iterator[Edit]:
    """Find mistakes such as `She is both kind as well as clever.`."""
    for index in range(len(sentence) - 4):
        if sentence.word(index) != "both":
            continue
        for at in range(index + 2, min(index + 6, len(sentence) - 3)):
            if [sentence.word(at + step) for step in range(3)] == ["as", "well", "as"]:
                yield Edit(index, at + 2, {at: "and", at + 1: "", at + 2: ""})
                break


def reason(sentence: Sentence) -> Iterator[Edit]:
    """Find mistakes such as `The reason I came is because I need help.`."""
    for index in range(1, len(sentence) - 2):
        if sentence.word(index) in ("is", "was") and sentence.word(index + 1) == "because":
            if "reason" in [sentence.word(at) for at in range(index)] and subject_at(sentence, index + 2):
                yield Edit(index, index + 1, {index + 1: "that"})


def either(sentence: Sentence) -> Iterator[Edit]:
    """Find mistakes such as `I don't like it too.`."""
    last = len(sentence) - 1
    if last < 3 or sentence.word(last) != "too" or sentence.word(last - 1) in ("me", ","):
        return
    for index in range(1, last):
        if sentence.word(index) in ("don't", "doesn't", "didn't", "can't", "won't", "isn't"):
            subject = subject_at(sentence, 0)
            if subject is not None and subject.last + 1 == index:
                yield Edit(index, last, {last: "either"})
                return
