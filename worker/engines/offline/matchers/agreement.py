"""Verbs that do not fit their subject: what finds the mistakes."""

from collections.abc import Iterator

from worker.engines.offline import lexicon
from worker.engines.offline.clauses import Subject, has_word, opens_clause, subject_at
from worker.engines.offline.morphology import (
    has_distinct_participle,
    inflect,
    is_base_verb,
    is_only_verb,
    is_participle,
    past_lemma,
    s_form_lemma,
)
from worker.engines.offline.nouns import Count, count_of, is_only_noun, phrase_at, singular_of
from worker.engines.offline.text import Edit, Sentence

_ADVERBS = lexicon.word_set("always usually never also often only daily really sometimes just still hardly")
_DONE_THINGS = lexicon.word_set(
    "business work exercise exercises yoga shopping cooking cleaning farming nothing"
)
_UNREAL = frozenset({"if", "wish", "though", "suppose", "supposing", "unless", "whether"})
_VERB_OR_NOUN = lexicon.word_set("like want need know think love agree feel say believe hope")
_CALLED_TO = lexicon.word_set(
    "come look listen wait stop sit tell give let get help call take stand bring keep"
)
_NO_HABIT = frozenset({"no", "anybody", "anyone", "nothing", "something", "anything", "everything"})
_HABIT = lexicon.word_set("every daily everyday always usually often his her")
_TO_THE_NAMED = frozenset({"your", "me", "here", "us", "my"})
_BE_FORMS = {"i": ("am", "was"), "you": ("are", "were"), "we": ("are", "were"), "they": ("are", "were")}
_MANY_BUT_ONE = lexicon.word_set("sports studies states nations games means series glasses data media")
_NOT_OPENING = frozenset({"and", "or", "nor"})


def _opening(sentence: Sentence, index: int) -> bool:
    """Say whether a subject at `index` stands alone: not the last part of `he and I`."""
    return opens_clause(sentence, index) and sentence.word(index - 1) not in _NOT_OPENING


def _asks(sentence: Sentence, index: int) -> bool:
    """Say whether the word at `index`, an auxiliary, may open a question."""
    before = sentence.word(index - 1)
    return index == 0 or before in (lexicon.WH_WORDS - {"that"}) or before in lexicon.CLAUSE_OPENERS


def third_person(sentence: Sentence) -> Iterator[Edit]:
    """Find mistakes such as `He don't like fish.`."""
    for index in range(len(sentence)):
        subject = subject_at(sentence, index)
        if subject is None or not subject.third_person or not _may_be_habit(sentence, subject):
            continue
        verb = _after_adverbs(sentence, subject.last + 1)
        word, following = sentence.word(verb), sentence.word(verb + 1)
        if word in ("don't", "dont"):
            yield Edit(index, verb, {verb: "doesn't"})
        elif word == "do" and following == "not":
            yield Edit(index, verb + 1, {verb: "does"})
        elif _lacks_s(sentence, subject, verb):
            yield Edit(index, verb, {verb: inflect(word, "VBZ")})


def _may_be_habit(sentence: Sentence, subject: Subject) -> bool:
    """Leave subjunctives, commands to the one named, and subjects of two parts."""
    index, before = subject.first, sentence.word(subject.first - 1)
    believed = subject.pronoun and before in ("think", "believe", "guess", "feel")
    if not (opens_clause(sentence, index) or believed) or before in ("or", "nor"):
        return False
    if before == "and" and (index < 3 or subject.last > index):
        return False
    return not has_word(sentence, lexicon.MODALS | lexicon.DO | {"if", "let", "make", "'d"}, 0, index)


def _after_adverbs(sentence: Sentence, index: int) -> int:
    """Return the first token from `index` on that is no adverb."""
    while sentence.word(index) in _ADVERBS:
        index += 1
    return index


