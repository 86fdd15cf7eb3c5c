"""Rules about the verb that must fit its subject: `he goes`, `they go`, `the dogs are`, `does she`."""

from worker.engines.offline.matchers import agreement as match
from worker.engines.offline.rule import Lesson, Rule, lesson

THIRD_PERSON = Rule(
    "third_person",
    Lesson(
        "subject-verb agreement",
        12,
        'Aapne "{wrong}" kaha. "he", "she", "it" ya ek insaan ke saath verb mein "s" lagta hai: "{right}".',
        'आपने "{wrong}" कहा। "ही", "शी", "इट" या एक इंसान के साथ वर्ब में "ऐस" लगता है: "{right}"।',
    ),
    match.third_person,
    fires=(
        ("He don't like fish.", "He doesn't like fish."),
        ("She go to school every day.", "She goes to school every day."),
        ("My mother cooks very well and she teach me", "My mother cooks very well and she teaches me"),
        ("my father work in a bank", "my father works in a bank"),
        ("He have a car", "He has a car"),
        ("The dog sleep all day.", "The dog sleeps all day."),
        ("Priya teach maths in our school.", "Priya teaches maths in our school."),
        ("everybody usually enter by this door", "everybody usually enters by this door"),
        ("I think she know the answer", "I think she knows the answer"),
        ("He is my cousin and he do business.", "He is my cousin and he does business."),
        ("my mother do yoga daily", "my mother does yoga daily"),
    ),
    silent=(
        "She goes to school.",
        "He put it there.",
        "Did he go home?",
        "What does he do daily?",
        "He did business here.",
        "They suggested that he go home.",
        "Can he sing and she dance?",
        "I saw him go home.",
        "My brother and his wife live in Delhi.",
        "Should he have a problem, call me.",
        "rahul come here and sit down",
        "Let the dog sleep.",
        "The dog food is finished.",
        "My friend Hope sings well.",
    ),
)

UNWANTED_S = Rule(
    "unwanted_s",
    lesson(
        "subject-verb agreement",
        12,
        '"I", "you", "we", "they" aur bahut saare logon ke saath verb mein "s" nahi lagta',
        '"आई", "यू", "वी", "दे" और बहुत सारे लोगों के साथ वर्ब में "ऐस" नहीं लगता',
    ),
    match.unwanted_s,
    fires=(
        ("I really likes mangoes.", "I really like mangoes."),
        ("they goes to college by bus", "they go to college by bus"),
        ("We doesn't eat meat", "We don't eat meat"),
        ("My parents lives in Pune.", "My parents live in Pune."),
        ("You has a nice house", "You have a nice house"),
    ),
    silent=(
        "One of you knows the answer.",
        "My parents live in Pune.",
        "You guys are late.",
        "What they need is a break.",
        "He and I like tea.",
        "The man who lives near us goes to work early.",
    ),
)

BE_AGREEMENT = Rule(
    "be_agreement",
    lesson(
        "subject-verb agreement",
        12,
        '"I" ke saath "am", ek ke saath "is" ya "was", aur bahut ke saath "are" ya "were" aata hai',
        '"आई" के साथ "ऐम", एक के साथ "इज़" या "वॉज़", और बहुत के साथ "आर" या "वर" आता है',
    ),
    match.be,
    fires=(
        ("You is late today.", "You are late today."),
        ("we was at home", "we were at home"),
        ("The shops is closed.", "The shops are closed."),
        ("My brother are in Delhi.", "My brother is in Delhi."),
        ("What is you doing?", "What are you doing?"),
        ("where is my shoes", "where are my shoes"),
        ("It are very hot today.", "It is very hot today."),
        ("Swimming are good for you.", "Swimming is good for you."),
        ("The news are good.", "The news is good."),
        ("mathematics are difficult", "mathematics is difficult"),
    ),
    silent=(
        "If I were you, I would go.",
        "I wish he were here.",
        "Two weeks is a long time.",
        "Neither of you is wrong.",
        "My mother and father are teachers.",
        "My team are playing well.",
        "Mathematics is easy.",
        "What he and they are doing is wrong.",
        "Where are the car keys?",
    ),
)

