"""The stage that asks the tutor."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session, sessionmaker

from shared import conversations, results
from shared.jobs import wanted_texts
from shared.models import Job, Message, MessageRole, SpokenPart
from shared.results import Replied, StoredSpeech
from worker.ports import Mistake, Turn, TutorReply, TutorRequest
from worker.settings import WorkerSettings
from worker.stages.reuse import CachedReplies, CachedSpeech, GivenReply
from worker.stages.stage import ClaimedWork


@dataclass(frozen=True, slots=True)
class Reply:
    """Has the learner's message answered, in the light of the turns before it."""

    settings: WorkerSettings
    sessions: sessionmaker[Session]
    replies: CachedReplies
    speech: CachedSpeech

    def run(self, work: ClaimedWork) -> Replied:
        """Return the answer, and which of its texts have been spoken before."""
        job = work.job
        request = TutorRequest(
            message=job.transcript or job.message or "",
            history=_turns_of(work.loading(lambda: self._last_messages(job))),
            timeout_seconds=self.settings.llm_timeout_seconds,
            spoken_language=job.transcript_language,
        )
        given = self.replies.reply(request, job.user_id)
        return _replied(given, self.speech.find(_wanted_texts(job, given.reply), job.user_id))

    def _last_messages(self, job: Job) -> Sequence[Message]:
        with self.sessions() as session:
            return conversations.last_messages(
                session,
                job.conversation_id,
                limit=self.settings.history_messages,
                characters=self.settings.history_characters,
            )


def _wanted_texts(job: Job, reply: TutorReply) -> Mapping[SpokenPart, str]:
    return wanted_texts(job, reply.text, reply.hinglish_explanation, reply.devanagari_explanation)


def _turns_of(messages: Sequence[Message]) -> list[Turn]:
    """Pair the learner's messages with the tutor's; a pair cut by the limit is left out."""
    learner = {message.turn: message for message in messages if message.role is MessageRole.LEARNER}
    return [
        Turn(learner[tutor.turn].text, tutor.text, _mistake_in(tutor))
        for tutor in messages
        if tutor.role is MessageRole.TUTOR and tutor.turn in learner
    ]


def _mistake_in(message: Message) -> Mistake | None:
    if message.mistake_wrong is None or message.mistake_right is None:
        return None
    return Mistake(message.mistake_wrong, message.mistake_right, message.mistake_category or "")


def _replied(given: GivenReply, speech: Mapping[SpokenPart, StoredSpeech]) -> Replied:
    reply, mistake = given.reply, given.reply.mistake
    return Replied(
        engine=given.engine,
        text=reply.text,
        mistake=results.Mistake(mistake.wrong, mistake.right, mistake.category) if mistake else None,
        hinglish_explanation=reply.hinglish_explanation,
        devanagari_explanation=reply.devanagari_explanation,
        score=reply.score,
        tokens_in=reply.tokens_in,
        tokens_out=reply.tokens_out,
        warnings=[{"code": str(warning.code), "detail": warning.detail} for warning in reply.warnings],
        speech=speech,
    )
