"""Rules about `a`, `an` and `the`: missing, of the wrong sound, or where none belongs."""

from worker.engines.offline.matchers import articles as match
from worker.engines.offline.rule import Rule, lesson

SOUND = Rule(
    "article_sound",
    lesson(
        "article",
        4,
        'Vowel ki awaaz se pehle "an", baaki se pehle "a" lagta hai',
        'वॉवल की आवाज़ से पहले "ऐन", बाक़ी से पहले "अ" लगता है',
    ),
    match.sound,
    fires=(
        ("I ate a apple.", "I ate an apple."),
        ("He bought an car.", "He bought a car."),
        ("wait for a hour", "wait for an hour"),
        ("It is an university.", "It is a university."),
    ),
    silent=(
        "I ate an apple.",
        "I study at a university.",
        "She has an MBA.",
        "It is a one way road.",
        "I got up at 3 a.m.",
        "vitamin a is good",
        "He is an uninvited guest.",
    ),
)

JOB = Rule(
    "article_job",
    lesson(
        "article",
        8,
        'Kaam ya pesha batate samay noun se pehle "a" ya "an" lagta hai',
        'काम या पेशा बताते समय नाउन से पहले "अ" या "ऐन" लगता है',
    ),
    match.job,
    fires=(
        ("I am doctor.", "I am a doctor."),
        ("my father is engineer in a company", "my father is an engineer in a company"),
        ("She wants to become good teacher.", "She wants to become a good teacher."),
        ("he became software engineer", "he became a software engineer"),
    ),
    silent=(
        "I am a doctor.",
        "They are teachers.",
        "He is manager of the bank.",
        "She is teacher training in charge.",
        "It is student life.",
    ),
)

ONE_THING = Rule(
    "article_thing",
    lesson(
        "article",
        7,
        'Ek gini jaane wali cheez se pehle "a" ya "an" lagta hai',
        'एक गिनी जाने वाली चीज़ से पहले "अ" या "ऐन" लगता है',
    ),
    match.one_thing,
    fires=(
        ("I have car.", "I have a car."),
        ("She bought new phone.", "She bought a new phone."),
        ("we have big dog at home", "we have a big dog at home"),
        ("I ate apple.", "I ate an apple."),
    ),
    silent=(
        "I have a car.",
        "I have cars.",
        "I have time.",
        "I have car insurance.",
        "I need bus tickets.",
        "We have dinner.",
    ),
)

PLACE = Rule(
    "article_place",
    lesson(
        "article",
        6,
        'Is jagah se pehle "the" lagta hai',
        'इस जगह से पहले "द" लगता है',
    ),
    match.place,
    fires=(
        ("I went to market.", "I went to the market."),
        ("we go to park every evening", "we go to the park every evening"),
    ),
    silent=(
        "I went to the market.",
        "I go to school.",
        "He goes to office by bus.",
        "We went to park street.",
    ),
)

SUPERLATIVE = Rule(
    "article_superlative",
    lesson(
        "article",
        7,
        'Sabse aage wali cheez ke saath "the" lagta hai',
        'सबसे आगे वाली चीज़ के साथ "द" लगता है',
    ),
    match.superlative,
    fires=(
        ("She is tallest girl in my class.", "She is the tallest girl in my class."),
        ("This is most important question.", "This is the most important question."),
        ("Delhi is an oldest city.", "Delhi is the oldest city."),
        ("he is least honest person here", "he is the least honest person here"),
    ),
    silent=(
        "She is the tallest girl.",
        "It is most important.",
        "Most people are kind.",
        "He is my best friend.",
        "It was a most interesting film.",
        "They are best friends.",
    ),
)

PHRASE = Rule(
    "article_phrase",
    lesson(
        "article",
        6,
        'Ek gini jaane wali cheez se pehle "a", "an" ya "the" lagta hai',
        'एक गिनी जाने वाली चीज़ से पहले "अ", "ऐन" या "द" लगता है',
    ),
    match.phrase,
    fires=(
        ("We live in small village.", "We live in a small village."),
        ("he sat by old table", "he sat by an old table"),
        ("People were happier in past.", "People were happier in the past."),
    ),
    silent=(
        "We live in a small village.",
        "I live in New Delhi.",
        "It is in good condition.",
        "He lives in old age.",
    ),
)

SAME = Rule(
    "article_same",
    lesson("article", 6, '"same" se pehle "the" lagta hai', '"सेम" से पहले "द" लगता है'),
    match.same,
    fires=(
        ("We have same problem.", "We have the same problem."),
        ("I live in same house", "I live in the same house"),
    ),
    silent=("We have the same problem.", "Same here.", "It is same as before."),
)

NO_ARTICLE = Rule(
    "no_article",
    lesson(
        "article",
        6,
        'Yahan "a" ya "the" nahi lagta',
        'यहाँ "अ" या "द" नहीं लगता',
    ),
    match.no_article,
    fires=(
        ("I play the cricket every day.", "I play cricket every day."),
        ("I met the my friend.", "I met my friend."),
    ),
    silent=("I play cricket.", "I like the cricket bat.", "I play the guitar."),
)

RULES = (JOB, ONE_THING, SUPERLATIVE, PLACE, PHRASE, SAME, NO_ARTICLE, SOUND)
