"""Learner tokens as clients see them."""

from datetime import datetime, timedelta

from pydantic import BaseModel, Field

from api.schemas import Body, UserId


class LearnerTokenRequest(Body):
    """For whom a token is asked for."""

    user_id: UserId
    expires_in: int | None = Field(
        default=None,
        ge=1,
        le=86_400,
        strict=True,  # else `true` is a second
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
