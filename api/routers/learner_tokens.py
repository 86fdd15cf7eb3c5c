"""Tokens with which a learner's own phone or browser asks."""

from http import HTTPStatus

from fastapi import APIRouter

from api.access.principal import InsufficientScopeError
from api.access.schemas import LearnerTokenRequest, LearnerTokenView
from api.dependencies import AskedFirst, PrincipalDep, ServicesDep
from api.openapi.document import answer, problems
from shared.errors import ErrorCode
from shared.models import BUILT_IN_APP_ID

router = APIRouter(prefix="/api/v1/learner-tokens", tags=["access"], route_class=AskedFirst)


@router.post(
    "",
    status_code=HTTPStatus.CREATED,
    responses=answer(HTTPStatus.CREATED, "The token", "learner_token")
    | problems(ErrorCode.REQUEST_TOO_LARGE, ErrorCode.REQUEST_TIMEOUT),
)
async def make_learner_token(
    body: LearnerTokenRequest, principal: PrincipalDep, services: ServicesDep
) -> LearnerTokenView:
    """Return a token for one learner of the app, which asks for it with its key."""
    if principal.user_id is not None:
        raise InsufficientScopeError("Only an app's key can ask for a token.")
    lifetime = services.settings.learner_token_lifetime
    token, expires_at = services.authentication.tokens.make(
        principal.learner(body.user_id),
        # Nobody has a key with `ACCESS=open`; such a token is good for nothing else.
        principal.key_id or BUILT_IN_APP_ID,
        min(lifetime, body.lifetime or lifetime),
    )
    return LearnerTokenView(token=token, expires_at=expires_at)
