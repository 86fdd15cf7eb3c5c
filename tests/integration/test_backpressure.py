"""How many unfinished jobs there may be, counted over real rows."""

from dataclasses import replace

import pytest
from sqlalchemy import Engine, text

from api import backpressure
from api.backpressure import LATEST_SECONDS, BusyError, Limits, RefusedError, TooManyJobsError
from shared import jobs
from tests.factories import TEXT_TURN, Bench, together
from tests.plans import plan, statements

LIMITS = Limits(of_user=3, of_all=5)


@pytest.fixture
def measured(bench: Bench) -> Bench:
    """A service that takes two seconds a job."""
    job_id = bench.text(conversation="measured", user_id="somebody", speak=[])
    bench.finish(job_id)
    bench.sql("UPDATE stage_runs SET started_at = finished_at - interval '32 s'")
    bench.sql(
        "INSERT INTO workers (name, host, pid, queues, engines, models, concurrency)"
        " VALUES ('llm', 'here', 1, '{llm}', '{}', '{}', 16)"
    )
    return bench


def check(bench: Bench, user_id: str, limits: Limits = LIMITS) -> None:
    with bench.sessions() as session:
        backpressure.check(session, user_id, limits)


def texts(bench: Bench, count: int, user_id: str = "asha") -> None:
    for number in range(count):
        bench.text(user_id=user_id, conversation=f"talk-{number}", speak=[])


def refusal(bench: Bench, user_id: str, limits: Limits = LIMITS) -> RefusedError:
    with pytest.raises(RefusedError) as refused:
        check(bench, user_id, limits)
    return refused.value


def test_below_both_limits_there_is_room(bench: Bench) -> None:
    texts(bench, 2)
    texts(bench, 2, "ravi")

    check(bench, "asha")


def test_a_user_at_their_limit_is_refused_and_others_are_not(bench: Bench) -> None:
    texts(bench, 3)

    assert isinstance(refusal(bench, "asha"), TooManyJobsError)
    check(bench, "ravi")


def test_everybody_is_refused_at_the_limit_of_all(bench: Bench) -> None:
    texts(bench, 3)
    texts(bench, 2, "ravi")

    assert isinstance(refusal(bench, "meera"), BusyError)


def test_what_has_ended_makes_room(bench: Bench) -> None:
    texts(bench, 3)
    bench.finish(bench.text(user_id="asha", conversation="another", speak=[]))
    assert isinstance(refusal(bench, "asha"), TooManyJobsError)
    bench.sql("UPDATE jobs SET finished_at = now(), stage = NULL, status = 'cancelled' WHERE turn = 1")

    check(bench, "asha")


@pytest.mark.parametrize(
    ("limits", "others", "seconds"),
    [
        (Limits(3, 100), 0, 2),  # one of theirs ends every two seconds
        (Limits(3, 100), 9, 8),  # a quarter of all are theirs
        (Limits(3, 1000), 300, LATEST_SECONDS),
        (Limits(100, 3), 0, 1),
        (Limits(100, 3), 297, 1),
    ],
)
def test_when_to_come_again_follows_from_the_measured_pace(
    measured: Bench, limits: Limits, others: int, seconds: int
) -> None:
    texts(measured, 3)
    texts(measured, others, "ravi")

    assert refusal(measured, "asha", limits).retry_after_seconds == seconds


def test_where_nothing_was_measured_the_time_is_a_guess(bench: Bench) -> None:
    texts(bench, 3)

    assert refusal(bench, "asha").retry_after_seconds == 5


def test_a_users_limit_is_exact_however_many_come_at_once(bench: Bench) -> None:
    def accept(number: int) -> bool:
        with bench.sessions.begin() as session:
            backpressure.lock_user(session, "asha")
            try:
                backpressure.check(session, "asha", LIMITS)
            except TooManyJobsError:
                return False
            jobs.accept(session, replace(TEXT_TURN, conversation=f"talk-{number}"), None)
        return True

    assert sum(together(12, accept)) == LIMITS.of_user


def test_users_do_not_wait_for_each_other(bench: Bench) -> None:
    with bench.sessions.begin() as first, bench.sessions.begin() as second:
        second.execute(text("SET LOCAL lock_timeout = '1s'"))
        backpressure.lock_user(first, "asha")
        backpressure.lock_user(second, "ravi")


def test_counting_reads_unfinished_jobs_alone(bench: Bench, database: Engine) -> None:
    texts(bench, 300)
    bench.sql("UPDATE jobs SET finished_at = now(), stage = NULL, status = 'cancelled' WHERE random() < 0.97")
    bench.sql("ANALYZE jobs")
    with statements(bench.sessions.kw["bind"]) as executed:
        check(bench, "asha", Limits(100, 10_000))

    [counting] = executed

    assert plan(database, *counting).count("ix_jobs_unfinished") == 2
