"""Rules about the tense that words of time ask for: `since`, `for two years`, `yesterday`, `said that`."""

from worker.engines.offline.matchers import time as match
from worker.engines.offline.rule import Rule, lesson

SINCE_TENSE = Rule(
    "since_and_tense",
    lesson(
        "verb tense",
        12,
        'Jo kaam pehle shuru hua aur ab tak chal raha hai, uske liye "have been" ya "has been" kehte hain',
        'जो काम पहले शुरू हुआ और अब तक चल रहा है, उसके लिए "हैव बीन" या "हैज़ बीन" कहते हैं',
    ),
    match.since_tense,
    fires=(
        ("I am living here since 2015.", "I have been living here since 2015."),
        ("She is working in this bank for five years.", "She has been working in this bank for five years."),
        ("I know him since childhood.", "I have known him since childhood."),
        ("it is raining since morning", "it has been raining since morning"),
        ("we live in Pune for two years", "we have been living in Pune for two years"),
        ("I am working here from 2019.", "I have been working here since 2019."),
        ("she is teaching here from two years", "she has been teaching here for two years"),
    ),
    silent=(
        "I have lived here since 2015.",
        "I am going to Delhi for two days.",
        "She works for two hours every day.",
        "I am free, since Monday is a holiday.",
        "I am staying because it rains.",
        "I am working from home.",
        "I am working here from Monday.",
        "He works from 2019 to 2021 in this story.",
    ),
)

PERFECT_PAST = Rule(
    "perfect_and_past",
    lesson(
        "verb tense",
        11,
        'Beete hue samay ke saath "have" nahi, simple past aata hai',
        'बीते हुए समय के साथ "हैव" नहीं, सिंपल पास्ट आता है',
    ),
    match.perfect_and_past,
    fires=(
        ("I have seen him yesterday.", "I saw him yesterday."),
        ("She has gone to Delhi last week.", "She went to Delhi last week."),
        ("I have been to Goa last year", "I went to Goa last year"),
        ("we have bought it two days ago", "we bought it two days ago"),
    ),
    silent=(
        "I have seen him today.",
        "I have worked here since last year.",
        "I have read what you wrote yesterday.",
    ),
)

SAID_ME = Rule(
    "said_and_told",
    lesson(
        "reported speech",
        9,
        '"tell" ke baad insaan aata hai, "say" ke baad seedhe baat; "tell" ke baad "to" nahi lagta',
        '"टेल" के बाद इंसान आता है, "से" के बाद सीधे बात; "टेल" के बाद "टू" नहीं लगता',
    ),
    match.said_me,
    fires=(
        ("He said me that he was ill.", "He told me that he was ill."),
        ("She told that she is busy.", "She said that she is busy."),
        ("I told to him everything.", "I told him everything."),
        ("he asked me that where I live", "he asked me where I live"),
        ("he asked to me a question", "he asked me a question"),
    ),
    silent=(
        "He told me that he was ill.",
        "I was told that he left.",
        "Say it to me.",
        "I asked to see him.",
    ),
)

TOMORROW = Rule(
    "tomorrow_and_past",
    lesson(
        "verb tense",
        15,
        'Aane wale samay ke liye "will" kehte hain',
        'आने वाले समय के लिए "विल" कहते हैं',
    ),
    match.tomorrow,
    fires=(
        ("Tomorrow I went to Delhi.", "Tomorrow I will go to Delhi."),
        ("I met him tomorrow", "I will meet him tomorrow"),
    ),
    silent=("I will go tomorrow.", "I saw what will come tomorrow."),
)

RULES = (TOMORROW, SINCE_TENSE, PERFECT_PAST, SAID_ME)
