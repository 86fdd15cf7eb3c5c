"""What a learner has a right to: a copy of all that is kept, its erasure, and consent noted."""

from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Response
from fastapi.responses import StreamingResponse

from api.dependencies import AskedFirst, ExportDep, LinksDep, PrincipalDep, RightsDep
from api.learners.rights import ErasureNotFoundError
from api.learners.schemas import ConsentRequest, ErasureBegun, ErasureView, LearnerView
from api.openapi.document import ITEM_PROBLEMS, answer, archive, problems
from api.schemas import UserId
from shared.errors import ErrorCode

router = APIRouter(prefix="/api/v1", tags=["learners"], route_class=AskedFirst)

_ZIP = "application/zip"


@router.put(
    "/users/{user_id}",
    responses=answer(HTTPStatus.OK, "What is noted now", "learner")
    | problems(
        ErrorCode.ERASURE_IN_PROGRESS,
        ErrorCode.REQUEST_TOO_LARGE,
        ErrorCode.REQUEST_TIMEOUT,
        ErrorCode.DATABASE_UNAVAILABLE,
    ),
)
async def note_consent(
    user_id: UserId, body: ConsentRequest, principal: PrincipalDep, rights: RightsDep
) -> LearnerView:
    """Note when the learner, or their guardian, agreed, and when they asked for deletion."""
    row = await rights.note_consent(principal.learner(user_id), body)
    return LearnerView.model_validate(row, from_attributes=True)


@router.get(
    "/users/{user_id}/export",
    response_class=StreamingResponse,
    responses=archive(HTTPStatus.OK, "Everything, as a ZIP: JSON and audio") | problems(*ITEM_PROBLEMS),
)
async def export_learner(user_id: UserId, principal: PrincipalDep, export: ExportDep) -> StreamingResponse:
    """Return all that is kept of the learner, while it is gathered."""
    content = await export.open(principal.learner(user_id), key_id=principal.key_id)
    headers = {"Content-Disposition": 'attachment; filename="export.zip"', "Cache-Control": "no-store"}
    return StreamingResponse(content, media_type=_ZIP, headers=headers)


@router.delete(
    "/users/{user_id}",
    status_code=HTTPStatus.ACCEPTED,
    responses=answer(HTTPStatus.ACCEPTED, "It has begun", "erasure_begun", headers={"Location": True})
    | problems(ErrorCode.DATABASE_UNAVAILABLE),
)
async def erase_learner(
    user_id: UserId, principal: PrincipalDep, rights: RightsDep, links: LinksDep, response: Response
) -> ErasureBegun:
    """Erase everything of the learner; nothing of theirs is accepted until that is done."""
    erasure_id = await rights.erase(principal.learner(user_id))
    response.headers["Location"] = f"{links.base_path}/api/v1/erasures/{erasure_id}"
    return ErasureBegun(erasure_id=erasure_id)


@router.get(
    "/erasures/{erasure_id}",
    responses=answer(HTTPStatus.OK, "How far it is", "erasure") | problems(*ITEM_PROBLEMS),
)
async def read_erasure(
    erasure_id: Annotated[str, Path(json_schema_extra={"format": "uuid"})],
    principal: PrincipalDep,
    rights: RightsDep,
) -> ErasureView:
    """Return how far an erasure is."""
    try:
        parsed = UUID(erasure_id)
    except ValueError:
        raise ErasureNotFoundError from None
    found = await rights.erasure(principal, parsed)
    return ErasureView(
        erasure_id=found.id, status=found.state, asked_at=found.asked_at, finished_at=found.finished_at
    )
