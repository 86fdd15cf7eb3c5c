"""What a verb or adjective takes after it: what finds the mistakes."""

from collections.abc import Iterator

from worker.engines.offline import lexicon
from worker.engines.offline.morphology import (
    inflect,
    ing_lemma,
    is_base_verb,
    is_only_verb,
    past_lemma,
    s_form_lemma,
    verb_lemma,
)
from worker.engines.offline.nouns import is_name
from worker.engines.offline.text import Edit, Sentence

_TAKE_TO = lexicon.word_set(
    "want hope decide plan agree refuse promise afford manage wish expect pretend learn"
)
_TAKE_TO_BARE = frozenset(
    {"want", "hope", "decide", "plan", "refuse", "promise", "afford", "manage", "wish", "learn"}
)
_TAKE_ING = lexicon.word_set(
    "enjoy avoid finish suggest mind admit deny dislike imagine recommend consider miss quit"
)
_TAKE_PERSON_TO = lexicon.word_set(
    "advise allow ask encourage force invite order persuade permit remind request teach tell urge want warn"
)
_WANTING = frozenset({"want", "wants", "wanted"})
_OBJECTS = {"i": "me", "he": "him", "she": "her", "we": "us", "they": "them", "you": "you", "it": "it"}
_ING_AFTER = lexicon.word_set("without before after instead by")
_ING_AFTER_ADJECTIVE = {
    ("good", "at"), ("bad", "at"), ("interested", "in"), ("fond", "of"), ("afraid", "of"), ("tired", "of"),
    ("scared", "of"), ("capable", "of"), ("proud", "of"), ("bored", "of"), ("think", "of"),
    ("thinking", "of"),
    ("instead", "of"), ("believe", "in"), ("succeed", "in"), ("succeeded", "in"), ("insist", "on"),
    ("keen", "on"), ("fed", "up"), ("addicted", "to"), ("accustomed", "to"), ("forward", "to"),
    ("excited", "about"),
}  # fmt: skip
_NOT_TO_LEMMA = frozenset({"used", "according", "due", "thanks", "close", "next", "back", "up"})
_TO_PLACE = lexicon.word_set("found left felt saw ground bound fell lay wound thought lit read set cut put")
_EVENT_NOUNS = lexicon.word_set(
    "work help travel sleep change practice dance rain cook drink love talk study play walk"
)


def lemma_of(word: str) -> str | None:
    """Return the verb that `word` is a form of, other than its base; None for a base form or no verb."""
    return past_lemma(word) or s_form_lemma(word) or ing_lemma(word)


def _is_action(word: str) -> bool:
    """Say whether a base form is surely a verb here: only a verb, or an everyday action."""
    return is_base_verb(word) and (is_only_verb(word) or word in lexicon.EVERYDAY_ACTIONS)


def to_and_form(sentence: Sentence) -> Iterator[Edit]:
    """Find mistakes such as `I want to went home.`."""
    for index in range(1, len(sentence) - 1):
        word, before = sentence.word(index + 1), sentence.word(index - 1)
        if sentence.word(index) != "to" or sentence.text(index + 1)[:1].isupper():
            continue
        past, third = past_lemma(word), s_form_lemma(word)
        lemma = past if past and inflect(past, "VBN") != word else third
        regular = (
            past
            and word.endswith("ed")
            and sentence.word(index + 2) in lexicon.DETERMINERS | lexicon.OBJECT_PRONOUNS
        )
        if regular or (past and before in _TAKES_TO_BEFORE):
            lemma = past
        if (
            lemma is None
            or word in _TO_PLACE - {"saw", "thought", "found", "felt"}
            or before in _NOT_TO_LEMMA
        ):
            continue
        if (
            third
            and not past
            and not (is_only_verb(word) or (before in _TAKES_TO_BEFORE and third in lexicon.EVERYDAY_ACTIONS))
        ):
            continue
        if before in ("prior", "solution", "answer", "thanks", "listen", "listening"):
            continue
        yield Edit(index - 1, index + 1, {index + 1: lemma})


_TAKES_TO_BEFORE = lexicon.word_set(
    "want wants wanted need needs needed like likes liked have has had try tries tried trying able "
    "eager surprised happy glad ready going hope decided plan plans planned learn began begin started "
    "starts how where likely sorry me him her us them easy difficult hard time chance way"
)


