"""Rules about time, person and helping verbs."""

from worker.engines.offline.matchers import tense as match
from worker.engines.offline.rule import Lesson, Rule

PAST_TIME = Rule(
    "past_time",
    Lesson(
        "verb tense",
        18,
        'Aapne "{wrong}" kaha. Baat beete hue samay ki hai, isliye verb past tense mein hoga: "{right}".',
        'आपने "{wrong}" कहा। बात बीते हुए समय की है, इसलिए वर्ब पास्ट टेन्स में होगा: "{right}"।',
    ),
    match.past_time,
    fires=(
        ("Yesterday I go to the market.", "Yesterday I went to the market."),
        ("yesterday she is very sick", "yesterday she was very sick"),
        ("I meet my friend yesterday", "I met my friend yesterday"),
        ("Two days ago we buy a car", "Two days ago we bought a car"),
        ("Last night my father comes home late.", "Last night my father came home late."),
        ("yesterday i have went to the temple", "yesterday i went to the temple"),
        ("Last week, I don't go to school.", "Last week, I didn't go to school."),
    ),
    silent=(
        "Yesterday I went to the market.",
        "I know what you did yesterday.",
        "I think he came yesterday.",
        "I read yesterday's paper.",
        "Since yesterday I feel better.",
        "I like the film we saw yesterday.",
        "I have been busy since last week.",
    ),
)

DO_FORM = Rule(
    "do_and_form",
    Lesson(
        "verb form",
        16,
        'Aapne "{wrong}" kaha. "do", "does", "did" ke baad verb apne pehle form mein aata hai: "{right}".',
        'आपने "{wrong}" कहा। "डू", "डज़", "डिड" के बाद वर्ब अपने पहले फ़ॉर्म में आता है: "{right}"।',
    ),
    match.do_and_form,
    fires=(
        ("I didn't went there.", "I didn't go there."),
        ("Did you saw the match?", "Did you see the match?"),
        ("He did walked to his house.", "He did walk to his house."),
        ("she doesn't likes tea", "she doesn't like tea"),
        ("Does he works here?", "Does he work here?"),
        ("We did not found the keys", "We did not find the keys"),
    ),
    silent=(
        "What he did surprised me.",
        "I did my homework.",
        "It did wonders for me.",
        "I used to like it.",
        "Does it hurt?",
        "The work she did helped us.",
    ),
)

MODAL_FORM = Rule(
    "modal_and_form",
    Lesson(
        "modal verb",
        15,
        'Aapne "{wrong}" kaha. "can", "will", "should", "must" ke baad verb seedhe pehle form mein aata hai: '
        '"{right}".',
        'आपने "{wrong}" कहा। "कैन", "विल", "शुड", "मस्ट" के बाद वर्ब सीधे पहले फ़ॉर्म में आता है: "{right}"।',
    ),
    match.modal_and_form,
    fires=(
        ("He can goes there.", "He can go there."),
        ("I can to swim", "I can swim"),
        ("I must to go shopping.", "I must go shopping."),
        ("We will coming tomorrow", "We will come tomorrow"),
        ("She should went home", "She should go home"),
    ),
    silent=(
        "He can go there.",
        "She has the will to live.",
        "From May to June I travel.",
        "The best I could was not enough.",
        "I can dance.",
        "What I could saw off, I did.",
        "My friend Will lives in London.",
        "Will lives in London.",
        "Our teacher May gives us homework.",
    ),
)

RULES = (PAST_TIME, MODAL_FORM, DO_FORM)
