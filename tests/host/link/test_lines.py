"""DTR and RTS: EN, which is low while RTS is set and DTR is not, never falls by mistake."""

import os
import termios
import time
import tty
from contextlib import closing

import pytest
import serial
from serial.tools.list_ports_common import ListPortInfo

from tests.lab.rfc2217 import Server
from xnornode.errors import LinkError
from xnornode.link import lines, ports
from xnornode.link.addresses import LINES, Port
from xnornode.link.raw_repl import RawRepl
from xnornode.link.repl import Board
from xnornode.link.rfc2217 import Rfc2217Port
from xnornode.link.stream import Stream

pytestmark = pytest.mark.quick

CLEAR, SET = (False, False), (True, True)
OPEN = {
    "both": SET,
    "keep": SET,
    "dtr": (True, False),
    "rts": (False, True),
    "none": CLEAR,
}
"""(DTR, RTS) while a port is open."""


class Wires:
    """A serial port of a system: what its lines do, beside what pyserial is told.

    at_once: the system sets both on opening, as Linux does. dcb: it sets what it is told.
    """

    port, name, is_open, fd = "/dev/ttyUSB0", "/dev/ttyUSB0", False, None

    def __init__(self, at_once: bool) -> None:
        self._at_once = at_once
        self._told = {"dtr": True, "rts": True}
        self.log = [CLEAR]

    def __getattr__(self, name: str) -> bool:
        if name not in ("dtr", "rts"):
            raise AttributeError(name)
        return self._told[name]

    def __setattr__(self, name: str, value: object) -> None:
        if name in ("dtr", "rts"):
            self._told[name] = bool(value)
            if self.is_open:
                self._see()
        else:
            super().__setattr__(name, value)

    def _see(self) -> None:
        if (state := (self._told["dtr"], self._told["rts"])) != self.log[-1]:
            self.log.append(state)

    def open(self) -> None:
        self.is_open = True
        if self._at_once:
            self.log.append(SET)
            dtr, rts = self._told["dtr"], self._told["rts"]
            self.log += [s for s in [(dtr, True), (dtr, rts)] if s != self.log[-1]]
        else:
            self._see()

    def close(self) -> None:
        self.is_open = False
        self.log.append(CLEAR)


@pytest.mark.parametrize("which", LINES)
@pytest.mark.parametrize("system", ["linux", "windows", "windows, CP210x"])
def test_a_ports_lines_on_each_system(system, which, monkeypatch):
    windows = system != "linux"
    monkeypatch.setattr(lines, "WINDOWS", windows)
    info = ListPortInfo(Wires.port)
    info.vid = lines.SILICON_LABS if "CP210x" in system else 0x1A86
    monkeypatch.setattr(lines.list_ports, "comports", lambda: [info])
    port = Wires(at_once=not windows)
    lines.open_lines(port, which)
    assert port.log[-1] == OPEN[which]
    if "CP210x" in system and which == "both":
        assert port.log == [CLEAR, (True, False), SET], "DTR first, as mpremote sets them there"
    lines.close_lines(port)
    assert port.log[-1] == CLEAR
    if which != "rts":
        assert (False, True) not in port.log, "a board was reset"
    if which == "both":
        assert port.log[-3:] == [(True, False), CLEAR, CLEAR], "RTS first"
    elif which == "keep":
        assert port.log[-2:] == [SET, CLEAR], "only the system clears them"


@pytest.fixture
def far():
    """The master side of a pseudo-terminal, which has no lines, and its other one."""
    master, slave = os.openpty()
    tty.setraw(slave)
    yield master, slave
    os.close(master)
    os.close(slave)


@pytest.mark.parametrize("which", LINES)
def test_lines_over_rfc2217(far, which):
    with Server(far[0]) as server:
        for _ in range(2):
            with closing(Stream(ports.open_port(Port(server.url, lines=which)))):
                assert server.lines.log[-1] == OPEN[which]
    kept = SET if which == "keep" else CLEAR
    assert server.lines.left == [kept, kept]
    if which == "rts":
        assert server.lines.log == [CLEAR, (False, True), CLEAR, (False, True), CLEAR]
    else:
        assert server.lines.resets == 0
    if which == "both":
        once = [(True, False), SET, (True, False), CLEAR]
        assert server.lines.log == [CLEAR, *once, *once]


