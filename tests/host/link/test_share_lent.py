"""A shared port that one program has for itself for a while: lent, or held."""

import signal
import threading
from contextlib import closing, suppress

import pytest
import serial

from tests.lab.sharelab import SOON, guest, program, read
from xnornode.errors import LinkError
from xnornode.link import share
from xnornode.link.framing import command, seal
from xnornode.link.ports import AtOnce, open_again, open_port

pytestmark = [pytest.mark.quick, pytest.mark.usefixtures("meeting_folder")]

PREDICTION = seal(b'{"event":"prediction","seq":1,"ms":2,"label":"a","scores":[1],"index":0,"us":5')


def test_a_repl_is_lent_and_comes_back(far, said):
    with closing(open_port(far.url)) as owner:
        borrower = guest(far.url)
        borrower.write(b"\r\x03\x03\r\x01")
        assert far.hears(b"\r\x03\x03\r\x01")
        far.say(b"raw\x04\x00>")
        assert read(borrower, b"raw\x04\x00>") == b"raw\x04\x00>"
        with pytest.raises(serial.SerialException, match="has it for itself now"):
            read(owner, b"x")
        owner.close()
        with pytest.raises(share.PortLentError, match="needs it for itself"):
            open_port(AtOnce(far.url))
        threading.Timer(0.5, borrower.close).start()
        with closing(open_port(far.url)) as again:  # waits for it
            assert any("waiting" in text for text in said)
            far.say(PREDICTION)
            assert read(again, PREDICTION) == PREDICTION


def test_a_receiver_at_the_repl_is_shared_by_who_started_it(far):
    with closing(open_port(far.url)) as owner, closing(guest(far.url)) as borrower:
        borrower.write(b"\x03")
        assert far.hears(b"\x03")
        borrower.give()
        with closing(guest(far.url)) as other:
            other.write(command("list", 5))
            assert far.until(lambda: b'"cmd":"list"' in far.heard)
            borrower.take()
            with pytest.raises(serial.SerialException):
                read(other, b"x")
        with pytest.raises(serial.SerialException):
            owner.write(b"x")


def test_a_borrower_that_is_killed_gives_the_port_back(far):
    code = "port = open_port(url)\nport.write(b'\\x03')\nprint('mine', flush=True)\ntime.sleep(99)"
    with closing(open_port(far.url)), program(code, far.url) as process:
        assert process.stdout.readline() == "mine\n" and far.hears(b"\x03")
        with pytest.raises(share.PortLentError):
            open_port(AtOnce(far.url))
        process.send_signal(signal.SIGKILL)
        with closing(open_port(far.url)) as port:
            port.write(command("list", 1))
            assert far.until(lambda: b"list" in far.heard)


def test_lines_and_rates_are_set_by_who_has_the_port_for_itself(far):
    with closing(open_port(far.url)) as owner, closing(guest(far.url)) as borrower:
        borrower.baudrate = 460800
        borrower.rts = True
        with pytest.raises(serial.SerialException, match="for itself"):
            read(owner, b"x")
        assert (borrower.baudrate, borrower.rts) == (460800, True)
        with pytest.raises(OSError, match="another program"):
            borrower.fileno()


def test_a_port_that_is_held_is_opened_by_its_holder_alone(far, said):
    with closing(open_port(far.url)):
        code = (
            "from xnornode.link.share import held\n"
            "with held(url):\n"
            " for _ in range(3): open_port(url).close()\n"
            " print('held', flush=True)\n sys.stdin.readline()\n"
        )
        with program(code, far.url) as process:
            assert process.stdout.readline() == "held\n"
            assert far.until(lambda: far.opened == 4 and not far.is_open) and far.most == 1
            with pytest.raises(share.PortLentError, match="needs it for itself"):
                open_port(AtOnce(far.url))
            with pytest.raises(share.PortLentError), share.held(far.url, patience=0.3):
                pass
            process.stdin.write("\n")
            process.stdin.flush()
            with closing(open_port(far.url)) as port:
                far.until(lambda: far.is_open)
                far.say(b"x")
                assert read(port, b"x") == b"x"
            assert far.most == 1


def test_who_opens_a_port_again_at_once_does_not_come_before_who_has_asked_for_it(far):
    """As a monitor does. Whoever wins is not left to chance: it is tried several times."""
    ends = threading.Event()

    def eager():
        while not ends.is_set():
            with (
                suppress(LinkError, serial.SerialException),
                closing(open_port(AtOnce(far.url))) as port,
            ):
                while not ends.is_set():
                    port.read(1)

    reader = threading.Thread(target=eager, daemon=True)
    reader.start()
    try:
        for _ in range(5):
            assert far.until(lambda: far.is_open)
            code = "from xnornode.link.share import held\nwith held(url): print('held')\n"
            with program(code, far.url) as process:
                assert process.stdout.readline() == "held\n"
    finally:
        ends.set()
        reader.join(SOON)


def test_a_holder_that_is_killed_lets_the_port_go(far):
    code = "from xnornode.link.share import held\nwith held(url):\n print('held', flush=True)\n"
    with program(code + " time.sleep(99)", far.url) as process:
        assert process.stdout.readline() == "held\n"
        process.send_signal(signal.SIGKILL)
        with closing(open_again(far.url, SOON)):
            assert far.until(lambda: far.is_open)


def test_within_this_process_the_holder_opens_what_others_had(far):
    first = open_port(far.url)
    with share.held(far.url), share.held(far.url):
        with pytest.raises(serial.SerialException):
            read(first, b"x")
        with closing(open_port(far.url)):
            assert far.until(lambda: far.opened == 2)
    first.close()
    with closing(open_port(far.url)) as port, closing(guest(far.url)):
        assert port.shares
