"""What finds mistakes of prepositions: which word takes which, and which takes none.

What takes what is a table, not code: a head (any form of a verb, or exactly an adjective), what learners
say after it, what English says (`-`: nothing), and what must follow for the row to fit.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from worker.engines.offline import lexicon
from worker.engines.offline.morphology import is_base_verb, past_lemma, readings, verb_lemma
from worker.engines.offline.nouns import is_countable, is_name
from worker.engines.offline.text import Edit, Sentence
from worker.engines.offline.vocabulary import JOBS, PLAIN_ADJECTIVES

_OBJECT_STARTS = lexicon.DETERMINERS | lexicon.OBJECT_PRONOUNS | lexicon.WH_WORDS
_SEASONS = frozenset({"summer", "winter", "spring", "autumn", "monsoon"})
_DAY_PARTS = frozenset({"morning", "evening", "afternoon"})
_SUBJECT_FORMS = {"he": "him", "she": "her", "we": "us", "they": "them", "i": "me"}
_BEFORE_OBJECT = lexicon.word_set(
    "with for between about to from at by of on against towards without near behind"
)
_HERE = frozenset(
    {"here", "there", "home", "abroad", "upstairs", "downstairs", "downtown", "outside", "inside"}
)
_PARTICLE_VERBS = lexicon.word_set(
    "'s is later come comes coming came go going get got check move turn hold drop"
)
"""After these `in` and `on` belong to the verb: `come in this evening`, `what is on this week`."""
_MOTION = frozenset({"go", "come", "return", "reach", "arrive", "travel", "walk", "run", "move"})


class Followed(Enum):
    """What must stand after the preposition for a row of the table to fit."""

    ANY = "any"
    OBJECT = "object"
    PERSON = "person"
    PLACE = "place"
    SKILL = "skill"


@dataclass(frozen=True, slots=True)
class Pair:
    """After its head English says `right` (None: nothing) where learners say one of `wrong`."""

    wrong: frozenset[str]
    right: str | None
    followed: Followed


def _pairs(text: str) -> dict[str, Pair]:
    """Read rows of `head: wrong wrong > right | what follows`."""
    table = {}
    for line in text.strip().splitlines():
        head, _, rest = line.strip().partition(": ")
        change, _, followed = rest.partition(" | ")
        wrong, _, right = change.partition(" > ")
        table[head] = Pair(lexicon.word_set(wrong), None if right == "-" else right, Followed(followed))
    return table


_VERBS = _pairs("""
    discuss: about on > - | any
    describe: about > - | any
    mention: about > - | any
    emphasize: on about > - | any
    emphasise: on about > - | any
    resemble: to with like > - | any
    comprise: of > - | any
    await: for > - | any
    contact: to with > - | object
    request: for to > - | person
    obey: to > - | object
    enter: to in into > - | place
    reach: to at > - | place
    accompany: with > - | any
    marry: with to > - | person
    meet: to > - | person
    phone: to > - | person
    inform: to > - | person
    consult: with to > - | person
    lack: of > - | any
    crave: for > - | any
    depend: of from > on | any
    consist: from in > of | any
    concentrate: in at > on | object
    listen: at > to | any
    belong: of > to | object
    laugh: on > at | person
    arrive: to > at | place
    participate: at on > in | object
    believe: on > in | object
    rely: of > on | object
    worry: for > about | any
    complain: for > about | object
""")
_ADJECTIVES = _pairs("""
    good: in > at | skill
    bad: in > at | skill
    excellent: in > at | skill
    brilliant: in > at | skill
    weak: at > in | skill
    angry: on upon > with | person
    senior: than from > to | any
    junior: than from > to | any
    superior: than from > to | any
    inferior: than from > to | any
    preferable: than > to | any
    married: with > to | person
    engaged: with > to | person
    afraid: from by > of | any
    scared: from > of | any
    fond: about with for > of | any
    proud: for about on > of | person
    ashamed: for from > of | object
    jealous: from with on > of | person
    capable: for > of | any
    tired: from > of | person
    interested: on for about > in | any
    different: of > from | object
    similar: with > to | object
    responsible: of > for | object
    curious: on for > about | object
    worried: for on of > about | person
    excited: of > about | object
    confident: on > about | object
    satisfied: from by of > with | object
    disappointed: from > with | person
    pleased: from > with | person
    addicted: of with > to | any
    allergic: of from with > to | any
    accustomed: with > to | any
