"""Events are written when their transaction commits, all of them, or not at all."""

from uuid import UUID

from sqlalchemy.orm import Session

from shared import events
from shared.models import EventType, Job
from tests.support.factories import Bench

ACCEPTED = [EventType.QUEUED]


def append(session: Session, job_id: UUID, *kinds: EventType) -> None:
    job = session.get_one(Job, job_id)
    for kind in kinds:
        events.append(session, job, kind)


def test_the_events_of_a_transaction_come_in_their_order(bench: Bench) -> None:
    job_id = bench.text()

    with bench.sessions.begin() as session:
        append(session, job_id, EventType.STARTED, EventType.REPLY_DONE, EventType.SUCCEEDED)
        session.flush()

    told = [EventType.STARTED, EventType.REPLY_DONE, EventType.SUCCEEDED]
    assert bench.events(job_id) == [*ACCEPTED, *told]
    assert bench.job(job_id).last_event == 4


def test_nothing_is_told_of_what_was_rolled_back(bench: Bench) -> None:
    job_id = bench.text()

    with bench.sessions() as session:
        append(session, job_id, EventType.STARTED)
        session.flush()

    assert bench.events(job_id) == ACCEPTED


def test_a_session_that_goes_on_tells_only_what_comes_after_its_rollback(bench: Bench) -> None:
    job_id = bench.text()

    with bench.sessions() as session:
        append(session, job_id, EventType.STARTED)
        session.rollback()
        append(session, job_id, EventType.CANCELLED)
        session.commit()

    assert bench.events(job_id) == [*ACCEPTED, EventType.CANCELLED]
