"""Learners and their erasure as clients see them."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, BeforeValidator, Field

from api.schemas import Body
from shared.models import ErasureState


def _written(value: object) -> object:
    """Refuse numbers, which pydantic takes for seconds since 1970."""
    if not (value is None or isinstance(value, str)):
        raise ValueError("must be a time as RFC 3339 has it")
    return value


Moment = Annotated[AwareDatetime, BeforeValidator(_written)]


class ConsentRequest(Body):
    """What a deployment has to know of a learner; what is left out is not so, or not any more."""

    consent_given_at: Moment | None = Field(default=None, description="when the learner agreed")
    guardian_consent_given_at: Moment | None = Field(
        default=None, description="when a child's guardian agreed, verifiably"
    )
    deletion_asked_at: Moment | None = Field(
        default=None, description="when the learner asked for deletion, however that was"
    )


class LearnerView(BaseModel):
    """A learner, and what is noted of them."""

    user_id: str
    consent_given_at: datetime | None
    guardian_consent_given_at: datetime | None
    deletion_asked_at: datetime | None
    created_at: datetime


class ErasureBegun(BaseModel):
    """An erasure that was asked for."""

    erasure_id: UUID


class ErasureView(BaseModel):
    """How far an erasure is."""

    erasure_id: UUID
    status: ErasureState = Field(
        description="`storage_away`: sounds are left in a store that does not answer; they go when it does"
    )
    asked_at: datetime
    finished_at: datetime | None
