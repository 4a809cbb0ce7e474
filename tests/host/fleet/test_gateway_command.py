"""`xnornode gateway` as people start it: wrong settings, TLS, users, signals, metrics."""

import signal
import socket
import time
import urllib.error
import urllib.request
from dataclasses import replace

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.lab.brokerlab import Mosquitto, free_port
from tests.lab.gatewaylab import Watcher, command, gateway, settings, wait, write_file
from tests.lab.linenodes import LineNode, LineNodes
from xnornode.cli.main import main
from xnornode.fleet.gateway_config import GatewaySettings, read_settings
from xnornode.fleet.gateway_native import Native
from xnornode.fleet.payloads import State, to_payload
from xnornode.link.mqtt_topics import OFFLINE

ACL = """
user gateway
topic readwrite xnornode/#

user operator
topic read xnornode/#
topic write xnornode/shed/command/#

user watcher
topic read xnornode/#
"""
USERS = {"gateway": "secret word", "operator": "o", "watcher": "w"}


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path


WRONG = [
    ("[broker]\nhots = 'x'", "there is no key `hots`"),
    ("[broker]\nport = '1883'", "`port` is a whole number"),
    ("[broker]\npassword_file = 'nowhere'", "`password_file` nowhere: No such file"),
    ("[broker]\npassword = 'x'\npassword_file = 'y'", "in place of `password`"),
    ("[gatway]", "there is no table `gatway`"),
    ("gateway = 5", "`gateway` is a table"),
    ("node = 5", "`node` is a list of tables"),
    ("[gateway]\nqueues = 5", "there is no key `queues`"),
    ("[gateway]\nbroker = 'x'", "there is no key `broker`"),
    ("[gateway]\nqueue_bytes = 5", "at least 100,000"),
    ("[gateway]\nqueue_bytes = true", "`queue_bytes` is a whole number"),
    ("[gateway]\nallow = ['push', 'all']", "'all' is none of push, rollback, record, name"),
    ("[gateway]\nallow = 'push'", "`allow` is a list of text"),
    ("[gateway]\nrequire_signed = true", "`require_signed` needs `key`"),
    ("[gateway]\nkey = 'nowhere'", "cannot read nowhere"),
    ("[gateway]\nname = 'küche'", "'küche' is none"),
    ("[gateway]\nmetrics = '9464'", "no HOST:PORT"),
    ("[gateway]\nlargest_model = 100000000", "from 1 to 16,777,216"),
    ("[[node]]\nname = 'shed'", "`port` is missing"),
    ("[[node]]\nport = '10.0.0.7:5000'", "is socket://10.0.0.7:5000 meant?"),
    ("[[node]]\nport = '/dev/x'\nname = 'a b'", "no name of a node"),
    ("[[node]]\nport = '/dev/x'\nbaud = 5", "no baud rate"),
    ("[[node]]\nport = '/dev/x'\n[[node]]\nport = '/dev/x'", "twice"),
    ("[gateway\n", "is no TOML"),
]


@pytest.mark.quick
@pytest.mark.parametrize(("text", "problem"), WRONG, ids=[problem for _, problem in WRONG])
def test_a_wrong_file_ends_with_status_2_and_its_name(folder, capsys, text, problem):
    file = folder / "fleet.toml"
    file.write_text(text)
    with pytest.raises(SystemExit) as ended:
        main(["gateway", str(file)])
    said = capsys.readouterr().err
    assert ended.value.code == 2 and problem in said and str(file) in said


@pytest.mark.quick
def test_a_file_that_is_not_there_ends_with_status_2(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["gateway", "nowhere.toml"])
    assert ended.value.code == 2 and "nowhere.toml: No such file" in capsys.readouterr().err


