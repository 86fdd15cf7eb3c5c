"""Rules about what a verb or adjective takes after it: `want to go`, `enjoy reading`, `let me go`."""

from worker.engines.offline.matchers import patterns as match
from worker.engines.offline.rule import Rule, lesson

TO_FORM = Rule(
    "to_and_form",
    lesson(
        "verb form",
        15,
        '"to" ke baad verb apne pehle form mein aata hai',
        '"टू" के बाद वर्ब अपने पहले फ़ॉर्म में आता है',
    ),
    match.to_and_form,
    fires=(
        ("I want to went home.", "I want to go home."),
        ("he likes to plays cricket", "he likes to play cricket"),
        ("She tried to opened the door.", "She tried to open the door."),
        ("I have to goes now", "I have to go now"),
    ),
    silent=(
        "I want to go home.",
        "It is close to closed shops.",
        "He came back to find her.",
        "I prefer tea to drinks.",
        "According to reports it rained.",
        "I used to play.",
    ),
)

WANT_ING = Rule(
    "want_and_form",
    lesson(
        "verb pattern",
        12,
        '"want", "hope", "decide", "plan", "afford" ke baad "to" aur verb ka pehla form aata hai',
        '"वॉन्ट", "होप", "डिसाइड", "प्लैन", "अफ़ोर्ड" के बाद "टू" और वर्ब का पहला फ़ॉर्म आता है',
    ),
    match.want_ing,
    fires=(
        ("I want go home.", "I want to go home."),
        ("she wants learning English", "she wants to learn English"),
        ("We decided going by train.", "We decided to go by train."),
        ("I can't afford buying a car", "I can't afford to buy a car"),
        ("they refused speak to us", "they refused to speak to us"),
    ),
    silent=(
        "I want to go home.",
        "I want something nice.",
        "We learned swimming.",
        "He wants help.",
        "My plan worked.",
        "I want work.",
    ),
)

ENJOY_TO = Rule(
    "enjoy_and_form",
    lesson(
        "verb pattern",
        11,
        '"enjoy", "avoid", "finish", "mind" ke baad verb "-ing" ke saath aata hai',
        '"एंजॉय", "अवॉइड", "फ़िनिश", "माइंड" के बाद वर्ब "आई एन जी" के साथ आता है',
    ),
    match.enjoy_to,
    fires=(
        ("I enjoy to read books.", "I enjoy reading books."),
        ("he avoids eat sweets", "he avoids eating sweets"),
        ("Do you mind to open the window?", "Do you mind opening the window?"),
        ("They finished to eat.", "They finished eating."),
    ),
    silent=("I enjoy reading.", "He enjoys dance and music.", "Never mind go home.", "I quit to study."),
)

PREPOSITION_BASE = Rule(
    "preposition_and_base",
    lesson(
        "verb pattern",
        11,
        'Preposition ke baad verb "-ing" ke saath aata hai',
        'प्रिपोज़िशन के बाद वर्ब "आई एन जी" के साथ आता है',
    ),
    match.preposition_and_base,
    fires=(
        ("I am looking forward to meet you.", "I am looking forward to meeting you."),
        ("She is good at speak English.", "She is good at speaking English."),
        ("he left without eat anything", "he left without eating anything"),
        ("I am interested in learn music", "I am interested in learning music"),
        ("I am fond of play cricket", "I am fond of playing cricket"),
        ("Instead of go home he slept.", "Instead of going home he slept."),
    ),
    silent=(
        "I am looking forward to meeting you.",
        "I am tired of work.",
        "I look forward to lunch.",
        "We can't do without help.",
        "I am proud of you.",
    ),
)

BE_USED_TO = Rule(
    "be_used_to",
    lesson(
        "verb pattern",
        10,
        '"am used to" matlab aadat hai, uske baad "-ing" aata hai',
        '"ऐम यूज़्ड टू" मतलब आदत है, उसके बाद "आई एन जी" आता है',
    ),
    match.used_to,
    fires=(
        ("I am used to wake up early.", "I am used to waking up early."),
        ("she is accustomed to live alone", "she is accustomed to living alone"),
    ),
    silent=(
        "I used to wake up early.",
        "I am used to it.",
        "A knife is used to cut bread.",
        "It is used to clean.",
    ),
)

