"""Rules about helping verbs and the form after them: `have written`, `am busy`, `don't like`, `can go`."""

from collections.abc import Iterator

from worker.engines.offline import lexicon
from worker.engines.offline.clauses import clause_start, has_word, opens_clause, subject_at
from worker.engines.offline.morphology import (
    has_distinct_participle,
    inflect,
    ing_lemma,
    is_base_verb,
    is_only_verb,
    past_lemma,
    readings,
)
from worker.engines.offline.rule import Rule, lesson
from worker.engines.offline.text import Edit, Sentence
from worker.engines.offline.vocabulary import FEELING_ADJECTIVES

_HAVE = lexicon.HAVE | {"haven't", "hasn't", "hadn't", "havent", "hasnt"}
_BETWEEN = lexicon.FRONT_ADVERBS | {"not", "ever", "been", "recently", "all"}
_LASTING = lexicon.word_set("go work live wait study learn play stay sit sleep talk walk try travel look teach think")
_BE_OF = {"i": "am", "he": "is", "she": "is", "it": "is", "we": "are", "you": "are", "they": "are"}
_VERY = frozenset({"very", "so", "too", "really", "not", "always", "just", "also", "still"})
_TAKES_TO = lexicon.word_set("able unable ready willing likely unlikely eager supposed going allowed prepared inclined")
_MODALS = lexicon.MODALS - {"'ll"}
_NEGATIVES = {"nothing": "anything", "nobody": "anybody", "nowhere": "anywhere", "no one": "anyone"}
_DOUBLE_NEGATIVE_VERBS = frozenset({"don't", "doesn't", "didn't", "dont", "doesnt", "didnt"})


def _participle(sentence: Sentence) -> Iterator[Edit]:
    for index in range(len(sentence) - 1):
        word = sentence.word(index)
        if word not in _HAVE and not (word == "'s" and sentence.word(index + 1) == "been"):
            continue
        at = index + 1
        if (subject := subject_at(sentence, at)) is not None and subject.pronoun:
            if not (index == 0 or sentence.word(index - 1) in lexicon.WH_WORDS):
                continue
            at = subject.last + 1
        while sentence.word(at) in _BETWEEN:
            at += 1
        new = _participle_of(sentence, at)
        if sentence.word(index - 1) in lexicon.MODALS | {"to"} and is_base_verb(sentence.word(at)):
            continue
        if new is not None and not (word == "had" and sentence.word(at) in ("better", "rather")):
            yield Edit(index, at, {at: new})


def _participle_of(sentence: Sentence, at: int) -> str | None:
    word, been = sentence.word(at), sentence.word(at - 1) == "been"
    past = past_lemma(word)
    if word in lexicon.BE:
        return None
    if past is not None:
        return inflect(past, "VBN") if inflect(past, "VBN") != word and word[-2:] != "ed" else None
    if not is_base_verb(word) or not has_distinct_participle(word) or word in ("let", "have", "do", "been"):
        return None
    if been:
        lasting = word in _LASTING
        return inflect(word, "VBG" if lasting else "VBN") if lasting or is_only_verb(word) else None
    plain = is_only_verb(word) or word in ("go", "eat", "see", "come", "take")
    return inflect(word, "VBN") if plain and sentence.word(at - 1) not in ("'s", "all") else None


def _was_been(sentence: Sentence) -> Iterator[Edit]:
    for index in range(1, len(sentence) - 1):
        word, before = sentence.word(index), sentence.word(index - 1)
        if word not in ("was", "were", "wasn't", "weren't") or sentence.word(index + 1) != "been":
            continue
        if has_word(sentence, frozenset({"since", "for"}), index + 2, len(sentence)):
            helper = "have" if before in ("i", "we", "you", "they") else "has"
            yield Edit(index, index + 1, {index: helper + word[word.find("n't") :] if "n't" in word else helper})
        else:
            yield Edit(index, index + 1, {index + 1: ""})


def _missing_be(sentence: Sentence) -> Iterator[Edit]:
    for index in range(len(sentence) - 1):
        subject = subject_at(sentence, index)
        if subject is None or not opens_clause(sentence, index) or sentence.word(index - 1) in ("and", "or"):
            continue
        if has_word(sentence, lexicon.AUXILIARIES | {"make", "makes", "made"}, 0, index):
            continue
        at = subject.last + 1
        while sentence.word(at) in _VERY:
            at += 1
        word, following = sentence.word(at), sentence.word(at + 1)
        direct = at == subject.last + 1
        state = word in FEELING_ADJECTIVES - {"worried", "tired"} or (not direct and word in _PREDICATES)
        pronoun = sentence.word(index) if subject.pronoun else ""
        if not state or not (pronoun in _BE_OF or (not subject.pronoun and not direct and subject.third_person)):
            continue
        if following in ("", ",", "and", "but", "today", "now", "because") or following in lexicon.PREPOSITIONS | {"that"}:
            yield Edit(index, at, {subject.last: f"{sentence.text(subject.last)} {_BE_OF.get(pronoun, 'is')}"})


