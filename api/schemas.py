"""What requests and responses have in common. Tables are classes of their own."""

from typing import Annotated, Generic, TypeVar

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    model_validator,
)

from api.http.problems import MISTAKES_SHOWN

PAGE_ROWS, PAGE_MAX_ROWS = 20, 100

CURSOR_MAX_CHARACTERS = 200

UserId = Annotated[str, Field(pattern=r"^[A-Za-z0-9._@:+-]{1,128}$", examples=["asha"])]

ConversationId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$", examples=["conv-123"])]


class Body(BaseModel):
    """What a client sends: a field that is not known is refused, for it would have no effect."""

    model_config = ConfigDict(extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _pass_few_unknown_on(cls, fields: object) -> object:
        """Drop unknown fields beyond those that an answer names: each makes an error, and costs time."""
        if not isinstance(fields, dict):
            return fields
        unknown = [name for name in fields if name not in cls.model_fields]
        dropped = set(unknown[MISTAKES_SHOWN:])
        return {name: value for name, value in fields.items() if name not in dropped}


WHOSE = "whose; may be left out with a learner's own token"
OptionalUserId = Annotated[UserId | None, Field(description=WHOSE)]


class UserQuery(BaseModel):
    """Whose things are asked for."""

    user_id: OptionalUserId = None


class PageQuery(UserQuery):
    """Which page of a user's list."""

    limit: int = Field(default=PAGE_ROWS, ge=1, le=PAGE_MAX_ROWS, description="rows of a page")
    cursor: str | None = Field(
        default=None, max_length=CURSOR_MAX_CHARACTERS, description="`next_cursor` of the page before"
    )


Item = TypeVar("Item")


class PageView(BaseModel, Generic[Item]):
    """A page of a list."""

    items: list[Item]
    next_cursor: str | None = Field(description="the next page's `cursor`; null: nothing follows")
