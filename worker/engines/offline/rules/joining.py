"""Rules about order and joining: adverbs, doubled conjunctions, words said twice, conditions."""

from worker.engines.offline.matchers import joining as match
from worker.engines.offline.rule import Rule, lesson

ADVERB = Rule(
    "adverb_order",
    lesson(
        "word order",
        6,
        '"often", "always" jaise shabd pehle helping verb ke theek baad aate hain',
        '"ऑफ़न", "ऑलवेज़" जैसे शब्द पहले हेल्पिंग वर्ब के ठीक बाद आते हैं',
    ),
    match.adverb,
    fires=(
        ("She has been often praised.", "She has often been praised."),
        ("We always have been helped by him.", "We have always been helped by him."),
        ("I always will remember this day.", "I will always remember this day."),
    ),
    silent=("She has often been praised.", "He has been always late.", "I never can tell."),
)

OBJECT_FIRST = Rule(
    "very_much_order",
    lesson("word order", 7, '"very much" cheez ke baad aata hai', '"वेरी मच" चीज़ के बाद आता है'),
    match.object_first,
    fires=(
        ("I like very much cricket.", "I like cricket very much."),
        ("she enjoys it and I love very much my job", "she enjoys it and I love my job very much"),
    ),
    silent=("I like cricket very much.", "I like very much when it rains."),
)

ENOUGH = Rule(
    "enough_order",
    lesson("word order", 7, '"enough" adjective ke baad aata hai', '"इनफ़" ऐडजेक्टिव के बाद आता है'),
    match.enough,
    fires=(("He is enough tall to play.", "He is tall enough to play."),),
    silent=("He is tall enough.", "There is enough good food."),
)

DOUBLED = Rule(
    "doubled_conjunction",
    lesson(
        "conjunction",
        7,
        '"although" ke saath "but", aur "because" ke saath "so" nahi lagta, ek hi kaafi hai',
        '"ऑलदो" के साथ "बट", और "बिकॉज़" के साथ "सो" नहीं लगता, एक ही काफ़ी है',
    ),
    match.doubled,
    fires=(
        ("Although it was raining, but we went out.", "Although it was raining, we went out."),
        ("because I was ill so I stayed home", "because I was ill I stayed home"),
    ),
    silent=("Although it rained, we went out.", "Because he is so kind.", "It rained but we went."),
)

TWICE = Rule(
    "said_twice",
    lesson(
        "repeated meaning",
        6,
        "Is verb mein woh matlab pehle se hai, dobara kehna zaroori nahi",
        "इस वर्ब में वह मतलब पहले से है, दोबारा कहना ज़रूरी नहीं",
    ),
    match.twice,
    fires=(
        ("I will return back tomorrow.", "I will return tomorrow."),
        ("Please repeat the question again.", "Please repeat the question."),
        ("he reverted back to me", "he reverted to me"),
    ),
    silent=(
        "I will come back.",
        "Say it again.",
        "On my return back pain began.",
        "Return the book and go back.",
    ),
)

CONDITION = Rule(
    "will_in_condition",
    lesson(
        "verb tense",
        10,
        '"if", "when", "after", "before" wale hisse mein "will" nahi, present tense aata hai',
        '"इफ़", "व्हेन", "आफ़्टर", "बिफ़ोर" वाले हिस्से में "विल" नहीं, प्रेज़ेंट टेन्स आता है',
    ),
    match.condition,
    fires=(
        ("If it will rain, we will stay home.", "If it rains, we will stay home."),
        ("When I will reach home I will call you.", "When I reach home I will call you."),
        ("I will call you after I will finish my work.", "I will call you after I finish my work."),
    ),
    silent=(
        "If it rains, we will stay.",
        "I don't know when he will come.",
        "When will you come?",
        "I wonder if she will like it.",
        "If you will excuse me, I must go.",
    ),
)

WOULD_HAVE = Rule(
    "if_would_have",
    lesson(
        "verb tense",
        9,
        '"if" wale hisse mein "would have" nahi, "had" aata hai',
        '"इफ़" वाले हिस्से में "वुड हैव" नहीं, "हैड" आता है',
    ),
    match.would_have,
    fires=(("If I would have known, I would have come.", "If I had known, I would have come."),),
    silent=("If I had known, I would have come.", "I wonder if he would have come."),
)

NOR = Rule(
    "neither_or",
    lesson("conjunction", 5, '"neither" ke saath "nor" aata hai', '"नाइदर" के साथ "नॉर" आता है'),
    match.nor,
    fires=(("Neither my mother or my father came.", "Neither my mother nor my father came."),),
    silent=("Neither he nor she came.", "Neither of them came late or early."),
)

BOTH = Rule(
    "both_as_well_as",
    lesson("conjunction", 5, '"both" ke saath "and" aata hai', '"बोथ" के साथ "ऐंड" आता है'),
    match.both,
    fires=(("She is both kind as well as clever.", "She is both kind and clever."),),
    silent=("She is both kind and clever.", "He sings as well as she does."),
)

REASON = Rule(
    "reason_because",
    lesson("conjunction", 4, '"the reason is" ke baad "that" aata hai', '"द रीज़न इज़" के बाद "दैट" आता है'),
    match.reason,
    fires=(("The reason I came is because I need help.", "The reason I came is that I need help."),),
    silent=("It is because I need help.", "The reason is that I need help."),
)

EITHER = Rule(
    "too_either",
    lesson(
        "adverb",
        6,
        '"nahi" wale sentence mein "too" nahi, "either" aata hai',
        '"नहीं" वाले सेंटेंस में "टू" नहीं, "ईदर" आता है',
    ),
    match.either,
    fires=(("I don't like it too.", "I don't like it either."),),
    silent=("I like it too.", "I don't want to go too far."),
)

RULES = (CONDITION, WOULD_HAVE, OBJECT_FIRST, ENOUGH, DOUBLED, TWICE, ADVERB, EITHER, NOR, BOTH, REASON)
