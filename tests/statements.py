"""What a room asks the database, and how the database would answer it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, event


@dataclass(frozen=True, slots=True)
class Asked:
    """A statement as the driver got it."""

    statement: str
    parameters: Any

    def plan(self, engine: Engine) -> str:
        """Return PostgreSQL's plan for it, with the statistics as they are."""
        with engine.connect() as connection:
            rows = connection.exec_driver_sql(f"EXPLAIN {self.statement}", self.parameters)
            return "\n".join(line for (line,) in rows)


@contextmanager
def recorded(engine: Engine) -> Iterator[list[Asked]]:
    """Record what is asked over the engine within."""
    asked: list[Asked] = []

    def note(_1: object, _2: object, statement: str, parameters: object, _3: object, _4: object) -> None:
        asked.append(Asked(statement, parameters))

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield asked
    finally:
        event.remove(engine, "before_cursor_execute", note)
