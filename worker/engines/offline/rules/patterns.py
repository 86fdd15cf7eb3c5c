"""Rules about what a verb or adjective takes after it: `want to go`, `enjoy reading`, `let me go`."""

from collections.abc import Iterator

from worker.engines.offline import lexicon
from worker.engines.offline.morphology import (
    inflect,
    ing_lemma,
    is_base_verb,
    is_only_verb,
    past_lemma,
    readings,
    s_form_lemma,
)
from worker.engines.offline.nouns import is_name
from worker.engines.offline.rule import Rule, lesson
from worker.engines.offline.text import Edit, Sentence

_TAKE_TO = lexicon.word_set("want hope decide plan agree refuse promise afford manage wish expect pretend learn")
_TAKE_TO_BARE = frozenset({"want", "hope", "decide", "plan", "refuse", "promise", "afford", "manage", "wish", "learn"})
_TAKE_ING = lexicon.word_set("enjoy avoid finish suggest mind admit deny dislike imagine recommend consider miss quit")
_TAKE_PERSON_TO = lexicon.word_set(
    "advise allow ask encourage force invite order persuade permit remind request teach tell urge want warn"
)
_WANTING = frozenset({"want", "wants", "wanted"})
_OBJECTS = {"i": "me", "he": "him", "she": "her", "we": "us", "they": "them", "you": "you", "it": "it"}
_ING_AFTER = lexicon.word_set("without before after instead by")
_ING_AFTER_ADJECTIVE = {
    ("good", "at"), ("bad", "at"), ("interested", "in"), ("fond", "of"), ("afraid", "of"), ("tired", "of"),
    ("scared", "of"), ("capable", "of"), ("proud", "of"), ("bored", "of"), ("think", "of"), ("thinking", "of"),
    ("instead", "of"), ("believe", "in"), ("succeed", "in"), ("succeeded", "in"), ("insist", "on"),
    ("keen", "on"), ("fed", "up"), ("addicted", "to"), ("accustomed", "to"), ("forward", "to"), ("excited", "about"),
}  # fmt: skip
_NOT_TO_LEMMA = frozenset({"used", "according", "due", "thanks", "close", "next", "back", "up"})
_TO_PLACE = lexicon.word_set("found left felt saw ground bound fell lay wound thought lit read set cut put")
_EVENT_NOUNS = lexicon.word_set("work help travel sleep change practice dance rain cook drink love talk study play walk")


def lemma_of(word: str) -> str | None:
    """Return the verb that `word` is a form of, other than its base; None for a base form or no verb."""
    return past_lemma(word) or s_form_lemma(word) or ing_lemma(word)


def _verb(word: str) -> str:
    """Return the lemma of a word that is any form of a verb, or `""`."""
    return next(iter(readings(word).get("VERB", ())), "")


def _is_action(word: str) -> bool:
    """Say whether a base form is surely a verb here: only a verb, or an everyday action."""
    return is_base_verb(word) and (is_only_verb(word) or word in lexicon.EVERYDAY_ACTIONS)


def _to_and_form(sentence: Sentence) -> Iterator[Edit]:
    for index in range(1, len(sentence) - 1):
        word, before = sentence.word(index + 1), sentence.word(index - 1)
        if sentence.word(index) != "to" or sentence.text(index + 1)[:1].isupper():
            continue
        past, third = past_lemma(word), s_form_lemma(word)
        lemma = past if past and inflect(past, "VBN") != word else third
        regular = past and word.endswith("ed") and sentence.word(index + 2) in lexicon.DETERMINERS | lexicon.OBJECT_PRONOUNS
        if regular or (past and before in _TAKES_TO_BEFORE):
            lemma = past
        if lemma is None or word in _TO_PLACE - {"saw", "thought", "found", "felt"} or before in _NOT_TO_LEMMA:
            continue
        if third and not past and not (is_only_verb(word) or (before in _TAKES_TO_BEFORE and third in lexicon.EVERYDAY_ACTIONS)):
            continue
        if before in ("prior", "solution", "answer", "thanks", "listen", "listening"):
            continue
        yield Edit(index - 1, index + 1, {index + 1: lemma})


_TAKES_TO_BEFORE = lexicon.word_set(
    "want wants wanted need needs needed like likes liked have has had try tries tried trying able eager surprised "
    "happy glad ready going hope decided plan plans planned learn began begin started starts how where likely sorry "
    "me him her us them easy difficult hard time chance way"
)


