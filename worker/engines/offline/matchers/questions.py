"""The order of words in questions: what finds the mistakes."""

from collections.abc import Iterator

from worker.engines.offline import lexicon
from worker.engines.offline.clauses import Subject, has_word, subject_at
from worker.engines.offline.morphology import inflect, is_base_verb, is_only_verb, past_lemma, s_form_lemma
from worker.engines.offline.nouns import count_of
from worker.engines.offline.text import Edit, Sentence

_ASKING = frozenset({"what", "where", "why", "how", "whom", "when"})
_HELPERS = (lexicon.AUXILIARIES - {"'s", "'m", "'re", "'ve", "'ll"}) | {
    "don't", "doesn't", "didn't", "isn't", "aren't", "wasn't", "weren't", "can't", "won't",
}  # fmt: skip
_STATE_OR_ACT = lexicon.EVERYDAY_ACTIONS | lexicon.word_set(
    "want like need know think mean feel do have see meet say stay use"
)
_AFTER_WHAT = (
    lexicon.PREPOSITIONS | lexicon.word_set("now today yesterday here there every daily then") | {""}
)
_TELLING = lexicon.word_set(
    "know tell ask asked understand remember wonder explain told knows forgot me him her us them"
)
_OPENERS = frozenset({"and", "but", "so", "hello", "hi", "sir", "ok", "okay", "please", ","})


def _start(sentence: Sentence) -> int:
    """Return the first token after words that only lead into a question."""
    index = 0
    while sentence.word(index) in _OPENERS:
        index += 1
    return index


def _asked(sentence: Sentence) -> tuple[int, Subject] | None:
    """Return where the asking word's phrase ends, and the subject after it, if a sentence begins so."""
    start = _start(sentence)
    if sentence.word(start) not in _ASKING:
        return None
    at = start + 1
    if sentence.word(start) == "how" and sentence.word(at) in ("long", "often", "far", "old"):
        at += 1
    elif sentence.word(start) == "how" and sentence.word(at) in ("much", "many"):
        if count_of(sentence.word(at + 1)) is None:
            return None
        at += 2
    subject = subject_at(sentence, at)
    if subject is None or not (subject.pronoun or sentence.word(subject.last) in lexicon.PERSONS):
        return None
    return at, subject


def _is_whole(sentence: Sentence, subject: Subject, verb: int) -> bool:
    """Say whether no other clause follows, so that the sentence must be a question."""
    later = range(verb + 1, len(sentence))
    words = [sentence.word(at) for at in later]
    finite = any(
        word in _HELPERS | {"'s", "'m", "'re", ","} | lexicon.PRONOUNS - {"you", "it"} for word in words
    )
    return not finite and not any(
        s_form_lemma(word) and is_only_verb(s_form_lemma(word) or "") for word in words
    )


def wh_order(sentence: Sentence) -> Iterator[Edit]:
    """Find mistakes such as `What you are doing?`."""
    asked = _asked(sentence)
    if asked is None:
        return
    at, subject = asked
    verb = subject.last + 1
    helper, main = sentence.word(verb), sentence.word(verb + 1)
    if helper not in _HELPERS or not _is_whole(sentence, subject, verb):
        return
    if helper.startswith(("do", "did")) and not is_base_verb(main) and main != "not":
        return
    if helper.startswith("ha") and not _is_form(main) and main != "not":
        return
    if sentence.word(at - 1) == "what" and main == "" and helper not in lexicon.BE:
        return
    if (
        sentence.word(at - 1) in ("how", "when")
        and at == _start(sentence) + 1
        and _may_be_clause(sentence, at - 1)
    ):
        return
    words = " ".join(sentence.text(index) for index in range(subject.first, subject.last + 1))
    changes = dict.fromkeys(range(subject.first + 1, verb), "")
    yield Edit(at - 1, verb, {**changes, subject.first: f"{helper} {words}", verb: ""})


def _may_be_clause(sentence: Sentence, index: int) -> bool:
    """`How you are dressed` and `when I am tired` are parts of a statement."""
    word, helper = sentence.word(index), sentence.word(index + 2)
    short = len(sentence) - index <= 4
    return not (
        short
        or helper in ("will", "can", "would", "could", "should")
        or (word == "how" and helper in ("do", "did"))
    )


