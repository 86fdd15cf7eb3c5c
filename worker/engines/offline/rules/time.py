"""Rules about the tense that words of time ask for: `since`, `for two years`, `yesterday`, `said that`."""

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
from worker.engines.offline.rule import Rule, lesson
from worker.engines.offline.text import Edit, Sentence

_LASTING = lexicon.word_set("live work study stay learn teach wait play sleep sit stand run drive use try look read write")
_STATES = {"know": "known", "have": "had", "be": "been", "own": "owned"}
_UNITS = lexicon.TIME_UNITS - {"second", "seconds"}
_STARTS = lexicon.word_set(
    "morning yesterday childhood monday tuesday wednesday thursday friday saturday sunday january february march april "
    "may june july august september october november december birth evening night then"
)
_PAST = lexicon.word_set("yesterday")
_LAST_UNITS = lexicon.word_set("night week month year sunday monday tuesday wednesday thursday friday saturday")
_WAS = frozenset({"i", "he", "she", "it"})


def _duration(sentence: Sentence, index: int) -> bool:
    """Say whether a length of time up to now stands at token `index`: `since 2010`, `for two years`."""
    word, after = sentence.word(index), sentence.word(index + 1)
    if word == "since":
        year = after.isdecimal() and len(after) == 4
        the = after in ("last", "the", "my", "many", "long", "this")
        return year or after in _STARTS or the or lexicon.is_number(after)
    if word != "for":
        return False
    at = index + 1
    while sentence.word(at) in ("the", "last", "past", "almost", "about", "over", "nearly", "more", "than"):
        at += 1
    counted = lexicon.is_number(sentence.word(at)) or sentence.word(at) in lexicon.FEW | {"a"}
    unit = sentence.word(at + 1) if sentence.word(at + 1) not in ("few", "long") else sentence.word(at + 2)
    return counted and (unit in _UNITS or unit == "time")


def _since_tense(sentence: Sentence) -> Iterator[Edit]:
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
                edit = _perfect(sentence, subject, at, since=sentence.word(span) == "since")
                if edit is not None:
                    yield edit
                break


def _perfect(sentence: Sentence, subject: Subject, at: int, *, since: bool) -> Edit | None:
    verb, main = sentence.word(at), sentence.word(at + 1)
    have = "has" if subject.third_person else "have"
    apart = " " if verb.startswith("'") else ""
    lemma = ing_lemma(main)
    if verb in lexicon.BE_PRESENT and lemma is not None and main not in ("going", "coming", "leaving"):
        if since or lemma in _LASTING:
            return Edit(subject.first, at + 1, {at: f"{apart}{have} been"})
        return None
    if verb in lexicon.BE_PRESENT and since and verb != "'s":
        if main in lexicon.PREPOSITIONS | {"here", "there", "ill", "sick", "married", "busy", "absent", "not"} and main != "since":
            return Edit(subject.first, at, {at: f"{apart}{have} been"})
        return None
    lemma = s_form_lemma(verb) or (verb if is_base_verb(verb) or verb == "have" else None)
    if lemma is None or (not since and (lemma not in _LASTING & {"live", "work", "study"} and lemma != "know")):
        return None
    if not since and has_word(sentence, frozenset({"every", "daily", "everyday", "usually", "always"}), 0, len(sentence)):
        return None
    owns = main in lexicon.DETERMINERS or lexicon.is_number(main)
    if lemma in _STATES and (lemma != "have" or owns):
        return Edit(subject.first, at, {at: f"{have} {_STATES[lemma]}"})
    if lemma in _LASTING and (since or sentence.word(at + 1) in ("here", "in", "at", "there", "with")):
        return Edit(subject.first, at, {at: f"{have} been {inflect(lemma, 'VBG')}"})
    return None


def _perfect_and_past(sentence: Sentence) -> Iterator[Edit]:
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
        if time is None or has_word(sentence, lexicon.CLAUSE_OPENERS | lexicon.WH_WORDS | {"since", "until", "from"}, at + 2, time):
            continue
        verbs = readings(main).get("VERB", ())
        past = "went" if main == "been" else inflect(next(v for v in verbs if inflect(v, "VBN") == main), "VBD")
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


