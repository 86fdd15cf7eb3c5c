"""Between the tables and the tutor's port: messages become turns, a reply becomes a job's columns."""

from collections.abc import Sequence

from shared.models import Message, MessageRole
from worker.errors import InvalidTutorReplyError
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


def check_reply(reply: TutorReply) -> None:
    """Raise `InvalidTutorReplyError` where an engine breaks the port's promises."""
    score_fits = reply.score is None or 0 <= reply.score <= 100
    mistake_fits = reply.mistake is None or reply.mistake.wrong != reply.mistake.right
    if not (clean(reply.text).strip() and score_fits and mistake_fits):
        raise InvalidTutorReplyError("The tutor's answer could not be understood.")


def reply_columns(reply: TutorReply) -> dict[str, object]:
    """Return the columns of a job that hold its reply."""
    mistake = reply.mistake
    return {
        "reply_text": clean(reply.text),
        "mistake_wrong": clean(mistake.wrong) if mistake else None,
        "mistake_right": clean(mistake.right) if mistake else None,
        "mistake_category": clean(mistake.category) if mistake else None,
        "hinglish_explanation": clean(reply.hinglish_explanation or "") or None,
        "devanagari_explanation": clean(reply.devanagari_explanation or "") or None,
        "score": reply.score,
        "tokens_in": reply.tokens_in,
        "tokens_out": reply.tokens_out,
        "warnings": [{"code": str(warning.code), "detail": warning.detail} for warning in reply.warnings],
    }


def clean(text: str) -> str:
    """Return what PostgreSQL and JSON can hold: no NUL, no lone surrogate."""
    return text.replace("\0", "").encode("utf-8", "replace").decode("utf-8")
