"""What the product adds to the engines' time, beside a bare Celery chain: `python -m benchmarks.overhead`.

A client posts a turn and waits for it; the engines' seconds are taken off. In turn with it, on the same
machine and with the same seconds, a chain of as many bare Celery tasks is run and waited for.
With a number, the same once more when so many jobs have ended: does the past cost anything?
"""

import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import create_engine
from sqlalchemy.orm import sessionmaker

from benchmarks.bare import Bare, running_bare
from benchmarks.product import Product, Speeds, empty_database, running_product, warm_up
from benchmarks.sweep import fill_history
from benchmarks.table import Row, print_table
from shared.settings import SharedSettings

PAIRS, WARMING = 200, 20
MOST_TIMES_THE_CHAIN = 3.0
SPEEDS = Speeds(stt=0.02, llm=0.02, tts=0.02)
TEXT, VOICE = ("reply", "synthesize"), ("transcribe", "reply", "synthesize")
_SECONDS = {"transcribe": SPEEDS.stt, "reply": SPEEDS.llm, "synthesize": SPEEDS.tts}


@dataclass(frozen=True, slots=True)
class Overheads:
    """Milliseconds beyond the engines' own, of each job and of each chain."""

    jobs: Sequence[float]
    chains: Sequence[float]

    def row(self, what: str, *, goal: bool = True) -> Row:
        """Return the row of the table."""
        ours, floor = statistics.median(self.jobs), statistics.median(self.chains)
        return Row(
            what,
            f"{ours:.1f} ms p50, {_p95(self.jobs):.1f} p95: {ours / floor:.2f} times the chain",
            f"{floor:.1f} ms p50, {_p95(self.chains):.1f} p95",
            f"{MOST_TIMES_THE_CHAIN:g} times at p50" if goal else "",
            ours <= MOST_TIMES_THE_CHAIN * floor if goal else None,
        )


def _p95(took: Sequence[float]) -> float:
    return statistics.quantiles(took, n=20)[-1]


def compare(job: Callable[[int], object], bare: Bare, stages: Sequence[str]) -> Overheads:
    """Run jobs and chains of these stages in turn."""
    engines = sum(_SECONDS[stage] for stage in stages)
    jobs, chains = [], []
    for number in range(WARMING + PAIRS):
        jobs.append(_milliseconds(lambda: job(number), engines))  # noqa: B023 - called at once
        chains.append(_milliseconds(lambda: bare.run(*stages), engines))
    return Overheads(jobs[WARMING:], chains[WARMING:])


def _milliseconds(work: Callable[[], object], engines: float) -> float:
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began - engines) * 1000


def text_turn(product: Product) -> Callable[[int], None]:
    """Return what posts a text and waits for its answer."""

    def post(number: int) -> None:
        body = {"user_id": f"learner-{number % 7}", "message": "I am go to market"}
        response = product.client.post("/api/v1/ai/text-chat", json=body, headers={"Prefer": "wait=30"})
        assert response.json()["status"] == "succeeded", response.text

    return post


def voice_turn(product: Product, recording: Path) -> Callable[[int], None]:
    """Return what posts a recording and waits for its answer."""
    sound = recording.read_bytes()

    def post(number: int) -> None:
        response = product.client.post(
            "/api/v1/ai/voice-chat",
            data={"user_id": f"learner-{number % 7}"},
            files={"audio_file": ("turn.wav", sound)},
            headers={"Prefer": "wait=30"},
        )
        assert response.json()["status"] == "succeeded", response.text

    return post


def measure(ended: int | None = None) -> list[Row]:
    """Return the rows; with `ended`, also that of a text after so many jobs."""
    with (
        empty_database() as (folder, database_url),
        running_product(folder, database_url, SPEEDS) as product,
        running_bare(folder, SPEEDS.environment()) as bare,
    ):
        tone = warm_up(product, folder)
        text = compare(text_turn(product), bare, TEXT)
        rows = [
            text.row("overhead of a text"),
            compare(voice_turn(product, tone), bare, VOICE).row("overhead of a recording"),
        ]
        if ended is not None:
            engine = create_engine(SharedSettings(database_url=database_url).database_url)
            fill_history(sessionmaker(engine), ended)
            engine.dispose()
            after = compare(text_turn(product), bare, TEXT)
            rows.append(after.row(f"the same after {ended:,} jobs", goal=False))
        return rows


if __name__ == "__main__":
    print_table(measure(int(sys.argv[1]) if len(sys.argv) > 1 else None))