def test_a_server_that_has_both_set_clears_them_in_order(far):
    with Server(far[0]) as server:
        server.lines.dtr = True
        server.lines.rts = True
        with closing(Stream(ports.open_port(Port(server.url, lines="none")))):
            assert server.lines.log[-3:] == [SET, (True, False), CLEAR]
    assert server.lines.resets == 0


@pytest.mark.parametrize("end", [KeyboardInterrupt, LinkError, None])
def test_a_board_is_left_without_a_reset(far, end):
    """Whatever ends the work on it; the far end is no board, which is an error of its own."""
    with Server(far[0]) as server:
        try:
            with closing(Stream(ports.open_port(server.url))) as stream:
                stream.write(b"x")
                if end:
                    raise end
        except (KeyboardInterrupt, LinkError) as error:
            assert type(error) is end
    assert server.lines.resets == 0 and server.lines.left == [CLEAR]


@pytest.mark.parametrize("at", [(True, False), SET])
def test_opening_that_is_ended_in_its_middle(far, at, monkeypatch):
    """By Ctrl-C while an answer is waited for."""
    with Server(far[0]) as server:

        def sleep(seconds: float) -> None:
            if server.lines.log[-1] == at and port.is_open:
                monkeypatch.undo()
                raise KeyboardInterrupt
            real(seconds)

        real, port = time.sleep, Rfc2217Port()
        monkeypatch.setattr(ports, "Rfc2217Port", lambda **_: port)
        monkeypatch.setattr(time, "sleep", sleep)
        with pytest.raises(KeyboardInterrupt):
            ports.open_port(server.url)
    assert server.lines.resets == 0 and server.lines.left == [CLEAR]


def test_a_board_that_is_silent_is_not_reset(far, monkeypatch):
    monkeypatch.setattr("xnornode.link.raw_repl.INTERRUPT_TRIES", 1)
    with Server(far[0]) as server, pytest.raises(LinkError):
        Board(server.url)
    assert server.lines.resets == 0 and server.lines.left == [CLEAR]


@pytest.mark.parametrize(
    ("which", "after"), [("both", SET), ("none", CLEAR), ("dtr", (True, False))]
)
def test_a_reset_that_is_asked_for(far, which, after):
    """EN falls once, DTR is clear when it rises, and the lines are as before in the end."""
    with Server(far[0]) as server:
        name = Port(server.url, lines=which)
        with closing(Stream(ports.open_port(name))) as stream:
            os.write(far[1], b"MicroPython\r\n>>> ")
            repl = RawRepl(name, stream)
            repl.interrupt = lambda *_, **__: True
            assert repl.reset()
            assert server.lines.resets == 1
            low = server.lines.log.index((False, True))
            assert server.lines.log[low + 1] == CLEAR and server.lines.log[-1] == OPEN[which]
    assert server.lines.resets == 1


def test_a_pseudo_terminal_has_no_lines(far):
    name = os.ttyname(far[1])
    for which in LINES:
        port = ports.open_port(Port(name, lines=which))
        hangs_up = bool(termios.tcgetattr(port.fileno())[2] & termios.HUPCL)
        Stream(port).close()
        assert not port.is_open
    assert not hangs_up, "keep: the system leaves the lines as they are"


def test_closing_ends_where_the_server_has_stopped(far):
    with Server(far[0]) as server:
        stream = Stream(ports.open_port(f"{server.url}?timeout=0.3"))
        server.deaf = True
        time.sleep(0.2)  # it looks at this 20 times a second
        stream.close()
        assert not stream.port.is_open
        with pytest.raises(serial.SerialException):
            stream.port.write(b"x")
