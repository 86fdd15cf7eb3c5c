"""What everyday words are about, and what a friendly tutor asks next."""

from dataclasses import dataclass

from worker.engines.offline.lexicon import word_set


@dataclass(frozen=True, slots=True)
class Topic:
    """`name` as it stands after `about`; `nouns` are lemmas that show it; `place` if one goes to it."""

    name: str
    nouns: frozenset[str]
    questions: tuple[str, ...]
    place: bool = False


def _topic(name: str, nouns: str, *questions: str, place: bool = False) -> Topic:
    return Topic(name, word_set(nouns), questions, place)


TOPICS = (
    _topic(
        "the market",
        "market bazaar",
        "What will you buy there?",
        "What do you like to buy there?",
        place=True,
    ),
    _topic("school", "school", "Which subject do you like most?", "What do you enjoy there?", place=True),
    _topic(
        "college",
        "college university",
        "What do you study there?",
        "Who is your best friend there?",
        place=True,
    ),
    _topic(
        "the office",
        "office",
        "What kind of work do you do there?",
        "Who do you work with there?",
        place=True,
    ),
    _topic(
        "the station", "station", "Where will you travel to?", "How far is it from your home?", place=True
    ),
    _topic(
        "the airport", "airport flight", "Where would you like to fly to?", "Do you enjoy flying?", place=True
    ),
    _topic(
        "the park", "park garden", "What do you like to do there?", "Who goes there with you?", place=True
    ),
    _topic("the hospital", "hospital", "Is everyone all right?", "How far is it from your home?", place=True),
    _topic("the bank", "bank", "Is it close to your home?", "Is it usually crowded?", place=True),
    _topic(
        "your work",
        "job work boss colleague meeting interview",
        "What does your day at work look like?",
        "What do you enjoy about it?",
    ),
    _topic(
        "your studies",
        "exam class teacher homework lesson study",
        "How do you prepare for it?",
        "Which subject do you find easy?",
    ),
    _topic("cricket", "cricket", "Who is your favourite player?", "How often do you play?"),
    _topic("games", "game match football sport", "Who do you like to play with?", "How often do you play?"),
    _topic(
        "food",
        "food lunch dinner breakfast tea coffee rice fish pizza restaurant mango fruit vegetable curry sweet "
        "dish",
        "What is your favourite dish?",
        "Do you like to cook?",
    ),
    _topic(
        "your family",
        "family mother father brother sister son daughter husband wife",
        "Who do you live with?",
        "What do you like to do together?",
    ),
    _topic("your friends", "friend", "What do you like to do together?", "How did you meet?"),
    _topic(
        "films and music",
        "film movie song music",
        "Which one do you like most?",
        "Who is your favourite artist?",
    ),
    _topic(
        "travelling",
        "trip train bus travel holiday vacation",
        "Where would you like to go next?",
        "How was the journey?",
    ),
    _topic(
        "your home", "home house flat room", "What do you like most about it?", "Who lives there with you?"
    ),
    _topic(
        "the weather",
        "weather rain summer winter",
        "What is the weather like today?",
        "Do you like the rain?",
    ),
    _topic("cars and bikes", "car bike scooter", "How often do you drive?", "Which one do you like most?"),
    _topic("reading", "book story newspaper", "What do you like to read?", "Who is your favourite writer?"),
    _topic(
        "your health",
        "health doctor fever headache medicine exercise gym yoga",
        "How do you keep fit?",
        "What do you do when you feel ill?",
    ),
    _topic(
        "festivals",
        "festival diwali holi eid christmas wedding birthday party",
        "How do you celebrate it?",
        "Who do you celebrate it with?",
    ),
    _topic(
        "animals",
        "dog cat animal bird cow pet elephant tiger",
        "Which animal do you like most?",
        "Do you have a pet?",
    ),
    _topic(
        "phones and computers",
        "phone mobile laptop computer internet app",
        "What do you use it for most?",
        "How many hours a day do you use it?",
    ),
    _topic(
        "your town",
        "village city town",
        "What do you like most about it?",
        "What would you show a visitor there?",
    ),
    _topic("your plans", "dream future plan goal", "What is your first step?", "Who helps you with it?"),
    _topic("learning English", "english grammar", "Why do you want to learn it?", "When do you practise?"),
)

OPEN_QUESTIONS = (
    "Can you tell me a little more about it?",
    "What would you like to talk about next?",
    "What else would you like to tell me?",
)