_PREDICATES = FEELING_ADJECTIVES | lexicon.word_set(
    "bad beautiful big cheap cold costly difficult easy expensive fast friendly funny good handsome hard honest hot "
    "important interesting kind nice old polite rude serious short simple small smart strong sweet tall young "
    "boring strict helpful talented intelligent clever cute crowded dirty clean far late"
)


def _not_and_base(sentence: Sentence) -> Iterator[Edit]:
    for index in range(len(sentence) - 2):
        subject = subject_at(sentence, index)
        if subject is None or not opens_clause(sentence, index) or sentence.word(subject.last + 1) not in ("not", "no"):
            continue
        at = subject.last + 1
        verb = sentence.word(at + 1)
        no_noun = sentence.word(at) == "not" or sentence.word(at + 2) not in ("", "of")
        asks = has_word(sentence, lexicon.AUXILIARIES | lexicon.WH_WORDS | {"if", "or"}, 0, index)
        known = verb in lexicon.EVERYDAY_ACTIONS | {"like", "want", "know", "need", "have", "understand", "feel"}
        if asks or not no_noun or not is_base_verb(verb) or not (known or is_only_verb(verb)) or not subject.pronoun:
            continue
        yield Edit(index, at + 1, {at: "doesn't" if subject.third_person else "don't"})


def _modal_pairs(sentence: Sentence) -> Iterator[Edit]:
    for index in range(len(sentence) - 2):
        word, following = sentence.word(index), sentence.word(index + 1)
        able = following == "able" and sentence.word(index + 2) == "to"
        if word in ("can", "could", "cannot", "can't", "couldn't") and able:
            yield Edit(index, index + 2, {index + 1: "", index + 2: ""})
        elif word in ("will", "would", "should", "must", "may", "might") and able:
            yield Edit(index, index + 2, {index + 1: "be able"})
        elif word in ("must", "can", "should") and following == "have" and sentence.word(index + 2) == "to":
            if is_base_verb(sentence.word(index + 3)):
                yield Edit(index, index + 2, {index + 1: "", index + 2: ""})
        elif word in ("will", "must", "should", "would") and following in ("can", "must", "will"):
            new = {"will": "will be able to", "would": "would be able to"}.get(word, word)
            if is_base_verb(sentence.word(index + 2)) and following == "can":
                yield Edit(index, index + 2, {index: new, index + 1: ""})


def _do_and_other(sentence: Sentence) -> Iterator[Edit]:
    """`don't can` and `does someone can` have one helping verb too many."""
    for index in range(len(sentence) - 2):
        word, following = sentence.word(index), sentence.word(index + 1)
        negative = {"don't": "n't", "doesn't": "n't"}.get(word)
        if negative and following in ("can", "will", "should", "must"):
            forms = {"can": "can't", "will": "won't", "should": "shouldn't", "must": "mustn't"}
            yield Edit(index, index + 1, {index: forms[following], index + 1: ""})
            continue
        subject = subject_at(sentence, index + 1)
        if word not in ("do", "does", "did") or subject is None or not opens_clause(sentence, index):
            continue
        modal = sentence.word(subject.last + 1)
        if modal in _MODALS and is_base_verb(sentence.word(subject.last + 2)):
            yield Edit(index, subject.last + 1, {index: modal, subject.last + 1: ""})


def _lets_not(sentence: Sentence) -> Iterator[Edit]:
    for index in range(len(sentence) - 2):
        if sentence.word(index) in ("let", "lets") and sentence.word(index + 1) in ("'s", "don't"):
            at = index + 1 if sentence.word(index) == "lets" else index + 2
            if sentence.word(at) in ("don't", "dont") and is_base_verb(sentence.word(at + 1)):
                yield Edit(index, at + 1, {at: "not"})


def _double_negative(sentence: Sentence) -> Iterator[Edit]:
    for index in range(len(sentence) - 2):
        if sentence.word(index) not in _DOUBLE_NEGATIVE_VERBS or sentence.word(index - 1) in ("why", "if"):
            continue
        at = index + 2
        if is_base_verb(sentence.word(index + 1)) and sentence.word(at) in _NEGATIVES:
            yield Edit(index, at, {at: _NEGATIVES[sentence.word(at)]})


