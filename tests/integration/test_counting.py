"""What is counted, and that it is counted once, after the commit, and never for what was rolled back."""

from collections.abc import Callable

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from local.servers import EmbeddedRedis
from shared import backlog
from shared.backlog import BacklogCollector
from shared.errors import ErrorCode
from shared.failures import POISONED, TIMED_OUT, Failure
from shared.metrics import exposition, on_commit
from shared.models import QueueName, Stage, StepKind
from shared.steps import LeaseLostError
from tests.support import figures
from tests.support.engines_for_tests import AskedTutor, DearTutor
from tests.support.factories import Bench
from tests.support.floor import Floor
from tests.support.plans import plan, statements
from tests.support.workbench import Build

Growth = Callable[..., float]


@pytest.fixture
def growth() -> Growth:
    """Return a function that says by how much a figure of this process has grown in the test."""
    before = figures.here()
    return lambda name, **labels: figures.here().of(name, **labels) - before.of(name, **labels)


def counting(session: Session, counted: list[str], what: str) -> None:
    session.execute(text("SELECT 1"))
    on_commit(session, lambda: counted.append(what))


def test_a_count_is_made_once_its_transaction_has_committed(database: Engine) -> None:
    counted: list[str] = []

    with Session(database) as session:
        counting(session, counted, "first")
        counting(session, counted, "second")
        assert counted == []
        session.commit()
        assert counted == ["first", "second"]
        counting(session, counted, "third")
        session.commit()

    assert counted == ["first", "second", "third"]


def test_what_is_rolled_back_is_never_counted(database: Engine) -> None:
    counted: list[str] = []

    with Session(database) as session:
        counting(session, counted, "rolled back")
        session.rollback()
        counting(session, counted, "closed")
        session.close()
        session.execute(text("SELECT 1"))
        session.commit()
    with Session(database) as session:
        counting(session, counted, "left")

    assert counted == []


def test_a_savepoint_counts_only_with_the_whole(database: Engine) -> None:
    counted: list[str] = []

    with Session(database) as session:
        with session.begin_nested():
            counting(session, counted, "released, then rolled back")
        session.rollback()
        with session.begin_nested():
            counting(session, counted, "released")
        with session.begin_nested() as savepoint:
            session.execute(text("SELECT 1"))
            savepoint.commit()
        assert counted == []
        session.commit()
        with session.begin_nested() as savepoint:
            counting(session, counted, "savepoint rolled back")
            savepoint.rollback()
        session.commit()

    assert counted == ["released"]


def test_a_job_that_succeeds_is_counted_with_its_steps(bench: Bench, growth: Growth) -> None:
    bench.finish(bench.voice())

    assert growth("jobs_finished_total", kind="voice", status="succeeded", code="none") == 1
    assert growth("job_seconds_count", kind="voice") == 1
    for kind in (StepKind.TRANSCRIBE, StepKind.REPLY, StepKind.SPEAK):
        assert growth("step_seconds_count", kind=kind, outcome="succeeded") == 1


def test_the_first_sound_is_counted_once_a_reply(bench: Bench, growth: Growth) -> None:
    spoken = bench.text(speak=["reply", "explanation"])
    bench.finish(spoken)
    bench.finish(bench.text(conversation="written", speak=[]))

    assert len([step for step in bench.steps(spoken) if step.kind is StepKind.SPEAK]) == 2
    assert growth("first_sound_seconds_count", kind="text") == 1
    waited = bench.job(spoken)
    assert waited.first_sound_at is not None
    seconds = (waited.first_sound_at - waited.created_at).total_seconds()
    assert growth("first_sound_seconds_sum", kind="text") == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("stage", "failure", "ended"),
    [
        (Stage.TRANSCRIBE, Failure(ErrorCode.NO_SPEECH, "."), ("failed", "no_speech")),
        (Stage.REPLY, TIMED_OUT[Stage.REPLY], ("failed", "llm_timeout")),
        (Stage.SYNTHESIZE, POISONED[Stage.SYNTHESIZE], ("succeeded", "speech_poisoned")),
    ],
)
def test_a_failure_is_counted_by_its_code(
    bench: Bench, growth: Growth, stage: Stage, failure: Failure, ended: tuple[str, str]
) -> None:
    status, code = ended
    claim = bench.at_stage(stage)

    bench.fail(claim, failure)

    assert growth("jobs_finished_total", kind="voice", status=status, code=code) == 1
    assert growth("job_seconds_count", kind="voice") == (status == "succeeded")
    assert growth("step_seconds_count", kind=claim.kind, outcome=failure.outcome) == 1


def test_a_cancelled_job_is_counted_without_a_code(bench: Bench, growth: Growth) -> None:
    job_id = bench.text()
    with bench.transitions() as transitions:
        transitions.cancel(*transitions.lock(job_id))

    assert growth("jobs_finished_total", kind="text", status="cancelled", code="none") == 1
    assert growth("job_seconds_count", kind="text") == 0


def test_a_code_that_an_engine_made_up_makes_no_series_of_its_own(bench: Bench, growth: Growth) -> None:
    claim = bench.claimed(bench.text(speak=[]))
    bench.reply(claim, warnings=[{"code": "invented 7f3a", "detail": "."}])

    assert growth("jobs_finished_total", kind="text", status="succeeded", code="other") == 1
    assert "invented" not in exposition().decode()


