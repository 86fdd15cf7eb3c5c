"""Runs one stage of one job: claim, run the engine, record. No transaction is held meanwhile."""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from uuid import UUID

from billiard.exceptions import SoftTimeLimitExceeded
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session, sessionmaker

from shared import conversations, jobs, telemetry
from shared.errors import DomainError, ErrorCode, WarningCode
from shared.failures import TIMED_OUT, Failure
from shared.jobs import Claim, Hint
from shared.models import Job, Message, MessageRole, SpokenPart, Stage
from shared.transitions import LeaseLostError, StageResult, Transitions
from worker import audio
from worker.bootstrap import KIND_OF_STAGE, Engines
from worker.errors import InvalidTutorReplyError, NoSpeechError
from worker.ports import Mistake, Turn, TutorReply, TutorRequest
from worker.settings import DEADLINE_SLACK, WorkerSettings
from worker.shelf import AudioShelf

logger = logging.getLogger(__name__)

_RECORD_AFTER_SECONDS = (0.0, 0.2, 0.5, 1.0, 2.0, 4.0)
_AUDIO_COLUMNS = {SpokenPart.REPLY: "reply_audio_id", SpokenPart.EXPLANATION: "explanation_audio_id"}
_DEFECT_CODES: dict[Stage, ErrorCode | WarningCode] = {
    Stage.TRANSCRIBE: ErrorCode.ENGINE_UNAVAILABLE,
    Stage.REPLY: ErrorCode.TUTOR_UNAVAILABLE,
    Stage.SYNTHESIZE: WarningCode.SPEECH_FAILED,
}


class NotRecordedError(Exception):
    """The database stayed away: the stage will run again."""


class StageRunner:
    """Runs stages for the worker process it lives in. Thread-safe where the engines are.

    `publish` sends a hint on its way and never raises.
    """

    def __init__(
        self,
        settings: WorkerSettings,
        sessions: sessionmaker[Session],
        engines: Engines,
        shelf: AudioShelf,
        publish: Callable[[Hint], None],
    ) -> None:
        self._settings = settings
        self._sessions = sessions
        self._engines = engines
        self._shelf = shelf
        self._publish = publish
        self._work = {
            Stage.TRANSCRIBE: self._transcribe,
            Stage.REPLY: self._reply,
            Stage.SYNTHESIZE: self._synthesize,
        }

    def run(self, hint: Hint, *, token: UUID, worker: str) -> None:
        """Run the stage if it is there to be claimed; drop the hint silently if not."""
        with self._sessions.begin() as session:
            claim = jobs.claim(
                session,
                hint,
                token=token,
                worker=worker,
                lease=self._settings.lease,
                stage_limit=self._settings.stage_limit(hint.stage) + DEADLINE_SLACK,
            )
        if claim is None:
            return
        with telemetry.working_on(job_id=str(claim.job.id), request_id=claim.job.request_id):
            started = time.monotonic()
            outcome = self._outcome(claim)
            self._record(claim, outcome)
            said = outcome.code if isinstance(outcome, Failure) else "succeeded"
            logger.info("%s %s in %.2f s", claim.stage, said, time.monotonic() - started)

    def _outcome(self, claim: Claim) -> StageResult | Failure:
        try:
            columns = self._work[claim.stage](claim.job)
        except SoftTimeLimitExceeded:
            return TIMED_OUT[claim.stage]
        except DomainError as error:
            cause = telemetry.without_words(error.__cause__)
            logger.warning("%s failed: %s (%s)", claim.stage, error.code, cause)
            return _failure(claim.stage, error)
        except Exception as error:  # noqa: BLE001
            # An engine is anybody's code; whatever it raises must end the stage, not the worker.
            logger.error("%s broke: %s", claim.stage, telemetry.without_words(error))  # noqa: TRY400
            return _defect(claim.stage)
        kind = KIND_OF_STAGE[claim.stage]
        return StageResult(kind, self._engines.name(kind), columns)

    def _record(self, claim: Claim, outcome: StageResult | Failure) -> None:
        """Write the outcome, trying again while the database is away; then publish what follows.

        A soft time limit that fires meanwhile changes nothing: the work is done, and the hard limit holds.
        """
        for pause in _RECORD_AFTER_SECONDS:
            try:
                time.sleep(pause)
                following = self._record_once(claim, outcome)
            except LeaseLostError:
                logger.warning("%s was not recorded: the lease was lost", claim.stage)
                return
            except (OperationalError, SoftTimeLimitExceeded) as error:
                logger.warning("%s is not recorded yet: %s", claim.stage, type(error).__name__)
            except Exception as error:  # noqa: BLE001
                # What an engine gave may be anything; what cannot be written must not run for ever.
                what = telemetry.without_words(error)
                logger.error("%s gave what cannot be recorded: %s", claim.stage, what)  # noqa: TRY400
                outcome = _defect(claim.stage)
            else:
                if following is not None:
                    self._publish(following)
                return
        raise NotRecordedError(claim.stage)

    def _record_once(self, claim: Claim, outcome: StageResult | Failure) -> Hint | None:
        with self._sessions.begin() as session:
            transitions = Transitions(session, self._settings.usage_timezone)
            if isinstance(outcome, Failure):
                return transitions.fail(claim, outcome)
            return transitions.succeed(claim, outcome)

    def _transcribe(self, job: Job) -> dict[str, object]:
        if job.upload_id is None:
            raise ValueError(f"voice job {job.id} has no upload")
        recording = audio.read_flac(self._shelf.load(job.upload_id))
        transcript = self._engines.transcriber.transcribe(recording)
        text, words = _clean(transcript.text), transcript.words
        if not text.strip():
            raise NoSpeechError("No speech was heard.")
        cleaned = None if words is None else [asdict(word) | {"word": _clean(word.word)} for word in words]
        return {"transcript": text, "transcript_words": cleaned}

    def _reply(self, job: Job) -> dict[str, object]:
        with self._sessions() as session:
            messages = conversations.last_messages(
                session, job.conversation_id, limit=self._settings.history_messages
            )
        request = TutorRequest(
            message=job.transcript or job.message or "",
            history=_turns(messages),
            timeout_seconds=self._settings.llm_timeout_seconds,
        )
        reply = self._engines.tutor.reply(request)
        _check_reply(reply)
        return _reply_columns(reply)

    def _synthesize(self, job: Job) -> dict[str, object]:
        return {_AUDIO_COLUMNS[part]: self._speak(text) for part, text in jobs.texts_to_speak(job).items()}

    def _speak(self, text: str) -> UUID:
        speech = self._engines.synthesizer.speak(text)
        return self._shelf.save_mp3(audio.encode_mp3(speech), seconds=speech.seconds)


