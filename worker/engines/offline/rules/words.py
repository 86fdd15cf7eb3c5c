"""Rules about words learners take for each other: `boring` and `bored`, `do a mistake`."""

from worker.engines.offline.matchers import words as match
from worker.engines.offline.rule import Rule, lesson

FEELINGS = Rule(
    "bored_and_boring",
    lesson(
        "adjective",
        8,
        'Jo mehsoos kare woh "bored", "excited"; jo mehsoos karaye woh "boring", "exciting"',
        'जो महसूस करे वह "बोर्ड", "एक्साइटेड"; जो महसूस कराए वह "बोरिंग", "एक्साइटिंग"',
    ),
    match.feelings,
    fires=(
        ("I am feeling very boring.", "I am feeling very bored."),
        ("I am interesting in music.", "I am interested in music."),
        ("I am boring in this class.", "I am bored in this class."),
        ("The movie was bored.", "The movie was boring."),
        ("we are exciting about the trip", "we are excited about the trip"),
    ),
    silent=(
        "The movie was boring.",
        "It feels boring.",
        "She is interesting and kind.",
        "The class was excited to go.",
    ),
)

MAKE_DO = Rule(
    "make_and_do",
    lesson(
        "word choice",
        7,
        'English mein "make a mistake", "make a noise" par "do homework" kehte hain',
        'इंग्लिश में "मेक अ मिस्टेक", "मेक अ नॉइज़" पर "डू होमवर्क" कहते हैं',
    ),
    match.make_do,
    fires=(
        ("I did a mistake.", "I made a mistake."),
        ("don't do so much noise", "don't make so much noise"),
        ("I make my homework every day.", "I do my homework every day."),
    ),
    silent=("I made a mistake.", "What did the plan cost?", "Do your homework.", "Do any plans fit?"),
)

YOUR = Rule(
    "your_and_you_are",
    lesson(
        "confused words",
        6,
        "Yeh shabd sunne mein milte julte hain, yahan yeh sahi hai",
        "ये शब्द सुनने में मिलते जुलते हैं, यहाँ यह सही है",
    ),
    match.your,
    fires=(
        ("Your so kind!", "You are so kind!"),
        ("There where many people.", "There were many people."),
        ("These are they're books.", "These are their books."),
    ),
    silent=(
        "Your very own car is here.",
        "Your late uncle was kind.",
        "I know there where he sat.",
        "They're here.",
    ),
)

EACH_OTHER = Rule(
    "each_other",
    lesson("pronoun", 5, 'Sahi shabd "each other" hai, bina "s" ke', 'सही शब्द "ईच अदर" है, बिना "ऐस" के'),
    match.each_other,
    fires=(("They help each others.", "They help each other."),),
    silent=("They help each other.", "Each helps others."),
)

TOO = Rule(
    "too_adjective",
    lesson(
        "confused words",
        5,
        '"zaroorat se zyada" ke liye "too" kehte hain',
        '"ज़रूरत से ज़्यादा" के लिए "टू" (दो ओ वाला) कहते हैं',
    ),
    match.to_too,
    fires=(("I am to tired to walk.", "I am too tired to walk."),),
    silent=("I am too tired to walk.", "He is used to cold food.", "It went from bad to good for us."),
)

RULES = (FEELINGS, MAKE_DO, YOUR, EACH_OTHER, TOO)
