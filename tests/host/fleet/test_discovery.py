"""What Home Assistant is told of nodes. tests/system/test_home_assistant.py asks the real one."""

import json
import re

import pytest

from tests.lab.brokerlab import Mosquitto
from tests.lab.extralab import MODEL, BareGateway, prediction, state
from xnornode.errors import LinkError
from xnornode.fleet.discovery import NODES_A_STEP, READ_BACK, Discovery
from xnornode.fleet.discovery_entities import MOST_TRIGGERS, node_entities, update_state
from xnornode.fleet.discovery_names import Names, gateway_entities, slug
from xnornode.fleet.payloads import Last, Latest, Update, to_payload
from xnornode.link.mqtt_topics import Topics

NAMES = Names(Topics(), "attic")
LABELS = ("walk", "run", "auf & ab", "5", "{{ states }}")
FULL = state(
    library="0.2.0",
    firmware="1.25.0",
    machine="Raspberry Pi Pico",
    labels=LABELS,
    last=Last(3, "walk", "walk", 912),
    drift=100,
)
# What Home Assistant 2024.3 takes (homeassistant/components/mqtt): of these two nothing else
DEVICE = {
    *("identifiers", "connections", "manufacturer", "model", "name", "hw_version"),
    *("serial_number", "sw_version", "via_device", "suggested_area", "configuration_url"),
}
ORIGIN = {"name", "sw_version", "support_url"}
TOPIC = re.compile(r"homeassistant/\w+/[a-zA-Z0-9_-]+/[a-zA-Z0-9_-]+/config")
NEEDED = {
    "sensor": {"state_topic", "value_template"},
    "binary_sensor": {"state_topic"},
    "event": {"state_topic", "event_types", "value_template"},
    "update": {"command_topic", "payload_install"},
    "device_automation": {"automation_type", "topic", "type", "subtype", "payload"},
}
UNITS = {"frequency": "Hz", "data_size": "B", "problem": None, "connectivity": None}


def told(gateway, topic="") -> dict[str, dict]:
    """The discovery messages that stand at the broker, by topic."""
    return {
        name: json.loads(payload)
        for name, payload in gateway.kept.items()
        if payload and name.startswith("homeassistant/" + topic) and name.endswith("/config")
    }


@pytest.fixture
def gateway():
    gateway = BareGateway()
    gateway.run(Discovery(gateway))
    connect(gateway)
    return gateway


def connect(gateway):
    """What is retained has come back."""
    for _ in range(READ_BACK):
        gateway.extra.step()


def say(gateway, *states):
    for each in states:
        gateway.extra.state(each.node, each)
    gateway.extra.step()


def come(gateway, topic: str, payload: bytes, retained: bool = True) -> None:
    """A message of the broker, by the subscription that is for it."""
    for pattern, handler in gateway.broker.patterns.items():
        if re.fullmatch(pattern.replace("+", "[^/]+"), topic):
            handler(topic, payload, retained)


@pytest.mark.quick
@pytest.mark.parametrize("entities", [node_entities(NAMES, FULL, True), gateway_entities(NAMES)])
def test_messages_are_as_home_assistant_takes_them(entities):
    identities = [each["unique_id"] for each in entities.values() if "unique_id" in each]
    assert len(identities) == len({*identities})
    for (component, name), entity in entities.items():
        assert TOPIC.fullmatch(f"homeassistant/{component}/xnornode_kitchen/{name}/config")
        assert NEEDED[component] <= {*entity}
        assert {*entity["device"]} <= DEVICE and entity["device"]["identifiers"]
        assert {*entity["origin"]} <= ORIGIN
        assert all(value is not None for value in entity["device"].values())
        if component == "device_automation":
            continue
        assert entity["unique_id"]
        assert "device_class" not in entity or UNITS[entity["device_class"]] == entity.get(
            "unit_of_measurement"
        )
        assert entity.get("entity_category") in (None, "diagnostic") or component == "update"
        for template in (entity[key] for key in entity if key.endswith("_template")):
            assert template.startswith("{{ ") and template.endswith(" }}")
            assert template.count("{") == template.count("}")


@pytest.mark.quick
def test_a_label_that_is_a_template_is_no_trigger():
    entities = node_entities(NAMES, FULL, True)
    subtypes = [e["subtype"] for (kind, _), e in entities.items() if kind == "device_automation"]
    assert subtypes == ["walk", "run", "auf & ab", "5"]
    assert entities["event", "detected"]["event_types"] == [*LABELS]


