"""How soon each program is at work, and what it then takes of memory: `python -m benchmarks.starting`.

PostgreSQL and Redis run; the engines take no time to load. At work: the API answers `/health`, a worker has
reported itself, Flower answers. Memory: what is the program's alone, with its children's, in megabytes.
"""

import time
from collections.abc import Callable
from urllib.error import URLError
from urllib.request import urlopen

from benchmarks.product import WORKERS, Product, Speeds, empty_database, running_product
from benchmarks.table import Row, print_table

STARTS = 3
MOST_SECONDS, MOST_MEGABYTES = 2.0, 150.0


def _answers(port: int, path: str) -> bool:
    try:
        with urlopen(f"http://127.0.0.1:{port}{path}", timeout=1):
            return True
    except (URLError, OSError):
        return False


def _has_reported(product: Product, worker: str) -> bool:
    return bool(product.sql("SELECT 1 FROM workers WHERE starts_with(name, :name)", name=f"{worker}@"))


def _at_work(product: Product, program: str) -> Callable[[], bool]:
    if program in WORKERS:
        return lambda: _has_reported(product, program)
    if program == "flower":
        return lambda: _answers(product.settings.flower_port, "/healthcheck")
    return lambda: _answers(product.settings.port, "/health")


def _start(product: Product, program: str) -> tuple[float, float, float]:
    """Start and end the program; return its seconds, and the megabytes of its first process and of all."""
    ready = _at_work(product, program)
    began = time.perf_counter()
    product.start(program)
    while not ready():
        time.sleep(0.005)
    took = time.perf_counter() - began
    time.sleep(1.0)  # what it still loads in the background
    first = product.process(program)
    every = [first, *first.children(recursive=True)]
    megabytes = [process.memory_full_info().uss / 2**20 for process in every]
    product.end(program)
    return took, megabytes[0], sum(megabytes)


def measure() -> list[Row]:
    """Return a row a program."""
    rows = []
    with (
        empty_database() as (folder, database_url),
        running_product(folder, database_url, Speeds(0, 0, 0), "api") as product,
    ):
        product.end("api")
        for program in ("api", *WORKERS, "flower"):
            starts = [_start(product, program) for _ in range(STARTS)]
            took, first, every = (sorted(figures)[STARTS // 2] for figures in zip(*starts, strict=True))
            goal = program == "api"
            rows.append(
                Row(
                    f"start of {program}",
                    f"{took:.2f} s, {first:.0f} MB"
                    + (f", {every:.0f} with its children" if every > first + 1 else ""),
                    goal=f"{MOST_SECONDS:g} s, {MOST_MEGABYTES:g} MB" if goal else "",
                    met=took <= MOST_SECONDS and first <= MOST_MEGABYTES if goal else None,
                )
            )
    return rows


if __name__ == "__main__":
    print_table(measure())