def _said_me(sentence: Sentence) -> Iterator[Edit]:
    for index in range(1, len(sentence) - 1):
        word, after = sentence.word(index), sentence.word(index + 1)
        person = after in lexicon.OBJECT_PRONOUNS - {"it", "you", "her"}
        question = sentence.word(index + 3) in lexicon.WH_WORDS - {"that"}
        if word in ("asked", "told", "ask", "tell") and sentence.word(index + 2) == "that" and person and question:
            yield Edit(index, index + 3, {index + 2: ""})
        elif word in ("said", "says", "say") and person and sentence.word(index + 2) in ("that", "to", "about", "not"):
            yield Edit(index, index + 1, {index: {"said": "told", "says": "tells", "say": "tell"}[word]})
        elif word in ("told", "tells") and after == "that" and opens_reported(sentence, index):
            yield Edit(index, index + 1, {index: "said" if word == "told" else "says"})
        elif word in ("told", "tell", "asked", "ask") and after == "to" and sentence.word(index + 2) in lexicon.OBJECT_PRONOUNS - {"it"}:
            if sentence.word(index - 1) not in lexicon.BE | {"i'm", "been", "what", "when"}:
                yield Edit(index, index + 2, {index + 1: ""})


def opens_reported(sentence: Sentence, index: int) -> bool:
    """Say whether `told that` at token `index` reports a clause: a subject before it and one after it."""
    before = subject_at(sentence, index - 1)
    after = subject_at(sentence, index + 2)
    return before is not None and after is not None and sentence.word(index - 2) not in ("was", "were", "what")


def _tomorrow(sentence: Sentence) -> Iterator[Edit]:
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


SINCE_TENSE = Rule(
    "since_and_tense",
    lesson(
        "verb tense",
        12,
        'Jo kaam pehle shuru hua aur ab tak chal raha hai, uske liye "have been" ya "has been" kehte hain',
        'जो काम पहले शुरू हुआ और अब तक चल रहा है, उसके लिए "हैव बीन" या "हैज़ बीन" कहते हैं',
    ),
    _since_tense,
    fires=(
        ("I am living here since 2015.", "I have been living here since 2015."),
        ("She is working in this bank for five years.", "She has been working in this bank for five years."),
        ("I know him since childhood.", "I have known him since childhood."),
        ("it is raining since morning", "it has been raining since morning"),
        ("we live in Pune for two years", "we have been living in Pune for two years"),
    ),
    silent=(
        "I have lived here since 2015.",
        "I am going to Delhi for two days.",
        "She works for two hours every day.",
        "I am free, since Monday is a holiday.",
        "I am staying because it rains.",
    ),
)

PERFECT_PAST = Rule(
    "perfect_and_past",
    lesson(
        "verb tense",
        11,
        'Beete hue samay ke saath "have" nahi, simple past aata hai',
        'बीते हुए समय के साथ "हैव" नहीं, सिंपल पास्ट आता है',
    ),
    _perfect_and_past,
    fires=(
        ("I have seen him yesterday.", "I saw him yesterday."),
        ("She has gone to Delhi last week.", "She went to Delhi last week."),
        ("I have been to Goa last year", "I went to Goa last year"),
        ("we have bought it two days ago", "we bought it two days ago"),
    ),
    silent=(
        "I have seen him today.",
        "I have worked here since last year.",
        "I have read what you wrote yesterday.",
    ),
)

SAID_ME = Rule(
    "said_and_told",
    lesson(
        "reported speech",
        9,
        '"tell" ke baad insaan aata hai, "say" ke baad seedhe baat; "tell" ke baad "to" nahi lagta',
        '"टेल" के बाद इंसान आता है, "से" के बाद सीधे बात; "टेल" के बाद "टू" नहीं लगता',
    ),
    _said_me,
    fires=(
        ("He said me that he was ill.", "He told me that he was ill."),
        ("She told that she is busy.", "She said that she is busy."),
        ("I told to him everything.", "I told him everything."),
        ("he asked me that where I live", "he asked me where I live"),
        ("he asked to me a question", "he asked me a question"),
    ),
    silent=("He told me that he was ill.", "I was told that he left.", "Say it to me.", "I asked to see him."),
)

TOMORROW = Rule(
    "tomorrow_and_past",
    lesson(
        "verb tense",
        15,
        'Aane wale samay ke liye "will" kehte hain',
        'आने वाले समय के लिए "विल" कहते हैं',
    ),
    _tomorrow,
    fires=(("Tomorrow I went to Delhi.", "Tomorrow I will go to Delhi."), ("I met him tomorrow", "I will meet him tomorrow")),
    silent=("I will go tomorrow.", "I saw what will come tomorrow."),
)

RULES = (TOMORROW, SINCE_TENSE, PERFECT_PAST, SAID_ME)
