"""Rules about order and joining: adverbs, doubled conjunctions, words said twice, conditions."""

from collections.abc import Iterator

from worker.engines.offline import lexicon
from worker.engines.offline.clauses import subject_at
from worker.engines.offline.morphology import inflect, is_base_verb, is_participle, readings
from worker.engines.offline.rule import Rule, lesson
from worker.engines.offline.text import Edit, Sentence

_FREQUENCY = frozenset({"often", "always", "never", "usually", "rarely", "seldom", "already"})
_TWICE = {"return": "back", "revert": "back", "repeat": "again", "rewrite": "again", "recollect": "back", "retreat": "back"}
_TIME_OPENERS = frozenset({"when", "if", "after", "before", "until", "unless", "till", "as"})
_CONCESSION = frozenset({"although", "though"})


def _adverb(sentence: Sentence) -> Iterator[Edit]:
    """`have been often seen` and `they often have been seen`: the adverb follows the first helping verb."""
    for index in range(1, len(sentence) - 1):
        word = sentence.word(index)
        if word not in _FREQUENCY:
            continue
        first, second = sentence.word(index - 2), sentence.word(index - 1)
        after, main = sentence.word(index + 1), sentence.word(index + 2)
        if first in lexicon.HAVE and second == "been" and is_participle(after):
            yield Edit(index - 2, index, {index - 1: f"{word} been", index: ""})
        elif after in ("have", "has", "had") and main == "been" and subject_before(sentence, index):
            yield Edit(index - 1, index + 1, {index: "", index + 1: f"{sentence.text(index + 1)} {word}"})
        elif after in ("will", "can", "should") and is_base_verb(main) and sentence.word(index - 1) in lexicon.PRONOUNS:
            if len(sentence) > index + 3 and word != "never":
                yield Edit(index - 1, index + 1, {index: "", index + 1: f"{sentence.text(index + 1)} {word}"})


def subject_before(sentence: Sentence, index: int) -> bool:
    """Say whether a pronoun subject ends just before token `index`."""
    return sentence.word(index - 1) in lexicon.PRONOUNS


def _object_first(sentence: Sentence) -> Iterator[Edit]:
    """`I like very much cricket`: the object comes first."""
    for index in range(1, len(sentence) - 3):
        if sentence.word(index) not in ("like", "likes", "love", "enjoy", "liked", "enjoyed"):
            continue
        if sentence.word(index + 1) != "very" or sentence.word(index + 2) != "much":
            continue
        rest = range(index + 3, len(sentence))
        if len(rest) <= 3 and all(sentence.word(at) not in lexicon.PREPOSITIONS | lexicon.AUXILIARIES | {"and", "but", "when", "because", ","} for at in rest):
            last = len(sentence) - 1
            yield Edit(index, last, {index + 1: "", index + 2: "", last: f"{sentence.text(last)} very much"})


def _enough(sentence: Sentence) -> Iterator[Edit]:
    for index in range(1, len(sentence) - 1):
        adjective = sentence.word(index + 1)
        plain = set(readings(adjective)) == {"ADJ"} or adjective in ("old", "tall", "good", "strong", "rich", "big")
        if sentence.word(index) == "enough" and sentence.word(index - 1) in lexicon.BE | {"not"} and plain:
            if sentence.word(index + 2) in ("", "to", "for", ","):
                yield Edit(index, index + 1, {index: "", index + 1: f"{sentence.text(index + 1)} enough"})


def _doubled(sentence: Sentence) -> Iterator[Edit]:
    """`although …, but …` and `because …, so …` join once too often."""
    for index in range(min(3, len(sentence))):
        opener = sentence.word(index)
        if index and sentence.word(index - 1) not in ("and", "but", "so", ","):
            continue
        closer = "but" if opener in _CONCESSION else "so" if opener in ("because", "since", "as") else ""
        for at in range(index + 3, len(sentence) - 1):
            joined = sentence.word(at) == closer and subject_at(sentence, at + 1) is not None
            if closer and joined and (opener not in ("since", "as") or sentence.word(at - 1) == ","):
                yield Edit(at, at + 1, {at: ""})
                return


def _twice(sentence: Sentence) -> Iterator[Edit]:
    for index in range(len(sentence) - 1):
        word = sentence.word(index)
        lemma = next(iter(readings(word).get("VERB", ())), "")
        extra = _TWICE.get(lemma)
        if extra is None or sentence.word(index - 1) in lexicon.DETERMINERS:
            continue
        for at in range(index + 1, min(index + 5, len(sentence))):
            between = sentence.word(at)
            if between == extra and (sentence.word(at + 1) != "and" or extra == "back"):
                yield Edit(index, at, {at: ""})
                break
            if between not in lexicon.DETERMINERS | lexicon.OBJECT_PRONOUNS and "NOUN" not in readings(between):
                break


