"""Named dependencies of the routers; all coroutines, for FastAPI runs any other function in a thread."""

import re
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Header, Path, Request, Response, Security
from fastapi.routing import APIRoute
from fastapi.security import HTTPBearer
from pydantic import ValidationError
from sqlalchemy.exc import SQLAlchemyError

from api.access.principal import Principal
from api.audio.links import AudioLinks
from api.audio.playback import Playback
from api.conversations.history import Conversations
from api.http.client_address import client_of
from api.http.draining import Draining
from api.http.problems import InvalidRequestError, describe_validation
from api.jobs.answering import JobAnswers
from api.jobs.control import JobControl
from api.jobs.follow import JobFollowers
from api.jobs.lists import JobLists
from api.jobs.read import JobNotFoundError, JobReader
from api.jobs.telling import Telling
from api.jobs.wait import JobWaiters
from api.learners.export import Export
from api.learners.rights import LearnerRights
from api.learning.mistakes import Mistakes
from api.learning.progress import ProgressReader
from api.operations.health import HealthChecks
from api.operations.model_loading import ModelLoading
from api.schemas import UserId
from api.services import Services
from api.turns.accept import Chats
from api.turns.forms import VoiceChat, read_voice_chat
from api.turns.schemas import REVIEWS, TextChatRequest, TextReviewRequest
from api.usage.report import UsageReader
from api.web.page import PracticePage
from shared.errors import DomainError
from shared.models import Scope
from shared.settings import AppEnv
from shared.telemetry import job_id_var

MAX_WAIT_SECONDS = 60
# What stands in quotes is a value; only one that is a number means something here.
_QUOTED = re.compile(r'"(?:(\d{1,9})"|(?:[^"\\]|\\.)*(?:"|\\?$))')
_WAIT = re.compile(r"(?:^|[,;])\s*wait\s*=\s*(\d{1,9})\s*(?=$|[,;])", re.IGNORECASE)


def _services_of(request: Request) -> Services:
    services: Services = request.app.state.services
    return services


async def _services(request: Request) -> Services:
    return _services_of(request)


# FastAPI solves a dependency's own dependencies for every place that names it, also where its result is
# known. So those that nearly every route has take the request instead.
ServicesDep = Annotated[Services, Depends(_services)]


def _part(choose: Callable[[Services], object]) -> Any:
    """Return the dependency that is one of the services."""

    async def read(request: Request) -> object:
        return choose(_services_of(request))

    return Depends(read)


_BEARER = HTTPBearer(
    scheme_name="bearer",
    description="an app's key (`ep_live_…`), or a learner's token",
    auto_error=False,  # what is missing or wrong is a problem of ours
)


async def _asking(request: Request) -> Principal:
    """Return who asks. Raises `UnauthenticatedError`."""
    principal: Principal | None = getattr(request.state, "principal", None)
    if principal is None:
        # Several are one, as HTTP has it, and none of ours: a proxy may have looked at another than we would.
        authorization = ", ".join(request.headers.getlist("Authorization")) or None
        principal = await _services_of(request).authentication.principal(authorization, client_of(request))
        request.state.principal = principal
    return principal


class AskedFirst(APIRoute):
    """A route that reads a body only from who may ask: FastAPI reads it before any dependency."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return what serves a request."""
        serve = super().get_route_handler()

        async def ask_and_serve(request: Request) -> Response:
            await _asking(request)
            return await serve(request)

        return ask_and_serve


async def _allowed(request: Request, scope: Scope) -> Principal:
    principal = await _asking(request)
    principal.require(scope)
    return principal


async def _chatting(request: Request) -> Principal:
    return await _allowed(request, Scope.CHAT)


async def chatting(request: Request, _: Annotated[object, Security(_BEARER)]) -> None:
    """Let only those pass who ask for a learner. Raises `InsufficientScopeError`."""
    await _chatting(request)


async def operating(request: Request, _: Annotated[object, Security(_BEARER)]) -> Principal:
    """Return which operator asks. Raises `InsufficientScopeError`."""
    return await _allowed(request, Scope.OPERATE)


async def operating_or_dev(request: Request) -> None:
    """Let anyone pass where `APP_ENV=dev`, and operators everywhere. Raises what `operating` raises."""
    if _services_of(request).settings.app_env is not AppEnv.DEV:
        await _allowed(request, Scope.OPERATE)


async def is_operator(request: Request) -> bool:
    """Tell whether an operator asks; anyone may."""
    try:
        await _allowed(request, Scope.OPERATE)
    except (DomainError, SQLAlchemyError):
        return False
    return True


async def chatting_unless_signed(
    request: Request, _: Annotated[object, Security(_BEARER)]
) -> Principal | None:
    """Return who asks for a learner; None for who comes with a signed link, which is still to be checked."""
    if {"expires", "signature"} & request.query_params.keys():
        return None
    return await _chatting(request)