def _able_and_base(sentence: Sentence) -> Iterator[Edit]:
    for index in range(1, len(sentence) - 1):
        word, verb = sentence.word(index), sentence.word(index + 1)
        helped = sentence.word(index - 1) in lexicon.BE | {"not", "be", "been", "very", "always"}
        if word not in _TAKES_TO or not helped or not is_base_verb(verb):
            continue
        if word == "going" and verb not in ("buy", "eat", "meet", "learn", "teach", "become", "start", "sleep", "cook"):
            continue
        if is_only_verb(verb) or (verb in lexicon.EVERYDAY_ACTIONS and word in ("able", "unable", "going")):
            yield Edit(index, index + 1, {index + 1: f"to {sentence.text(index + 1)}"})


def _born(sentence: Sentence) -> Iterator[Edit]:
    for index in range(len(sentence) - 1):
        verb, before = sentence.word(index), sentence.word(index - 1)
        if sentence.word(index + 1) != "born" or sentence.word(index + 2) not in ("in", "on", "at"):
            continue
        if verb in lexicon.BE_PRESENT and verb != "'s" and before in lexicon.PRONOUNS:
            past = "was" if before in ("i", "he", "she", "it") else "were"
            yield Edit(index - 1, index + 1, {index: f" {past}" if verb.startswith("'") else past})
        elif before in lexicon.PRONOUNS | lexicon.PERSONS and verb in ("did", "have", "has"):
            yield Edit(index, index + 1, {index: "was"})
        elif verb in lexicon.PRONOUNS and opens_clause(sentence, index):
            past = "was" if verb in ("i", "he", "she", "it") else "were"
            yield Edit(index, index + 1, {index: f"{sentence.text(index)} {past}"})


def _did_ing(sentence: Sentence) -> Iterator[Edit]:
    start = clause_start(sentence)
    for index in range(start, len(sentence) - 1):
        subject = subject_at(sentence, index)
        if subject is None or not opens_clause(sentence, index):
            continue
        at = subject.last + 1
        helper, main = sentence.word(at), sentence.word(at + 1)
        lemma = ing_lemma(main)
        adjective = readings(main).get("ADJ") and lemma not in lexicon.EVERYDAY_ACTIONS
        if lemma is None or adjective or not subject.pronoun:
            continue
        if helper in ("don't", "doesn't", "didn't") and is_base_verb(lemma) and main not in ("nothing", "anything", "something", "everything", "during"):
            yield Edit(index, at + 1, {at + 1: lemma})
        elif helper == "did" and is_base_verb(lemma) and main not in ("nothing", "anything", "something", "everything"):
            if lemma in ("go", "walk", "come", "eat", "play", "run", "speak", "talk", "see", "meet", "read", "write"):
                yield Edit(index, at + 1, {at + 1: lemma})


PARTICIPLE = Rule(
    "participle",
    lesson(
        "verb form",
        15,
        '"have", "has", "had" ke baad verb ka teesra form aata hai',
        '"हैव", "हैज़", "हैड" के बाद वर्ब का तीसरा फ़ॉर्म आता है',
    ),
    _participle,
    fires=(
        ("I have saw this film.", "I have seen this film."),
        ("She has not wrote to me.", "She has not written to me."),
        ("what have you did", "what have you done"),
        ("The bridge has been destroy.", "The bridge has been destroyed."),
        ("we have been wait for an hour", "we have been waiting for an hour"),
        ("They must have forgot it.", "They must have forgotten it."),
    ),
    silent=(
        "I have seen this film.",
        "Those who have left were tired.",
        "I have work to do.",
        "You had better go.",
        "All I have is yours.",
        "What do you have come here for?",
    ),
)

WAS_BEEN = Rule(
    "was_been",
    lesson(
        "verb tense",
        13,
        '"was" aur "been" saath nahi aate',
        '"वॉज़" और "बीन" साथ नहीं आते',
    ),
    _was_been,
    fires=(
        ("I was been ill yesterday.", "I was ill yesterday."),
        ("she was been here since morning", "she has been here since morning"),
    ),
    silent=("She has been here since morning.", "I was being careful."),
)

MISSING_BE = Rule(
    "missing_be",
    lesson(
        "missing verb",
        18,
        'Is sentence mein verb nahi hai; haalat batane ke liye "am", "is" ya "are" lagta hai',
        'इस सेंटेंस में वर्ब नहीं है; हालत बताने के लिए "ऐम", "इज़" या "आर" लगता है',
    ),
    _missing_be,
    fires=(
        ("I afraid of dogs.", "I am afraid of dogs."),
        ("He very happy today.", "He is very happy today."),
        ("my teacher very strict", "my teacher is very strict"),
        ("we ready for the trip", "we are ready for the trip"),
    ),
    silent=(
        "I am afraid of dogs.",
        "Is he happy?",
        "I wonder who makes you happy.",
        "He really likes tea.",
        "They made him sad.",
        "It always rains.",
    ),
)