def _lacks_s(sentence: Sentence, subject: Subject, verb: int) -> bool:
    """Say whether the verb after a singular subject is surely a bare base form."""
    word, following = sentence.word(verb), sentence.word(verb + 1)
    if not subject.pronoun and not _acts(sentence, subject, verb):
        return False
    if sentence.word(subject.first) in ("no", "nothing"):
        return False
    if word == "have":
        return following not in ("been", "") or sentence.word(subject.first) != "it"
    if word in _VERB_OR_NOUN | {"please", "proofread"}:
        return (
            word in _VERB_OR_NOUN
            and following not in (",", "")
            and sentence.word(subject.first) not in _NO_HABIT
        )
    if not is_base_verb(word) or not has_distinct_participle(word) or word == "do":
        return word == "do" and _has_object(sentence, verb + 1)
    return word in lexicon.EVERYDAY_ACTIONS or is_only_verb(word)


def _has_object(sentence: Sentence, index: int) -> bool:
    """Tell `he do business` from the stress of `he do like it`."""
    word = sentence.word(index)
    thing = word in lexicon.DETERMINERS or count_of(word) is not None or is_only_noun(word)
    return thing or word in _DONE_THINGS


def _acts(sentence: Sentence, subject: Subject, verb: int) -> bool:
    """Tell `the dog eat` from `the dog food is` and from `Rahul come here`."""
    following = sentence.word(verb + 1)
    if following in lexicon.AUXILIARIES | {"'s"} or sentence.word(verb) in ("let", "please"):
        return False
    if subject.first != subject.last or count_of(sentence.word(subject.first)) is Count.MASS:
        return True
    if sentence.word(verb) in _CALLED_TO or has_word(sentence, _TO_THE_NAMED, verb, len(sentence)):
        return False
    return sentence.text(subject.first)[:1].isupper() or has_word(sentence, _HABIT, verb, len(sentence))


def unwanted_s(sentence: Sentence) -> Iterator[Edit]:
    """Find mistakes such as `I really likes mangoes.`."""
    for index in range(len(sentence)):
        subject = subject_at(sentence, index)
        if subject is None or subject.third_person or not _is_subject(sentence, subject):
            continue
        verb = _after_adverbs(sentence, subject.last + 1)
        word, following = sentence.word(verb), sentence.word(verb + 1)
        if word in ("doesn't", "doesnt"):
            yield Edit(index, verb, {verb: "don't"})
        elif word == "does" and following == "not":
            yield Edit(index, verb + 1, {verb: "do"})
        elif word == "has" and following != "to":
            yield Edit(index, verb, {verb: "have"})
        elif (lemma := _needless(word, following, subject)) is not None:
            yield Edit(index, verb, {verb: lemma})


def _needless(word: str, following: str, subject: Subject) -> str | None:
    """Return the base form of a verb with an unwanted -s, where it is surely a verb."""
    lemma = s_form_lemma(word)
    named = singular_of(word) is not None and count_of(singular_of(word) or "") is Count.ONE
    if lemma is None or named or word in lexicon.BE | {"does", "guys", "folks", "lots", "men", "'s"}:
        return None
    if subject.pronoun:
        return lemma
    known = lemma in lexicon.EVERYDAY_ACTIONS | _VERB_OR_NOUN or is_only_verb(lemma)
    return lemma if known and following not in lexicon.AUXILIARIES and not s_form_lemma(following) else None


def _is_subject(sentence: Sentence, subject: Subject) -> bool:
    """Say whether a plural subject stands alone, not as the end of `one of you`."""
    before, word = sentence.word(subject.first - 1), sentence.word(subject.first)
    if before in ("and", "or", "nor", "of", "like", "than", "for", "to", "between"):
        return False
    return word in ("i", "we", "they") or opens_clause(sentence, subject.first)


