"""What can happen to a job and its steps, and nothing else can.

Every effect of a step (its output, what follows, the messages, the day's usage, the events) is written in
the caller's one transaction, fenced by the lease's token, so it happens once. Locks are taken in one order:
conversation, job, steps. The table of all transitions: docs/decisions/0026.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from shared import audio_objects, conversations, effects, events, jobs, metrics, speech, steps
from shared.effects import Moment
from shared.errors import WarningCode
from shared.failures import POISONED, TIMED_OUT, Failure
from shared.locking import lock_job, lock_owned
from shared.models import EventType, Job, JobStatus, Stage, Step, StepKind, StepOutcome
from shared.results import (
    Joined,
    Piece,
    Repeated,
    Replied,
    Spoken,
    StepResult,
    StoredSpeech,
    Transcribed,
    write_reply,
    write_transcript,
)
from shared.retries import check_retryable
from shared.steps import Claim, Hint, JobStep, NewStep

_SKIPPED = Failure(WarningCode.SPEECH_SKIPPED, "You went on, so the rest was not spoken.")


def _is_at_work(job: Job, claim: Claim) -> bool:
    is_running = job.status is JobStatus.RUNNING and job.cancel_requested_at is None
    return is_running and job.attempt == claim.attempt


@dataclass(frozen=True, slots=True)
class Transitions:
    """Moves jobs on within `session`. `usage_zone` decides which day a turn is counted on.

    Most methods return the hints to send after the commit: the steps that became ready. They count as sent
    already: whoever cannot send one says so (`steps.mark_unpublished`), and whoever dies before leaves a hint
    that was lost. Where a claim is given and not held any more, they raise `LeaseLostError`.
    """

    session: Session
    usage_zone: ZoneInfo

    def lock(self, job_id: UUID) -> tuple[Job, datetime]:
        """Lock a job and return it, as `shared.locking.lock_job` does."""
        return lock_job(self.session, job_id)

    def owned(self, token: UUID) -> tuple[Job, Step, datetime]:
        """Lock the job whose step is leased under this token, as `shared.locking.lock_owned` does."""
        return lock_owned(self.session, token)

    def start_at_once(self, claim: Claim, status: JobStatus) -> Job | None:
        """Take the job, which had this status, of a step just claimed; return it as it is, detached.

        None where that would wait for a lock, or the job is not to be worked on: `start` decides then.
        """
        if status is JobStatus.QUEUED:
            job = jobs.start(self.session, claim.job_id, claim.attempt)
        else:
            job = self.session.get(Job, claim.job_id)
        if job is None or not _is_at_work(job, claim):
            return None
        self.session.expunge(job)
        return job

    def start(self, claim: Claim) -> tuple[Job | None, Sequence[Hint]]:
        """Take the job of a claimed step, if need be once whoever has locked it lets it go.

        No job where it was cancelled or has ended since: the step is given up.
        """
        job, step, now = self.owned(claim.token)
        if job.status is JobStatus.QUEUED and job.cancel_requested_at is None:
            job.status, job.started_at = JobStatus.RUNNING, now
            events.append(self.session, job, EventType.STARTED)
        if _is_at_work(job, claim):
            self.session.flush()
            self.session.expunge(job)
            return job, ()
        steps.finish(self.session, step.id, StepOutcome.DROPPED)
        return None, self._go_on(job, now)

    def sentence(self, claim: Claim, index: int, text: str, pieces: Sequence[Piece]) -> Sequence[Hint]:
        """Tell a sentence of the reply being written, and let the pieces be spoken that it completes."""
        job, _, now = self.owned(claim.token)
        told = speech.told(self.session, job)
        if index < told.sentences:
            return ()  # it was told: only that it was committed could not be told
        with self.session.no_autoflush:  # the job is written once, at the end
            self._tell_sentence(job, index, text)
            hints = self._add_pieces(job, now, pieces, told) if job.cancel_requested_at is None else []
        self.session.flush()
        return hints

    def restart(self, claim: Claim) -> None:
        """Forget all that was told and spoken of the reply that is being written: it begins anew."""
        job, _, _ = self.owned(claim.token)
        self._forget_reply(job)
        self.session.flush()

    def succeed(self, claim: Claim, result: StepResult) -> Sequence[Hint]:
        """Record a step's result, and let what follows be done."""
        job, step, now = self.owned(claim.token)
        with self.session.no_autoflush:  # the job is written once, at the end
            return self._succeeded(job, step, now, result)

    def fail(self, claim: Claim, failure: Failure) -> Sequence[Hint]:
        """Record that a step failed."""
        job, step, now = self.owned(claim.token)
        return self.fail_step(job, step, now, failure)

    def fail_step(self, job: Job, step: Step, now: datetime, failure: Failure) -> Sequence[Hint]:
        """End a leased step of a locked job, and the job too, unless only speech is lost."""
        self._finish(step, now, failure.outcome, error_code=failure.code)
        job.tokens_in += failure.tokens_in
        job.tokens_out += failure.tokens_out
        if steps.STAGE_OF_KIND[step.kind] is Stage.SYNTHESIZE:
            self._warn(job, failure)
            steps.drop_rest_of_part(self.session, step)
            return self._go_on(job, now)
        return self._fail_job(job, now, failure, steps.STAGE_OF_KIND[step.kind])

    def settle_death(self, job: Job, step: Step, now: datetime, *, deaths_allowed: int) -> Sequence[Hint]:
        """Take a step of a locked job from its dead worker: run it again, or quarantine it.

        Deaths in `reply` are not counted: the LLM worker runs many beside each other, and one crash must not
        cost the neighbours; `reply` is bounded by the run deadline instead.
        """
        died = step.kind is not StepKind.REPLY
        if died and step.deaths + 1 >= deaths_allowed and job.cancel_requested_at is None:
            return self.fail_step(job, step, now, POISONED[steps.STAGE_OF_KIND[step.kind]])
        return self._run_again(job, step, now, died=died)

    def give_back(self, job: Job, step: Step, now: datetime) -> Sequence[Hint]:
        """Take a step of a locked job from a worker that could not finish it: nobody died."""
        return self._run_again(job, step, now, died=False)

    def give_up(self, job: Job, now: datetime, failure: Failure) -> Sequence[Hint]:
        """End a locked, unfinished job, whoever owns its steps; an answered one only loses its speech."""
        open_steps = steps.unfinished(self.session, job.id)
        hints = self._answer_as_before(job, now, open_steps)
        for step in open_steps:
            if step.lease_token is not None:
                self._finish(step, now, failure.outcome, error_code=failure.code)
        if job.answered_at is None:
            stage = steps.earliest_stage([step.kind for step in open_steps], answered=False)
            return self._fail_job(job, now, failure, stage)
        self._warn(job, TIMED_OUT[Stage.SYNTHESIZE])
        return [*hints, *self._end(job, now, JobStatus.SUCCEEDED)]

    def cancel(self, job: Job, now: datetime) -> Sequence[Hint]:
        """End a locked job that waits; ask one that runs to end after its step; leave an ended one.

        A step whose worker let its lease run out does not run any more.
        """
        if job.finished_at is not None:
            return ()
        job.cancel_requested_at = job.cancel_requested_at or now
        for step in steps.unfinished(self.session, job.id):
            if step.lease_expires_at is not None and step.lease_expires_at < now:
                self._finish(step, now, StepOutcome.LOST)
        steps.drop_waiting(self.session, job.id)
        return self._go_on(job, now)

    def skip_speech(self, conversation_id: UUID) -> list[Hint]:
        """Drop what nobody speaks yet of a locked conversation's answered turns: the learner has gone on."""
        hints: list[Hint] = []
        for job_id in jobs.being_spoken(self.session, conversation_id):
            job, now = self.lock(job_id)
            if job.finished_at is None and steps.drop_waiting_pieces(self.session, job_id):
                self._warn(job, _SKIPPED)
                hints += self._go_on(job, now)
        return hints

    def retry(self, job: Job, now: datetime) -> Sequence[Hint]:
        """Let a locked, failed job run again from the stage that failed, as its conversation's last turn.

        Its last try has been counted. Raises `NotRetryableError`, as `check_retryable` without a window.
        """
        check_retryable(job, now)
        kind = StepKind.TRANSCRIBE if job.error_stage is Stage.TRANSCRIBE else StepKind.REPLY
        job.retries += 1
        job.attempt += 1
        job.tokens_in = job.tokens_out = 0
        job.turn = conversations.next_turn(self.session, job.conversation_id)
        job.rank = steps.rank_of_next_job(self.session, job.learner_id)
        job.status, job.queued_at = JobStatus.QUEUED, now
        job.error_code = job.error_detail = job.error_stage = None
        job.started_at = job.finished_at = job.cancel_requested_at = job.first_sound_at = None
        events.append(self.session, job, EventType.QUEUED)
        self.session.flush()
        steps.add(self.session, [NewStep(job.id, job.attempt, kind, job.rank, is_ready=False)])
        return steps.make_next_turn_ready(self.session, job.conversation_id)

    def _succeeded(self, job: Job, step: Step, now: datetime, result: StepResult) -> Sequence[Hint]:
        match result:
            case Transcribed():
                return self._transcribed(job, step, now, result)
            case Replied():
                return self._replied(job, step, now, result)
            case Spoken():
                written = result.written
                audio_objects.mark_stored(self.session, written)
                return self._spoken(
                    job, step, now, StoredSpeech(written.audio_id, result.engine), written.seconds
                )
            case Repeated():
                seconds = audio_objects.hold(self.session, [result.stored.audio_id])
                if result.stored.audio_id not in seconds:
                    return self._run_again(job, step, now, died=False)  # it has just been removed
                return self._spoken(job, step, now, result.stored, seconds[result.stored.audio_id])
            case Joined():
                audio_objects.mark_stored(self.session, result.written)
                self._finish(step, now, StepOutcome.SUCCEEDED, audio_id=result.written.audio_id)
                return self._go_on(job, now)

    def _transcribed(self, job: Job, step: Step, now: datetime, heard: Transcribed) -> Sequence[Hint]:
        write_transcript(job, heard)
        self._finish(step, now, StepOutcome.SUCCEEDED, engine=heard.engine)
        if job.cancel_requested_at is not None:
            return self._end(job, now, JobStatus.CANCELLED)
        events.append(self.session, job, EventType.TRANSCRIPT_DONE)
        self.session.flush()
        return steps.add(self.session, [NewStep(job.id, job.attempt, StepKind.REPLY, job.rank)])

    def _replied(self, job: Job, step: Step, now: datetime, reply: Replied) -> Sequence[Hint]:
        write_reply(job, reply)
        self._finish(step, now, StepOutcome.SUCCEEDED, engine=reply.engine)
        wanted = speech.wanted_parts(job)
        if job.cancel_requested_at is not None and wanted:
            return self._end(job, now, JobStatus.CANCELLED)
        # Nothing was told before the first sentence, and no piece was planned.
        is_all = bool(reply.last_sentences) and reply.last_sentences[0][0] == 0
        told = speech.Told() if is_all or not reply.pieces else speech.told(self.session, job)
        for index, text in reply.last_sentences:
            self._tell_sentence(job, index, text)
        hints = self._answer(job, now)
        waiting = self._add_pieces(job, now, reply.pieces, told)
        waits_of_each = wanted and wanted == {piece.part for piece in reply.pieces}
        if waits_of_each and len(waiting) == len(reply.pieces):
            self.session.flush()
            return [*hints, *waiting]  # no part can be whole yet
        return [*hints, *waiting, *self._go_on(job, now)]

    def _tell_sentence(self, job: Job, index: int, text: str) -> None:
        events.append(self.session, job, EventType.REPLY_SENTENCE, {"index": index, "text": text})

    def _answer_as_before(self, job: Job, now: datetime, open_steps: Sequence[JobStep]) -> list[Hint]:
        """Record the reply of a job that was being spoken when steps came, if it is one: nobody else did."""
        if job.answered_at is not None or job.reply_text is None or job.cancel_requested_at is not None:
            return []
        if any(step.kind in steps.FIRST_KINDS for step in open_steps):
            return []
        return [*self._answer(job, now)]

    def _answer(self, job: Job, now: datetime) -> Sequence[Hint]:
        job.answered_at = now
        events.append(self.session, job, EventType.REPLY_DONE)
        effects.bring_about(effects.OF_A_REPLY, self._moment(job, now))
        return steps.make_next_turn_ready(self.session, job.conversation_id, answered=job.id)

    def _add_pieces(self, job: Job, now: datetime, pieces: Sequence[Piece], told: speech.Told) -> list[Hint]:
        """Add the pieces to be spoken after what was `told`; those that were spoken before need no voice."""
        if not pieces:
            return []
        stored = [piece.stored.audio_id for piece in pieces if piece.stored is not None]
        held = audio_objects.hold(self.session, stored) if stored else {}
        waiting: list[NewStep] = []
        for number, piece in enumerate(pieces, start=told.pieces):
            if piece.part in told.given_up:
                continue
            new = NewStep(
                job.id,
                job.attempt,
                StepKind.SPEAK,
                job.rank,
                part=piece.part,
                position=piece.position,
                number=number,
                text=piece.text,
            )
            if piece.stored is None or piece.stored.audio_id not in held:
                waiting.append(new)
                continue
            steps.add_spoken(self.session, new, audio_id=piece.stored.audio_id, engine=piece.stored.engine)
            self._tell_piece(job, now, new, piece.stored, held[piece.stored.audio_id])
        return steps.add(self.session, waiting)

    def _spoken(
        self, job: Job, step: Step, now: datetime, sound: StoredSpeech, seconds: float
    ) -> Sequence[Hint]:
        self._finish(step, now, StepOutcome.SUCCEEDED, engine=sound.engine, audio_id=sound.audio_id)
        self._tell_piece(job, now, step, sound, seconds)
        return self._go_on(job, now)

    def _tell_piece(
        self, job: Job, now: datetime, step: Step | NewStep, sound: StoredSpeech, seconds: float
    ) -> None:
        job.engines = job.engines | {Spoken.kind: sound.engine}
        if job.first_sound_at is None:
            job.first_sound_at = now
            effects.count_first_sound(self._moment(job, now))
        data = {
            "part": step.part,
            "index": step.position,
            "text": step.text,
            "audio_id": str(sound.audio_id),
            "seconds": seconds,
        }
        events.append(self.session, job, EventType.SPEECH_PIECE, data)
        effects.count_speech(self._moment(job, now), seconds)

    def _run_again(self, job: Job, step: Step, now: datetime, *, died: bool) -> Sequence[Hint]:
        self._count_run(step, now, StepOutcome.LOST)
        if job.cancel_requested_at is not None:
            steps.finish(self.session, step.id, StepOutcome.LOST)
            return self._go_on(job, now)
        if step.kind is StepKind.REPLY:
            self._forget_reply(job)
        self.session.flush()
        return [steps.wait_again(self.session, step, died=died)]

    def _forget_reply(self, job: Job) -> None:
        if speech.told(self.session, job).sentences:
            job.attempt += 1
            job.first_sound_at = None
            steps.begin_anew(self.session, job.id, job.attempt)
            speech.forget(self.session, job.id)
            events.append(self.session, job, EventType.REPLY_RESTARTED)

    def _warn(self, job: Job, failure: Failure) -> None:
        warning = {"code": str(failure.code), "detail": failure.detail}
        if warning not in job.warnings:  # workers may fail at two pieces at a time
            job.warnings = [*job.warnings, warning]

    def _fail_job(self, job: Job, now: datetime, failure: Failure, stage: Stage) -> Sequence[Hint]:
        job.error_code, job.error_detail, job.error_stage = str(failure.code), failure.detail, stage
        return self._end(job, now, JobStatus.FAILED)

    def _go_on(self, job: Job, now: datetime) -> Sequence[Hint]:
        """Do what a locked job needs after a step has ended: join what is whole, or end the job."""
        its_steps = steps.of_job(self.session, job.id)
        open_steps = steps.open_ones(its_steps)
        hints = self._answer_as_before(job, now, open_steps)
        if job.answered_at is not None:
            wanted = speech.name_what_is_whole(job, its_steps)
            if wanted and job.cancel_requested_at is None:
                self.session.flush()
                return [*hints, *steps.add(self.session, wanted)]
        if open_steps:
            self.session.flush()
            return hints
        if job.cancel_requested_at is not None and not speech.is_whole(job):
            return self._close(job, now, JobStatus.CANCELLED)
        return [*hints, *self._close(job, now, JobStatus.SUCCEEDED)]

    def _end(self, job: Job, now: datetime, status: JobStatus) -> Sequence[Hint]:
        """End a locked job, whatever is left of its steps."""
        steps.drop_all(self.session, job.id)
        return self._close(job, now, status)

    def _close(self, job: Job, now: datetime, status: JobStatus) -> Sequence[Hint]:
        """End a locked job that has no unfinished step."""
        job.status, job.finished_at = status, now
        if job.answered_at is None:
            speech.forget(self.session, job.id)
        why = {"code": job.error_code, "detail": job.error_detail, "stage": job.error_stage}
        events.append(self.session, job, events.OF_END[status], why if status is JobStatus.FAILED else None)
        effects.bring_about(effects.OF_AN_END, self._moment(job, now))
        self.session.flush()
        if job.answered_at is not None:
            return ()  # the next turn became ready when this one was answered
        return steps.make_next_turn_ready(self.session, job.conversation_id)

    def _moment(self, job: Job, now: datetime) -> Moment:
        return Moment(self.session, job, now, self.usage_zone)

    def _finish(self, step: Step | JobStep, now: datetime, outcome: StepOutcome, **values: Any) -> None:
        self._count_run(step, now, outcome)
        steps.finish(self.session, step.id, outcome, **values)

    def _count_run(self, step: Step | JobStep, now: datetime, outcome: StepOutcome) -> None:
        seconds = (now - (step.started_at or now)).total_seconds()
        metrics.on_commit(self.session, partial(metrics.count_run, step.kind, outcome, seconds))
