"""Rules about comparing: `taller than`, `as tall as`, `too hot`, `very much`."""

from worker.engines.offline.matchers import comparison as match
from worker.engines.offline.rule import Lesson, Rule, lesson

DOUBLE = Rule(
    "double_comparative",
    Lesson(
        "comparative",
        7,
        'Aapne "{wrong}" kaha. "{right}" mein tulna pehle se hai, isliye "more" ya "most" nahi lagta.',
        'आपने "{wrong}" कहा। "{right}" में तुलना पहले से है, इसलिए "मोर" या "मोस्ट" नहीं लगता।',
    ),
    match.double,
    fires=(
        ("He is more taller than me.", "He is taller than me."),
        ("This is the most easiest way", "This is the easiest way"),
        ("It is more better now", "It is better now"),
    ),
    silent=(
        "He is taller than me.",
        "I need more water.",
        "We need two more younger players.",
        "I have more paper.",
    ),
)

MORE_GOOD = Rule(
    "more_good",
    lesson(
        "comparative",
        7,
        '"good" aur "bad" ki tulna "better", "worse", "best", "worst" se hoti hai',
        '"गुड" और "बैड" की तुलना "बेटर", "वर्स", "बेस्ट", "वर्स्ट" से होती है',
    ),
    match.more_good,
    fires=(
        ("This shop is more good.", "This shop is better."),
        ("he is the most good player", "he is the best player"),
    ),
    silent=("This shop is better.", "It does more good than harm.", "We need more good players."),
)

PLAIN_THAN = Rule(
    "plain_than",
    lesson(
        "comparative",
        9,
        '"than" se pehle adjective ka tulna wala form aata hai',
        '"दैन" से पहले ऐडजेक्टिव का तुलना वाला फ़ॉर्म आता है',
    ),
    match.plain_than,
    fires=(
        ("My brother is tall than me.", "My brother is taller than me."),
        ("this phone is very cheap than that one", "this phone is much cheaper than that one"),
        ("Today is worst than yesterday.", "Today is worse than yesterday."),
    ),
    silent=("My brother is taller than me.", "It is more easy than hard.", "He is rather tall than short."),
)

THEN_THAN = Rule(
    "then_than",
    lesson(
        "comparative",
        6,
        'Tulna mein "than" aata hai; "then" ka matlab hai "phir"',
        'तुलना में "दैन" आता है; "देन" का मतलब है "फिर"',
    ),
    match.then,
    fires=(
        ("She is taller then me.", "She is taller than me."),
        ("I ate and than I slept.", "I ate and then I slept."),
        ("It is more difficult then the last one", "It is more difficult than the last one"),
    ),
    silent=("She is taller than me.", "I ate and then I slept."),
)

AS_AS = Rule(
    "as_as",
    lesson(
        "comparative",
        7,
        'Barabari ke liye "as", adjective ka seedha form, phir "as" aata hai',
        'बराबरी के लिए "ऐज़", ऐडजेक्टिव का सीधा फ़ॉर्म, फिर "ऐज़" आता है',
    ),
    match.as_as,
    fires=(
        ("He is as taller as me.", "He is as tall as me."),
        ("she is as clever than her sister", "she is as clever as her sister"),
    ),
    silent=("He is as tall as me.", "As soon as possible.", "It is so much better than before."),
)

TOO_MUCH = Rule(
    "too_much",
    lesson(
        "adverb",
        6,
        'Adjective se pehle "much" nahi lagta, sirf "too", "so" ya "very"',
        'ऐडजेक्टिव से पहले "मच" नहीं लगता, सिर्फ़ "टू", "सो" या "वेरी"',
    ),
    match.too_much,
    fires=(("It is too much hot today.", "It is too hot today."), ("I am so much tired", "I am so tired")),
    silent=(
        "It is too hot today.",
        "I have too much work.",
        "He is very much alive.",
        "It is so much better.",
    ),
)

VERY_LIKE = Rule(
    "very_like",
    lesson(
        "adverb",
        8,
        'Verb se pehle "very" nahi, "really" kehte hain',
        'वर्ब से पहले "वेरी" नहीं, "रियली" कहते हैं',
    ),
    match.very_like,
    fires=(("I very like this song.", "I really like this song."),),
    silent=("I really like this song.", "It is very like him.", "I like it very much."),
)

EQUALLY = Rule(
    "equally_as",
    lesson("comparative", 5, '"equally" ke saath "as" nahi lagta', '"ईक्वली" के साथ "ऐज़" नहीं लगता'),
    match.equally,
    fires=(("He is equally as good.", "He is equally good."),),
    silent=("He is equally good.", "He is as good."),
)

RULES = (PLAIN_THAN, DOUBLE, MORE_GOOD, VERY_LIKE, AS_AS, TOO_MUCH, THEN_THAN, EQUALLY)
