"""Rules about small words and set phrases: articles, comparison, prepositions, introducing oneself."""

from worker.engines.offline.matchers import phrases as match
from worker.engines.offline.rule import Lesson, Rule, lesson

EXPLAIN_ME = Rule(
    "explain_me",
    Lesson(
        "preposition",
        9,
        'Aapne "{wrong}" kaha. "explain" ke baad insaan se pehle "to" lagta hai: "{right}".',
        'आपने "{wrong}" कहा। "एक्सप्लेन" के बाद इंसान से पहले "टू" लगता है: "{right}"।',
    ),
    match.explain_me,
    fires=(
        ("Please explain me the question.", "Please explain to me the question."),
        ("could you explain me this", "could you explain this to me"),
        ("he explained us how it works", "he explained to us how it works"),
    ),
    silent=("Please explain it to me.", "Explain the question to me."),
)

MYSELF = Rule(
    "myself",
    Lesson(
        "introducing yourself",
        12,
        'Aapne "{wrong}" kaha. Apna naam batane ke liye "myself" nahi, "I am" ya "My name is" kehte hain: '
        '"{right}".',
        'आपने "{wrong}" कहा। अपना नाम बताने के लिए "माइसेल्फ़" नहीं, "आई ऐम" या "माय नेम इज़" कहते हैं: "{right}"।',
    ),
    match.myself,
    fires=(
        ("Myself Rahul.", "I am Rahul."),
        ("hello sir myself priya from jaipur", "hello sir I am priya from jaipur"),
    ),
    silent=("I did it myself.", "Myself and Rahul went.", "Myself included.", "I see myself Rahul said."),
)

YEARS_OLD = Rule(
    "years_old",
    Lesson(
        "telling your age",
        13,
        'Aapne "{wrong}" kaha. English mein umar "have" se nahi, "am", "is", "are" aur "years old" se batate '
        'hain: "{right}".',
        'आपने "{wrong}" कहा। इंग्लिश में उम्र "हैव" से नहीं, "ऐम", "इज़", "आर" और "ईयर्स ओल्ड" से बताते हैं: "{right}"।',
    ),
    match.years_old,
    fires=(
        ("I have 25 years old.", "I am 25 years old."),
        ("She has ten year old", "She is ten years old"),
        ("I am 25 year old.", "I am 25 years old."),
    ),
    silent=("I am 25 years old.", "I have a 25 year old car.", "He is 5 year old boy."),
)

AGED_NOUN = Rule(
    "aged_noun",
    lesson(
        "article",
        7,
        'Umar ke baad noun aaye to pehle "a" lagta hai aur "year" mein "s" nahi',
        'उम्र के बाद नाउन आए तो पहले "अ" लगता है और "ईयर" में "ऐस" नहीं',
    ),
    match.aged_noun,
    fires=(
        ("I have 3 year old son.", "I have a 3 year old son."),
        ("she has eleven years old daughter", "she has an eleven year old daughter"),
    ),
    silent=("I have a 3 year old son.", "I have two 3 year old sons.", "She had five year old twins."),
)

SINCE_DURATION = Rule(
    "since_duration",
    Lesson(
        "preposition",
        10,
        'Aapne "{wrong}" kaha. Kitne samay se, yeh "for" se batate hain; "since" shuruaat ke din ya '
        'saal ke saath aata hai: "{right}".',
        'आपने "{wrong}" कहा। कितने समय से, यह "फ़ॉर" से बताते हैं; "सिंस" शुरुआत के दिन या साल के साथ आता है: "{right}"।',
    ),
    match.since_duration,
    fires=(
        ("I am living here since two years.", "I am living here for two years."),
        ("Since 5 days I have fever", "For 5 days I have fever"),
    ),
    silent=(
        "I have lived here since 2010.",
        "It has been long since two years ago.",
        "Since Monday I am here.",
    ),
)

RULES = (YEARS_OLD, AGED_NOUN, MYSELF, SINCE_DURATION, EXPLAIN_ME)
