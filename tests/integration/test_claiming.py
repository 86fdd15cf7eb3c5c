"""Claiming steps and keeping their leases: the best ready one is taken, and nothing else is."""

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from shared import steps
from shared.failures import TIMED_OUT
from shared.models import JobStatus, QueueName, SpokenPart, Stage, StepKind
from shared.results import Piece
from shared.steps import Claim
from tests.support.factories import WORKER, Bench, together

LEASE = timedelta(seconds=30)
LIMITS = dict.fromkeys(StepKind, timedelta(seconds=60))


def take(bench: Bench, queue: QueueName = QueueName.LLM, *, worker: str = WORKER) -> Claim | None:
    """Claim what the queue gives."""
    with bench.sessions.begin() as session:
        found = steps.claim(session, queue, token=uuid4(), worker=worker, lease=LEASE, limits=LIMITS)
        return None if found is None else found[0]


def renew(bench: Bench, *claims: Claim) -> list[steps.Held]:
    with bench.sessions.begin() as session:
        return steps.renew(session, [claim.token for claim in claims], lease=LEASE)


def leased_until(bench: Bench, claim: Claim) -> datetime | None:
    (step,) = (step for step in bench.steps(claim.job_id) if step.id == claim.step_id)
    return step.lease_expires_at


def test_a_claim_takes_the_step_for_a_time(bench: Bench) -> None:
    job_id = bench.text()

    claim = take(bench)

    assert claim is not None
    assert (claim.job_id, claim.kind, claim.text) == (job_id, StepKind.REPLY, None)
    step = bench.step(job_id)
    assert (step.lease_token, step.worker) == (claim.token, WORKER)
    assert step.started_at is not None
    assert step.lease_expires_at == step.started_at + LEASE
    assert step.deadline_at == step.started_at + LIMITS[StepKind.REPLY]
    assert bench.job(job_id).status is JobStatus.QUEUED


def test_then_its_job_is_taken_and_can_be_read_after_its_session(bench: Bench) -> None:
    job_id = bench.text()
    claim = take(bench)
    assert claim is not None

    job = bench.start(claim)

    assert job is not None
    assert (job.message, job.status) == ("I am go to market", JobStatus.RUNNING)
    assert job.started_at is not None
    assert bench.events(job_id) == ["job.queued", "job.started"]


def test_of_twenty_competing_workers_one_gets_the_step(bench: Bench) -> None:
    job_id = bench.text()

    claims = together(20, lambda number: take(bench, worker=f"w{number}"))

    (won,) = [claim for claim in claims if claim is not None]
    assert bench.step(job_id).lease_token == won.token


def test_twenty_competing_workers_get_twenty_steps(bench: Bench) -> None:
    for number in range(20):
        bench.text(conversation=f"{number}")

    claims = together(20, lambda number: take(bench, worker=f"w{number}"))

    assert len({claim.job_id for claim in claims if claim is not None}) == 20


def test_a_claim_waits_for_nobody_who_holds_a_job(bench: Bench) -> None:
    stuck, other = bench.text(), bench.text(user_id="ravi")
    with bench.sessions.begin() as session:
        session.execute(text("SELECT FROM jobs FOR UPDATE"))
        claims = [take(bench), take(bench)]

    assert [claim and claim.job_id for claim in claims] == [stuck, other]


def test_a_job_that_was_cancelled_between_its_claim_and_its_start_is_given_up(bench: Bench) -> None:
    job_id = bench.text()
    claim = take(bench)
    assert claim is not None
    bench.move(lambda to: to.cancel(*to.lock(job_id)))
    assert bench.job(job_id).status is JobStatus.QUEUED

    assert bench.start(claim) is None

    assert bench.job(job_id).status is JobStatus.CANCELLED


def an_ended_job(bench: Bench) -> UUID:
    job_id = bench.text()
    bench.fail(bench.claimed(job_id), TIMED_OUT[Stage.REPLY])
    return job_id


def a_job_to_be_cancelled(bench: Bench) -> UUID:
    job_id = bench.text()
    bench.move(lambda to: to.cancel(*to.lock(job_id)))
    return job_id


def a_leased_job(bench: Bench) -> UUID:
    job_id = bench.text()
    bench.claimed(job_id)
    return job_id


def a_job_with_an_expired_lease(bench: Bench) -> UUID:
    job_id = a_leased_job(bench)
    bench.sql("UPDATE steps SET lease_expires_at = now() - interval '1 minute'")
    return job_id


def a_turn_behind_a_waiting_one(bench: Bench) -> UUID:
    bench.voice()
    return bench.text()


def a_turn_behind_a_running_one(bench: Bench) -> UUID:
    a_leased_job(bench)
    return bench.text()


def a_job_in_another_queue(bench: Bench) -> UUID:
    return bench.voice()


def no_job(_: Bench) -> None:
    pass


@pytest.mark.parametrize(
    "prepare",
    [
        an_ended_job,
        a_job_to_be_cancelled,
        a_leased_job,
        # Its death has to be counted first: the sweep does that, and makes it ready.
        a_job_with_an_expired_lease,
        a_turn_behind_a_waiting_one,
        a_turn_behind_a_running_one,
        a_job_in_another_queue,
        no_job,
    ],
)
def test_nothing_is_claimed_from(prepare: Callable[[Bench], object], bench: Bench) -> None:
    prepare(bench)

    assert take(bench) is None


