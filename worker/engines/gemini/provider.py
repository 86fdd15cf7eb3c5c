"""Calls the provider: one client a process, one bounded loop of tries around each answer."""

import logging
import time
from collections.abc import Generator, Sequence
from contextlib import closing

import httpx2
from google import genai
from google.genai import errors, types

from worker.engines.gemini.deadline import bounded_client
from worker.engines.gemini.envelope import Answer, Tokens, tidied
from worker.engines.gemini.failures import CallError, Reason, from_garbage, from_status, from_transport
from worker.engines.gemini.form import ReplyForm
from worker.engines.gemini.reading import StreamedForm
from worker.errors import TutorTimeoutError, TutorUnavailableError
from worker.metrics import LLM_CALLS, count_call
from worker.prompts import SYSTEM_PROMPT, PromptTurn

logger = logging.getLogger(__name__)

SHORTEST_CALL_SECONDS = 0.5
"""With less time left no call is made: no answer comes faster."""

_PAUSES_SECONDS = (0.5, 1.0, 2.0)
"""Before each further call, where the provider advises nothing."""

_ANSWERED = "answered"
"""What a call that did not fail counts as."""

_MAX_OUTPUT_TOKENS = 4096
_HARMS = (
    types.HarmCategory.HARM_CATEGORY_HARASSMENT,
    types.HarmCategory.HARM_CATEGORY_HATE_SPEECH,
    types.HarmCategory.HARM_CATEGORY_SEXUALLY_EXPLICIT,
    types.HarmCategory.HARM_CATEGORY_DANGEROUS_CONTENT,
)
# Thinking costs seconds. Not every model knows the lowest level, and older ones know no levels.
_THINKING = (
    types.ThinkingConfig(thinking_level=types.ThinkingLevel.MINIMAL),
    types.ThinkingConfig(thinking_level=types.ThinkingLevel.LOW),
    None,
)


class Provider:
    """Gemini behind one call. Thread-safe."""

    def __init__(self, api_key: str, model: str, base_url: str | None, api_version: str) -> None:
        self._model = model
        self._thinking = 0
        client = bounded_client(tidied)
        options = types.HttpOptions(base_url=base_url, api_version=api_version, httpx_client=client)
        # The provider's other product, which the SDK's environment variables could choose, takes no key.
        self._client = genai.Client(vertexai=False, api_key=api_key, http_options=options)
        for result in (_ANSWERED, *(reason.value for reason in Reason)):
            LLM_CALLS.labels(result)  # shown before the first one happens

    def answer(self, turns: Sequence[PromptTurn], deadline: float, form: StreamedForm) -> Answer:
        """Return the model's answer to `turns`, calling again after failures that may pass.

        `form` gets the answer while it is written, and is restarted where it is to be written again.
        `deadline` is a moment of `time.monotonic()` that bounds everything, pauses included.
        Raises `TutorTimeoutError` or `TutorUnavailableError`, with what all calls cost.
        """
        spent = Tokens()
        for pause in (*_PAUSES_SECONDS, None):
            try:
                answer = self._call_thinking_little(turns, deadline, form)
            except CallError as error:
                failure = error
            else:
                answer.tokens += spent
                return answer
            spent += failure.tokens
            form.restart()
            if pause is None or not failure.transient:
                break
            delay = pause if failure.advised_delay is None else failure.advised_delay
            if time.monotonic() + delay + SHORTEST_CALL_SECONDS > deadline:
                break
            logger.info("calling again in %.1f s: %s", delay, str(failure))
            time.sleep(delay)
        logger.warning("the provider did not answer: %s", str(failure))
        raise _given_up(failure).having_cost(spent.read, spent.written) from failure

    def _call_thinking_little(
        self, turns: Sequence[PromptTurn], deadline: float, form: StreamedForm
    ) -> Answer:
        """Call with the least thinking that the model is known to offer, and learn what it offers."""
        level = self._thinking
        while True:
            try:
                answer = self._call(turns, deadline, _THINKING[level], form)
            except CallError as error:
                count_call(error.reason.value)
                if error.reason is not Reason.THINKING_REFUSED or level + 1 == len(_THINKING):
                    raise
                logger.info("%s refuses so little thinking: %s", self._model, str(error))
            else:
                count_call(_ANSWERED)
                return answer
            level += 1
            self._thinking = max(self._thinking, level)

    def _call(
        self,
        turns: Sequence[PromptTurn],
        deadline: float,
        thinking: types.ThinkingConfig | None,
        form: StreamedForm,
    ) -> Answer:
        """Call once. Raises `CallError`. What the form raises is none of it."""
        answer = Answer()
        with closing(self._events(turns, deadline, thinking)) as events:
            while True:
                try:
                    event = next(events, None)
                except CallError as error:
                    if answer.has_ended:
                        logger.info("the answer was whole: %s", str(error))
                        return answer
                    error.tokens = answer.tokens
                    raise
                if event is None:
                    return answer
                form.add(answer.add(event))

    def _events(
        self, turns: Sequence[PromptTurn], deadline: float, thinking: types.ThinkingConfig | None
    ) -> Generator[types.GenerateContentResponse]:
        """Yield one answer's events. Raises `CallError`, without the SDK's text: that may have the key."""
        milliseconds = max(int((deadline - time.monotonic()) * 1000), 1)
        contents: types.ContentListUnion = [
            types.Content(role=turn.role, parts=[types.Part(text=turn.text)]) for turn in turns
        ]
        try:
            yield from self._client.models.generate_content_stream(
                model=self._model, contents=contents, config=_config(thinking, milliseconds)
            )
        except errors.APIError as error:
            raise from_status(error) from None
        except httpx2.RequestError as error:
            raise from_transport(error) from None
        # The SDK trusts the form of what it reads, and stumbles over another in many ways.
        except (ValueError, TypeError, AttributeError, LookupError, RecursionError) as error:
            raise from_garbage(error) from None


def _given_up(failure: CallError) -> TutorUnavailableError | TutorTimeoutError:
    if failure.reason is Reason.DAY_IS_OVER:
        return TutorUnavailableError(
            "The tutor has answered as much as it may today. Please come back tomorrow."
        )
    if failure.reason is Reason.TIMED_OUT:
        return TutorTimeoutError("The tutor took too long to answer.")
    return TutorUnavailableError("The tutor cannot be reached right now.")


def _config(thinking: types.ThinkingConfig | None, milliseconds: int) -> types.GenerateContentConfig:
    return types.GenerateContentConfig(
        system_instruction=SYSTEM_PROMPT,
        response_mime_type="application/json",
        response_schema=ReplyForm,
        max_output_tokens=_MAX_OUTPUT_TOKENS,
        # One call is one request: what it may take is counted here.
        automatic_continuation=False,
        thinking_config=thinking,
        safety_settings=[
            types.SafetySetting(category=harm, threshold=types.HarmBlockThreshold.BLOCK_MEDIUM_AND_ABOVE)
            for harm in _HARMS
        ],
        automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True),
        http_options=types.HttpOptions(timeout=milliseconds),
    )
