"""Classify sensor samples, print a line of JSON for each prediction, and take new models meanwhile.

    mpremote run device/classify.py

docs/reference/lines.md has the lines, docs/reference/protocol.md what the PC may say. As /main.py
on the node it starts with the power (`xnornode flash --autostart`). The sensor is a recording in
the node's flash, at the rate it was recorded; as fast as it can:

    mpremote exec "REALTIME = False" run device/classify.py

For your own sensor, put in place of Replay another class of xnornode/sensors
(docs/reference/sensors.md).
"""

import time
from array import array

from xnornode import Classifier, Link
from xnornode.events import emit
from xnornode.model_store import Store
from xnornode.sensors.replay import Replay
from xnornode.sensors.sensor import Sensor

MODELS = "/models"
MODEL = "/model.bnn"  # of nodes that were set up before there was a store
RECORDINGS = "/recordings"
REALTIME = globals().get("REALTIME", True)
REPEAT = globals().get("REPEAT", False)
VALUES = 256  # of one block
IDLE_US = 1000  # the link's, where there is no sample


def main() -> None:
    try:
        classifier = Classifier(Store(MODELS, MODEL))
    except (OSError, ValueError, MemoryError) as error:
        emit("error", error=f"{error}; push a model with `xnornode push`")
        return
    link = Link(classifier)
    try:
        run(Replay(RECORDINGS, REALTIME, REPEAT), classifier, link)
    except (OSError, ValueError) as error:
        emit("error", error=f"{RECORDINGS}: {error}; install it with `xnornode flash --recording`")
        return
    except KeyboardInterrupt:
        pass
    finally:
        link.close()
    link.end()


def run(sensor: Sensor, classifier: Classifier, link: Link) -> None:
    """Classify until the sensor has no more samples."""
    block = memoryview(array("h", bytes(2 * VALUES)))
    gaps = -1
    while not sensor.ended:
        count = sensor.read_into(block)
        if sensor.gaps != gaps:
            gaps = sensor.gaps
            classifier.feed(None)
            link.source(sensor.name)
        for prediction in classifier.feed_block(block[: count * len(sensor.channels)]):
            link.prediction(prediction)
        link.step(0 if count else IDLE_US)
        if not count:
            time.sleep_us(IDLE_US)


main()
