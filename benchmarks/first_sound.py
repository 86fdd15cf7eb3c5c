"""How soon a learner hears the tutor: `python -m benchmarks.first_sound`.

A recording is posted and its job followed: from the post to the first piece of speech that can be fetched,
and to the end. The tutor writes three sentences word by word, the first in 0.3 s; the voice takes 0.3 s for
each. Beside it the same turn when everything is written first and then spoken at once, as one piece. Alone,
and with ten learners at the same moment on one GPU.
"""

import json
import statistics
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from benchmarks import timed_engines
from benchmarks.product import Product, Speeds, empty_database, running_product, warm_up
from benchmarks.table import Row, print_table

STT, SENTENCE, FIRST_SENTENCE, WHOLE_REPLY = 0.2, 0.3, 0.3, 0.8
SENTENCES = (FIRST_SENTENCE, 0.55, WHOLE_REPLY)
TURNS, LEARNERS = 30, 10
REST_SECONDS = 0.2
MOST_BEYOND_SECONDS = 0.08
_IN_PIECES = Speeds(stt=STT, llm=WHOLE_REPLY, tts=SENTENCE)
_AT_ONCE = Speeds(stt=STT, llm=WHOLE_REPLY, tts=SENTENCE * len(SENTENCES))


@dataclass(frozen=True, slots=True)
class Heard:
    """Seconds from the post: when each piece could be fetched, and when the job had ended."""

    pieces: Sequence[float]
    ended: float


def turn(product: Product, tone: Path, learner: str) -> Heard:
    """Post a recording and follow its job to the end."""
    began = time.perf_counter()
    job = product.voice_chat(learner, tone)
    pieces: list[float] = []
    with product.client.stream("GET", job["links"]["events"]) as response:
        kind = ""
        for line in response.iter_lines():
            name, _, value = line.partition(": ")
            if name == "event":
                kind = value
            elif name == "data" and kind == "speech.piece":
                assert json.loads(value)["audio_url"] is not None
                pieces.append(time.perf_counter() - began)
            elif name == "data" and kind in {"job.succeeded", "job.failed"}:
                assert kind == "job.succeeded", value
                return Heard(pieces, time.perf_counter() - began)
    raise AssertionError("the stream ended before the job")


def _alone(product: Product, tone: Path, learner: str) -> Heard:
    """Take a turn once the workers have put the turn before it away."""
    time.sleep(REST_SECONDS)
    return turn(product, tone, learner)


def alone_and_together(speeds: Speeds, extra: dict[str, str]) -> tuple[list[Heard], list[Heard]]:
    """Return turns one after the other, and turns of ten learners at once."""
    with (
        empty_database() as (folder, database_url),
        running_product(folder, database_url, speeds, extra=extra) as product,
        ThreadPoolExecutor(LEARNERS) as clients,
    ):
        tone = warm_up(product, folder)
        alone = [_alone(product, tone, f"learner-{number}") for number in range(TURNS)]
        together = list(clients.map(lambda number: turn(product, tone, f"crowd-{number}"), range(LEARNERS)))
        return alone, together


def measure() -> list[Row]:
    """Return the rows."""
    streamed = {timed_engines.SENTENCES: ",".join(str(each) for each in SENTENCES)}
    alone, together = alone_and_together(_IN_PIECES, streamed)
    at_once, _ = alone_and_together(_AT_ONCE, {})
    first, reference = _first(alone), _first(at_once)
    floor = STT + FIRST_SENTENCE + SENTENCE
    last_first = max(each.pieces[0] for each in together)
    first_last = min(each.pieces[-1] for each in together)
    return [
        Row(
            "first sound of a recording, alone",
            f"{first:.3f} s p50; the end after {_end(alone):.3f} s",
            f"engines {floor:.3f} s",
            f"{MOST_BEYOND_SECONDS * 1000:.0f} ms beyond the engines",
            first <= floor + MOST_BEYOND_SECONDS,
        ),
        Row(
            "the same, spoken at once at its end",
            f"{reference:.3f} s p50; the end after {_end(at_once):.3f} s",
            goal="twice the first sound in pieces",
            met=first <= reference / 2,
        ),
        Row(
            f"first sounds of {LEARNERS} learners at once",
            f"{_first(together):.3f} s p50, {last_first:.3f} at most; a last piece after {first_last:.3f}",
            goal="every first piece before any last one",
            met=last_first < first_last,
        ),
    ]


def _first(turns: Sequence[Heard]) -> float:
    return statistics.median(each.pieces[0] for each in turns)


def _end(turns: Sequence[Heard]) -> float:
    return statistics.median(each.ended for each in turns)


if __name__ == "__main__":
    print_table(measure())
