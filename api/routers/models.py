"""Loading the models."""

from fastapi import APIRouter

from api.dependencies import ModelLoadingDep
from api.problems import PROBLEM_RESPONSES
from api.schemas import ModelStates

router = APIRouter(prefix="/api/v1/ai", tags=["operations"], responses=PROBLEM_RESPONSES)


@router.post("/init-models", response_model_exclude_none=True)
async def init_models(loading: ModelLoadingDep) -> ModelStates:
    """Have every live worker load its models, and tell what became of it; 504 past five minutes."""
    return await loading.load_all()
