"""A failed job runs again a few times, under the limits of a new turn, and all its tries are counted."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine, create_engine

from api.access.principal import Reach
from api.access.quotas import Quotas
from api.database import Sessions
from api.http.problems import KINDS
from api.jobs.control import JobControl
from api.jobs.limits import Limits, TooManyJobsError
from api.jobs.read import JobNotFoundError
from api.jobs.stage_durations import RecentStageDurations
from api.publishing import Publisher
from shared.errors import RETRYABLE_FAILURES, ErrorCode
from shared.failures import Failure
from shared.models import BUILT_IN_APP_ID, DailyUsage, JobStatus, Stage
from shared.queue import create_celery
from shared.retries import MAX_RETRIES, NotRetryableError
from tests.support.engines_for_tests import PaidButUnreadableTutor
from tests.support.factories import Bench
from tests.support.workbench import Build
from tests.support.zone import ZONE

AWAY = Failure(ErrorCode.TUTOR_UNAVAILABLE, "The tutor is away.")
WINDOW = timedelta(days=1)
AT_ONCE = 40
OF_USER = 10
QUOTAS = Quotas(
    None, OF_USER, None, stored_bytes=1000, uploads=8, requests_of_learner=None, requests_of_app=None
)


@pytest.fixture
def control(bench: Bench, database: Engine) -> Iterator[JobControl]:
    """What serves cancel and retry, without a broker."""
    engine = create_engine(database.url, pool_size=AT_ONCE)
    sessions = Sessions(engine, at_once=AT_ONCE)
    publisher = Publisher(create_celery("redis://127.0.0.1:1/0", socket_timeout_seconds=1), sessions)
    yield JobControl(sessions, publisher, Limits(10_000, RecentStageDurations(), ZONE), WINDOW)
    publisher.close()
    sessions.close()
    engine.dispose()


def failed(bench: Bench, failure: Failure = AWAY, **changes: object) -> UUID:
    job_id = bench.text(speak=[], **changes)
    bench.fail(bench.claimed(job_id), failure)
    return job_id


def retry(control: JobControl, job_id: UUID, owner: str | None = None) -> None:
    asyncio.run(control.retry(job_id, Reach(BUILT_IN_APP_ID, owner), QUOTAS))


def test_a_failed_job_is_retried_three_times_at_most(bench: Bench, control: JobControl) -> None:
    job_id = failed(bench)
    for _ in range(MAX_RETRIES):
        retry(control, job_id)
        bench.fail(bench.claimed(job_id), AWAY)

    with pytest.raises(NotRetryableError):
        retry(control, job_id)

    assert MAX_RETRIES == 3
    assert bench.job(job_id).status is JobStatus.FAILED


@pytest.mark.parametrize("code", [code for code in ErrorCode if code not in RETRYABLE_FAILURES])
def test_what_would_fail_again_is_not_retried(bench: Bench, control: JobControl, code: ErrorCode) -> None:
    job_id = failed(bench, Failure(code, "It failed."))

    with pytest.raises(NotRetryableError):
        retry(control, job_id)


@pytest.mark.parametrize("code", sorted(RETRYABLE_FAILURES))
def test_what_may_succeed_is_retried_and_says_so(bench: Bench, control: JobControl, code: ErrorCode) -> None:
    job_id = failed(bench, Failure(code, "It failed."))

    retry(control, job_id)

    assert bench.job(job_id).status is JobStatus.QUEUED
    assert KINDS[code].retryable


@pytest.mark.parametrize("code", [ErrorCode.NO_SPEECH, ErrorCode.POISONED, ErrorCode.CANCELLED])
def test_an_error_that_says_it_is_not_retryable_is_none_of_those(code: ErrorCode) -> None:
    assert not KINDS[code].retryable
    assert code not in RETRYABLE_FAILURES


def test_only_a_job_that_has_failed_is_retried(bench: Bench, control: JobControl) -> None:
    waiting = bench.text(speak=[], conversation="one")
    succeeded = bench.text(speak=[], conversation="two")
    bench.finish(succeeded)

    for job_id in (waiting, succeeded):
        with pytest.raises(NotRetryableError):
            retry(control, job_id)
    for owner in (None, "asha"):
        with pytest.raises(JobNotFoundError):
            retry(control, uuid4(), owner)
    with pytest.raises(JobNotFoundError):
        retry(control, failed(bench), "ravi")


def test_what_failed_long_ago_is_not_retried(bench: Bench, control: JobControl) -> None:
    job_id = failed(bench)
    bench.sql("UPDATE jobs SET finished_at = now() - interval '25 hours'")

    with pytest.raises(NotRetryableError):
        retry(control, job_id)


def test_what_has_lost_its_recording_is_not_retried(bench: Bench, control: JobControl) -> None:
    job_id = bench.voice()
    bench.fail(bench.claimed(job_id), Failure(ErrorCode.STT_TIMEOUT, "It took too long."))
    bench.sql("UPDATE jobs SET upload_id = NULL")

    with pytest.raises(NotRetryableError):
        retry(control, job_id)

    assert bench.job(job_id).status is JobStatus.FAILED


def test_retries_at_once_stay_within_the_users_limit(bench: Bench, control: JobControl) -> None:
    ids = [failed(bench, conversation=f"talk-{number}") for number in range(AT_ONCE)]

    async def retry_all() -> list[BaseException | None]:
        return await asyncio.gather(
            *(control.retry(each, Reach(BUILT_IN_APP_ID, None), QUOTAS) for each in ids),
            return_exceptions=True,
        )

    with ThreadPoolExecutor(1) as thread:
        outcomes = thread.submit(lambda: asyncio.run(retry_all())).result()

    assert outcomes.count(None) == OF_USER
    assert {type(each) for each in outcomes if each is not None} == {TooManyJobsError}
    assert [bench.job(each).status for each in ids].count(JobStatus.QUEUED) == OF_USER


def test_what_failed_tries_cost_is_counted(bench: Bench, control: JobControl) -> None:
    job_id = failed(bench, Failure(ErrorCode.TUTOR_INVALID_REPLY, "Unreadable.", tokens_in=100, tokens_out=7))
    (usage,) = bench.all(DailyUsage)
    assert (usage.text_turns, usage.tokens_in, usage.tokens_out) == (0, 100, 7)

    retry(control, job_id)
    bench.reply(bench.claimed(job_id))

    (usage,) = bench.all(DailyUsage)
    assert (usage.text_turns, usage.tokens_in, usage.tokens_out) == (1, 220, 47)


def test_what_a_cancelled_job_cost_is_counted(bench: Bench) -> None:
    job_id = bench.text()
    claim = bench.claimed(job_id)
    with bench.transitions() as transitions:
        transitions.cancel(*transitions.lock(job_id))
    bench.reply(claim)

    (usage,) = bench.all(DailyUsage)
    assert (usage.text_turns, usage.tokens_in, usage.tokens_out) == (0, 120, 40)


def test_a_paid_answer_that_is_refused_is_counted(build: Build) -> None:
    work = build(llm=PaidButUnreadableTutor)

    job = work.run(work.bench.text(speak=[]))

    assert (job.status, job.error_stage) == (JobStatus.FAILED, Stage.REPLY)
    (usage,) = work.bench.all(DailyUsage)
    assert (usage.text_turns, usage.tokens_in, usage.tokens_out) == (0, 50, 5)


def test_a_cancel_without_a_proper_end_works_and_asks_whose_it_is(bench: Bench, control: JobControl) -> None:
    job_id, _next_turn = bench.text(), bench.text()
    bench.sql("ALTER TABLE steps ADD CONSTRAINT no_next_turn CHECK (rank < 2 OR ready_at IS NULL) NOT VALID")

    with pytest.raises(JobNotFoundError):
        asyncio.run(control.cancel(job_id, Reach(BUILT_IN_APP_ID, "ravi")))
    asyncio.run(control.cancel(job_id, Reach(BUILT_IN_APP_ID, "asha")))

    assert bench.job(job_id).status is JobStatus.CANCELLED
