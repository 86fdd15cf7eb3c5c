"""The verb after `be`: what finds the mistakes."""

from collections.abc import Iterator

from worker.engines.offline import lexicon
from worker.engines.offline.clauses import VerbGroup, verb_groups
from worker.engines.offline.morphology import (
    has_distinct_participle,
    inflect,
    ing_lemma,
    is_base_verb,
    is_only_verb,
    noun_lemma,
    past_lemma,
    readings,
)
from worker.engines.offline.text import Edit, Sentence
from worker.engines.offline.vocabulary import NAMES

_NO_STATEMENT_AFTER = frozenset({"who", "what", "how", "where", "as", "here", "there", "all", "that"})
_ALSO_ADJECTIVES = frozenset({"mean", "own"})
_HAVING_ADJECTIVES = lexicon.word_set(
    "big small good nice new old own beautiful large red black white great lot"
)


def _be_groups(sentence: Sentence) -> Iterator[VerbGroup]:
    """Yield groups with `be`, but not those of `how are you` and clauses such as `who you are`."""
    for group in verb_groups(sentence, lexicon.BE):
        start = group.at if group.asked else group.subject.first
        if group.asked and sentence.word(start - 1) == "how" and sentence.word(group.subject.first) == "you":
            continue
        if group.asked or sentence.word(start - 1) not in _NO_STATEMENT_AFTER:
            yield group


def be_and_base(sentence: Sentence) -> Iterator[Edit]:
    """Find mistakes such as `I am go to market`."""
    for group in _be_groups(sentence):
        verb = sentence.word(group.main)
        if sentence.word(group.subject.first) == "it" or sentence.text(group.main).istitle():
            continue
        if group.asked and not (
            group.subject.pronoun or sentence.word(group.subject.last) in lexicon.PERSONS
        ):
            continue
        if verb in lexicon.FEELINGS:
            yield Edit(group.first, group.main, {group.main: inflect(verb, "VBN")})
        elif sentence.word(group.at) == "'s" and verb == "come":
            continue
        elif _is_bare_action(verb) and not _is_come_and(sentence, group.main):
            last, changes = _with_destination(sentence, group.main)
            yield Edit(group.first, last, {group.main: inflect(verb, "VBG"), **changes})


def _is_bare_action(verb: str) -> bool:
    """Say whether `verb` is surely a base form, and not a noun or an adjective."""
    if verb in lexicon.NEVER_BARE | lexicon.STATIVE | NAMES or not is_base_verb(verb):
        return False
    if verb in lexicon.EVERYDAY_ACTIONS:
        return True
    return is_only_verb(verb) and has_distinct_participle(verb)


def _is_come_and(sentence: Sentence, verb: int) -> bool:
    """Leave `he is come and gone`, and `I am come from Pune`, which needs the simple tense."""
    return sentence.word(verb) == "come" and sentence.word(verb + 1) in ("and", "from")


def _with_destination(sentence: Sentence, verb: int) -> tuple[int, dict[int, str]]:
    """Take a following `to market` or `market` into the correction, as `to the market`."""
    has_to = sentence.word(verb + 1) == "to"
    at = verb + 2 if has_to else verb + 1
    place, beyond = sentence.word(at), sentence.word(at + 1)
    article = "the " if place in lexicon.PLACES_WITH_THE else ""
    lacks_to = not has_to and sentence.word(verb) == "go"
    lacks_words = (
        bool(article) if has_to else lacks_to and (article or place in lexicon.PLACES_WITHOUT_ARTICLE)
    )
    compound = noun_lemma(beyond) and beyond not in lexicon.FRONT_ADVERBS | lexicon.PREPOSITIONS
    if compound or not lacks_words:
        return verb, {}
    return at, {at: f"{'' if has_to else 'to '}{article}{sentence.text(at)}"}


