"""The tutor that asks Gemini."""

import logging
import time

from shared.errors import WarningCode
from shared.server_urls import masked
from worker.engines.gemini.form import (
    ReplyForm,
    UnreadableAnswerError,
    in_devanagari,
    read_form,
    real_mistake,
)
from worker.engines.gemini.provider import SHORTEST_CALL_SECONDS, Answer, Provider, Tokens
from worker.errors import InvalidTutorReplyError
from worker.ports import TutorReply, TutorRequest, TutorWarning
from worker.prompts import BLOCKED_REPLY, PROMPT_VERSION, conversation, repair

logger = logging.getLogger(__name__)

_ANSWERS_READ = 2
"""The answer, and one more where it cannot be read."""


class GeminiTutor:
    """A `worker.ports.Tutor` that asks one of Google's models. Safe for any number of threads.

    `model` is a name from the provider's list; `base_url` replaces the provider's address.
    Building it calls nobody: a refused key or an unknown model shows in the first reply.
    """

    def __init__(self, api_key: str, model: str, base_url: str | None = None) -> None:
        self.name = model
        self.version = f"prompt {PROMPT_VERSION} at {base_url or 'the provider'}"
        self._provider = Provider(api_key, model, base_url)
        where = "the provider" if base_url is None else masked(base_url)
        logger.info("%s, prompt %s at %s", model, PROMPT_VERSION, where)

    def reply(self, request: TutorRequest) -> TutorReply:
        """Return the model's answer, checked; a kind fixed one and a warning where it was blocked."""
        deadline = time.monotonic() + request.timeout_seconds
        turns = conversation(request)
        spent = Tokens()
        for _ in range(_ANSWERS_READ):
            answer = self._provider.answer(turns, deadline)
            spent += answer.tokens
            if answer.blocked:
                logger.warning("blocked by the provider: %s", answer.finish)
                return _declined(spent)
            try:
                return _checked(_form_of(answer), request.message, spent)
            except UnreadableAnswerError as error:
                problem = error
            if time.monotonic() + SHORTEST_CALL_SECONDS > deadline:
                break
            logger.warning("asking once more: %s", str(problem))
            turns = [*turns, *repair(answer.text, str(problem))]
        raise InvalidTutorReplyError("The tutor's answer could not be understood.") from problem


def _form_of(answer: Answer) -> ReplyForm:
    if not answer.text:
        raise UnreadableAnswerError(f"nothing was said, finish reason {answer.finish}")
    try:
        return read_form(answer.text)
    except UnreadableAnswerError as error:
        raise UnreadableAnswerError(f"{error}, finish reason {answer.finish}") from None


def _checked(form: ReplyForm, message: str, spent: Tokens) -> TutorReply:
    mistake = real_mistake(form.mistake, message)
    if form.mistake is not None and mistake is None:
        logger.info("a correction is left out: it corrects nothing that was said")
    return TutorReply(
        text=form.reply_text,
        mistake=mistake,
        hinglish_explanation=form.hinglish_explanation if mistake else None,
        devanagari_explanation=in_devanagari(form.explanation_devanagari) if mistake else None,
        score=form.score,
        tokens_in=spent.read,
        tokens_out=spent.written,
    )


def _declined(spent: Tokens) -> TutorReply:
    warning = TutorWarning(WarningCode.MESSAGE_BLOCKED, "This message could not be answered.")
    return TutorReply(
        text=BLOCKED_REPLY,
        mistake=None,
        hinglish_explanation=None,
        devanagari_explanation=None,
        score=None,
        tokens_in=spent.read,
        tokens_out=spent.written,
        warnings=(warning,),
    )
