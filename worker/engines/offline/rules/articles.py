"""Rules about `a`, `an` and `the`: missing, of the wrong sound, or where none belongs."""

from collections.abc import Iterator

from worker.engines.offline import lexicon
from worker.engines.offline.clauses import subject_at
from worker.engines.offline.morphology import comparative_base, is_known, readings
from worker.engines.offline.nouns import Count, count_of, is_only_noun
from worker.engines.offline.rule import Rule, lesson
from worker.engines.offline.sound import vowel_sound
from worker.engines.offline.text import Edit, Sentence
from worker.engines.offline.vocabulary import COUNTED, JOBS, PLACES, PLAIN_ADJECTIVES

_STOPS = (
    (lexicon.PREPOSITIONS - {"inside", "off", "up", "over", "under"})
    | lexicon.AUXILIARIES
    | lexicon.word_set("a an and or if i it its our us etc all any each else even ever")
)
_OWNING = lexicon.word_set(
    "have has had 've buy bought need needs needed want wants wanted see saw get got made make found find lost "
    "use uses wear wears wore wearing bring brought eat ate ordered order read wrote write drive "
    "drives drove buying having eating reading writing sold sell rent rented catch caught"
)
_THINGS = COUNTED - JOBS - lexicon.word_set(
    "answer bed breakfast business church class college company course country day degree doubt dance eye family finger foot fruit game "
    "grade group habit hand head home hospital leg market meal night office page park part person place plan plant play "
    "point question result room rose rule school second section song sport station street table task temple test time "
    "town university village week year egg face language option skill topic field chance medicine evening mobile "
    "feature theatre cup glass pair number island king queen rupee dollar television email exam hour minute month"
)
"""Things of which one is `a …` after a verb of having; not those with set phrases (`have time`, `go to bed`)."""
_ARTICLED = lexicon.word_set("big small new old nice good beautiful red black white blue green cheap expensive large")
_SUPERLATIVE_VERBS = (lexicon.BE - {"'s"}) | {"be", "been", "became", "become"}
_PLACE_PREPOSITIONS = frozenset({"in", "at", "by", "near", "on", "from", "with", "for"})
_LANDSCAPE = lexicon.word_set(
    "house room hotel village city town river lake building shop restaurant lobby flat apartment garden park company "
    "school office car bag box table bus family chair bed forest mountain island field hall kitchen bank factory"
)
_MOTION = lexicon.word_set("go goes went going gone come came walk walked drive drove run ran reach")


def _sound(sentence: Sentence) -> Iterator[Edit]:
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
    return "an" if vowel_sound(word) else "a"


def _ends(sentence: Sentence, index: int) -> bool:
    """Say whether no further noun follows token `index - 1`."""
    word = sentence.word(index)
    if word in ("", ",") or word in lexicon.FUNCTION_WORDS - {"'s", "one"}:
        return word != "'s"
    return not ({"NOUN", "ADJ"} & set(readings(word)) or word.startswith("'") or lexicon.is_number(word))


def _job(sentence: Sentence) -> Iterator[Edit]:
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
        if verb not in be or (verb == "'s" and not subject.pronoun) or (not subject.third_person and not subject.pronoun):
            continue
        noun = at + 1
        while sentence.word(noun) in PLAIN_ADJECTIVES | {"very", "software", "bank", "bus", "civil", "school"}:
            noun += 1
        word = sentence.word(noun)
        named = sentence.word(noun + 1) in ("of", "sahib") or sentence.text(noun)[:1].isupper()
        if word in JOBS - {"cook", "guard", "officer"} and not named and _ends(sentence, noun + 1):
            first = at + 1
            yield Edit(index, noun, {first: f"{_article(sentence.text(first))} {sentence.text(first)}"})


def _one_thing(sentence: Sentence) -> Iterator[Edit]:
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


def _place(sentence: Sentence) -> Iterator[Edit]:
    for index in range(1, len(sentence) - 1):
        place = sentence.word(index + 1)
        to = sentence.word(index) == "to" and sentence.word(index - 1) in _MOTION
        if to and place in PLACES - {"theatre"} and _ends(sentence, index + 2):
            yield Edit(index - 1, index + 1, {index + 1: f"the {place}"})


def _superlative(sentence: Sentence) -> Iterator[Edit]:
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


def _phrase(sentence: Sentence) -> Iterator[Edit]:
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


def _same(sentence: Sentence) -> Iterator[Edit]:
    verbs = lexicon.word_set("is are was were have has had do did use want 'm 're said say study live in at of with on from")
    for index in range(1, len(sentence) - 1):
        before, following = sentence.word(index - 1), sentence.word(index + 1)
        noun = count_of(following) is not None or following in ("thing", "way", "age", "time", "mistake", "as")
        if sentence.word(index) == "same" and before in verbs and noun and following != "as":
            yield Edit(index - 1, index + 1, {index: "the same"})


def _no_article(sentence: Sentence) -> Iterator[Edit]:
    """`play the cricket`, `the my friend`, `a my book`."""
    games = ("cricket", "football", "hockey", "tennis", "chess", "badminton", "basketball", "volleyball", "kabaddi")
    for index in range(len(sentence) - 1):
        article, word = sentence.word(index), sentence.word(index + 1)
        if article not in ("a", "an", "the") or (sentence.text(index) == "A" and index > 0):
            continue
        playing = sentence.word(index - 1) in ("play", "plays", "playing", "played", "like", "love", "likes")
        if article == "the" and word in games and playing and _ends(sentence, index + 2):
            yield Edit(index - 1, index + 1, {index: ""})
        elif word in ("my", "our", "their") and index > 0 and count_of(sentence.word(index + 2)) is not None:
            yield Edit(index, index + 1, {index: ""})
        elif word == "god" and article == "the" and sentence.word(index + 2) in ("is", "will", "bless"):
            yield Edit(index, index + 1, {index: ""})