USE_TO = Rule(
    "use_to",
    lesson(
        "verb pattern",
        10,
        'Purani aadat ke liye "used to" kehte hain',
        'पुरानी आदत के लिए "यूज़्ड टू" कहते हैं',
    ),
    match.use_to,
    fires=(
        ("I use to play cricket.", "I used to play cricket."),
        ("they use to live here", "they used to live here"),
    ),
    silent=(
        "I used to play.",
        "Did you use to play?",
        "The pen that I use to write is blue.",
        "We didn't use to go.",
    ),
)

WANT_THAT = Rule(
    "want_that",
    lesson(
        "verb pattern",
        13,
        '"want" ke baad "that" nahi, insaan aur phir "to" aata hai',
        '"वॉन्ट" के बाद "दैट" नहीं, इंसान और फिर "टू" आता है',
    ),
    match.want_that,
    fires=(
        ("I want that you help me.", "I want you to help me."),
        ("My father wants that I become a doctor.", "My father wants me to become a doctor."),
        ("they wanted that he should come", "they wanted him to come"),
        ("She wants I go with her.", "She wants me to go with her."),
    ),
    silent=("I want you to help me.", "I want that book.", "What you want she has."),
)

LET_TO = Rule(
    "let_to",
    lesson(
        "verb pattern",
        12,
        '"let" aur "make" ke baad insaan, phir seedhe verb aata hai, bina "to" ke',
        '"लेट" और "मेक" के बाद इंसान, फिर सीधे वर्ब आता है, बिना "टू" के',
    ),
    match.let_to,
    fires=(
        ("Let me to speak.", "Let me speak."),
        ("He made us to wait for an hour.", "He made us wait for an hour."),
        ("please let him to come inside", "please let him come inside"),
    ),
    silent=("Let me speak.", "I make them to sell.", "We were made to wait.", "Let us talk to him."),
)

ADVISE = Rule(
    "advise_and_form",
    lesson(
        "verb pattern",
        12,
        'Is verb ke baad insaan, phir "to" aur verb ka pehla form aata hai',
        'इस वर्ब के बाद इंसान, फिर "टू" और वर्ब का पहला फ़ॉर्म आता है',
    ),
    match.advise_ing,
    fires=(
        ("He advised me going home.", "He advised me to go home."),
        ("She told us not making noise.", "She told us not to make noise."),
        ("my parents allow me go out", "my parents allow me to go out"),
    ),
    silent=("He advised me to go.", "Ask him something.", "She told me everything.", "I told you guys."),
)

ALLOW_TO = Rule(
    "allow_to",
    lesson(
        "verb pattern",
        9,
        'Bina kisi insaan ke, "allow" aur "recommend" ke baad "-ing" aata hai',
        'बिना किसी इंसान के, "अलाउ" और "रेकमेंड" के बाद "आई एन जी" आता है',
    ),
    match.allow_to,
    fires=(
        ("The app allows to send money.", "The app allows sending money."),
        ("I recommend to visit Agra.", "I recommend visiting Agra."),
    ),
    silent=("I recommend visiting Agra.", "The app allows you to pay.", "They did not allow to stay."),
)

SUGGEST_ME = Rule(
    "suggest_me",
    lesson(
        "verb pattern",
        9,
        '"suggest" ke baad seedhe "me" ya "us" nahi aata',
        '"सजेस्ट" के बाद सीधे "मी" या "अस" नहीं आता',
    ),
    match.suggest_me,
    fires=(
        ("Please suggest me a good book.", "Please suggest a good book."),
        ("He suggested me to study hard.", "He suggested that I study hard."),
    ),
    silent=("Please suggest a good book.", "He suggested that I study.", "They recommended me for the job."),
)

GO_TO_DO = Rule(
    "go_to_shopping",
    lesson(
        "verb pattern",
        8,
        '"go" ke baad "shopping", "swimming" jaise shabd seedhe aate hain',
        '"गो" के बाद "शॉपिंग", "स्विमिंग" जैसे शब्द सीधे आते हैं',
    ),
    match.go_to_do,
    fires=(
        ("We went to shopping.", "We went shopping."),
        ("I go for swimming on Sunday", "I go swimming on Sunday"),
    ),
    silent=("We went shopping.", "I went to swimming lessons.", "We go to the shopping mall."),
)

RULES = (
    TO_FORM,
    WANT_THAT,
    WANT_ING,
    LET_TO,
    ADVISE,
    ENJOY_TO,
    PREPOSITION_BASE,
    BE_USED_TO,
    USE_TO,
    ALLOW_TO,
    SUGGEST_ME,
    GO_TO_DO,
)
