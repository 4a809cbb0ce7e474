"""What nodes saw, hour by hour: counted, published, read back by the next gateway."""

import json
from dataclasses import replace

import pytest

from tests.lab.brokerlab import Mosquitto
from tests.lab.extralab import MODEL, BareGateway, Clock, prediction, state
from xnornode.fleet.hour_items import (
    KEPT,
    MOST_LABELS,
    MOST_MODELS,
    Hour,
    hours_payload,
    item,
    read_hours,
)
from xnornode.fleet.hours import EVERY, READ_BACK, Hours
from xnornode.fleet.payloads import PayloadError
from xnornode.link.messages import Drift
from xnornode.link.mqtt_topics import LONGEST_PAYLOAD

HOUR = 3600
NINE = 1_796_050_800  # a full hour, in seconds
TOPIC = "xnornode/kitchen/hour"


class Watched:
    """Hours of one node, without a broker."""

    def __init__(self) -> None:
        self.clock = Clock(NINE)
        self.gateway = BareGateway()
        self.hours = Hours(self.gateway, self.clock, self.clock)
        self.gateway.run(self.hours)

    def see(self, *labels: str, **more) -> None:
        for label in labels:
            event = prediction(label, **more)
            self.hours.event("kitchen", event, int(self.clock.now * 1000), "9f3ac01b")

    def later(self, seconds: float) -> list[dict]:
        """What is published then."""
        self.clock.now += seconds
        self.hours.step()
        return self.said()

    def said(self) -> list[dict]:
        return json.loads(self.gateway.kept.get(TOPIC, b'{"hours":[]}'))["hours"]


@pytest.fixture
def watched():
    return Watched()


@pytest.mark.quick
def test_what_was_seen_is_published_every_five_minutes(watched):
    watched.hours.state("kitchen", state())
    watched.see("walk", "walk", confidence=900)
    watched.see("still", answer="unknown", confidence=300)
    assert not watched.later(EVERY - 1)
    assert watched.later(1) == [
        {
            "start": NINE * 1000,
            "model": MODEL.sha256,
            "predictions": 3,
            "labels": {"walk": 2, "unknown": 1},
            "confidence": 700,
            "lost": 0,
            "restarts": 0,
            "drift": None,
        }
    ]


@pytest.mark.quick
def test_nothing_is_published_where_nothing_has_changed(watched):
    watched.see("walk")
    watched.later(EVERY)
    watched.gateway.kept.clear()
    watched.later(EVERY)
    assert not watched.gateway.kept


@pytest.mark.quick
def test_an_hour_that_ends_is_published_at_once(watched):
    watched.clock.now += HOUR - 60
    watched.see("walk")
    assert watched.later(60)[0]["start"] == NINE * 1000
    watched.see("still")
    assert [hour["labels"] for hour in watched.later(EVERY)] == [{"walk": 1}, {"still": 1}]


@pytest.mark.quick
def test_another_model_begins_another_item(watched):
    watched.hours.state("kitchen", state())
    watched.see("walk")
    watched.hours.state("kitchen", state(model=replace(MODEL, sha256="cd" * 32)))
    watched.see("run")
    said = watched.later(EVERY)
    assert {hour["model"]: hour["labels"] for hour in said} == {
        MODEL.sha256: {"walk": 1},
        "cd" * 32: {"run": 1},
    }


@pytest.mark.quick
def test_losses_and_restarts_are_what_the_counters_grew_by(watched):
    for lost, restarts in ((7, 2), (9, 2), (12, 3), (1, 0)):  # the last one: they began again
        watched.hours.state("kitchen", state(lost=lost, restarts=restarts))
    (hour,) = watched.later(EVERY)
    assert (hour["lost"], hour["restarts"]) == (2 + 3 + 1, 1)


@pytest.mark.quick
def test_a_native_node_restarts_with_another_session(watched):
    watched.hours.state("kitchen", state(gateway=None))
    watched.hours.state("kitchen", state(gateway=None))
    watched.hours.state("kitchen", state(gateway=None, session="00000001"))
    assert watched.later(EVERY)[0]["restarts"] == 1


@pytest.mark.quick
def test_the_largest_drift_counts(watched):
    for drift in (300, 1200, 800):
        watched.hours.event("kitchen", Drift(0, 0, drift, drift >= 1000, (), ()), NINE * 1000, None)
    assert watched.later(EVERY)[0]["drift"] == 1200


@pytest.mark.quick
def test_a_model_without_answers_has_no_confidence(watched):
    watched.see("walk", confidence=None)
    assert watched.later(EVERY)[0]["confidence"] is None


@pytest.mark.quick
def test_nothing_is_published_before_the_broker_was_asked():
    watched = Watched()
    watched.gateway.broker.connected = False
    watched.see("walk")
    assert not watched.later(HOUR)
    watched.gateway.broker.connected = True
    watched.hours.connected()
    assert not watched.later(READ_BACK - 1)
    assert watched.later(1)


@pytest.mark.quick
def test_what_comes_back_is_added_once(watched):
    watched.hours.state("kitchen", state())
    watched.see("walk", confidence=800)
    before = {(NINE * 1000, MODEL.sha256): Hour(3, {"walk": 2, "run": 1}, 1200, 3, 1, 0, 10)}
    for _ in range(2):  # a message of QoS 1 may come twice
        watched.gateway.broker.come(TOPIC, hours_payload(before))
    (hour,) = watched.later(EVERY)
    assert TOPIC not in watched.gateway.broker.patterns
    assert (hour["predictions"], hour["labels"]) == (4, {"walk": 3, "run": 1})
    assert (hour["confidence"], hour["lost"], hour["drift"]) == (500, 1, 10)


