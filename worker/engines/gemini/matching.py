"""Is what the model calls a mistake really in the learner's words? Compared as speech is heard."""

from worker.text.spoken_words import places, sounds, spoken_words


def find_words(message: str, phrase: str) -> str | None:
    """Return the part of `message` that has the words of `phrase`, as the learner has it; None if absent."""
    words, wanted = spoken_words(message), sounds(phrase)
    for first in places(words, wanted):
        return message[words[first].start : words[first + len(wanted) - 1].end]
    return None


def sounds_alike(one: str, other: str) -> bool:
    """Tell whether two texts have the same words."""
    return sounds(one) == sounds(other)


def contains(text: str, phrase: str) -> bool:
    """Tell whether `phrase` occurs in `text`, perhaps with an ending: `preponed` contains `prepone`."""
    return " ".join(sounds(phrase)) in " ".join(sounds(text))
