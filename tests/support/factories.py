"""Jobs for tests, accepted and moved on through the repository; each call is a transaction of its own."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from threading import Barrier
from typing import Any, TypeVar
from uuid import UUID, uuid4

from sqlalchemy import Engine, select, text, update
from sqlalchemy.orm import Session, sessionmaker
from sqlmodel import SQLModel, col

from shared import audio_objects, conversations, jobs, learners, steps
from shared.audio_objects import WrittenAudio
from shared.audio_stores import AudioStores
from shared.failures import Failure
from shared.jobs import NewJob
from shared.learners import LearnerRef
from shared.models import (
    BUILT_IN_APP_ID,
    AudioObject,
    Job,
    JobEvent,
    JobKind,
    Learner,
    MistakeCategory,
    QueueName,
    Stage,
    Step,
    StepKind,
)
from shared.results import Joined, Mistake, Piece, Replied, Spoken, StepResult, Transcribed
from shared.speech import wanted_texts
from shared.steps import Claim, Hint
from shared.storage import FLAC, MP3
from shared.transitions import Transitions
from tests.support.zone import ZONE
from worker.stages.audio_shelf import AudioShelf

WORKER = "gpu@here"
_FOREMOST = -1  # no rank of the product is below 0
RECORDING_SECONDS = 2.5
ASHA = LearnerRef(BUILT_IN_APP_ID, "asha")
TEXT_TURN = NewJob(
    kind=JobKind.TEXT,
    conversation="market",
    speak=["reply"],
    fingerprint="f" * 64,
    request_id="request-1",
    message="I am go to market",
)
CORRECTING_REPLY = Replied(
    engine="tutor 1",
    text="Hello! You want to go to the market.",
    mistake=Mistake("I am go", "I am going", MistakeCategory.VERB_FORM),
    hinglish_explanation="Yahan 'going' use karna chahiye.",
    devanagari_explanation="यहाँ 'going' होना चाहिए।",
    score=75,
    tokens_in=120,
    tokens_out=40,
)

Table = TypeVar("Table", bound=SQLModel)
Result = TypeVar("Result")


class Bench:
    """Accepts, claims, ends and reads jobs of one database.

    No broker is near, so a hint is noted as not sent, as by whoever cannot send it; with `sends` it stays
    what the product makes of it. Days are those of `zone`.
    """

    def __init__(self, engine: Engine, *, sends: bool = False) -> None:
        self.sessions = sessionmaker(engine, expire_on_commit=False)
        self.sends = sends
        self.zone = ZONE

    def accept(self, **changes: Any) -> tuple[UUID, Sequence[Hint]]:
        """Accept a text turn of `user_id`, by default asha, changed as given."""
        return self._accept(None, **changes)

    def text(self, **changes: Any) -> UUID:
        """Accept a text turn and return its job's id."""
        return self.accept(**changes)[0]

    def voice(self, *, upload_id: UUID | None = None, **changes: Any) -> UUID:
        """Accept a voice turn whose recording lasts `RECORDING_SECONDS`, and return its job's id."""
        upload_id = upload_id or self.audio(RECORDING_SECONDS, FLAC, user_id=changes.get("user_id", "asha"))
        spoken = {"kind": JobKind.VOICE, "message": None} | changes
        return self._accept(upload_id, **spoken)[0]

    def _accept(
        self,
        upload_id: UUID | None,
        *,
        user_id: str = "asha",
        app_id: UUID = BUILT_IN_APP_ID,
        **changes: Any,
    ) -> tuple[UUID, Sequence[Hint]]:
        new = replace(TEXT_TURN, **changes)
        with self.sessions.begin() as session:
            learner = learners.lock(session, LearnerRef(app_id, user_id))
            turn = conversations.take_turn(session, learner.id, new.conversation)
            Transitions(session, self.zone).skip_speech(turn.conversation_id)
            job, _, hints = jobs.accept(session, new, learner, turn, upload_id)
            return job.id, self._not_sent(session, hints)

    def _not_sent(self, session: Session, hints: Sequence[Hint]) -> Sequence[Hint]:
        if hints and not self.sends:
            steps.mark_unpublished(session, hints)
        return hints

    def move(self, how: Callable[[Transitions], Sequence[Hint]]) -> Sequence[Hint]:
        """Move a job on in a transaction; return what may run then."""
        with self.sessions.begin() as session:
            return self._not_sent(session, how(Transitions(session, self.zone)))

    def learner(self, user_id: str = "asha") -> Learner:
        """Return the row of a learner of the built-in app, a new one if need be."""
        with self.sessions.begin() as session:
            return learners.lock(session, LearnerRef(BUILT_IN_APP_ID, user_id))

    def user_of(self, job_id: UUID) -> str:
        """Return the `user_id` of the job's learner."""
        with self.sessions() as session:
            return session.get_one(Learner, session.get_one(Job, job_id).learner_id).user_id

    def audio(
        self, seconds: float, content_type: str = MP3, *, host: str = "here", user_id: str = "asha"
    ) -> UUID:
        """Return the id of an audio object's row; there are no bytes."""
        learner = self.learner(user_id)
        with self.sessions.begin() as session:
            audio = audio_objects.intend(session, host=host, content_type=content_type, learner_id=learner.id)
            audio.size_bytes, audio.seconds = 1, seconds
        return audio.id

    def stored(self, stores: AudioStores, data: bytes) -> UUID:
        """Write a second of sound, as a worker does, and note that it is written; return its id."""
        shelf = AudioShelf(self.sessions, stores)
        written = shelf.write(shelf.intend(self.learner().id), data, seconds=1.0)
        with self.sessions.begin() as session:
            audio_objects.mark_stored(session, written)
        return written.audio_id

    def claim(
        self,
        job_id: UUID,
        kind: StepKind | None = None,
        *,
        worker: str = WORKER,
        lease: timedelta = timedelta(seconds=30),
        limit: timedelta = timedelta(seconds=60),
        starts: bool = True,
    ) -> Claim | None:
        """Claim a step of the job, of this kind if one is named, and take the job.

        None where no step is ready, or the job was cancelled or has ended since.

        The product never asks for a job's step: here it is made the first of its queue for a moment.
        """
        with self.sessions.begin() as session:
            ready = select(Step).where(col(Step.job_id) == job_id, steps.ready()).limit(1)
            if kind is not None:
                ready = ready.where(col(Step.kind) == kind)
            step = session.scalars(ready.order_by(col(Step.rank), col(Step.id))).one_or_none()
            if step is None:
                return None
            session.expunge(step)
        self._rank(step.id, _FOREMOST)
        with self.sessions.begin() as session:
            limits = dict.fromkeys(StepKind, limit)
            found = steps.claim(session, step.queue, token=uuid4(), worker=worker, lease=lease, limits=limits)
            started = found and starts and Transitions(session, self.zone).start_at_once(*found)
        if step.rank != _FOREMOST:  # else whoever asks for it at the same moment gives it its own rank back
            self._rank(step.id, step.rank)
        if found is None or (starts and not started and self.start(found[0]) is None):
            return None
        return found[0]

    def _rank(self, step_id: UUID, rank: int) -> None:
        with self.sessions.begin() as session:
            session.execute(update(Step).where(col(Step.id) == step_id).values(rank=rank))

    def start(self, claim: Claim) -> Job | None:
        """Take the job of a claimed step, as its worker does where it could not at once."""
        with self.sessions.begin() as session:
            job, hints = Transitions(session, self.zone).start(claim)
            self._not_sent(session, hints)
        return job

    def claimed(self, job_id: UUID, **how: Any) -> Claim:
        """Claim the step that is ready, which must succeed."""
        claim = self.claim(job_id, **how)
        assert claim is not None
        return claim

    def at_stage(self, stage: Stage) -> Claim:
        """Return a claim of a new voice turn's step of this stage."""
        claim = self.claimed(self.voice())
        if stage is not Stage.TRANSCRIBE:
            self.transcribe(claim)
            claim = self.claimed(claim.job_id)
        if stage is Stage.SYNTHESIZE:
            self.reply(claim)
            claim = self.claimed(claim.job_id)
        return claim

    def succeed(self, claim: Claim, result: StepResult) -> Sequence[Hint]:
        """Record the step's result."""
        return self.move(lambda to: to.succeed(claim, result))

    def transcribe(self, claim: Claim, text: str = "I am go to market") -> Sequence[Hint]:
        """Record what was heard."""
        return self.succeed(claim, Transcribed("ear 1", text))

    def reply(self, claim: Claim, **changes: Any) -> Sequence[Hint]:
        """Record a reply that corrects a mistake, changed as given; each wanted text is a piece."""
        reply = replace(CORRECTING_REPLY, **changes)
        job = self.job(claim.job_id)
        wanted = wanted_texts(job, reply.text, reply.hinglish_explanation, reply.devanagari_explanation)
        pieces = reply.pieces or [Piece(part, 0, text) for part, text in wanted.items()]
        return self.succeed(claim, replace(reply, pieces=pieces))

    def speak(self, claim: Claim, audio_id: UUID | None = None) -> Sequence[Hint]:
        """Record a sound of the piece, 3 s long unless it is given."""
        row = self.audio_row(audio_id or self.audio(3.0, user_id=self.user_of(claim.job_id)))
        return self.succeed(claim, Spoken("voice 1", _written(row)))

    def join(self, claim: Claim) -> Sequence[Hint]:
        """Record a sound of a part's pieces together."""
        row = self.audio_row(self.audio(6.0, user_id=self.user_of(claim.job_id)))
        return self.succeed(claim, Joined(_written(row)))

    def fail(self, claim: Claim, failure: Failure) -> Sequence[Hint]:
        """Record the step's failure."""
        return self.move(lambda to: to.fail(claim, failure))

    def die(self, claim: Claim, *, deaths_allowed: int = 3) -> Sequence[Hint]:
        """Settle the death of the worker that holds the step."""
        return self.move(lambda to: to.settle_death(*to.owned(claim.token), deaths_allowed=deaths_allowed))

    def give_back(self, claim: Claim) -> Sequence[Hint]:
        """Take the step from a worker that could not finish it."""
        return self.move(lambda to: to.give_back(*to.owned(claim.token)))

    def give_up(self, job_id: UUID, failure: Failure, *, at: datetime | None = None) -> Sequence[Hint]:
        """End the job, as if it were the time `at`."""

        def give_up(to: Transitions) -> Sequence[Hint]:
            job, now = to.lock(job_id)
            return to.give_up(job, at or now, failure)

        return self.move(give_up)

    def finish(self, job_id: UUID) -> Sequence[Hint]:
        """Let every step that is left succeed; return what may run then."""
        record: dict[StepKind, Callable[[Claim], Sequence[Hint]]] = {
            StepKind.TRANSCRIBE: self.transcribe,
            StepKind.REPLY: self.reply,
            StepKind.SPEAK: self.speak,
            StepKind.JOIN: self.join,
        }
        following: Sequence[Hint] = ()
        while self.job(job_id).finished_at is None:
            claim = self.claimed(job_id)
            following = record[claim.kind](claim)
        return following

    @contextmanager
    def transitions(self) -> Iterator[Transitions]:
        """A transaction to move jobs in."""
        with self.sessions.begin() as session:
            yield Transitions(session, self.zone)

    def job(self, job_id: UUID) -> Job:
        """Return the job as it is."""
        with self.sessions() as session:
            return session.get_one(Job, job_id)

    def steps(self, job_id: UUID) -> list[Step]:
        """Return the job's steps in the order in which they were claimed; what was not comes last."""
        with self.sessions() as session:
            found = select(Step).where(col(Step.job_id) == job_id)
            return list(session.scalars(found.order_by(col(Step.started_at), col(Step.rank), col(Step.id))))

    def step(self, job_id: UUID, kind: StepKind | None = None) -> Step:
        """Return the job's unfinished step, or its one step of a kind."""
        (step,) = (
            each
            for each in self.steps(job_id)
            if (each.finished_at is None if kind is None else each.kind is kind)
        )
        return step

    def events(self, job_id: UUID) -> list[str]:
        """Return the types of the job's events."""
        return [event.type for event in self.log(job_id)]

    def log(self, job_id: UUID) -> list[JobEvent]:
        """Return the job's events."""
        with self.sessions() as session:
            found = select(JobEvent).where(col(JobEvent.job_id) == job_id)
            return list(session.scalars(found.order_by(col(JobEvent.seq))))

    def all(self, table: type[Table]) -> list[Table]:
        """Return every row of a table."""
        with self.sessions() as session:
            return list(session.scalars(select(table)))

    def audio_row(self, audio_id: UUID) -> AudioObject:
        """Return an audio object's row."""
        with self.sessions() as session:
            return session.scalars(select(AudioObject).where(col(AudioObject.id) == audio_id)).one()

    def sql(self, statement: str, **values: object) -> None:
        """Run a statement and commit."""
        with self.sessions.begin() as session:
            session.execute(text(statement), values)


def _written(row: AudioObject) -> WrittenAudio:
    return WrittenAudio(row.id, row.backend, row.size_bytes, row.seconds)


def queues(hints: Sequence[Hint]) -> list[tuple[UUID, QueueName]]:
    """Return whose steps the hints are for, and where they wait."""
    return [(hint.job_id, hint.queue) for hint in hints]


def together(count: int, work: Callable[[int], Result]) -> list[Result]:
    """Run `work(0)` to `work(count - 1)` in threads that begin at the same moment."""
    barrier = Barrier(count)

    def begin(number: int) -> Result:
        barrier.wait()
        return work(number)

    with ThreadPoolExecutor(count) as threads:
        return list(threads.map(begin, range(count)))
