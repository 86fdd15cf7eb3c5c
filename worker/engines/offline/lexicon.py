"""Word lists for the rules: closed classes and small families of verbs and nouns."""


def word_set(text: str) -> frozenset[str]:
    """Return the words of `text`, which are separated by spaces."""
    return frozenset(text.split())


PRONOUNS = frozenset({"i", "you", "he", "she", "it", "we", "they"})
INDEFINITE = word_set(
    "everyone everybody someone somebody anyone anybody nobody everything something nothing"
)
"""Indefinite pronouns; they take a singular verb."""

POSSESSIVES = frozenset({"my", "your", "his", "her", "our", "their"})
DETERMINERS = POSSESSIVES | {"a", "an", "the", "this", "that", "these", "those", "some", "any", "no", "every"}
OBJECT_PRONOUNS = frozenset({"me", "you", "him", "her", "it", "us", "them"})
WH_WORDS = frozenset({"who", "whom", "whose", "what", "which", "when", "where", "why", "how", "that"})
PREPOSITIONS = word_set(
    "about above across after against along around as at before behind below beside between by "
    "down during for from in inside into like near of off on onto out over past since than "
    "through till to toward towards under until up with within without"
)

PERSONS = word_set(
    "aunt baby boss boy brother child classmate colleague cousin daughter doctor driver father "
    "friend girl grandfather grandmother husband maid manager mother mummy mom dad neighbour "
    "neighbor papa principal roommate sir sister son teacher uncle wife"
)

FRONT_ADVERBS = word_set(
    "actually also always currently daily just never now often only really regularly sometimes "
    "still today usually already"
)

CLAUSE_OPENERS = word_set(
    ", and but so because then when if while although yes no ok okay sir madam ma'am hello hi hey "
    "today now tomorrow actually sometimes usually everyday daily also"
)

BE_PRESENT = frozenset({"am", "is", "are", "'m", "'re", "'s"})
BE_PAST = frozenset({"was", "were"})
BE = BE_PRESENT | BE_PAST
DO = frozenset({"do", "does", "did"})
MODALS = frozenset({"can", "could", "will", "would", "shall", "should", "must", "may", "might", "'ll"})
HAVE = frozenset({"have", "has", "had", "'ve"})
AUXILIARIES = BE | DO | MODALS | HAVE

CONTRACTED_NEGATIVES = {
    **{f"{verb}n't": verb for verb in ("is", "are", "was", "were", "do", "does", "did", "could", "would")},
    **{f"{verb}n't": verb for verb in ("should", "must", "might", "have", "has", "had")},
    **{f"{verb}nt": verb for verb in ("is", "are", "was", "were", "do", "does", "did")},
    "can't": "can",
    "cannot": "can",
    "won't": "will",
    "shan't": "shall",
}

QUANTIFIERS = word_set(
    "all both each either neither none many much more most several few little lot enough such"
)
FUNCTION_WORDS = (
    PRONOUNS | INDEFINITE | OBJECT_PRONOUNS | DETERMINERS | WH_WORDS | PREPOSITIONS | AUXILIARIES
    | QUANTIFIERS | frozenset(CONTRACTED_NEGATIVES) | FRONT_ADVERBS | CLAUSE_OPENERS
    | word_set("not or nor else ever even myself yourself himself herself itself ourselves themselves "
               "mine yours ours theirs hers one there here please thanks let be been being done gone very "
               "too quite again together away ago soon later maybe perhaps")
)  # fmt: skip
"""Words of the closed classes: none of them is a noun, whatever a dictionary says."""

STATIVE = word_set(
    "agree believe belong consist contain depend deserve disagree doubt know mean need own "
    "possess prefer resemble seem understand want"
)
"""Verbs of state: they take no -ing in everyday use."""

FEELINGS = word_set(
    "allow annoy bore confuse disappoint embarrass excite frustrate interest marry satisfy shock "
    "suppose surprise tire worry"
)
"""Verbs whose learners' `I am confuse` means the participle: `I am confused`."""

EVERYDAY_ACTIONS = word_set(
    "ask buy call come cry dance do drink drive eat get give go join laugh learn listen live look "
    "make pay play pray prepare practice practise search sing sit sleep speak stay study swim "
    "take talk teach travel try visit wait walk wash watch wear work write"
)
"""Actions that may also be nouns, but not after a pronoun and `am`."""

NEVER_BARE = word_set("let thank please bless see hope suppose use name call complete")
"""Base verbs that follow `you are` in careless speech without being its verb."""

POSSESSIONS = word_set(
    "account auto bicycle bike book brother bungalow business camera car cat company computer cow "
    "degree dog experience factory family farm fever flat garden house job knowledge land laptop "
    "mobile money pen pet phone scooter shop sister tablet tv vehicle watch"
)
COUNTED_KIN = frozenset({"child", "son", "daughter", "kid", "cousin", "uncle", "aunt", "friend"})

PLACES_WITH_THE = word_set(
    "airport bank beach cinema gym library mall market office park station temple theatre zoo"
)

PLACES_WITHOUT_ARTICLE = frozenset({"school", "college", "work", "church", "bed"})

TIME_UNITS = word_set(
    "second seconds minute minutes hour hours day days week weeks month months year years decades"
)
WEEKDAYS = word_set("monday tuesday wednesday thursday friday saturday sunday")
MONTHS = word_set("january february april june july august september october november december")
"""Without `may`, which is nearly always the verb."""

BEFORE_MONTH = word_set("in on at by from to till until since of during last next this every early late mid")
NAMES_THAT_ARE_WORDS = word_set(
    "amber angel art baker bill bishop carol carter chance chase cherry christian cliff crystal "
    "daisy dawn dean dolly drew eve faith fisher frank ginger grace grant guy happy harry hazel heath "
    "holly honey hope hunter iris ivy jack jasmine jay joy king lily lucky mark martin mason max may "
    "melody mercy miles miller nick olive parker pat patience pearl penny pinky prince princess ray "
    "reed rich rob robin rocky rose ruby rusty sandy star sue summer sunny sweety taylor victor "
    "victory violet wade will wisdom"
)

NUMBERS = word_set(
    "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
    "sixteen seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety "
    "hundred"
)
FEW = frozenset({"few", "several", "many", "couple"})


def is_number(word: str) -> bool:
    """Say whether `word` is digits or a number word, also hyphenated (`twenty-five`)."""
    return word.isdecimal() or (word != "" and all(part in NUMBERS for part in word.split("-")))
