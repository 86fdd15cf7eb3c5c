"""Health and models as operators see them."""

from typing import Literal

from pydantic import (
    BaseModel,
    Field,
)


class QueueHealth(BaseModel):
    """Live workers of one queue."""

    ok: bool
    workers: int


class DependencyHealth(BaseModel):
    """Whether something the service needs answers."""

    ok: bool
    detail: str | None = None


class WorkersHealth(DependencyHealth):
    """Whether every queue has a live worker."""

    queues: dict[str, QueueHealth]


class Dependencies(BaseModel):
    """Everything the service needs."""

    database: DependencyHealth
    broker: DependencyHealth
    storage: DependencyHealth
    workers: WorkersHealth
    tutor: DependencyHealth


class EngineHealth(BaseModel):
    """A chosen engine, and whether a live worker has it loaded."""

    engine: str
    status: Literal["loaded", "not_loaded", "failed"]
    reason: str | None = None


class HealthSummary(BaseModel):
    """Whether the service is well."""

    status: Literal["ok", "degraded"]


class Health(HealthSummary):
    """The service as it is."""

    version: str
    app_env: str
    engines: dict[str, EngineHealth]
    dependencies: Dependencies


class Readiness(BaseModel):
    """The service can accept jobs."""

    status: Literal["ready"] = "ready"


class ModelState(BaseModel):
    """What became of loading a model; `mode` names the engine."""

    status: Literal["loaded", "not_loaded", "failed"]
    mode: str | None = None
    reason: str | None = None
    parts: dict[str, str] | None = Field(default=None, description="the states of an engine's several models")


class ModelStates(BaseModel):
    """What became of loading every model; voices stand under their own names."""

    stt: ModelState
    llm: ModelState
    tts: dict[str, str]