def be(sentence: Sentence) -> Iterator[Edit]:
    """Find mistakes such as `You is late today.`."""
    for index in range(len(sentence)):
        subject = subject_at(sentence, index)
        if subject is None or _has_number(sentence, subject):
            continue
        after, before = sentence.word(subject.last + 1), sentence.word(index - 1)
        called = not subject.pronoun and sentence.word(subject.last + 2) in lexicon.PRONOUNS
        if after in lexicon.AUXILIARIES and not called and _stands_first(sentence, subject):
            new = _fitting(sentence, subject, after)
            if new and not (after == "were" and has_word(sentence, _UNREAL, 0, index)):
                yield Edit(index, subject.last + 1, {subject.last + 1: new})
        elif (
            before in lexicon.BE and _asks(sentence, index - 1) and after not in lexicon.AUXILIARIES | {"and"}
        ):
            new = _fitting(sentence, subject, before)
            if new and (before != "were" or sentence.word(index - 2) in lexicon.WH_WORDS):
                yield Edit(index - 1, subject.last, {index - 1: new})


def _stands_first(sentence: Sentence, subject: Subject) -> bool:
    """Say whether a subject begins its clause; pronouns in the subject form nearly always do."""
    before = sentence.word(subject.first - 1)
    if subject.pronoun and sentence.word(subject.first) in ("he", "she", "they", "we", "i"):
        return before not in ("and", "or", "nor", "of", "than", "as", "but")
    return _opening(sentence, subject.first)


def _has_number(sentence: Sentence, subject: Subject) -> bool:
    """Leave `two weeks is a long time`, titles and names such as `the United States`."""
    inside = range(subject.first, subject.last + 1)
    head = sentence.text(subject.last)
    titled = head[:1].isupper() and subject.last > 0 and sentence.word(subject.last) != "i"
    determined = sentence.word(subject.first) in lexicon.DETERMINERS - {"a", "an"}
    determined = determined or sentence.word(subject.first) == "people"
    bare = not (determined or subject.pronoun or subject.third_person)
    counted = any(lexicon.is_number(sentence.word(at)) for at in inside)
    return (
        counted
        or sentence.word(subject.last) in _MANY_BUT_ONE
        or bare
        or (titled and not subject.third_person)
    )


def _fitting(sentence: Sentence, subject: Subject, verb: str) -> str | None:
    """Return the form of `be` that fits, where `verb` is another one."""
    if verb not in ("am", "is", "are", "was", "were"):
        return None
    one, word = subject.third_person, sentence.word(subject.first)
    present, past = ("is", "was") if one else _BE_FORMS.get(word, ("are", "were"))
    new = past if verb in lexicon.BE_PAST else present
    return new if new != verb else None


def asked_do(sentence: Sentence) -> Iterator[Edit]:
    """Find mistakes such as `Does you like tea?`."""
    for index in range(len(sentence) - 2):
        word = sentence.word(index)
        subject = subject_at(sentence, index + 1)
        if word not in ("do", "does", "don't", "doesn't") or subject is None or not _asks(sentence, index):
            continue
        main = _after_adverbs(sentence, subject.last + 1)
        wanted = "does" if subject.third_person else "do"
        if word.startswith(wanted + "n") or word == wanted or not _asked_verb(sentence, subject, main):
            continue
        yield Edit(index, subject.last, {index: wanted + word.removeprefix("does").removeprefix("do")})


def _asked_verb(sentence: Sentence, subject: Subject, main: int) -> bool:
    """Say whether a base form stands where a question with `do` has its verb."""
    word = sentence.word(main)
    if subject.pronoun and sentence.word(subject.first) in ("i", "he", "she", "we", "they", "you"):
        return is_base_verb(word) or word in ("have", "has")
    return word in lexicon.EVERYDAY_ACTIONS | _VERB_OR_NOUN | {"have"} or (
        is_base_verb(word) and is_only_verb(word)
    )


