"""A node on a network: it listens, or connects out, and what clients may do."""

import socket
from contextlib import ExitStack, closing
from dataclasses import replace

import pytest

from tests.lab.bridge import Bridge
from tests.lab.faultlab import QUICK, failed_and_fired, push_all
from tests.lab.faultplans import Plan, at_byte, at_random, in_each_state, sample
from tests.lab.faults import TO_NODE, Fault, Kind
from tests.lab.livenode import DEVICE, active_model, model_bytes
from tests.lab.netnode import NetLab, NetNode, net_node
from tests.lab.targets import interpreter
from tools.firmware.sources import ROOT
from xnornode.cli.main import main as xnornode
from xnornode.errors import NodeError
from xnornode.link.framing import command, unseal
from xnornode.link.push import Push, push

OLD, NEW, LARGE = model_bytes(1), model_bytes(2), model_bytes(3, hidden=900)
PATIENCE = 60.0  # seconds for what takes a second or two
SCRIPTS = ROOT / "tests" / "lab" / "node_scripts"
ALL = ["push", "rollback", "record", "name"]


def client(node):
    s = socket.create_connection(node.end, timeout=PATIENCE)
    return closing(s), events(s)


def events(s):
    with s.makefile("rb") as file:
        for line in file:
            yield unseal(line.rstrip())


def ask(s, found, name, number, /, **fields):
    s.sendall(command(name, number, **fields))
    return next(e for e in found if e.get("id") == number)


MQTT = {"host": "192.168.1.5"}


@pytest.mark.quick
@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"mqtt": []}, "`mqtt` is no JSON object"),
        ({"mqtt": {}}, "names no `host`"),
        ({"mqtt": {"host": 5}}, "`host` of `mqtt` is wrong"),
        ({"mqtt": MQTT | {"port": 0}}, "`port` of `mqtt` is wrong"),
        ({"mqtt": MQTT | {"port": True}}, "`port` of `mqtt` is wrong"),
        ({"mqtt": MQTT | {"qos": 2}}, "`qos` of `mqtt` is wrong"),
        ({"mqtt": MQTT | {"tls": 1}}, "`tls` of `mqtt` is wrong"),
        ({"mqtt": MQTT | {"tls": True}}, "`tls` and `ca` of `mqtt` go together"),
        ({"mqtt": MQTT | {"ca": "/ca.der"}}, "`tls` and `ca` of `mqtt` go together"),
        ({"mqtt": MQTT | {"retain": True}}, "`mqtt` has no key `retain`"),
        ({"mqtt": MQTT | {"prefix": "a/+"}}, "`prefix` of `mqtt`"),
        ({"mqtt": MQTT | {"prefix": "/a"}}, "`prefix` of `mqtt`"),
        ({"mqtt": MQTT | {"prefix": "a//b"}}, "`prefix` of `mqtt`"),
        ({"mqtt": MQTT | {"prefix": ""}}, "`prefix` of `mqtt`"),
        ({"allow": ["all"]}, "`allow` is wrong"),
    ],
)
def test_a_wrong_net_json_is_refused(given, why):
    text = (ROOT / "device" / "xnornode" / "net_config.py").read_text()
    text = text.replace("from xnornode.events import emit", "emit = None")
    names: dict = {}
    exec(compile(text, "net_config.py", "exec"), names)
    with pytest.raises(ValueError, match=why):
        names["check"](given)
    names["check"]({"mqtt": MQTT | {"tls": True, "ca": "/c", "prefix": "a/b", "qos": 0}})


def test_the_commands_of_a_pc(tmp_path, capsys):
    (tmp_path / "new.bnn").write_bytes(NEW)
    with net_node(tmp_path / "node", OLD, port=0, allow=ALL) as node:
        to = ["--port", node.url]
        assert xnornode(["push", str(tmp_path / "new.bnn"), *to]) == 0
        assert active_model(tmp_path / "node") == NEW
        assert xnornode(["list", *to]) == 0
        assert xnornode(["monitor", "--count", "5", "--format", "json", *to]) == 0
        assert capsys.readouterr().out.count('"label"') >= 5
        assert xnornode(["rollback", *to]) == 0
        assert active_model(tmp_path / "node") == OLD
        assert xnornode(["doctor", *to]) == 0
        assert xnornode(["name", "attic", *to]) == 0
        record = [
            "record",
            str(tmp_path / "data"),
            "--label",
            "x",
            "--seconds",
            "1",
            "--pause",
            "0",
        ]
        assert xnornode([*record, *to]) == 0
        assert len(list((tmp_path / "data").rglob("*.rec"))) == 1
        assert xnornode(["collect", "-o", str(tmp_path / "data"), *to]) == 0