def _condition(sentence: Sentence) -> Iterator[Edit]:
    """`if it will rain`, `when I will reach`: the clause of time or condition stands in the present."""
    for index in range(len(sentence) - 3):
        word = sentence.word(index)
        if word not in ("if", "when", "after", "before", "until", "unless", "till") or _asks_when(sentence, index):
            continue
        subject = subject_at(sentence, index + 1)
        if subject is None or (word == "if" and _is_polite(sentence, index, subject.last)):
            continue
        at = subject.last + 1
        verb = at + 1
        while sentence.word(verb) in lexicon.FRONT_ADVERBS:
            verb += 1
        base = sentence.word(verb)
        if sentence.word(at) not in ("will", "'ll") or not (is_base_verb(base) or base in ("be", "have")):
            continue
        be = "is" if subject.third_person else "am" if sentence.word(subject.first) == "i" else "are"
        new = be if base == "be" else inflect(base, "VBZ") if subject.third_person else base
        yield Edit(index, verb, {at: "", verb: f" {new}" if sentence.word(at) == "'ll" else new})


def _asks_when(sentence: Sentence, index: int) -> bool:
    """Leave `I don't know when he will come` and `ask if he will come`."""
    before = sentence.word(index - 1)
    told = lexicon.word_set(
        "know ask asked wonder sure tell me him her us them say said knows see remember decide about doubt day time "
        "question check certain or and idea day year wondered depends predict explain not"
    )
    opening = index == 0 or before in (",", "but", "so", "then")
    follows_main = before not in told and index >= 3 and sentence.word(index) != "when" and before != "even"
    return not (opening or follows_main) or (index == 0 and _is_question(sentence))


def _is_question(sentence: Sentence) -> bool:
    return sentence.word(0) == "when" and len(sentence) <= 5


def _is_polite(sentence: Sentence, index: int, last: int) -> bool:
    """Leave `if you will excuse me`."""
    return sentence.word(last) == "you" and sentence.word(last + 2) in ("excuse", "forgive", "pardon", "allow", "just", "let")


def _would_have(sentence: Sentence) -> Iterator[Edit]:
    """`if I would have known` → `if I had known`."""
    for index in range(len(sentence) - 4):
        if sentence.word(index) != "if" or sentence.word(index - 1) in ("know", "wonder", "ask", "asked", "wondered"):
            continue
        subject = subject_at(sentence, index + 1)
        if subject is None:
            continue
        at = subject.last + 1
        have = at + 1 + (sentence.word(at + 1) == "not")
        if sentence.word(at) in ("would", "wouldn't") and sentence.word(have) == "have" and is_participle(sentence.word(have + 1)):
            negated = sentence.word(at) == "wouldn't"
            yield Edit(index, have, {at: "hadn't" if negated else "had", have: ""})


def _nor(sentence: Sentence) -> Iterator[Edit]:
    for index in range(len(sentence) - 3):
        if sentence.word(index) != "neither" or sentence.word(index + 1) == "of":
            continue
        for at in range(index + 2, min(index + 5, len(sentence) - 1)):
            if sentence.word(at) == "nor":
                break
            if sentence.word(at) == "or":
                yield Edit(index, at, {at: "nor"})
                break


def _both(sentence: Sentence) -> Iterator[Edit]:
    for index in range(len(sentence) - 4):
        if sentence.word(index) != "both":
            continue
        for at in range(index + 2, min(index + 6, len(sentence) - 3)):
            if [sentence.word(at + step) for step in range(3)] == ["as", "well", "as"]:
                yield Edit(index, at + 2, {at: "and", at + 1: "", at + 2: ""})
                break


def _reason(sentence: Sentence) -> Iterator[Edit]:
    for index in range(1, len(sentence) - 2):
        if sentence.word(index) in ("is", "was") and sentence.word(index + 1) == "because":
            if "reason" in [sentence.word(at) for at in range(index)] and subject_at(sentence, index + 2):
                yield Edit(index, index + 1, {index + 1: "that"})


def _either(sentence: Sentence) -> Iterator[Edit]:
    last = len(sentence) - 1
    if last < 3 or sentence.word(last) != "too" or sentence.word(last - 1) in ("me", ","):
        return
    for index in range(1, last):
        if sentence.word(index) in ("don't", "doesn't", "didn't", "can't", "won't", "isn't"):
            subject = subject_at(sentence, 0)
            if subject is not None and subject.last + 1 == index:
                yield Edit(index, last, {last: "either"})
                return


ADVERB = Rule(
    "adverb_order",
    lesson(
        "word order",
        6,
        '"often", "always" jaise shabd pehle helping verb ke theek baad aate hain',
        '"ऑफ़न", "ऑलवेज़" जैसे शब्द पहले हेल्पिंग वर्ब के ठीक बाद आते हैं',
    ),
    _adverb,
    fires=(
        ("She has been often praised.", "She has often been praised."),
        ("We always have been helped by him.", "We have always been helped by him."),
        ("I always will remember this day.", "I will always remember this day."),
    ),
    silent=("She has often been praised.", "He has been always late.", "I never can tell."),
)

