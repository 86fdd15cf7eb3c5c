"""Inflection over lemminflect, cached: which forms a word can be, and the form a correction needs."""

from functools import lru_cache

from lemminflect import getAllLemmas, getInflection

_CACHED_WORDS = 8_192

_BRITISH = {"traveling": "travelling", "traveled": "travelled", "canceling": "cancelling"}
_RATHER_BASE = frozenset({"rent", "wound", "ground", "bound", "proofread", "lay"})
_IRREGULAR_CHOICE = {("lie", "VBD"): "lay", ("get", "VBN"): "got", ("quit", "VBN"): "quit"}


@lru_cache(maxsize=_CACHED_WORDS)
def readings(word: str) -> dict[str, tuple[str, ...]]:
    """Return the lemmas of a lower-case word by part of speech (`VERB`, `NOUN`, `ADJ`, `ADV`, `AUX`).

    A name (`Will`) has none.
    """
    lemmas: dict[str, tuple[str, ...]] = {} if word[:1].isupper() else getAllLemmas(word)
    return lemmas


@lru_cache(maxsize=_CACHED_WORDS)
def inflect(lemma: str, tag: str) -> str:
    """Return `lemma` in the form of the Penn tag `tag` (`VBD`, `VBG`, `VBZ`, `NNS`, …)."""
    if (lemma, tag) in _IRREGULAR_CHOICE:
        return _IRREGULAR_CHOICE[lemma, tag]
    forms: tuple[str, ...] = getInflection(lemma, tag=tag)
    return _BRITISH.get(forms[0], forms[0]) if forms else lemma


def is_known(word: str) -> bool:
    """Say whether the lexicon holds the word as a noun, verb, adjective or adverb."""
    return bool(readings(word))


def is_base_verb(word: str) -> bool:
    """Say whether the word can be a verb's base form (`go`, not `went`)."""
    return word in readings(word).get("VERB", ()) and not past_lemma(word)


def is_only_verb(word: str) -> bool:
    """Say whether the word is a verb and nothing else."""
    return set(readings(word)) == {"VERB"}


def past_lemma(word: str) -> str | None:
    """Return the verb whose simple past is `word` and differs from its base form, if any."""
    for lemma in readings(word).get("VERB", ()):
        if lemma != word and inflect(lemma, "VBD") == word and word not in _RATHER_BASE:
            return lemma
    return None


def is_participle(word: str) -> bool:
    """Say whether `word` is a verb's past participle and differs from its base form (`gone`, `talked`)."""
    return any(lemma != word and inflect(lemma, "VBN") == word for lemma in readings(word).get("VERB", ()))


def s_form_lemma(word: str) -> str | None:
    """Return the verb whose third-person form is `word` (`goes` → `go`), if any."""
    for lemma in readings(word).get("VERB", ()):
        if lemma != word and inflect(lemma, "VBZ") == word:
            return lemma
    return None


def ing_lemma(word: str) -> str | None:
    """Return the verb whose -ing form is `word`, if any."""
    for lemma in readings(word).get("VERB", ()):
        if lemma != word and word.endswith("ing"):
            return lemma
    return None


def verb_lemma(word: str) -> str:
    """Return the first verb `word` can be a form of, or `""`."""
    return next(iter(readings(word).get("VERB", ())), "")


def noun_lemma(word: str) -> str | None:
    """Return the first noun `word` can be a form of, if any."""
    return next(iter(readings(word).get("NOUN", ())), None)


def has_distinct_participle(lemma: str) -> bool:
    """Say whether base form and past participle differ (`go`, not `put`)."""
    return inflect(lemma, "VBN") != lemma


def comparative_base(word: str) -> str | None:
    """Return the adjective of a comparative or superlative that is no noun (`taller` → `tall`)."""
    found = readings(word)
    if word not in ("better", "best", "worse", "worst") and {"NOUN", "VERB"} & set(found):
        return None
    for adjective in found.get("ADJ", ()):
        if adjective != word and word in (inflect(adjective, "JJR"), inflect(adjective, "JJS")):
            return adjective
    return None
