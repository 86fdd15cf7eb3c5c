"""Rules about the verb after `be`: missing or unwanted -ing, past after `be`, verbs of state."""

from worker.engines.offline.matchers import verbs as match
from worker.engines.offline.rule import Lesson, Rule

BE_BASE = Rule(
    "be_and_base",
    Lesson(
        "verb form",
        20,
        'Aapne "{wrong}" kaha. "am", "is", "are" ke baad seedha verb nahi aata, verb ka form badalta hai: '
        '"{right}" kahiye.',
        'आपने "{wrong}" कहा। "ऐम", "इज़", "आर" के बाद सीधा वर्ब नहीं आता, वर्ब का फ़ॉर्म बदलता है: "{right}" कहिए।',
    ),
    match.be_and_base,
    fires=(
        ("I am go to market", "I am going to the market"),
        ("I am go market", "I am going to the market"),
        ("we are go school", "we are going to school"),
        ("I'm go to the office now.", "I'm going to the office now."),
        ("He is play cricket in the park", "He is playing cricket in the park"),
        ("My brother is work in Pune", "My brother is working in Pune"),
        ("Are you come to the party?", "Are you coming to the party?"),
        ("we are not attend the class today", "we are not attending the class today"),
        ("I am confuse about this", "I am confused about this"),
    ),
    silent=(
        "I am fine.",
        "I am back.",
        "All you have to do is ask.",
        "How are you thank you for asking",
        "They are put in a box.",
        "She is free today.",
        "He is come and gone.",
    ),
)

BE_PAST = Rule(
    "be_and_past",
    Lesson(
        "verb tense",
        20,
        'Aapne "{wrong}" kaha. Yahan verb khud past mein hai, isliye "am", "is", "was" nahi lagta: '
        '"{right}" kahiye.',
        'आपने "{wrong}" कहा। यहाँ वर्ब ख़ुद पास्ट में है, इसलिए "ऐम", "इज़", "वॉज़" नहीं लगता: "{right}" कहिए।',
    ),
    match.be_and_past,
    fires=(
        ("I am went to Delhi", "I went to Delhi"),
        ("He was came late", "He came late"),
    ),
    silent=("I am gone.", "She was born in Pune.", "He is done with his work."),
)

BE_STATE = Rule(
    "be_and_state",
    Lesson(
        "verb form",
        17,
        'Aapne "{wrong}" kaha. Yeh verb akela hi kaafi hai, uske pehle "am", "is", "are" nahi lagta: '
        '"{right}" kahiye.',
        'आपने "{wrong}" कहा। यह वर्ब अकेला ही काफ़ी है, उसके पहले "ऐम", "इज़", "आर" नहीं लगता: "{right}" कहिए।',
    ),
    match.be_and_state,
    fires=(
        ("I am agree with you.", "I agree with you."),
        ("She is know my name", "She knows my name"),
        ("We are not agree.", "We don't agree."),
    ),
    silent=("I agree with you.", "I am in agreement.", "They are mean to me."),
)

STATE_IN_PROGRESS = Rule(
    "state_in_progress",
    Lesson(
        "stative verb",
        14,
        'Aapne "{wrong}" kaha. "know", "want", "believe" jaise verb haalat batate hain, kaam nahi, isliye '
        '"-ing" nahi lagta: "{right}" kahiye.',
        'आपने "{wrong}" कहा। "नो", "वॉन्ट", "बिलीव" जैसे वर्ब हालत बताते हैं, काम नहीं, '
        'इसलिए "आई एन जी" नहीं लगता: '
        '"{right}" कहिए।',
    ),
    match.state_in_progress,
    fires=(
        ("She is knowing the answer.", "She knows the answer."),
        ("I am not understanding this", "I don't understand this"),
        ("Are you knowing him?", "Do you know him?"),
        ("I'm not believing it", "I don't believe it"),
    ),
    silent=("She is understanding and kind.", "I am meaning to call you.", "I am thinking about it."),
)

HAVING = Rule(
    "having",
    Lesson(
        "stative verb",
        14,
        'Aapne "{wrong}" kaha. Jo aapke paas hai, uske liye "having" nahi, "have" ya "has" kehte hain: '
        '"{right}".',
        'आपने "{wrong}" कहा। जो आपके पास है, उसके लिए "हैविंग" नहीं, "हैव" या "हैज़" कहते हैं: "{right}"।',
    ),
    match.having,
    fires=(
        ("I am having two cars", "I have two cars"),
        ("She is having a big house.", "She has a big house."),
        ("Are you having a car?", "Do you have a car?"),
        ("We are having three daughters", "We have three daughters"),
    ),
    silent=(
        "I am having lunch.",
        "We are having fun.",
        "She is having a baby.",
        "I am having a party at my house.",
        "He is having a bath.",
        "I am having trouble with my car.",
        "We are having a family dinner.",
    ),
)

RULES = (BE_BASE, BE_PAST, BE_STATE, STATE_IN_PROGRESS, HAVING)
