"""Between the tables and the tutor's port: messages become turns, a reply becomes a job's columns."""

from collections.abc import Sequence
from dataclasses import replace

from shared.models import Message, MessageRole
from worker.ports import Mistake, Turn, TutorReply


def turns_of(messages: Sequence[Message]) -> list[Turn]:
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


def without_judgement(reply: TutorReply) -> TutorReply:
    """Return the reply without mistake and score: they are for English alone."""
    return replace(reply, mistake=None, hinglish_explanation=None, devanagari_explanation=None, score=None)


def reply_columns(reply: TutorReply) -> dict[str, object]:
    """Return the columns of a job that hold its reply, which is bounded (`worker.bounds`)."""
    mistake = reply.mistake
    return {
        "reply_text": reply.text,
        "mistake_wrong": mistake.wrong if mistake else None,
        "mistake_right": mistake.right if mistake else None,
        "mistake_category": mistake.category if mistake else None,
        "hinglish_explanation": reply.hinglish_explanation,
        "devanagari_explanation": reply.devanagari_explanation,
        "score": reply.score,
        "tokens_in": reply.tokens_in,
        "tokens_out": reply.tokens_out,
        "warnings": [{"code": str(warning.code), "detail": warning.detail} for warning in reply.warnings],
    }