@pytest.mark.quick
def test_a_node_cannot_fill_home_assistant():
    many = state(labels=tuple(f"label {k}" for k in range(255)))
    triggers = [k for k in node_entities(NAMES, many, True) if k[0] == "device_automation"]
    assert len({*triggers}) == MOST_TRIGGERS


@pytest.mark.quick
def test_a_model_without_answers_detects_nothing():
    for answers in (None, False):
        found = {name for _, name in node_entities(NAMES, FULL, answers)}
        assert not {name for name in found if name.startswith(("detected", "confidence"))}


@pytest.mark.quick
def test_predictions_say_whether_a_model_gives_answers(gateway):
    say(gateway, state(labels=LABELS))
    assert not told(gateway, "event/")
    for confidence, events in ((900, 1), (None, 0)):
        for _ in range(2):
            gateway.extra.event("kitchen", prediction("walk", confidence), 0, None)
        gateway.extra.step()
        assert len(told(gateway, "event/")) == events


@pytest.mark.quick
def test_a_node_of_its_own_is_behind_no_gateway():
    entity = node_entities(NAMES, state(gateway=None), None)["sensor", "label"]
    assert entity["availability"] == [{"topic": "xnornode/kitchen/availability"}]
    assert "via_device" not in entity["device"]
    assert entity["origin"]["name"] == "XnorNode"


@pytest.mark.quick
def test_names_do_not_meet():
    assert slug("a b") != slug("a_b") != slug("a.b")
    assert NAMES.of_gateway not in (NAMES.node("gateway_attic"), NAMES.node("attic"))
    assert Names(Topics("house/bnn"), "attic").node("kitchen") == "house_bnn_kitchen"


@pytest.mark.quick
def test_only_what_has_changed_is_published(gateway):
    say(gateway, FULL)
    before = {**gateway.kept}
    assert len(told(gateway, "sensor/xnornode_kitchen")) == 8
    gateway.kept.clear()
    say(gateway, FULL)
    assert not gateway.kept
    say(gateway, state(**{**FULL.__dict__, "machine": "Pico 2"}))
    assert {*gateway.kept} == {t for t in before if t.endswith("config")} - {
        t for t in before if "gateway" in t
    }


@pytest.mark.quick
def test_a_gateway_with_many_nodes_takes_its_time(gateway):
    say(gateway, *(state(f"n{k}") for k in range(2 * NODES_A_STEP)))
    assert len(told(gateway, "update/")) == NODES_A_STEP
    gateway.extra.step()
    assert len(told(gateway, "update/")) == 2 * NODES_A_STEP


@pytest.mark.quick
def test_a_label_that_is_gone_is_taken_back(gateway):
    say(gateway, FULL)
    say(gateway, state(**{**FULL.__dict__, "labels": ("walk",)}))
    triggers = told(gateway, "device_automation/")
    assert [each["subtype"] for each in triggers.values()] == ["walk"]


@pytest.mark.quick
def test_what_is_not_known_yet_stays_after_a_restart(gateway):
    say(gateway, FULL)
    again = BareGateway()
    again.run(Discovery(again))
    for topic in told(gateway):
        come(again, topic, gateway.kept[topic])
    connect(again)
    assert not again.kept  # all of it stands there
    old = "homeassistant/sensor/xnornode_kitchen/of_an_older_version/config"
    come(again, old, json.dumps({"origin": NAMES.origin("attic")}).encode())
    say(again, state(**{**FULL.__dict__, "labels": None, "last": None, "drift": None}))
    assert [topic for topic, payload in again.kept.items() if not payload] == [old]


@pytest.mark.quick
def test_a_broker_that_has_forgotten_is_told_again(gateway):
    say(gateway, FULL)
    before = {**gateway.kept}
    label = "homeassistant/sensor/xnornode_kitchen/label/config"
    gateway.kept.clear()
    gateway.extra.connected()
    come(gateway, label, before[label])  # it has this one alone
    connect(gateway)
    assert {*gateway.kept} == {*before} - {label}


@pytest.mark.quick
def test_home_assistant_that_starts_is_told_again_the_gateway_first(gateway):
    say(gateway, FULL)
    gateway.kept.clear()
    come(gateway, "homeassistant/status", b"online")
    gateway.extra.step()
    topics = [*gateway.kept]
    assert "_gateway_" in topics[0]
    assert "homeassistant/sensor/xnornode_kitchen/label/config" in topics
    gateway.kept.clear()
    come(gateway, "homeassistant/status", b"offline")
    gateway.extra.step()
    assert not gateway.kept


