"""Whether the service is alive and whether it can accept jobs."""

from http import HTTPStatus

from fastapi import APIRouter

from api.dependencies import HealthDep, IsOperator
from api.http.problems import ProblemError, problem
from api.openapi.document import answer, problems
from api.operations.schemas import Health, HealthSummary, Readiness
from shared.errors import ErrorCode

router = APIRouter(prefix="/health", tags=["operations"])


@router.get("", responses=answer(HTTPStatus.OK, "The state", "health") | problems())
async def health(checks: HealthDep, is_operator: IsOperator) -> Health | HealthSummary:
    """Return the state of everything the service needs: always 200 while the process lives.

    Who may not operate it is told no more than the status.
    """
    found = await checks.look()
    return found if is_operator else HealthSummary(status=found.status)


@router.get(
    "/ready",
    responses=answer(HTTPStatus.OK, "Jobs are accepted", "ready") | problems(ErrorCode.DATABASE_UNAVAILABLE),
)
async def ready(checks: HealthDep) -> Readiness:
    """Return 200 when a job could be accepted now, 503 when not."""
    if not await checks.database_answers():
        raise ProblemError(problem(ErrorCode.DATABASE_UNAVAILABLE, "database: does not answer"))
    return Readiness()
