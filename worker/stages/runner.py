"""Runs one stage of one job: claim, load, run the engine, save, record. No transaction is held meanwhile.

What fails on our side (the database is away) is waited for, and then gives the stage back; what fails
in an engine ends the stage. What an engine has answered before is taken from the cache.
"""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import TypeVar
from uuid import UUID

from celery.exceptions import SoftTimeLimitExceeded
from sqlalchemy.orm import Session, sessionmaker

from shared import conversations, jobs, telemetry
from shared.audio_objects import WrittenAudio
from shared.errors import DomainError, ErrorCode, WarningCode
from shared.failures import TIMED_OUT, Failure
from shared.jobs import AUDIO_COLUMNS, Claim, Hint, texts_to_speak
from shared.models import Job, Message, SpokenPart, Stage
from shared.transitions import LeaseLostError, StageResult, StoredSpeech, Transitions
from worker.bootstrap import EngineKind, Engines
from worker.bounds import bounded_sentence, bounded_speech, bounded_tokens, bounded_transcript
from worker.cache import Cache
from worker.errors import EngineError, EngineOutOfMemoryError
from worker.ports import TutorRequest
from worker.settings import DEADLINE_SLACK, HARD_LIMIT_SLACK, WorkerSettings
from worker.stages import audio
from worker.stages.audio_shelf import AudioShelf
from worker.stages.columns import reply_columns, turns_of
from worker.stages.database_retry import DatabaseAwayError, DatabaseRetry
from worker.stages.reuse import CachedReplies, CachedSpeech

logger = logging.getLogger(__name__)

# Before the hard limit, after which a stage that only waits for the database would count as hung.
_SAVED_BY = HARD_LIMIT_SLACK / 2
_DEFECT_CODES: dict[Stage, ErrorCode | WarningCode] = {
    Stage.TRANSCRIBE: ErrorCode.ENGINE_UNAVAILABLE,
    Stage.REPLY: ErrorCode.TUTOR_UNAVAILABLE,
    Stage.SYNTHESIZE: WarningCode.SPEECH_FAILED,
}


Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class _Work:
    """A claimed stage, and how long the database is waited for before and after the engine."""

    claim: Claim
    loading: DatabaseRetry
    saving: DatabaseRetry

    @property
    def job(self) -> Job:
        """The job as it was when claimed."""
        return self.claim.job