@pytest.mark.quick
def test_a_state_that_is_taken_back_takes_the_entities(gateway):
    say(gateway, FULL, state("hall"))
    come(gateway, "xnornode/kitchen/state", b"", retained=False)
    gateway.extra.step()
    assert not [topic for topic in told(gateway) if "kitchen" in topic]
    assert [topic for topic in told(gateway) if "hall" in topic]
    assert not gateway.kept["homeassistant/update/xnornode_kitchen/model/state"]


@pytest.mark.quick
def test_another_gateways_node_is_left_alone(gateway):
    say(gateway, FULL)
    topic = "homeassistant/sensor/xnornode_kitchen/label/config"
    gateway.extra.gone("kitchen")
    come(gateway, topic, json.dumps({"origin": NAMES.origin("cellar")}).encode())
    gateway.kept.clear()
    come(gateway, "xnornode/kitchen/state", b"", retained=False)
    gateway.extra.step()
    assert topic not in gateway.kept


@pytest.mark.quick
@pytest.mark.parametrize("payload", [b"", b"[", b"[]", b'{"origin":1}', b"[" * 60_000, b"\xff"])
def test_what_stands_at_the_broker_may_be_anything(gateway, payload):
    say(gateway, FULL)
    for topic in (
        "homeassistant/sensor/xnornode_kitchen/label/config",
        "xnornode/kitchen/model/latest",
        "xnornode/kitchen/model/update",
        "homeassistant/status",
    ):
        come(gateway, topic, payload)
    say(gateway, FULL)
    assert told(gateway, "update/")


@pytest.mark.quick
def test_the_update_follows_latest_and_progress(gateway):
    shown = "homeassistant/update/xnornode_kitchen/model/state"
    say(gateway, FULL)
    latest = Latest("cd" * 32, 2300, "gesture", 4, 3, False)
    come(gateway, "xnornode/kitchen/model/latest", to_payload(latest))
    update = Update("DOWNLOADING", latest.sha256, progress=40)
    come(gateway, "xnornode/kitchen/model/update", to_payload(update))
    gateway.extra.step()
    assert json.loads(gateway.kept[shown]) == {
        "installed_version": "gesture 3 (abababab)",
        "latest_version": "gesture 4 (cdcdcdcd)",
        "release_summary": "gesture, revision 4, 2,300 bytes",
        "title": "Model",
        "in_progress": True,
        "update_percentage": 40,
    }
    come(gateway, "xnornode/kitchen/model/latest", b"")
    come(gateway, "xnornode/kitchen/model/update", b"")
    gateway.extra.step()
    said = json.loads(gateway.kept[shown])
    assert said["latest_version"] == said["installed_version"] and not said["in_progress"]


@pytest.mark.quick
def test_a_node_without_a_model_or_with_a_broken_one():
    assert update_state(None, None, None)["installed_version"] == "no model"
    broken = MODEL.__class__(None, 0, 0, "", None)
    assert update_state(broken, None, None)["installed_version"] == "unreadable"


@pytest.mark.quick
def test_a_prefix_that_can_be_none():
    with pytest.raises(LinkError, match="prefix"):
        Discovery(BareGateway(), "home/+")


def test_a_gateway_that_is_told_to_takes_its_own_messages_back(tmp_path):
    with Mosquitto(tmp_path) as mosquitto:
        for name in ("attic", "cellar"):
            gateway = BareGateway(mosquitto.settings())
            gateway.name = name
            gateway.run(Discovery(gateway))
            gateway.until(lambda gateway=gateway: told(gateway))
            say(gateway, state(name + "-node", gateway=name))
            gateway.close()
        cellar = {topic for topic in told(gateway)}
        last = BareGateway(mosquitto.settings())
        last.run(Discovery(last, on=False))
        last.until(lambda: "homeassistant/update/xnornode_attic-node/model/config" in last.kept)
        last.until(lambda: "homeassistant/sensor/xnornode__gateway_attic/count/config" in last.kept)
        assert not any(last.kept.values())
        assert not cellar & {*last.kept}
        last.close()


def test_a_broker_that_lets_nobody_publish_there_is_asked_once(tmp_path):
    """Mosquitto would cut the gateway's connection at each discovery message."""
    said = []
    acl = "user gateway\ntopic readwrite xnornode/#\ntopic read homeassistant/#\n"
    with Mosquitto(tmp_path, {"gateway": "word"}, acl) as mosquitto:
        gateway = BareGateway(mosquitto.settings("gateway", "word"))
        gateway.run(Discovery(gateway, say=said.append))
        gateway.extra.state("kitchen", FULL)
        gateway.until(lambda: said)
        assert "topic readwrite homeassistant/#" in said[0]
        for _ in range(2 * READ_BACK):
            say(gateway, FULL)
        assert not gateway.kept and not gateway.broker.reconnections
        gateway.close()
