"""Rules about words learners take for each other: `boring` and `bored`, `do a mistake`, `your` and `you're`."""

from collections.abc import Iterator

from worker.engines.offline import lexicon
from worker.engines.offline.morphology import readings
from worker.engines.offline.nouns import Count, phrase_at
from worker.engines.offline.rule import Rule, lesson
from worker.engines.offline.text import Edit, Sentence

_FELT = {
    "boring": "bored", "exciting": "excited", "interesting": "interested", "tiring": "tired", "confusing": "confused",
    "surprising": "surprised", "shocking": "shocked", "disappointing": "disappointed", "frightening": "frightened",
    "embarrassing": "embarrassed", "annoying": "annoyed", "satisfying": "satisfied", "worrying": "worried",
}  # fmt: skip
_CAUSED = {felt: caused for caused, felt in _FELT.items()}
_PREPOSITION = {"interested": "in", "excited": "about", "bored": "with", "confused": "about", "surprised": "at"}
_THINGS = lexicon.word_set(
    "movie film book story lesson class match game speech lecture song news day subject show trip journey serial exam test result"
)
_MAKE = {"do": "make", "does": "makes", "did": "made", "doing": "making", "done": "made"}
_MADE = frozenset({"mistake", "mistakes", "noise", "decision", "effort", "promise", "progress", "plan", "plans"})
_DONE = frozenset({"homework", "housework", "exercise", "exercises"})
_YOU_ARE = lexicon.word_set("so very too late welcome right wrong kidding joking lying beautiful annoying amazing not always going doing")


def _feelings(sentence: Sentence) -> Iterator[Edit]:
    for index in range(1, len(sentence)):
        word = sentence.word(index)
        if word in _FELT and _feels(sentence, index):
            yield Edit(_verb_before(sentence, index), index, {index: _FELT[word]})
        elif word in _CAUSED and _is_of_thing(sentence, index):
            yield Edit(_verb_before(sentence, index), index, {index: _CAUSED[word]})


def _verb_before(sentence: Sentence, index: int) -> int:
    at = index - 1
    while sentence.word(at) in ("very", "so", "really", "too", "not", "quite", "always", "getting", "feeling", "a", "little"):
        at -= 1
    return max(at, 0)


def _feels(sentence: Sentence, index: int) -> bool:
    """Say whether a person is said to feel so: by `feel`, or by a preposition that only the feeling takes."""
    verb = _verb_before(sentence, index)
    if sentence.word(verb) in ("feel", "felt", "feels", "got", "get") or sentence.word(index - 1) in ("feeling", "getting"):
        return sentence.word(verb - 1) in lexicon.PRONOUNS - {"it"} | lexicon.BE | {"not", "don't", "also", "will"}
    person = sentence.word(verb - 1) in ("i", "we", "he", "she", "they") and sentence.word(verb) in lexicon.BE
    following = sentence.word(index + 1)
    if not person:
        return False
    felt = _FELT[sentence.word(index)]
    return following == _PREPOSITION.get(felt, "?") or (sentence.word(verb - 1) == "i" and following in ("", "today", "now", "because"))


def _is_of_thing(sentence: Sentence, index: int) -> bool:
    verb = _verb_before(sentence, index)
    thing = sentence.word(verb - 1) in _THINGS and sentence.word(verb - 2) in lexicon.DETERMINERS
    return thing and sentence.word(verb) in ("is", "was") and sentence.word(index + 1) in ("", "and", "but", ",", "so")


def _make_do(sentence: Sentence) -> Iterator[Edit]:
    for index in range(len(sentence) - 1):
        word, at = sentence.word(index), index + 1
        while sentence.word(at) in lexicon.DETERMINERS | {"many", "lot", "of", "more", "same", "big", "much", "good", "such", "so"}:
            at += 1
        noun, before = sentence.word(at), sentence.word(index - 1)
        if word in _MAKE and noun in _MADE and at - index <= 4:
            passive = word == "done" and before in lexicon.BE
            asked = before in lexicon.WH_WORDS or (index == 0 and sentence.word(1) in ("any", "the", "your", "my"))
            if not passive and not asked and sentence.word(at + 1) not in lexicon.AUXILIARIES:
                yield Edit(index, at, {index: _MAKE[word]})
        elif word in ("make", "made", "making", "makes") and noun in _DONE:
            if sentence.word(at + 1) in ("", "every", "daily", "in", "at", "and", "before", "after", "yesterday"):
                yield Edit(index, at, {index: {"make": "do", "made": "did", "making": "doing", "makes": "does"}[word]})


