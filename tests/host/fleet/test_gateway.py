"""A gateway's nodes: what they are called, that they come and go, what is published of them."""

import json
import threading
from dataclasses import replace

import pytest

from tests.lab.brokerlab import Mosquitto
from tests.lab.gatewaylab import Watcher, gateway, settings, wait
from tests.lab.linenodes import LineNode, LineNodes, line
from xnornode.fleet import gateway_open, gateway_port, gateway_roster
from xnornode.fleet.payloads import State, from_payload, to_payload
from xnornode.link.framing import seal
from xnornode.link.ports import open_port


@pytest.fixture(scope="module")
def broker(tmp_path_factory):
    with Mosquitto(tmp_path_factory.mktemp("broker"), keeps=False) as broker:
        yield broker


@pytest.fixture
def watcher(broker, meeting_folder):
    watcher = Watcher(broker.settings())
    yield watcher
    for topic in {topic for topic, _, _ in watcher.came}:
        watcher.client.publish(topic, b"", 1, True).wait_for_publish(10)
    watcher.close()


@pytest.fixture
def meeting_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    return tmp_path


def test_what_a_node_says_is_published_with_its_session_and_time(broker, watcher, tmp_path):
    node = LineNode()
    with LineNodes([node]) as nodes, gateway(settings(broker, tmp_path, ("shed", node.url))):
        assert watcher.until(lambda: watcher.last("shed/state"))
        nodes.do(lambda: node.write(node.ready()))
        for _ in range(3):
            nodes.do(node.predict)
        nodes.do(lambda: node.write(b"a print" + line("warning", warning="hot", kind="rate")))
        assert watcher.until(lambda: len(watcher.of("shed/event")) == 2)
        assert watcher.until(lambda: len(watcher.of("shed/prediction")) == 3)
        assert watcher.until(lambda: watcher.last("shed/state").get("labels"))
    first, *_ = watcher.of("shed/prediction")
    assert first["session"] == node.session and first["time"] > 1.7e12 and "crc" not in first
    assert first["scores"] == [9, -9, -9] and first["seq"] == 0
    ready, warning = watcher.of("shed/event")
    assert ready["session"] == node.session and ready["labels"] == ["rest", "walk", "run"]
    text = next(data for topic, data, _ in watcher.came if topic == "xnornode/shed/event")
    assert text.count(b'"session"') == 1 and text.count(b'"time"') == 1
    assert warning["kind"] == "rate" and warning["session"] == node.session
    state = next(data for topic, data, _ in watcher.came[::-1] if topic == "xnornode/shed/state")
    said = from_payload(State, state)
    assert (said.node, said.gateway, said.port) == ("shed", "gw", node.url)
    assert said.model.name == "watch" and said.session == node.session and said.running
    assert watcher.last("shed/availability") == "offline"
    assert watcher.last("_gateway/gw/availability") == "offline"


def test_names_are_found_in_the_order_of_the_page(broker, watcher, tmp_path, monkeypatch):
    monkeypatch.setattr(gateway_port, "UNASKED", 1.0)
    nodes = [LineNode(), LineNode("e66138"), LineNode("aa01", "given"), LineNode("bb"), LineNode()]
    nodes[4].deaf = True
    names = ["", "", "unused", "configured", "old"]
    with LineNodes(nodes) as farm:
        pairs = [(name, node.url) for name, node in zip(names, nodes, strict=True)]
        with gateway(settings(broker, tmp_path, *pairs)) as running:
            for name in ("e66138", "given", "configured"):
                assert watcher.until(lambda name=name: watcher.last(f"{name}/state")), name
            assert watcher.last("given/state")["device"] == "aa01"
            (text,) = running.roster.troubles()
            assert nodes[0].url in text and "neither name nor number" in text
            assert wait(lambda: nodes[4].opened)
            farm.do(nodes[4].predict)
            # It takes no commands: it is called as it was configured, after a while
            assert watcher.until(lambda: watcher.numbers("old") == [0])
            assert watcher.of("old/prediction")[0]["session"] is None


