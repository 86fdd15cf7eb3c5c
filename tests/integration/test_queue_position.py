"""Who is before a job, and the measured durations, as real rows say."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from api.jobs import line, stage_durations
from api.jobs.line import Others
from api.jobs.queue_position import Place, Places
from api.jobs.stage_durations import RUNS, RecentStageDurations, StageDurations
from shared import steps
from shared.errors import ErrorCode
from shared.failures import Failure
from shared.models import QueueName, SpokenPart, Stage, Step, StepKind
from tests.support.factories import WORKER, Bench


def first_step(bench: Bench, job_id: UUID) -> Step | None:
    return next((step for step in bench.steps(job_id) if step.finished_at is None), None)


def look(bench: Bench, job_id: UUID) -> list[Others]:
    first = first_step(bench, job_id)
    assert first is not None
    with bench.sessions() as session:
        return line.read(session).others(line.standing(bench.job(job_id), first))


def find(bench: Bench, job_id: UUID) -> Place | None:
    with bench.sessions() as session:
        job, first = bench.job(job_id), first_step(bench, job_id)
        return Places().find(session, job, first)


def position(bench: Bench, job_id: UUID) -> int | None:
    found = find(bench, job_id)
    return found.position if found else None


def texts(bench: Bench, count: int) -> list[UUID]:
    return [bench.text(conversation=f"talk-{number}") for number in range(count)]


def as_workers_take_them(bench: Bench, count: int) -> list[UUID]:
    """Claim from the tutor's queue; return the jobs in the order of their turn."""
    taken = []
    limits = dict.fromkeys(StepKind, timedelta(minutes=1))
    for _ in range(count):
        with bench.sessions.begin() as session:
            claimed = steps.claim(
                session,
                QueueName.LLM,
                token=uuid4(),
                worker=WORKER,
                lease=timedelta(minutes=1),
                limits=limits,
            )
        assert claimed is not None
        taken.append(claimed[0].job_id)
    return taken


def test_places_are_the_order_in_which_workers_take_what_waits(bench: Bench) -> None:
    jobs = texts(bench, 3)
    jobs.append(bench.text(user_id="newcomer"))

    places = {position(bench, job_id): job_id for job_id in jobs}

    assert list(places) == [1, 3, 4, 2]  # a newcomer waits for one of whoever has several
    assert [places[number] for number in range(1, 5)] == as_workers_take_them(bench, 4)


def test_it_is_the_same_for_what_was_not_sent_yet(bench: Bench) -> None:
    first, second, third = texts(bench, 3)
    with bench.sessions.begin() as session:
        steps.take_unsent(session, steps.unsent(grace=timedelta(seconds=-1)), limit=1)

    assert [position(bench, job_id) for job_id in (first, second, third)] == [1, 2, 3]


def test_the_two_queues_are_two_lines(bench: Bench) -> None:
    text, voice = bench.text(conversation="a"), bench.voice(conversation="b")

    assert (position(bench, text), position(bench, voice)) == (1, 1)


def test_a_voice_that_waits_is_ahead_of_a_recording_that_came_later(bench: Bench) -> None:
    spoken = bench.text(conversation="a")
    bench.reply(bench.claimed(spoken))
    recording = bench.voice(conversation="b")

    assert position(bench, recording) == 2


def test_a_later_turn_of_a_conversation_stands_behind_its_earlier_ones(bench: Bench) -> None:
    first, second, third = (bench.text() for _ in range(3))

    assert [position(bench, job_id) for job_id in (first, second, third)] == [1, 2, 3]
    assert {each.earlier_turn for each in look(bench, third)} == {True}


def test_a_turn_that_is_answered_is_in_no_later_ones_way(bench: Bench) -> None:
    first = bench.text()
    bench.reply(bench.claimed(first))
    bench.claimed(first)  # its voice
    second = bench.text()

    assert position(bench, second) == 1
    assert [(each.stage, each.earlier_turn) for each in look(bench, second)] == [(Stage.SYNTHESIZE, False)]


def test_the_places_of_many_are_those_of_each(bench: Bench) -> None:
    begun, *waiting = texts(bench, 4)
    bench.claimed(begun)
    waiting += [bench.text(conversation="talk-3") for _ in range(2)]
    waiting += [bench.voice(user_id="ravi"), bench.text(user_id="ravi", conversation="other")]

    with bench.sessions() as session:
        found = Places().find_all(session, [begun, uuid4(), *waiting])

    assert found == {job_id: find(bench, job_id) for job_id in waiting}
    assert sorted(place.position for place in found.values()) == [1, 1, 2, 3, 4, 5, 6]


def test_a_long_line_is_not_read_for_every_question(bench: Bench) -> None:
    recent = line.RecentLine(long=2)
    texts(bench, 2)
    with bench.sessions() as session:
        short = recent.read(session)
        bench.text(conversation="one more")
        long = recent.read(session)
        bench.text(conversation="another")

        assert (short.length, long.length) == (2, 3)
        assert recent.read(session) is long


