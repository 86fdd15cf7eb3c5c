"""How much of one GPU the product uses: `python -m benchmarks.throughput`.

Recordings come faster than they can be answered; each answer is one sentence. The bound is what the GPU alone
could do, one job each STT + TTS seconds: the tutor's seconds are to cost it nothing. Beside it a worker that
runs the whole chain in one piece, as a single Celery task would.
"""

import time
from concurrent.futures import ThreadPoolExecutor

from benchmarks.bare import running_bare
from benchmarks.product import Speeds, empty_database, running_product, warm_up
from benchmarks.table import Row, print_table

SPEEDS = Speeds(stt=0.2, llm=0.8, tts=0.3)
JOBS, PIECES = 90, 12
LEAST_SHARE = 0.94


def product_rate() -> float:
    """Return the jobs a second of a whole line, from the first one's start to the last one's end.

    Only the whole counts: the GPU first hears everybody, and speaks to them later.
    """
    with (
        empty_database() as (folder, database_url),
        running_product(folder, database_url, SPEEDS) as product,
        ThreadPoolExecutor(8) as clients,
    ):
        tone = warm_up(product, folder)
        posted = list(clients.map(lambda number: product.voice_chat(f"learner-{number}", tone), range(JOBS)))
        for job in posted:
            product.wait_for(job["id"], seconds=300)
        [(seconds,)] = product.sql(
            "SELECT extract(epoch FROM max(finished_at) - min(started_at)) FROM jobs"
            " JOIN learners ON learners.id = learner_id WHERE user_id LIKE 'learner-%'"
        )
        return JOBS / float(seconds)


def one_piece_rate() -> float:
    """Return the jobs a second of one worker that runs the chain in one piece."""
    with empty_database() as (folder, _), running_bare(folder, SPEEDS.environment()) as bare:
        began = time.perf_counter()
        bare.all_in_one(PIECES)
        return PIECES / (time.perf_counter() - began)


def measure() -> list[Row]:
    """Return the row."""
    bound, ours, one_piece = 1 / (SPEEDS.stt + SPEEDS.tts), product_rate(), one_piece_rate()
    return [
        Row(
            "throughput of one GPU worker",
            f"{ours:.2f} jobs/s: {ours / bound:.1%} of the GPU's bound",
            f"bound {bound:.2f} jobs/s; chain in one piece {one_piece:.2f} jobs/s",
            f"{LEAST_SHARE:.0%}",
            ours >= LEAST_SHARE * bound,
        )
    ]


if __name__ == "__main__":
    print_table(measure())
