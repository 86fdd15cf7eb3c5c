"""Helping verbs and the form after them: what finds the mistakes."""

from collections.abc import Iterator

from worker.engines.offline import lexicon
from worker.engines.offline.clauses import clause_start, has_word, opens_clause, subject_at
from worker.engines.offline.morphology import (
    has_distinct_participle,
    inflect,
    ing_lemma,
    is_base_verb,
    is_only_verb,
    past_lemma,
    readings,
)
from worker.engines.offline.text import Edit, Sentence
from worker.engines.offline.vocabulary import FEELING_ADJECTIVES

_HAVE = lexicon.HAVE | {"haven't", "hasn't", "hadn't", "havent", "hasnt"}
_BETWEEN = lexicon.FRONT_ADVERBS | {"not", "ever", "been", "recently", "all"}
_LASTING = lexicon.word_set(
    "go work live wait study learn play stay sit sleep talk walk try travel look teach think"
)
_BE_OF = {"i": "am", "he": "is", "she": "is", "it": "is", "we": "are", "you": "are", "they": "are"}
_VERY = frozenset({"very", "so", "too", "really", "not", "always", "just", "also", "still"})
_TAKES_TO = lexicon.word_set(
    "able unable ready willing likely unlikely eager supposed going allowed prepared inclined"
)
_MODALS = lexicon.MODALS - {"'ll"}
_NEGATIVES = {"nothing": "anything", "nobody": "anybody", "nowhere": "anywhere", "no one": "anyone"}
_DOUBLE_NEGATIVE_VERBS = frozenset({"don't", "doesn't", "didn't", "dont", "doesnt", "didnt"})


def participle(sentence: Sentence) -> Iterator[Edit]:
    """Find mistakes such as `I have saw this film.`."""
    for index in range(len(sentence) - 1):
        word = sentence.word(index)
        if word not in _HAVE and not (word == "'s" and sentence.word(index + 1) == "been"):
            continue
        at = index + 1
        if (subject := subject_at(sentence, at)) is not None and subject.pronoun:
            if not (index == 0 or sentence.word(index - 1) in lexicon.WH_WORDS):
                continue
            at = subject.last + 1
        while sentence.word(at) in _BETWEEN:
            at += 1
        new = _participle_of(sentence, at)
        if sentence.word(index - 1) in lexicon.MODALS | {"to"} and is_base_verb(sentence.word(at)):
            continue
        if new is not None and not (word == "had" and sentence.word(at) in ("better", "rather")):
            yield Edit(index, at, {at: new})


def _participle_of(sentence: Sentence, at: int) -> str | None:
    """Return the participle that should stand at token `at`; None where what stands there may be right."""
    word, been = sentence.word(at), sentence.word(at - 1) == "been"
    past = past_lemma(word)
    if word in lexicon.BE:
        return None
    if past is not None:
        return inflect(past, "VBN") if inflect(past, "VBN") != word and word[-2:] != "ed" else None
    if not is_base_verb(word) or not has_distinct_participle(word) or word in ("let", "have", "do", "been"):
        return None
    if been:
        lasting = word in _LASTING
        return inflect(word, "VBG" if lasting else "VBN") if lasting or is_only_verb(word) else None
    plain = is_only_verb(word) or word in ("go", "eat", "see", "come", "take")
    return inflect(word, "VBN") if plain and sentence.word(at - 1) not in ("'s", "all") else None


def was_been(sentence: Sentence) -> Iterator[Edit]:
    """Find mistakes such as `I was been ill yesterday.`."""
    for index in range(1, len(sentence) - 1):
        word, before = sentence.word(index), sentence.word(index - 1)
        if word not in ("was", "were", "wasn't", "weren't") or sentence.word(index + 1) != "been":
            continue
        if has_word(sentence, frozenset({"since", "for"}), index + 2, len(sentence)):
            helper = "have" if before in ("i", "we", "you", "they") else "has"
            yield Edit(
                index, index + 1, {index: helper + word[word.find("n't") :] if "n't" in word else helper}
            )
        else:
            yield Edit(index, index + 1, {index + 1: ""})


