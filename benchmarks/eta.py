"""How right `eta_seconds` is under a steady load: `python -m benchmarks.eta`.

The whole product with engines of a known speed. A line forms by a burst, then jobs come as fast as they
end, so that it neither grows nor shrinks. What each job was told when it was accepted is compared with
how long it took until it had ended.
"""

import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.product import Product, Speeds, empty_database, running_product, warm_up

SPREAD = 0.3


@dataclass(frozen=True)
class Load:
    """`seconds` of stt, llm, tts; a burst, then `more` jobs, `rate` a second, some by voice."""

    name: str
    seconds: tuple[float, float, float]
    burst: int
    more: int
    rate: float
    voice_every: int | None
    speak: bool


LOADS = (
    Load("voice only, the GPU is the bottleneck", (0.5, 1.0, 0.8), 15, 45, 0.75, 1, True),
    Load("text and voice, the GPU is the bottleneck", (0.5, 1.0, 0.8), 15, 45, 0.92, 2, True),
    Load("silent texts, the tutor is the bottleneck", (0.5, 4.0, 0.8), 48, 100, 3.8, None, False),
)


def post(product: Product, load: Load, number: int, tone: Path) -> dict[str, Any]:
    """Post a job; return what was answered."""
    if load.voice_every and number % load.voice_every == 0:
        return product.voice_chat(f"user-{number}", tone)
    return product.text_chat(f"user-{number}", "Hello", speak=["reply"] if load.speak else [])


def seconds_of(product: Product, job_id: str) -> float:
    """Return what a job took from its acceptance to its end, once it has ended."""
    product.wait_for(job_id, seconds=600)
    took = "SELECT extract(epoch FROM finished_at - created_at) FROM jobs WHERE id = :id"
    [row] = product.sql(took, id=job_id)
    return float(row[0])


def measure(load: Load, directory: Path, database_url: str) -> None:
    """Run the load and print how the estimates did."""
    with (
        running_product(directory, database_url, Speeds(*load.seconds, spread=SPREAD)) as product,
        ThreadPoolExecutor(32) as threads,
    ):
        tone = warm_up(product, directory)
        began = time.monotonic()
        posted = []
        for number in range(load.burst + load.more):
            due = began + max(0, number - load.burst) / load.rate
            time.sleep(max(0.0, due - time.monotonic()))
            posted.append(threads.submit(post, product, load, number, tone))
        ratios, running = [], 0
        for future in posted:
            job = future.result()
            took = seconds_of(product, job["id"])
            if job["eta_seconds"] is None:
                running += 1
            else:
                ratios.append(job["eta_seconds"] / took)
    within = sum(0.5 <= ratio <= 2 for ratio in ratios) / len(ratios)
    tenths = statistics.quantiles(ratios, n=10)
    print(
        f"{load.name}: estimate / truth: median {statistics.median(ratios):.2f},"
        f" 80 % between {tenths[0]:.2f} and {tenths[-1]:.2f};"
        f" within a factor of two: {within:.0%} of {len(ratios)} ({running} had begun at once)",
        flush=True,
    )


def main() -> None:
    """Measure each load on a database of its own."""
    for load in LOADS:
        with empty_database() as (folder, database_url):
            measure(load, folder, database_url)


if __name__ == "__main__":
    main()
