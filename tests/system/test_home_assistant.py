"""The real Home Assistant finds nodes by itself: entities, triggers, the update's button."""

import json
import queue
import re
import threading
import time
from dataclasses import replace

import pytest

from tests.lab import documents
from tests.lab.brokerlab import Mosquitto
from tests.lab.extralab import MODEL, BareGateway, prediction, state
from tests.lab.gatewaylab import command, settings, write_file
from tests.lab.homeassistantlab import HomeAssistant
from tests.lab.livenode import active_model, live_node, model_bytes
from tools.firmware.sources import ROOT
from xnornode.fleet.discovery import Discovery
from xnornode.fleet.models import announce, publish_model
from xnornode.fleet.payloads import GatewayState, Last, Latest, Update, to_payload

WAIT = 60.0
GATEWAY = ("gateway", "word")
LABELS = ("walk", "run", "auf & ab", "5")
FACTS = {
    "library": "0.2.0",
    "firmware": "1.25.0",
    "machine": "Raspberry Pi Pico with RP2040",
    "labels": LABELS,
    "last": Last(3, "walk", "walk", 912),
    "ram": 91_234,
    "rate_mhz": 1250,
    "lost": 3,
    "restarts": 1,
}
NEWER = Latest("cd" * 32, 2300, "gesture", 4, 3, False)


class Home:
    """Home Assistant, a broker, and a gateway whose nodes a test speaks for."""

    def __init__(self, mosquitto: Mosquitto, assistant: HomeAssistant) -> None:
        self.mosquitto, self.assistant = mosquitto, assistant
        self.gateway = BareGateway(mosquitto.settings(*GATEWAY))
        self.discovery = Discovery(self.gateway)
        self.installs: queue.Queue[tuple[str, bytes]] = queue.Queue()
        self.fired: queue.Queue[dict] = queue.Queue()
        broker = self.gateway.broker
        broker.subscribe(
            self.gateway.topics.node("+", "model/install"),
            lambda topic, payload, retained: self.installs.put((topic, payload)),
        )
        self.born = threading.Event()
        broker.subscribe(
            "homeassistant/status",
            lambda topic, payload, _: payload == b"online" and self.born.set(),
        )
        broker.subscribe("test/fired", lambda topic, data, _: self.fired.put(json.loads(data)))
        self.gateway.run(self.discovery)
        said = GatewayState("attic", "0.2.0", False, ("kitchen",), 1, queued=7)
        self.keep(self.gateway.topics.shared("_gateway/state", "attic"), to_payload(said))
        self.keep(self.gateway.topics.shared("_gateway/availability", "attic"), b"online")

    def keep(self, topic: str, payload: bytes) -> None:
        self.gateway.broker.publish(topic, payload, retain=True)

    def say(self, node: str, **more) -> None:
        """A node's state, published by its gateway."""
        said = state(node, **FACTS | more)
        self.keep(self.gateway.topics.node(node, "availability"), b"online")
        self.keep(self.gateway.topics.node(node, "state"), to_payload(said))
        self.discovery.state(node, said)
        self.discovery.step()

    def event(self, node: str, **event) -> None:
        kind = "prediction" if event["event"] == "prediction" else "event"
        self.gateway.broker.publish(
            self.gateway.topics.node(node, kind), json.dumps(event).encode()
        )

    def until(self, entity: str, wanted) -> dict:
        """An entity whose state is this, or of which this is true."""
        end, found = time.monotonic() + WAIT, None
        while time.monotonic() < end:
            self.discovery.step()
            found = self.assistant.entity(entity)
            if wanted(found) if callable(wanted) else (found and found["state"] == wanted):
                return found
            time.sleep(0.05)
        raise AssertionError(f"{entity}: {found}; {self.assistant.said()[-3000:]}")

    def device(self, entity: str, key: str) -> str:
        return self.assistant.template(f"{{{{ device_attr('{entity}', '{key}') }}}}")


