"""The tutor that asks Gemini."""

import logging
import time

from shared.errors import WarningCode
from shared.server_urls import masked
from worker.bounds import bounded_tokens
from worker.engines.gemini.address import split_version
from worker.engines.gemini.envelope import Answer, Refusal, Tokens
from worker.engines.gemini.form import ReplyForm, in_devanagari, of_due, real_mistake
from worker.engines.gemini.provider import SHORTEST_CALL_SECONDS, Provider
from worker.engines.gemini.reading import StreamedForm, UnreadableAnswerError, read_form
from worker.errors import EngineError, EngineUnavailableError, InvalidTutorReplyError
from worker.ports import TutorReply, TutorRequest, TutorWarning
from worker.prompts import BLOCKED_REPLY, PROMPT_VERSION, UNSAID_REPLY, conversation, repair

logger = logging.getLogger(__name__)

_FIXED_REPLIES = {Refusal.UNSAFE: BLOCKED_REPLY, Refusal.UNSAID: UNSAID_REPLY}
_ANSWERS_READ = 2
"""One call, and one more if its answer cannot be read."""


class GeminiTutor:
    """A `worker.ports.Tutor` that asks one of Google's models. Safe for any number of threads.

    `model` is a name from the provider's list; `base_url` replaces the provider's address, and may end in
    the API's version, which is `api_version` otherwise.
    Building it calls nobody: a refused key or an unknown model shows in the first reply. Raises
    `EngineUnavailableError` where the two versions differ.
    """

    def __init__(
        self, api_key: str, model: str, base_url: str | None = None, api_version: str | None = None
    ) -> None:
        try:
            address, version = split_version(base_url, api_version)
        except ValueError as error:
            raise EngineUnavailableError(str(error)) from None
        self.name = model
        self.version = f"prompt {PROMPT_VERSION} at {address or 'the provider'} {version}"
        self._provider = Provider(api_key, model, address, version)
        where = "the provider" if address is None else masked(address)
        logger.info("%s, prompt %s at %s, API %s", model, PROMPT_VERSION, where, version)

    def reply(self, request: TutorRequest) -> TutorReply:
        """Return the model's answer, checked; if it was blocked, a fixed kind reply and a warning.

        The text is written to the request's draft as it comes, unchecked.
        """
        deadline = time.monotonic() + request.timeout_seconds
        turns = conversation(request)
        form = StreamedForm(request.draft)
        spent = Tokens()
        for _ in range(_ANSWERS_READ):
            try:
                answer = self._provider.answer(turns, deadline, form)
            except EngineError as error:
                spent += Tokens(error.tokens_in, error.tokens_out)
                raise error.having_cost(*_counted(spent)) from error.__cause__
            spent += answer.tokens
            if answer.refusal is not None:
                logger.warning("not answered by the provider: %s", answer.finish)
                return _declined(_FIXED_REPLIES[answer.refusal], spent)
            try:
                return _checked(_form_of(answer), request, spent)
            except UnreadableAnswerError as error:
                problem = error
            form.restart()
            if time.monotonic() + SHORTEST_CALL_SECONDS > deadline:
                break
            logger.warning("asking once more: %s", str(problem))
            turns = [*turns, *repair(answer.text, str(problem))]
        failed = InvalidTutorReplyError("The tutor's answer could not be understood.")
        raise failed.having_cost(*_counted(spent)) from problem


def _counted(spent: Tokens) -> tuple[int, int]:
    return bounded_tokens(spent.read), bounded_tokens(spent.written)


def _form_of(answer: Answer) -> ReplyForm:
    if not answer.text:
        raise UnreadableAnswerError(f"nothing was said, finish reason {answer.finish}")
    try:
        return read_form(answer.text)
    except UnreadableAnswerError as error:
        raise UnreadableAnswerError(f"{error}, finish reason {answer.finish}") from None


def _checked(form: ReplyForm, request: TutorRequest, spent: Tokens) -> TutorReply:
    mistake = real_mistake(form.mistake, request.message)
    invited, used = of_due(form, request.due)
    if form.mistake is not None and mistake is None:
        logger.info("a correction is left out: the learner did not say what it corrects")
    return TutorReply(
        text=form.reply_text,
        mistake=mistake,
        hinglish_explanation=form.hinglish_explanation if mistake else None,
        devanagari_explanation=in_devanagari(form.explanation_devanagari) if mistake else None,
        score=form.score,
        tokens_in=bounded_tokens(spent.read),
        tokens_out=bounded_tokens(spent.written),
        invited=invited,
        used=used,
    )


def _declined(text: str, spent: Tokens) -> TutorReply:
    warning = TutorWarning(WarningCode.MESSAGE_BLOCKED, "This message could not be answered.")
    return TutorReply(
        text=text,
        mistake=None,
        hinglish_explanation=None,
        devanagari_explanation=None,
        score=None,
        tokens_in=bounded_tokens(spent.read),
        tokens_out=bounded_tokens(spent.written),
        warnings=(warning,),
    )
