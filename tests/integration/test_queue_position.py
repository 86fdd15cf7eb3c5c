"""Who is before a job, and the measured durations, as real rows say."""

from uuid import UUID

import pytest

from api.jobs import queue_position, stage_durations
from api.jobs.queue_position import Others, Place
from api.jobs.stage_durations import RUNS, RecentStageDurations, StageDurations
from shared.errors import ErrorCode
from shared.failures import Failure
from shared.models import Stage, StageRun
from shared.queue import QueueName
from tests.support.factories import Bench


def publish(bench: Bench, *job_ids: UUID) -> None:
    """Note that the jobs' hints were sent, one after the other."""
    for number, job_id in enumerate(job_ids):
        bench.sql(
            "UPDATE jobs SET published_at = now() + make_interval(secs => :n) WHERE id = :id",
            n=number,
            id=job_id,
        )


def look(bench: Bench, job_id: UUID) -> list[Others]:
    with bench.sessions() as session:
        return list(queue_position.look_around(session, bench.job(job_id)))


def position(bench: Bench, job_id: UUID) -> int | None:
    with bench.sessions() as session:
        found = queue_position.find(session, bench.job(job_id), RecentStageDurations())
    return found.position if found else None


def texts(bench: Bench, count: int) -> list[UUID]:
    return [bench.text(conversation=f"talk-{number}") for number in range(count)]


def test_the_first_sent_is_next_whoever_came_first(bench: Bench) -> None:
    first, second, third = texts(bench, 3)
    publish(bench, third, first, second)

    assert [position(bench, job_id) for job_id in (third, first, second)] == [1, 2, 3]


def test_those_not_sent_yet_stand_behind_as_they_came(bench: Bench) -> None:
    first, second, third = texts(bench, 3)
    publish(bench, third)

    assert [position(bench, job_id) for job_id in (third, first, second)] == [1, 2, 3]


def test_the_two_queues_are_two_lines(bench: Bench) -> None:
    text, voice = bench.text(conversation="a"), bench.voice(conversation="b")
    publish(bench, text, voice)

    assert (position(bench, text), position(bench, voice)) == (1, 1)


def test_a_voice_that_waits_is_ahead_of_a_recording_that_came_later(bench: Bench) -> None:
    spoken = bench.text(conversation="a")
    bench.reply(bench.claimed(spoken))
    recording = bench.voice(conversation="b")
    publish(bench, spoken, recording)

    assert position(bench, recording) == 2


def test_a_later_turn_of_a_conversation_is_queued_behind_its_earlier_ones(bench: Bench) -> None:
    first, second = bench.text(), bench.text()
    publish(bench, first)

    assert (position(bench, first), position(bench, second)) == (1, 2)
    assert [each.earlier_turn for each in look(bench, second)] == [True]


@pytest.mark.parametrize("ending", ["begun", "ended"])
def test_a_job_that_has_begun_has_no_place(bench: Bench, ending: str) -> None:
    job_id = bench.text(speak=[])
    claim = bench.claimed(job_id)
    if ending == "ended":
        bench.reply(claim)

    assert position(bench, job_id) is None


def test_a_retried_job_is_queued_again(bench: Bench) -> None:
    retried, other = texts(bench, 2)
    bench.fail(bench.claimed(retried), Failure(ErrorCode.TUTOR_UNAVAILABLE, "The tutor is away."))
    publish(bench, other)
    with bench.transitions() as transitions:
        transitions.retry(*transitions.lock(retried))

    assert position(bench, retried) == 2


def test_the_others_are_counted_in_groups_alike(bench: Bench) -> None:
    running, silent, ended, *rest = texts(bench, 8)
    bench.claimed(running)
    bench.sql("UPDATE jobs SET speak = '{}' WHERE id = :id", id=silent)
    bench.finish(ended)
    publish(bench, silent, *rest)

    found = look(bench, rest[-1])

    alike = {"begun": False, "runs": False, "earlier_turn": False}
    assert sorted(found, key=lambda each: (each.begun, each.speaks)) == [
        Others(Stage.REPLY, 1, speaks=False, **alike),
        Others(Stage.REPLY, 4, speaks=True, **alike),
        Others(Stage.REPLY, 1, runs=True, queued=False, ahead=False, begun=True),
    ]


def run(bench: Bench, job_id: UUID, seconds: float, *, minutes_ago: int = 0, outcome: str = "failed") -> None:
    """Add a run of `reply` that took so long."""
    bench.sql(
        "INSERT INTO stage_runs (id, job_id, stage, worker, outcome, started_at, finished_at)"
        " SELECT gen_random_uuid(), :job, 'reply', 'here', :outcome, ended - make_interval(secs => :s), ended"
        " FROM (SELECT now() - make_interval(mins => :ago) AS ended) AS moment",
        job=job_id,
        s=seconds,
        ago=minutes_ago,
        outcome=outcome,
    )


def measure(bench: Bench) -> StageDurations:
    with bench.sessions() as session:
        return stage_durations.measure(session)


def test_where_nothing_ran_nothing_is_known(bench: Bench) -> None:
    assert measure(bench) == StageDurations({}, {})


def test_a_pace_is_the_median_of_the_last_runs_however_they_ended(bench: Bench) -> None:
    job_id = bench.text()
    for seconds in (1.0, 2.0, 60.0):
        run(bench, job_id, seconds)

    assert measure(bench).seconds == {Stage.REPLY: 2.0}


def test_older_runs_are_forgotten(bench: Bench) -> None:
    job_id = bench.text()
    for _ in range(RUNS):
        run(bench, job_id, 9.0, minutes_ago=30)
    for _ in range(RUNS):
        run(bench, job_id, 3.0)

    assert measure(bench).seconds == {Stage.REPLY: 3.0}


def test_slots_are_those_of_the_workers_that_live(bench: Bench) -> None:
    add = (
        "INSERT INTO workers (name, host, pid, queues, engines, models, concurrency, seen_at)"
        " VALUES (:name, 'here', 1, :queues, '{}', '{}', :slots, now() - make_interval(secs => :ago))"
    )
    bench.sql(add, name="llm-1", queues=["llm"], slots=16, ago=0)
    bench.sql(add, name="llm-2", queues=["llm"], slots=16, ago=0)
    bench.sql(add, name="gpu", queues=["gpu", "another"], slots=1, ago=0)
    bench.sql(add, name="dead", queues=["gpu"], slots=1, ago=3600)

    assert measure(bench).slots == {QueueName.LLM: 32, QueueName.GPU: 1}


def test_a_job_in_line_is_given_its_place_and_time(bench: Bench) -> None:
    jobs = texts(bench, 3)
    publish(bench, *jobs)
    ended = bench.text(conversation="ended", speak=[])
    bench.finish(ended)
    bench.sql("UPDATE stage_runs SET started_at = finished_at - interval '4 s'")
    bench.sql("UPDATE jobs SET speak = '{}'")
    bench.sql(
        "INSERT INTO workers (name, host, pid, queues, engines, models, concurrency)"
        " VALUES ('llm', 'here', 1, '{llm}', '{}', '{}', 1)"
    )

    with bench.sessions() as session:
        assert queue_position.find(session, bench.job(jobs[2]), RecentStageDurations()) == Place(3, 12.0)
    assert [run.stage for run in bench.all(StageRun)] == [Stage.REPLY]


def test_the_paces_are_not_measured_for_every_reader(bench: Bench) -> None:
    recent, job_id = RecentStageDurations(), bench.text()
    with bench.sessions() as session:
        before = recent.read(session)
        run(bench, job_id, 1.0)

        assert recent.read(session) is before
        assert measure(bench) != before
