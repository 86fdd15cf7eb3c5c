"""What Prometheus reads."""

import asyncio
from http import HTTPStatus

from fastapi import APIRouter
from fastapi.responses import PlainTextResponse

from api.dependencies import HealthDep, OperatorDep
from api.openapi.document import problems, referred
from shared.backlog import BacklogCollector
from shared.metrics import CONTENT_TYPE, exposition

router = APIRouter(tags=["operations"])


@router.get(
    "/metrics",
    response_class=PlainTextResponse,
    responses={
        HTTPStatus.OK: {
            "description": "The figures",
            "content": {"text/plain": {"examples": referred("metrics")}},
        }
    }
    | problems(),
)
async def metrics(_: OperatorDep, checks: HealthDep) -> PlainTextResponse:
    """Return what all processes of this API have counted, and what waits, runs and lives, for Prometheus."""
    backlog = await checks.backlog()
    text = await asyncio.to_thread(exposition, BacklogCollector(lambda: backlog))
    return PlainTextResponse(text, media_type=CONTENT_TYPE)