def test_without_a_key_a_client_may_only_look(tmp_path):
    with net_node(tmp_path, OLD, port=0) as node:
        with pytest.raises(NodeError, match=r"not_allowed.*without a key"):
            push(node.url, NEW, timing=QUICK)
        s, found = client(node)
        with s as s:
            assert ask(s, found, "hello", 1)["signed"] is False
            assert ask(s, found, "list", 2)["active"]
            assert ask(s, found, "rollback", 3, to="0" * 64)["error"] == "not_allowed"
            assert ask(s, found, "stream", 4, seconds=5)["error"] == "not_allowed"
            assert ask(s, found, "kept", 6)["error"] == "not_allowed"
            assert ask(s, found, "fetch", 7, number=1, at=0)["error"] == "not_allowed"
            assert ask(s, found, "forget", 8, number=1)["error"] == "not_allowed"
            assert ask(s, found, "quit", 5)["error"] == "unknown"
            assert ask(s, found, "name", 6, name="attic")["error"] == "not_allowed"
            assert ask(s, found, "hello", 7)["name"] == ""


def test_a_node_without_a_model_gets_one(tmp_path):
    with net_node(tmp_path, None, port=0, allow=["push"]) as node:
        assert push(node.url, NEW, timing=QUICK).sent
        assert active_model(tmp_path) == NEW
        s, found = client(node)
        with s:
            assert next(e for e in found if e["event"] == "prediction")


def test_a_node_without_a_network_loads_nothing_of_it(tmp_path):
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "1.bnn").write_bytes(OLD)
    assert (
        interpreter("unix").run(SCRIPTS / "no_network.py", str(tmp_path)).splitlines()[-1] == "[]"
    )


def test_lives_of_programs_and_a_board_without_sockets(tmp_path):
    """A program that ends leaves nothing on the heap, also after a push: the model is large."""
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "1.bnn").write_bytes(model_bytes(3, hidden=2500))
    said = interpreter("unix").run(SCRIPTS / "lives.py", str(tmp_path)).splitlines()
    free = [int(line) for line in said if line.isdigit()]
    assert len(free) == 3 and max(free) - min(free) < 8000
    assert "goes on without a network" in unseal(said[-2].encode())["warning"]
    assert said[-1] == "[]"


def test_a_lost_wifi_is_joined_again():
    said = interpreter("unix").run(SCRIPTS / "wifi.py", "workshop").splitlines()
    lines = [line for line in said if not line.startswith("{")]
    warnings = [unseal(line.encode())["warning"] for line in said if line.startswith("{")]
    assert len(warnings) == 4 and "the Wi-Fi workshop is not there" in warnings[0]
    assert lines[:3] == ["name node-7", "kind 7", "active True"]
    joined = lines.index("joined")
    assert set(lines[3:joined] + lines[joined + 1 : -1]) == {"connect workshop secret"}
    assert (joined - 3, len(lines) - joined - 2) == (3, 2), "at 0, 15, 45 s, and 210, 240 s"


def test_a_wifi_that_is_being_joined_does_no_harm():
    assert interpreter("unix").run(SCRIPTS / "wifi.py", "busy").splitlines()[-1] == "end"


def test_the_example(tmp_path):
    """examples/wifi_main.py, whose node has no sensor: the network is served all the same."""
    text = (ROOT / "examples" / "wifi_main.py").read_text()
    assert "listen(5000)" in text
    fake = (SCRIPTS / "wifi.py").read_text().split("from xnornode")[0]
    program = tmp_path / "main.py"
    program.write_text(fake + text.replace("listen(5000)", "listen(0)"))
    with NetNode([program], tmp_path, [DEVICE]) as node:
        s, found = client(node)
        with s as s:
            assert ask(s, found, "hello", 1)["running"] is False
        assert b"connect workshop secret" in b"".join(list(node.said))


def test_several_clients(tmp_path):
    with net_node(tmp_path, OLD, port=0, clients=2, allow=["push"]) as node:
        (first, heard), (second, heard_too) = client(node), client(node)
        with first as one, second:
            assert next(e for e in heard if e["event"] == "prediction")
            assert next(e for e in heard_too if e["event"] == "prediction")
            third, told = client(node)
            with third:
                (only,) = list(told)
            assert only["event"] == "error" and "2 places" in only["error"]
            one.close()
            heard.close()
            assert next(e for e in heard_too if e["event"] == "prediction")
            assert push(node.url, NEW, timing=QUICK).sent


