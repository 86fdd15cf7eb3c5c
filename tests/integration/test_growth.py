"""The measurement of growth runs to its end, on a past that is whole."""

import pytest
from sqlalchemy import Engine, func, select

from benchmarks import committing
from benchmarks.growth import Size, measure
from benchmarks.history import fill_history
from shared.models import metadata

ENDED = 100


@pytest.fixture
def past(database: Engine) -> Engine:
    fill_history(database, ENDED)
    return database


def test_every_row_of_the_past_names_what_there_is(past: Engine) -> None:
    keys = [key for table in metadata.tables.values() for key in table.foreign_key_constraints]
    with past.connect() as connection:
        for key in keys:
            other = key.referred_table.alias()
            named = [element.parent for element in key.elements]
            same = [
                column == other.c[element.column.name]
                for column, element in zip(named, key.elements, strict=True)
            ]
            lost = select(func.count()).where(
                *(column.is_not(None) for column in named), ~select(other).where(*same).exists()
            )
            assert connection.scalar(lost) == 0, key.name


def test_the_measurement_of_growth_runs_to_its_end() -> None:
    found = [row.what for row in measure(Size(ended=ENDED, waiting=20, followers=3, times=2))]

    assert found[-1] == "a claim"


def test_commits_are_counted_with_and_without_notifications() -> None:
    for row in committing.measure("--transactions=3"):
        assert (row.measured.split()[0], row.floor.split()[0]) > ("0", "0")
