"""Whose share of what is scarce a request takes."""

import pytest
from starlette.requests import HTTPConnection

from api.http.client_address import client_of


def client(host: str | None) -> str:
    return client_of(HTTPConnection({"type": "http", "client": None if host is None else (host, 0)}))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("192.0.2.1", "::ffff:192.0.2.1"),
        ("2001:db8:0:1::1", "2001:db8:0:1:ffff::2"),
        ("fe80::1%eth0", "fe80::2%eth0"),
        (None, None),
    ],
)
def test_who_may_use_either_address_is_one_client(one: str | None, other: str | None) -> None:
    assert client(one) == client(other)


def test_others_are_other_clients() -> None:
    hosts = ["192.0.2.1", "192.0.2.2", "2001:db8:0:1::1", "2001:db8:0:2::1", "a.proxy.said.so", None]

    assert len({client(host) for host in hosts}) == len(hosts)


def test_what_a_proxy_says_is_kept_short() -> None:
    assert len(client("x" * 10_000)) <= 64