def access_list() -> str:
    """The one of the page; what the test fires besides."""
    page = ROOT / "docs" / "reference" / "mqtt.md"
    (block,) = (b for b in documents.blocks() if b.page == page and "user homeassistant" in b.code)
    fired = "topic write test/fired\n"
    return block.code.replace("user homeassistant\n", f"user homeassistant\n{fired}").replace(
        "user gateway\n", "user gateway\ntopic read test/fired\n"
    )


def documented() -> str:
    """The automation of the guide, that tells the test instead of a lamp."""
    page = ROOT / "docs" / "guides" / "homeassistant.md"
    (block,) = (b for b in documents.blocks() if b.page == page and "alias:" in b.code)
    lamp = "service: light.turn_on\n    target: {entity_id: light.kitchen}"
    assert lamp in block.code
    said = 'service: mqtt.publish\n    data: {topic: test/fired, payload: "[7]"}'
    return block.code.replace(lamp, said)


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    folder = tmp_path_factory.mktemp("home")
    users = dict([GATEWAY, ("homeassistant", "secret")])
    with (
        Mosquitto(folder / "broker", users, access_list()) as mosquitto,
        HomeAssistant(
            folder / "assistant", mosquitto.settings("homeassistant", "secret"), documented()
        ) as assistant,
    ):
        home = Home(mosquitto, assistant)
        yield home
        home.gateway.close()
        troubles = re.findall("^.*(?:WARNING|ERROR).*$", assistant.said(), re.M)
        expected = ("Skipping pip", "Support for the running Python")
        troubles = [line for line in troubles if not any(each in line for each in expected)]
        assert not troubles, troubles


def test_a_node_appears_with_its_states(home):
    home.say("kitchen", trouble="the sensor does not answer")
    home.until("binary_sensor.kitchen_problem", "on")
    home.event("kitchen", event="prediction", seq=4, label="run", answer="unknown", confidence=481)
    home.until("sensor.kitchen_label", "unknown")
    home.event("kitchen", event="prediction", seq=5, label="run", answer="run", confidence=935)
    home.until("sensor.kitchen_label", "run")
    home.until("sensor.kitchen_confidence", "93.5")
    home.until("sensor.kitchen_restarts", "1")
    states = home.assistant.states()
    assert {name: states[name] for name in states if ".kitchen" in name} == {
        "binary_sensor.kitchen_problem": "on",
        "event.kitchen_detected": "unknown",
        "sensor.kitchen_confidence": "93.5",
        "sensor.kitchen_free_ram": "91234",
        "sensor.kitchen_label": "run",
        "sensor.kitchen_lost_predictions": "3",
        "sensor.kitchen_model_update": "unknown",
        "sensor.kitchen_prediction_rate": "1.25",
        "sensor.kitchen_restarts": "1",
        "update.kitchen_model": "off",
    }
    problem = home.assistant.entity("binary_sensor.kitchen_problem")
    assert problem["attributes"]["trouble"] == "the sensor does not answer"
    assert home.assistant.entity("sensor.kitchen_label")["attributes"]["friendly_name"] == (
        "kitchen Label"
    )


def test_it_is_a_device_behind_its_gateway(home):
    home.say("hall")
    home.until("sensor.hall_restarts", "1")
    home.until("sensor.gateway_attic_nodes", "1")
    home.until("sensor.gateway_attic_queued_messages", "7")
    home.until("binary_sensor.gateway_attic_connection", "on")
    said = {key: home.device("sensor.hall_label", key) for key in ("name", "model", "sw_version")}
    assert said == {
        "name": "hall",
        "model": "Raspberry Pi Pico with RP2040",
        "sw_version": "XnorNode 0.2.0, MicroPython 1.25.0",
    }
    gateway = home.assistant.template("{{ device_id('sensor.gateway_attic_nodes') }}")
    assert home.device("sensor.hall_label", "via_device_id") == gateway


def test_a_node_that_has_no_name_is_called_by_its_number(home):
    home.say("e660583883", device="e660583883")
    home.until("sensor.node_e660583883_restarts", "1")


