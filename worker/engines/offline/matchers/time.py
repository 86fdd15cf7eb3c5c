"""The tense that words of time ask for: what finds the mistakes."""

from collections.abc import Iterator

from worker.engines.offline import lexicon
from worker.engines.offline.clauses import Subject, has_word, opens_clause, subject_at
from worker.engines.offline.morphology import (
    inflect,
    ing_lemma,
    is_base_verb,
    is_participle,
    readings,
    s_form_lemma,
)
from worker.engines.offline.text import Edit, Sentence

_LASTING = lexicon.word_set(
    "live work study stay learn teach wait play sleep sit stand run drive use try look read write"
)
_STATES = {"know": "known", "have": "had", "be": "been", "own": "owned"}
_WITH_FOR = frozenset({"live", "work", "study", "know"})
_HABIT = frozenset({"every", "daily", "everyday", "usually", "always"})
_STAYED = (lexicon.PREPOSITIONS - {"since"}) | {
    "here",
    "there",
    "ill",
    "sick",
    "married",
    "busy",
    "absent",
    "not",
}
_UNITS = lexicon.TIME_UNITS - {"second", "seconds"}
_STARTS = lexicon.word_set(
    "morning yesterday childhood monday tuesday wednesday thursday friday saturday sunday january "
    "february march april may june july august september october november december birth evening "
    "night then"
)
_PAST = lexicon.word_set("yesterday")
_LAST_UNITS = lexicon.word_set(
    "night week month year sunday monday tuesday wednesday thursday friday saturday"
)


def _duration(sentence: Sentence, index: int) -> bool:
    """Say whether a length of time up to now stands at token `index`: `since 2010`, `for two years`."""
    word, after = sentence.word(index), sentence.word(index + 1)
    if word == "from":
        return _from(sentence, index) is not None
    if word == "since":
        year = after.isdecimal() and len(after) == 4
        the = after in ("last", "the", "my", "many", "long", "this")
        return year or after in _STARTS or the or lexicon.is_number(after)
    return word == "for" and _is_length(sentence, index + 1)


def _from(sentence: Sentence, index: int) -> str | None:
    """Return what English says for the `from` at token `index` where the time goes on up to now.

    None where an end is named too, and for a day, which may be one to come.
    """
    after = sentence.word(index + 1)
    if has_word(sentence, frozenset({"to", "till", "until", "onwards", "onward"}), index + 2, len(sentence)):
        return None
    if _is_length(sentence, index + 1):
        return "for"
    year = after.isdecimal() and len(after) == 4 and after[:2] in ("19", "20")
    before_now = after in ("morning", "yesterday", "childhood", "birth")
    last = after == "last" and sentence.word(index + 2) in _LAST_UNITS
    return "since" if year or before_now or last else None


def _is_length(sentence: Sentence, at: int) -> bool:
    """Say whether a length of time stands at token `at`: `two years`, `the last few months`."""
    while sentence.word(at) in ("the", "last", "past", "almost", "about", "over", "nearly", "more", "than"):
        at += 1
    counted = lexicon.is_number(sentence.word(at)) or sentence.word(at) in lexicon.FEW | {"a"}
    unit = sentence.word(at + 1) if sentence.word(at + 1) not in ("few", "long") else sentence.word(at + 2)
    return counted and (unit in _UNITS or unit == "time")


def since_tense(sentence: Sentence) -> Iterator[Edit]:
    """Find mistakes such as `I am living here since 2015.`."""
    for index in range(len(sentence) - 3):
        subject = subject_at(sentence, index)
        if subject is None or not opens_clause(sentence, index):
            continue
        at = subject.last + 1
        while sentence.word(at) in ("also", "still", "always"):
            at += 1
        for span in range(at + 1, len(sentence) - 1):
            if sentence.word(span) in lexicon.CLAUSE_OPENERS - {"today"}:
                break
            if _duration(sentence, span):
                edit = _perfect(sentence, subject, at, since=sentence.word(span) != "for")
                if edit is not None and sentence.word(span) == "from":
                    edit = _since(sentence, edit, span)
                if edit is not None:
                    yield edit
                break


def _since(sentence: Sentence, edit: Edit, at: int) -> Edit | None:
    """Let a corrected verb have the right word for the `from` at token `at`; None for `coming from`."""
    new = _from(sentence, at)
    moving = sentence.word(at - 1) in ("coming", "come", "comes", "starting", "start", "starts", "away")
    return Edit(edit.first, at, {**edit.changes, at: new}) if new is not None and not moving else None


def _perfect(sentence: Sentence, subject: Subject, at: int, *, since: bool) -> Edit | None:
    """Put the verb at token `at` into the perfect, where it is one that may be wrong."""
    verb, main = sentence.word(at), sentence.word(at + 1)
    have = "has" if subject.third_person else "have"
    if verb in lexicon.BE_PRESENT:
        last = _present_be(verb, main, since=since)
        apart = " " if verb.startswith("'") else ""
        return Edit(subject.first, at + last, {at: f"{apart}{have} been"}) if last is not None else None
    lemma = s_form_lemma(verb) or (verb if is_base_verb(verb) or verb == "have" else None)
    habit = has_word(sentence, _HABIT, 0, len(sentence))
    if lemma is None or (not since and (habit or lemma not in _WITH_FOR)):
        return None
    owns = main in lexicon.DETERMINERS or lexicon.is_number(main)
    if lemma in _STATES and (lemma != "have" or owns):
        return Edit(subject.first, at, {at: f"{have} {_STATES[lemma]}"})
    if lemma in _LASTING and (since or main in ("here", "in", "at", "there", "with")):
        return Edit(subject.first, at, {at: f"{have} been {inflect(lemma, 'VBG')}"})
    return None