@pytest.mark.quick
@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"{}",
        b'{"mqtt":2,"hours":[]}',
        b'{"mqtt":1,"hours":{}}',
        b'{"mqtt":1,"hours":[1]}',
        b'{"mqtt":1,"hours":[{"start":0,"model":"","predictions":1,"labels":{"a":-1},"lost":0,"restarts":0}]}',
        b'{"mqtt":1,"hours":[{"start":0,"model":"x","predictions":1,"labels":{},"lost":0,"restarts":0}]}',
    ],
)
def test_what_is_no_hours_is_passed_over(watched, payload):
    watched.see("walk")
    watched.gateway.broker.come(TOPIC, payload)
    assert watched.later(EVERY)[0]["predictions"] == 1
    assert watched.hours.refused == (1 if payload else 0)


@pytest.mark.quick
def test_the_last_24_hours_in_which_something_came():
    past = {}
    for k in range(30):
        item(past, 2 * k * HOUR * 1000, "").prediction("walk", None)
    assert len(past) == KEPT
    assert min(past) == (2 * 6 * HOUR * 1000, "")


@pytest.mark.quick
def test_a_node_cannot_fill_the_memory():
    past = {}
    for k in range(1000):
        item(past, 0, f"{k:064x}").prediction("walk", None)
    assert len(past) == MOST_MODELS + 1
    assert past[0, ""].predictions == 1000 - MOST_MODELS
    hour = Hour()
    for k in range(1000):
        hour.prediction(f"label {k}", None)
    assert (hour.predictions, len(hour.labels)) == (1000, MOST_LABELS)
    other = Hour(1, {"one more": 1})
    hour.add(other)
    assert (hour.predictions, len(hour.labels)) == (1001, MOST_LABELS)


@pytest.mark.quick
def test_the_payload_is_bounded_and_the_newest_stay():
    past = {}
    for k in range(KEPT):
        for n in range(255):
            item(past, k * HOUR * 1000, "").prediction(f"a label that is long {n}", 500)
    payload = hours_payload(past)
    assert len(payload) <= LONGEST_PAYLOAD
    read = read_hours(payload)
    assert max(read) == max(past)
    assert 1 < len(read) < KEPT
    assert read[max(past)] == past[max(past)]


@pytest.mark.quick
@pytest.mark.parametrize("wrong", [-30, 30])
def test_a_clock_that_is_wrong_for_a_while_costs_one_hour_at_most(wrong):
    """Such as that of a computer without a battery, until the network is there."""
    clock, waits, gateway = Clock(NINE + wrong * HOUR), Clock(0), BareGateway()
    hours = Hours(gateway, clock, waits)
    gateway.run(hours)
    past = {((NINE - k * HOUR) * 1000, MODEL.sha256): Hour(100) for k in range(KEPT)}
    hours.state("kitchen", state())
    gateway.broker.come(TOPIC, hours_payload(past))
    hours.event("kitchen", prediction("walk"), int(clock.now * 1000), None)
    hours.step()
    clock.now = NINE + HOUR
    for _ in range(2):  # and it goes on
        hours.event("kitchen", prediction("walk"), int(clock.now * 1000), None)
        waits.now += EVERY
        hours.step()
        clock.now += HOUR
    starts = {hour["start"] for hour in json.loads(gateway.kept[TOPIC])["hours"]}
    kept = starts & {start for start, _ in past}
    assert len(kept) >= KEPT - 3 and {(NINE + k * HOUR) * 1000 for k in (1, 2)} <= starts


@pytest.mark.quick
def test_waits_do_not_end_because_a_clock_is_set():
    clock, waits, gateway = Clock(NINE), Clock(0), BareGateway()
    hours = Hours(gateway, clock, waits)
    gateway.run(hours)
    hours.event("kitchen", prediction("walk"), int(clock.now * 1000), None)
    clock.now += 30 * HOUR
    hours.step()
    assert TOPIC not in gateway.kept  # what the broker has may still come
    waits.now += READ_BACK
    hours.step()
    assert TOPIC in gateway.kept


def test_hours_outlast_a_gateway_and_a_restart_of_the_broker(tmp_path):
    with Mosquitto(tmp_path) as mosquitto:
        clock = Clock(NINE)
        for label in ("walk", "run", "still"):
            gateway = BareGateway(mosquitto.settings())
            hours = Hours(gateway, clock, clock)
            gateway.run(hours)
            hours.state("kitchen", state())
            hours.event("kitchen", prediction(label), int(clock.now * 1000), None)
            if label != "walk":  # else there is nothing to come back
                gateway.until(lambda hours=hours: hours._nodes["kitchen"].merged)
            clock.now += READ_BACK
            hours.step()
            gateway.close()
            mosquitto.restart()
        (hour,) = json.loads(gateway.kept[TOPIC])["hours"]
        assert hour["labels"] == {"walk": 1, "run": 1, "still": 1}


@pytest.mark.quick
def test_a_payload_error_names_its_reason():
    with pytest.raises(PayloadError) as caught:
        read_hours(b'{"mqtt":1,"hours":[{"start":-1}]}')
    assert caught.value.reason == "schema"


@pytest.mark.quick
def test_labels_that_come_back_have_no_escapes():
    past = {(0, ""): Hour(2, {"\x1b[2J": 1, "\\x1b[2J": 1})}
    (hour,) = read_hours(hours_payload(past)).values()
    assert hour.labels == {"\\x1b[2J": 2}
