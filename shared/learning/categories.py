"""What tutors call kinds of mistakes, mapped to the one closed list."""

import re

from shared.models import MistakeCategory

_CALLED: dict[MistakeCategory, str] = {
    MistakeCategory.VERB_FORM: "verb form, verb pattern, modal verb, helping verb, auxiliary verb, "
    "auxiliary, modal, missing verb, stative verb, gerund, infinitive, participle, passive voice, "
    "question form, telling your age, verb inflection",
    MistakeCategory.VERB_TENSE: "verb tense, tense, past tense, present tense, future tense, "
    "present continuous, present perfect, past perfect, reported speech, conditional",
    MistakeCategory.SUBJECT_VERB_AGREEMENT: "subject verb agreement, agreement, verb agreement, verb sva",
    MistakeCategory.DETERMINER: "determiner, article, articles, det, much and many, quantifier",
    MistakeCategory.PREPOSITION: "preposition, prepositions, prep, particle, phrasal verb",
    MistakeCategory.NOUN_NUMBER: "noun number, noun num, number, singular and plural, plural, singular, "
    "uncountable noun, countable noun, plural noun, noun form, noun inflection",
    MistakeCategory.NOUN_POSSESSIVE: "noun possessive, possessive, noun poss",
    MistakeCategory.PRONOUN: "pronoun, pronouns, pron, introducing yourself, relative pronoun, "
    "reflexive pronoun",
    MistakeCategory.COMPARISON: "comparison, comparative, superlative, adjective form, adj form",
    MistakeCategory.WORD_FORM: "word form, morphology, morph, adjective, adverb, part of speech",
    MistakeCategory.WORD_ORDER: "word order, question order, wo, question",
    MistakeCategory.WORD_CHOICE: "word choice, confused words, vocabulary, wrong word, repeated meaning, "
    "redundancy, idiom, collocation, expression, spelling, noun, verb",
    MistakeCategory.CONJUNCTION: "conjunction, conj, linking word, connector",
    MistakeCategory.NEGATION: "negation, negative sentence, negative, double negative",
    MistakeCategory.OTHER: "other, grammar, sentence structure, punctuation",
}
_BY_NAME = {name.strip(): category for category, names in _CALLED.items() for name in names.split(",")}
# What is in a longer name, most telling first: `incorrect verb tense usage`, `missing article "the"`.
_TELLING: tuple[tuple[MistakeCategory, str], ...] = (
    (MistakeCategory.SUBJECT_VERB_AGREEMENT, "agreement"),
    (MistakeCategory.VERB_TENSE, "tense"),
    (MistakeCategory.DETERMINER, "article determiner"),
    (MistakeCategory.PREPOSITION, "preposition"),
    (MistakeCategory.WORD_ORDER, "order"),
    (MistakeCategory.NOUN_NUMBER, "plural singular countable uncountable"),
    (MistakeCategory.NOUN_POSSESSIVE, "possessive"),
    (MistakeCategory.PRONOUN, "pronoun"),
    (MistakeCategory.COMPARISON, "comparative superlative"),
    (MistakeCategory.NEGATION, "negative negation"),
    (MistakeCategory.CONJUNCTION, "conjunction"),
    (MistakeCategory.VERB_FORM, "gerund infinitive participle auxiliary modal verb"),
    (MistakeCategory.WORD_CHOICE, "choice vocabulary spelling"),
    (MistakeCategory.WORD_FORM, "form adjective adverb"),
)
_NO_LETTERS = re.compile(r"[^a-z]+")


def category_of(called: str) -> MistakeCategory:
    """Return the category that a tutor calls `called`; `OTHER` for what nobody has thought of."""
    name = _NO_LETTERS.sub(" ", called.lower()).strip()
    known = _BY_NAME.get(name)
    if known is not None:
        return known
    try:
        return MistakeCategory(name.replace(" ", "_"))
    except ValueError:
        words = {word.removesuffix("s") for word in name.split()}
        found = (category for category, telling in _TELLING if words & set(telling.split()))
        return next(found, MistakeCategory.OTHER)
