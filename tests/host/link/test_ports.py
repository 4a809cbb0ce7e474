"""What is no port: a message that says what to name, and none of a library's inner troubles."""

import os
import socket
from contextlib import closing

import pytest

from xnornode.errors import LinkError
from xnornode.link.addresses import Port, PortNameError
from xnornode.link.ports import find_port, open_port

pytestmark = pytest.mark.quick


@pytest.mark.parametrize("name", ["/dev/zero", "/dev/null", "file", "folder", "pipe", "loop"])
def test_what_is_no_serial_port(name, tmp_path):
    (tmp_path / "file").write_bytes(b"")
    (tmp_path / "folder").mkdir()
    (tmp_path / "loop").symlink_to("loop")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(LinkError, match="is no serial port: name one"):
        open_port(str(tmp_path / name))


ADDRESSES = {
    "": "names no host: {0}HOST:PORT",
    ":5000": "names no host: {0}HOST:PORT",
    "127.0.0.1": "names no TCP port: {0}HOST:PORT",
    "127.0.0.1:": "names no TCP port: {0}HOST:PORT",
    "h:x": "a TCP port is a number from 1 to 65535",
    "h:99999": "a TCP port is a number from 1 to 65535",
    "h:0": "a TCP port is a number from 1 to 65535",
    "[::1": "is no address: {0}HOST:PORT, or {0}[IPv6]:PORT",
    "h:5000?speed=9": "'speed' is no option of such ports: ",
    "h:5000?logging=all": "logging=all: take one of debug, info, warning, error",
}


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize("kind", ["socket://", "SOCKET://", "rfc2217://"])
def test_an_address_that_lacks_something(kind, address):
    with pytest.raises(PortNameError) as error:
        open_port(kind + address)
    assert f"{kind}{address}" in str(error.value)
    assert ADDRESSES[address].format(kind.lower()) in str(error.value)


@pytest.mark.parametrize("name", ["sockt://h:1", "http://h:1", "://h", "../x://h"])
def test_an_unknown_kind_of_port(name):
    with pytest.raises(PortNameError, match=r"is no kind of port: .*socket:.* rfc2217.* mqtt:"):
        open_port(name)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("node:5000", "socket://node:5000"),
        ("10.0.0.7:23", "socket://10.0.0.7:23"),
        ("socket:node:5000", "socket://node:5000"),
        ("RFC2217:/node:5000", "rfc2217://node:5000"),
    ],
)
def test_an_address_without_its_kind(name, meant):
    with pytest.raises(PortNameError, match=f"{name} is no serial port: is {meant} meant"):
        Port(name)


def test_a_time_limit_that_is_none():
    with pytest.raises(PortNameError, match="timeout=x: take seconds, such as 5"):
        Port("rfc2217://h:1?timeout=x")


@pytest.mark.parametrize("name", ["socket://[::1]:5000", "rfc2217://h:1?ign_set_control&timeout=9"])
def test_an_address_with_all_it_needs(name):
    assert Port(name) == name


@pytest.mark.parametrize("kind", ["socket", "rfc2217"])
def test_nothing_listens_or_no_host_has_this_name(kind):
    with socket.create_server(("127.0.0.1", 0)) as free:
        url = f"{kind}://127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(LinkError, match=r"is not there: .* nothing listens on this TCP port"):
        open_port(url)
    with pytest.raises(LinkError, match="no host of this name is found: check it"):
        open_port(f"{kind}://no-such-host.invalid:5000")


def test_a_host_that_is_silent(monkeypatch):
    """A real one takes its time: the connection's own error stands for it."""

    def silent(*_: object, **__: object) -> None:
        raise TimeoutError("timed out")

    monkeypatch.setattr(socket, "create_connection", silent)
    for kind in ("socket", "rfc2217"):
        with pytest.raises(LinkError, match="the host does not answer: is it on"):
            open_port(f"{kind}://10.0.0.1:5000")


@pytest.mark.parametrize("baud", [0, -1, 299, 10**9])
def test_a_rate_that_cannot_be(baud):
    with pytest.raises(PortNameError, match="is no baud rate: take a whole number"):
        Port("/dev/ttyUSB0", baud=baud)


def test_what_is_not_named_is_in_the_environment(monkeypatch):
    assert (Port("x").baud, Port("x").lines) == (115200, "both")
    monkeypatch.setenv("XNORNODE_BAUD", "9600")
    monkeypatch.setenv("XNORNODE_LINES", "keep")
    assert (Port("x").baud, Port("x").lines) == (9600, "keep")
    assert (Port("x", 300, "none").baud, Port("x", 300, "none").lines) == (300, "none")
    again = find_port(Port("x", 300, "none"))
    assert (again.baud, again.lines) == (300, "none")
    monkeypatch.setenv("XNORNODE_LINES", "up")
    with pytest.raises(PortNameError, match="'up' is none of both, dtr, rts, none, keep"):
        Port("x")


def test_a_rate_reaches_the_port():
    with closing(open_port(Port("loop://", baud=57600))) as port:
        assert port.baudrate == 57600
