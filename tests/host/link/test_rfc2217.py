"""Ports behind an RFC 2217 server: what the link needs of them, which pyserial's own lack."""

import os
import tty
from contextlib import closing

import pytest
import serial

from tests.lab.rfc2217 import Lines, Server
from xnornode.errors import LinkError
from xnornode.link.ports import open_port

DATA = bytes(range(256)) * 200  # each byte, so also the one that the protocol escapes


@pytest.fixture
def line():
    """A server, and the far end of its line."""
    master, slave = os.openpty()
    tty.setraw(slave)
    with Server(master) as server:
        yield server, slave
    os.close(master)
    os.close(slave)


def test_bytes_pass_and_time_limits_cost_nothing(line):
    server, far = line
    with closing(open_port(server.url)) as port:
        for at in range(0, len(DATA), 1000):
            piece, came = DATA[at : at + 1000], b""
            port.write_timeout = 10 + at  # another one each time
            port.write(piece)
            while len(came) < len(piece):
                came += os.read(far, 4096)
            assert came == piece
            os.write(far, piece)
            port.timeout, came = 60 + at, b""
            while len(came) < len(piece):
                came += port.read(len(piece) - len(came))
            assert came == piece
        port.timeout = 0
        assert port.read(100) == b""
    assert server.lines.rates == [115200], "negotiated once"


def test_a_write_that_nobody_takes_ends(line):
    server, _ = line
    with closing(open_port(server.url)) as port:
        server.deaf = True
        port.write_timeout = 0.5
        with pytest.raises(serial.SerialTimeoutException):
            while True:
                port.write(bytes(1 << 20))
        with pytest.raises(serial.SerialException, match="closed"):  # cut in its middle
            port.write(b"x")


def test_a_server_that_goes_away(line):
    server, _ = line
    with closing(open_port(server.url)) as port:
        port.timeout = 60
        server.drop()
        with pytest.raises(serial.SerialException, match="has closed the connection"):
            port.read(1)


def test_a_reader_that_is_slow_holds_the_server_up(line, monkeypatch):
    monkeypatch.setattr("xnornode.link.rfc2217.ROOM", 1000)
    server, far = line
    with closing(open_port(server.url)) as port:
        os.write(far, DATA[:4000])
        port.timeout, came = 60, b""
        while len(came) < 4000:
            came += port.read(4000 - len(came))
        assert came == DATA[:4000]


def test_no_server_of_this_kind(monkeypatch):
    """A raw TCP port: what it sends is no answer."""
    import socket

    with socket.create_server(("127.0.0.1", 0)) as raw:
        url = f"rfc2217://127.0.0.1:{raw.getsockname()[1]}?timeout=0.3"
        with pytest.raises(LinkError, match="RFC2217"):
            open_port(url)


def test_a_rate_that_the_server_refuses():
    master, slave = os.openpty()
    with Server(master, Lines(refused=(115200,))) as server, pytest.raises(LinkError):
        open_port(server.url)
    os.close(master)
    os.close(slave)
