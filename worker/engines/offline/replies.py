"""The tutor's friendly answer: an opening, an acknowledgement and a question."""

import zlib
from collections.abc import Sequence

from worker.engines.offline.language import Kind
from worker.engines.offline.lexicon import word_set
from worker.engines.offline.morphology import readings
from worker.engines.offline.topics import OPEN_QUESTIONS, TOPICS, Topic
from worker.ports import Turn

_FIRST_OPENING = "Hello!"
_LATER_OPENINGS = ("I see.", "Thank you for telling me.", "That is nice to know.", "Okay, I understand.")
_HARM = word_set("suicide bomb bombs terrorize blackmail rape overdose self-harm")
_HURT = frozenset({"kill", "killing", "harm", "harming"})

_CARE = (
    "I am sorry, I cannot help with that. If you or someone near you is not safe, please talk to a "
    "person you trust or call 112. Would you like to talk about your day?"
)
_POLITE = "Let us keep our words kind. Would you like to tell me about your day?"
_HINDI = (
    "Main samajh gaya! Ab isi baat ko English mein kahiye. Kya aap koshish karenge?",
    "Bahut achha! Chaliye, ise saath mein English mein kehte hain. Pehla sentence kya hoga?",
)
_OTHER_SCRIPT = (
    "Thank you for writing to me! I can help you in English. Can you try a short English sentence?",
)
_UNCLEAR = (
    "I am happy to talk with you! Can you tell me about your day in one English sentence?",
    "Let us practise together! What did you do today?",
)
_HOW_ARE_YOU = "I am doing well, thank you. How are you today?"
_NICE_TO_MEET = "It is nice to meet you. Where are you from?"


def compose(message: str, words: Sequence[str], kind: Kind, history: Sequence[Turn]) -> str:
    """Return the reply: the same for the same input, never quoting more than a topic's name."""
    if is_harmful(words):
        return _CARE
    seed = zlib.crc32(message.encode("utf-8", "replace")) + len(history)
    previous = history[-1].reply if history else ""
    fixed = {Kind.HINDI: _HINDI, Kind.OTHER_SCRIPT: _OTHER_SCRIPT, Kind.UNCLEAR: _UNCLEAR}.get(kind)
    if fixed is not None:
        return _pick(fixed, seed, previous)
    opening = _pick(_LATER_OPENINGS, seed, previous) if history else _FIRST_OPENING
    return f"{opening} {_courtesy(words) or _conversation(words, seed, previous)}"


def decline() -> str:
    """Return the reply to foul language, which repeats none of it."""
    return _POLITE


def is_harmful(words: Sequence[str]) -> bool:
    """Say whether the message may be about hurting someone, which deserves care, not grammar."""
    found = set(words)
    return bool(found & _HARM) or ("myself" in found and bool(found & _HURT))


def _pick(variants: Sequence[str], seed: int, previous: str) -> str:
    """Choose by `seed` among the variants that the previous reply did not use."""
    fresh = [variant for variant in variants if variant not in previous] or list(variants)
    return fresh[seed % len(fresh)]


def _courtesy(words: Sequence[str]) -> str | None:
    """Answer what courtesy answers the same way every time: a greeting, a name."""
    said = " ".join(words)
    if "how are you" in said:
        return _HOW_ARE_YOU
    return _NICE_TO_MEET if words[0] == "myself" or "my name is" in said or "myself" in words[:3] else None


def _conversation(words: Sequence[str], seed: int, previous: str) -> str:
    topic = _topic(words)
    if topic is None:
        return f"I enjoy talking with you. {_pick(OPEN_QUESTIONS, seed, previous)}"
    first, *others = topic.questions
    question = first if first not in previous else _pick(others, seed, previous)
    return f"I understand {_gist(words, topic)}. {question}"


def _topic(words: Sequence[str]) -> Topic | None:
    """Return the topic of the first telling word, places before the rest."""
    telling = [word for at, word in enumerate(words) if list(words[max(at - 2, 0) : at]) != ["out", "of"]]
    lemmas = [{word, *readings(word).get("NOUN", ())} for word in telling]
    found = [topic for lemma in lemmas for topic in TOPICS if lemma & topic.nouns]
    return next((topic for topic in found if topic.place), found[0] if found else None)


def _gist(words: Sequence[str], topic: Topic) -> str:
    """Say what was understood: a visit where that is plain, else only the topic."""
    said = set(words)
    denied = "not" in said or any(word.endswith("n't") for word in words)
    if topic.place and not denied and "to" in said and said & {"i", "we"}:
        if "went" in said or ("yesterday" in said and "go" in said):
            return f"you went to {topic.name}"
        if said & {"go", "going"} and said & {"am", "'m", "are", "'re"}:
            return f"you want to go to {topic.name}"
    return f"you are talking about {topic.name}"