def _want_ing(sentence: Sentence) -> Iterator[Edit]:
    for index in range(len(sentence) - 1):
        verb, at = _verb(sentence.word(index)), index + 1
        if verb not in _TAKE_TO or sentence.word(index - 1) in lexicon.DETERMINERS | {"no"}:
            continue
        negated = sentence.word(at) == "not"
        at += negated
        word = sentence.word(at)
        lemma = ing_lemma(word)
        doing = lemma is not None and verb not in ("learn", "plan", "agree", "expect") and (negated or is_only_verb(lemma) or lemma in lexicon.EVERYDAY_ACTIONS)
        bare = verb in _TAKE_TO_BARE and not negated and _is_action(word) and word not in lexicon.NEVER_BARE
        if sentence.word(index) in ("wanting", "planned", "learned") or (verb == "want" and word in _EVENT_NOUNS - {"study"}):
            continue
        if verb == "hope" and bare and sentence.word(index - 1) not in lexicon.PRONOUNS:
            continue
        if doing and word not in ("nothing", "something", "anything", "everything", "during"):
            yield Edit(index, at, {at: f"to {lemma}"})
        elif bare:
            yield Edit(index, at, {at: f"to {word}"})


def _enjoy_to(sentence: Sentence) -> Iterator[Edit]:
    for index in range(len(sentence) - 1):
        verb = _verb(sentence.word(index))
        if verb not in _TAKE_ING or sentence.word(index - 1) in lexicon.DETERMINERS:
            continue
        to = sentence.word(index + 1) == "to"
        at = index + 2 if to else index + 1
        word = sentence.word(at)
        if verb in ("miss", "quit", "consider", "suggest", "imagine", "recommend", "finish") and not to:
            continue
        sure = is_base_verb(word) if to else _is_action(word) and word not in _EVENT_NOUNS
        sure = sure and sentence.word(index - 1) != "never"
        if sure and not (verb in ("quit", "miss", "consider") and to):
            yield Edit(index, at, {**({index + 1: ""} if to else {}), at: inflect(word, "VBG")})


def _preposition_and_base(sentence: Sentence) -> Iterator[Edit]:
    for index in range(1, len(sentence) - 1):
        pair, word = (sentence.word(index - 1), sentence.word(index)), sentence.word(index + 1)
        spaced = word == "to" and pair[1] in _ING_AFTER | {"in", "of", "at"} and is_base_verb(sentence.word(index + 2))
        if pair in _ING_AFTER_ADJECTIVE and pair[1] != "up":
            if _is_base_here(word) and not (pair[1] in ("of", "in", "at") and word in _EVENT_NOUNS - {"play"}):
                yield Edit(index - 1, index + 1, {index + 1: inflect(word, "VBG")})
                continue
            if spaced and pair[1] != "to":
                at = index + 2
                yield Edit(index - 1, at, {index + 1: "", at: inflect(sentence.word(at), "VBG")})
                continue
        lone = word not in _EVENT_NOUNS and is_base_verb(word) and (is_only_verb(word) or word in ("go", "eat", "come"))
        if pair[1] == "without" and lone and pair[0] != "do":
            yield Edit(index, index + 1, {index + 1: inflect(word, "VBG")})
        elif pair[1] == "instead" and spaced:
            at = index + 2
            yield Edit(index, at, {index + 1: "of", at: inflect(sentence.word(at), "VBG")})


def _is_base_here(word: str) -> bool:
    return is_base_verb(word) and (is_only_verb(word) or word in lexicon.EVERYDAY_ACTIONS | {"see", "meet", "hear", "run"})


def _used_to(sentence: Sentence) -> Iterator[Edit]:
    for index in range(1, len(sentence) - 2):
        if sentence.word(index) not in ("used", "accustomed") or sentence.word(index + 1) != "to":
            continue
        word, before = sentence.word(index + 2), sentence.word(index - 1)
        subject = sentence.word(index - 2) if before in lexicon.BE else ""
        person = subject in lexicon.PRONOUNS - {"it"} or before in ("am", "'m")
        if before in lexicon.BE and person and is_base_verb(word) and word not in ("the", "it"):
            yield Edit(index - 1, index + 2, {index + 2: inflect(word, "VBG")})


