"""Time, person and helping verbs: what finds the mistakes."""

from collections.abc import Iterator

from worker.engines.offline import lexicon
from worker.engines.offline.clauses import has_word, subject_at, verb_groups
from worker.engines.offline.morphology import (
    has_distinct_participle,
    inflect,
    ing_lemma,
    is_base_verb,
    is_only_verb,
    is_participle,
    past_lemma,
    s_form_lemma,
)
from worker.engines.offline.text import Edit, Sentence

_LAST_UNITS = lexicon.word_set(
    "night week month year sunday monday tuesday wednesday thursday friday saturday"
)
_BEFORE_TIME = lexicon.word_set("since from than of until till like about for by 's")
_OPINION_VERBS = lexicon.word_set(
    "think say know hope remember regret like love miss mean believe feel want need"
)
_EVENT_VERBS = lexicon.EVERYDAY_ACTIONS | {
    "meet",
    "reach",
    "leave",
    "see",
    "arrive",
    "start",
    "finish",
    "sell",
    "send",
}
_EVENT_STATES = frozenset({"feel", "have", "want", "need", "like", "forget", "lose", "find", "bring", "tell"})
_DO_NOT_CHANGE = frozenset({"used", "was", "were", "is", "fell", "could", "would"})
_RELATIVE = lexicon.WH_WORDS | {"all", "everything", "thing", "things", "best", "than", "as", "much"}
_PRESENT_TO_PAST = {"am": "was", "is": "was", "are": "were", "don't": "didn't", "doesn't": "didn't"}


def past_time(sentence: Sentence) -> Iterator[Edit]:
    """Find mistakes such as `Yesterday I go to the market.`."""
    for first, last in _past_phrases(sentence):
        opening = sentence.word(first - 1) in {"", "and", "but", "so", "because", ","}
        after = last + 2 if sentence.word(last + 1) == "," else last + 1
        subject = subject_at(sentence, after) if opening else None
        if subject is not None:
            yield from _to_past(sentence, first, subject.last + 1, _EVENT_VERBS | _EVENT_STATES)
        elif last == len(sentence) - 1:
            yield from _past_before(sentence, first, last)


def _past_phrases(sentence: Sentence) -> Iterator[tuple[int, int]]:
    """Yield the tokens of `yesterday`, `last night`, `two days ago`, first and last."""
    for index in range(len(sentence)):
        word, following = sentence.word(index), sentence.word(index + 1)
        if sentence.word(index - 1) in _BEFORE_TIME or following == "'s":
            continue
        if word == "yesterday":
            longer = following in ("morning", "evening", "night", "afternoon")
            yield index, index + longer
        elif word == "last" and following in _LAST_UNITS and sentence.word(index - 1) != "the":
            yield index, index + 1
        elif following in lexicon.TIME_UNITS and sentence.word(index + 2) == "ago":
            yield index, index + 2


def _past_before(sentence: Sentence, first: int, last: int) -> Iterator[Edit]:
    """Look at `I go … yesterday`: one plain clause from the sentence's start to the time."""
    start = 1 if sentence.word(0) in {"and", "but", "so"} else 0
    subject = subject_at(sentence, start)
    if subject is None or has_word(sentence, frozenset({",", "and", "but"}), start + 1, first):
        return
    verb = subject.last + 1
    clause_words = lexicon.PRONOUNS - {"it", "you"} | lexicon.WH_WORDS | lexicon.AUXILIARIES
    if not has_word(sentence, clause_words, verb + 1, first):
        yield from _to_past(sentence, last, verb, _EVENT_VERBS)


def _to_past(sentence: Sentence, time: int, verb: int, allowed: frozenset[str]) -> Iterator[Edit]:
    """Put the verb into the past, if it is one that surely tells of an event."""
    word, main = sentence.word(verb), sentence.word(verb + 1)
    if word in ("have", "has") and (done := past_lemma(main)) is not None:
        yield Edit(min(time, verb), max(time, verb + 1), {verb: "", verb + 1: inflect(done, "VBD")})
        return
    if word in ("have", "has") and (
        main in lexicon.FRONT_ADVERBS | {"been", "not", "to"} or is_participle(main)
    ):
        return
    lemma = s_form_lemma(word) or (word if is_base_verb(word) else None)
    new = _PRESENT_TO_PAST.get(word)
    if new is None and lemma is not None and (lemma in allowed or _is_plain_event(word, lemma)):
        new = inflect(lemma, "VBD")
    if new is not None and new != word and not (time > verb and word in _PRESENT_TO_PAST):
        yield Edit(min(time, verb), max(time, verb), {verb: new})


def _is_plain_event(word: str, lemma: str) -> bool:
    """Say whether a base form is a verb of action and nothing else."""
    return is_only_verb(word) and lemma not in _OPINION_VERBS and has_distinct_participle(lemma)


def do_and_form(sentence: Sentence) -> Iterator[Edit]:
    """Find mistakes such as `I didn't went there.`."""
    for group in verb_groups(sentence, lexicon.DO):
        word = sentence.word(group.main)
        lemma = past_lemma(word) or s_form_lemma(word)
        if lemma is None or word in _DO_NOT_CHANGE:
            continue
        start = group.at if group.asked else group.subject.first
        plain = not group.asked and not group.negated
        if plain and (start != 0 or not past_lemma(word)):
            continue
        if group.asked and has_word(sentence, lexicon.PRONOUNS | lexicon.WH_WORDS, 0, start - 1):
            continue
        yield Edit(group.at, group.main, {group.main: lemma})


def modal_and_form(sentence: Sentence) -> Iterator[Edit]:
    """Find mistakes such as `He can goes there.`."""
    for group in verb_groups(sentence, lexicon.MODALS):
        word, start = sentence.word(group.main), min(group.at, group.subject.first)
        if sentence.text(group.at) == "May" and group.at > 0:
            continue
        if has_word(sentence, _RELATIVE, 0, start) and not group.asked:
            continue
        if word == "to" and not group.asked and is_base_verb(sentence.word(group.main + 1)):
            yield Edit(group.first, group.main + 1, {group.main: ""})
            continue
        lemma = _modal_lemma(sentence, group.main, asked=group.asked)
        if lemma is not None:
            yield Edit(group.first, group.main, {group.main: lemma})


def _modal_lemma(sentence: Sentence, main: int, *, asked: bool) -> str | None:
    """Return the base form a modal asks for; None where a missing `be` is as likely (`will allowed`)."""
    word = sentence.word(main)
    if word in lexicon.BE | lexicon.MODALS or word in ("during", "thanks"):
        return None
    past = past_lemma(word)
    if past is not None and inflect(past, "VBN") == word:
        active = sentence.word(main + 1) in lexicon.DETERMINERS | lexicon.OBJECT_PRONOUNS
        return past if active else None
    return past or s_form_lemma(word) or (None if asked else ing_lemma(word))