def missing_be(sentence: Sentence) -> Iterator[Edit]:
    """Find mistakes such as `I afraid of dogs.`."""
    for index in range(len(sentence) - 1):
        subject = subject_at(sentence, index)
        if subject is None or not opens_clause(sentence, index) or sentence.word(index - 1) in ("and", "or"):
            continue
        if has_word(sentence, lexicon.AUXILIARIES | {"make", "makes", "made"}, 0, index):
            continue
        at = subject.last + 1
        while sentence.word(at) in _VERY:
            at += 1
        word, following = sentence.word(at), sentence.word(at + 1)
        direct = at == subject.last + 1
        state = word in FEELING_ADJECTIVES - {"worried", "tired"} or (not direct and word in _PREDICATES)
        pronoun = sentence.word(index) if subject.pronoun else ""
        if not state or not (
            pronoun in _BE_OF or (not subject.pronoun and not direct and subject.third_person)
        ):
            continue
        if following in (
            "",
            ",",
            "and",
            "but",
            "today",
            "now",
            "because",
        ) or following in lexicon.PREPOSITIONS | {"that"}:
            yield Edit(
                index, at, {subject.last: f"{sentence.text(subject.last)} {_BE_OF.get(pronoun, 'is')}"}
            )


_PREDICATES = FEELING_ADJECTIVES | lexicon.word_set(
    "bad beautiful big cheap cold costly difficult easy expensive fast friendly funny good handsome "
    "hard honest hot important interesting kind nice old polite rude serious short simple small smart "
    "strong sweet tall young boring strict helpful talented intelligent clever cute crowded dirty "
    "clean far late"
)


def not_and_base(sentence: Sentence) -> Iterator[Edit]:
    """Find mistakes such as `I not like coffee.`."""
    for index in range(len(sentence) - 2):
        subject = subject_at(sentence, index)
        if (
            subject is None
            or not opens_clause(sentence, index)
            or sentence.word(subject.last + 1) not in ("not", "no")
        ):
            continue
        at = subject.last + 1
        verb = sentence.word(at + 1)
        no_noun = sentence.word(at) == "not" or sentence.word(at + 2) not in ("", "of")
        asks = has_word(sentence, lexicon.AUXILIARIES | lexicon.WH_WORDS | {"if", "or"}, 0, index)
        known = verb in lexicon.EVERYDAY_ACTIONS | {
            "like",
            "want",
            "know",
            "need",
            "have",
            "understand",
            "feel",
        }
        if (
            asks
            or not no_noun
            or not is_base_verb(verb)
            or not (known or is_only_verb(verb))
            or not subject.pronoun
        ):
            continue
        yield Edit(index, at + 1, {at: "doesn't" if subject.third_person else "don't"})


def modal_pairs(sentence: Sentence) -> Iterator[Edit]:
    """Find mistakes such as `I can able to swim.`."""
    for index in range(len(sentence) - 2):
        word, following = sentence.word(index), sentence.word(index + 1)
        able = following == "able" and sentence.word(index + 2) == "to"
        if word in ("can", "could", "cannot", "can't", "couldn't") and able:
            yield Edit(index, index + 2, {index + 1: "", index + 2: ""})
        elif word in ("will", "would", "should", "must", "may", "might") and able:
            yield Edit(index, index + 2, {index + 1: "be able"})
        elif word in ("must", "can", "should") and following == "have" and sentence.word(index + 2) == "to":
            if is_base_verb(sentence.word(index + 3)):
                yield Edit(index, index + 2, {index + 1: "", index + 2: ""})
        elif word in ("will", "must", "should", "would") and following in ("can", "must", "will"):
            new = {"will": "will be able to", "would": "would be able to"}.get(word, word)
            if is_base_verb(sentence.word(index + 2)) and following == "can":
                yield Edit(index, index + 2, {index: new, index + 1: ""})


def do_and_other(sentence: Sentence) -> Iterator[Edit]:
    """`don't can` and `does someone can` have one helping verb too many."""
    for index in range(len(sentence) - 2):
        word, following = sentence.word(index), sentence.word(index + 1)
        negative = {"don't": "n't", "doesn't": "n't"}.get(word)
        if negative and following in ("can", "will", "should", "must"):
            forms = {"can": "can't", "will": "won't", "should": "shouldn't", "must": "mustn't"}
            yield Edit(index, index + 1, {index: forms[following], index + 1: ""})
            continue
        subject = subject_at(sentence, index + 1)
        if word not in ("do", "does", "did") or subject is None or not opens_clause(sentence, index):
            continue
        modal = sentence.word(subject.last + 1)
        if modal in _MODALS and is_base_verb(sentence.word(subject.last + 2)):
            yield Edit(index, subject.last + 1, {index: modal, subject.last + 1: ""})


