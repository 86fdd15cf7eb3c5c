"""How many unfinished jobs there may be, counted over real rows."""

import pytest
from sqlalchemy import Engine, text

from api.jobs import limits as job_limits
from api.jobs.limits import (
    LATEST_SECONDS,
    BusyError,
    Limits,
    QuotaExceededError,
    RefusedError,
    TooManyJobsError,
)
from api.jobs.stage_durations import RecentStageDurations
from shared import audio_objects, conversations, jobs
from shared.audio_objects import WrittenAudio
from shared.models import AudioBackend
from shared.storage import FLAC
from tests.support.factories import TEXT_TURN, Bench, together
from tests.support.plans import plan, statements


def limits_of(of_user: int, of_all: int, *, stored_bytes: int = 1000) -> Limits:
    """Return limits whose durations are still to be measured."""
    return Limits(of_user, of_all, stored_bytes, RecentStageDurations())


LIMITS = limits_of(3, 5)


@pytest.fixture
def measured(bench: Bench) -> Bench:
    """A service that takes two seconds a job."""
    job_id = bench.text(conversation="measured", user_id="somebody", speak=[])
    bench.finish(job_id)
    bench.sql("UPDATE steps SET started_at = finished_at - interval '32 s'")
    bench.sql(
        "INSERT INTO workers (name, host, pid, queues, engines, models, concurrency)"
        " VALUES ('llm', 'here', 1, '{llm}', '{}', '{}', 16)"
    )
    return bench


def check(bench: Bench, user_id: str, limits: Limits = LIMITS) -> None:
    with bench.sessions() as session:
        job_limits.check(session, user_id, limits)


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
    bench.sql("UPDATE jobs SET finished_at = now(), status = 'cancelled' WHERE turn = 1")

    check(bench, "asha")


@pytest.mark.parametrize(
    ("limits", "others", "seconds"),
    [
        ((3, 100), 0, 2),  # one of theirs ends every two seconds
        ((3, 100), 9, 8),  # a quarter of all are theirs
        ((3, 1000), 300, LATEST_SECONDS),
        ((100, 3), 0, 1),
        ((100, 3), 297, 1),
    ],
)
def test_when_to_come_again_follows_from_the_measured_pace(
    measured: Bench, limits: tuple[int, int], others: int, seconds: int
) -> None:
    texts(measured, 3)
    texts(measured, others, "ravi")

    assert refusal(measured, "asha", limits_of(*limits)).retry_after_seconds == seconds


def test_where_nothing_was_measured_the_time_is_a_guess(bench: Bench) -> None:
    texts(bench, 3)

    assert refusal(bench, "asha").retry_after_seconds == 5


def test_a_users_limit_is_exact_however_many_come_at_once(bench: Bench) -> None:
    def accept(number: int) -> bool:
        with bench.sessions.begin() as session:
            job_limits.lock_user(session, "asha")
            try:
                job_limits.check(session, "asha", LIMITS)
            except TooManyJobsError:
                return False
            turn = conversations.take_turn(session, "asha", f"talk-{number}")
            jobs.accept(session, TEXT_TURN, turn, None)
        return True

    assert sum(together(12, accept)) == LIMITS.of_user


def recording(bench: Bench, size_bytes: int, user_id: str = "asha") -> WrittenAudio:
    """Return a recording whose bytes are written and that no job names yet."""
    with bench.sessions.begin() as session:
        audio = audio_objects.intend(
            session, host="here", content_type=FLAC, size_bytes=size_bytes, seconds=1.0, user_id=user_id
        )
    return WrittenAudio(audio.id, AudioBackend.LOCAL, 1.0)


def test_stored_recordings_have_a_quota_that_is_exact_however_many_come_at_once(bench: Bench) -> None:
    written = [recording(bench, 300) for _ in range(12)]

    def store(number: int) -> bool:
        with bench.sessions.begin() as session:
            job_limits.lock_user(session, "asha")
            try:
                job_limits.check_stored(session, "asha", 300, LIMITS)
            except QuotaExceededError:
                return False
            audio_objects.mark_stored(session, written[number])
        return True

    assert sum(together(12, store)) == 3
    with bench.sessions() as session:
        assert audio_objects.stored_bytes(session, "asha") == 900
        job_limits.check_stored(session, "asha", 100, LIMITS)
        job_limits.check_stored(session, "ravi", 1000, LIMITS)
        with pytest.raises(QuotaExceededError):
            job_limits.check_stored(session, "asha", 101, LIMITS)


def test_stored_bytes_are_read_from_an_index_alone(bench: Bench, database: Engine) -> None:
    bench.sql(
        "INSERT INTO audio_objects (id, name, backend, content_type, size_bytes, seconds, user_id, stored_at)"
        " SELECT gen_random_uuid(), n::text, 'local', 'audio/flac', 1000, 1, 'user-' || n % 100, now()"
        " FROM generate_series(1, 5000) AS n"
    )
    with database.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE audio_objects"))
    with statements(bench.sessions.kw["bind"]) as executed, bench.sessions() as session:
        assert audio_objects.stored_bytes(session, "user-1") == 50_000

    [counting] = executed
    assert "Index Only Scan using ix_audio_objects_user" in plan(database, *counting)


def test_refusals_within_two_seconds_measure_once(measured: Bench) -> None:
    texts(measured, 3)
    limits = limits_of(3, 100)
    refusal(measured, "asha", limits)
    with statements(measured.sessions.kw["bind"]) as executed:
        refusal(measured, "asha", limits)

    assert len(executed) == 1


def test_users_do_not_wait_for_each_other(bench: Bench) -> None:
    with bench.sessions.begin() as first, bench.sessions.begin() as second:
        second.execute(text("SET LOCAL lock_timeout = '1s'"))
        job_limits.lock_user(first, "asha")
        job_limits.lock_user(second, "ravi")


def test_counting_reads_unfinished_jobs_alone(bench: Bench, database: Engine) -> None:
    texts(bench, 300)
    bench.sql("UPDATE jobs SET finished_at = now(), status = 'cancelled' WHERE random() < 0.97")
    bench.sql("ANALYZE jobs")
    with statements(bench.sessions.kw["bind"]) as executed:
        check(bench, "asha", limits_of(100, 10_000))

    [counting] = executed

    assert plan(database, *counting).count("ix_jobs_unfinished") == 2
