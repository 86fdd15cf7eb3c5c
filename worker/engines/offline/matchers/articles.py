"""`a`, `an` and `the`: missing, of the wrong sound, or where none belongs: what finds the mistakes."""

from collections.abc import Iterator

from worker.engines.offline import lexicon
from worker.engines.offline.clauses import subject_at
from worker.engines.offline.morphology import comparative_base, is_known, readings
from worker.engines.offline.nouns import Count, count_of, is_only_noun
from worker.engines.offline.sound import vowel_sound
from worker.engines.offline.text import Edit, Sentence
from worker.engines.offline.vocabulary import COUNTED, JOBS, PLACES, PLAIN_ADJECTIVES

_STOPS = (
    (lexicon.PRONOUNS | lexicon.PREPOSITIONS - {"inside", "off", "up", "over", "under"})
    | lexicon.AUXILIARIES
    | lexicon.word_set("a an and or if i it its our us etc all any each else even ever")
)
_OWNING = lexicon.word_set(
    "have has had 've buy bought need needs needed want wants wanted see saw get got made make found "
    "find lost use uses wear wears wore wearing bring brought eat ate ordered order read wrote write "
    "drive drives drove buying having eating reading writing sold sell rent rented catch caught"
)
_THINGS = (
    COUNTED
    - JOBS
    - lexicon.word_set(
        "answer bed breakfast business church class college company course country day degree doubt "
        "dance eye family finger foot fruit game grade group habit hand head home hospital leg market "
        "meal night office page park part person place plan plant play point question result room "
        "rose rule school second section song sport station street table task temple test time town "
        "university village week year egg face language option skill topic field chance medicine "
        "evening mobile feature theatre cup glass pair number island king queen rupee dollar "
        "television email exam hour minute month"
    )
)
"""Things of which one is `a …` after a verb of having; not those of set phrases (`have time`)."""
_ARTICLED = lexicon.word_set(
    "big small new old nice good beautiful red black white blue green cheap expensive large"
)
_SUPERLATIVE_VERBS = (lexicon.BE - {"'s"}) | {"be", "been", "became", "become"}
_PLACE_PREPOSITIONS = frozenset({"in", "at", "by", "near", "on", "from", "with", "for"})
_LANDSCAPE = lexicon.word_set(
    "house room hotel village city town river lake building shop restaurant lobby flat apartment "
    "garden park company school office car bag box table bus family chair bed forest mountain island "
    "field hall kitchen bank factory"
)
_MOTION = lexicon.word_set("go goes went going gone come came walk walked drive drove run ran reach")


def sound(sentence: Sentence) -> Iterator[Edit]:
    """Find mistakes such as `I ate a apple.`."""
    for index in range(len(sentence) - 1):
        article, noun = sentence.word(index), sentence.text(index + 1)
        if article not in ("a", "an") or not noun.isalpha() or (sentence.text(index) == "A" and index > 0):
            continue
        apart = sentence.tokens[index].end + 1 == sentence.tokens[index + 1].start
        if not apart or noun.lower() in _STOPS or not (is_known(noun.lower()) or noun.isupper()):
            continue
        vowel = vowel_sound(noun)
        if vowel is not None and vowel != (article == "an"):
            yield Edit(index, index + 1, {index: "an" if vowel else "a"})


def _article(word: str) -> str:
    """Return the article that fits the sound of `word`."""
    return "an" if vowel_sound(word) else "a"


def _ends(sentence: Sentence, index: int) -> bool:
    """Say whether no further noun follows token `index - 1`."""
    word = sentence.word(index)
    if word in ("", ",") or word in lexicon.FUNCTION_WORDS - {"'s", "one"}:
        return word != "'s"
    return not ({"NOUN", "ADJ"} & set(readings(word)) or word.startswith("'") or lexicon.is_number(word))


def job(sentence: Sentence) -> Iterator[Edit]:
    """Find mistakes such as `I am doctor.`."""
    for index in range(len(sentence) - 2):
        subject = subject_at(sentence, index)
        if subject is None or sentence.word(index) in ("we", "they", "it", "everyone"):
            continue
        at = subject.last + 1
        verb = sentence.word(at)
        if verb in ("will", "want", "wants") and sentence.word(at + 1) in ("be", "become", "to"):
            at += 1 + (sentence.word(at + 1) == "to")
            verb = sentence.word(at)
        be = lexicon.BE_PRESENT | lexicon.BE_PAST | {"be", "become", "became", "becomes"}
        if (
            verb not in be
            or (verb == "'s" and not subject.pronoun)
            or (not subject.third_person and not subject.pronoun)
        ):
            continue
        noun = at + 1
        while sentence.word(noun) in PLAIN_ADJECTIVES | {
            "very",
            "software",
            "bank",
            "bus",
            "civil",
            "school",
        }:
            noun += 1
        word = sentence.word(noun)
        named = sentence.word(noun + 1) in ("of", "sahib") or sentence.text(noun)[:1].isupper()
        if word in JOBS - {"cook", "guard", "officer"} and not named and _ends(sentence, noun + 1):
            first = at + 1
            yield Edit(index, noun, {first: f"{_article(sentence.text(first))} {sentence.text(first)}"})


