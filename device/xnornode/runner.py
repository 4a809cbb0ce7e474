"""The loop of a node: blocks from the sensor to the classifier, predictions to the line.

In a program of one's own::

    sensor = MPU6050(sda=4, scl=5)
    classifier = Classifier()
    run(sensor, classifier, Link(classifier))
"""

import os
import time
from array import array

from xnornode.classifier import Classifier
from xnornode.link import Link
from xnornode.sensors.sensor import Sensor

TYPE_CHECKING = False  # there is no `typing` on the node
if TYPE_CHECKING:
    from collections.abc import Generator

    from xnornode.keeper import Keeper

VALUES = 512  # of a block, at least one sample
IDLE_US = 5000  # that the link may take where no sample has come: sensors keep them meanwhile
SLEEP_MS = 5  # where no line has come either, at most: a quarter of the time of a sample
SILENT_MS = 5000  # without a sample, and three samples' time: the sensor has stopped


def run(
    sensor: Sensor,
    classifier: Classifier,
    link: Link,
    keep: str = "/keep.json",
    kept: str = "/kept",
) -> None:
    """Classify what a sensor gives, until it has ended.

    A window does not reach across a gap. What was lost, what did not fit into the model's counts
    and a wrong rate come as warnings. link: of this classifier; a PC may record by it. keep: file
    that says which windows are kept, if it is there; kept: the folder of these.
    Raises OSError where the sensor fails or stops, ValueError where the model wants another
    sensor, KeyboardInterrupt.
    """
    if classifier.sensor is not sensor:
        classifier.use(sensor)
    keeping = Keeping(sensor, classifier, link, keep, kept)
    try:
        _loop(sensor, classifier, link, keeping)
    finally:
        if keeping.keeper:
            keeping.keeper.close()


class Keeping:
    """Opens a Keeper on a node that is to have one, and goes on with what it writes.

    Both a little at a time, while nothing waits in the sensor. keep, kept: as of `run`.
    Attribute `keeper`: None at first, and where nothing is kept.
    """

    def __init__(
        self, sensor: Sensor, classifier: Classifier, link: Link, keep: str, kept: str
    ) -> None:
        self.keeper: Keeper | None = None
        self._steps: Generator[None, None, None] | None = None
        try:
            os.stat(keep)
            self._steps = self._open(sensor, classifier, link, keep, kept)
        except OSError:
            pass  # the code takes no memory

    def _open(
        self, sensor: Sensor, classifier: Classifier, link: Link, keep: str, kept: str
    ) -> "Generator[None, None, None]":

        yield
        import xnornode.keeper

        yield
        self.keeper = xnornode.keeper.open_keeper(sensor, classifier, link, keep, kept)

    def step(self) -> None:
        """Go on for at most the time of an erase."""
        if self.keeper:
            self.keeper.step()
        elif self._steps:
            try:
                next(self._steps)
            except StopIteration:
                self._steps = None

    def clear(self) -> None:
        """The stream has a gap."""
        if self.keeper:
            self.keeper.clear()


def _loop(sensor: Sensor, classifier: Classifier, link: Link, keeping: Keeping) -> None:
    width = len(sensor.channels)
    block = array("h", bytes(2 * width * max(1, VALUES // width)))
    view = memoryview(block)
    link.checks_rate = getattr(sensor, "realtime", True)
    sleep_ms = max(1, min(SLEEP_MS, 250_000 // max(1, sensor.rate_mhz)))
    silent_ms = SILENT_MS + 3_000_000 // max(1, sensor.rate_mhz)
    gaps = None
    described = (sensor.channels, sensor.scales)
    losses = Losses(sensor, classifier, link)
    last = time.ticks_ms()
    link.reads(sensor)
    while True:
        count = sensor.read_into(block)
        if not count:
            if sensor.ended:
                link.reads(None)
                return
            if time.ticks_diff(time.ticks_ms(), last) > silent_ms:
                raise OSError(110, f"{sensor.name}: no sample for {silent_ms // 1000} s")
            keeping.step()
            if link.step(IDLE_US):
                time.sleep_ms(sleep_ms)
            continue
        if sensor.gaps != gaps:
            gaps = sensor.gaps
            if (sensor.channels, sensor.scales) != described:  # of another recording
                described = (sensor.channels, sensor.scales)
                classifier.use(sensor)
                width = len(sensor.channels)
            classifier.feed(None)
            keeping.clear()
            link.source(sensor.name)
        samples = view[: count * width]
        stream = link.stream
        if stream:
            try:
                stream.samples(samples, sensor)
            except MemoryError:
                link.no_room()
        if stream and stream.alone:
            classifier.feed(None)
            keeping.clear()
        elif keeping.keeper:
            keeping.keeper.feed(samples)
        else:
            for prediction in classifier.feed_block(samples):
                link.prediction(prediction)
        losses.check()
        if count * width + width <= len(block) or not link.checks_rate:
            keeping.step()  # as nothing waits in the sensor: it may erase a block of flash
        link.step()
        last = time.ticks_ms()


class Losses:
    """Warns of samples that were lost, and of values that did not fit into the model's counts."""

    def __init__(self, sensor: Sensor, classifier: Classifier, link: Link) -> None:
        self._sensor = sensor
        self._classifier = classifier
        self._link = link
        self._lost = sensor.overruns
        self._saturated = classifier.saturated

    def check(self) -> None:
        """Say what was lost since it was said last."""
        lost = self._sensor.overruns
        if lost != self._lost:
            count = lost - self._lost
            text = f"{self._sensor.name}: {count} samples were lost, as nobody read them in time"
            if self._link.warning("lost", text, count=count):
                self._lost = lost
        saturated = self._classifier.saturated
        if saturated < self._saturated:  # of another model's window
            self._saturated = 0
        if saturated > self._saturated:
            count = saturated - self._saturated
            text = (
                f"{self._sensor.name}: {count} values lie beyond what the model was trained with, "
                "and were cut off: set the range that the recordings had, or record again"
            )
            if self._link.warning("saturated", text, count=count):
                self._saturated = saturated
