"""A user's usage, day by day."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query

from api.dependencies import PrincipalDep, UsageDep
from api.openapi.document import answer, problems
from api.schemas import UserId
from api.usage.schemas import UsageQuery, UsageView
from shared.errors import ErrorCode

router = APIRouter(prefix="/api/v1/users", tags=["usage"])


@router.get(
    "/{user_id}/usage",
    responses=answer(HTTPStatus.OK, "The usage", "usage") | problems(ErrorCode.DATABASE_UNAVAILABLE),
)
async def read_usage(
    user_id: UserId, query: Annotated[UsageQuery, Query()], principal: PrincipalDep, usage: UsageDep
) -> UsageView:
    """Return what the learner did on each day, in all, and what is left of quotas; by default 31 days."""
    return await usage.read(principal.learner(user_id), principal.quotas, query)