NOT_AND_BASE = Rule(
    "not_and_base",
    lesson(
        "negative sentence",
        17,
        '"not" akela verb se pehle nahi aata: "don\'t" ya "doesn\'t" chahiye',
        '"नॉट" अकेला वर्ब से पहले नहीं आता: "डोन्ट" या "डज़न्ट" चाहिए',
    ),
    _not_and_base,
    fires=(
        ("I not like coffee.", "I don't like coffee."),
        ("she not know him", "she doesn't know him"),
        ("I no have a bike", "I don't have a bike"),
    ),
    silent=("I do not like coffee.", "Why not go home?", "Not many know.", "I hope not."),
)

MODAL_PAIRS = Rule(
    "two_modals",
    lesson(
        "modal verb",
        13,
        "Ek hi matlab ke do helping verb saath nahi aate",
        "एक ही मतलब के दो हेल्पिंग वर्ब साथ नहीं आते",
    ),
    _modal_pairs,
    fires=(
        ("I can able to swim.", "I can swim."),
        ("you must have to wear a helmet", "you must wear a helmet"),
        ("She will able to come.", "She will be able to come."),
        ("I will can help you.", "I will be able to help you."),
    ),
    silent=("I am able to swim.", "You must have gone.", "I will be able to come.", "Can he?"),
)

DO_AND_OTHER = Rule(
    "do_and_modal",
    lesson(
        "helping verb",
        15,
        'Ek helping verb kaafi hai: "do" aur "can" saath nahi aate',
        'एक हेल्पिंग वर्ब काफ़ी है: "डू" और "कैन" साथ नहीं आते',
    ),
    _do_and_other,
    fires=(
        ("I don't can swim.", "I can't swim."),
        ("Do you can help me?", "Can you help me?"),
        ("does anybody can tell me the time", "can anybody tell me the time"),
    ),
    silent=("Can you help me?", "Whatever they do we can do too.", "I do what I can do."),
)

LETS_NOT = Rule(
    "lets_not",
    lesson(
        "negative sentence",
        8,
        '"Let\'s" ke baad "don\'t" nahi, "not" aata hai',
        '"लेट्स" के बाद "डोन्ट" नहीं, "नॉट" आता है',
    ),
    _lets_not,
    fires=(("Let's don't fight.", "Let's not fight."),),
    silent=("Let's not fight.", "He lets me go."),
)

DOUBLE_NEGATIVE = Rule(
    "double_negative",
    lesson(
        "negative sentence",
        10,
        'Ek sentence mein ek hi "nahi" kaafi hai',
        'एक सेंटेंस में एक ही "नहीं" काफ़ी है',
    ),
    _double_negative,
    fires=(
        ("I don't know nothing about it.", "I don't know anything about it."),
        ("she didn't meet nobody", "she didn't meet anybody"),
    ),
    silent=("I don't know anything.", "I know nothing.", "It doesn't matter; nothing does."),
)

ABLE_BASE = Rule(
    "able_to",
    lesson(
        "verb pattern",
        12,
        'Yahan verb se pehle "to" aata hai',
        'यहाँ वर्ब से पहले "टू" आता है',
    ),
    _able_and_base,
    fires=(
        ("I am able speak English.", "I am able to speak English."),
        ("she is not willing listen", "she is not willing to listen"),
        ("we are going buy a car", "we are going to buy a car"),
    ),
    silent=("I am able to speak.", "He is ready now.", "We are going home.", "They are likely guests."),
)

BORN = Rule(
    "born",
    lesson(
        "verb tense",
        12,
        'Janm beet chuka hai, isliye "was born" ya "were born" kehte hain',
        'जन्म बीत चुका है, इसलिए "वॉज़ बॉर्न" या "वर बॉर्न" कहते हैं',
    ),
    _born,
    fires=(
        ("I am born in Delhi.", "I was born in Delhi."),
        ("I born in 1999", "I was born in 1999"),
    ),
    silent=("I was born in Delhi.", "Many are born in March."),
)

DID_ING = Rule(
    "did_and_ing",
    lesson(
        "verb form",
        15,
        '"do", "does", "did" ke baad "-ing" nahi, verb ka pehla form aata hai',
        '"डू", "डज़", "डिड" के बाद "आई एन जी" नहीं, वर्ब का पहला फ़ॉर्म आता है',
    ),
    _did_ing,
    fires=(
        ("I didn't going there.", "I didn't go there."),
        ("he doesn't eating meat", "he doesn't eat meat"),
        ("She did walking to school.", "She did walk to school."),
    ),
    silent=("I did nothing.", "She did shopping for us.", "I don't like swimming."),
)

RULES = (
    MISSING_BE,
    NOT_AND_BASE,
    PARTICIPLE,
    DID_ING,
    DO_AND_OTHER,
    WAS_BEEN,
    MODAL_PAIRS,
    ABLE_BASE,
    BORN,
    DOUBLE_NEGATIVE,
    LETS_NOT,
)