def test_a_later_step_keeps_the_time_the_job_started(bench: Bench) -> None:
    job_id = bench.text()
    bench.reply(bench.claimed(job_id))
    bench.sql("UPDATE jobs SET started_at = started_at - interval '1 minute'")
    started_at = bench.job(job_id).started_at

    bench.claimed(job_id)

    assert bench.job(job_id).started_at == started_at


def test_renewing_prolongs_a_lease(bench: Bench) -> None:
    claim = bench.claimed(bench.text(), lease=timedelta(seconds=1))

    renew(bench, claim)

    step = bench.step(claim.job_id)
    assert step.lease_expires_at is not None
    assert step.started_at is not None
    assert step.lease_expires_at >= step.started_at + LEASE


def test_a_lease_is_never_renewed_past_the_steps_deadline(bench: Bench) -> None:
    claim = bench.claimed(bench.text(), lease=timedelta(seconds=1), limit=timedelta(seconds=20))

    renew(bench, claim)

    assert leased_until(bench, claim) == bench.step(claim.job_id).deadline_at


def test_only_the_claims_that_still_hold_their_step_are_renewed(bench: Bench) -> None:
    alive, neighbour, ended, taken, moved_on = (
        bench.claimed(bench.text(conversation=f"{n}")) for n in range(5)
    )
    bench.fail(ended, TIMED_OUT[Stage.REPLY])
    bench.die(taken)
    bench.claimed(taken.job_id, worker="another@here")
    bench.reply(moved_on)
    bench.claimed(moved_on.job_id)
    claims = (alive, neighbour, ended, taken, moved_on)
    before = [leased_until(bench, claim) for claim in claims]

    renew(bench, alive, ended, taken, moved_on)

    after = [leased_until(bench, claim) for claim in claims]
    assert [old != new for old, new in zip(before, after, strict=True)] == [True, False, False, False, False]


def test_renewing_nothing_changes_nothing(bench: Bench) -> None:
    claim = bench.claimed(bench.text())
    before = leased_until(bench, claim)

    renew(bench)

    assert leased_until(bench, claim) == before


def test_renewing_tells_what_is_held_and_how_long_it_may_run(bench: Bench) -> None:
    claim, lost = (
        bench.claimed(bench.text(), limit=timedelta(minutes=1)),
        bench.claimed(bench.text(user_id="ravi")),
    )
    bench.die(lost)

    (held,) = renew(bench, claim, lost)

    assert (held.token, held.job_id) == (claim.token, claim.job_id)
    assert 0 < held.seconds_left <= 60


def in_order(bench: Bench, queue: QueueName) -> list[str]:
    """Claim all that the queue has; return whose it was, in order."""
    users: list[str] = []
    while (claim := take(bench, queue)) is not None:
        users.append(bench.user_of(claim.job_id))
    return users


def test_learners_take_turns_and_a_newcomer_waits_for_one_step_of_each(bench: Bench) -> None:
    for number in range(12):
        user = ("asha", "ravi", "meena")[number // 4]
        bench.text(user_id=user, conversation=f"{number}")
    taken = [take(bench) for _ in range(3)]

    bench.text(user_id="newcomer")

    assert {bench.user_of(claim.job_id) for claim in taken if claim} == {"asha", "ravi", "meena"}
    order = in_order(bench, QueueName.LLM)
    assert order.index("newcomer") <= 3
    assert sorted(order[:3] + order[3:4]) == ["asha", "meena", "newcomer", "ravi"]


def test_a_newcomer_to_empty_queues_does_not_overtake_whoever_had_many_turns(bench: Bench) -> None:
    for number in range(20):
        bench.text(user_id="asha", conversation=f"{number}")
    in_order(bench, QueueName.LLM)

    for number in range(10):
        bench.text(user_id="newcomer", conversation=f"new {number}")
    bench.text(user_id="asha", conversation="again")

    assert in_order(bench, QueueName.LLM).index("asha") <= 2


def test_first_pieces_come_before_later_ones_of_others(bench: Bench) -> None:
    for user in ("asha", "ravi"):
        pieces = [Piece(SpokenPart.REPLY, index, f"Sentence {index}.") for index in range(3)]
        bench.reply(bench.claimed(bench.text(user_id=user)), pieces=pieces)

    order = [take(bench, QueueName.GPU) for _ in range(6)]

    assert [claim.position for claim in order if claim] == [0, 0, 1, 1, 2, 2]


def test_the_best_step_is_found_by_its_index_however_many_there_are(bench: Bench) -> None:
    job_id = bench.text()
    bench.sql(
        "INSERT INTO steps (id, job_id, attempt, kind, part, position, number, queue, rank, ready_at, deaths,"
        " finished_at) SELECT gen_random_uuid(), :job, 0, 'speak', 'reply', n, n, 'gpu', n,"
        " CASE WHEN n % 10 = 0 THEN now() END, 0, CASE WHEN n % 10 <> 0 THEN now() END"
        " FROM generate_series(1, 20000) AS n",
        job=job_id,
    )
    bench.sql("ANALYZE steps")

    query = steps.best_of_queue().params(its_queue=QueueName.GPU)
    with bench.sessions() as session:
        shown = query.compile(session.connection(), compile_kwargs={"literal_binds": True})
        plan = "\n".join(session.scalars(text(f"EXPLAIN {shown}")))

    assert "ix_steps_ready" in plan
    assert "Sort" not in plan
