"""What follows a node goes on, whatever a port, a library or a node does."""

import json
import queue

import pytest

from tests.lab.jobslab import until
from tests.lab.streamlab import GivenStream, info
from xnornode.errors import LinkError
from xnornode.link.addresses import Port, PortNameError
from xnornode.link.messages import Ready
from xnornode.link.ports import AtOnce, open_port
from xnornode.studio import node_threads
from xnornode.studio.bus import Bus
from xnornode.studio.node_link import NodeLink

pytestmark = pytest.mark.quick


@pytest.fixture
def link(monkeypatch):
    monkeypatch.setattr(node_threads, "RETRY", 0.02)
    link = NodeLink(Bus())
    yield link
    link.close()


@pytest.mark.parametrize("name", ["/dev/\0x", "COM\ud800", "socket://\ud800:1", "a\nb"])
def test_a_name_that_cannot_be_printed_is_no_port(name):
    with pytest.raises(PortNameError, match="cannot be printed") as caught:
        Port(name)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("name", ["hwgrep://[", "loop://?logging=q", "alt://COM1?class=foo"])
def test_what_a_library_does_not_take_is_said(name):
    with pytest.raises(LinkError, match="cannot open"):
        open_port(AtOnce(Port(name)))


def test_the_threads_outlive_errors_of_libraries_and_listeners(link, monkeypatch):
    tries = []

    def broken(*_, **__):
        tries.append(1)
        raise KeyError("odd")

    monkeypatch.setattr(node_threads, "Monitor", broken)
    stream = GivenStream(info())
    monkeypatch.setattr(node_threads, "streaming", stream)
    blocks = queue.Queue()

    def listener(_, block):
        blocks.put(block)
        if block is None or block.taken == 1:
            raise RuntimeError("a listener")

    changes, changed = [], link._changed
    link._changed = lambda **fields: (changes.append(fields), changed(**fields))
    link.listen(listener)
    link.choose(Port("loop://"))
    until(lambda: len(tries) > 2)
    assert link.state()["problem"] == "KeyError: 'odd'" and not link.state()["connected"]
    stream.give(1)
    until(lambda: {"stream_problem": "RuntimeError: a listener"} in changes)
    stream.give(5)
    until(lambda: not blocks.empty() and (block := blocks.get()) and block.taken == 6)


def test_the_signal_may_be_asked_for_and_left_twice(link):
    for wanted in (True, True, False, False, True):
        link._signal_wanted(wanted)
        assert len(link._listeners) == wanted


def test_a_page_gets_no_more_of_a_node_than_it_can_show(link):
    told = []
    link._bus.publish = lambda topic, message, keep=False: told.append((topic, message))
    labels = tuple("x" * 4000 for _ in range(255))
    link._heard(Ready("s", 0, "1", "f", "m", "n", 1, "0" * 8, 1, labels, 1, ""))
    assert len(json.dumps(told[0])) < 40_000 and told[0][0] == "node"
    told.clear()
    link._changed(predictions=1, lost=0)
    assert told == [("node-counts", {"counts": {"predictions": 1, "lost": 0}})]
    assert link.state()["predictions"] == 1