def asked_have(sentence: Sentence) -> Iterator[Edit]:
    """Find mistakes such as `Have she finished her work?`."""
    for index in range(len(sentence) - 2):
        word = sentence.word(index)
        subject = subject_at(sentence, index + 1)
        if word not in ("have", "has") or subject is None or not _asks(sentence, index):
            continue
        wanted = "has" if subject.third_person else "have"
        if word != wanted and (
            is_participle(sentence.word(subject.last + 1)) or sentence.word(subject.last + 1) == "been"
        ):
            yield Edit(index, subject.last, {index: wanted})


def this_are(sentence: Sentence) -> Iterator[Edit]:
    """Find mistakes such as `This are my books.`."""
    for index in range(len(sentence) - 2):
        word, verb = sentence.word(index), sentence.word(index + 1)
        if not (index == 0 or _opening(sentence, index)) or (word == "that" and index > 0):
            continue
        if word in ("this", "that") and verb == "are":
            phrase = phrase_at(sentence, index + 2)
            one = phrase is not None and phrase.count is Count.ONE
            change = {index + 1: "is"} if one else {index: {"this": "these", "that": "those"}[word]}
            yield Edit(index, index + 1, change)
        elif word in ("these", "those") and verb in ("is", "was"):
            yield Edit(index, index + 1, {index + 1: "are" if verb == "is" else "were"})


def part(sentence: Sentence) -> Iterator[Edit]:
    """`each of the boys have`, `both my brothers is`: how many the first word counts."""
    plural = {"is": "are", "was": "were", "has": "have"}
    single = {many: one for one, many in plural.items()} | {"don't": "doesn't"}
    for index in range(len(sentence) - 3):
        word = sentence.word(index)
        at = index + 1 + (sentence.word(index + 1) == "of")
        if word not in ("each", "one", "both") or (word != "both" and at == index + 1) or index > 1:
            continue
        phrase = phrase_at(sentence, at)
        pronoun = sentence.word(at) in ("us", "you", "them")
        if not pronoun and (phrase is None or phrase.count is not Count.MANY):
            continue
        verb = at + 1 if pronoun or phrase is None else phrase.last + 1
        forms = plural if word == "both" else single
        if sentence.word(verb) in forms:
            yield Edit(index, verb, {verb: forms[sentence.word(verb)]})


def double_subject(sentence: Sentence) -> Iterator[Edit]:
    """`my father he works`: the pronoun says the subject a second time."""
    for index in range(len(sentence) - 3):
        if sentence.word(index) not in lexicon.POSSESSIVES or sentence.word(index + 1) not in lexicon.PERSONS:
            continue
        verb = sentence.word(index + 3)
        finite = verb in lexicon.AUXILIARIES or is_base_verb(verb) or s_form_lemma(verb) or past_lemma(verb)
        if sentence.word(index + 2) in ("he", "she", "they") and finite and _opening(sentence, index):
            yield Edit(index, index + 2, {index + 2: ""})


def there(sentence: Sentence) -> Iterator[Edit]:
    """Find mistakes such as `There is many people here.`."""
    for index in range(len(sentence) - 2):
        verb = sentence.word(index + 1)
        if sentence.word(index) != "there" or verb not in ("is", "are", "was", "were", "'re", "'s"):
            continue
        phrase = phrase_at(sentence, index + 2)
        if phrase is None or sentence.word(phrase.last + 1) in ("of", ","):
            continue
        many, written = phrase.count is Count.MANY, sentence.word(phrase.last + 1)
        if many and verb in ("is", "was") and sentence.word(index + 2) not in ("a", "an", "one"):
            yield Edit(index, phrase.last, {index + 1: "are" if verb == "is" else "were"})
        elif not many and verb in ("are", "were") and sentence.word(index + 2) in ("a", "an", "one"):
            if written != "or" and not has_word(sentence, frozenset({","}), phrase.last, len(sentence)):
                yield Edit(index, phrase.last, {index + 1: "is" if verb == "are" else "was"})