def _is_form(word: str) -> bool:
    """Say whether a word may be the main verb after a helping verb."""
    return is_base_verb(word) or past_lemma(word) is not None or word in ("been", "done", "gone", "seen")


def wh_verb(sentence: Sentence) -> Iterator[Edit]:
    """Find mistakes such as `Where you live?`."""
    asked = _asked(sentence)
    if asked is None or sentence.word(_start(sentence)) in ("when", "whom"):
        return
    at, subject = asked
    verb = subject.last + 1
    word = sentence.word(verb)
    past, third = past_lemma(word), s_form_lemma(word)
    lemma = past or third or (word if is_base_verb(word) else None)
    if (
        lemma is None
        or word in _HELPERS
        or lemma not in _STATE_OR_ACT
        or not _is_whole(sentence, subject, verb)
    ):
        return
    if sentence.word(at - 1) == "what" and sentence.word(verb + 1) not in _AFTER_WHAT:
        return
    if sentence.word(at - 1) == "how" and not (len(sentence) - at <= 4 and lemma != "feel"):
        return
    helper = "did" if past else "does" if subject.third_person else "do"
    changes = {subject.first: f"{helper} {sentence.text(subject.first)}", verb: lemma}
    yield Edit(at - 1, verb, changes)


def inside(sentence: Sentence) -> Iterator[Edit]:
    """`tell me where is he` asks inside a sentence, where the subject comes first."""
    for index in range(1, len(sentence) - 2):
        word, verb, before = sentence.word(index), sentence.word(index + 1), sentence.word(index - 1)
        if word not in ("what", "where", "why", "how", "when", "who") or before not in _TELLING:
            continue
        subject = subject_at(sentence, index + 2)
        told = has_word(
            sentence,
            frozenset(
                {
                    "know",
                    "tell",
                    "ask",
                    "asked",
                    "told",
                    "explain",
                    "remember",
                    "understand",
                    "forgot",
                    "wonder",
                    "knows",
                }
            ),
            0,
            index,
        )
        if (
            not told
            or subject is None
            or (sentence.word(index + 2) == "it" and sentence.word(index + 3) in ("that", "like"))
        ):
            continue
        words = " ".join(sentence.text(at) for at in range(subject.first, subject.last + 1))
        gone = dict.fromkeys(range(subject.first + 1, subject.last + 1), "")
        if verb in ("is", "are", "was", "were", "can", "will", "should"):
            ends = sentence.word(subject.last + 1)
            if not subject.pronoun and (
                sentence.word(subject.first) not in lexicon.DETERMINERS or ends not in ("", ",")
            ):
                continue
            yield Edit(index, subject.last, {**gone, index + 1: words, subject.first: verb})
        elif (
            verb in ("do", "does", "did")
            and subject.pronoun
            and is_base_verb(sentence.word(subject.last + 1))
        ):
            main = sentence.word(subject.last + 1)
            form = inflect(main, "VBD") if verb == "did" else inflect(main, "VBZ") if verb == "does" else main
            yield Edit(index, subject.last + 1, {index + 1: "", subject.last + 1: form})


def do_going(sentence: Sentence) -> Iterator[Edit]:
    """`do you going`, `are you like`: the helping verb of another tense."""
    start = _start(sentence)
    start += sentence.word(start) in lexicon.WH_WORDS
    subject = subject_at(sentence, start + 1)
    if subject is None or not subject.pronoun or sentence.word(start) not in ("do", "does"):
        return
    word = sentence.word(subject.last + 1)
    known = word.endswith("ing") and word not in (
        "bring",
        "sing",
        "swing",
        "ring",
        "cling",
        "string",
        "sting",
        "fling",
        "king",
    )
    if known and sentence.word(subject.first) in lexicon.PRONOUNS and not is_base_verb(word):
        be = "is" if subject.third_person else "am" if sentence.word(subject.first) == "i" else "are"
        yield Edit(start, subject.last + 1, {start: be})