def want_ing(sentence: Sentence) -> Iterator[Edit]:
    """Find mistakes such as `I want go home.`."""
    for index in range(len(sentence) - 1):
        verb, at = verb_lemma(sentence.word(index)), index + 1
        if (
            sentence.word(at) in lexicon.AUXILIARIES
            or verb not in _TAKE_TO
            or sentence.word(index - 1) in lexicon.DETERMINERS | {"no"}
        ):
            continue
        negated = sentence.word(at) == "not"
        at += negated
        word = sentence.word(at)
        lemma = ing_lemma(word)
        doing = (
            lemma is not None
            and verb not in ("learn", "plan", "agree", "expect")
            and (negated or is_only_verb(lemma) or lemma in lexicon.EVERYDAY_ACTIONS)
        )
        bare = verb in _TAKE_TO_BARE and not negated and _is_action(word) and word not in lexicon.NEVER_BARE
        if sentence.word(index) in ("wanting", "planned", "learned") or (
            verb == "want" and word in _EVENT_NOUNS - {"study"}
        ):
            continue
        if verb == "hope" and bare and sentence.word(index - 1) not in lexicon.PRONOUNS:
            continue
        if doing and word not in ("nothing", "something", "anything", "everything", "during"):
            yield Edit(index, at, {at: f"to {lemma}"})
        elif bare:
            yield Edit(index, at, {at: f"to {word}"})


def enjoy_to(sentence: Sentence) -> Iterator[Edit]:
    """Find mistakes such as `I enjoy to read books.`."""
    for index in range(len(sentence) - 1):
        verb = verb_lemma(sentence.word(index))
        nominal = sentence.word(index - 1) in lexicon.DETERMINERS | {"good", "great", "half"}
        if verb not in _TAKE_ING or nominal:
            continue
        to = sentence.word(index + 1) == "to"
        at = index + 2 if to else index + 1
        word = sentence.word(at)
        if verb in ("miss", "quit", "consider", "suggest", "imagine", "recommend", "finish") and not to:
            continue
        sure = is_base_verb(word) if to else _is_action(word) and word not in _EVENT_NOUNS
        sure = sure and word not in lexicon.NEVER_BARE and sentence.word(index - 1) != "never"
        if sure and not (verb in ("quit", "miss", "consider") and to):
            yield Edit(index, at, {**({index + 1: ""} if to else {}), at: inflect(word, "VBG")})


def preposition_and_base(sentence: Sentence) -> Iterator[Edit]:
    """Find mistakes such as `I am looking forward to meet you.`."""
    for index in range(1, len(sentence) - 1):
        pair, word = (sentence.word(index - 1), sentence.word(index)), sentence.word(index + 1)
        spaced = (
            word == "to"
            and pair[1] in _ING_AFTER | {"in", "of", "at"}
            and is_base_verb(sentence.word(index + 2))
        )
        if pair in _ING_AFTER_ADJECTIVE and pair[1] != "up":
            if _is_base_here(word) and not (
                pair[1] in ("of", "in", "at") and word in _EVENT_NOUNS - {"play"}
            ):
                yield Edit(index - 1, index + 1, {index + 1: inflect(word, "VBG")})
                continue
            if spaced and pair[1] != "to":
                at = index + 2
                yield Edit(index - 1, at, {index + 1: "", at: inflect(sentence.word(at), "VBG")})
                continue
        lone = (
            word not in _EVENT_NOUNS
            and is_base_verb(word)
            and (is_only_verb(word) or word in ("go", "eat", "come"))
        )
        if pair[1] == "without" and lone and pair[0] != "do":
            yield Edit(index, index + 1, {index + 1: inflect(word, "VBG")})
        elif pair[1] == "instead" and spaced:
            at = index + 2
            yield Edit(index, at, {index + 1: "of", at: inflect(sentence.word(at), "VBG")})


def _is_base_here(word: str) -> bool:
    """Say whether a word after a preposition is surely a verb in its base form."""
    return is_base_verb(word) and (
        is_only_verb(word) or word in lexicon.EVERYDAY_ACTIONS | {"see", "meet", "hear", "run"}
    )


def used_to(sentence: Sentence) -> Iterator[Edit]:
    """Find mistakes such as `I am used to wake up early.`."""
    for index in range(1, len(sentence) - 2):
        if sentence.word(index) not in ("used", "accustomed") or sentence.word(index + 1) != "to":
            continue
        word, before = sentence.word(index + 2), sentence.word(index - 1)
        subject = sentence.word(index - 2) if before in lexicon.BE else ""
        person = subject in lexicon.PRONOUNS - {"it"} or before in ("am", "'m")
        if before in lexicon.BE and person and is_base_verb(word) and word not in ("the", "it"):
            yield Edit(index - 1, index + 2, {index + 2: inflect(word, "VBG")})


