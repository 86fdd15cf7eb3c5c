"""The tutor's friendly answer: an opening, what was understood, and a question that fits."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from worker.engines.offline import lexicon
from worker.engines.offline.language import Kind
from worker.engines.offline.lexicon import word_set
from worker.engines.offline.memory import Memory, remember, topic_of, words_of
from worker.engines.offline.text import Sentence
from worker.engines.offline.topics import OPEN_QUESTIONS, Topic
from worker.ports import Turn

_FIRST_OPENING = "Hello!"
_LATER_OPENINGS = (
    "I see.",
    "Thank you for telling me.",
    "That is nice to know.",
    "Okay, I understand.",
    "Good, let us go on.",
    "I am listening.",
)
_NAMED_OPENINGS = ("I see, {name}.", "Thank you, {name}.", "Well said, {name}.", "Okay, {name}.")
_HARM = word_set("suicide bomb bombs terrorize blackmail rape overdose self-harm")
_HURT = frozenset({"kill", "killing", "harm", "harming"})
_GLAD = word_set("happy glad excited won passed birthday married promoted selected enjoyed proud")
_SORRY = word_set(
    "sad ill sick fever headache pain lost failed died tired cold worried nervous lonely accident"
)
_DENIED = frozenset({"not", "no", "never", "nothing", "hardly"})

_CARE = (
    "I am sorry, I cannot help with that. If you or someone near you is not safe, please talk to a "
    "person you trust or call 112. Would you like to talk about your day?"
)
_POLITE = "Let us keep our words kind. Would you like to tell me about your day?"
_HINDI = (
    "Main samajh gaya! Ab isi baat ko English mein kahiye. Kya aap koshish karenge?",
    "Bahut achha! Chaliye, ise saath mein English mein kehte hain. Pehla sentence kya hoga?",
    "Theek hai! Chhote sentence se shuru karte hain. Ise English mein kaise kahenge?",
)
_OTHER_LANGUAGE = (
    "Thank you for talking to me! I can help you in English. Can you try a short English sentence?",
)
_UNCLEAR = (
    "I am happy to talk with you! Can you tell me about your day in one English sentence?",
    "Let us practise together! What did you do today?",
)
_HOW_ARE_YOU = ("I am doing well, thank you. How are you today?", "I am fine, thank you. How was your day?")
_WHO_ARE_YOU = ("I am your English tutor, and I like to talk with you. What would you like to talk about?",)
_THANKS = ("You are welcome! What shall we talk about next?", "My pleasure! What else would you like to say?")
_GOODBYE = ("Goodbye! It was nice talking to you. Will you come back tomorrow?",)
_FELT_GLAD = "I am glad to hear that."
_FELT_SORRY = "I am sorry to hear that."
_ABOUT_PERSON = (
    "What does your {person} like to do?",
    "Can you tell me more about your {person}?",
    "What do you and your {person} do together?",
)
_BACK_TO_TOPIC = ("Let us talk more about {topic}.", "We were talking about {topic}.")


@dataclass(frozen=True, slots=True)
class Composed:
    """A reply's text, and whether it ends with one of the questions that were asked for."""

    text: str
    invites: bool = False


def compose(
    sentences: Sequence[Sentence],
    message: str,
    kind: Kind,
    history: Sequence[Turn],
    invitations: Sequence[str] = (),
) -> Composed:
    """Return the reply: the same for the same input.

    It quotes nothing but a name, a person of the family and a topic's own name, so it never repeats a
    mistake. It ends with one of the `invitations` unless something matters more: a feeling, or courtesy.
    """
    words = words_of(sentences)
    if is_harmful(words):
        return Composed(_CARE)
    memory = remember(sentences, history)
    seed = zlib.crc32(message.encode("utf-8", "replace")) + len(history)
    fixed = {Kind.HINDI: _HINDI, Kind.OTHER_LANGUAGE: _OTHER_LANGUAGE, Kind.UNCLEAR: _UNCLEAR}.get(kind)
    if fixed is not None:
        return Composed(_pick(fixed, seed, memory))
    opening = _opening(seed, memory) if history else _FIRST_OPENING
    courtesy = _courtesy(words, seed, memory)
    if courtesy is None and invitations and _feeling(words) is None:
        return Composed(f"{opening} {_understood(words)}{_pick(invitations, seed, memory)}", invites=True)
    return Composed(f"{opening} {courtesy or _conversation(words, seed, memory)}")


def decline() -> str:
    """Return the reply to foul language, which repeats none of it."""
    return _POLITE


def is_harmful(words: Sequence[str]) -> bool:
    """Say whether the message may be about hurting someone, which deserves care, not grammar."""
    found = set(words)
    return bool(found & _HARM) or ("myself" in found and bool(found & _HURT))


