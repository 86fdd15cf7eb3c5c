"""Rules about the verb after `be`: missing or unwanted -ing, past after `be`, verbs of state."""

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
from worker.engines.offline.rule import Lesson, Rule
from worker.engines.offline.text import Edit, Sentence

_NO_STATEMENT_AFTER = frozenset({"who", "what", "how", "where", "as", "here", "there", "all", "that"})
_ALSO_ADJECTIVES = frozenset({"mean", "own"})
_HAVING_ADJECTIVES = lexicon.word_set(
    "big small good nice new old own beautiful large red black white great lot"
)


def _be_groups(sentence: Sentence) -> Iterator[VerbGroup]:
    for group in verb_groups(sentence, lexicon.BE):
        start = group.at if group.asked else group.subject.first
        if group.asked and sentence.word(start - 1) == "how" and sentence.word(group.subject.first) == "you":
            continue
        if group.asked or sentence.word(start - 1) not in _NO_STATEMENT_AFTER:
            yield group


def _be_and_base(sentence: Sentence) -> Iterator[Edit]:
    for group in _be_groups(sentence):
        verb = sentence.word(group.main)
        if sentence.word(group.subject.first) == "it" or sentence.text(group.main).istitle():
            continue
        if group.asked and not (group.subject.pronoun or sentence.word(group.subject.last) in lexicon.PERSONS):
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
    if verb in lexicon.NEVER_BARE | lexicon.STATIVE or not is_base_verb(verb):
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


def _be_and_past(sentence: Sentence) -> Iterator[Edit]:
    for group in _be_groups(sentence):
        verb = sentence.word(group.main)
        lemma = past_lemma(verb)
        if group.asked or group.negated or lemma is None or inflect(lemma, "VBN") == verb or verb[-2:] == "ed":
            continue
        if set(readings(verb)) <= {"VERB", "AUX"} and sentence.word(group.at) != "'s":
            yield Edit(group.subject.first, group.main, {group.at: ""})


def _be_and_state(sentence: Sentence) -> Iterator[Edit]:
    for group in _be_groups(sentence):
        verb = sentence.word(group.main)
        if verb in lexicon.STATIVE - _ALSO_ADJECTIVES and group.auxiliary in lexicon.BE_PRESENT:
            yield _simple(sentence, group, verb)


def _state_in_progress(sentence: Sentence) -> Iterator[Edit]:
    for group in _be_groups(sentence):
        lemma = ing_lemma(sentence.word(group.main))
        if lemma in lexicon.STATIVE and _means_state(sentence, group.main, lemma):
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


def _having(sentence: Sentence) -> Iterator[Edit]:
    for group in _be_groups(sentence):
        if sentence.word(group.main) == "having" and _is_possession(sentence, group.main + 1):
            yield _simple(sentence, group, "have")


def _is_possession(sentence: Sentence, index: int) -> bool:
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
    return f" {word}" if sentence.word(index).startswith("'") else word


BE_BASE = Rule(
    "be_and_base",
    Lesson(
        "verb form",
        20,
        'Aapne "{wrong}" kaha. "am", "is", "are" ke baad seedha verb nahi aata, verb ka form badalta hai: '
        '"{right}" kahiye.',
        'आपने "{wrong}" कहा। "ऐम", "इज़", "आर" के बाद सीधा वर्ब नहीं आता, वर्ब का फ़ॉर्म बदलता है: "{right}" कहिए।',
    ),
    _be_and_base,
    fires=(
        ("I am go to market", "I am going to the market"),
        ("I am go market", "I am going to the market"),
        ("we are go school", "we are going to school"),
        ("I'm go to the office now.", "I'm going to the office now."),
        ("He is play cricket in the park", "He is playing cricket in the park"),
        ("My brother is work in Pune", "My brother is working in Pune"),
        ("Are you come to the party?", "Are you coming to the party?"),
        ("we are not attend the class today", "we are not attending the class today"),
        ("I am confuse about this", "I am confused about this"),
    ),
    silent=(
        "I am fine.",
        "I am back.",
        "All you have to do is ask.",
        "How are you thank you for asking",
        "They are put in a box.",
        "She is free today.",
        "He is come and gone.",
    ),
)

BE_PAST = Rule(
    "be_and_past",
    Lesson(
        "verb tense",
        20,
        'Aapne "{wrong}" kaha. Yahan verb khud past mein hai, isliye "am", "is", "was" nahi lagta: '
        '"{right}" kahiye.',
        'आपने "{wrong}" कहा। यहाँ वर्ब ख़ुद पास्ट में है, इसलिए "ऐम", "इज़", "वॉज़" नहीं लगता: "{right}" कहिए।',
    ),
    _be_and_past,
    fires=(
        ("I am went to Delhi", "I went to Delhi"),
        ("He was came late", "He came late"),
    ),
    silent=("I am gone.", "She was born in Pune.", "He is done with his work."),
)

BE_STATE = Rule(
    "be_and_state",
    Lesson(
        "verb form",
        17,
        'Aapne "{wrong}" kaha. Yeh verb akela hi kaafi hai, uske pehle "am", "is", "are" nahi lagta: '
        '"{right}" kahiye.',
        'आपने "{wrong}" कहा। यह वर्ब अकेला ही काफ़ी है, उसके पहले "ऐम", "इज़", "आर" नहीं लगता: "{right}" कहिए।',
    ),
    _be_and_state,
    fires=(
        ("I am agree with you.", "I agree with you."),
        ("She is know my name", "She knows my name"),
        ("We are not agree.", "We don't agree."),
    ),
    silent=("I agree with you.", "I am in agreement.", "They are mean to me."),
)

STATE_IN_PROGRESS = Rule(
    "state_in_progress",
    Lesson(
        "stative verb",
        14,
        'Aapne "{wrong}" kaha. "know", "want", "believe" jaise verb haalat batate hain, kaam nahi, isliye '
        '"-ing" nahi lagta: "{right}" kahiye.',
        'आपने "{wrong}" कहा। "नो", "वॉन्ट", "बिलीव" जैसे वर्ब हालत बताते हैं, काम नहीं, '
        'इसलिए "आई एन जी" नहीं लगता: '
        '"{right}" कहिए।',
    ),
    _state_in_progress,
    fires=(
        ("She is knowing the answer.", "She knows the answer."),
        ("I am not understanding this", "I don't understand this"),
        ("Are you knowing him?", "Do you know him?"),
        ("I'm not believing it", "I don't believe it"),
    ),
    silent=("She is understanding and kind.", "I am meaning to call you.", "I am thinking about it."),
)

HAVING = Rule(
    "having",
    Lesson(
        "stative verb",
        14,
        'Aapne "{wrong}" kaha. Jo aapke paas hai, uske liye "having" nahi, "have" ya "has" kehte hain: '
        '"{right}".',
        'आपने "{wrong}" कहा। जो आपके पास है, उसके लिए "हैविंग" नहीं, "हैव" या "हैज़" कहते हैं: "{right}"।',
    ),
    _having,
    fires=(
        ("I am having two cars", "I have two cars"),
        ("She is having a big house.", "She has a big house."),
        ("Are you having a car?", "Do you have a car?"),
        ("We are having three daughters", "We have three daughters"),
    ),
    silent=(
        "I am having lunch.",
        "We are having fun.",
        "She is having a baby.",
        "I am having a party at my house.",
        "He is having a bath.",
        "I am having trouble with my car.",
        "We are having a family dinner.",
    ),
)

RULES = (BE_BASE, BE_PAST, BE_STATE, STATE_IN_PROGRESS, HAVING)
