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
    PreferredWait,
    PrincipalDep,
    ServicesDep,
    VoiceChatDep,
)
from api.jobs.present import present, present_result, shown
from api.jobs.schemas import ChatReply, JobView
from api.openapi.document import answer, problems
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

_TURN_REFUSED = (
    ErrorCode.IDEMPOTENCY_KEY_REUSED,
    ErrorCode.REQUEST_TOO_LARGE,
    ErrorCode.REQUEST_TIMEOUT,
    ErrorCode.TOO_MANY_JOBS,
    ErrorCode.BUSY,
    ErrorCode.QUOTA_EXCEEDED,
    ErrorCode.ERASURE_IN_PROGRESS,
    ErrorCode.DATABASE_UNAVAILABLE,
    ErrorCode.NOT_FOUND,  # deleted with its conversation before the answer
)
_RECORDING_REFUSED = (
    ErrorCode.AUDIO_TOO_LARGE,
    ErrorCode.UNSUPPORTED_AUDIO,
    ErrorCode.INVALID_AUDIO,
    ErrorCode.AUDIO_TOO_LONG,
    ErrorCode.UPLOADS_BUSY,
    ErrorCode.TOO_MANY_UPLOADS,
    ErrorCode.CONSENT_REQUIRED,
    ErrorCode.STORAGE_UNAVAILABLE,
)
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

_JOB = answer(
    HTTPStatus.ACCEPTED,
    "The job",
    "queued_job",
    headers={"Location": True, "Preference-Applied": False, "Retry-After": False},
) | answer(
    HTTPStatus.OK,
    "The finished job, where `Prefer: wait=N` was enough",
    "finished_job",
    model=JobView,
    headers={"Location": True, "Preference-Applied": True},
)
_REPLY = answer(HTTPStatus.OK, "The reply", "reply")


@router.post("/text-chat", status_code=HTTPStatus.ACCEPTED, responses=_JOB | problems(*_TURN_REFUSED))
async def text_chat(
    body: TextChatRequest,
    principal: PrincipalDep,
    chats: ChatsDep,
    services: ServicesDep,
    wait: PreferredWait,
    response: Response,
    key: IdempotencyKey = None,
) -> JobView:
    """Accept a message; the answer is a job to poll or to wait for."""
    return await _answer(await chats.accept_text(principal, body, key), principal, services, wait, response)


@router.post(
    "/voice-chat",
    status_code=HTTPStatus.ACCEPTED,
    responses=_JOB | problems(*_TURN_REFUSED, *_RECORDING_REFUSED),
    openapi_extra=_VOICE_FORM,
)
async def voice_chat(
    chat: VoiceChatDep,
    principal: PrincipalDep,
    chats: ChatsDep,
    services: ServicesDep,
    wait: PreferredWait,
    response: Response,
    key: IdempotencyKey = None,
) -> JobView:
    """Accept a recording; the answer is a job to poll or to wait for."""
    return await _answer(await chats.accept_voice(principal, chat, key), principal, services, wait, response)


@router.post("/text-chat/wait", responses=_REPLY | problems(*_TURN_REFUSED, *_NO_REPLY))
async def text_chat_and_wait(
    body: TextChatRequest,
    principal: PrincipalDep,
    chats: ChatsDep,
    services: ServicesDep,
    key: IdempotencyKey = None,
) -> ChatReply:
    """Accept a message and answer with the reply itself."""
    job_id = await chats.accept_text(principal, body, key)
    return await _reply(job_id, principal, services)


@router.post(
    "/voice-chat/wait",
    responses=_REPLY | problems(*_TURN_REFUSED, *_RECORDING_REFUSED, *_NO_REPLY, *_NO_TRANSCRIPT),
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
    job_id = await chats.accept_voice(principal, chat, key)
    return await _reply(job_id, principal, services)


async def _reply(job_id: UUID, principal: Principal, services: Services) -> ChatReply:
    seconds, reach = services.settings.wait_timeout_seconds, principal.reach(None)
    record = await services.waiters.wait(job_id, seconds, reach, key_id=principal.key_id)
    return await shown(record, services.links, present_result)


async def _answer(
    job_id: UUID, principal: Principal, services: Services, wait: int | None, response: Response
) -> JobView:
    """Return the job and set what goes with it: 200 where it ended within the wait, else 202."""
    reach = principal.reach(None)
    if wait is None:
        record = await services.reader.one(job_id, reach)
    else:
        record = await services.waiters.wait(job_id, wait, reach, key_id=principal.key_id)
        response.headers["Preference-Applied"] = f"wait={wait}"
    view = await shown(record, services.links, present)
    response.headers["Location"] = view.links.self
    if wait is not None and view.done:
        response.status_code = HTTPStatus.OK
    if not view.done:
        response.headers["Retry-After"] = "1"
    return view