PrincipalDep = Annotated[Principal, Depends(_chatting)]
OperatorDep = Annotated[Principal, Depends(operating)]
PrincipalUnlessSigned = Annotated[Principal | None, Depends(chatting_unless_signed)]
IsOperator = Annotated[bool, Depends(is_operator)]


async def _voice_chat(
    request: Request, services: ServicesDep, principal: PrincipalDep
) -> AsyncIterator[VoiceChat]:
    async with asynccontextmanager(read_voice_chat)(request, services.arrivals, principal) as chat:
        yield chat


async def _review(
    request: Request, services: ServicesDep, principal: PrincipalDep, user_id: UserId
) -> AsyncIterator[VoiceChat | TextChatRequest]:
    """Yield what a learner says in a review: a form with a recording, or JSON. Raises `WrongUserError`."""
    known = {"user_id": principal.learner(user_id).user_id, "conversation_id": REVIEWS}
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type == "multipart/form-data":
        async with asynccontextmanager(read_voice_chat)(request, services.arrivals, principal, known) as chat:
            yield chat
        return
    if content_type != "application/json":
        raise InvalidRequestError("body: must be application/json or multipart/form-data")
    try:
        written = TextReviewRequest.model_validate_json(await request.body())
    except ValidationError as error:
        raise InvalidRequestError(describe_validation(error.errors())) from None
    yield TextChatRequest(**known, **written.model_dump())


def preferred_wait(prefer: Sequence[str]) -> int | None:
    """Return the seconds that `Prefer: wait=N` asks for (RFC 7240), 60 at most; None if it asks for none.

    Several headers count as one; a preference that cannot be read is ignored, as the RFC says.
    """
    unquoted = _QUOTED.sub(lambda quoted: quoted[1] or "?", ", ".join(prefer))
    asked = _WAIT.search(unquoted)
    seconds = int(asked[1]) if asked else 0
    return min(seconds, MAX_WAIT_SECONDS) or None


async def _preferred_wait(
    request: Request,
    _: Annotated[
        str | None,
        Header(
            alias="Prefer",
            description=f"`wait=N`: answer within N seconds, {MAX_WAIT_SECONDS} at most (RFC 7240)",
            examples=["wait=10"],
        ),
    ] = None,
) -> int | None:
    # The parameter is for the document: a client sends one header, though several are allowed.
    return preferred_wait(request.headers.getlist("Prefer"))


async def _job_id(job_id: Annotated[str, Path(json_schema_extra={"format": "uuid"})]) -> UUID:
    """Return the job id of the path and add it to the request's log lines."""
    try:
        parsed = UUID(job_id)
    except ValueError:
        raise JobNotFoundError from None
    job_id_var.set(str(parsed))
    return parsed


JobId = Annotated[UUID, Depends(_job_id)]
ChatsDep = Annotated[Chats, _part(lambda services: services.chats)]
WaitersDep = Annotated[JobWaiters, _part(lambda services: services.waiters)]
JobAnswersDep = Annotated[JobAnswers, _part(lambda services: services.answers)]
FollowersDep = Annotated[JobFollowers, _part(lambda services: services.followers)]
TellingDep = Annotated[Telling, _part(lambda services: services.telling)]
ControlDep = Annotated[JobControl, _part(lambda services: services.control)]
ModelLoadingDep = Annotated[ModelLoading, _part(lambda services: services.model_loading)]
ReaderDep = Annotated[JobReader, _part(lambda services: services.reader)]
JobListsDep = Annotated[JobLists, _part(lambda services: services.job_lists)]
ConversationsDep = Annotated[Conversations, _part(lambda services: services.conversations)]
RightsDep = Annotated[LearnerRights, _part(lambda services: services.rights)]
ExportDep = Annotated[Export, _part(lambda services: services.export)]
MistakesDep = Annotated[Mistakes, _part(lambda services: services.mistakes)]
ProgressDep = Annotated[ProgressReader, _part(lambda services: services.progress)]
UsageDep = Annotated[UsageReader, _part(lambda services: services.usage)]
LinksDep = Annotated[AudioLinks, _part(lambda services: services.links)]
PlaybackDep = Annotated[Playback, _part(lambda services: services.playback)]
DrainingDep = Annotated[Draining, _part(lambda services: services.draining)]
HealthDep = Annotated[HealthChecks, _part(lambda services: services.health)]
PracticePageDep = Annotated[PracticePage, _part(lambda services: services.practice_page)]
VoiceChatDep = Annotated[VoiceChat, Depends(_voice_chat)]
ReviewDep = Annotated[VoiceChat | TextChatRequest, Depends(_review)]
PreferredWait = Annotated[int | None, Depends(_preferred_wait)]
IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        pattern=r"^[\x21-\x7e]{1,255}$",
        description="the same key and request give the same job again; kept 24 h, per user",
        examples=["9f6b2c1e-turn-1"],
    ),
]
