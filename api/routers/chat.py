"""Text and voice chats."""

from http import HTTPStatus
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Response

from api.access.principal import Principal
from api.dependencies import (
    AskedFirst,
    ChatsDep,
    IdempotencyKey,
    JobAnswersDep,
    PreferredWait,
    PrincipalDep,
    ServicesDep,
    VoiceChatDep,
)
from api.jobs.present import present_result, shown
from api.jobs.schemas import ChatReply, JobView
from api.openapi.document import RECORDING_REFUSED, TURN_REFUSED, answer, job_answers, problems
from api.services import Services
from api.turns.forms import AUDIO_FIELD, VOICE_FORM
from api.turns.schemas import TextChatRequest
from shared.errors import ErrorCode

router = APIRouter(prefix="/api/v1/ai", tags=["chat"], route_class=AskedFirst)

_VOICE_FORM: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {"$ref": f"#/components/schemas/{VOICE_FORM}"},
                "encoding": {AUDIO_FIELD: {"contentType": "audio/*, video/*, application/octet-stream"}},
            }
        },
    }
}

_NO_REPLY = (
    ErrorCode.WAIT_TIMEOUT,
    ErrorCode.LLM_TIMEOUT,
    ErrorCode.QUEUE_DEADLINE,
    ErrorCode.RUN_DEADLINE,
    ErrorCode.TUTOR_UNAVAILABLE,
    ErrorCode.TUTOR_INVALID_REPLY,
    ErrorCode.POISONED,
    ErrorCode.OUT_OF_MEMORY,
    ErrorCode.CANCELLED,
)
_NO_TRANSCRIPT = (ErrorCode.NO_SPEECH, ErrorCode.STT_TIMEOUT, ErrorCode.ENGINE_UNAVAILABLE)

_JOB = job_answers("queued_job", "finished_job")
_REPLY = answer(HTTPStatus.OK, "The reply", "reply")


@router.post("/text-chat", status_code=HTTPStatus.ACCEPTED, responses=_JOB | problems(*TURN_REFUSED))
async def text_chat(
    body: TextChatRequest,
    principal: PrincipalDep,
    chats: ChatsDep,
    answers: JobAnswersDep,
    wait: PreferredWait,
    response: Response,
    key: IdempotencyKey = None,
) -> JobView:
    """Accept a message; the answer is a job to poll or to wait for."""
    return await answers.answer(await chats.accept_text(principal, body, key), principal, wait, response)


@router.post(
    "/voice-chat",
    status_code=HTTPStatus.ACCEPTED,
    responses=_JOB | problems(*TURN_REFUSED, *RECORDING_REFUSED),
    openapi_extra=_VOICE_FORM,
)
async def voice_chat(
    chat: VoiceChatDep,
    principal: PrincipalDep,
    chats: ChatsDep,
    answers: JobAnswersDep,
    wait: PreferredWait,
    response: Response,
    key: IdempotencyKey = None,
) -> JobView:
    """Accept a recording; the answer is a job to poll or to wait for."""
    return await answers.answer(await chats.accept_voice(principal, chat, key), principal, wait, response)


@router.post("/text-chat/wait", responses=_REPLY | problems(*TURN_REFUSED, *_NO_REPLY))
async def text_chat_and_wait(
    body: TextChatRequest,
    principal: PrincipalDep,
    chats: ChatsDep,
    services: ServicesDep,
    key: IdempotencyKey = None,
) -> ChatReply:
    """Accept a message and answer with the reply itself."""
    accepted = await chats.accept_text(principal, body, key)
    return await _reply(accepted.job_id, principal, services)


@router.post(
    "/voice-chat/wait",
    responses=_REPLY | problems(*TURN_REFUSED, *RECORDING_REFUSED, *_NO_REPLY, *_NO_TRANSCRIPT),
    openapi_extra=_VOICE_FORM,
)
async def voice_chat_and_wait(
    chat: VoiceChatDep,
    principal: PrincipalDep,
    chats: ChatsDep,
    services: ServicesDep,
    key: IdempotencyKey = None,
) -> ChatReply:
    """Accept a recording and answer with the reply itself."""
    accepted = await chats.accept_voice(principal, chat, key)
    return await _reply(accepted.job_id, principal, services)


async def _reply(job_id: UUID, principal: Principal, services: Services) -> ChatReply:
    seconds, reach = services.settings.wait_timeout_seconds, principal.reach(None)
    record = await services.waiters.wait(job_id, seconds, reach, key_id=principal.key_id)
    return await shown(record, services.links, present_result)
