"""What a program costs the others that share its port: one that is stopped, or reads nothing."""

import os
import signal
import threading
from contextlib import closing

import pytest

from tests.lab.sharelab import SOON, guest, program, read
from xnornode.errors import LinkError
from xnornode.link import share, share_member, share_readers
from xnornode.link.deadline import Deadline
from xnornode.link.framing import seal
from xnornode.link.ports import open_port
from xnornode.link.share_place import Place

pytestmark = pytest.mark.quick

PREDICTION = seal(b'{"event":"prediction","seq":1,"ms":2,"label":"a","scores":[1],"index":0,"us":5')
OWNER = "port = open_port(url)\nprint('open', flush=True)\nsys.stdin.readline()\n"


@pytest.fixture(autouse=True)
def folder(meeting_folder):
    return meeting_folder


@pytest.mark.parametrize("many", [False, True])
def test_an_owner_that_is_stopped_is_named_and_not_waited_for(far, monkeypatch, many):
    """As by Ctrl-Z: also where so many have come that no more can connect."""
    monkeypatch.setattr(share, "MEETING", 0.5)
    with program(OWNER, far.url) as owner:
        assert owner.stdout.readline() == "open\n"
        os.kill(owner.pid, signal.SIGSTOP)
        met = []
        while many and (more := Place(far.url).connect()):
            met.append(more[0])
            assert len(met) < 100, "the system has them wait without a bound"
        text = rf"busy: .*process {owner.pid}\) has it and does not answer; end it"
        with pytest.raises(LinkError, match=text):
            open_port(far.url)
        text = rf"process {owner.pid}\) has it; end it"
        with pytest.raises(LinkError, match=text), share.held(far.url, 0.1):
            pass
        for end in met:
            end.close()


@pytest.mark.parametrize("lent", [False, True])
def test_what_is_kept_for_a_program_that_does_not_read_is_bounded(far, monkeypatch, lent):
    """Also where it is the only one, for which no line is dropped."""
    monkeypatch.setattr(share_member, "KEPT", 100_000)
    monkeypatch.setattr(share_readers, "ROOM_LOOK", 0.01)
    line = b"x" * 999 + b"\n"
    with closing(open_port(far.url)) as port:
        if lent:
            port.take()
        (hub,) = share._hubs.values()
        told = threading.Thread(target=lambda: [far.say(line) for _ in range(20_000)], daemon=True)
        told.start()
        inbox, reads = hub._lines.members[0].inbox, []
        reader = hub._reader
        some = reader._some
        monkeypatch.setattr(reader, "_some", lambda number: reads.append(1) or some(number))
        wait = Deadline(SOON)
        while not inbox.full and not wait.passed:
            wait.pause(0.01)
        wait.pause(0.05)  # what was read amid that
        reads.clear()
        wait.pause(0.3)  # many looks
        assert inbox.full and not reads, "the owner reads on"
        assert len(inbox) < 100_000 + 2 * 65536
        whole = 20_000 * line
        assert read(port, whole) == whole, "nothing is lost, also where more is asked for at once"


def test_who_comes_while_the_only_program_does_not_read_hears_the_node(far, monkeypatch):
    monkeypatch.setattr(share_member, "KEPT", 5000)
    with closing(open_port(far.url)):
        far.say(b"x" * 9999 + b"\n")
        (hub,) = share._hubs.values()
        wait = Deadline(SOON)
        while not hub._lines.members[0].inbox.full and not wait.passed:
            wait.pause(0.01)
        with closing(guest(far.url)) as other:
            far.say(PREDICTION)
            heard = b""
            while not heard.endswith(PREDICTION):
                heard += (more := other.read(1))
                assert more, "it hears nothing"


def test_a_child_that_was_forked_does_not_keep_the_port(far):
    place = Place(far.url)
    assert place.claim()
    childs = os.dup(place._lock)  # as a fork has it: the same open file
    place.leave()
    with closing(open_port(far.url)) as port:
        assert port.is_open and Place(far.url).claim() is False
    os.close(childs)
