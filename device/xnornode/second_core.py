"""Classify on the second core while the sample loop goes on (docs/guides/placement.md).

In a program of one's own::

    clf = Background("model.bnn")
    for sample in sensor():
        p = clf.feed(sample)
        if p:
            print(p.label)
    clf.close()
"""

import _thread
from array import array
from time import ticks_diff, ticks_us

import bnn

from xnornode.classifier import Classifier, Prediction
from xnornode.model_store import Store

TYPE_CHECKING = False  # there is no `typing` on the node
if TYPE_CHECKING:
    from collections.abc import Sequence

    from xnornode.sensors.sensor import Sensor


class Job:
    """What the two cores hand over. Each uses it only while the other one waits for it.

    The second core allocates nothing, and all that it uses is held here, so the collector may run
    on the first one meanwhile.
    """

    def __init__(self, model: bnn.Model, window: bnn.Window) -> None:
        self.model: bnn.Model | None = model
        self.window = window
        self.drift: bnn.Drift | None = None
        self.scores = array("i")
        self.index = 0
        self.microseconds = 0
        self.error: Exception | None = None


class Background(Classifier):
    """A Classifier that classifies on the second core: `feed` returns before it is done.

    Its Prediction comes with a later sample, or from `finish`. A window that is complete while the
    one before it is still being classified is left out, and counted in the attribute `missed`.
    model: as of Classifier. Its bnn.Model has one scratch: `predict`, `scores` and `selftest` are
    not for use until `close`. Raises OSError where the second core is in use already.
    """

    _own_scratch = True

    def __init__(self, model: "str | bytes | bytearray | memoryview | Store | None" = None) -> None:
        super().__init__(model)
        self.missed = 0
        self._job = Job(self.model, self._new_window(self.model, self.sensor))
        self.ram += self._job.window.ram
        self._busy = False
        self._gap = False  # after the window that is being classified
        # Both are taken; who has something to do waits until the other one gives it free.
        self._given = _thread.allocate_lock()
        self._given.acquire()
        self._done = _thread.allocate_lock()
        self._done.acquire()
        _thread.start_new_thread(work, (self._job, self._given, self._done))

    def feed(
        self, sample: "tuple[float, ...] | list[float] | array[int] | None"
    ) -> Prediction | None:
        """Add one sample; None, or the Prediction of a window that has been classified meanwhile.

        As Classifier.feed. None as a sample does not take back a window that is complete.
        """
        prediction = self._fetch(False)
        return super().feed(sample) or prediction

    def feed_block(
        self, block: "array[int] | bytes | bytearray | memoryview"
    ) -> "Sequence[Prediction]":
        """Add the samples of a block; the Predictions of windows that have been classified.

        As Classifier.feed_block.
        """
        prediction = self._fetch(False)
        found = super().feed_block(block)
        return [prediction] + list(found) if prediction else found  # noqa: RUF005 (not on the node)

    def use(self, sensor: "Sensor | None") -> None:
        """As Classifier.use. A Prediction that was not fetched yet is dropped."""
        self.finish()
        spare = self._new_window(self.model, sensor)  # first: without memory nothing is changed
        super().use(sensor)
        self._take_spare(spare)

    def swap(self, other: Classifier) -> None:
        """As Classifier.swap. A Prediction of the model that goes, not fetched yet, is dropped."""
        self.finish()
        # First: without memory nothing is changed. That of `other` may compute in its model's
        # scratch, which the second core uses here.
        window = self._new_window(other.model, self.sensor)
        spare = self._new_window(other.model, self.sensor)
        if other.sensor is not self.sensor:
            other.use(self.sensor)
        other.ram += window.ram - other.window.ram
        other.window.trade(window)
        super().swap(other)
        self.ram += self._job.window.ram
        self._take_spare(spare)

    def _take_spare(self, window: bnn.Window) -> None:
        """The window of the second core is this one from now on."""
        self.ram += window.ram - self._job.window.ram
        self._job.window = window

    def finish(self) -> Prediction | None:
        """Wait for the window that is being classified; its Prediction, or None without one."""
        return self._fetch(True)

    def close(self) -> None:
        """End the work on the second core, and leave it free. No `feed` after it."""
        self._fetch(True)
        self._job.model = None
        self._given.release()

    def _forget(self) -> None:
        if self._busy:
            self._gap = True  # that window belongs to the answers before it
        else:
            super()._forget()

    def _classify(self) -> Prediction | None:
        prediction = self._fetch(False)
        if self._busy:
            self.missed += 1
            return None
        job = self._job
        try:
            job.scores = array("i", bytes(4 * len(self.model.labels)))
        except MemoryError:
            self.missed += 1
            raise
        job.model, job.drift = self.model, self.drift
        job.window.trade(self.window)  # it stays as it is; this one goes on with its end
        self.window.take(job.window)
        self._busy = True
        self._given.release()
        return prediction

    def _fetch(self, wait: bool) -> Prediction | None:
        if not (self._busy and self._done.acquire(wait)):
            return None
        self._busy = False
        job = self._job
        if job.error:
            error, job.error = job.error, None
            if self._gap:
                self._gap = False
                self._forget()
            raise error
        assert job.model
        prediction = self._answer(job.model, job.index, job.scores, job.microseconds)
        if self._gap:
            self._gap = False
            self._forget()
        return prediction


def work(job: Job, given: "_thread.LockType", done: "_thread.LockType") -> None:
    """What the second core does."""
    while True:
        given.acquire()
        model = job.model
        if model is None:
            return
        start = ticks_us()
        try:
            if job.drift:
                job.index = model.scores(job.window, job.scores, job.drift)
            else:
                job.index = model.scores(job.window, job.scores)
        except Exception as error:
            job.error = error
        job.microseconds = ticks_diff(ticks_us(), start)
        done.release()