def be_and_past(sentence: Sentence) -> Iterator[Edit]:
    """Find mistakes such as `I am went to Delhi`."""
    for group in _be_groups(sentence):
        verb = sentence.word(group.main)
        lemma = past_lemma(verb)
        if (
            group.asked
            or group.negated
            or lemma is None
            or inflect(lemma, "VBN") == verb
            or verb[-2:] == "ed"
        ):
            continue
        if set(readings(verb)) <= {"VERB", "AUX"} and sentence.word(group.at) != "'s":
            yield Edit(group.subject.first, group.main, {group.at: ""})


def be_and_state(sentence: Sentence) -> Iterator[Edit]:
    """Find mistakes such as `I am agree with you.`."""
    for group in _be_groups(sentence):
        verb = sentence.word(group.main)
        if verb in lexicon.STATIVE - _ALSO_ADJECTIVES and group.auxiliary in lexicon.BE_PRESENT:
            yield _simple(sentence, group, verb)


def state_in_progress(sentence: Sentence) -> Iterator[Edit]:
    """Find mistakes such as `She is knowing the answer.`."""
    for group in _be_groups(sentence):
        lemma = ing_lemma(sentence.word(group.main))
        doing = sentence.word(group.subject.last).endswith("ing")
        if lemma in lexicon.STATIVE and not doing and _means_state(sentence, group.main, lemma):
            yield _simple(sentence, group, lemma)


def _means_state(sentence: Sentence, main: int, lemma: str) -> bool:
    """Tell the state from the adjective (`she is understanding`) and the intention (`meaning to`)."""
    following = sentence.word(main + 1)
    if lemma in ("agree", "disagree", "mean", "seem"):
        return False
    if lemma == "depend":
        return sentence.word(0) == "it"
    if lemma in ("understand", "want", "doubt"):
        return following in lexicon.DETERMINERS | lexicon.OBJECT_PRONOUNS | lexicon.WH_WORDS | {"to", "on"}
    return True


def having(sentence: Sentence) -> Iterator[Edit]:
    """Find mistakes such as `I am having two cars`."""
    for group in _be_groups(sentence):
        if sentence.word(group.main) == "having" and _is_possession(sentence, group.main + 1):
            yield _simple(sentence, group, "have")


def _is_possession(sentence: Sentence, index: int) -> bool:
    """Say whether a thing one owns, not a meal or a party, begins at token `index`."""
    counted = is_plural = False
    while (word := sentence.word(index)) in lexicon.DETERMINERS | lexicon.FEW | _HAVING_ADJECTIVES | {
        "of"
    } or (lexicon.is_number(word)):
        counted = counted or (lexicon.is_number(word) and word not in ("one", "1"))
        index += 1
    noun = noun_lemma(word)
    following = sentence.word(index + 1)
    is_plural = counted and noun != word
    head_ends = not noun_lemma(following) or following in lexicon.PREPOSITIONS | lexicon.CLAUSE_OPENERS
    return head_ends and (noun in lexicon.POSSESSIONS or (is_plural and noun in lexicon.COUNTED_KIN))


def _simple(sentence: Sentence, group: VerbGroup, lemma: str) -> Edit:
    """Turn `be` + verb into the simple tense: `I know`, `I don't know`, `Do you know`."""
    subject, past = group.subject, group.auxiliary in lexicon.BE_PAST
    helper = "did" if past else "does" if subject.third_person else "do"
    finite = inflect(lemma, "VBD") if past else inflect(lemma, "VBZ") if subject.third_person else lemma
    changes = {index: "" for index in range(group.at + 1, group.main) if sentence.word(index) == "not"}
    if group.asked:
        return Edit(group.at, group.main, {**changes, group.at: helper, group.main: lemma})
    if group.negated:
        changes |= {group.at: _spaced(sentence, group.at, f"{helper}n't"), group.main: lemma}
    else:
        changes |= {group.at: "", group.main: finite}
    return Edit(subject.first, group.main, changes)


def _spaced(sentence: Sentence, index: int, word: str) -> str:
    """Put a space before a word that takes the place of a leaning clitic (`I'm`)."""
    return f" {word}" if sentence.word(index).startswith("'") else word
