"""Conversations: list them, read what was said in one, delete one."""

import asyncio
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from api.conversations.present import present_conversation, present_message
from api.conversations.schemas import ConversationPage, ConversationsQuery, MessagePage, MessagesQuery
from api.dependencies import ConversationsDep, LinksDep, PrincipalDep
from api.openapi.document import ITEM_PROBLEMS, answer, problems
from api.schemas import ConversationId, UserQuery
from shared.errors import ErrorCode

router = APIRouter(prefix="/api/v1/conversations", tags=["conversations"])

PublicId = Annotated[ConversationId, Path(alias="conversation_id")]


@router.get(
    "", responses=answer(HTTPStatus.OK, "A page", "conversations") | problems(ErrorCode.DATABASE_UNAVAILABLE)
)
async def list_conversations(
    query: Annotated[ConversationsQuery, Query()], principal: PrincipalDep, conversations: ConversationsDep
) -> ConversationPage:
    """Return a page of the learner's conversations, most recently used first."""
    page = await conversations.page(principal.learner(query.user_id), query)
    items = [present_conversation(record) for record in page.rows]
    return ConversationPage(items=items, next_cursor=page.next_cursor)


@router.get(
    "/{conversation_id}",
    responses=answer(HTTPStatus.OK, "A page", "messages") | problems(*ITEM_PROBLEMS),
)
async def read_conversation(
    public_id: PublicId,
    query: Annotated[MessagesQuery, Query()],
    principal: PrincipalDep,
    conversations: ConversationsDep,
    links: LinksDep,
) -> MessagePage:
    """Return a page of what was said in the learner's conversation, oldest first."""
    page = await conversations.messages(principal.learner(query.user_id), public_id, query)
    # In a thread: a page of presigned URLs takes some 50 ms.
    items = await asyncio.to_thread(lambda: [present_message(record, links) for record in page.rows])
    return MessagePage(items=items, next_cursor=page.next_cursor)


@router.delete(
    "/{conversation_id}",
    status_code=HTTPStatus.NO_CONTENT,
    response_class=Response,
    responses=problems(*ITEM_PROBLEMS),
)
async def delete_conversation(
    public_id: PublicId,
    query: Annotated[UserQuery, Query()],
    principal: PrincipalDep,
    conversations: ConversationsDep,
) -> None:
    """Delete the learner's conversation: its messages, its jobs, whatever they are at, and its audio.

    What was counted as usage stays counted.
    """
    await conversations.delete(principal.learner(query.user_id), public_id)