def use_to(sentence: Sentence) -> Iterator[Edit]:
    """Find mistakes such as `I use to play cricket.`."""
    for index in range(1, len(sentence) - 2):
        word, before = sentence.word(index), sentence.word(index - 1)
        if word in ("use", "uses") and sentence.word(index + 1) == "to" and before in lexicon.PRONOUNS:
            earlier = sentence.word(index - 2)
            if is_base_verb(sentence.word(index + 2)) and earlier not in lexicon.DO | set(
                lexicon.CONTRACTED_NEGATIVES
            ) | {"that", "what", "can"}:
                yield Edit(index - 1, index + 1, {index: "used"})


def want_that(sentence: Sentence) -> Iterator[Edit]:
    """Find mistakes such as `I want that you help me.`."""
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


def let_to(sentence: Sentence) -> Iterator[Edit]:
    """Find mistakes such as `Let me to speak.`."""
    for index in range(len(sentence) - 3):
        verb = verb_lemma(sentence.word(index))
        person, to, base = sentence.word(index + 1), sentence.word(index + 2), sentence.word(index + 3)
        if verb not in ("let", "make") or sentence.word(index) in ("making", "letting"):
            continue
        named = person in lexicon.OBJECT_PRONOUNS - {"it"} or is_name(sentence, index + 1)
        if named and to == "to" and is_base_verb(base):
            passive = sentence.word(index - 1) in lexicon.BE
            if not passive and (verb == "let" or base in _MADE_TO):
                yield Edit(index, index + 3, {index + 2: ""})


_MADE_TO = lexicon.EVERYDAY_ACTIONS | {
    "feel",
    "think",
    "wait",
    "smile",
    "believe",
    "do",
    "leave",
    "stop",
    "understand",
}


def advise_ing(sentence: Sentence) -> Iterator[Edit]:
    """Find mistakes such as `He advised me going home.`."""
    for index in range(len(sentence) - 2):
        verb, person = verb_lemma(sentence.word(index)), sentence.word(index + 1)
        if verb not in _TAKE_PERSON_TO - {
            "want",
            "teach",
            "order",
        } or person not in lexicon.OBJECT_PRONOUNS - {"it", "her"}:
            continue
        at = index + 3 if sentence.word(index + 2) == "not" else index + 2
        word = sentence.word(at)
        lemma = ing_lemma(word)
        if (
            lemma is not None
            and is_base_verb(lemma)
            and word
            not in (
                "nothing",
                "something",
                "everything",
                "anything",
                "during",
                "morning",
                "evening",
                "according",
                "including",
                "regarding",
            )
        ):
            yield Edit(index, at, {at: f"to {lemma}"})
        elif verb in ("advise", "allow", "force", "encourage", "invite", "remind", "want") and _is_action(
            word
        ):
            yield Edit(index, at, {at: f"to {word}"})


def allow_to(sentence: Sentence) -> Iterator[Edit]:
    """Find mistakes such as `The app allows to send money.`."""
    for index in range(1, len(sentence) - 2):
        word, before = sentence.word(index), sentence.word(index - 1)
        if word not in (
            "allow",
            "allows",
            "permit",
            "permits",
            "recommend",
            "recommends",
            "advise",
            "advises",
        ):
            continue
        base = sentence.word(index + 2)
        if sentence.word(index + 1) == "to" and is_base_verb(base) and before not in lexicon.BE | {"not"}:
            yield Edit(index, index + 2, {index + 1: "", index + 2: inflect(base, "VBG")})


def suggest_me(sentence: Sentence) -> Iterator[Edit]:
    """Find mistakes such as `Please suggest me a good book.`."""
    for index in range(len(sentence) - 2):
        person, following = sentence.word(index + 1), sentence.word(index + 2)
        if verb_lemma(sentence.word(index)) not in ("suggest", "recommend") or person not in ("me", "us"):
            continue
        if following in ("a", "an", "some", "any", "the", "which", "what", "where"):
            yield Edit(index, index + 2, {index + 1: ""})
        elif following == "to" and is_base_verb(sentence.word(index + 3)):
            subject = {"me": "I", "us": "we"}[person]
            yield Edit(index, index + 3, {index + 1: f"that {subject}", index + 2: ""})


def go_to_do(sentence: Sentence) -> Iterator[Edit]:
    """Find mistakes such as `We went to shopping.`."""
    for index in range(len(sentence) - 2):
        if verb_lemma(sentence.word(index)) != "go" or sentence.word(index + 1) not in ("to", "for"):
            continue
        doing = sentence.word(index + 2)
        if doing in (
            "shopping",
            "swimming",
            "fishing",
            "camping",
            "hiking",
            "dancing",
            "jogging",
            "skating",
            "sightseeing",
        ):
            ends = sentence.word(index + 3)
            if ends == "" or ends in lexicon.FUNCTION_WORDS:
                yield Edit(index, index + 2, {index + 1: ""})