def test_a_result_that_comes_too_late_is_not_counted(bench: Bench, growth: Growth) -> None:
    claim = bench.claimed(bench.text())
    bench.give_back(claim)

    with pytest.raises(LeaseLostError):
        bench.reply(claim)

    assert growth("step_seconds_count", kind="reply", outcome="succeeded") == 0
    assert growth("step_seconds_count", kind="reply", outcome="lost") == 1


def test_the_sweep_counts_its_passes_and_the_leases_that_ran_out(floor: Floor, growth: Growth) -> None:
    floor.bench.claimed(floor.bench.voice())
    floor.sweep.run()
    floor.age("lease_expires_at", 60)
    floor.sweep.run()

    assert growth("sweep_seconds_count") == 2
    assert growth("leases_expired_total", kind="transcribe") == 1


def test_the_cache_counts_what_it_was_asked_and_the_tutor_what_it_was_paid(
    build: Build, floor_redis: EmbeddedRedis, growth: Growth
) -> None:
    work = build(llm=AskedTutor, cache_enabled=True, redis_url=floor_redis.url, cache_timeout_seconds=5)
    work.run_all(work.bench.text(message="counted", conversation="a"))
    work.run_all(work.bench.text(message="counted", conversation="b"))

    assert growth("cache_lookups_total", kind="reply", result="miss") == 1
    assert growth("cache_lookups_total", kind="reply", result="hit") == 1
    # Looked for when the reply is known, and, where it was not found, once more before it is spoken.
    assert growth("cache_lookups_total", kind="speech", result="miss") == 2
    assert growth("cache_lookups_total", kind="speech", result="hit") == 1
    assert growth("llm_tokens_total", direction="in") == 12
    assert growth("llm_tokens_total", direction="out") == 4


def test_a_cache_that_is_off_counts_nothing(build: Build, growth: Growth) -> None:
    work = build(cache_enabled=False)
    work.run_all(work.bench.text())

    for kind in ("reply", "speech"):
        assert growth("cache_lookups_total", kind=kind, result="miss") == 0
    assert growth("llm_tokens_total", direction="in") == 12


def test_a_reply_that_is_refused_was_paid_for(build: Build, growth: Growth) -> None:
    work = build(llm=DearTutor)
    job = work.run_all(work.bench.text())

    assert job.error_code == "tutor_invalid_reply"
    assert growth("llm_tokens_total", direction="in") == 12
    assert growth("jobs_finished_total", kind="text", status="failed", code="tutor_invalid_reply") == 1


def test_the_backlog_says_what_waits_runs_and_lives(bench: Bench) -> None:
    bench.text(conversation="a")
    bench.text(conversation="a")  # an earlier turn is in its way: it does not wait yet
    bench.text(conversation="b")
    bench.claimed(bench.text(conversation="c"))
    bench.claimed(bench.voice(conversation="d"))
    bench.finish(bench.text(conversation="e"))
    bench.sql("UPDATE steps SET ready_at = ready_at - interval '90 seconds'")
    bench.sql(
        "INSERT INTO workers (name, host, pid, queues, engines, models, concurrency, seen_at) VALUES"
        " ('one', 'here', 1, '{gpu}', '{}', '{}', 1, now()),"
        " ('two', 'here', 2, '{gpu,llm}', '{}', '{}', 1, now()),"
        " ('dead', 'here', 3, '{maintenance}', '{}', '{}', 1, now() - interval '1 minute')"
    )

    with bench.sessions() as session:
        found = backlog.read(session)

    assert found.depth == {QueueName.GPU: 0, QueueName.LLM: 2}
    assert found.oldest_seconds[QueueName.GPU] == 0
    assert found.oldest_seconds[QueueName.LLM] == pytest.approx(90, abs=30)
    assert found.running == {QueueName.GPU: 1, QueueName.LLM: 1}
    assert found.workers == {QueueName.GPU: 2, QueueName.LLM: 1, QueueName.MAINTENANCE: 0}
    shown = figures.read(exposition(BacklogCollector(lambda: found)).decode())
    assert shown.of("database_up") == 1
    assert shown.of("queue_depth", queue="llm") == 2
    assert shown.labels("workers_live", "queue") == {"gpu", "llm", "maintenance"}


def test_without_the_database_only_its_absence_is_shown() -> None:
    shown = figures.read(exposition(BacklogCollector(lambda: None)).decode())

    assert shown.shown("database_up") == {frozenset(): 0}
    for name in ("queue_depth", "queue_oldest_seconds", "steps_running", "workers_live"):
        assert shown.shown(name) == {}


def test_the_backlog_reads_unfinished_steps_alone(bench: Bench, database: Engine) -> None:
    for number in range(10):
        bench.text(conversation=f"talk-{number}")
    bench.sql(
        "INSERT INTO steps"
        " (id, job_id, attempt, kind, position, number, queue, rank, deaths, finished_at, outcome)"
        " SELECT gen_random_uuid(), job_id, n, kind, 0, 0, queue, rank, 0, now(), 'succeeded'"
        " FROM steps CROSS JOIN generate_series(1, 500) n"
    )
    bench.sql("ANALYZE steps")
    with statements(bench.sessions.kw["bind"]) as executed, bench.sessions() as session:
        backlog.read(session)

    plans = [plan(database, *each) for each in executed if "FROM steps" in each[0]]

    assert len(plans) == 2
    few = ("ix_steps_ready", "uq_steps_lease")
    assert all(any(index in each for index in few) and "Seq Scan" not in each for each in plans)