def _pick(variants: Sequence[str], seed: int, memory: Memory) -> str:
    """Choose by `seed` among the variants that the last replies did not use."""
    fresh = [variant for variant in variants if not memory.used(variant)] or list(variants)
    return fresh[seed % len(fresh)]


def _opening(seed: int, memory: Memory) -> str:
    """Open with the learner's name now and then, once it is known."""
    if memory.name and not memory.introduced and seed % 3 == 0:
        return _pick([text.format(name=memory.name) for text in _NAMED_OPENINGS], seed, memory)
    return _pick(_LATER_OPENINGS, seed, memory)


def _courtesy(words: Sequence[str], seed: int, memory: Memory) -> str | None:
    """Answer what courtesy answers: a greeting, a name, thanks, a farewell."""
    said = " ".join(words)
    if "how are you" in said:
        return _pick(_HOW_ARE_YOU, seed, memory)
    if "your name" in said or "who are you" in said:
        return _pick(_WHO_ARE_YOU, seed, memory)
    if memory.introduced:
        return f"It is nice to meet you, {memory.name}. {_fitting_question(words, seed, memory)}"
    if words[0] == "myself" or "my name is" in said or "myself" in words[:3]:
        return "It is nice to meet you. Where are you from?"
    if len(words) <= 5 and words[0] in ("thank", "thanks"):
        return _pick(_THANKS, seed, memory)
    return _pick(_GOODBYE, seed, memory) if len(words) <= 4 and {"bye", "goodbye"} & set(words) else None


def _understood(words: Sequence[str]) -> str:
    """Say what the message was about, if that is known."""
    topic = topic_of(words)
    return "" if topic is None else f"I understand {_gist(words, topic)}. "


def _conversation(words: Sequence[str], seed: int, memory: Memory) -> str:
    """Answer what was said: a person, a topic, a feeling; else go back to the last topic."""
    topic, felt = topic_of(words), _feeling(words)
    person = _person(words)
    if person and (topic is None or topic.nouns & lexicon.PERSONS):
        question = _pick([text.format(person=person) for text in _ABOUT_PERSON], seed, memory)
        return f"{felt or f'I understand you are talking about your {person}.'} {question}"
    if topic is not None:
        gist = felt or f"I understand {_gist(words, topic)}."
        return f"{gist} {_question(topic, seed, memory)}"
    if felt is not None:
        return f"{felt} {'What made you happy?' if felt == _FELT_GLAD else 'What happened?'}"
    if memory.last_topic is not None:
        back = _pick([text.format(topic=memory.last_topic.name) for text in _BACK_TO_TOPIC], seed, memory)
        return f"{back} {_question(memory.last_topic, seed, memory)}"
    return f"I enjoy talking with you. {_pick(OPEN_QUESTIONS, seed, memory)}"


def _fitting_question(words: Sequence[str], seed: int, memory: Memory) -> str:
    """Ask about the topic of an introduction, or where the learner is from."""
    topic = topic_of(words)
    return _question(topic, seed, memory) if topic is not None else "Where are you from?"


def _question(topic: Topic, seed: int, memory: Memory) -> str:
    """Ask the topic's first question, then its others, then an open one."""
    fresh = [question for question in topic.questions if not memory.used(question)]
    return fresh[0] if fresh else _pick(OPEN_QUESTIONS, seed, memory)


def _feeling(words: Sequence[str]) -> str | None:
    """Share a joy or a sorrow that is told plainly, not one that is denied."""
    said = set(words)
    if said & _DENIED or any(word.endswith("n't") for word in words) or not said & {"i", "my", "we", "our"}:
        return None
    if said & _SORRY:
        return _FELT_SORRY
    return _FELT_GLAD if said & _GLAD else None


def _person(words: Sequence[str]) -> str | None:
    """Return the person of the learner's own whom the message names first."""
    for before, word in pairwise(words):
        if before == "my" and word in lexicon.PERSONS - {"boss", "sir"}:
            return word
    return None


def _gist(words: Sequence[str], topic: Topic) -> str:
    """Say what was understood: a visit where that is plain, else only the topic."""
    said = set(words)
    denied = bool(said & _DENIED) or any(word.endswith("n't") for word in words)
    if topic.place and not denied and "to" in said and said & {"i", "we"}:
        if "went" in said or ("yesterday" in said and "go" in said):
            return f"you went to {topic.name}"
        if said & {"go", "going"} and said & {"am", "'m", "are", "'re"}:
            return f"you want to go to {topic.name}"
    return f"you are talking about {topic.name}"
