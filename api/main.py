"""The HTTP application: `uvicorn api.main:app`."""

import gc
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from http import HTTPStatus

from fastapi import Depends, FastAPI, Request, Response
from fastapi.middleware.cors import CORSMiddleware

from api.dependencies import chatting, chatting_unless_signed, operating, operating_or_dev
from api.http import allowances, problems
from api.http.access_log import AccessLog
from api.http.allowances import Allowances
from api.http.body_limit import BodyLimit
from api.http.connections import STATE, Connections
from api.http.departures import Departures
from api.http.head_requests import HeadRequests
from api.http.hosts import AllowedHosts
from api.http.parameters import only_declared_parameters
from api.http.request_ids import HEADER, RequestIds
from api.jobs.follow import NothingFollowsError
from api.openapi.document import DocumentedApp, operation_id
from api.routers import (
    audio,
    chat,
    conversations,
    docs,
    events,
    health,
    jobs,
    learner_tokens,
    learners,
    learning,
    metrics,
    models,
    practice,
    usage,
)
from api.services import running_services
from api.settings import ApiSettings
from shared import __version__, telemetry
from shared.settings import read_settings

logger = logging.getLogger(__name__)

# Sounds and events can also be opened by a signed link, which their routes check.
_WHO_MAY_ASK = {
    learner_tokens: [Depends(chatting)],
    chat: [Depends(chatting)],
    jobs: [Depends(chatting)],
    events: [Depends(chatting_unless_signed)],
    conversations: [Depends(chatting)],
    learning: [Depends(chatting)],
    usage: [Depends(chatting)],
    learners: [Depends(chatting)],
    models: [Depends(operating)],
    audio: [],
    health: [],
    metrics: [Depends(operating)],
    docs: [Depends(operating_or_dev)],
    practice: [],  # it holds nothing of anybody
}


def create_app(settings: ApiSettings) -> FastAPI:
    """Return the application. It starts without any server, and answers 503 where one is needed."""
    telemetry.configure_logging(settings.app_env)
    logging.getLogger("python_multipart").setLevel(logging.ERROR)  # its warnings quote what was sent

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[Mapping[str, Connections]]:
        try:
            async with running_services(settings) as services:
                app.state.services = services
                gc.freeze()  # else each full collection walks all that is loaded: requests stand for 0.1 s
                yield {STATE: _connections(settings)}
        except Exception:
            # The server will only have the traceback's text, which is not shown.
            logger.exception("the API cannot run")
            raise

    app = DocumentedApp(
        title="English practice",
        version=__version__,
        summary="A tutor for Indian learners of English: talk to it by text or voice.",
        lifespan=lifespan,
        servers=[{"url": settings.public_path}] if settings.public_path else None,
        openapi_url=None,
        redirect_slashes=False,
        generate_unique_id_function=operation_id,
        # FastAPI's own would tell paths, signed queries and the text of exceptions (docs/decisions/0033).
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
    )
    app.needs_credentials = not settings.is_open
    for resource, who in _WHO_MAY_ASK.items():
        # Who asks comes first: to nobody else is said what is wrong with a request.
        app.include_router(resource.router, dependencies=[*who, Depends(only_declared_parameters)])
    problems.install(app)
    app.exception_handler(NothingFollowsError)(_nothing_follows)
    app.add_middleware(Allowances)
    app.add_middleware(BodyLimit, seconds=settings.body_timeout_seconds)
    if settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.cors_origins,
            allow_methods=["*"],
            allow_headers=["*"],
            expose_headers=[
                HEADER,
                "Location",
                "Retry-After",
                "Preference-Applied",
                allowances.POLICY_HEADER,
                allowances.HEADER,
            ],
        )
    app.add_middleware(Departures)
    if settings.allowed_hosts:
        app.add_middleware(AllowedHosts, hosts=settings.allowed_hosts)
    app.add_middleware(AccessLog)  # within HeadRequests: only the scope that is routed gets the route
    app.add_middleware(HeadRequests)
    app.add_middleware(RequestIds)
    return app


async def _nothing_follows(request: Request, error: Exception) -> Response:
    """Answer 204: it keeps a browser from resuming a stream for ever."""
    return Response(status_code=HTTPStatus.NO_CONTENT)


def _connections(settings: ApiSettings) -> Connections:
    return Connections(
        head_seconds=settings.head_timeout_seconds,
        keep_alive_seconds=settings.keep_alive_seconds,
        taking_seconds=settings.body_timeout_seconds,
        most=settings.max_connections,
    )


app = create_app(read_settings(ApiSettings))
