"""Pages of a list, walked by a cursor: where, in the list's order, the last row shown stands.

A page begins after that place and not at a number of rows, so what is added or removed meanwhile makes
no row come twice and none be left out. A cursor is opaque but no secret: what may be read is decided by
the query's user alone, so a cursor of another's list gives away nothing.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar
from uuid import UUID

from pydantic import AwareDatetime, TypeAdapter

from api.http.problems import InvalidRequestError

Position = TypeVar("Position")
Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """Some rows of a list; `next_cursor` leads to those after them, None where there are none."""

    rows: Sequence[Row]
    next_cursor: str | None


class Cursors(Generic[Position]):
    """The cursors of one list, whose rows stand at positions of the type that `form` describes."""

    def __init__(self, form: TypeAdapter[Position]) -> None:
        self._form = form

    def read(self, cursor: str | None) -> Position | None:
        """Return where the page begins; None for the first page. Raises `InvalidRequestError`."""
        if cursor is None:
            return None
        try:
            return self._form.validate_json(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        except ValueError:  # pydantic's and base64's errors are both
            raise InvalidRequestError("cursor: is not one that a page of this list has named") from None

    def page(self, rows: Sequence[Row], limit: int, position_of: Callable[[Row], Position]) -> Page[Row]:
        """Return the page of the first `limit` rows; one more row than that means that others follow."""
        shown = rows[:limit]
        if len(rows) == len(shown):
            return Page(shown, None)
        position = self._form.dump_json(position_of(shown[-1]))
        return Page(shown, urlsafe_b64encode(position).rstrip(b"=").decode())


MomentAndId = tuple[datetime, UUID]
"""A row's place in a list that is sorted by a time; the id decides between rows of one moment."""

NEWEST_FIRST: Cursors[MomentAndId] = Cursors(TypeAdapter(tuple[AwareDatetime, UUID]))
