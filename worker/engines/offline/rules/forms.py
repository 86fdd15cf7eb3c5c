"""Rules about helping verbs and the form after them: `have written`, `am busy`, `don't like`, `can go`."""

from worker.engines.offline.matchers import forms as match
from worker.engines.offline.rule import Rule, lesson

PARTICIPLE = Rule(
    "participle",
    lesson(
        "verb form",
        15,
        '"have", "has", "had" ke baad verb ka teesra form aata hai',
        '"हैव", "हैज़", "हैड" के बाद वर्ब का तीसरा फ़ॉर्म आता है',
    ),
    match.participle,
    fires=(
        ("I have saw this film.", "I have seen this film."),
        ("She has not wrote to me.", "She has not written to me."),
        ("what have you did", "what have you done"),
        ("The bridge has been destroy.", "The bridge has been destroyed."),
        ("we have been wait for an hour", "we have been waiting for an hour"),
        ("They must have forgot it.", "They must have forgotten it."),
    ),
    silent=(
        "I have seen this film.",
        "Those who have left were tired.",
        "I have work to do.",
        "You had better go.",
        "All I have is yours.",
        "What do you have come here for?",
    ),
)

WAS_BEEN = Rule(
    "was_been",
    lesson(
        "verb tense",
        13,
        '"was" aur "been" saath nahi aate',
        '"वॉज़" और "बीन" साथ नहीं आते',
    ),
    match.was_been,
    fires=(
        ("I was been ill yesterday.", "I was ill yesterday."),
        ("she was been here since morning", "she has been here since morning"),
    ),
    silent=("She has been here since morning.", "I was being careful."),
)

MISSING_BE = Rule(
    "missing_be",
    lesson(
        "missing verb",
        18,
        'Is sentence mein verb nahi hai; haalat batane ke liye "am", "is" ya "are" lagta hai',
        'इस सेंटेंस में वर्ब नहीं है; हालत बताने के लिए "ऐम", "इज़" या "आर" लगता है',
    ),
    match.missing_be,
    fires=(
        ("I afraid of dogs.", "I am afraid of dogs."),
        ("He very happy today.", "He is very happy today."),
        ("my teacher very strict", "my teacher is very strict"),
        ("we ready for the trip", "we are ready for the trip"),
    ),
    silent=(
        "I am afraid of dogs.",
        "Is he happy?",
        "I wonder who makes you happy.",
        "He really likes tea.",
        "They made him sad.",
        "It always rains.",
    ),
)

NOT_AND_BASE = Rule(
    "not_and_base",
    lesson(
        "negative sentence",
        17,
        '"not" akela verb se pehle nahi aata: "don\'t" ya "doesn\'t" chahiye',
        '"नॉट" अकेला वर्ब से पहले नहीं आता: "डोन्ट" या "डज़न्ट" चाहिए',
    ),
    match.not_and_base,
    fires=(
        ("I not like coffee.", "I don't like coffee."),
        ("she not know him", "she doesn't know him"),
        ("I no have a bike", "I don't have a bike"),
    ),
    silent=("I do not like coffee.", "Why not go home?", "Not many know.", "I hope not."),
)

MODAL_PAIRS = Rule(
    "two_modals",
    lesson(
        "modal verb",
        13,
        "Ek hi matlab ke do helping verb saath nahi aate",
        "एक ही मतलब के दो हेल्पिंग वर्ब साथ नहीं आते",
    ),
    match.modal_pairs,
    fires=(
        ("I can able to swim.", "I can swim."),
        ("you must have to wear a helmet", "you must wear a helmet"),
        ("She will able to come.", "She will be able to come."),
        ("I will can help you.", "I will be able to help you."),
    ),
    silent=("I am able to swim.", "You must have gone.", "I will be able to come.", "Can he?"),
)

DO_AND_OTHER = Rule(
    "do_and_modal",
    lesson(
        "helping verb",
        15,
        'Ek helping verb kaafi hai: "do" aur "can" saath nahi aate',
        'एक हेल्पिंग वर्ब काफ़ी है: "डू" और "कैन" साथ नहीं आते',
    ),
    match.do_and_other,
    fires=(
        ("I don't can swim.", "I can't swim."),
        ("Do you can help me?", "Can you help me?"),
        ("does anybody can tell me the time", "can anybody tell me the time"),
    ),
    silent=("Can you help me?", "Whatever they do we can do too.", "I do what I can do."),
)

LETS_NOT = Rule(
    "lets_not",
    lesson(
        "negative sentence",
        8,
        '"Let\'s" ke baad "don\'t" nahi, "not" aata hai',
        '"लेट्स" के बाद "डोन्ट" नहीं, "नॉट" आता है',
    ),
    match.lets_not,
    fires=(("Let's don't fight.", "Let's not fight."),),
    silent=("Let's not fight.", "He lets me go."),
)

DOUBLE_NEGATIVE = Rule(
    "double_negative",
    lesson(
        "negative sentence",
        10,
        'Ek sentence mein ek hi "nahi" kaafi hai',
        'एक सेंटेंस में एक ही "नहीं" काफ़ी है',
    ),
    match.double_negative,
    fires=(
        ("I don't know nothing about it.", "I don't know anything about it."),
        ("she didn't meet nobody", "she didn't meet anybody"),
    ),
    silent=("I don't know anything.", "I know nothing.", "It doesn't matter; nothing does."),
)

ABLE_BASE = Rule(
    "able_to",
    lesson(
        "verb pattern",
        12,
        'Yahan verb se pehle "to" aata hai',
        'यहाँ वर्ब से पहले "टू" आता है',
    ),
    match.able_and_base,
    fires=(
        ("I am able speak English.", "I am able to speak English."),
        ("she is not willing listen", "she is not willing to listen"),
        ("we are going buy a car", "we are going to buy a car"),
    ),
    silent=("I am able to speak.", "He is ready now.", "We are going home.", "They are likely guests."),
)

BORN = Rule(
    "born",
    lesson(
        "verb tense",
        12,
        'Janm beet chuka hai, isliye "was born" ya "were born" kehte hain',
        'जन्म बीत चुका है, इसलिए "वॉज़ बॉर्न" या "वर बॉर्न" कहते हैं',
    ),
    match.born,
    fires=(
        ("I am born in Delhi.", "I was born in Delhi."),
        ("I born in 1999", "I was born in 1999"),
    ),
    silent=("I was born in Delhi.", "Many are born in March."),
)

DID_ING = Rule(
    "did_and_ing",
    lesson(
        "verb form",
        15,
        '"do", "does", "did" ke baad "-ing" nahi, verb ka pehla form aata hai',
        '"डू", "डज़", "डिड" के बाद "आई एन जी" नहीं, वर्ब का पहला फ़ॉर्म आता है',
    ),
    match.did_ing,
    fires=(
        ("I didn't going there.", "I didn't go there."),
        ("he doesn't eating meat", "he doesn't eat meat"),
        ("She did walking to school.", "She did walk to school."),
    ),
    silent=("I did nothing.", "She did shopping for us.", "I don't like swimming."),
)

RULES = (
    MISSING_BE,
    NOT_AND_BASE,
    PARTICIPLE,
    DID_ING,
    DO_AND_OTHER,
    WAS_BEEN,
    MODAL_PAIRS,
    ABLE_BASE,
    BORN,
    DOUBLE_NEGATIVE,
    LETS_NOT,
)