""")
_SKILLS = lexicon.word_set(
    "english hindi maths mathematics math science cricket cooking singing dancing drawing swimming "
    "sports studies football chess computers physics chemistry biology history geography painting "
    "speaking writing reading playing tamil telugu marathi bengali french coding tennis hockey "
    "badminton music"
)
"""What one is good at; `it is good in summer` is another matter."""


def table(sentence: Sentence) -> Iterator[Edit]:
    """Find mistakes such as `We discussed about the exam.`."""
    for index in range(len(sentence) - 2):
        pair = _verb_pair(sentence, index) or _adjective_pair(sentence, index)
        if (
            pair is not None
            and sentence.word(index + 1) in pair.wrong
            and _follows(sentence, index + 2, pair)
        ):
            yield Edit(index, index + 1, {index + 1: pair.right or ""})


def _verb_pair(sentence: Sentence, index: int) -> Pair | None:
    """Return the row of the verb at token `index`, unless it is a noun or passive there."""
    word, before = sentence.word(index), sentence.word(index - 1)
    lemma = verb_lemma(word)
    if lemma not in _VERBS:
        return None
    active = before in lexicon.PRONOUNS | lexicon.MODALS | {"to", "not", "don't", "didn't", "please", ""}
    named = before in lexicon.DETERMINERS - {"that"} or before in PLAIN_ADJECTIVES
    nominal = bool(readings(word).get("NOUN")) and not (active or (word.endswith("ing") and not named))
    helped = before in lexicon.BE | {"been", "being", "be", "get", "got"} and not word.endswith("ing")
    return None if nominal or (helped and lemma not in ("comprise", "consist")) else _VERBS[lemma]


def _adjective_pair(sentence: Sentence, index: int) -> Pair | None:
    """Return the row of the adjective at token `index`, unless it is a verb there: `he engaged with them`."""
    word, before = sentence.word(index), sentence.word(index - 1)
    acts = past_lemma(word) is not None and before in lexicon.PRONOUNS
    pair = _ADJECTIVES.get(word)
    return None if pair is not None and acts and pair.followed is Followed.PERSON else pair


def _follows(sentence: Sentence, index: int, pair: Pair) -> bool:
    """Say whether what a row asks for stands at token `index`."""
    word = sentence.word(index)
    if word in ("", ",", "how", "all", "first", "once", "least", "last") or (
        sentence.word(index - 1) == "to" and is_base_verb(word)
    ):
        return False
    person = word in lexicon.OBJECT_PRONOUNS | lexicon.POSSESSIVES or is_name(sentence, index)
    known = word in _OBJECT_STARTS
    match pair.followed:
        case Followed.SKILL:
            return word in _SKILLS and sentence.word(index - 3) not in ("a", "some", "any", "no", "the")
        case Followed.PERSON:
            a_person = word in ("a", "an", "the") and sentence.word(index + 1) in _PEOPLE
            return (person or a_person) and word != "it"
        case Followed.PLACE:
            return word in lexicon.POSSESSIVES | {"the"} and sentence.word(index + 1) in _ENTERED
        case Followed.OBJECT:
            return known and word not in ("that", "which", "what")
        case Followed.ANY:
            return True


_ENTERED = lexicon.word_set(
    "room house class classroom office hall building bus school college station airport market home "
    "village city hotel"
)
_PEOPLE = lexicon.PERSONS | JOBS


def prefer(sentence: Sentence) -> Iterator[Edit]:
    """Find mistakes such as `I prefer tea than coffee.`."""
    for index in range(len(sentence) - 3):
        if verb_lemma(sentence.word(index)) != "prefer":
            continue
        for at in range(index + 2, min(index + 6, len(sentence) - 1)):
            word = sentence.word(at)
            if word in (",", "to", "rather"):
                break
            if word == "than":
                yield Edit(index, at + 1, {at: "to"})
                break


def missing(sentence: Sentence) -> Iterator[Edit]:
    """`listen music`, `wait me`: the verb needs its preposition."""
    for index in range(len(sentence) - 1):
        word, after = sentence.word(index), sentence.word(index + 1)
        lemma = verb_lemma(word)
        person = after in lexicon.OBJECT_PRONOUNS - {"it", "her"} or (
            after == "her" and index + 2 == len(sentence)
        )
        before = sentence.word(index - 1)
        if before in lexicon.DETERMINERS - {"that"}:
            continue
        if lemma == "listen" and (
            person or after in ("music", "songs", "radio", "my", "your", "his", "the", "this", "it")
        ):
            if not (after == "it" and sentence.word(index + 2) in lexicon.AUXILIARIES) and before != "but":
                yield Edit(index, index + 1, {index + 1: f"to {sentence.text(index + 1)}"})
        elif lemma == "wait" and person and sentence.word(index + 2) not in lexicon.AUXILIARIES:
            if before not in ("can't", "cannot"):
                yield Edit(index, index + 1, {index + 1: f"for {sentence.text(index + 1)}"})
        elif lemma in ("belong", "reply") and person and lemma == "belong":
            yield Edit(index, index + 1, {index + 1: f"to {sentence.text(index + 1)}"})
        elif word in ("depends", "depend") and after in ("your", "my", "the", "you", "him", "weather"):
            if sentence.word(index + 2) not in lexicon.AUXILIARIES:
                yield Edit(index, index + 1, {index + 1: f"on {sentence.text(index + 1)}"})


def time(sentence: Sentence) -> Iterator[Edit]:
    """Find mistakes such as `I will come in Monday.`."""
    for index in range(len(sentence) - 1):
        preposition, word = sentence.word(index), sentence.word(index + 1)
        if preposition not in ("in", "on", "at") or (
            index and sentence.word(index - 1) in ("turn", "turned", "hold")
        ):
            continue
        following = sentence.word(index + 2)
        if word in lexicon.WEEKDAYS and preposition in ("in", "at") and following not in ("'s", "night"):
            yield Edit(index, index + 1, {index: "on"})
        elif (
            word in ("next", "last", "this", "every")
            and _is_time(following)
            and sentence.word(index - 1) not in _PARTICLE_VERBS
        ):
            yield Edit(index, index + 2, {index: ""})
        elif word in ("yesterday", "tomorrow", "today") and index == 0 and preposition == "on":
            if following in lexicon.PRONOUNS | {","}:
                yield Edit(index, index + 1, {index: ""})
        elif word in _DAY_PARTS and following in ("", ",", "i", "we", "he", "she", "and", "also", "time"):
            new = "in the" if preposition in ("in", "on", "at") else ""
            if following != "time" and sentence.word(index - 1) not in ("early", "late"):
                yield Edit(index, index + 1, {index: new})
        elif (
            word == "night" and preposition in ("in", "on") and following in ("", ",", "i", "we", "he", "she")
        ):
            yield Edit(index, index + 1, {index: "at"})
        elif preposition in ("in", "on") and _is_clock(sentence, index + 1):
            yield Edit(index, index + 2, {index: "at"})
        elif (
            preposition in ("on", "at")
            and (_is_year(word) or word in _SEASONS | lexicon.MONTHS)
            and following in ("", ",", "and", "i", "we")
        ) and (word not in ("spring", "june", "april", "august") or preposition == "at"):
            yield Edit(index, index + 1, {index: "in"})


def _is_time(word: str) -> bool:
    """Say whether a word is a unit that `last` and `next` go with."""
    return word in lexicon.WEEKDAYS | _DAY_PARTS | {"week", "month", "year", "day", "night", "weekend"}


def _is_year(word: str) -> bool:
    """Say whether a number is a year of the last or this century."""
    return word.isdecimal() and len(word) == 4 and word[:2] in ("19", "20")


def _is_clock(sentence: Sentence, index: int) -> bool:
    """Say whether a time of day stands at token `index`."""
    number = lexicon.is_number(sentence.word(index)) or ":" in sentence.word(index)
    return number and sentence.word(index + 1) in ("o'clock", "am", "pm", "a.m", "p.m", "a.m.", "p.m.")


def no_preposition(sentence: Sentence) -> Iterator[Edit]:
    """`go to home`, `come to here`, `go to abroad`."""
    for index in range(len(sentence) - 2):
        if verb_lemma(sentence.word(index)) not in _MOTION or sentence.word(index + 1) != "to":
            continue
        following = sentence.word(index + 3)
        compound = following in ("and", "'s") or is_countable(following)
        if sentence.word(index + 2) in _HERE and not compound:
            yield Edit(index, index + 2, {index + 1: ""})


def object_form(sentence: Sentence) -> Iterator[Edit]:
    """`between you and I`, `with he`."""
    for index in range(len(sentence) - 1):
        preposition, word = sentence.word(index), sentence.word(index + 1)
        if preposition not in _BEFORE_OBJECT:
            continue
        if preposition == "between" and sentence.word(index + 2) == "and":
            changes = {
                at: _SUBJECT_FORMS[sentence.word(at)]
                for at in (index + 1, index + 3)
                if sentence.word(at) in _SUBJECT_FORMS
            }
            if changes:
                yield Edit(index, index + 3, changes)
        elif preposition in ("with", "for", "to", "about") and word in ("he", "she", "they", "we", "i"):
            ends = (
                sentence.word(index + 2) in ("", ",", "and")
                or sentence.word(index + 2) in lexicon.PREPOSITIONS
            )
            if (
                ends
                and sentence.word(index - 1) not in ("than", "what", "who")
                and sentence.word(index + 2) != "and"
            ):
                yield Edit(index, index + 1, {index + 1: _SUBJECT_FORMS[word]})


def whom(sentence: Sentence) -> Iterator[Edit]:
    """`with who are you going`: after a preposition that opens a question, `whom`."""
    for index in range(len(sentence) - 3):
        opening = index == 0 or sentence.word(index - 1) in (",", "and", "but")
        if (
            sentence.word(index) in ("in", "with", "to", "for", "from", "of", "about", "by")
            and sentence.word(index + 1) == "who"
        ):
            asked = (
                sentence.word(index + 2) in lexicon.AUXILIARIES
                and sentence.word(index + 3) in lexicon.PRONOUNS | lexicon.DETERMINERS
            )
            if opening and asked:
                yield Edit(index, index + 1, {index + 1: "whom"})
