"""What the rules stand on, and mistakes in sentences that are no rule's example."""

import pytest

from worker.engines.offline import OfflineTutor
from worker.engines.offline.clauses import subject_at
from worker.engines.offline.memory import remember
from worker.engines.offline.nouns import Count, phrase_at, plural_of, singular_of
from worker.engines.offline.text import Sentence, split_sentences
from worker.ports import Turn, TutorRequest


def sentence(text: str) -> Sentence:
    (only,) = split_sentences(text)
    return only


@pytest.fixture(scope="module")
def tutor() -> OfflineTutor:
    return OfflineTutor()


@pytest.mark.parametrize(
    ("text", "phrase", "count"),
    [
        ("my two big dogs bark", "my two big dogs", Count.MANY),
        ("the bus stop is near", "the bus stop", Count.ONE),
        ("water is life", "water", Count.MASS),
        ("swimming is fun", "swimming", Count.MASS),
        ("Rahul is here", "Rahul", Count.ONE),
        ("these children play", "these children", Count.MANY),
    ],
)
def test_a_noun_phrase_is_found_with_its_number(text: str, phrase: str, count: Count) -> None:
    said = sentence(text)
    found = phrase_at(said, 0)

    assert found is not None
    assert said.quote(found.first, found.last) == phrase
    assert found.count is count


@pytest.mark.parametrize("text", ["quickly he ran", "dog is here", "my mother and father came", "very nice"])
def test_no_noun_phrase_is_found_where_none_is_sure(text: str) -> None:
    assert phrase_at(sentence(text), 0) is None


@pytest.mark.parametrize(
    ("text", "words", "third_person"),
    [
        ("she sings", "she", True),
        ("you guys sing", "you guys", False),
        ("my brother sings", "my brother", True),
        ("the boys sing", "the boys", False),
        ("everybody sings", "everybody", True),
    ],
)
def test_a_subject_is_found_with_its_person(text: str, words: str, third_person: bool) -> None:
    said = sentence(text)
    found = subject_at(said, 0)

    assert found is not None
    assert said.quote(found.first, found.last) == words
    assert found.third_person is third_person


def test_a_collective_is_no_subject_for_rules_because_both_numbers_are_right() -> None:
    assert subject_at(sentence("my team are winning"), 0) is None


@pytest.mark.parametrize(
    ("plural", "singular"), [("men", "man"), ("cities", "city"), ("people", "person"), ("books", "book")]
)
def test_plurals_go_both_ways(plural: str, singular: str) -> None:
    assert singular_of(plural) == singular
    assert plural_of(singular) == plural


@pytest.mark.parametrize("word", ["news", "always", "this", "mathematics", "boss"])
def test_a_word_that_ends_like_a_plural_is_none(word: str) -> None:
    assert singular_of(word) is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("um i uh like tea", "i like tea"),
        ("i i am am here", "i am here"),
        ("i want i want tea", "i want tea"),
        ("you know we like tea", "we like tea"),
        ("do you know my name", "do you know my name"),
        ("it was very very good", "it was very very good"),
        ("he had had enough", "he had had enough"),
    ],
)
def test_what_speech_adds_is_left_out(text: str, words: str) -> None:
    assert " ".join(sentence(text).words()) == words


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("My name is Asha", "Asha"),
        ("i am rahul from delhi", "Rahul"),
        ("myself priya", "Priya"),
        ("I am tired", None),
        ("my name is on the list", None),
        ("I am from Pune", None),
    ],
)
def test_a_name_is_remembered_only_if_it_is_one(text: str, name: str | None) -> None:
    assert remember(split_sentences(text), ()).name == name


def test_the_newest_name_and_topic_of_the_past_turns_are_remembered() -> None:
    history = (Turn("my name is Asha", "Hello!"), Turn("call me Priya, I like cricket", "I see."))
    memory = remember(split_sentences("it is fun"), history)

    assert memory.name == "Priya"
    assert memory.last_topic is not None
    assert memory.last_topic.name == "cricket"
    assert not memory.introduced


@pytest.mark.parametrize(
    ("message", "corrected"),
    [
        ("Last week my cousin buy a new bike", "bought"),
        ("My uncle drive a taxi in Mumbai", "drives"),
        ("I am waiting here since three hours", "have been waiting"),
        ("My sister is nurse", "a nurse"),
        ("We need more furnitures in the office", "more furniture in"),
        ("This road is more wider than that one", "is wider"),
        ("she got married with her classmate", "married to"),
        ("He is junior than my brother", "junior to"),
        ("Don't be angry on me", "angry with"),
        ("They want go to the zoo", "want to go"),
        ("She can sings very well", "can sing"),
        ("I look forward to see you soon", "forward to seeing"),
        ("Why you are crying?", "Why are you crying"),
        ("Where she works?", "does she work"),
        ("If I will get time I will visit you", "If I get"),
        ("One of my cousin is a pilot", "my cousins"),
        ("I will return back your book", "return your"),
        ("I am very boring today", "bored"),
        ("How many sister do you have", "sisters"),
        ("I want that you should come", "want you to come"),
        ("I have completed my work yesterday", "I completed"),
        ("he is coming from office on 6 pm", "at 6 pm"),
        ("can you tell me where is the bus stop", "where the bus stop is"),
        ("what is your hobbies", "are your hobbies"),
        ("hi myself sunita", "I am sunita"),
        ("my son is having 5 years old", "is 5 years old"),
    ],
)
def test_a_sentence_beyond_the_examples_is_put_right(
    tutor: OfflineTutor, message: str, corrected: str
) -> None:
    mistake = tutor.reply(TutorRequest(message, (), 10.0)).mistake

    assert mistake is not None
    assert corrected in message.replace(mistake.wrong, mistake.right, 1)
