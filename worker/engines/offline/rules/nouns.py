"""Rules about one and many: `two books`, `every day`, `one of my friends`, nouns that are not counted."""

from worker.engines.offline.matchers import nouns as match
from worker.engines.offline.rule import Rule, lesson

NUMBER_AND_ONE = Rule(
    "number_and_one",
    lesson(
        "singular and plural",
        10,
        "Ek se zyada hon to noun plural hota hai",
        "एक से ज़्यादा हों तो नाउन प्लूरल होता है",
    ),
    match.number_and_one,
    fires=(
        ("I have two brother.", "I have two brothers."),
        (
            "There are 500 college and school student in our village",
            "There are 500 college and school students in our village",
        ),
        ("She bought several book.", "She bought several books."),
        ("I met many person there", "I met many people there"),
        ("We waited for two hour.", "We waited for two hours."),
        ("I came here three month ago", "I came here three months ago"),
    ),
    silent=(
        "I have two brothers.",
        "It is a five star hotel.",
        "She is ten year old girl.",
        "I am a class 10 student.",
        "I have a two year contract.",
        "It costs ten rupee coins.",
        "Many more people came.",
        "Few would agree.",
        "Take bus number 5 tomorrow.",
        "There are three bus and train stations here.",
    ),
)

PERCENTAGE = Rule(
    "percentage",
    lesson(
        "word choice",
        7,
        'Number ke baad "percent" kehte hain; "percentage" bina number ke aata hai',
        'नंबर के बाद "परसेंट" कहते हैं; "परसेंटेज" बिना नंबर के आता है',
    ),
    match.percentage,
    fires=(
        ("I got 85 percentage.", "I got 85 percent."),
        ("she scored ninety percentages in maths", "she scored ninety percent in maths"),
    ),
    silent=("I got 85 percent.", "My percentage is 85.", "It rose by two percentage points."),
)

ONE_AND_MANY = Rule(
    "one_and_many",
    lesson(
        "singular and plural",
        9,
        '"a", "one", "each" aur "every" ke baad ek hi cheez aati hai',
        '"अ", "वन", "ईच" और "एवरी" के बाद एक ही चीज़ आती है',
    ),
    match.one_and_many,
    fires=(
        ("I go there every days.", "I go there every day."),
        ("Each students has a book.", "Each student has a book."),
        ("I waited for one hours.", "I waited for one hour."),
        ("A women came to our house.", "A woman came to our house."),
        ("It was a good films", "It was a good film"),
    ),
    silent=(
        "I go there every day.",
        "Every three days I swim.",
        "It is a sports car.",
        "I have a few friends.",
        "A great many people came.",
        "It is a women's college.",
        "Many a times I failed.",
    ),
)

ONE_OF = Rule(
    "one_of",
    lesson(
        "singular and plural",
        9,
        '"one of" ka matlab hai bahut mein se ek, isliye uske baad plural aata hai',
        '"वन ऑफ़" का मतलब है बहुत में से एक, इसलिए उसके बाद प्लूरल आता है',
    ),
    match.one_of,
    fires=(
        ("One of my friend lives in Goa.", "One of my friends lives in Goa."),
        ("he is one of the best player in our school", "he is one of the best players in our school"),
        ("one of her old teacher came", "one of her old teachers came"),
    ),
    silent=(
        "One of my friends lives in Goa.",
        "One of the police officers came.",
        "One of the family stayed.",
    ),
)

NEVER_PLURAL_RULE = Rule(
    "never_plural",
    lesson(
        "uncountable noun",
        9,
        'Yeh noun gina nahi jaata, isliye isme "s" nahi lagta',
        'यह नाउन गिना नहीं जाता, इसलिए इसमें "ऐस" नहीं लगता',
    ),
    match.never_plural,
    fires=(
        ("He gave me good advices.", "He gave me good advice."),
        ("We bought new furnitures.", "We bought new furniture."),
        ("I need some informations", "I need some information"),
        ("These equipments are costly.", "This equipment is costly."),
        ("I have many homeworks today", "I have much homework today"),
    ),
    silent=("He gave me good advice.", "The lady's clothing is new.", "She advises me.", "He works hard."),
)