def _defect(stage: Stage) -> Failure:
    return Failure(_DEFECT_CODES[stage], "Something went wrong on our side.")


def _failure(stage: Stage, error: DomainError) -> Failure:
    if stage is not Stage.SYNTHESIZE:
        return Failure(error.code, error.detail)
    out_of_memory = error.code is ErrorCode.OUT_OF_MEMORY
    code = WarningCode.SPEECH_OUT_OF_MEMORY if out_of_memory else WarningCode.SPEECH_FAILED
    return Failure(code, "The answer could not be spoken.")


def _turns(messages: Sequence[Message]) -> list[Turn]:
    """Pair the learner's messages with the tutor's; a pair cut by the limit is left out."""
    learner = {message.turn: message for message in messages if message.role is MessageRole.LEARNER}
    return [
        Turn(learner[tutor.turn].text, tutor.text, _mistake(tutor))
        for tutor in messages
        if tutor.role is MessageRole.TUTOR and tutor.turn in learner
    ]


def _mistake(message: Message) -> Mistake | None:
    if message.mistake_wrong is None or message.mistake_right is None:
        return None
    return Mistake(message.mistake_wrong, message.mistake_right, message.mistake_category or "")


def _check_reply(reply: TutorReply) -> None:
    """Raise `InvalidTutorReplyError` where an engine breaks the port's promises."""
    score_fits = reply.score is None or 0 <= reply.score <= 100
    mistake_fits = reply.mistake is None or reply.mistake.wrong != reply.mistake.right
    if not (_clean(reply.text).strip() and score_fits and mistake_fits):
        raise InvalidTutorReplyError("The tutor's answer could not be understood.")


def _reply_columns(reply: TutorReply) -> dict[str, object]:
    mistake = reply.mistake
    return {
        "reply_text": _clean(reply.text),
        "mistake_wrong": _clean(mistake.wrong) if mistake else None,
        "mistake_right": _clean(mistake.right) if mistake else None,
        "mistake_category": _clean(mistake.category) if mistake else None,
        "hinglish_explanation": _clean(reply.hinglish_explanation or "") or None,
        "devanagari_explanation": _clean(reply.devanagari_explanation or "") or None,
        "score": reply.score,
        "tokens_in": reply.tokens_in,
        "tokens_out": reply.tokens_out,
        "warnings": [{"code": str(warning.code), "detail": warning.detail} for warning in reply.warnings],
    }


def _clean(text: str) -> str:
    """Return what PostgreSQL and JSON can hold: no NUL, no lone surrogate."""
    return text.replace("\0", "").encode("utf-8", "replace").decode("utf-8")
