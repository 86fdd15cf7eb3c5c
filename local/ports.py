"""TCP ports: is this one free, and which one is."""

import contextlib
import random
import socket

LOOPBACK = "127.0.0.1"
# Below the range from which systems give ports to outgoing connections: a client that keeps trying
# a dead server inside that range can be given the very port it calls, and connect to itself.
_CANDIDATES = range(15_000, 32_000)


def is_free(port: int, host: str = LOOPBACK) -> bool:
    """Tell whether a server could listen on `port` of `host` now."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with contextlib.closing(socket.socket(family)) as candidate:
        candidate.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            candidate.bind((host, port))
        except OSError:
            return False
    return True


def free_port(in_a_row: int = 1) -> int:
    """Return a port on which nothing listens on the loopback address, nor on those after it, so many in all.

    For a minute nobody else who asks is given them. Raises OSError if there is none.
    """
    for port in random.SystemRandom().sample(_CANDIDATES, 200):
        if all(_reserved(port + place) for place in range(in_a_row)):
            return port
    raise OSError("no free TCP port found")


def _reserved(port: int) -> bool:
    """Tell whether the port was free, and is now reserved for a server that is yet to start.

    A connection that the listening side closed first stays in TIME_WAIT. It is in the way of a bind without
    SO_REUSEADDR, as here, but not of one with it, as servers do, provided that its own socket has it too.
    """
    with socket.socket() as listener, socket.socket() as client:
        try:
            listener.bind((LOOPBACK, port))
        except OSError:
            return False
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.listen(1)
        client.connect((LOOPBACK, port))
        listener.accept()[0].close()
        return True