def _use_to(sentence: Sentence) -> Iterator[Edit]:
    for index in range(1, len(sentence) - 2):
        word, before = sentence.word(index), sentence.word(index - 1)
        if word in ("use", "uses") and sentence.word(index + 1) == "to" and before in lexicon.PRONOUNS:
            earlier = sentence.word(index - 2)
            if is_base_verb(sentence.word(index + 2)) and earlier not in lexicon.DO | set(lexicon.CONTRACTED_NEGATIVES) | {"that", "what", "can"}:
                yield Edit(index - 1, index + 1, {index: "used"})


def _want_that(sentence: Sentence) -> Iterator[Edit]:
    for index in range(len(sentence) - 2):
        if sentence.word(index) not in _WANTING:
            continue
        at = index + 2 if sentence.word(index + 1) == "that" else index + 1
        subject, verb = sentence.word(at), at + 1
        that = at == index + 2
        if subject not in _OBJECTS or (not that and subject in ("you", "it")):
            continue
        if not that and any(sentence.word(before) in lexicon.WH_WORDS for before in range(index)):
            continue
        should = sentence.word(verb) in ("should", "must", "can", "will", "would")
        verb += should
        word = sentence.word(verb)
        base = word if is_base_verb(word) else lemma_of(word)
        if base is None or sentence.word(verb - 1 - should) in ("is", "are"):
            continue
        changes = {at: f"{_OBJECTS[subject]} to", verb: base}
        changes |= {index + 1: ""} if that else {}
        changes |= {verb - 1: ""} if should else {}
        yield Edit(index, verb, changes)


def _let_to(sentence: Sentence) -> Iterator[Edit]:
    for index in range(len(sentence) - 3):
        verb = _verb(sentence.word(index))
        person, to, base = sentence.word(index + 1), sentence.word(index + 2), sentence.word(index + 3)
        if verb not in ("let", "make") or sentence.word(index) in ("making", "letting"):
            continue
        named = person in lexicon.OBJECT_PRONOUNS - {"it"} or is_name(sentence, index + 1)
        if named and to == "to" and is_base_verb(base):
            passive = sentence.word(index - 1) in lexicon.BE
            if not passive and (verb == "let" or base in _MADE_TO):
                yield Edit(index, index + 3, {index + 2: ""})


_MADE_TO = lexicon.EVERYDAY_ACTIONS | {"feel", "think", "wait", "smile", "believe", "do", "leave", "stop", "understand"}


def _advise_ing(sentence: Sentence) -> Iterator[Edit]:
    for index in range(len(sentence) - 2):
        verb, person = _verb(sentence.word(index)), sentence.word(index + 1)
        if verb not in _TAKE_PERSON_TO - {"want", "teach", "order"} or person not in lexicon.OBJECT_PRONOUNS - {"it", "her"}:
            continue
        at = index + 3 if sentence.word(index + 2) == "not" else index + 2
        word = sentence.word(at)
        lemma = ing_lemma(word)
        if lemma is not None and is_base_verb(lemma) and word not in ("nothing", "something", "everything", "anything", "during", "morning", "evening", "according", "including", "regarding"):
            yield Edit(index, at, {at: f"to {lemma}"})
        elif verb in ("advise", "allow", "force", "encourage", "invite", "remind", "want") and _is_action(word):
            yield Edit(index, at, {at: f"to {word}"})


def _allow_to(sentence: Sentence) -> Iterator[Edit]:
    for index in range(1, len(sentence) - 2):
        word, before = sentence.word(index), sentence.word(index - 1)
        if word not in ("allow", "allows", "permit", "permits", "recommend", "recommends", "advise", "advises"):
            continue
        base = sentence.word(index + 2)
        if sentence.word(index + 1) == "to" and is_base_verb(base) and before not in lexicon.BE | {"not"}:
            yield Edit(index, index + 2, {index + 1: "", index + 2: inflect(base, "VBG")})


def _suggest_me(sentence: Sentence) -> Iterator[Edit]:
    for index in range(len(sentence) - 2):
        person, following = sentence.word(index + 1), sentence.word(index + 2)
        if _verb(sentence.word(index)) not in ("suggest", "recommend") or person not in ("me", "us"):
            continue
        if following in ("a", "an", "some", "any", "the", "which", "what", "where"):
            yield Edit(index, index + 2, {index + 1: ""})
        elif following == "to" and is_base_verb(sentence.word(index + 3)):
            subject = {"me": "I", "us": "we"}[person]
            yield Edit(index, index + 3, {index + 1: f"that {subject}", index + 2: ""})