def test_two_nodes_of_one_name_are_told_apart(broker, watcher, tmp_path):
    first, second = LineNode("01"), LineNode("02")
    with LineNodes([first, second]) as farm:
        made = settings(broker, tmp_path, ("shed", first.url), ("shed2", second.url))
        made.nodes[1].__dict__["name"] = "shed"  # as two nodes that were both given this name
        with gateway(made):
            assert watcher.until(lambda: any(s["trouble"] for s in watcher.of("_gateway/gw/state")))
            (text,) = watcher.last("_gateway/gw/state")["trouble"]
            assert "two nodes are called shed" in text and first.url in text and second.url in text
            farm.do(first.predict)
            farm.do(second.predict)
            assert watcher.until(lambda: watcher.numbers("shed"))
            assert watcher.last("_gateway/gw/state")["count"] == 1
            assert len(watcher.of("shed/prediction")) == 1


def test_a_node_goes_comes_back_and_restarts(broker, watcher, tmp_path, monkeypatch):
    monkeypatch.setattr(gateway_open, "PAUSES", (0.05,) * 6 + (1.0,))
    node = LineNode("01")
    with LineNodes([node]) as farm, gateway(settings(broker, tmp_path, ("shed", node.url))) as it:
        assert watcher.until(lambda: watcher.last("shed/availability") == "online")
        for _ in range(5):
            farm.do(node.predict)
        farm.do(node.unplug)
        assert watcher.until(lambda: [d for t, d, _ in watcher.came if d == b"offline"])
        assert watcher.until(lambda: watcher.last("shed/availability") == "online")
        farm.do(node.prediction)  # one that gets lost
        farm.do(node.predict)
        farm.do(node.restart)
        farm.do(node.predict)
        assert watcher.until(lambda: len(watcher.numbers("shed")) == 7)
        assert watcher.until(
            lambda: (
                (state := watcher.last("shed/state"))
                and (state["reconnections"], state["restarts"]) == (1, 1)
            )
        )
        assert watcher.last("shed/state")["session"] == node.session
        assert it.nodes["shed"].counter.lost == 1
        assert any("shed is gone" in text for text in it.said)


def test_what_is_no_node_hears_a_hello_and_nothing_else(broker, watcher, tmp_path, monkeypatch):
    """A REPL that waits, a program that prints, and a port on which nothing is."""
    monkeypatch.setattr(gateway_port, "PAUSES", (0.05,) * 7)
    monkeypatch.setattr(gateway_port, "PATIENCE", 0.5)
    repl, prints, silent = (LineNode() for _ in range(3))
    for node in (repl, prints, silent):
        node.deaf = True
    with LineNodes([repl, prints, silent]) as farm:
        urls = [repl.url, prints.url, silent.url]
        with gateway(settings(broker, tmp_path, *urls)) as running:
            assert wait(lambda: all(node.opened for node in (repl, prints, silent)))

            def prompts():
                farm.do(lambda: repl.write(b">>> "))
                farm.do(lambda: prints.write(b"21.5 C\n"))
                return len({*running.roster.troubles()}) == 3

            assert wait(prompts)
            texts = "\n".join(running.roster.troubles())
            assert "a REPL waits there" in texts and texts.count("no node answers") == 2
            assert watcher.until(lambda: len(watcher.last("_gateway/gw/state")["trouble"]) == 3)
    for node in (repl, prints, silent):
        assert node.heard and all(b'"cmd":"hello"' in text for text in node.heard)


def test_nothing_that_a_line_holds_ends_the_gateway(broker, watcher, tmp_path):
    node, other = LineNode("01"), LineNode("02")
    bad = [
        seal(b'{"event":"prediction","seq":-1'),
        seal(b'{"event":"prediction","seq":1,"ms":NaN'),
        seal(b'{"event":"source","name":"x","more":NaN'),
        seal(b'{"event":"source","name":"x","more":' + b"[" * 50_000),
        seal(b'{"event":"source","name":"' + b"x" * 5000 + b'"'),
        seal(b'{"event":"nobody knows","x":1'),
        b'{"event":"prediction","seq":1,"crc":"00000000"}\n',
        b"\xff\xfe\x00" * 50_000 + b"\n",
        b'{"event":' * 10_000 + b"\n",
        seal(b'{"event":"hello","id":0,"session":5'),
        seal(b'{"event":"reply","id":0,"part":7'),
    ]
    with LineNodes([node, other]) as farm:
        made = settings(broker, tmp_path, ("shed", node.url), ("barn", other.url))
        with gateway(made) as running:
            assert watcher.until(lambda: len(watcher.came) and watcher.last("barn/state"))
            assert watcher.until(lambda: watcher.last("shed/state"))
            for data in bad:
                farm.do(lambda data=data: node.write(data))
            taken = line("source", name="r0", session=5, time="never")
            farm.do(lambda: node.write(taken))
            farm.do(node.predict)
            farm.do(other.predict)
            assert watcher.until(lambda: watcher.numbers("shed") and watcher.numbers("barn"))
            assert running.nodes["shed"].damaged and running.nodes["shed"].unknown
    (source,) = watcher.of("shed/event")
    assert source["session"] == node.session and source["time"] > 1.7e12
    for _, data, _ in watcher.came:
        if data.startswith(b"{"):
            json.loads(data, parse_constant=lambda name: pytest.fail(name))


