"""Set phrases: what finds the mistakes."""

from collections.abc import Iterator

from worker.engines.offline import lexicon
from worker.engines.offline.morphology import is_known, readings
from worker.engines.offline.nouns import Count, count_of, is_countable
from worker.engines.offline.text import Edit, Sentence

_GREETINGS = lexicon.word_set(
    "hello hi hey good morning afternoon evening sir madam ma'am everyone all namaste yes"
)
_NO_NAME = (
    lexicon.PREPOSITIONS | lexicon.AUXILIARIES | lexicon.WH_WORDS | {"and", "or", "included", "too", "also"}
)
_VOWEL_NUMBERS = ("8", "11", "18", "eight", "eleven")
_BE_FOR = {"i": "am", "he": "is", "she": "is", "it": "is", "we": "are", "you": "are", "they": "are"}


def explain_me(sentence: Sentence) -> Iterator[Edit]:
    """Find mistakes such as `Please explain me the question.`."""
    listeners = lexicon.OBJECT_PRONOUNS - {"it", "her", "you"}
    objects = lexicon.DETERMINERS | lexicon.WH_WORDS | {"about", "it", "in", "clearly", "again", "please", ""}
    for index in range(len(sentence) - 1):
        if "explain" not in readings(sentence.word(index)).get("VERB", ()):
            continue
        listener, following = sentence.word(index + 1), sentence.word(index + 2)
        if listener in listeners and following in ("this", "that", "it") and index + 3 == len(sentence):
            yield Edit(index, index + 2, {index + 1: following, index + 2: f"to {sentence.text(index + 1)}"})
        elif listener in listeners and following in objects:
            yield Edit(index, index + 1, {index + 1: f"to {sentence.text(index + 1)}"})


def myself(sentence: Sentence) -> Iterator[Edit]:
    """Find mistakes such as `Myself Rahul.`."""
    index = 0
    while sentence.word(index) in _GREETINGS | {","}:
        index += 1
    name = sentence.text(index + 1)
    if sentence.word(index) != "myself" or not name.isalpha() or name.lower() in _NO_NAME:
        return
    capitalised = name[0].isupper() and name.lower() not in lexicon.PRONOUNS
    if capitalised or (not is_known(name.lower()) and len(name) > 2):
        yield Edit(index, index + 1, {index: "I am"})


def years_old(sentence: Sentence) -> Iterator[Edit]:
    """Find mistakes such as `I have 25 years old.`."""
    for index in range(1, len(sentence) - 2):
        if not lexicon.is_number(sentence.word(index)) or not sentence.word(index + 1).startswith("year"):
            continue
        if sentence.word(index + 2) != "old" or _describes(sentence, index + 3):
            continue
        verb = sentence.word(index - 1)
        if verb == "having" and sentence.word(index - 2) in lexicon.BE_PRESENT:
            yield Edit(index - 2, index + 2, {index - 1: "", index + 1: "years"})
        elif verb in ("have", "has"):
            form = _BE_FOR.get(sentence.word(index - 2), "are" if verb == "have" else "is")
            yield Edit(max(index - 2, 0), index + 2, {index - 1: form, index + 1: "years"})
        elif verb in lexicon.BE_PRESENT and _lacks_plural(sentence, index):
            yield Edit(index - 1, index + 2, {index + 1: "years"})


def _describes(sentence: Sentence, index: int) -> bool:
    """Say whether an age describes the noun at token `index`: `a 3 year old son`."""
    word = sentence.word(index)
    return is_countable(word) or count_of(word) is not None


def aged_noun(sentence: Sentence) -> Iterator[Edit]:
    """Find mistakes such as `I have 3 year old son.`."""
    for index in range(1, len(sentence) - 3):
        number, unit = sentence.word(index), sentence.word(index + 1)
        if sentence.word(index - 1) not in ("have", "has", "had") or not lexicon.is_number(number):
            continue
        if unit not in ("year", "years", "month", "months") or sentence.word(index + 2) != "old":
            continue
        noun = sentence.word(index + 3)
        if is_countable(noun) and count_of(noun) is not Count.MANY:
            article = "an" if number.startswith(_VOWEL_NUMBERS) else "a"
            changes = {index: f"{article} {sentence.text(index)}", index + 1: unit.removesuffix("s")}
            yield Edit(index - 1, index + 3, changes)


def _lacks_plural(sentence: Sentence, number: int) -> bool:
    """Tell `I am 25 year old` from `a 25 year old car`."""
    unit, following = sentence.word(number + 1), sentence.word(number + 3)
    return unit == "year" and sentence.word(number) not in ("one", "1") and not readings(following)


def since_duration(sentence: Sentence) -> Iterator[Edit]:
    """Find mistakes such as `I am living here since two years.`."""
    for index in range(len(sentence) - 2):
        amount = index + 2 if sentence.word(index + 1) in ("last", "past", "the") else index + 1
        number, unit = sentence.word(amount), sentence.word(amount + 1)
        counted = lexicon.is_number(number) or number in lexicon.FEW
        if sentence.word(index) != "since" or not counted or unit not in lexicon.TIME_UNITS:
            continue
        if sentence.word(amount + 2) not in lexicon.AUXILIARIES | {"ago", "passed", "before", "earlier"}:
            yield Edit(index, amount + 1, {index: "for"})