def _present_be(verb: str, main: str, *, since: bool) -> int | None:
    """Return how many words of `am living` or `am here` the perfect takes the place of, less one."""
    lemma = ing_lemma(main)
    if lemma is not None and main not in ("going", "coming", "leaving"):
        return 1 if since or lemma in _LASTING else None
    return 0 if since and verb != "'s" and main in _STAYED else None


def perfect_and_past(sentence: Sentence) -> Iterator[Edit]:
    """`I have seen him yesterday` names a finished time, which asks for the simple past."""
    for index in range(len(sentence) - 3):
        subject = subject_at(sentence, index)
        if subject is None or not opens_clause(sentence, index):
            continue
        at = subject.last + 1
        verb, main = sentence.word(at), sentence.word(at + 1)
        if verb not in ("have", "has", "'ve") or not (is_participle(main) or main == "been"):
            continue
        if main == "been" and sentence.word(at + 2) != "to":
            continue
        time = _finished_time(sentence, at + 2)
        if time is None or has_word(
            sentence, lexicon.CLAUSE_OPENERS | lexicon.WH_WORDS | {"since", "until", "from"}, at + 2, time
        ):
            continue
        verbs = readings(main).get("VERB", ())
        past = (
            "went" if main == "been" else inflect(next(v for v in verbs if inflect(v, "VBN") == main), "VBD")
        )
        yield Edit(subject.first, time, {at: "", at + 1: past})


def _finished_time(sentence: Sentence, start: int) -> int | None:
    """Return the last token of `yesterday`, `last week`, `two days ago` from token `start` on."""
    for at in range(start, len(sentence)):
        word, after = sentence.word(at), sentence.word(at + 1)
        if sentence.word(at - 1) in ("since", "from", "than", "of", "until"):
            continue
        if word in _PAST and after != "'s":
            return at
        if word == "last" and after in _LAST_UNITS and sentence.word(at - 1) not in ("the", "over"):
            return at + 1
        if word == "ago":
            return at
    return None


def said_me(sentence: Sentence) -> Iterator[Edit]:
    """Find mistakes such as `He said me that he was ill.`."""
    for index in range(1, len(sentence) - 1):
        word, after = sentence.word(index), sentence.word(index + 1)
        person = after in lexicon.OBJECT_PRONOUNS - {"it", "you", "her"}
        question = sentence.word(index + 3) in lexicon.WH_WORDS - {"that"}
        if (
            word in ("asked", "told", "ask", "tell")
            and sentence.word(index + 2) == "that"
            and person
            and question
        ):
            yield Edit(index, index + 3, {index + 2: ""})
        elif (
            word in ("said", "says", "say")
            and person
            and sentence.word(index + 2) in ("that", "to", "about", "not")
        ):
            yield Edit(index, index + 1, {index: {"said": "told", "says": "tells", "say": "tell"}[word]})
        elif word in ("told", "tells") and after == "that" and opens_reported(sentence, index):
            yield Edit(index, index + 1, {index: "said" if word == "told" else "says"})
        elif (
            word in ("told", "tell", "asked", "ask")
            and after == "to"
            and sentence.word(index + 2) in lexicon.OBJECT_PRONOUNS - {"it"}
        ) and sentence.word(index - 1) not in lexicon.BE | {"i'm", "been", "what", "when"}:
            yield Edit(index, index + 2, {index + 1: ""})


def opens_reported(sentence: Sentence, index: int) -> bool:
    """Say whether `told that` at token `index` reports a clause: a subject before it and one after it."""
    before = subject_at(sentence, index - 1)
    after = subject_at(sentence, index + 2)
    return (
        before is not None and after is not None and sentence.word(index - 2) not in ("was", "were", "what")
    )


def tomorrow(sentence: Sentence) -> Iterator[Edit]:
    """`tomorrow I went`: a time to come with a past verb."""
    last = len(sentence) - 1
    opening = sentence.word(0) == "tomorrow"
    if not (opening or sentence.word(last) == "tomorrow") or last < 2:
        return
    subject = subject_at(sentence, 1 if opening else 0)
    if subject is None or not subject.pronoun:
        return
    word = sentence.word(subject.last + 1)
    if word in ("went", "came", "saw", "met", "bought", "gave", "ate", "wrote") and not (
        has_word(sentence, lexicon.WH_WORDS | lexicon.PRONOUNS | {"for"}, subject.last + 2, last)
    ):
        lemma = readings(word)["VERB"][0]
        first, final = (0, subject.last + 1) if opening else (subject.first, last)
        yield Edit(first, final, {subject.last + 1: f"will {lemma}"})