def test_other_programs_share_the_port_with_a_gateway(broker, watcher, tmp_path):
    node = LineNode("01")
    with LineNodes([node]) as farm, gateway(settings(broker, tmp_path, ("shed", node.url))):
        assert watcher.until(lambda: watcher.last("shed/state"))
        with open_port(node.url) as port:
            port.timeout = 10
            farm.do(node.predict)
            assert b'"prediction"' in port.read(60)
        farm.do(node.predict)
        assert watcher.until(lambda: watcher.numbers("shed") == [0, 1])
        assert node.opened == 1


def test_a_gateway_takes_a_port_that_another_program_has(broker, watcher, tmp_path):
    """It is a guest there, and the owner when that one ends."""
    from tests.lab.sharelab import program

    node = LineNode("01")
    owner = "port = open_port(url)\nprint('open', flush=True)\nsys.stdin.readline()\n"
    with LineNodes([node]) as farm, program(owner, node.url) as process:
        assert process.stdout.readline() == "open\n"
        with gateway(settings(broker, tmp_path, ("shed", node.url))):
            assert watcher.until(lambda: watcher.last("shed/state"))
            farm.do(node.predict)
            assert watcher.until(lambda: watcher.numbers("shed") == [0])
            assert watcher.ask("shed", b'{"cmd":"list"}')["part"] == []
            assert node.opened == 1
            process.kill()
            assert watcher.until(lambda: node.opened == 2)
            assert watcher.until(lambda: watcher.last("shed/availability") == "online")


class Extra:
    """Notes what it is told."""

    def __init__(self, running):
        self.told = []

    def __getattr__(self, name):
        if name == "event":
            return self._event
        return lambda *about: self.told.append((name, *about))

    def _event(self, *about):
        self.told.append(("event", *about))
        raise RuntimeError("an extra's own mistake")


def test_extras_are_told_and_their_mistakes_end_nothing(broker, watcher, tmp_path):
    node, extras = LineNode("01"), []

    def extra(running):
        extras.append(Extra(running))
        return extras[0]

    with (
        pytest.raises(AssertionError, match="own mistake"),
        LineNodes([node]) as farm,
        gateway(settings(broker, tmp_path, ("shed", node.url)), extra),
    ):
        assert watcher.until(lambda: watcher.last("shed/state"))
        farm.do(node.predict)
        farm.do(node.predict)
        assert watcher.until(lambda: watcher.numbers("shed") == [0, 1])
        farm.do(node.unplug)
        assert watcher.until(lambda: any(what[0] == "gone" for what in extras[0].told))
    told = [what[0] for what in extras[0].told]
    assert told.index("connected") < told.index("event") > told.index("state")
    assert told.count("event") == 2 and told[-1] in ("close", "gone") and "step" in told


def test_what_threads_publish_keeps_its_order(broker, watcher, tmp_path):
    """Else the last that is said of an update may be what came before."""
    with gateway(settings(broker, tmp_path)) as running:

        def one_after_the_other():
            first = threading.Thread(target=running.publish, args=("xnornode/a/state", b"1", False))
            first.start()
            first.join()
            running.publish("xnornode/a/state", b"2", False)

        assert running.reactor.do(one_after_the_other)
        assert watcher.until(lambda: watcher.of("a/state") == [1, 2])