MANY_OF_MASS = Rule(
    "many_of_mass",
    lesson(
        "much and many",
        9,
        'Jo gina ja sake uske saath "many" ya "few", jo na gina jaye uske saath "much" ya "little" aata hai',
        'जो गिना जा सके उसके साथ "मेनी" या "फ़्यू", जो न गिना जाए उसके साथ "मच" या "लिटल" आता है',
    ),
    match.many_of_mass,
    fires=(
        ("I don't have many money.", "I don't have much money."),
        ("How much friends do you have?", "How many friends do you have?"),
        ("She drank several water", "She drank some water"),
        ("there was a few milk in the glass", "there was a little milk in the glass"),
    ),
    silent=(
        "There are many wine and food festivals this spring.",
        "Several milk or sugar packets fell.",
        "I don't have much money.",
        "Many work hard.",
        "How much money do you have?",
        "Many rice fields are dry.",
        "A few work here.",
    ),
)

A_OF_MASS = Rule(
    "a_of_mass",
    lesson(
        "uncountable noun",
        8,
        'Yeh noun gina nahi jaata, isliye iske saath "a" ya "an" nahi lagta',
        'यह नाउन गिना नहीं जाता, इसलिए इसके साथ "अ" या "ऐन" नहीं लगता',
    ),
    match.a_of_mass,
    fires=(
        ("She gave me an advice.", "She gave me some advice."),
        ("This is a good news.", "This is good news."),
        ("We have a heavy luggage", "We have heavy luggage"),
        ("A good health is important.", "Good health is important."),
    ),
    silent=(
        "She gave me some advice.",
        "I read a newspaper.",
        "It is a work of art.",
        "It is a news channel.",
        "I went to a health centre.",
    ),
)

HAIRS = Rule(
    "hairs",
    lesson(
        "uncountable noun",
        6,
        'Sir ke baalon ke liye English mein "hair" kehte hain, bina "s" ke',
        'सिर के बालों के लिए इंग्लिश में "हेयर" कहते हैं, बिना "ऐस" के',
    ),
    match.hairs,
    fires=(("My hairs are long.", "My hair is long."), ("she has black hairs", "she has black hair")),
    silent=("My hair is long.", "There are two hairs on my coat."),
)

LARGE_NUMBER = Rule(
    "large_number",
    lesson(
        "number",
        7,
        'Noun se pehle "hundred", "thousand", "lakh" mein "s" nahi lagta',
        'नाउन से पहले "हंड्रेड", "थाउज़ेंड", "लाख" में "ऐस" नहीं लगता',
    ),
    match.large_number,
    fires=(
        ("Two hundreds people came.", "Two hundred people came."),
        ("It costs five thousands rupees", "It costs five thousand rupees"),
        ("A hundreds people were in the shop.", "A hundred people were in the shop."),
    ),
    silent=("Hundreds of people came.", "Two hundred people came.", "It happened in the 1900s."),
)

THESE_AND_ONE = Rule(
    "these_and_one",
    lesson(
        "agreement",
        10,
        '"this" ek cheez ke saath, aur "these", "those", "some", "there are" plural ke saath aate hain',
        '"दिस" एक चीज़ के साथ, और "दीज़", "दोज़", "सम", "देयर आर" प्लूरल के साथ आते हैं',
    ),
    match.these_and_one,
    fires=(
        ("These question are easy.", "These questions are easy."),
        ("I like this shoes.", "I like these shoes."),
        ("Some student are absent today.", "Some students are absent today."),
        ("There are problem in my office.", "There are problems in my office."),
    ),
    silent=(
        "These questions are easy.",
        "These cricket matches are long.",
        "This news is good.",
        "I like this sports channel.",
        "Some water was left.",
    ),
)

RULES = (
    PERCENTAGE,
    ONE_OF,
    NUMBER_AND_ONE,
    ONE_AND_MANY,
    THESE_AND_ONE,
    NEVER_PLURAL_RULE,
    MANY_OF_MASS,
    A_OF_MASS,
    LARGE_NUMBER,
    HAIRS,
)