class StageRunner:
    """Runs stages for the worker process it lives in. Thread-safe where the engines are.

    `publish` sends a hint on its way and never raises.
    """

    def __init__(  # noqa: PLR0913, PLR0917
        self,
        settings: WorkerSettings,
        sessions: sessionmaker[Session],
        engines: Engines,
        shelf: AudioShelf,
        cache: Cache,
        publish: Callable[[Hint], None],
    ) -> None:
        self._settings = settings
        self._sessions = sessions
        self._engines = engines
        self._shelf = shelf
        self._replies = CachedReplies(cache, engines)
        self._speech = CachedSpeech(cache, settings)
        self._publish = publish
        self._out_of_memory = False
        self._work = {
            Stage.TRANSCRIBE: self._transcribe,
            Stage.REPLY: self._reply,
            Stage.SYNTHESIZE: self._synthesize,
        }

    @property
    def out_of_memory(self) -> bool:
        """Tell whether an engine had no memory even at its second try: this process should be replaced."""
        return self._out_of_memory

    def run(self, hint: Hint, *, token: UUID, worker: str) -> None:
        """Run the stage if it is there to be claimed; drop the hint silently if not.

        Raises `DatabaseAwayError` where our database stayed away: the stage is to be given back.
        """
        started, limit = time.monotonic(), self._settings.stage_limit(hint.stage)
        loading = DatabaseRetry(started + (limit / 2).total_seconds())
        saving = DatabaseRetry(started + (limit + _SAVED_BY).total_seconds())
        claim = loading(lambda: self._claim(hint, token, worker))
        if claim is None:
            return
        with telemetry.working_on(job_id=str(claim.job.id), request_id=claim.job.request_id):
            try:
                said = self._record(claim, self._outcome(_Work(claim, loading, saving)), saving)
            except LeaseLostError:
                logger.warning("%s was not recorded: the lease was lost", claim.stage)
                return
            logger.info("%s %s in %.2f s", claim.stage, said, time.monotonic() - started)

    def _claim(self, hint: Hint, token: UUID, worker: str) -> Claim | None:
        with self._sessions.begin() as session:
            return jobs.claim(
                session,
                hint,
                token=token,
                worker=worker,
                lease=self._settings.lease,
                stage_limit=self._settings.stage_limit(hint.stage) + DEADLINE_SLACK,
            )

    def _outcome(self, work: _Work) -> StageResult | Failure:
        stage = work.claim.stage
        try:
            return self._work[stage](work)
        except (DatabaseAwayError, LeaseLostError):
            raise
        except SoftTimeLimitExceeded:
            return TIMED_OUT[stage]
        except DomainError as error:
            self._out_of_memory |= error.code is ErrorCode.OUT_OF_MEMORY
            cause = telemetry.without_words(error.__cause__)
            logger.warning("%s failed: %s (%s)", stage, error.code, cause)
            return _failure(stage, error)
        except Exception as error:  # noqa: BLE001
            # An engine is anybody's code; whatever it raises must end the stage, not the worker.
            logger.error("%s broke: %s", stage, telemetry.without_words(error))  # noqa: TRY400
            return _defect(stage)

    def _record(self, claim: Claim, outcome: StageResult | Failure, saving: DatabaseRetry) -> str:
        """Write the outcome, then publish what follows; return how the stage ended, for the log.

        What an engine gave may be anything. What cannot be written is recorded as a failure, once; where
        that cannot be written either, the job is abandoned, and at last left to the sweep.
        """
        for written in (outcome, _defect(claim.stage)):
            try:
                following = saving(partial(self._record_once, claim, written))
            except (DatabaseAwayError, LeaseLostError):
                raise
            except Exception as error:  # noqa: BLE001
                what = telemetry.without_words(error)
                logger.error("the end of %s cannot be recorded: %s", claim.stage, what)  # noqa: TRY400
                continue
            if following is not None:
                self._publish(following)
            return written.code if isinstance(written, Failure) else "succeeded"
        return self._abandon(claim, saving)

    def _abandon(self, claim: Claim, saving: DatabaseRetry) -> str:
        try:
            saving(lambda: self._abandon_once(claim))
        except (DatabaseAwayError, LeaseLostError):
            raise
        except Exception as error:  # noqa: BLE001
            what = telemetry.without_words(error)
            logger.error("%s cannot be ended and is left to the sweep: %s", claim.stage, what)  # noqa: TRY400
            return "left to the sweep"
        return ErrorCode.POISONED

    def _abandon_once(self, claim: Claim) -> None:
        with self._sessions.begin() as session:
            transitions = Transitions(session, self._settings.usage_timezone)
            transitions.abandon(claim.job.id, token=claim.token)

    def _record_once(self, claim: Claim, outcome: StageResult | Failure) -> Hint | None:
        with self._sessions.begin() as session:
            transitions = Transitions(session, self._settings.usage_timezone)
            if isinstance(outcome, Failure):
                return transitions.fail(claim, outcome)
            return transitions.succeed(claim, outcome)

    def _transcribe(self, work: _Work) -> StageResult:
        upload_id = work.job.upload_id
        if upload_id is None:
            raise ValueError(f"voice job {work.job.id} has no upload")
        recording = audio.read_flac(work.loading(lambda: self._shelf.load(upload_id)))
        heard = self._with_memory(lambda: self._engines.transcriber.transcribe(recording))
        transcript = bounded_transcript(heard, recording.seconds)
        words = None if transcript.words is None else [asdict(word) for word in transcript.words]
        columns = {
            "transcript": transcript.text,
            "transcript_words": words,
            "transcript_language": transcript.language,
        }
        return StageResult(EngineKind.STT, self._engines.name(EngineKind.STT), columns)

    def _reply(self, work: _Work) -> StageResult:
        job = work.job
        request = TutorRequest(
            message=job.transcript or job.message or "",
            history=turns_of(work.loading(lambda: self._last_messages(job))),
            timeout_seconds=self._settings.llm_timeout_seconds,
            spoken_language=job.transcript_language,
        )
        given = self._replies.reply(request, job.user_id)
        columns = reply_columns(given.reply)
        for column, value in columns.items():
            setattr(job, column, value)  # the row is detached: nothing is written
        return StageResult(EngineKind.LLM, given.engine, columns, self._known_speech(job))

    def _last_messages(self, job: Job) -> Sequence[Message]:
        with self._sessions() as session:
            return conversations.last_messages(
                session,
                job.conversation_id,
                limit=self._settings.history_messages,
                characters=self._settings.history_characters,
            )

    def _synthesize(self, work: _Work) -> StageResult:
        job = self._with_known_speech(work)
        spoken = {part: self._speak(text, job.user_id, work) for part, text in texts_to_speak(job).items()}
        kind = EngineKind.TTS
        return StageResult(
            kind,
            self._engines.name(kind) if spoken else job.engines[kind],
            {AUDIO_COLUMNS[part]: written.audio_id for part, written in spoken.items()},
            written=list(spoken.values()),
        )

    def _with_known_speech(self, work: _Work) -> Job:
        """Return the job as it is once it names what has been spoken since its reply was recorded."""
        found = self._known_speech(work.job)
        return work.loading(lambda: self._name_speech(work.claim, found)) if found else work.job

    def _known_speech(self, job: Job) -> Mapping[SpokenPart, StoredSpeech]:
        return self._speech.find(texts_to_speak(job), job.user_id)

    def _name_speech(self, claim: Claim, found: Mapping[SpokenPart, StoredSpeech]) -> Job:
        with self._sessions.begin() as session:
            return Transitions(session, self._settings.usage_timezone).name_speech(claim, found)

    def _speak(self, text: str, user_id: str, work: _Work) -> WrittenAudio:
        speech = bounded_speech(self._with_memory(lambda: self._engines.synthesizer.speak(text)))
        data = audio.encode_mp3(speech)
        written = work.saving(lambda: self._shelf.write_mp3(data, seconds=speech.seconds))
        self._speech.keep(text, written.audio_id, self._engines.name(EngineKind.TTS), user_id)
        return written

    def _with_memory(self, infer: Callable[[], Result]) -> Result:
        """Return what the engine gives; where memory ran out, free what can be freed and try again, once."""
        try:
            return infer()
        except EngineOutOfMemoryError:
            logger.warning("out of memory: freeing what can be freed, then trying once more")
        # Not in the handler above: while the error lives, its frames keep the engine's arrays alive.
        self._engines.release_memory()
        return infer()


def _defect(stage: Stage) -> Failure:
    return Failure(_DEFECT_CODES[stage], "Something went wrong on our side.")


def _failure(stage: Stage, error: DomainError) -> Failure:
    if stage is not Stage.SYNTHESIZE:
        spent = (error.tokens_in, error.tokens_out) if isinstance(error, EngineError) else (0, 0)
        tokens_in, tokens_out = map(bounded_tokens, spent)
        return Failure(error.code, bounded_sentence(error.detail), tokens_in=tokens_in, tokens_out=tokens_out)
    out_of_memory = error.code is ErrorCode.OUT_OF_MEMORY
    code = WarningCode.SPEECH_OUT_OF_MEMORY if out_of_memory else WarningCode.SPEECH_FAILED
    return Failure(code, "The answer could not be spoken.")
