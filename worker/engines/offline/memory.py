"""What the tutor remembers of a conversation: the learner's name, and what was talked about last."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from worker.engines.offline import lexicon
from worker.engines.offline.morphology import readings
from worker.engines.offline.nouns import is_name
from worker.engines.offline.text import Sentence, split_sentences
from worker.engines.offline.topics import TOPICS, Topic
from worker.engines.offline.vocabulary import NAMES
from worker.ports import Turn

_REMEMBERED_TURNS = 8
_LONGEST_NAME = 15
_NO_NAME = lexicon.FUNCTION_WORDS | lexicon.word_set("fine sorry sir madam from learning student")


@dataclass(frozen=True, slots=True)
class Memory:
    """What the learner is called, what the turns before were about, and our replies, oldest first."""

    name: str | None
    introduced: bool
    """Whether the name was told just now."""
    last_topic: Topic | None
    replies: tuple[str, ...]

    def used(self, text: str) -> bool:
        """Say whether one of the last three replies held `text`."""
        return any(text in reply for reply in self.replies[-3:])


def remember(sentences: Sequence[Sentence], history: Sequence[Turn]) -> Memory:
    """Gather what is known from the message and the turns before it, newest first."""
    past = [split_sentences(turn.message) for turn in history[-_REMEMBERED_TURNS:]]
    told_now = next(_names(sentences), None)
    told_before = (name for said in reversed(past) for name in _names(said))
    topics = (topic_of(words_of(said)) for said in reversed(past))
    return Memory(
        told_now or next(told_before, None),
        told_now is not None,
        next((topic for topic in topics if topic is not None), None),
        tuple(turn.reply for turn in history[-_REMEMBERED_TURNS:]),
    )


def words_of(sentences: Sequence[Sentence]) -> list[str]:
    """Return the lower-case words of several sentences."""
    return [word for sentence in sentences for word in sentence.words()]


def topic_of(words: Sequence[str]) -> Topic | None:
    """Return the topic of the first telling word, places before the rest."""
    telling = [word for at, word in enumerate(words) if list(words[max(at - 2, 0) : at]) != ["out", "of"]]
    lemmas = [{word, *readings(word).get("NOUN", ())} for word in telling]
    found = [topic for lemma in lemmas for topic in TOPICS if lemma & topic.nouns]
    return next((topic for topic in found if topic.place), found[0] if found else None)


def _names(sentences: Sequence[Sentence]) -> Iterator[str]:
    """Yield the names with which the learner introduced himself or herself."""
    for sentence in sentences:
        for index in range(len(sentence)):
            at = _introduced_at(sentence, index)
            if at is not None and _may_be_name(sentence, at):
                yield sentence.text(at).capitalize()


def _introduced_at(sentence: Sentence, index: int) -> int | None:
    """Return where a name stands after `my name is`, `I am` or `myself`, begun at token `index`."""
    words = [sentence.word(index + step) for step in range(3)]
    if words == ["my", "name", "is"]:
        return index + 3
    if words[:2] in (["i", "am"], ["i", "'m"], ["call", "me"]):
        known = is_name(sentence, index + 2)
        return index + 2 if known else None
    return index + 1 if words[0] == "myself" and index <= 2 else None


def _may_be_name(sentence: Sentence, index: int) -> bool:
    """Say whether a word is a name: listed, or unknown to the lexicon."""
    text, word = sentence.text(index), sentence.word(index)
    plain = text.isalpha() and len(text) <= _LONGEST_NAME and word not in _NO_NAME
    return plain and (word in NAMES or not readings(word))