SOUND = Rule(
    "article_sound",
    lesson(
        "article",
        4,
        'Vowel ki awaaz se pehle "an", baaki se pehle "a" lagta hai',
        'वॉवल की आवाज़ से पहले "ऐन", बाक़ी से पहले "अ" लगता है',
    ),
    _sound,
    fires=(
        ("I ate a apple.", "I ate an apple."),
        ("He bought an car.", "He bought a car."),
        ("wait for a hour", "wait for an hour"),
        ("It is an university.", "It is a university."),
    ),
    silent=(
        "I ate an apple.",
        "I study at a university.",
        "She has an MBA.",
        "It is a one way road.",
        "I got up at 3 a.m.",
        "vitamin a is good",
        "He is an uninvited guest.",
    ),
)

JOB = Rule(
    "article_job",
    lesson(
        "article",
        8,
        'Kaam ya pesha batate samay noun se pehle "a" ya "an" lagta hai',
        'काम या पेशा बताते समय नाउन से पहले "अ" या "ऐन" लगता है',
    ),
    _job,
    fires=(
        ("I am doctor.", "I am a doctor."),
        ("my father is engineer in a company", "my father is an engineer in a company"),
        ("She wants to become good teacher.", "She wants to become a good teacher."),
        ("he became software engineer", "he became a software engineer"),
    ),
    silent=(
        "I am a doctor.",
        "They are teachers.",
        "He is manager of the bank.",
        "She is teacher training in charge.",
        "It is student life.",
    ),
)

ONE_THING = Rule(
    "article_thing",
    lesson(
        "article",
        7,
        'Ek gini jaane wali cheez se pehle "a" ya "an" lagta hai',
        'एक गिनी जाने वाली चीज़ से पहले "अ" या "ऐन" लगता है',
    ),
    _one_thing,
    fires=(
        ("I have car.", "I have a car."),
        ("She bought new phone.", "She bought a new phone."),
        ("we have big dog at home", "we have a big dog at home"),
        ("I ate apple.", "I ate an apple."),
    ),
    silent=("I have a car.", "I have cars.", "I have time.", "I have car insurance.", "I need bus tickets.", "We have dinner."),
)

PLACE = Rule(
    "article_place",
    lesson(
        "article",
        6,
        'Is jagah se pehle "the" lagta hai',
        'इस जगह से पहले "द" लगता है',
    ),
    _place,
    fires=(("I went to market.", "I went to the market."), ("we go to park every evening", "we go to the park every evening")),
    silent=("I went to the market.", "I go to school.", "He goes to office by bus.", "We went to park street."),
)

SUPERLATIVE = Rule(
    "article_superlative",
    lesson(
        "article",
        7,
        'Sabse aage wali cheez ke saath "the" lagta hai',
        'सबसे आगे वाली चीज़ के साथ "द" लगता है',
    ),
    _superlative,
    fires=(
        ("She is tallest girl in my class.", "She is the tallest girl in my class."),
        ("This is most important question.", "This is the most important question."),
        ("Delhi is an oldest city.", "Delhi is the oldest city."),
        ("he is least honest person here", "he is the least honest person here"),
    ),
    silent=(
        "She is the tallest girl.",
        "It is most important.",
        "Most people are kind.",
        "He is my best friend.",
        "It was a most interesting film.",
        "They are best friends.",
    ),
)

PHRASE = Rule(
    "article_phrase",
    lesson(
        "article",
        6,
        'Ek gini jaane wali cheez se pehle "a", "an" ya "the" lagta hai',
        'एक गिनी जाने वाली चीज़ से पहले "अ", "ऐन" या "द" लगता है',
    ),
    _phrase,
    fires=(
        ("We live in small village.", "We live in a small village."),
        ("he sat by old table", "he sat by an old table"),
        ("People were happier in past.", "People were happier in the past."),
    ),
    silent=("We live in a small village.", "I live in New Delhi.", "It is in good condition.", "He lives in old age."),
)

SAME = Rule(
    "article_same",
    lesson("article", 6, '"same" se pehle "the" lagta hai', '"सेम" से पहले "द" लगता है'),
    _same,
    fires=(("We have same problem.", "We have the same problem."), ("I live in same house", "I live in the same house")),
    silent=("We have the same problem.", "Same here.", "It is same as before."),
)

NO_ARTICLE = Rule(
    "no_article",
    lesson(
        "article",
        6,
        'Yahan "a" ya "the" nahi lagta',
        'यहाँ "अ" या "द" नहीं लगता',
    ),
    _no_article,
    fires=(
        ("I play the cricket every day.", "I play cricket every day."),
        ("I met the my friend.", "I met my friend."),
    ),
    silent=("I play cricket.", "I like the cricket bat.", "I play the guitar."),
)

RULES = (JOB, ONE_THING, SUPERLATIVE, PLACE, PHRASE, SAME, NO_ARTICLE, SOUND)
