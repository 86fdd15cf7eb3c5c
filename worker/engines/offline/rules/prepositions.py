"""Rules about prepositions: which word takes which, and which takes none.

What takes what is a table, not code: a head (any form of a verb, or exactly an adjective), what learners
say after it, what English says (`-`: nothing), and what must follow for the row to fit.
"""

from worker.engines.offline.matchers import prepositions as match
from worker.engines.offline.rule import Rule, lesson

TABLE = Rule(
    "preposition_table",
    lesson(
        "preposition",
        8,
        "Is shabd ke saath yeh preposition nahi lagta; aise kahiye",
        "इस शब्द के साथ यह प्रिपोज़िशन नहीं लगता; ऐसे कहिए",
    ),
    match.table,
    fires=(
        ("We discussed about the exam.", "We discussed the exam."),
        ("they are discussing about cricket", "they are discussing cricket"),
        ("She is married with a doctor.", "She is married to a doctor."),
        ("I am good in English.", "I am good at English."),
        ("He is senior than me.", "He is senior to me."),
        ("My mother is angry on me.", "My mother is angry with me."),
        ("It depends of the weather.", "It depends on the weather."),
        ("He was awaiting for a reply.", "He was awaiting a reply."),
        ("Don't worry for me.", "Don't worry about me."),
        ("I am afraid from dogs.", "I am afraid of dogs."),
        ("please contact to my brother", "please contact my brother"),
        ("He married with a doctor.", "He married a doctor."),
        ("She entered into the room.", "She entered the room."),
    ),
    silent=(
        "We discussed the exam.",
        "We talked about the exam.",
        "He made no mention about it.",
        "It is good in summer.",
        "I am good at English.",
        "The order for the book came.",
        "He reached for his phone.",
        "She is married with two kids.",
        "Please prepone the meeting to Monday.",
        "I postponed my meeting to Friday.",
        "They entered into an agreement.",
        "He engaged with a customer.",
    ),
)

PREFER = Rule(
    "prefer_than",
    lesson(
        "preposition", 8, '"prefer" ke saath "than" nahi, "to" aata hai', '"प्रिफ़र" के साथ "दैन" नहीं, "टू" आता है'
    ),
    match.prefer,
    fires=(("I prefer tea than coffee.", "I prefer tea to coffee."),),
    silent=("I prefer tea to coffee.", "I prefer to walk rather than drive."),
)

MISSING = Rule(
    "missing_preposition",
    lesson("preposition", 9, "Is verb ke baad preposition chahiye", "इस वर्ब के बाद प्रिपोज़िशन चाहिए"),
    match.missing,
    fires=(
        ("I listen music every day.", "I listen to music every day."),
        ("Please wait me.", "Please wait for me."),
        ("it depends the weather", "it depends on the weather"),
    ),
    silent=("I listen to music.", "Wait for me.", "I can't wait her out.", "Listen, it is raining."),
)

TIME = Rule(
    "time_preposition",
    lesson(
        "preposition",
        7,
        'Samay ke liye: din ke saath "on", ghadi ke samay aur "night" ke saath "at", '
        'mahine aur saal ke saath "in"; '
        '"last", "next" ke saath kuch nahi',
        'समय के लिए: दिन के साथ "ऑन", घड़ी के समय और "नाइट" के साथ "ऐट", '
        'महीने और साल के साथ "इन"; "लास्ट", "नेक्स्ट" के साथ कुछ नहीं',
    ),
    match.time,
    fires=(
        ("I will come in Monday.", "I will come on Monday."),
        ("We met on last Sunday.", "We met last Sunday."),
        ("She gets up on 6 am.", "She gets up at 6 am."),
        ("I drink tea in morning.", "I drink tea in the morning."),
        ("he works in night", "he works at night"),
        ("I was born on 1999", "I was born in 1999"),
    ),
    silent=(
        "On Monday I work.",
        "In the morning I walk.",
        "At night it rains.",
        "I came in last.",
        "We live at 5 Park Road.",
    ),
)

NO_PREPOSITION = Rule(
    "go_to_home",
    lesson(
        "preposition",
        7,
        '"home", "here", "there", "abroad" se pehle "to" nahi lagta',
        '"होम", "हियर", "देयर", "अब्रॉड" से पहले "टू" नहीं लगता',
    ),
    match.no_preposition,
    fires=(
        ("I went to home.", "I went home."),
        ("please come to here", "please come here"),
        ("he goes to abroad", "he goes abroad"),
    ),
    silent=("I went home.", "I went to home depot.", "Welcome to our home."),
)

OBJECT_FORM = Rule(
    "object_form",
    lesson(
        "pronoun",
        9,
        'Preposition ke baad "me", "him", "her", "us", "them" aata hai',
        'प्रिपोज़िशन के बाद "मी", "हिम", "हर", "अस", "देम" आता है',
    ),
    match.object_form,
    fires=(
        ("It is a secret between you and I.", "It is a secret between you and me."),
        ("there was a fight between he and Ravi", "there was a fight between him and Ravi"),
        ("Come with we.", "Come with us."),
    ),
    silent=(
        "This is between you and me.",
        "What are you looking for? I can help.",
        "Those he plays with he likes.",
    ),
)

WHOM = Rule(
    "whom",
    lesson(
        "pronoun",
        5,
        'Preposition ke theek baad "who" nahi, "whom" aata hai',
        'प्रिपोज़िशन के ठीक बाद "हू" नहीं, "हूम" आता है',
    ),
    match.whom,
    fires=(
        ("With who are you going?", "With whom are you going?"),
        ("To who did she talk?", "To whom did she talk?"),
    ),
    silent=("Who are you going with?", "It depends on who is coming.", "With whom are you going?"),
)

RULES = (MISSING, OBJECT_FORM, TABLE, PREFER, TIME, NO_PREPOSITION, WHOM)
