"""Classify what a sensor gives, print a line of JSON for each prediction, take models meanwhile.

    mpremote run device/classify.py

docs/reference/lines.md has the lines, docs/reference/protocol.md what the PC may say. As /main.py
on the node it starts with the power (`xnornode flash --autostart`). /sensor.json says which sensor
(`xnornode sensor`); without it, recordings in the node's flash are played, at the rate they have.
/keep.json has it keep the windows of which it is not sure (`xnornode keep`).
/net.json names a Wi-Fi and a TCP port, or where to connect to (docs/guides/network.md).
As fast as it can, and without starting again after an error:

    mpremote exec "REALTIME = RETRY = False" run device/classify.py
"""

import gc

# Bytes of heap between two collections, at the start and while it runs: what stays lies side by
# side, so that a new model has room in one piece. A collection takes a Pico 5 ms.
START, RUNNING = 4096, 16_384
gc.threshold(START)

import os

from xnornode import Classifier, Link
from xnornode.model_store import Store
from xnornode.runner import run
from xnornode.sensors.configured import open_sensor
from xnornode.sensors.sensor import Sensor
from xnornode.supervisor import Problem, supervise

MODELS = "/models"
MODEL = "/model.bnn"  # of nodes that were set up before there was a store
SENSOR = "/sensor.json"
NETWORK = "/net.json"
KEEP, KEPT = "/keep.json", "/kept"
RECORDINGS = "/recordings"
WATCHDOG = False  # `xnornode flash --watchdog` changes it
REALTIME = globals().get("REALTIME", True)
REPEAT = globals().get("REPEAT", False)
RETRY = globals().get("RETRY", True)
STORE = Store(MODELS, MODEL)


def sensor() -> Sensor:
    return open_sensor(SENSOR, RECORDINGS, realtime=REALTIME, repeat=REPEAT)


def network() -> "list[object] | None":
    try:
        os.stat(NETWORK)
    except OSError:
        return None  # without a network, its modules take no memory
    from xnornode.net_config import links

    return list(links(NETWORK))


def main() -> None:
    gc.threshold(START)
    source = sensor()
    try:
        try:
            classifier = Classifier(STORE, source)
        except (OSError, ValueError, MemoryError) as error:
            raise Problem(f"{error}; push a model with `xnornode push`", error) from None
        link = Link(classifier)
        gc.threshold(RUNNING)
        try:
            run(source, classifier, link, KEEP, KEPT)
        except KeyboardInterrupt:
            pass
        finally:
            link.close()
        link.end()
    finally:
        source.close()


supervise(main, STORE, sensor, RETRY, WATCHDOG, network())
