"""A learner's mistakes, reviews and progress."""

from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Response

from api.dependencies import (
    AskedFirst,
    ChatsDep,
    IdempotencyKey,
    JobAnswersDep,
    MistakesDep,
    PreferredWait,
    PrincipalDep,
    ProgressDep,
    ReviewDep,
)
from api.jobs.schemas import JobView
from api.learning.mistakes import MistakeNotFoundError, present, prompt
from api.learning.schemas import (
    MistakePage,
    MistakesQuery,
    NextReview,
    ProgressView,
    TeachersQuery,
    TeachersView,
)
from api.openapi.document import RECORDING_REFUSED, TURN_REFUSED, answer, job_answers, nothing, problems
from api.schemas import UserId
from api.turns.forms import AUDIO_FIELD, REVIEW_FORM, VoiceChat
from api.turns.schemas import TextReviewRequest
from shared.errors import ErrorCode

router = APIRouter(prefix="/api/v1", tags=["learning"], route_class=AskedFirst)

_REVIEW: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": {"$ref": f"#/components/schemas/{TextReviewRequest.__name__}"}},
            "multipart/form-data": {
                "schema": {"$ref": f"#/components/schemas/{REVIEW_FORM}"},
                "encoding": {AUDIO_FIELD: {"contentType": "audio/*, video/*, application/octet-stream"}},
            },
        },
    }
}


async def _mistake_id(mistake_id: Annotated[str, Path(json_schema_extra={"format": "uuid"})]) -> UUID:
    try:
        return UUID(mistake_id)
    except ValueError:
        raise MistakeNotFoundError from None


@router.get(
    "/users/{user_id}/mistakes",
    responses=answer(HTTPStatus.OK, "A page", "mistakes") | problems(ErrorCode.DATABASE_UNAVAILABLE),
)
async def list_mistakes(
    user_id: UserId,
    query: Annotated[MistakesQuery, Query()],
    principal: PrincipalDep,
    mistakes: MistakesDep,
) -> MistakePage:
    """Return a page of the learner's mistakes, the one made last first."""
    page = await mistakes.page(principal.learner(user_id), query)
    return MistakePage(items=[present(record) for record in page.rows], next_cursor=page.next_cursor)


@router.get(
    "/users/{user_id}/progress",
    responses=answer(HTTPStatus.OK, "The progress", "progress") | problems(ErrorCode.DATABASE_UNAVAILABLE),
)
async def read_progress(user_id: UserId, principal: PrincipalDep, progress: ProgressDep) -> ProgressView:
    """Return how the learner gets on, over the last twelve weeks."""
    return await progress.of_learner(principal.learner(user_id))


@router.get(
    "/progress",
    responses=answer(HTTPStatus.OK, "The progress", "teachers_view")
    | problems(ErrorCode.DATABASE_UNAVAILABLE),
)
async def compare_progress(
    query: Annotated[TeachersQuery, Query()], principal: PrincipalDep, progress: ProgressDep
) -> TeachersView:
    """Return how several learners of an app get on, over the last twelve weeks; only with the app's key."""
    return await progress.of_learners(principal, query.user_ids.split(","))


@router.get(
    "/users/{user_id}/reviews/next",
    response_model=NextReview,
    responses=answer(HTTPStatus.OK, "What to review", "next_review")
    | nothing("Nothing is due now")
    | problems(ErrorCode.DATABASE_UNAVAILABLE),
)
async def next_review(
    user_id: UserId, principal: PrincipalDep, mistakes: MistakesDep
) -> NextReview | Response:
    """Return the open mistake that has been due longest."""
    found = await mistakes.next_review(principal.learner(user_id))
    if found is None:
        return Response(status_code=HTTPStatus.NO_CONTENT)
    return NextReview(mistake=present(found), prompt=prompt(found.mistake))


@router.post(
    "/users/{user_id}/reviews/{mistake_id}",
    status_code=HTTPStatus.ACCEPTED,
    responses=job_answers("queued_review", "reviewed_job") | problems(*TURN_REFUSED, *RECORDING_REFUSED),
    openapi_extra=_REVIEW,
)
async def review(
    mistake_id: Annotated[UUID, Depends(_mistake_id)],
    user_id: UserId,
    said: ReviewDep,
    principal: PrincipalDep,
    mistakes: MistakesDep,
    chats: ChatsDep,
    answers: JobAnswersDep,
    wait: PreferredWait,
    response: Response,
    key: IdempotencyKey = None,
) -> JobView:
    """Accept what the learner says or writes in a review, whether it is due or not; the answer is a job."""
    await mistakes.check(principal.learner(user_id), mistake_id)
    if isinstance(said, VoiceChat):
        accepted = await chats.accept_voice(principal, said, key, review_of=mistake_id)
    else:
        accepted = await chats.accept_text(principal, said, key, review_of=mistake_id)
    return await answers.answer(accepted, principal, wait, response)