@pytest.mark.parametrize("ending", ["begun", "ended"])
def test_a_job_that_has_begun_has_no_place(bench: Bench, ending: str) -> None:
    job_id = bench.text(speak=[])
    claim = bench.claimed(job_id)
    if ending == "ended":
        bench.reply(claim)

    assert position(bench, job_id) is None


def test_a_retried_job_stands_in_line_again(bench: Bench) -> None:
    retried, _ = texts(bench, 2)
    bench.fail(bench.claimed(retried), Failure(ErrorCode.TUTOR_UNAVAILABLE, "The tutor is away."))
    with bench.transitions() as transitions:
        transitions.retry(*transitions.lock(retried))

    assert position(bench, retried) == 2


def test_the_others_are_counted_in_groups_alike(bench: Bench) -> None:
    running, silent, ended, *rest = texts(bench, 8)
    bench.claimed(running)
    bench.sql("UPDATE jobs SET speak = '{}' WHERE id = :id", id=silent)
    bench.finish(ended)

    found = look(bench, rest[-1])

    alike = {"begun": False, "runs": False, "earlier_turn": False}
    assert sorted(found, key=lambda each: (each.begun, each.speaks)) == [
        Others(Stage.REPLY, 1, speaks=False, **alike),
        Others(Stage.REPLY, 4, speaks=True, **alike),
        Others(Stage.REPLY, 1, runs=True, ready=False, ahead=False, begun=True),
    ]


def run(
    bench: Bench,
    job_id: UUID,
    seconds: float,
    *,
    kind: StepKind = StepKind.REPLY,
    part: SpokenPart | None = None,
    minutes_ago: int = 0,
    outcome: str = "failed",
) -> None:
    """Add a run of a step that took so long."""
    bench.sql(
        "INSERT INTO steps (id, job_id, attempt, kind, part, position, number, queue, rank, deaths, worker,"
        " outcome, started_at, finished_at)"
        " SELECT gen_random_uuid(), :job, 0, :kind, :part, (SELECT count(*) FROM steps), 0, 'llm', 1, 0,"
        " 'here', :outcome, ended - make_interval(secs => :s), ended"
        " FROM (SELECT now() - make_interval(mins => :ago) AS ended) AS moment",
        job=job_id,
        kind=kind,
        part=part,
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


def test_speech_takes_what_all_pieces_of_a_job_or_of_a_part_do(bench: Bench) -> None:
    jobs = texts(bench, 3)
    for job_id in jobs:
        for seconds in (1.0, 5.0):
            run(bench, job_id, seconds, kind=StepKind.SPEAK, part=SpokenPart.REPLY)
    for _ in range(2):
        run(bench, jobs[0], 9.0, kind=StepKind.SPEAK, part=SpokenPart.EXPLANATION)

    found = measure(bench)

    assert (found.seconds, found.piece_seconds) == ({Stage.SYNTHESIZE: 6.0}, 5.0)
    assert found.part_seconds == {SpokenPart.REPLY: 6.0, SpokenPart.EXPLANATION: 18.0}


def test_after_one_long_job_a_short_one_is_estimated_by_what_it_wants(bench: Bench) -> None:
    first = bench.text(conversation="first", speak=["reply", "explanation"])
    bench.finish(first)
    bench.sql("UPDATE steps SET started_at = finished_at - interval '0.2 s'")
    for part, seconds in ((SpokenPart.REPLY, 7.0), (SpokenPart.EXPLANATION, 20.0)):
        bench.sql(
            "UPDATE steps SET started_at = finished_at - make_interval(secs => :s) WHERE part = :part"
            " AND kind = 'speak'",
            s=seconds,
            part=part,
        )
    bench.sql(
        "INSERT INTO workers (name, host, pid, queues, engines, models, concurrency)"
        " VALUES ('all', 'here', 1, '{llm,gpu}', '{}', '{}', 1)"
    )

    found = find(bench, bench.text(conversation="second", speak=["reply"]))

    assert found == Place(1, 7.2)


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
    ended = bench.text(conversation="ended", speak=[])
    bench.finish(ended)
    bench.sql("UPDATE steps SET started_at = finished_at - interval '4 s' WHERE finished_at IS NOT NULL")
    bench.sql("UPDATE jobs SET speak = '{}'")
    bench.sql(
        "INSERT INTO workers (name, host, pid, queues, engines, models, concurrency)"
        " VALUES ('llm', 'here', 1, '{llm}', '{}', '{}', 1)"
    )

    assert find(bench, jobs[2]) == Place(3, 12.0)
    assert [step.kind for step in bench.all(Step) if step.finished_at] == [StepKind.REPLY]


def test_the_paces_are_not_measured_for_every_reader(bench: Bench) -> None:
    recent, job_id = RecentStageDurations(), bench.text()
    with bench.sessions() as session:
        before = recent.read(session)
        run(bench, job_id, 1.0)

        assert recent.read(session) is before
        assert measure(bench) != before
