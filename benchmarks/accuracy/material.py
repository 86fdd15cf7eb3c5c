"""What is spoken and heard: sentences with a voice and noise for each, and recordings of people."""

import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

SHARED = Path(__file__).parents[3] / "shared" / "data"
"""Material from public repositories. It lies beside the project, not in it."""
LONGEST = 14
"""Words; learners seldom say more in a sentence."""
SNR_RANGES = ((10.0, 30.0), (4.0, 10.0))
"""Decibels; each is drawn evenly from its range."""
NOISES = ("pink", "babble")
VOICES = ("kokoro hf_alpha", "kokoro af_heart", "espeak")


@dataclass(frozen=True, slots=True)
class Clip:
    """A sentence that a voice speaks, with noise of a kind at a signal-to-noise ratio, or without.

    `is_right`: nothing in it should be corrected. `is_for_tuning`: the threshold may be chosen on it; it is
    judged on the others.
    """

    sentence: str
    text: str
    is_right: bool
    voice: str
    noise: str | None
    snr: float | None
    seed: int
    is_for_tuning: bool

    @property
    def key(self) -> str:
        """What identifies the sound."""
        noise = "clean" if self.noise is None else f"{self.noise} {self.snr:.1f} {self.seed}"
        return f"{self.sentence} | {self.voice} | {noise}"


@dataclass(frozen=True, slots=True)
class HumanRecording:
    """A recording of a person and what was said in it. `group`: who speaks, and how."""

    path: Path
    text: str
    group: str


def is_there() -> bool:
    """Tell whether the material is beside the project."""
    return SHARED.is_dir()


def samples(seed: int, sentences: int) -> list[Clip]:
    """Return the clips of two samples of so many sentences: one to choose a threshold on, one to judge it on.

    They are those of the seed and of the next one; a sentence of the first is left out of the second.
    """
    tuning, other = _clips(seed, sentences), _clips(seed + 1, sentences)
    known = {clip.sentence for clip in tuning}
    judging = [clip for clip in other if clip.sentence not in known]
    return [replace(clip, is_for_tuning=True) for clip in tuning] + judging


def _clips(seed: int, sentences: int) -> list[Clip]:
    """Return the clips of so many sentences, two of three with a mistake, in a random order.

    Each sentence is spoken by one of the voices: every second one clean, and all with noise of each of
    `SNR_RANGES`. The first clips are the same however many sentences there are.
    """
    wrongs = [(row["id"], row["wrong"]) for row in _rows("pairs") if row["core"] and _fits(row["wrong"])]
    rights = [(row["id"], row["text"]) for row in _rows("correct") if _fits(row["text"])]
    random.Random(f"{seed} wrong").shuffle(wrongs)
    random.Random(f"{seed} right").shuffle(rights)
    planned: list[Clip] = []
    for number in range(sentences):
        third = number % 3
        pool, at = (rights, number // 3) if third == 2 else (wrongs, number // 3 * 2 + third)
        if at < len(pool):
            planned += _forms(seed, *pool[at], is_right=third == 2, is_clean=number % 2 == 0)
    return planned


def _forms(seed: int, sentence: str, text: str, *, is_right: bool, is_clean: bool) -> list[Clip]:
    chance = random.Random(f"{seed} {sentence}")
    voice = chance.choice(VOICES)
    noises = [(chance.choice(NOISES), round(chance.uniform(*snr), 1)) for snr in SNR_RANGES]
    forms = [
        Clip(sentence, text, is_right, voice, noise, snr, chance.randrange(1_000_000), is_for_tuning=False)
        for noise, snr in [(None, None), *noises]
    ]
    return forms if is_clean else forms[1:]


def human_recordings() -> Iterator[HumanRecording]:
    """Yield every English recording whose words are known."""
    for entry in json.loads((SHARED / "audio" / "manifest.json").read_text(encoding="utf-8")):
        if entry["kind"] == "good" and entry.get("transcript"):
            path = SHARED / entry["file"]
            group = "learners" if "learner" in path.name else "others"
            yield HumanRecording(path, entry["transcript"], group)


def right_sentences() -> list[str]:
    """Return all correct sentences."""
    return [row["text"] for row in _rows("correct")]


def _fits(text: str) -> bool:
    return len(text.split()) <= LONGEST


def _rows(name: str) -> Sequence[dict[str, str]]:
    with (SHARED / "text" / f"{name}.jsonl").open(encoding="utf-8") as file:
        return [json.loads(line) for line in file]
