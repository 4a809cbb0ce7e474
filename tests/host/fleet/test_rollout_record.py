"""The record of a roll-out whose program was cut off, or whose computer slept."""

import pytest

from tests.host.fleet.test_rollout_parts import RECORD
from tests.lab.extralab import NoBroker
from xnornode.fleet.rollout import to_rollout
from xnornode.fleet.rollout_record import Record, TakenOver
from xnornode.fleet.view import FleetView
from xnornode.link.mqtt_settings import BrokerSettings
from xnornode.link.mqtt_topics import Topics

pytestmark = pytest.mark.quick

TOPIC = f"xnornode/_rollout/{RECORD.id}"


class Late(NoBroker):
    """A broker whose messages come once one publishes. `sent`: what was published for others."""

    lost = 0
    settings = BrokerSettings("127.0.0.1")

    def __init__(self):
        super().__init__()
        self.sent, self.waiting = [], []

    def publish(self, topic, payload, retain=False):
        self.waiting.append((topic, payload))
        if retain:
            self.sent.append((topic, payload))
        for each in self.waiting:
            self.view._take(*each, False)
        self.waiting.clear()

    def publish_all(self, messages, seconds=0.0):
        for message in messages:
            self.publish(*message, retain=True)


@pytest.fixture
def broker():
    return Late()


@pytest.fixture
def record(broker):
    broker.view = FleetView(broker, Topics())
    made = Record(broker, Topics(), broker.view, RECORD, lambda rollout: [], 0.0)
    made.begin()
    broker.sent.clear()
    return made


def sleep(record, broker):
    record._wall -= 3600


def cut_off(record, broker):
    broker.lost += 1


@pytest.mark.parametrize("happens", [sleep, cut_off])
@pytest.mark.parametrize("does", ["keep", "live", "release"])
def test_what_another_program_runs_is_not_written_over(record, broker, happens, does):
    happens(record, broker)
    broker.waiting.append((TOPIC, to_rollout(RECORD.changed(runner="other"))))
    if does == "release":
        record.release()
    else:
        with pytest.raises(TakenOver):
            getattr(record, does)()
    assert not broker.sent


@pytest.mark.parametrize("happens", [sleep, cut_off])
def test_it_goes_on_where_nobody_has_taken_it(record, broker, happens):
    happens(record, broker)
    record.live()
    assert [topic for topic, _ in broker.sent] == [TOPIC]
    record.release()
    assert broker.view.rollouts[RECORD.id].runner == ""
