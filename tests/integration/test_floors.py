"""The floors beside which the product is measured run, so that `make bench` comes to its end."""

from collections.abc import Callable
from pathlib import Path

import psycopg

from benchmarks.bare import running_bare
from benchmarks.durable import running_durable
from benchmarks.product import Speeds
from tests.support.stack import eventually

NO_TIME = Speeds(stt=0, llm=0, tts=0).environment()


def test_the_bare_chain_and_the_chain_in_one_piece_run(tmp_path: Path) -> None:
    with running_bare(tmp_path, NO_TIME) as bare:
        bare.all_in_one(2)  # the chain itself ran before it was given


def test_each_durable_task_is_deferred_by_the_one_before_it(
    create_database: Callable[[], str], tmp_path: Path
) -> None:
    with running_durable(tmp_path, create_database(), NO_TIME) as durable:
        durable.run("reply", "synthesize")
        with psycopg.connect(durable.url, autocommit=True) as connection:
            # What has deferred the next one, or told of the end, is itself recorded afterwards.
            unrecorded = "SELECT 1 FROM procrastinate_jobs WHERE status <> 'succeeded'"
            eventually(lambda: not connection.execute(unrecorded).fetchall(), what="all recorded")
            ended = "SELECT task_name, queue_name FROM procrastinate_jobs ORDER BY id"
            found = connection.execute(ended).fetchall()

    tasks = [("transcribe", "gpu"), ("reply", "llm"), ("synthesize", "gpu"), ("reply", "llm")]
    assert found == [*tasks, ("synthesize", "gpu")]
