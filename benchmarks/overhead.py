"""What the product adds to the engines' time: `python -m benchmarks.overhead`.

A client posts a turn and waits for it; the engines' seconds are taken off. In turn with it, on the same
machine and with the same seconds, as many tasks of procrastinate are run and waited for, on the same
PostgreSQL server, and a chain of as many bare Celery tasks. With a number, texts then alternate with those
of a second product, on a database where so many jobs have ended: does the past cost anything?
"""

import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import create_engine

from benchmarks.bare import Bare, running_bare
from benchmarks.durable import Durable, running_durable
from benchmarks.history import fill_history
from benchmarks.product import (
    Product,
    Speeds,
    another_database,
    empty_database,
    migrate,
    running_product,
    warm_up,
)
from benchmarks.table import Row, Took, print_table
from shared.settings import SharedSettings

PAIRS = 200
TEXT_TIMES, VOICE_TIMES, GROWTH_TIMES = 2.5, 5.0, 1.2
SPEEDS = Speeds(stt=0.02, llm=0.02, tts=0.02)
TEXT, VOICE = ("reply", "synthesize"), ("transcribe", "reply", "synthesize")
_SECONDS = {"transcribe": SPEEDS.stt, "reply": SPEEDS.llm, "synthesize": SPEEDS.tts}


def alternate(stages: Sequence[str], *works: Callable[[int], object], pairs: int = PAIRS) -> list[Took]:
    """Do the works, each of which runs these stages, in turn and many times.

    Returns what each took beyond the engines' own time.
    """
    engines, warming = sum(_SECONDS[stage] for stage in stages), pairs // 10
    took: list[list[float]] = [[] for _ in works]
    for number in range(warming + pairs):
        for work, times in zip(works, took, strict=True):
            began = time.perf_counter()
            work(number)
            times.append((time.perf_counter() - began - engines) * 1000)
    return [Took(times[warming:]) for times in took]


@dataclass(frozen=True, slots=True)
class Floors:
    """What else could run a turn's tasks: one that keeps its promises, and one that forgets everything."""

    durable: Durable
    bare: Bare


def compare(
    what: str, turn: Callable[[int], object], stages: Sequence[str], floors: Floors, most_times: float
) -> Row:
    """Return the row of turns of these stages beside their floors."""
    ours, durable, chain = alternate(
        stages, turn, lambda _: floors.durable.run(*stages), lambda _: floors.bare.run(*stages)
    )
    times = ours.p50 / durable.p50
    return Row(
        what,
        f"{ours}: {times:.2f} times procrastinate, {ours.p50 / chain.p50:.2f} times the chain",
        f"procrastinate {durable}; bare chain {chain}",
        f"{most_times:g} times procrastinate at p50",
        times <= most_times,
    )


def text_turn(product: Product, learner: str = "user") -> Callable[[int], None]:
    """Return what posts a text of one of seven learners and waits for its answer."""

    def post(number: int) -> None:
        body = {"user_id": f"{learner}-{number % 7}", "message": "I am go to market"}
        response = product.client.post("/api/v1/ai/text-chat", json=body, headers={"Prefer": "wait=30"})
        assert response.json()["status"] == "succeeded", response.text

    return post


def voice_turn(product: Product, recording: Path) -> Callable[[int], None]:
    """Return what posts a recording and waits for its answer."""
    sound = recording.read_bytes()

    def post(number: int) -> None:
        response = product.client.post(
            "/api/v1/ai/voice-chat",
            data={"user_id": f"user-{number % 7}"},
            files={"audio_file": ("turn.wav", sound)},
            headers={"Prefer": "wait=30"},
        )
        assert response.json()["status"] == "succeeded", response.text

    return post


def growth(young: Product, folder: Path, database_url: str, ended: int) -> Row:
    """Return the row of texts of learners with a past, beside those of a product without one."""
    grown_url = another_database(database_url, "grown")
    migrate(grown_url)
    engine = create_engine(SharedSettings(database_url=grown_url).database_url)
    fill_history(engine, ended)
    engine.dispose()
    with running_product(folder / "grown", grown_url, SPEEDS) as grown:
        warm_up(grown, folder)
        before, after = alternate(TEXT, text_turn(young), text_turn(grown))
    return Row(
        f"overhead of a text after {ended:,} ended jobs",
        f"{after}: {after.p50 / before.p50:.2f} times",
        f"before them {before}",
        f"{GROWTH_TIMES:g} times at p50",
        after.p50 <= GROWTH_TIMES * before.p50,
    )


def measure(ended: int | None = None) -> list[Row]:
    """Return the rows; with `ended`, also that of a text after so many jobs."""
    with (
        empty_database() as (folder, database_url),
        running_product(folder, database_url, SPEEDS) as product,
    ):
        with (
            running_durable(folder, database_url, SPEEDS.environment()) as durable,
            running_bare(folder, SPEEDS.environment()) as bare,
        ):
            tone = warm_up(product, folder)
            text, voice = text_turn(product), voice_turn(product, tone)
            floors = Floors(durable, bare)
            rows = [
                compare("overhead of a text", text, TEXT, floors, TEXT_TIMES),
                compare("overhead of a recording", voice, VOICE, floors, VOICE_TIMES),
            ]
        if ended is not None:
            rows.append(growth(product, folder, database_url, ended))
        return rows


if __name__ == "__main__":
    print_table(measure(int(sys.argv[1]) if len(sys.argv) > 1 else None))
