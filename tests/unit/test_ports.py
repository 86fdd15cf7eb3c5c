"""Ports for servers that are yet to start."""

import socket

from local.ports import LOOPBACK, free_port, is_free


def test_a_port_is_given_once_though_its_server_has_not_started() -> None:
    ports = [free_port() for _ in range(500)]

    assert len(set(ports)) == len(ports)


def test_a_server_can_listen_on_the_port_and_nobody_answers_before() -> None:
    port = free_port()

    with socket.socket() as client:
        assert client.connect_ex((LOOPBACK, port)) != 0
    assert is_free(port)
    with socket.create_server((LOOPBACK, port)):
        assert not is_free(port)
