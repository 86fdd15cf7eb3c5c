"""Learner tokens as clients see them."""

from datetime import datetime, timedelta
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, Field

from api.schemas import Body, UserId


def _number(value: object) -> object:
    """Refuse texts and `true`, which pydantic takes for numbers."""
    if value is True or value is False or isinstance(value, str):
        raise ValueError("must be a number")
    return value


class LearnerTokenRequest(Body):
    """For whom a token is asked for."""

    user_id: UserId
    expires_in: Annotated[int | None, BeforeValidator(_number)] = Field(
        default=None,
        ge=1,
        le=86_400,
        description="seconds; the deployment's own lifetime, an hour by default, if unset or longer",
    )

    @property
    def lifetime(self) -> timedelta | None:
        """How long the token is to work; None: as long as it may."""
        return None if self.expires_in is None else timedelta(seconds=self.expires_in)


class LearnerTokenView(BaseModel):
    """A token, and until when it works."""

    token: str
    expires_at: datetime
