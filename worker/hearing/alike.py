"""What sounds the same: a recogniser's spelling of it is no mistake of the speaker's."""

from worker.text.spoken_words import sounds

_SPELLINGS = """
    accept except
    affect effect
    aloud allowed
    brake break
    buy by bye
    cell sell
    for four fore
    hear here
    heard herd
    hole whole
    hour our
    its it's
    knew new
    know no
    mail male
    meat meet
    one won
    passed past
    peace piece
    plain plane
    principal principle
    right write
    role roll
    sale sail
    sea see
    son sun
    steal steel
    than then
    their there they're
    to too two
    wait weight
    wear where
    weather whether
    week weak
    which witch
    who's whose
    wood would
    you're your
    could've couldof
    should've shouldof
    would've wouldof
    might've mightof
    must've mustof
"""
_SAME = {
    "".join(sounds(spelling)): "".join(sounds(line.split()[0]))
    for line in _SPELLINGS.strip().splitlines()
    for spelling in line.split()
}
_BEFORE_OF = frozenset({"could", "should", "would", "might", "must"})


def sound_alike(one: str, other: str) -> bool:
    """Tell whether two texts sound the same, or nearly: `their` and `there`, `every day` and `everyday`."""
    return _sound(one) == _sound(other)


def _sound(text: str) -> str:
    words: list[str] = []
    for word in sounds(text):
        if word == "of" and words and words[-1] in _BEFORE_OF:
            words[-1] += word
        else:
            words.append(word)
    return "".join(_SAME.get(word, word) for word in words)