@pytest.mark.quick
def test_settings_come_from_file_environment_and_defaults(folder, monkeypatch):
    (folder / "word").write_text("secret\n")
    file = folder / "fleet.toml"
    file.write_text(
        f"[broker]\nhost = 'broker.lan'\nuser = 'gw'\npassword_file = '{folder}/word'\n"
        "[gateway]\nname = 'attic'\nallow = []\n[[node]]\nport = 'socket://h:1'\nname = 'shed'\n"
    )
    made = read_settings(file)
    assert (made.broker.host, made.broker.password, made.name) == ("broker.lan", "secret", "attic")
    assert made.allow == () and made.nodes[0].name == "shed"
    name = "attic_broker.lan_1883_xnornode.queue"
    assert made.queue_file == folder / "state" / "xnornode" / name
    monkeypatch.setenv("XNORNODE_MQTT_PASSWORD", "other")
    monkeypatch.setenv("STATE_DIRECTORY", str(folder / "service"))
    made = read_settings(file)
    assert made.broker.password == "other"
    assert made.queue_file == folder / "service" / name
    made = read_settings(None)
    assert made.allow == ("push", "rollback") and made.usb and made.queue_bytes == 64_000_000
    assert "secret" not in repr(replace(made, secret=b"secret"))


@pytest.mark.quick
def test_a_name_is_made_of_the_computers(monkeypatch):
    monkeypatch.setattr(socket, "gethostname", lambda: "pi.local")
    assert GatewaySettings().name == "pilocal"


def test_tls_users_and_an_access_list(folder):
    node = LineNode("01")
    with (
        Mosquitto(folder / "broker", USERS, ACL, tls=True) as broker,
        LineNodes([node]) as farm,
    ):
        watcher = Watcher(broker.settings("operator", "o"))
        made = settings(broker, folder, ("shed", node.url))
        made = replace(made, broker=broker.settings("gateway"))
        file = write_file(folder / "fleet.toml", made)
        with command(file, XNORNODE_MQTT_PASSWORD="wrong") as process:
            assert process.wait(60) == 1
            said = process.stderr.read()
            assert "check user and password" in said
            assert "Traceback" not in said
        with command(file, XNORNODE_MQTT_PASSWORD="secret word") as process:
            assert watcher.until(lambda: watcher.last("shed/state"))
            assert "part" in watcher.ask("shed", b'{"cmd":"list"}')
            reader = Watcher(broker.settings("watcher", "w"), name="reader")
            heard = len(node.heard)
            reader.publish("shed/command/x", b'{"cmd":"list"}')
            farm.do(node.predict)
            assert reader.until(lambda: reader.numbers("shed") == [0])
            assert len(node.heard) == heard, "who may read may command"
            reader.close()
            process.send_signal(signal.SIGINT)
            assert process.wait(30) == 0
            assert "messages published" in process.stderr.read()
        watcher.close()


def test_a_broker_that_is_not_there_is_waited_for(folder):
    node = LineNode("01")
    with LineNodes([node]) as farm:
        broker = Mosquitto(folder / "broker")
        file = write_file(folder / "fleet.toml", settings(broker, folder, ("shed", node.url)))
        with command(file) as process:
            assert wait(lambda: node.opened)
            farm.do(node.predict)
            with broker:
                watcher = Watcher(broker.settings())
                assert watcher.until(lambda: watcher.numbers("shed") == [0])
                watcher.close()
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0


def test_a_service_manager_hears_that_it_is_ready_and_alive(folder):
    with Mosquitto(folder / "broker") as broker:
        end = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        end.bind(str(folder / "notify"))
        end.settimeout(60)
        file = write_file(folder / "fleet.toml", settings(broker, folder))
        about = {"NOTIFY_SOCKET": str(folder / "notify"), "WATCHDOG_USEC": "400000"}
        with command(file, **about) as process:
            told = [end.recv(100) for _ in range(3)]
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0
        while told[-1] != b"STOPPING=1":
            told.append(end.recv(100))
        assert told[:3] == [b"READY=1", b"WATCHDOG=1", b"WATCHDOG=1"]
        end.close()