ASKED_DO = Rule(
    "asked_do",
    lesson(
        "subject-verb agreement",
        12,
        'Sawaal mein "he", "she", "it" ke saath "does", aur "I", "you", "we", "they" ke saath "do" aata hai',
        'सवाल में "ही", "शी", "इट" के साथ "डज़", और "आई", "यू", "वी", "दे" के साथ "डू" आता है',
    ),
    match.asked_do,
    fires=(
        ("Does you like tea?", "Do you like tea?"),
        ("where do she live", "where does she live"),
        ("Do your brother work here?", "Does your brother work here?"),
        ("Why don't he come on time?", "Why doesn't he come on time?"),
    ),
    silent=("Smoking does you harm.", "Do the dishes, please.", "Do it now.", "That does us no good."),
)

ASKED_HAVE = Rule(
    "asked_have",
    lesson(
        "subject-verb agreement",
        12,
        '"he", "she", "it" ke saath "has", aur "I", "you", "we", "they" ke saath "have" aata hai',
        '"ही", "शी", "इट" के साथ "हैज़", और "आई", "यू", "वी", "दे" के साथ "हैव" आता है',
    ),
    match.asked_have,
    fires=(
        ("Have she finished her work?", "Has she finished her work?"),
        ("what has they done", "what have they done"),
        ("When have Ravi bought the bike?", "When has Ravi bought the bike?"),
    ),
    silent=("Has she finished?", "What have they done?", "Have it your way.", "Have him call me."),
)

THIS_ARE = Rule(
    "this_are",
    lesson(
        "agreement",
        11,
        '"this" aur "that" ek cheez ke liye hain, "these" aur "those" bahut cheezon ke liye',
        '"दिस" और "दैट" एक चीज़ के लिए हैं, "दीज़" और "दोज़" बहुत चीज़ों के लिए',
    ),
    match.this_are,
    fires=(
        ("This are my books.", "These are my books."),
        ("these is my friends", "these are my friends"),
        ("This are a good idea.", "This is a good idea."),
    ),
    silent=("These are my books.", "People like that are rare.", "All this is mine.", "These days are long."),
)

THERE_BE = Rule(
    "there_be",
    lesson(
        "agreement",
        11,
        '"there" ke baad ek ke liye "is" ya "was", aur bahut ke liye "are" ya "were" aata hai',
        '"देयर" के बाद एक के लिए "इज़" या "वॉज़", और बहुत के लिए "आर" या "वर" आता है',
    ),
    match.there,
    fires=(
        ("There is many people here.", "There are many people here."),
        ("there was three dogs in the park", "there were three dogs in the park"),
        ("There are a problem with my phone.", "There is a problem with my phone."),
    ),
    silent=(
        "There is a book and two pens.",
        "There are many people.",
        "There is milk in the fridge.",
        "There was a lot of rain.",
        "There are a number of reasons.",
    ),
)

PART = Rule(
    "each_and_both",
    lesson(
        "subject-verb agreement",
        10,
        '"each of" aur "one of" ke saath "is" ya "has", "both" ke saath "are" ya "have" aata hai',
        '"ईच ऑफ़" और "वन ऑफ़" के साथ "इज़" या "हैज़", "बोथ" के साथ "आर" या "हैव" आता है',
    ),
    match.part,
    fires=(
        ("Each of the boys have a cycle.", "Each of the boys has a cycle."),
        ("both my brothers is tall", "both my brothers are tall"),
        ("One of my friends are ill.", "One of my friends is ill."),
    ),
    silent=("Each of the boys has a cycle.", "Both of them are here.", "They each have a car."),
)

DOUBLE_SUBJECT = Rule(
    "double_subject",
    lesson(
        "pronoun",
        6,
        'Subject ek baar kaafi hai, uske baad "he" ya "she" nahi lagta',
        'सब्जेक्ट एक बार काफ़ी है, उसके बाद "ही" या "शी" नहीं लगता',
    ),
    match.double_subject,
    fires=(("My father he works in a bank.", "My father works in a bank."),),
    silent=("My father works in a bank.", "I asked my father he said no.", "This is my mother she is kind."),
)

RULES = (
    PART,
    DOUBLE_SUBJECT,
    BE_AGREEMENT,
    THIRD_PERSON,
    UNWANTED_S,
    ASKED_DO,
    ASKED_HAVE,
    THERE_BE,
    THIS_ARE,
)
