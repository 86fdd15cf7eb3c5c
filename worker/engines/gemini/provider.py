"""Calls the provider: one client a process, one bounded loop of tries around each answer."""

import logging
import time
from collections.abc import Sequence

import httpx2
from google import genai
from google.genai import errors, types

from worker.engines.gemini.deadline import bounded_client
from worker.engines.gemini.envelope import Answer, read_answer
from worker.engines.gemini.failures import CallError, Reason, from_garbage, from_status, from_transport
from worker.engines.gemini.form import ReplyForm
from worker.errors import TutorTimeoutError, TutorUnavailableError
from worker.prompts import SYSTEM_PROMPT, PromptTurn

logger = logging.getLogger(__name__)

SHORTEST_CALL_SECONDS = 0.5
"""With less time left no call is made: no answer comes faster."""

_PAUSES_SECONDS = (0.5, 1.0, 2.0)
"""Before each further call, where the provider advises nothing."""

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
        options = types.HttpOptions(base_url=base_url, api_version=api_version, httpx_client=bounded_client())
        # The provider's other product, which the SDK's environment variables could choose, takes no key.
        self._client = genai.Client(vertexai=False, api_key=api_key, http_options=options)

    def answer(self, turns: Sequence[PromptTurn], deadline: float) -> Answer:
        """Return the model's answer to `turns`, calling again after failures that may pass.

        `deadline` is a moment of `time.monotonic()` that bounds everything, pauses included.
        Raises `TutorTimeoutError` or `TutorUnavailableError`.
        """
        for pause in (*_PAUSES_SECONDS, None):
            try:
                return self._call_thinking_little(turns, deadline)
            except CallError as error:
                failure = error
            if pause is None or not failure.transient:
                break
            delay = pause if failure.advised_delay is None else failure.advised_delay
            if time.monotonic() + delay + SHORTEST_CALL_SECONDS > deadline:
                break
            logger.info("calling again in %.1f s: %s", delay, str(failure))
            time.sleep(delay)
        logger.warning("the provider did not answer: %s", str(failure))
        if failure.reason is Reason.DAY_IS_OVER:
            raise TutorUnavailableError(
                "The tutor has answered as much as it may today. Please come back tomorrow."
            ) from failure
        if failure.reason is Reason.TIMED_OUT:
            raise TutorTimeoutError("The tutor took too long to answer.") from failure
        raise TutorUnavailableError("The tutor cannot be reached right now.") from failure

    def _call_thinking_little(self, turns: Sequence[PromptTurn], deadline: float) -> Answer:
        """Call with the least thinking that the model is known to offer, and learn what it offers."""
        level = self._thinking
        while True:
            try:
                return self._call(turns, deadline, _THINKING[level])
            except CallError as error:
                if error.reason is not Reason.THINKING_REFUSED or level + 1 == len(_THINKING):
                    raise
                logger.info("%s refuses so little thinking: %s", self._model, str(error))
            level += 1
            self._thinking = max(self._thinking, level)

    def _call(
        self, turns: Sequence[PromptTurn], deadline: float, thinking: types.ThinkingConfig | None
    ) -> Answer:
        """Call once. Raises `CallError`, without the SDK's exception: its text may have key and learner."""
        milliseconds = max(int((deadline - time.monotonic()) * 1000), 1)
        try:
            response = self._client.models.generate_content(
                model=self._model,
                contents=[
                    types.Content(role=turn.role, parts=[types.Part(text=turn.text)]) for turn in turns
                ],
                config=_config(thinking, milliseconds),
            )
            raw = response.sdk_http_response
            return read_answer((raw.body if raw else None) or "")
        except errors.APIError as error:
            raise from_status(error) from None
        except httpx2.RequestError as error:
            raise from_transport(error) from None
        except (ValueError, RecursionError) as error:
            raise from_garbage(error) from None


def _config(thinking: types.ThinkingConfig | None, milliseconds: int) -> types.GenerateContentConfig:
    return types.GenerateContentConfig(
        system_instruction=SYSTEM_PROMPT,
        response_mime_type="application/json",
        response_schema=ReplyForm,
        max_output_tokens=_MAX_OUTPUT_TOKENS,
        # The SDK refuses a whole answer for a number in it that it does not expect.
        should_return_http_response=True,
        thinking_config=thinking,
        safety_settings=[
            types.SafetySetting(category=harm, threshold=types.HarmBlockThreshold.BLOCK_MEDIUM_AND_ABOVE)
            for harm in _HARMS
        ],
        automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True),
        http_options=types.HttpOptions(timeout=milliseconds),
    )
