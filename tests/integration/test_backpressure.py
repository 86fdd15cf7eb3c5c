"""How many unfinished jobs there may be, counted over real rows."""

from dataclasses import dataclass, replace
from uuid import UUID

import pytest
from sqlalchemy import Engine, text

from api.access.quotas import Quotas
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
from shared import audio_objects, conversations, jobs, learners
from shared.audio_objects import WrittenAudio
from shared.learners import LearnerRef
from shared.models import BUILT_IN_APP_ID, AudioBackend
from shared.storage import FLAC
from tests.support.factories import ASHA, TEXT_TURN, Bench, together
from tests.support.plans import plan, statements
from tests.support.zone import FAR_EAST, FAR_WEST, ZONE


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a learner may use, and limits whose durations are still to be measured."""

    quotas: Quotas
    limits: Limits


def limits_of(of_user: int, of_all: int, **more: int) -> Bounds:
    quotas = Quotas(
        None, of_user, None, stored_bytes=1000, uploads=8, requests_of_learner=None, requests_of_app=None
    )
    return Bounds(quotas.with_overrides(more), Limits(of_all, RecentStageDurations(), ZONE))


LIMITS = limits_of(3, 5)
ANOTHER_APP = UUID(int=7)


@pytest.fixture
def measured(bench: Bench) -> Bench:
    """A service that takes two seconds a job."""
    job_id = bench.text(conversation="measured", user_id="somebody", speak=[])
    bench.finish(job_id)
    bench.sql("UPDATE steps SET started_at = finished_at - interval '32 s'")
    bench.sql(
        "INSERT INTO workers (name, host, pid, queues, engines, models, concurrency, seen_at)"
        " VALUES ('llm', 'here', 1, '{llm}', '{}', '{}', 16, now() + interval '1 hour')"
    )
    return bench


def check(bench: Bench, user_id: str, bounds: Bounds = LIMITS) -> None:
    learner = bench.learner(user_id)
    with bench.sessions() as session:
        job_limits.check(session, learner, bounds.quotas, bounds.limits)


def texts(bench: Bench, count: int, user_id: str = "asha") -> None:
    for number in range(count):
        bench.text(user_id=user_id, conversation=f"talk-{number}", speak=[])


def refusal(bench: Bench, user_id: str, bounds: Bounds = LIMITS) -> RefusedError:
    with pytest.raises(RefusedError) as refused:
        check(bench, user_id, bounds)
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
            learner = learners.lock(session, ASHA)
            try:
                job_limits.check(session, learner, LIMITS.quotas, LIMITS.limits)
            except TooManyJobsError:
                return False
            turn = conversations.take_turn(session, learner.id, f"talk-{number}")
            jobs.accept(session, TEXT_TURN, learner, turn, None)
        return True

    assert sum(together(12, accept)) == LIMITS.quotas.unfinished_jobs_of_learner


def test_an_apps_limit_is_exact_however_many_of_its_learners_come_at_once(bench: Bench) -> None:
    bounds = limits_of(10, 1000, unfinished_jobs_of_app=10)

    def accept(number: int) -> bool:
        with bench.sessions.begin() as session:
            learner = learners.lock(session, LearnerRef(BUILT_IN_APP_ID, f"learner-{number}"))
            try:
                job_limits.check(session, learner, bounds.quotas, bounds.limits)
            except TooManyJobsError:
                return False
            turn = conversations.take_turn(session, learner.id, "talk")
            jobs.accept(session, TEXT_TURN, learner, turn, None)
        return True

    assert sum(together(22, accept)) == 10
    with pytest.raises(TooManyJobsError):
        check(bench, "one more", bounds)


def test_another_apps_jobs_do_not_count(bench: Bench) -> None:
    bench.sql("INSERT INTO apps (id, name) VALUES (:id, 'another')", id=ANOTHER_APP)
    for number in range(3):
        bench.text(app_id=ANOTHER_APP, conversation=f"talk-{number}")

    check(bench, "asha", limits_of(3, 100, unfinished_jobs_of_app=1))


def test_turns_of_a_day_are_those_of_the_day_it_is_in_the_time_zone(bench: Bench) -> None:
    bounds = limits_of(1000, 1000, turns_a_day=1)
    west, east = (replace(bounds.limits, zone=zone) for zone in (FAR_WEST, FAR_EAST))

    with bench.sessions.begin() as session:
        learner = learners.lock(session, ASHA)
        job_limits.count_turn(session, learner, bounds.quotas, west)
        session.refresh(learner)
        with pytest.raises(QuotaExceededError):
            job_limits.check(session, learner, bounds.quotas, west)
        job_limits.check(session, learner, bounds.quotas, east)


def test_turns_of_a_day_are_exact_however_many_come_at_once_and_begin_anew_the_next(bench: Bench) -> None:
    bounds = limits_of(1000, 1000, turns_a_day=10)

    def accept(_: int) -> bool:
        with bench.sessions.begin() as session:
            learner = learners.lock(session, ASHA)
            try:
                job_limits.check(session, learner, bounds.quotas, bounds.limits)
            except QuotaExceededError:
                return False
            job_limits.count_turn(session, learner, bounds.quotas, bounds.limits)
        return True

    assert sum(together(22, accept)) == 10
    bench.sql("UPDATE learners SET turns_on = turns_on - 1")
    assert sum(together(22, accept)) == 10


def recording(bench: Bench, size_bytes: int, user_id: str = "asha") -> WrittenAudio:
    """Return a recording whose bytes are written and that no job names yet."""
    learner = bench.learner(user_id)
    with bench.sessions.begin() as session:
        audio = audio_objects.intend(session, host="here", content_type=FLAC, learner_id=learner.id)
    return WrittenAudio(audio.id, AudioBackend.LOCAL, size_bytes, 1.0)


def test_stored_recordings_have_a_quota_that_is_exact_however_many_come_at_once(bench: Bench) -> None:
    written = [recording(bench, 300) for _ in range(12)]

    def store(number: int) -> bool:
        with bench.sessions.begin() as session:
            learner = learners.lock(session, ASHA)
            try:
                job_limits.check_stored(session, learner, 300, LIMITS.quotas)
            except QuotaExceededError:
                return False
            audio_objects.mark_stored(session, written[number])
        return True

    assert sum(together(12, store)) == 3
    asha, ravi = bench.learner("asha"), bench.learner("ravi")
    with bench.sessions() as session:
        assert audio_objects.stored_bytes(session, asha.id) == 900
        job_limits.check_stored(session, asha, 100, LIMITS.quotas)
        job_limits.check_stored(session, ravi, 1000, LIMITS.quotas)
        with pytest.raises(QuotaExceededError):
            job_limits.check_stored(session, asha, 101, LIMITS.quotas)


def test_stored_bytes_are_read_from_an_index_alone(bench: Bench, database: Engine) -> None:
    users = [bench.learner(f"user-{number}") for number in range(100)]
    bench.sql(
        "INSERT INTO audio_objects"
        " (id, name, backend, content_type, size_bytes, seconds, learner_id, stored_at)"
        " SELECT gen_random_uuid(), l.id || n::text, 'local', 'audio/flac', 1000, 1, l.id, now()"
        " FROM learners l, generate_series(1, 50) AS n"
    )
    with database.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE audio_objects"))
    with statements(bench.sessions.kw["bind"]) as executed, bench.sessions() as session:
        assert audio_objects.stored_bytes(session, users[1].id) == 50_000

    [counting] = executed
    assert "Index Only Scan using ix_audio_objects_recordings" in plan(database, *counting)


def test_refusals_within_two_seconds_measure_once(measured: Bench) -> None:
    texts(measured, 3)
    limits = limits_of(3, 100)
    refusal(measured, "asha", limits)
    with statements(measured.sessions.kw["bind"]) as executed:
        refusal(measured, "asha", limits)

    assert len([each for each in executed if "jobs" in each[0]]) == 1


def test_users_do_not_wait_for_each_other(bench: Bench) -> None:
    with bench.sessions.begin() as first, bench.sessions.begin() as second:
        second.execute(text("SET LOCAL lock_timeout = '1s'"))
        learners.lock(first, ASHA)
        learners.lock(second, LearnerRef(BUILT_IN_APP_ID, "ravi"))


def test_counting_reads_unfinished_jobs_alone(bench: Bench, database: Engine) -> None:
    texts(bench, 300)
    bench.sql(
        "UPDATE jobs SET finished_at = now(), status = 'cancelled'"
        " WHERE id NOT IN (SELECT id FROM jobs ORDER BY id LIMIT 9)"
    )
    bench.sql("ANALYZE jobs")
    with statements(bench.sessions.kw["bind"]) as executed:
        check(bench, "asha", limits_of(100, 10_000))

    [counting] = [each for each in executed if "jobs" in each[0]]

    assert plan(database, *counting).count("ix_jobs_unfinished") == 3