def lets_not(sentence: Sentence) -> Iterator[Edit]:
    """Find mistakes such as `Let's don't fight.`."""
    for index in range(len(sentence) - 2):
        if sentence.word(index) in ("let", "lets") and sentence.word(index + 1) in ("'s", "don't"):
            at = index + 1 if sentence.word(index) == "lets" else index + 2
            if sentence.word(at) in ("don't", "dont") and is_base_verb(sentence.word(at + 1)):
                yield Edit(index, at + 1, {at: "not"})


def double_negative(sentence: Sentence) -> Iterator[Edit]:
    """Find mistakes such as `I don't know nothing about it.`."""
    for index in range(len(sentence) - 2):
        if sentence.word(index) not in _DOUBLE_NEGATIVE_VERBS or sentence.word(index - 1) in ("why", "if"):
            continue
        at = index + 2
        if is_base_verb(sentence.word(index + 1)) and sentence.word(at) in _NEGATIVES:
            yield Edit(index, at, {at: _NEGATIVES[sentence.word(at)]})


def able_and_base(sentence: Sentence) -> Iterator[Edit]:
    """Find mistakes such as `I am able speak English.`."""
    for index in range(1, len(sentence) - 1):
        word, verb = sentence.word(index), sentence.word(index + 1)
        helped = sentence.word(index - 1) in lexicon.BE | {"not", "be", "been", "very", "always"}
        if word not in _TAKES_TO or not helped or not is_base_verb(verb):
            continue
        if word == "going" and verb not in (
            "buy",
            "eat",
            "meet",
            "learn",
            "teach",
            "become",
            "start",
            "sleep",
            "cook",
        ):
            continue
        if is_only_verb(verb) or (verb in lexicon.EVERYDAY_ACTIONS and word in ("able", "unable", "going")):
            yield Edit(index, index + 1, {index + 1: f"to {sentence.text(index + 1)}"})


def born(sentence: Sentence) -> Iterator[Edit]:
    """Find mistakes such as `I am born in Delhi.`."""
    for index in range(len(sentence) - 1):
        verb, before = sentence.word(index), sentence.word(index - 1)
        if sentence.word(index + 1) != "born" or sentence.word(index + 2) not in ("in", "on", "at"):
            continue
        if verb in lexicon.BE_PRESENT and verb != "'s" and before in lexicon.PRONOUNS:
            past = "was" if before in ("i", "he", "she", "it") else "were"
            yield Edit(index - 1, index + 1, {index: f" {past}" if verb.startswith("'") else past})
        elif before in lexicon.PRONOUNS | lexicon.PERSONS and verb in ("did", "have", "has"):
            yield Edit(index, index + 1, {index: "was"})
        elif verb in lexicon.PRONOUNS and opens_clause(sentence, index):
            past = "was" if verb in ("i", "he", "she", "it") else "were"
            yield Edit(index, index + 1, {index: f"{sentence.text(index)} {past}"})


def did_ing(sentence: Sentence) -> Iterator[Edit]:
    """Find mistakes such as `I didn't going there.`."""
    start = clause_start(sentence)
    for index in range(start, len(sentence) - 1):
        subject = subject_at(sentence, index)
        if subject is None or not opens_clause(sentence, index):
            continue
        at = subject.last + 1
        helper, main = sentence.word(at), sentence.word(at + 1)
        lemma = ing_lemma(main)
        adjective = readings(main).get("ADJ") and lemma not in lexicon.EVERYDAY_ACTIONS
        if lemma is None or adjective or not subject.pronoun:
            continue
        if (
            helper in ("don't", "doesn't", "didn't")
            and is_base_verb(lemma)
            and main not in ("nothing", "anything", "something", "everything", "during")
        ) or (
            (
                helper == "did"
                and is_base_verb(lemma)
                and main not in ("nothing", "anything", "something", "everything")
            )
            and lemma
            in (
                "go",
                "walk",
                "come",
                "eat",
                "play",
                "run",
                "speak",
                "talk",
                "see",
                "meet",
                "read",
                "write",
            )
        ):
            yield Edit(index, at + 1, {at + 1: lemma})
