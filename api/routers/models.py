"""Loading the models."""

from http import HTTPStatus

from fastapi import APIRouter

from api.dependencies import DrainingDep, ModelLoadingDep, OperatorDep
from api.http.draining import StoppingError
from api.openapi.document import answer, problems
from api.operations.model_loading import ModelsTimeoutError
from api.operations.schemas import ModelStates
from shared.errors import ErrorCode

router = APIRouter(prefix="/api/v1/ai", tags=["operations"])


@router.post(
    "/init-models",
    response_model_exclude_none=True,
    responses=answer(HTTPStatus.OK, "What became of each", "models")
    | problems(
        ErrorCode.BROKER_UNAVAILABLE,
        ErrorCode.DATABASE_UNAVAILABLE,
        ErrorCode.MODELS_TIMEOUT,
    ),
)
async def init_models(_: OperatorDep, loading: ModelLoadingDep, draining: DrainingDep) -> ModelStates:
    """Have every live worker load its models, and tell what became of it; 504 past five minutes."""
    try:
        return await draining.unless_stopping(loading.load_all())
    except StoppingError:
        raise ModelsTimeoutError from None
