"""No route goes without saying who may ask, and no table without saying whose its rows are."""

from collections.abc import Callable, Iterator
from typing import Any

from fastapi.dependencies.models import Dependant
from fastapi.routing import iter_route_contexts

from api import dependencies
from api.learners.export import TABLES
from api.main import create_app
from api.settings import ApiSettings
from shared.models import metadata

_WHO: set[Callable[..., Any] | None] = {
    dependencies.chatting,
    dependencies.chatting_unless_signed,
    dependencies.operating,
    dependencies.operating_or_dev,
}
# A sound is opened by its signed link alone; the rest shows nothing of anybody.
_ASK_NOBODY = {
    "/audio/{name}",
    "/health",
    "/health/ready",
    "/practice",
    "/practice/config.json",
    "/practice/{name}",
}
_OF_NOBODY = {"apps", "api_keys", "workers"}
_OF_THE_ERASED = {"erasures"}


def _depended_on(dependant: Dependant) -> Iterator[Callable[..., Any] | None]:
    for each in dependant.dependencies:
        yield each.call
        yield from _depended_on(each)


def test_every_route_asks_who_is_asking() -> None:
    app = create_app(ApiSettings(_env_file=None))
    asked = {
        (route.path, frozenset(route.methods or ())): set(_depended_on(route.dependant))
        for route in iter_route_contexts(app.routes)
    }

    assert len(asked) > 20
    careless = {path for (path, _), calls in asked.items() if not calls & _WHO}
    assert careless == _ASK_NOBODY


def test_who_is_asking_is_known_before_anything_else_is_looked_at() -> None:
    app = create_app(ApiSettings(_env_file=None))

    for route in iter_route_contexts(app.routes):
        if route.path not in _ASK_NOBODY:
            assert route.dependant.dependencies[0].call in _WHO, route.path


def test_every_table_that_holds_something_of_a_learner_is_exported() -> None:
    assert set(TABLES) == set(metadata.tables) - _OF_NOBODY - _OF_THE_ERASED


def test_every_table_that_is_exported_refers_to_the_learner_or_to_what_does() -> None:
    owned, found = {"learners"}, {"learners"}
    while found:
        found = {
            name
            for name, table in metadata.tables.items()
            if name not in owned and any(key.column.table.name in owned for key in table.foreign_keys)
        }
        owned |= found

    assert owned == set(TABLES)