def test_drift_shows_and_is_a_problem(home):
    home.say("shed", drift=1310, moved=("accel x (g) mean",))
    home.until("sensor.shed_drift", "131.0")
    problem = home.until("binary_sensor.shed_problem", "on")
    assert problem["attributes"]["moved"] == ["accel x (g) mean"]


def test_a_detection_is_an_event_and_a_trigger(home):
    home.say("gate")
    home.until("event.gate_detected", "unknown")
    device = home.assistant.template("{{ device_id('event.gate_detected') }}")
    for k, label in enumerate(LABELS):
        trigger = {"platform": "device", "domain": "mqtt", "device_id": device}
        trigger |= {"type": "detected", "subtype": label}
        said = {"topic": "test/fired", "payload": json.dumps({"label": label})}
        home.assistant.automation(
            f"on_{k}", trigger=[trigger], action=[{"service": "mqtt.publish", "data": said}]
        )
        home.until(f"automation.on_{k}", "on")
    for label in LABELS:
        detected = {"event": "detected", "seq": 5, "ms": 0, "label": label, "confidence": 950}
        for event in ({"event": "end", "count": 1}, detected, {"event": "warning", "warning": "x"}):
            home.event("gate", **event)
        assert home.fired.get(timeout=WAIT) == {"label": label}
        entity = home.until(
            "event.gate_detected", lambda e, want=label: e["attributes"]["event_type"] == want
        )
        assert entity["attributes"]["confidence"] == 95.0
    assert home.fired.empty()


def test_the_automation_of_the_guide(home):
    home.say("kitchen")
    home.until("event.kitchen_detected", lambda e: e)
    for label in ("run", "walk"):
        home.event("kitchen", event="detected", seq=5, ms=0, label=label, confidence=950)
    assert home.fired.get(timeout=WAIT) == [7]
    assert home.fired.empty()


def test_the_button_of_an_update_installs_the_latest_model(home):
    home.say("loft")
    shown = home.until("update.loft_model", "off")
    assert shown["attributes"]["installed_version"] == "gesture 3 (abababab)"
    home.keep(home.gateway.topics.node("loft", "model/latest"), to_payload(NEWER))
    shown = home.until("update.loft_model", "on")
    assert shown["attributes"]["latest_version"] == "gesture 4 (cdcdcdcd)"
    assert shown["attributes"]["release_summary"] == "gesture, revision 4, 2,300 bytes"
    home.assistant.call("update.install", entity_id="update.loft_model")
    assert home.installs.get(timeout=WAIT) == ("xnornode/loft/model/install", b"INSTALL")
    update = home.gateway.topics.node("loft", "model/update")
    home.keep(update, to_payload(Update("DOWNLOADING", NEWER.sha256, progress=40)))
    shown = home.until("sensor.loft_model_update", "DOWNLOADING")
    assert shown["attributes"]["progress"] == 40
    newer = replace(MODEL, revision=4, sha256=NEWER.sha256)
    home.keep(update, to_payload(Update("UPDATED", NEWER.sha256, progress=100)))
    home.say("loft", model=newer)
    shown = home.until("update.loft_model", "off")
    assert shown["attributes"]["installed_version"] == "gesture 4 (cdcdcdcd)"
    older = replace(NEWER, sha256=MODEL.sha256, revision=3)  # back is an update, too
    home.keep(home.gateway.topics.node("loft", "model/latest"), to_payload(older))
    home.until("update.loft_model", "on")


def test_a_node_is_there_if_it_and_its_gateway_are(home):
    home.say("yard")
    home.until("sensor.yard_restarts", "1")
    there = home.gateway.topics.shared("_gateway/availability", "attic")
    for topic in (home.gateway.topics.node("yard", "availability"), there):
        home.keep(topic, b"offline")
        home.until("sensor.yard_restarts", "unavailable")
        home.keep(topic, b"online")
        home.until("sensor.yard_restarts", "1")


