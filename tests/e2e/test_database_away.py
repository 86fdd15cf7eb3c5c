"""PostgreSQL killed while a stage is at work: that is not the engine's failure, and costs no job anything."""

from collections.abc import Callable, Iterator
from itertools import groupby
from pathlib import Path

import pytest

from local.servers import EmbeddedPostgres
from tests.conftest import migrate
from tests.support.gated_engines import Gate
from tests.support.recordings import write_tone
from tests.support.stack import Stack, eventually, running_stack

pytestmark = pytest.mark.usefixtures("shut_gate")

# So long that nothing here can come from a lease that ran out.
LONG = {"LEASE_SECONDS": "300", "HEARTBEAT_SECONDS": "60"}
STT_LIMIT_SECONDS = "4"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    """A PostgreSQL of this module's own, to be killed."""
    with EmbeddedPostgres(tmp_path_factory.mktemp("postgres")) as running:
        migrate(running.url, "head")
        yield running


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, server: EmbeddedPostgres, gate: Gate) -> Iterator[Stack]:
    extra = gate.settings() | LONG | {"STT_TIMEOUT_SECONDS": STT_LIMIT_SECONDS}
    with running_stack(tmp_path_factory.mktemp("stack"), server.url, extra=extra) as running:
        yield running
        gate.open()
        for worker in ("gpu", "llm", "maintenance"):
            assert "Traceback" not in running.log(worker)


def outcomes(stack: Stack, job_id: str) -> list[tuple[str, str]]:
    """Return the kinds of the job's steps as they ended, and how; pieces and their join count as one."""
    rows = stack.sql(
        "SELECT kind, outcome FROM steps WHERE job_id = :job AND kind <> 'join' ORDER BY finished_at",
        job=job_id,
    )
    return [each for each, _ in groupby((row[0], row[1]) for row in rows)]


def deaths(stack: Stack) -> int:
    [(count,)] = stack.sql("SELECT sum(deaths) FROM steps")
    return int(count)


def said(stack: Stack, worker: str, words: str) -> Callable[[], bool]:
    """Return what tells whether the worker has said the words since now."""
    before = stack.log(worker).count(words)
    return lambda: stack.log(worker).count(words) > before


@pytest.mark.parametrize(("kind", "worker"), [("llm", "llm"), ("tts", "gpu")])
def test_what_an_engine_has_finished_is_kept_until_the_database_is_back(
    stack: Stack, server: EmbeddedPostgres, gate: Gate, kind: str, worker: str
) -> None:
    gate.open(*{"llm", "tts"} - {kind})
    job = stack.text_chat("asha", "hello")
    eventually(lambda: gate.busy(kind), what="the engine at work")
    waits = said(stack, worker, "waiting for the database")
    server.kill()
    gate.open()
    eventually(waits, what="a stage that waits for the database")
    server.start()

    done = stack.finished(job["id"])
    assert done["status"] == "succeeded"
    assert done["result"]["audio_url"]
    assert done["result"]["warnings"] == []
    assert outcomes(stack, job["id"]) == [("reply", "succeeded"), ("speak", "succeeded")]
    assert deaths(stack) == 0


def test_a_stage_that_waited_in_vain_is_given_back_and_nobody_died(
    stack: Stack, server: EmbeddedPostgres, gate: Gate, tmp_path: Path
) -> None:
    gate.open("llm", "tts")
    job = stack.voice_chat("asha", write_tone(tmp_path / "tone.wav")).json()
    eventually(lambda: gate.busy("stt"), what="the transcriber at work")
    ended = said(stack, "gpu", "a step is given back")
    server.kill()
    gate.open()
    eventually(ended, what="the end of the wait")
    server.start()

    assert stack.finished(job["id"])["status"] == "succeeded"
    assert outcomes(stack, job["id"])[0] == ("transcribe", "succeeded")
    assert deaths(stack) == 0
