"""One thread for many ports: its own rules, and members of a port that are told what comes."""

import os
import threading
from contextlib import closing

import pytest

from tests.lab.sharelab import SOON, FarEnd, guest, read
from xnornode.fleet.gateway_service import raise_file_limit
from xnornode.link import share
from xnornode.link.deadline import Deadline
from xnornode.link.framing import command, seal
from xnornode.link.ports import open_port
from xnornode.link.reactor import Reactor
from xnornode.link.ready import readable, writable

pytestmark = pytest.mark.quick

PREDICTION = seal(b'{"event":"prediction","seq":1,"ms":2,"label":"a","scores":[1],"index":0,"us":5')


@pytest.fixture
def reactor():
    failures = []
    reactor = Reactor(failures.append)
    reactor.failures = failures
    reactor.start()
    yield reactor
    reactor.close()


class Ear:
    """What a member is told."""

    def __init__(self):
        self.data, self.why = b"", ""
        self._changed = threading.Condition()

    def came(self, data):
        with self._changed:
            self.data += data
            self._changed.notify_all()

    def gone(self, why):
        with self._changed:
            self.why = why
            self._changed.notify_all()

    def until(self, holds):
        with self._changed:
            return self._changed.wait_for(holds, SOON)


def test_what_a_call_raises_is_told_and_ends_nothing(reactor):
    reactor.call(lambda: 1 / 0)
    assert reactor.do(lambda: None, SOON)
    assert [type(error) for error in reactor.failures] == [ZeroDivisionError]


def test_calls_keep_their_order_and_timers_their_time(reactor):
    done = []
    ended = threading.Event()
    reactor.later(0.05, lambda: (done.append("late"), ended.set()))
    reactor.later(0.01, lambda: done.append("soon"))
    reactor.later(0.02, lambda: done.append("never")).cancel()
    for number in range(3):
        reactor.call(lambda number=number: done.append(number))
    assert ended.wait(SOON)
    assert done == [0, 1, 2, "soon", "late"]


def test_a_file_that_is_forgotten_is_not_looked_at(reactor):
    first, second = os.pipe()
    heard = []
    reactor.watch(first, lambda: heard.append(os.read(first, 100)))
    os.write(second, b"a")
    wait = Deadline(SOON)
    while not heard and not wait.passed:
        wait.pause(0.01)
    reactor.forget(first)
    os.write(second, b"b")
    assert reactor.do(lambda: None, SOON)
    assert heard == [b"a"] and readable(first, 0) and writable(second, 0)
    os.close(first)
    os.close(second)
    with pytest.raises(ValueError):
        readable(-1, 0)


def test_members_are_told_what_comes_without_a_thread_each(reactor, meeting_folder):
    ends = [FarEnd() for _ in range(30)]
    ears = [Ear() for _ in ends]
    before = threading.active_count()
    ports = [open_port(end.url, reactor) for end in ends]
    for port, ear in zip(ports, ears, strict=True):
        port.listen(ear.came, ear.gone)
    for end in ends:
        end.say(PREDICTION)
    assert all(ear.until(lambda ear=ear: ear.data == PREDICTION) for ear in ears)
    assert threading.active_count() <= before + len(ends)  # those of the far ends
    ends[0].unplug()
    assert ears[0].until(lambda: ears[0].why)
    for port in ports[1:]:
        port.close()
    for ear in ears[1:]:
        assert ear.why == "it is closed"
    for end in ends:
        end.close()
    assert not share._hubs and not reactor.failures


def test_a_member_for_answers_hears_its_own_alone(reactor, far):
    with (
        closing(open_port(far.url, reactor)) as first,
        closing(open_port(far.url, reactor)) as second,
        closing(guest(far.url)) as third,
    ):
        ears = Ear(), Ear()
        first.listen(ears[0].came, ears[0].gone)
        second.listen(ears[1].came, ears[1].gone, answers_only=True)
        second.write(command("list", 7))
        assert far.until(lambda: far.heard.endswith(b"\n"))
        number = far.heard.split(b'"id":')[1].split(b",")[0]
        far.say(PREDICTION + seal(b'{"event":"reply","id":%s,"part":[]' % number) + PREDICTION)
        assert ears[1].until(lambda: ears[1].data)
        assert ears[0].until(lambda: ears[0].data == 2 * PREDICTION)
        assert read(third, 2 * PREDICTION) == 2 * PREDICTION
        assert ears[1].data == seal(b'{"event":"reply","id":7,"part":[]')


def test_a_guest_is_told_too(reactor, far):
    with closing(open_port(far.url)), closing(guest(far.url)) as port:
        ear = Ear()
        port.listen(ear.came, ear.gone)
        far.say(PREDICTION)
        assert ear.until(lambda: ear.data == PREDICTION)
        far.unplug()
        assert ear.until(lambda: ear.why) and far.until(lambda: not far.is_open)


def test_a_port_that_others_cannot_share_is_shared_within_the_process(reactor, far, monkeypatch):
    monkeypatch.setenv(share.VARIABLE, "no")
    with (
        closing(open_port(far.url, reactor)) as first,
        closing(open_port(far.url, reactor)) as second,
    ):
        far.say(PREDICTION)
        assert read(first, PREDICTION) == read(second, PREDICTION) == PREDICTION
        assert far.opened == 1
        second.close()
        first.write(b"x" * 300_000)
        assert far.hears(b"x" * 300_000)


def test_a_port_whose_file_has_a_number_that_select_does_not_take(reactor, meeting_folder):
    raise_file_limit()
    held = [os.open(os.devnull, os.O_RDONLY) for _ in range(1100)]
    end = FarEnd()
    try:
        with closing(open_port(end.url, reactor)) as port, closing(guest(end.url)) as other:
            assert port.fileno() > 1023
            ear = Ear()
            port.listen(ear.came, ear.gone)
            end.say(PREDICTION)
            assert ear.until(lambda: ear.data == PREDICTION)
            assert read(other, PREDICTION) == PREDICTION
            for each in (port, other):
                each.write(command("list", 1))
            assert end.until(lambda: end.heard.count(b"list") == 2)
    finally:
        end.close()
        for each in held:
            os.close(each)
    assert not reactor.failures
