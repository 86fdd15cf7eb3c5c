"""Rules about the order of words in questions, and in questions inside a sentence."""

from worker.engines.offline.matchers import questions as match
from worker.engines.offline.rule import Rule, lesson

WH_ORDER = Rule(
    "question_order",
    lesson(
        "question order",
        16,
        "Sawaal mein helping verb subject se pehle aata hai",
        "सवाल में हेल्पिंग वर्ब सब्जेक्ट से पहले आता है",
    ),
    match.wh_order,
    fires=(
        ("What you are doing?", "What are you doing?"),
        ("where he is going", "where is he going"),
        ("Why you didn't come yesterday?", "Why didn't you come yesterday?"),
        ("When you will come back?", "When will you come back?"),
        ("How you are?", "How are you?"),
        ("What your brother is doing?", "What is your brother doing?"),
    ),
    silent=(
        "What are you doing?",
        "What you are doing is wrong.",
        "When I am tired I sleep.",
        "Where there is a will there is a way.",
        "What I have is enough.",
        "How you are dressed matters.",
    ),
)

WH_VERB = Rule(
    "question_without_do",
    lesson(
        "question order",
        16,
        'Sawaal mein "do", "does" ya "did" lagta hai',
        'सवाल में "डू", "डज़" या "डिड" लगता है',
    ),
    match.wh_verb,
    fires=(
        ("Where you live?", "Where do you live?"),
        ("what she wants", "what does she want"),
        ("Why he went there?", "Why did he go there?"),
        ("How you go to office?", "How do you go to office?"),
    ),
    silent=("Where do you live?", "What you need is sleep.", "When I go home I rest.", "What matters most?"),
)

INSIDE = Rule(
    "question_inside",
    lesson(
        "question order",
        10,
        "Sentence ke andar wale sawaal mein subject pehle aata hai, verb baad mein",
        "सेंटेंस के अंदर वाले सवाल में सब्जेक्ट पहले आता है, वर्ब बाद में",
    ),
    match.inside,
    fires=(
        ("I don't know where is he.", "I don't know where he is."),
        ("Can you tell me what is your name?", "Can you tell me what your name is?"),
        ("He asked me why did I leave.", "He asked me why I left."),
        ("do you know where is the station", "do you know where the station is"),
    ),
    silent=(
        "I don't know where he is.",
        "Tell me who is coming.",
        "I know what is right.",
        "Do you know how it is done?",
    ),
)

DO_GOING = Rule(
    "do_you_going",
    lesson(
        "question form",
        15,
        '"-ing" wale sawaal mein "do" nahi, "am", "is" ya "are" aata hai',
        '"आई एन जी" वाले सवाल में "डू" नहीं, "ऐम", "इज़" या "आर" आता है',
    ),
    match.do_going,
    fires=(
        ("Do you going to school?", "Are you going to school?"),
        ("does he working here", "is he working here"),
    ),
    silent=("Are you going?", "Do you sing?", "Do the dancing yourself."),
)

RULES = (WH_ORDER, WH_VERB, DO_GOING, INSIDE)
