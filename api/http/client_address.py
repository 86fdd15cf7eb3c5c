"""Identifies a client, by its address, where scarce resources are shared among clients."""

from ipaddress import IPv6Address, IPv6Network, ip_address

from starlette.requests import HTTPConnection

_NETWORK_BITS = 64
_LONGEST = 64


def client_of(connection: HTTPConnection) -> str:
    """Return the client's address, an IPv6 one's network: who has one address of 2^64 has them all.

    The address is the connection's, or the one that a proxy passes on which the server trusts
    (uvicorn's `FORWARDED_ALLOW_IPS`).
    """
    if connection.client is None:
        return "unknown"
    try:
        address = ip_address(connection.client.host)
    except ValueError:
        return connection.client.host[:_LONGEST]
    if not isinstance(address, IPv6Address):
        return str(address)
    return str(address.ipv4_mapped or IPv6Network((int(address), _NETWORK_BITS), strict=False))
