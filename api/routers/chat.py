"""Text and voice chats."""

from http import HTTPStatus
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Response

from api.dependencies import (
    ChatsDep,
    IdempotencyKey,
    LinksDep,
    PreferredWait,
    ServicesDep,
    VoiceChatDep,
    WaitersDep,
)
from api.presenter import present, present_result
from api.problems import PROBLEM_RESPONSES
from api.schemas import ChatReply, JobView, TextChatRequest
from api.services import Services

router = APIRouter(prefix="/api/v1/ai", tags=["chat"], responses=PROBLEM_RESPONSES)

_VOICE_FORM: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["user_id", "audio_file"],
                    "properties": {
                        "user_id": {"type": "string"},
                        "conversation_id": {"type": "string"},
                        "speak": {"type": "array", "items": {"enum": ["reply", "explanation"]}},
                        "audio_file": {"type": "string", "format": "binary"},
                    },
                }
            }
        },
    }
}

_WITHIN_THE_WAIT: dict[int | str, dict[str, Any]] = {
    HTTPStatus.OK: {"model": JobView, "description": "The finished job, where `Prefer: wait=N` was enough"}
}


@router.post("/text-chat", status_code=HTTPStatus.ACCEPTED, responses=_WITHIN_THE_WAIT)
async def text_chat(
    body: TextChatRequest,
    chats: ChatsDep,
    services: ServicesDep,
    wait: PreferredWait,
    response: Response,
    key: IdempotencyKey = None,
) -> JobView:
    """Accept a message; the answer is a job to poll or to wait for."""
    return await _answer(await chats.accept_text(body, key), services, wait, response)


@router.post(
    "/voice-chat",
    status_code=HTTPStatus.ACCEPTED,
    responses=_WITHIN_THE_WAIT,
    openapi_extra=_VOICE_FORM,
)
async def voice_chat(
    chat: VoiceChatDep,
    chats: ChatsDep,
    services: ServicesDep,
    wait: PreferredWait,
    response: Response,
    key: IdempotencyKey = None,
) -> JobView:
    """Accept a recording of up to 60 s and 10 MB; the answer is a job to poll or to wait for."""
    return await _answer(await chats.accept_voice(chat, key), services, wait, response)


@router.post("/text-chat/wait")
async def text_chat_and_wait(
    body: TextChatRequest,
    chats: ChatsDep,
    waiters: WaitersDep,
    links: LinksDep,
    services: ServicesDep,
    key: IdempotencyKey = None,
) -> ChatReply:
    """Accept a message and answer with the reply itself."""
    job_id = await chats.accept_text(body, key)
    return present_result(await waiters.wait(job_id, services.settings.wait_timeout_seconds), links)


@router.post("/voice-chat/wait", openapi_extra=_VOICE_FORM)
async def voice_chat_and_wait(
    chat: VoiceChatDep,
    chats: ChatsDep,
    waiters: WaitersDep,
    links: LinksDep,
    services: ServicesDep,
    key: IdempotencyKey = None,
) -> ChatReply:
    """Accept a recording and answer with the reply itself."""
    job_id = await chats.accept_voice(chat, key)
    return present_result(await waiters.wait(job_id, services.settings.wait_timeout_seconds), links)


async def _answer(job_id: UUID, services: Services, wait: int | None, response: Response) -> JobView:
    """Return the job and set what goes with it: 200 where it ended within the wait, else 202."""
    if wait is None:
        record = await services.reader.one(job_id)
    else:
        record = await services.waiters.wait(job_id, wait)
        response.headers["Preference-Applied"] = f"wait={wait}"
    view = present(record, services.links)
    response.headers["Location"] = view.links.self
    if wait is not None and view.done:
        response.status_code = HTTPStatus.OK
    if not view.done:
        response.headers["Retry-After"] = "1"
    return view
