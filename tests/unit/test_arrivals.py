"""Who may hold how much of what is still arriving."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import ExitStack

import pytest

from api.decoding.arrivals import Arrivals, Place
from api.decoding.errors import TooManyUploadsError, UploadsBusyError


async def chunks(*sizes: int) -> AsyncIterator[bytes]:
    for size in sizes:
        yield bytes(size)


def receive(place: Place, *sizes: int) -> int:
    """Take chunks of these sizes; return how many bytes that were."""

    async def take() -> int:
        return sum([len(chunk) async for chunk in place.counting(chunks(*sizes))])

    return asyncio.run(take())


def test_one_client_has_half_of_the_places_and_two_have_all() -> None:
    arrivals = Arrivals(most=4, most_bytes=100)
    with ExitStack() as held:
        for client in ("a", "a", "b", "b"):
            held.enter_context(arrivals.place(client))
        with pytest.raises(UploadsBusyError), arrivals.place("c"):
            pytest.fail("a fifth place")
    with (
        arrivals.place("a"),
        arrivals.place("a"),
        pytest.raises(TooManyUploadsError),
        arrivals.place("a"),
    ):
        pytest.fail("a third place of one client")


def test_whoever_may_have_fewer_places_has_no_more_and_leaves_the_rest_to_others() -> None:
    arrivals = Arrivals(most=8, most_bytes=100)
    with arrivals.place("a", 2), arrivals.place("a", 2):
        with pytest.raises(TooManyUploadsError), arrivals.place("a", 2):
            pytest.fail("a third place")
        with arrivals.place("b", 2), arrivals.place("c"):
            pass
    with arrivals.place("a", 2):
        pass


def test_one_client_has_half_of_the_bytes() -> None:
    arrivals = Arrivals(most=4, most_bytes=100)
    with arrivals.place("a") as first, arrivals.place("a") as second:
        assert receive(first, 20, 20) == 40
        with pytest.raises(TooManyUploadsError):
            receive(second, 5, 6)
        first.give_back()
        first.give_back()
        assert receive(second, 20, 20) == 40  # and the five that had come


def test_bytes_of_all_are_bounded() -> None:
    arrivals = Arrivals(most=8, most_bytes=100)
    with ExitStack() as held:
        places = [held.enter_context(arrivals.place(client)) for client in "abc"]
        receive(places[0], 40)
        receive(places[1], 40)
        with pytest.raises(UploadsBusyError):
            receive(places[2], 21)
        assert receive(places[2], 20) == 20


def test_a_client_alone_may_send_where_there_is_room_for_one_only() -> None:
    with Arrivals(most=1, most_bytes=100).place("a") as place:
        assert receive(place, 50) == 50
