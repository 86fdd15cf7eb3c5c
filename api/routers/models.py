"""Loading the models."""

from fastapi import APIRouter

from api.dependencies import DrainingDep, ModelLoadingDep
from api.draining import StoppingError
from api.model_loading import ModelsTimeoutError
from api.problems import PROBLEM_RESPONSES
from api.schemas import ModelStates

router = APIRouter(prefix="/api/v1/ai", tags=["operations"], responses=PROBLEM_RESPONSES)


@router.post("/init-models", response_model_exclude_none=True)
async def init_models(loading: ModelLoadingDep, draining: DrainingDep) -> ModelStates:
    """Have every live worker load its models, and tell what became of it; 504 past five minutes."""
    try:
        return await draining.unless_stopping(loading.load_all())
    except StoppingError:
        raise ModelsTimeoutError("The models are still loading. Please look again later.") from None