def test_nodes_of_before_that_do_not_come_back_are_offline(broker, watcher, tmp_path, monkeypatch):
    monkeypatch.setattr(gateway_roster, "SETTLE", 0.5)
    gone = State(node="attic", device="", gateway="gw")
    other = State(node="cellar", device="", gateway="another")
    for state in (gone, other):
        watcher.publish(f"{state.node}/state", to_payload(state), True)
        watcher.publish(f"{state.node}/availability", b"online", True)
    with gateway(settings(broker, tmp_path)):
        assert watcher.until(lambda: watcher.last("attic/availability") == "offline")
        assert watcher.last("cellar/availability") == "online"


def test_a_node_that_never_stops_talking_is_held_up_and_others_are_not(
    broker, watcher, tmp_path, monkeypatch
):
    monkeypatch.setattr(gateway_open, "LINES_AT_ONCE", 100)
    monkeypatch.setattr(gateway_open, "LINES", 500)
    node, other = LineNode("01"), LineNode("02")
    with LineNodes([node, other]) as farm:
        made = settings(broker, tmp_path, ("shed", node.url), ("barn", other.url))
        with gateway(made) as running:
            assert watcher.until(lambda: watcher.last("shed/state") and watcher.last("barn/state"))
            farm.do(lambda: [node.predict() for _ in range(1500)])
            farm.do(other.predict)
            assert watcher.until(lambda: watcher.numbers("barn"))
            assert len(watcher.numbers("shed")) < 1500
            assert watcher.until(lambda: any("held up" in t for t in running.roster.troubles()))
            assert watcher.until(lambda: watcher.numbers("shed") == [*range(1500)])


def test_two_gateways_of_one_name_or_with_one_node_are_said(broker, watcher, tmp_path):
    node = LineNode("01")
    with LineNodes([node]):
        made = settings(broker, tmp_path, ("shed", node.url))
        with gateway(made), gateway(replace(made, queue=str(tmp_path / "other"), nodes=())):
            assert watcher.until(
                lambda: (
                    (state := watcher.last("_gateway/gw/state"))
                    and any("another gateway is called gw" in text for text in state["trouble"])
                )
            )
        with gateway(made) as running:
            assert wait(lambda: "shed" in running.ports)
            other = State(node="shed", device="09", gateway="cellar")
            watcher.publish("shed/state", to_payload(other), False)
            assert wait(lambda: any("gateway cellar" in t for t in running.roster.troubles()))


def test_a_node_that_is_called_something_else_moves(broker, watcher, tmp_path, monkeypatch):
    monkeypatch.setattr(gateway_port, "SILENT", 0.2)
    monkeypatch.setattr(gateway_port, "AGAIN", 0.2)
    node = LineNode("01", "shed")
    with LineNodes([node]) as farm, gateway(settings(broker, tmp_path, node.url)):
        assert watcher.until(lambda: watcher.last("shed/availability") == "online")
        node.name = "barn"
        assert wait(lambda: farm.do(node.predict) or watcher.last("barn/state"))
        assert watcher.until(lambda: watcher.last("shed/availability") == "offline")
        assert watcher.until(lambda: watcher.numbers("barn"))


def test_a_board_at_its_repl_is_started_where_that_was_asked_for(
    broker, watcher, tmp_path, monkeypatch
):
    monkeypatch.setattr(gateway_open, "PAUSES", (0.05,) * 7)
    monkeypatch.setattr(gateway_port, "PAUSES", (0.05,) * 7)
    node = LineNode("01")
    node.deaf = True
    nodes = LineNodes([node])
    with nodes as farm:
        made = settings(broker, tmp_path, ("shed", node.url), start=True)
        with gateway(made) as running:
            assert wait(lambda: node.opened)

            def started():
                farm.do(lambda: node.write(b">>> "))
                return any(b"\x02\x04" in text for text in node.heard)

            assert wait(started)
            node.deaf = False
            farm.do(node.predict)
            assert watcher.until(lambda: watcher.last("shed/availability") == "online")
            assert "part" in watcher.ask("shed", b'{"cmd":"list"}')
            assert sum("starting the board" in text for text in running.said) == 1
    assert sum(b"\x02\x04" in text for text in node.heard) == 1