def test_another_model_has_other_labels(home):
    home.say("barn")
    home.until("event.barn_detected", "unknown")
    home.say("barn", labels=("sit",))
    home.until("event.barn_detected", lambda e: e["attributes"]["event_types"] == ["sit"])
    home.discovery.event("barn", prediction("sit", None), 0, None)  # one without answers
    home.until("event.barn_detected", lambda e: e is None)
    assert home.assistant.entity("sensor.barn_confidence") is None
    assert home.assistant.entity("sensor.barn_label")


def test_a_node_whose_state_is_taken_back_is_removed(home):
    home.say("attic-2")
    home.until("sensor.attic_2_restarts", "1")
    home.keep(home.gateway.topics.node("attic-2", "state"), b"")
    home.until("sensor.attic_2_restarts", lambda e: e is None)
    assert not [name for name in home.assistant.states() if "attic_2" in name]


def test_a_gateway_that_is_told_to_takes_all_of_its_messages_back(home):
    other = BareGateway(home.gateway.broker.settings)
    other.name = "cellar"
    discovery = Discovery(other)
    other.run(discovery)
    said = state("wine", **FACTS | {"gateway": None})
    home.keep(home.gateway.topics.node("wine", "availability"), b"online")
    home.keep(home.gateway.topics.node("wine", "state"), to_payload(said))
    discovery.state("wine", said)
    other.until(lambda: home.assistant.entity("sensor.wine_restarts"))
    home.until("sensor.wine_restarts", "1")
    home.until("sensor.gateway_cellar_nodes", lambda e: e)
    other.close()
    last = BareGateway(home.gateway.broker.settings)
    last.name = "cellar"
    last.run(Discovery(last, on=False))
    last.until(lambda: not home.assistant.entity("sensor.wine_restarts"))
    last.until(lambda: not home.assistant.entity("sensor.gateway_cellar_nodes"))
    last.close()
    assert home.assistant.entity("sensor.gateway_attic_nodes")


def test_the_button_updates_a_real_node_behind_a_real_gateway(home, tmp_path):
    old, new = model_bytes(1), model_bytes(2)
    node = tmp_path / "node"
    with live_node(node, old, realtime=True) as (_, bridge):
        file = tmp_path / "fleet.toml"
        made = settings(home.mosquitto, tmp_path, ("bench", bridge.url))
        made = replace(made, broker=home.mosquitto.settings(*GATEWAY))
        write_file(file, made, homeassistant=True)
        with command(
            file, XDG_RUNTIME_DIR=str(tmp_path), XNORNODE_MQTT_PASSWORD=GATEWAY[1]
        ) as gateway:
            home.until("sensor.bench_label", lambda e: e and e["state"].startswith("class"))
            was = home.until("update.bench_model", "off")["attributes"]["installed_version"]
            publish_model(home.gateway.broker, home.gateway.topics, new)
            latest = announce(new, install=False)
            home.keep(home.gateway.topics.node("bench", "model/latest"), to_payload(latest))
            shown = home.until("update.bench_model", "on")["attributes"]
            assert shown["installed_version"] == was != shown["latest_version"]
            assert active_model(node) == old
            home.assistant.call("update.install", entity_id="update.bench_model")
            home.until("sensor.bench_model_update", "UPDATED")
            now = home.until("update.bench_model", "off")["attributes"]["installed_version"]
            assert now == shown["latest_version"]
            assert active_model(node) == new
            gateway.terminate()
            gateway.wait(WAIT)
    home.until("sensor.bench_label", "unavailable")


def test_home_assistant_that_starts_again_sees_all_of_it(home):
    home.say("late")
    home.until("sensor.late_restarts", "1")
    home.assistant.stop()
    home.born.clear()
    home.say("late", restarts=2)  # which it does not hear
    home.assistant.start()
    assert home.born.wait(WAIT)  # the access list lets it say so
    home.until("sensor.late_restarts", "2")
    home.until("update.late_model", "off")
    home.until("sensor.late_label", "unknown")  # predictions are not retained
    gateway = home.assistant.template("{{ device_id('sensor.gateway_attic_nodes') }}")
    assert home.device("sensor.late_label", "via_device_id") == gateway