def _go_to_do(sentence: Sentence) -> Iterator[Edit]:
    for index in range(len(sentence) - 2):
        if _verb(sentence.word(index)) != "go" or sentence.word(index + 1) not in ("to", "for"):
            continue
        doing = sentence.word(index + 2)
        if doing in ("shopping", "swimming", "fishing", "camping", "hiking", "dancing", "jogging", "skating", "sightseeing"):
            ends = sentence.word(index + 3)
            if ends == "" or ends in lexicon.FUNCTION_WORDS:
                yield Edit(index, index + 2, {index + 1: ""})


TO_FORM = Rule(
    "to_and_form",
    lesson(
        "verb form",
        15,
        '"to" ke baad verb apne pehle form mein aata hai',
        '"टू" के बाद वर्ब अपने पहले फ़ॉर्म में आता है',
    ),
    _to_and_form,
    fires=(
        ("I want to went home.", "I want to go home."),
        ("he likes to plays cricket", "he likes to play cricket"),
        ("She tried to opened the door.", "She tried to open the door."),
        ("I have to goes now", "I have to go now"),
    ),
    silent=(
        "I want to go home.",
        "It is close to closed shops.",
        "He came back to find her.",
        "I prefer tea to drinks.",
        "According to reports it rained.",
        "I used to play.",
    ),
)

WANT_ING = Rule(
    "want_and_form",
    lesson(
        "verb pattern",
        12,
        '"want", "hope", "decide", "plan", "afford" ke baad "to" aur verb ka pehla form aata hai',
        '"वॉन्ट", "होप", "डिसाइड", "प्लैन", "अफ़ोर्ड" के बाद "टू" और वर्ब का पहला फ़ॉर्म आता है',
    ),
    _want_ing,
    fires=(
        ("I want go home.", "I want to go home."),
        ("she wants learning English", "she wants to learn English"),
        ("We decided going by train.", "We decided to go by train."),
        ("I can't afford buying a car", "I can't afford to buy a car"),
        ("they refused speak to us", "they refused to speak to us"),
    ),
    silent=(
        "I want to go home.",
        "I want something nice.",
        "We learned swimming.",
        "He wants help.",
        "My plan worked.",
        "I want work.",
    ),
)

ENJOY_TO = Rule(
    "enjoy_and_form",
    lesson(
        "verb pattern",
        11,
        '"enjoy", "avoid", "finish", "mind" ke baad verb "-ing" ke saath aata hai',
        '"एंजॉय", "अवॉइड", "फ़िनिश", "माइंड" के बाद वर्ब "आई एन जी" के साथ आता है',
    ),
    _enjoy_to,
    fires=(
        ("I enjoy to read books.", "I enjoy reading books."),
        ("he avoids eat sweets", "he avoids eating sweets"),
        ("Do you mind to open the window?", "Do you mind opening the window?"),
        ("They finished to eat.", "They finished eating."),
    ),
    silent=("I enjoy reading.", "He enjoys dance and music.", "Never mind go home.", "I quit to study."),
)

PREPOSITION_BASE = Rule(
    "preposition_and_base",
    lesson(
        "verb pattern",
        11,
        'Preposition ke baad verb "-ing" ke saath aata hai',
        'प्रिपोज़िशन के बाद वर्ब "आई एन जी" के साथ आता है',
    ),
    _preposition_and_base,
    fires=(
        ("I am looking forward to meet you.", "I am looking forward to meeting you."),
        ("She is good at speak English.", "She is good at speaking English."),
        ("he left without eat anything", "he left without eating anything"),
        ("I am interested in learn music", "I am interested in learning music"),
        ("I am fond of play cricket", "I am fond of playing cricket"),
        ("Instead of go home he slept.", "Instead of going home he slept."),
    ),
    silent=(
        "I am looking forward to meeting you.",
        "I am tired of work.",
        "I look forward to lunch.",
        "We can't do without help.",
        "I am proud of you.",
    ),
)

BE_USED_TO = Rule(
    "be_used_to",
    lesson(
        "verb pattern",
        10,
        '"am used to" matlab aadat hai, uske baad "-ing" aata hai',
        '"ऐम यूज़्ड टू" मतलब आदत है, उसके बाद "आई एन जी" आता है',
    ),
    _used_to,
    fires=(
        ("I am used to wake up early.", "I am used to waking up early."),
        ("she is accustomed to live alone", "she is accustomed to living alone"),
    ),
    silent=("I used to wake up early.", "I am used to it.", "A knife is used to cut bread.", "It is used to clean."),
)

