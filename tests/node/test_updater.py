"""The updater of models and a real node: device/classify.py on the unix build, on a serial port."""

import hashlib
from dataclasses import replace

from tests.lab.brokerlab import Mosquitto
from tests.lab.fleetlab import NativeGateway, Watcher
from tests.lab.livenode import active_model, live_node, model_bytes
from xnornode.fleet.payloads import State
from xnornode.fleet.updater_push import greeted
from xnornode.link.ports import open_port

OLD, NEW = model_bytes(1), model_bytes(2, hidden=900)
ALL = ["DOWNLOADING", "DOWNLOADED", "VERIFIED", "UPDATING", "UPDATED"]


def test_a_model_reaches_a_node_that_classifies(tmp_path):
    with (
        Mosquitto(tmp_path / "broker") as mosquitto,
        Watcher(mosquitto.settings()) as watcher,
        live_node(tmp_path / "node", OLD) as (_, bridge),
        NativeGateway(mosquitto.settings(), lambda node: open_port(bridge.url)) as gateway,
    ):

        def tell():
            """As the gateway does once it has read the node's lines."""
            with greeted("bench", lambda node: open_port(bridge.url)) as session:
                hello = session.hello
            state = State("bench", "", gateway="attic", session=hello.session, model=hello.model)
            gateway.updater.state("bench", replace(state, running=hello.running))

        watcher.give(NEW, "bench")
        tell()
        watcher.until(lambda: "UPDATING" in watcher.states("bench"))
        while watcher.states("bench")[-1] == "UPDATING":
            tell()
        assert watcher.states("bench") == ALL
        said = watcher.updates["bench"]
        assert said[-1].previous == hashlib.sha256(OLD).hexdigest()
        progress = [update.progress for update in said]
        assert progress == sorted(progress) and progress[-1] == 100
    assert active_model(tmp_path / "node") == NEW