def test_metrics_are_what_prometheus_reads(folder):
    nodes = [LineNode("01"), LineNode("02")]
    port = free_port()
    with Mosquitto(folder / "broker") as broker, LineNodes(nodes) as farm:
        made = settings(broker, folder, ("shed", nodes[0].url), ("barn", nodes[1].url))
        file = write_file(folder / "fleet.toml", made, metrics=f"127.0.0.1:{port}")
        watcher = Watcher(broker.settings())
        with command(file):
            assert watcher.until(lambda: watcher.last("shed/state") and watcher.last("barn/state"))
            for _ in range(3):
                farm.do(nodes[0].predict)
            assert watcher.until(lambda: len(watcher.numbers("shed")) == 3)
            watcher.publish("shed/command/x", b"import os")
            assert watcher.until(lambda: watcher.of("shed/reply/x"))
            url = f"http://127.0.0.1:{port}/metrics"
            with urllib.request.urlopen(url, timeout=30) as answer:
                text = answer.read().decode()
            with pytest.raises(urllib.error.HTTPError, match="404"):
                urllib.request.urlopen(f"http://127.0.0.1:{port}/other", timeout=30)
        watcher.close()
    families = list(text_string_to_metric_families(text))
    assert len({each.name for each in families}) == len(families), "a metric stands there twice"
    found = {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for each in families
        for sample in each.samples
    }
    assert found["xnornode_predictions_total", "rest", "shed"] == 1
    assert found["xnornode_connected", "barn"] == 1
    assert found["xnornode_gateway_nodes", "gw"] == 2
    assert found["xnornode_gateway_refused_total", "damaged", "gw"] == 1
    assert found["xnornode_gateway_broker_connected", "gw"] == 1


def test_a_port_for_metrics_that_is_taken_ends_with_status_1(folder, capsys):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        where = f"127.0.0.1:{taken.getsockname()[1]}"
        assert main(["gateway", "--no-usb", "--metrics", where]) == 1
    assert f"`metrics` {where}: cannot listen" in capsys.readouterr().err


class Told:
    """An extra that notes what it is told."""

    def __init__(self, running):
        self.told = []
        for name in ("connected", "step", "close"):
            setattr(self, name, lambda: None)
        for name in ("state", "event", "gone"):
            setattr(self, name, lambda *about, name=name: self.told.append((name, *about)))
        self.native = Native(running)


def test_extras_hear_of_nodes_that_speak_mqtt_themselves(folder):
    extras = []

    def extra(running):
        extras.append(Told(running))
        return extras[0]

    node = LineNode("01")
    with Mosquitto(folder / "broker") as broker, LineNodes([node]) as farm:
        watcher = Watcher(broker.settings())
        watcher.publish("yard/state", to_payload(State("yard", "02", session="s")), True)
        with gateway(settings(broker, folder, ("shed", node.url)), extra) as running:
            assert wait(lambda: any(what[:2] == ("state", "yard") for what in extras[0].told))
            text = b'{"event":"detected","seq":1,"ms":2,"label":"walk","confidence":900'
            watcher.publish("yard/event", text + b',"session":"s"}')
            watcher.publish("yard/event", b"no JSON")
            watcher.publish("nobody/event", text + b"}")
            watcher.publish("yard/state", b'{"mqtt":2}')
            farm.do(node.predict)
            watcher.publish("yard/availability", OFFLINE)
            assert wait(lambda: ("gone", "yard") in extras[0].told)
            assert wait(lambda: any(what[:2] == ("event", "shed") for what in extras[0].told))
            assert running.refused["json"] == running.refused["version"] == 1
        events = [what for what in extras[0].told if what[0] == "event"]
        assert [what[1] for what in events].count("yard") == 1
        assert [what[1] for what in events].count("shed") == 1, "its own come back"
        yard = next(what for what in events if what[1] == "yard")
        assert yard[2].label == "walk" and abs(yard[3] - time.time() * 1000) < 60_000
        assert yard[4] == "s"
        watcher.close()


def test_boards_are_found_as_they_come_and_go(folder, monkeypatch):
    """Of two that are plugged in, one has a chip that printers have as well."""
    from serial.tools import list_ports

    from xnornode.fleet import gateway_roster

    nodes = [LineNode("01"), LineNode("02")]
    plugged = []
    monkeypatch.setattr(list_ports, "comports", lambda: [*plugged])
    monkeypatch.setattr(gateway_roster, "LOOK", 0.0)

    class Plugged:
        def __init__(self, device, vid):
            self.device, self.vid, self.serial_number = device, vid, "E66"

    with Mosquitto(folder / "broker") as broker, LineNodes(nodes):
        watcher = Watcher(broker.settings())
        with gateway(settings(broker, folder, usb=True)) as running:
            plugged += [Plugged(nodes[0].url, 0x2E8A), Plugged(nodes[1].url, 0x0403)]
            assert watcher.until(lambda: watcher.last("01/availability") == "online")
            plugged.clear()
            assert watcher.until(lambda: watcher.last("01/availability") == "offline")
            assert not running.roster._found and not nodes[1].opened
        watcher.close()
