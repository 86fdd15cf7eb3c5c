"""Jobs for tests, accepted and moved on through the repository; each call is a transaction of its own."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from threading import Barrier
from typing import Any, TypeVar
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session, sessionmaker
from sqlmodel import SQLModel, col

from shared import audio_objects, jobs
from shared.audio_objects import WrittenAudio
from shared.audio_stores import AudioStores
from shared.failures import Failure
from shared.jobs import Claim, Hint, NewJob
from shared.models import AudioObject, Job, JobKind, SpokenPart, Stage
from shared.results import Mistake, Replied, StageResult, Synthesized, Transcribed
from shared.storage import FLAC, MP3
from shared.transitions import Transitions
from worker.stages.audio_shelf import AudioShelf

ZONE = ZoneInfo("Asia/Kolkata")
WORKER = "gpu@here"
RECORDING_SECONDS = 2.5
TEXT_TURN = NewJob(
    user_id="asha",
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
    mistake=Mistake("I am go", "I am going", "verb tense"),
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
    what the product makes of it.
    """

    def __init__(self, engine: Engine, *, sends: bool = False) -> None:
        self.sessions = sessionmaker(engine, expire_on_commit=False)
        self.sends = sends

    def accept(self, **changes: Any) -> tuple[UUID, Hint | None]:
        """Accept a text turn, changed as given."""
        return self._accept(replace(TEXT_TURN, **changes), None)

    def text(self, **changes: Any) -> UUID:
        """Accept a text turn and return its job's id."""
        return self.accept(**changes)[0]

    def voice(self, *, upload_id: UUID | None = None, **changes: Any) -> UUID:
        """Accept a voice turn whose recording lasts `RECORDING_SECONDS`, and return its job's id."""
        upload_id = upload_id or self.audio(RECORDING_SECONDS, FLAC)
        return self._accept(replace(TEXT_TURN, kind=JobKind.VOICE, message=None, **changes), upload_id)[0]

    def _accept(self, new: NewJob, upload_id: UUID | None) -> tuple[UUID, Hint | None]:
        with self.sessions.begin() as session:
            job_id, hint = jobs.accept(session, new, upload_id)
            return job_id, self._not_sent(session, hint)

    def _not_sent(self, session: Session, hint: Hint | None) -> Hint | None:
        if hint is not None and not self.sends:
            jobs.mark_unpublished(session, [hint])
        return hint

    def move(self, how: Callable[[Transitions], Hint | None]) -> Hint | None:
        """Move a job on in a transaction; return what may run then."""
        with self.sessions.begin() as session:
            return self._not_sent(session, how(Transitions(session, ZONE)))

    def audio(self, seconds: float, content_type: str = MP3, *, host: str = "here") -> UUID:
        """Return the id of an audio object's row; there are no bytes."""
        with self.sessions.begin() as session:
            audio = audio_objects.intend(
                session, host=host, content_type=content_type, size_bytes=1, seconds=seconds
            )
        return audio.id

    def stored(self, stores: AudioStores, data: bytes) -> UUID:
        """Write a second of sound, as a worker does, and note that it is written; return its id."""
        written = AudioShelf(self.sessions, stores).write_mp3(data, seconds=1.0)
        with self.sessions.begin() as session:
            audio_objects.mark_stored(session, written)
        return written.audio_id

    def claim(
        self,
        job_id: UUID,
        stage: Stage | None = None,
        *,
        worker: str = WORKER,
        lease: timedelta = timedelta(seconds=30),
        stage_limit: timedelta = timedelta(seconds=60),
    ) -> Claim | None:
        """Claim the stage, the one that waits by default."""
        hint = Hint(job_id, stage or self.job(job_id).stage or Stage.REPLY)
        with self.sessions.begin() as session:
            return jobs.claim(
                session, hint, token=uuid4(), worker=worker, lease=lease, stage_limit=stage_limit
            )

    def claimed(self, job_id: UUID, **how: Any) -> Claim:
        """Claim the waiting stage, which must succeed."""
        claim = self.claim(job_id, **how)
        assert claim is not None
        return claim

    def at_stage(self, stage: Stage) -> Claim:
        """Return a claim of a new voice turn's stage."""
        claim = self.claimed(self.voice())
        if stage is not Stage.TRANSCRIBE:
            self.transcribe(claim)
            claim = self.claimed(claim.job.id)
        if stage is Stage.SYNTHESIZE:
            self.reply(claim)
            claim = self.claimed(claim.job.id)
        return claim

    def succeed(self, claim: Claim, result: StageResult) -> Hint | None:
        """Record the stage's result."""
        return self.move(lambda to: to.succeed(claim, result))

    def transcribe(self, claim: Claim, text: str = "I am go to market") -> Hint | None:
        """Record what was heard."""
        return self.succeed(claim, Transcribed("ear 1", text))

    def reply(self, claim: Claim, **changes: Any) -> Hint | None:
        """Record a reply that corrects a mistake, changed as given."""
        return self.succeed(claim, replace(CORRECTING_REPLY, **changes))

    def speak(self, claim: Claim, **audio_ids: UUID) -> Hint | None:
        """Record these sounds, by the parts of the answer that they speak."""
        rows = {SpokenPart(part): self.audio_row(audio_id) for part, audio_id in audio_ids.items()}
        sounds = {part: WrittenAudio(row.id, row.backend, row.seconds) for part, row in rows.items()}
        return self.succeed(claim, Synthesized("voice 1", sounds))

    def fail(self, claim: Claim, failure: Failure) -> Hint | None:
        """Record the stage's failure."""
        return self.move(lambda to: to.fail(claim, failure))

    def die(self, job_id: UUID, *, deaths_allowed: int = 3) -> Hint | None:
        """Settle the death of the worker that holds the job's stage."""
        return self.move(lambda to: to.settle_death(*to.lock(job_id), deaths_allowed=deaths_allowed))

    def give_back(self, job_id: UUID) -> Hint | None:
        """Take the job's stage from a worker that could not finish it."""
        return self.move(lambda to: to.give_back(*to.lock(job_id)))

    def give_up(self, job_id: UUID, failure: Failure, *, at: datetime | None = None) -> Hint | None:
        """End the job, as if it were the time `at`."""

        def give_up(to: Transitions) -> Hint | None:
            job, now = to.lock(job_id)
            return to.give_up(job, at or now, failure)

        return self.move(give_up)

    def finish(self, job_id: UUID) -> Hint | None:
        """Let every stage that is left succeed; return what may run then."""
        record: dict[Stage, Callable[[Claim], Hint | None]] = {
            Stage.TRANSCRIBE: self.transcribe,
            Stage.REPLY: self.reply,
            Stage.SYNTHESIZE: self.speak,
        }
        following: Hint | None = None
        while self.job(job_id).stage is not None:
            claim = self.claimed(job_id)
            following = record[claim.stage](claim)
        return following

    @contextmanager
    def transitions(self) -> Iterator[Transitions]:
        """A transaction to move jobs in."""
        with self.sessions.begin() as session:
            yield Transitions(session, ZONE)

    def job(self, job_id: UUID) -> Job:
        """Return the job as it is."""
        with self.sessions() as session:
            return session.get_one(Job, job_id)

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


def together(count: int, work: Callable[[int], Result]) -> list[Result]:
    """Run `work(0)` to `work(count - 1)` in threads that begin at the same moment."""
    barrier = Barrier(count)

    def begin(number: int) -> Result:
        barrier.wait()
        return work(number)

    with ThreadPoolExecutor(count) as threads:
        return list(threads.map(begin, range(count)))