def test_garbage_and_ctrl_c(tmp_path):
    with net_node(tmp_path, OLD, port=0, allow=["push"]) as node:
        s, found = client(node)
        with s as s:
            s.sendall(
                b"\x03\r\x03\x01\x04\x02" + bytes(range(256)) * 99 + b"\n\x03\n" + b"{" * 5000
            )
            s.sendall(b"\n")
            assert ask(s, found, "hello", 9)["running"] is True
        assert node.running and push(node.url, NEW, timing=QUICK).sent


def test_a_client_that_never_reads(tmp_path):
    with net_node(tmp_path, OLD, port=0, allow=["push"]) as node:
        s, _ = client(node)
        with s as s:
            s.sendall(command("hello", 1) * 3000)
            assert push(node.url, NEW, timing=QUICK).sent
            s, found = client(node)
            with s:
                first = next(e for e in found if e["event"] == "prediction")
                for _, event in zip(range(20), found, strict=False):
                    assert event["event"] != "prediction" or event["seq"] > first["seq"]


def test_a_client_that_takes_nothing_for_long_is_disconnected():
    lines = interpreter("unix").run(SCRIPTS / "stalled_client.py").splitlines()
    assert lines == ["closed 50", "the other side takes nothing any more", "20 False"]


def test_a_broken_push_goes_on_where_it_was(tmp_path):
    with net_node(tmp_path, OLD, port=0, allow=["push"]) as node:
        faults = [Fault(Kind.DISCONNECT, TO_NODE, 200, b'{"push":', 8)]
        with Bridge(node.end, faults) as line:
            said: list[str] = []
            done = push(line.url, LARGE, timing=QUICK, say=said.append)
            assert line.fired == faults
        assert done.breaks == 1 and any("going on from there" in text for text in said)
        assert active_model(tmp_path) == LARGE


@pytest.mark.parametrize(
    ("config", "says"),
    [
        ({"port": "x"}, "`port` is wrong"),
        ({"prot": 1}, "no key `prot`"),
        ({"allow": ["all"]}, "`allow` is wrong"),
        ({"connect": "here"}, "no HOST:PORT"),
        ({"ssid": "x"}, "network"),
    ],
)
def test_a_wrong_config_is_said_and_the_node_goes_on(tmp_path, config, says):
    with net_node(tmp_path, OLD, **{"connect": "", **config}) as node:
        while b'"prediction"' not in b"".join(list(node.said)):
            assert node.running
        said = b"".join(list(node.said)).decode()
    assert "without a network" in said and says in said


def test_it_connects_out_again_and_again(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(PATIENCE)
        address = "{}:{}".format(*server.getsockname())
        with net_node(tmp_path, OLD, connect=address, allow=["push"]) as node:
            for _ in range(2):
                with server.accept()[0] as s:
                    s.settimeout(PATIENCE)
                    found = events(s)
                    assert ask(s, found, "hello", 1)["running"] is True
                    begun = ask(s, found, "begin", 2, **Push(NEW)._begin)
                    assert "push" in begun
                    s.shutdown(socket.SHUT_RDWR)
            with server.accept()[0] as s, Bridge(s.fileno()) as line:
                assert push(line.url, NEW, timing=QUICK).sent
            assert active_model(tmp_path) == NEW and node.running


def test_nobody_there_to_connect_to(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = "{}:{}".format(*server.getsockname())
    with net_node(tmp_path, OLD, connect=address) as node:
        while b"".join(list(node.said)).count(b'"prediction"') < 100:
            assert node.running


def test_faulted_pushes(tmp_path):
    """The long form: `python -m tools.stress.soak faults --link tcp --pushes 300`."""
    plans = sample(in_each_state(QUICK), 12, seed=3)
    plans += [Plan("byte", [at_byte(kind, TO_NODE, 500, i)]) for i, kind in enumerate(Kind)][:5]
    plans += [at_random(seed, 6000) for seed in range(8)]
    with ExitStack() as stack:
        labs = [stack.enter_context(NetLab(tmp_path / str(i))) for i in range(5)]
        failed, fired = failed_and_fired(push_all(labs, [replace(p, pty=False) for p in plans]))
    assert failed <= 3 and fired > 10
