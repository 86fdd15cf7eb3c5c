"""Statements that are built once in a process, and then run by all its threads."""

import threading
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from sqlalchemy import ClauseElement
from sqlalchemy.dialects.postgresql.psycopg import dialect

Arguments = ParamSpec("Arguments")
Statement = TypeVar("Statement", bound=ClauseElement)

_DIALECT = dialect()  # type: ignore[no-untyped-call]


def built_once(build: Callable[Arguments, Statement]) -> Callable[Arguments, Statement]:
    """Have a statement built once for each choice of arguments: that costs more than running it.

    SQLAlchemy completes a statement when it is compiled for the first time, and is not safe from threads
    that do so in the same moment: one may read an index of columns that another has filled to the half. Its
    statement then reads some columns from the whole table, and is kept for the life of the process.
    So the statement is compiled before a second thread can have it.
    """
    built: dict[tuple[object, ...], Statement] = {}
    building = threading.Lock()

    @wraps(build)
    def shared(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Statement:
        key = (*args, *kwargs.items())
        if key not in built:
            with building:
                if key not in built:
                    statement = build(*args, **kwargs)
                    statement.compile(dialect=_DIALECT)
                    built[key] = statement
        return built[key]

    return shared