OBJECT_FIRST = Rule(
    "very_much_order",
    lesson("word order", 7, '"very much" cheez ke baad aata hai', '"वेरी मच" चीज़ के बाद आता है'),
    _object_first,
    fires=(("I like very much cricket.", "I like cricket very much."), ("she enjoys it and I love very much my job", "she enjoys it and I love my job very much")),
    silent=("I like cricket very much.", "I like very much when it rains."),
)

ENOUGH = Rule(
    "enough_order",
    lesson("word order", 7, '"enough" adjective ke baad aata hai', '"इनफ़" ऐडजेक्टिव के बाद आता है'),
    _enough,
    fires=(("He is enough tall to play.", "He is tall enough to play."),),
    silent=("He is tall enough.", "There is enough good food."),
)

DOUBLED = Rule(
    "doubled_conjunction",
    lesson(
        "conjunction",
        7,
        '"although" ke saath "but", aur "because" ke saath "so" nahi lagta, ek hi kaafi hai',
        '"ऑलदो" के साथ "बट", और "बिकॉज़" के साथ "सो" नहीं लगता, एक ही काफ़ी है',
    ),
    _doubled,
    fires=(
        ("Although it was raining, but we went out.", "Although it was raining, we went out."),
        ("because I was ill so I stayed home", "because I was ill I stayed home"),
    ),
    silent=("Although it rained, we went out.", "Because he is so kind.", "It rained but we went."),
)

TWICE = Rule(
    "said_twice",
    lesson(
        "repeated meaning",
        6,
        "Is verb mein woh matlab pehle se hai, dobara kehna zaroori nahi",
        "इस वर्ब में वह मतलब पहले से है, दोबारा कहना ज़रूरी नहीं",
    ),
    _twice,
    fires=(
        ("I will return back tomorrow.", "I will return tomorrow."),
        ("Please repeat the question again.", "Please repeat the question."),
        ("he reverted back to me", "he reverted to me"),
    ),
    silent=("I will come back.", "Say it again.", "On my return back pain began.", "Return the book and go back."),
)

CONDITION = Rule(
    "will_in_condition",
    lesson(
        "verb tense",
        10,
        '"if", "when", "after", "before" wale hisse mein "will" nahi, present tense aata hai',
        '"इफ़", "व्हेन", "आफ़्टर", "बिफ़ोर" वाले हिस्से में "विल" नहीं, प्रेज़ेंट टेन्स आता है',
    ),
    _condition,
    fires=(
        ("If it will rain, we will stay home.", "If it rains, we will stay home."),
        ("When I will reach home I will call you.", "When I reach home I will call you."),
        ("I will call you after I will finish my work.", "I will call you after I finish my work."),
    ),
    silent=(
        "If it rains, we will stay.",
        "I don't know when he will come.",
        "When will you come?",
        "I wonder if she will like it.",
        "If you will excuse me, I must go.",
    ),
)

WOULD_HAVE = Rule(
    "if_would_have",
    lesson(
        "verb tense",
        9,
        '"if" wale hisse mein "would have" nahi, "had" aata hai',
        '"इफ़" वाले हिस्से में "वुड हैव" नहीं, "हैड" आता है',
    ),
    _would_have,
    fires=(("If I would have known, I would have come.", "If I had known, I would have come."),),
    silent=("If I had known, I would have come.", "I wonder if he would have come."),
)

NOR = Rule(
    "neither_or",
    lesson("conjunction", 5, '"neither" ke saath "nor" aata hai', '"नाइदर" के साथ "नॉर" आता है'),
    _nor,
    fires=(("Neither my mother or my father came.", "Neither my mother nor my father came."),),
    silent=("Neither he nor she came.", "Neither of them came late or early."),
)

BOTH = Rule(
    "both_as_well_as",
    lesson("conjunction", 5, '"both" ke saath "and" aata hai', '"बोथ" के साथ "ऐंड" आता है'),
    _both,
    fires=(("She is both kind as well as clever.", "She is both kind and clever."),),
    silent=("She is both kind and clever.", "He sings as well as she does."),
)

REASON = Rule(
    "reason_because",
    lesson("conjunction", 4, '"the reason is" ke baad "that" aata hai', '"द रीज़न इज़" के बाद "दैट" आता है'),
    _reason,
    fires=(("The reason I came is because I need help.", "The reason I came is that I need help."),),
    silent=("It is because I need help.", "The reason is that I need help."),
)

EITHER = Rule(
    "too_either",
    lesson("adverb", 6, '"nahi" wale sentence mein "too" nahi, "either" aata hai', '"नहीं" वाले सेंटेंस में "टू" नहीं, "ईदर" आता है'),
    _either,
    fires=(("I don't like it too.", "I don't like it either."),),
    silent=("I like it too.", "I don't want to go too far."),
)

RULES = (CONDITION, WOULD_HAVE, OBJECT_FIRST, ENOUGH, DOUBLED, TWICE, ADVERB, EITHER, NOR, BOTH, REASON)