USE_TO = Rule(
    "use_to",
    lesson(
        "verb pattern",
        10,
        'Purani aadat ke liye "used to" kehte hain',
        'पुरानी आदत के लिए "यूज़्ड टू" कहते हैं',
    ),
    _use_to,
    fires=(("I use to play cricket.", "I used to play cricket."), ("they use to live here", "they used to live here")),
    silent=("I used to play.", "Did you use to play?", "The pen that I use to write is blue.", "We didn't use to go."),
)

WANT_THAT = Rule(
    "want_that",
    lesson(
        "verb pattern",
        13,
        '"want" ke baad "that" nahi, insaan aur phir "to" aata hai',
        '"वॉन्ट" के बाद "दैट" नहीं, इंसान और फिर "टू" आता है',
    ),
    _want_that,
    fires=(
        ("I want that you help me.", "I want you to help me."),
        ("My father wants that I become a doctor.", "My father wants me to become a doctor."),
        ("they wanted that he should come", "they wanted him to come"),
        ("She wants I go with her.", "She wants me to go with her."),
    ),
    silent=("I want you to help me.", "I want that book.", "What you want she has."),
)

LET_TO = Rule(
    "let_to",
    lesson(
        "verb pattern",
        12,
        '"let" aur "make" ke baad insaan, phir seedhe verb aata hai, bina "to" ke',
        '"लेट" और "मेक" के बाद इंसान, फिर सीधे वर्ब आता है, बिना "टू" के',
    ),
    _let_to,
    fires=(
        ("Let me to speak.", "Let me speak."),
        ("He made us to wait for an hour.", "He made us wait for an hour."),
        ("please let him to come inside", "please let him come inside"),
    ),
    silent=("Let me speak.", "I make them to sell.", "We were made to wait.", "Let us talk to him."),
)

ADVISE = Rule(
    "advise_and_form",
    lesson(
        "verb pattern",
        12,
        'Is verb ke baad insaan, phir "to" aur verb ka pehla form aata hai',
        'इस वर्ब के बाद इंसान, फिर "टू" और वर्ब का पहला फ़ॉर्म आता है',
    ),
    _advise_ing,
    fires=(
        ("He advised me going home.", "He advised me to go home."),
        ("She told us not making noise.", "She told us not to make noise."),
        ("my parents allow me go out", "my parents allow me to go out"),
    ),
    silent=("He advised me to go.", "Ask him something.", "She told me everything.", "I told you guys."),
)

ALLOW_TO = Rule(
    "allow_to",
    lesson(
        "verb pattern",
        9,
        'Bina kisi insaan ke, "allow" aur "recommend" ke baad "-ing" aata hai',
        'बिना किसी इंसान के, "अलाउ" और "रेकमेंड" के बाद "आई एन जी" आता है',
    ),
    _allow_to,
    fires=(
        ("The app allows to send money.", "The app allows sending money."),
        ("I recommend to visit Agra.", "I recommend visiting Agra."),
    ),
    silent=("I recommend visiting Agra.", "The app allows you to pay.", "They did not allow to stay."),
)

SUGGEST_ME = Rule(
    "suggest_me",
    lesson(
        "verb pattern",
        9,
        '"suggest" ke baad seedhe "me" ya "us" nahi aata',
        '"सजेस्ट" के बाद सीधे "मी" या "अस" नहीं आता',
    ),
    _suggest_me,
    fires=(
        ("Please suggest me a good book.", "Please suggest a good book."),
        ("He suggested me to study hard.", "He suggested that I study hard."),
    ),
    silent=("Please suggest a good book.", "He suggested that I study.", "They recommended me for the job."),
)

GO_TO_DO = Rule(
    "go_to_shopping",
    lesson(
        "verb pattern",
        8,
        '"go" ke baad "shopping", "swimming" jaise shabd seedhe aate hain',
        '"गो" के बाद "शॉपिंग", "स्विमिंग" जैसे शब्द सीधे आते हैं',
    ),
    _go_to_do,
    fires=(("We went to shopping.", "We went shopping."), ("I go for swimming on Sunday", "I go swimming on Sunday")),
    silent=("We went shopping.", "I went to swimming lessons.", "We go to the shopping mall."),
)

RULES = (
    TO_FORM,
    WANT_THAT,
    WANT_ING,
    LET_TO,
    ADVISE,
    ENJOY_TO,
    PREPOSITION_BASE,
    BE_USED_TO,
    USE_TO,
    ALLOW_TO,
    SUGGEST_ME,
    GO_TO_DO,
)
