"""An operator's program that runs roll-outs to simulated fleets."""

import hashlib

from tests.lab.fleetlab import PATIENCE
from xnornode.fleet import rollout_start
from xnornode.fleet.models import announce, publish_model
from xnornode.fleet.rollout import Bounds
from xnornode.fleet.rollout_run import Runner
from xnornode.fleet.rollout_stages import read_stages
from xnornode.fleet.view import FleetView
from xnornode.link.mqtt_broker import Broker
from xnornode.link.mqtt_topics import Topics

SHORT = Bounds(apart=25, patience=30_000)


def sha(data):
    """SHA-256 of a model file, in hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


class Operator:
    """An operator's program: a connection, the view, and roll-outs."""

    def __init__(self, settings):
        self.broker, self.topics = Broker(settings), Topics(settings.prefix)
        self.view = FleetView(self.broker, self.topics, hours=True)
        self.broker.start()
        self.broker.wait(PATIENCE)
        self.view.settle()
        self.told = []

    def begin(self, data, stages="1,100%", wait=2, bounds=SHORT):
        publish_model(self.broker, self.topics, data)
        latest = announce(data, rollout=rollout_start.new_id())
        nodes = rollout_start.targets(self.view, ["*"])
        return rollout_start.begin(self.view, nodes, latest, read_stages(stages), wait, bounds)

    def runner(self, rollout):
        return Runner(self.broker, self.topics, self.view, rollout, self.told.append, 2.0, 0.5)

    def texts(self):
        return [f"{told.node} {told.text}".strip() for told in self.told]