def one_thing(sentence: Sentence) -> Iterator[Edit]:
    """Find mistakes such as `I have car.`."""
    for index in range(1, len(sentence) - 1):
        if sentence.word(index) not in _OWNING or sentence.word(index - 1) in lexicon.DETERMINERS | {"of"}:
            continue
        first = at = index + 1
        while sentence.word(at) in _ARTICLED:
            at += 1
        noun = sentence.word(at)
        if noun in _THINGS and not sentence.text(at)[:1].isupper() and _ends(sentence, at + 1):
            again = any(sentence.word(later) == noun for later in range(at + 1, len(sentence)))
            if again or (sentence.word(at + 1) in ("to", "and", "or") and first == at):
                continue
            yield Edit(index, at, {first: f"{_article(sentence.text(first))} {sentence.text(first)}"})


def place(sentence: Sentence) -> Iterator[Edit]:
    """Find mistakes such as `I went to market.`."""
    for index in range(1, len(sentence) - 1):
        place = sentence.word(index + 1)
        to = sentence.word(index) == "to" and sentence.word(index - 1) in _MOTION
        if to and place in PLACES - {"theatre"} and _ends(sentence, index + 2):
            yield Edit(index - 1, index + 1, {index + 1: f"the {place}"})


def superlative(sentence: Sentence) -> Iterator[Edit]:
    """Find mistakes such as `She is tallest girl in my class.`."""
    for index in range(1, len(sentence) - 1):
        word, before, following = sentence.word(index), sentence.word(index - 1), sentence.word(index + 1)
        noun = following
        degree = word in ("most", "least") and "ADJ" in readings(following)
        if degree:
            noun = sentence.word(index + 2)
        elif not (word.endswith("est") and comparative_base(word)) and word not in ("best", "worst"):
            continue
        one = noun in COUNTED or (is_only_noun(noun) and count_of(noun) is not Count.MANY)
        if not one or (word in ("best", "worst") and noun in ("friend", "friends", "man", "part", "case")):
            continue
        if before in ("a", "an") and not (word == "most" or noun == "friend"):
            yield Edit(index - 1, index, {index - 1: "the"})
        elif before in _SUPERLATIVE_VERBS or (before in _PLACE_PREPOSITIONS and degree and word == "most"):
            if not (word == "most" and before not in _SUPERLATIVE_VERBS):
                yield Edit(index - 1, index, {index: f"the {sentence.text(index)}"})


def phrase(sentence: Sentence) -> Iterator[Edit]:
    """`in large house`, `in past`: a preposition, an adjective and one counted noun."""
    for index in range(len(sentence) - 1):
        if sentence.word(index) not in _PLACE_PREPOSITIONS:
            continue
        word, noun = sentence.word(index + 1), sentence.word(index + 2)
        if word in _ARTICLED and noun in _LANDSCAPE and _ends(sentence, index + 3):
            if not sentence.text(index + 1)[:1].isupper():
                yield Edit(index, index + 2, {index + 1: f"{_article(word)} {word}"})
        elif sentence.word(index) == "in" and word in ("past", "week", "month", "city", "village", "country"):
            if noun in ("", ",") and sentence.word(index - 1) != "step":
                yield Edit(index, index + 1, {index + 1: f"the {word}"})


def same(sentence: Sentence) -> Iterator[Edit]:
    """Find mistakes such as `We have same problem.`."""
    verbs = lexicon.word_set(
        "is are was were have has had do did use want 'm 're said say study live in at of with on from"
    )
    for index in range(1, len(sentence) - 1):
        before, following = sentence.word(index - 1), sentence.word(index + 1)
        noun = count_of(following) is not None or following in (
            "thing",
            "way",
            "age",
            "time",
            "mistake",
            "as",
        )
        if sentence.word(index) == "same" and before in verbs and noun and following != "as":
            yield Edit(index - 1, index + 1, {index: "the same"})


def no_article(sentence: Sentence) -> Iterator[Edit]:
    """`play the cricket`, `the my friend`, `a my book`."""
    games = (
        "cricket",
        "football",
        "hockey",
        "tennis",
        "chess",
        "badminton",
        "basketball",
        "volleyball",
        "kabaddi",
    )
    for index in range(len(sentence) - 1):
        article, word = sentence.word(index), sentence.word(index + 1)
        if article not in ("a", "an", "the") or (sentence.text(index) == "A" and index > 0):
            continue
        playing = sentence.word(index - 1) in ("play", "plays", "playing", "played", "like", "love", "likes")
        if article == "the" and word in games and playing and _ends(sentence, index + 2):
            yield Edit(index - 1, index + 1, {index: ""})
        elif (
            word in ("my", "our", "their") and index > 0 and count_of(sentence.word(index + 2)) is not None
        ) or (word == "god" and article == "the" and sentence.word(index + 2) in ("is", "will", "bless")):
            yield Edit(index, index + 1, {index: ""})