def _your(sentence: Sentence) -> Iterator[Edit]:
    for index in range(len(sentence) - 1):
        word, after = sentence.word(index), sentence.word(index + 1)
        degree = after in ("so", "too") and sentence.word(index + 2) not in ("called", "")
        if word == "your" and index == 0 and after in _YOU_ARE and (degree or not _names(sentence, index + 2)):
            yield Edit(index, index + 1, {index: "you are"})
        elif word == "they" and sentence.word(index + 1) == "'re" and sentence.word(index - 1) in ("are", "is", "in", "of", "with"):
            if "NOUN" in readings(sentence.word(index + 2)) or "ADJ" in readings(sentence.word(index + 2)):
                yield Edit(index - 1, index + 1, {index: "their", index + 1: ""})
        elif word == "there" and after == "where" and _there_were(sentence, index + 2):
            yield Edit(index, index + 1, {index + 1: "were"})
        elif word in ("they", "we") and after == "where" and sentence.word(index + 2).endswith("ing"):
            yield Edit(index, index + 1, {index + 1: "were"})


def _there_were(sentence: Sentence, index: int) -> bool:
    phrase = phrase_at(sentence, index)
    definite = sentence.word(index) in lexicon.POSSESSIVES | {"the", "this"}
    return phrase is not None and not definite and phrase.count is Count.MANY or sentence.word(index) in ("no", "some", "many")


def _names(sentence: Sentence, index: int) -> bool:
    """Say whether `your` owns what follows: `your very own car`."""
    return any("NOUN" in readings(sentence.word(at)) and at < len(sentence) for at in (index, index + 1)) or sentence.word(index) == "own"


def _each_other(sentence: Sentence) -> Iterator[Edit]:
    for index in range(1, len(sentence) - 1):
        if sentence.word(index) == "each" and sentence.word(index + 1) == "others":
            yield Edit(index, index + 1, {index + 1: "other"})


def _to_too(sentence: Sentence) -> Iterator[Edit]:
    """`to good to be true`: an adjective between two `to`s asks for `too`."""
    adjectives = lexicon.word_set("good bad hot cold late early big small soon tired old young weak lazy busy expensive heavy far hard difficult")
    for index in range(1, len(sentence) - 2):
        if sentence.word(index) == "to" and sentence.word(index + 1) in adjectives and sentence.word(index + 2) in ("to", "for"):
            if sentence.word(index - 1) in lexicon.BE | {"much", "not", "way"}:
                yield Edit(index - 1, index + 1, {index: "too"})


FEELINGS = Rule(
    "bored_and_boring",
    lesson(
        "adjective",
        8,
        'Jo mehsoos kare woh "bored", "excited"; jo mehsoos karaye woh "boring", "exciting"',
        'जो महसूस करे वह "बोर्ड", "एक्साइटेड"; जो महसूस कराए वह "बोरिंग", "एक्साइटिंग"',
    ),
    _feelings,
    fires=(
        ("I am feeling very boring.", "I am feeling very bored."),
        ("I am interesting in music.", "I am interested in music."),
        ("The movie was bored.", "The movie was boring."),
        ("we are exciting about the trip", "we are excited about the trip"),
    ),
    silent=("The movie was boring.", "It feels boring.", "She is interesting and kind.", "The class was excited to go."),
)

MAKE_DO = Rule(
    "make_and_do",
    lesson(
        "word choice",
        7,
        'English mein "make a mistake", "make a noise" par "do homework" kehte hain',
        'इंग्लिश में "मेक अ मिस्टेक", "मेक अ नॉइज़" पर "डू होमवर्क" कहते हैं',
    ),
    _make_do,
    fires=(
        ("I did a mistake.", "I made a mistake."),
        ("don't do so much noise", "don't make so much noise"),
        ("I make my homework every day.", "I do my homework every day."),
    ),
    silent=("I made a mistake.", "What did the plan cost?", "Do your homework.", "Do any plans fit?"),
)

YOUR = Rule(
    "your_and_you_are",
    lesson(
        "confused words",
        6,
        "Yeh shabd sunne mein milte julte hain, yahan yeh sahi hai",
        "ये शब्द सुनने में मिलते जुलते हैं, यहाँ यह सही है",
    ),
    _your,
    fires=(
        ("Your so kind!", "You are so kind!"),
        ("There where many people.", "There were many people."),
        ("These are they're books.", "These are their books."),
    ),
    silent=("Your very own car is here.", "Your late uncle was kind.", "I know there where he sat.", "They're here."),
)

EACH_OTHER = Rule(
    "each_other",
    lesson("pronoun", 5, 'Sahi shabd "each other" hai, bina "s" ke', 'सही शब्द "ईच अदर" है, बिना "ऐस" के'),
    _each_other,
    fires=(("They help each others.", "They help each other."),),
    silent=("They help each other.", "Each helps others."),
)

TOO = Rule(
    "too_adjective",
    lesson("confused words", 5, '"zaroorat se zyada" ke liye "too" kehte hain', '"ज़रूरत से ज़्यादा" के लिए "टू" (दो ओ वाला) कहते हैं'),
    _to_too,
    fires=(("I am to tired to walk.", "I am too tired to walk."),),
    silent=("I am too tired to walk.", "He is used to cold food.", "It went from bad to good for us."),
)

RULES = (FEELINGS, MAKE_DO, YOUR, EACH_OTHER, TOO)
