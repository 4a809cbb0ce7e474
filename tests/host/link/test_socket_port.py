"""Ports behind a plain TCP server: what the link needs of them, which pyserial's own lack."""

import socket
import threading
import time
from contextlib import closing

import pytest
import serial

from xnornode.link.socket_port import LAST_WORDS, SocketPort

pytestmark = pytest.mark.quick


@pytest.fixture
def far():
    """A server's socket, and the URL of its port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener, f"socket://127.0.0.1:{listener.getsockname()[1]}"


def test_what_is_written_leaves_at_once_and_what_comes_is_read(far):
    listener, url = far
    with closing(SocketPort(url, timeout=60)) as port:
        assert port._socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        with listener.accept()[0] as end:
            port.write(b"hello")
            assert end.recv(100) == b"hello"
            end.sendall(b"here")
            assert port.read(4) == b"here"
    assert not port.is_open
    port.close()  # once more does no harm
    with pytest.raises(serial.SerialException):
        port.read(1)


def test_a_close_ends_when_the_server_has_closed_its_end(far):
    """What the node still says until then is read, so that the server is not told of an error."""
    listener, url = far
    port = SocketPort(url)
    end = listener.accept()[0]
    closed = threading.Event()

    def serve():
        with end:
            end.sendall(b"x" * 1000)
            assert end.recv(100) == b"", "an orderly end"
            closed.set()

    server = threading.Thread(target=serve)
    server.start()
    port.close()
    server.join()
    assert closed.is_set()


@pytest.mark.parametrize("talks", [False, True])
def test_a_server_that_keeps_its_end_does_not_hold_up_a_close(far, talks):
    listener, url = far
    port = SocketPort(url)
    with listener.accept()[0] as end:
        if talks:
            end.settimeout(60)
            stop = threading.Event()

            def talk():
                try:
                    while not stop.is_set():
                        end.sendall(bytes(1000))
                        time.sleep(LAST_WORDS / 100)
                except OSError:
                    pass  # the port is closed

            talker = threading.Thread(target=talk)
            talker.start()
        port.close()
        assert not port.is_open
        if talks:
            stop.set()
            talker.join()


def test_a_server_that_is_gone(far):
    listener, url = far
    port = SocketPort(url, timeout=60)
    listener.accept()[0].close()
    with pytest.raises(serial.SerialException):
        port.read(1)
    port.close()


def test_what_a_node_says_at_once_is_not_lost():
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def say():
            end, _ = listener.accept()
            end.sendall(b"ready\n")
            heard.append(end)

        heard = []
        thread = threading.Thread(target=say)
        thread.start()
        port = SocketPort(timeout=10)
        port.port = f"socket://127.0.0.1:{listener.getsockname()[1]}"
        port.open()
        assert port.read(6) == b"ready\n"
        heard[0].sendall(b"later\n")
        end = time.monotonic() + 10
        while not port.in_waiting:
            assert time.monotonic() < end
        port.reset_input_buffer()
        assert not port.in_waiting
        thread.join()
        heard[0].close()
        port.close()
