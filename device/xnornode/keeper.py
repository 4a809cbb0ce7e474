"""Keeps the windows of which a model is not sure, while a program classifies.

docs/reference/kept.md says what is kept, and how it is written. `runner.run` uses it.
"""

import gc
import time
from array import array
from binascii import crc32

from xnornode.classifier import Classifier, Prediction, thousandths
from xnornode.events import ascii_json, emit
from xnornode.kept import BLOCK, FOLDER, FOLDER_ERASES, RESERVE, SETTINGS, Kept, read_settings
from xnornode.link import Link
from xnornode.sensors.sensor import Sensor
from xnornode.stream import device

TYPE_CHECKING = False  # there is no `typing` on the node
if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import Any

SLICE = 1024  # values that one step writes: it erases no more than one block
FORMAT = "xnornode-recording-1"


def open_keeper(
    sensor: Sensor,
    classifier: Classifier,
    link: Link,
    settings: str = SETTINGS,
    folder: str = FOLDER,
) -> "Keeper | None":
    """The Keeper of a node with a keep.json; None, and a warning, where it is wrong."""
    try:
        found = read_settings(settings)
        return Keeper(sensor, classifier, link, found, Kept(folder, settings))
    except (OSError, ValueError, MemoryError) as error:
        emit("warning", kind="keep", warning=f"no windows are kept: {error}")
        return None


class Keeper:
    """Classifies samples, and has the last window of them at hand as the sensor gave it.

    sensor, classifier, link: of the program. settings: of keep.json. kept: the ring in flash.
    Attributes: `why`, why nothing is kept, or ""; `ms`, milliseconds since the start;
    `overwritten`, `passed`, `written`: as in the answer to `kept`; `session`.
    """

    def __init__(
        self,
        sensor: Sensor,
        classifier: Classifier,
        link: Link,
        settings: "dict[str, int]",
        kept: Kept,
    ) -> None:
        self.settings, self.session, self.kept = settings, link.session, kept
        self.ms = self.overwritten = self.passed = self.written = 0
        self.why = ""
        self._sensor, self._classifier, self._link = sensor, classifier, link
        self._ticks = time.ticks_ms()
        self._last = 0  # of `ms`, when a window was kept
        self._pause = 0  # milliseconds from one to the next; 0: none is kept
        self._of: tuple[object, ...] = ()  # what the buffer is for
        self._values = memoryview(array("h"))  # the buffer, a ring of its own
        self._at = self._filled = 0
        self._steps: Generator[None, None, None] | None = (
            None  # of the window that is being written
        )
        self._fit()
        kept.keeper = self
        link.keeps(kept)

    def _fit(self) -> None:
        """Make the buffer for a window of the model and the sensor."""
        model, sensor = self._classifier.model, self._sensor
        self._of = (model, sensor.channels, sensor.scales)
        self._end()
        self._values = memoryview(array("h"))
        self.why = ""
        size = model.length * len(sensor.channels)
        try:
            gc.collect()
            self._values = memoryview(array("h", bytes(2 * size)))
            gc.collect()
            self.kept.erases = -(-(2 * size + 512) // BLOCK) + FOLDER_ERASES
            self._set_pause()
            if BLOCK * (self.kept.erases - FOLDER_ERASES) > self.settings["bytes"]:
                self._give_up(f"a window takes more than {self.settings['bytes']} bytes of flash")
            elif not self._pause:
                self._give_up("the filesystem has too few free blocks to last for years")
            elif hasattr(self._classifier, "missed"):
                self._give_up("a classifier on the second core keeps no windows")
        except MemoryError:
            self._give_up("the heap has no room for a window of samples")
        except OSError as error:
            self._give_up(str(error))

    def _set_pause(self) -> None:
        per_hour = self.kept.life(self.settings["per_hour"])[0]
        self._pause = 3_600_000 // per_hour if per_hour else 0

    def _give_up(self, why: str) -> None:
        self.why, self._values = why, memoryview(array("h"))
        self._link.warning("keep", f"no windows are kept: {why}")

    def clear(self) -> None:
        """The stream has a gap: no window reaches across it."""
        if not self._steps:
            self._at = self._filled = 0

    def feed(self, samples: memoryview) -> None:
        """Classify the samples of a block, and write the predictions.

        samples: as of Classifier.feed_block.
        """
        classifier = self._classifier
        if self._of != (classifier.model, self._sensor.channels, self._sensor.scales):
            self._fit()
        now = time.ticks_ms()
        self.ms += time.ticks_diff(now, self._ticks)
        self._ticks = now
        model, window = classifier.model, classifier.window
        width = len(self._sensor.channels)
        start, count = 0, len(samples)
        while start < count:
            # Up to the end of a window, so that the buffer ends with it, too
            end = min(count, start + ((model.length - window.at) or model.hop) * width)
            piece = samples[start:end]
            start = end
            if not self._steps:
                self._add(piece)
            for prediction in classifier.feed_block(piece):
                self._link.prediction(prediction)
                if not self.why:
                    self._consider(prediction)

    def _add(self, piece: memoryview) -> None:
        values, size, n = self._values, len(self._values), len(piece)
        if n >= size:
            if size:
                values[:] = piece[n - size :]
            self._at, self._filled = 0, size
            return
        at = self._at
        first = min(n, size - at)
        values[at : at + first] = piece[:first]
        if first < n:
            values[: n - first] = piece[first:]
        self._at = (at + n) % size
        self._filled = min(size, self._filled + n)

    def _consider(self, p: Prediction) -> None:
        """Keep the window of a Prediction, if it is one to keep."""
        if p.confidence is None:
            self._give_up("the model has no answers, so no confidence: train it again")
        elif p.unknown or thousandths(p.confidence) < self.settings["below"]:
            if self._steps or self.ms - self._last < self._pause:
                self.passed += 1
            elif self._filled == len(self._values):
                self._last = self.ms
                self._steps = self._write(p.answer, thousandths(p.confidence))

    def step(self) -> None:
        """Go on with the file of a window: for at most the time of an erase."""
        if not self._steps:
            return
        try:
            next(self._steps)
        except StopIteration:
            self._end()
        except (OSError, MemoryError) as error:
            self._end()
            text = f"a window was not kept: {error}"
            self._link.warning("keep", text)

    def close(self) -> None:
        """Leave a window that is not whole yet. To be called when the program ends."""
        self._end()
        self.kept.rest()
        self.kept.keeper = None

    def _end(self) -> None:
        steps, self._steps = self._steps, None
        self.clear()
        if steps:
            try:  # noqa: SIM105 (no contextlib on the node)
                steps.close()  # its file, too: a file left open would come between later
            except OSError:
                pass

    def _write(self, answer: str, sure: int) -> "Generator[None, None, None]":
        """Write the window in the buffer, step by step. Raises OSError, MemoryError."""
        kept, values, at = self.kept, self._values, self._at
        kept.make()
        yield
        parts = (values[at:], values[:at])
        head = self._head(answer, sure, parts)
        size = len(head) + 2 * len(values)
        blocks = -(-size // BLOCK)
        kept.erases = blocks + FOLDER_ERASES
        spare = RESERVE // BLOCK
        while True:
            yield
            if kept.taken + blocks <= self.settings["bytes"] // BLOCK:
                free = kept.free()
                yield
                if free >= blocks + spare:
                    break
            if not kept.numbers:
                raise OSError(28, "the filesystem has no room")
            kept.drop()
            self.overwritten += 1
        with open(kept.part, "wb") as f:
            yield
            f.write(head)
            yield
            for part in parts:
                for start in range(0, len(part), SLICE):
                    f.write(part[start : start + SLICE])
                    yield
        yield
        kept.add(size)
        self.written += size
        yield
        self._set_pause()

    def _head(self, answer: str, sure: int, parts: "tuple[memoryview, ...]") -> bytes:
        """The first line of a window's file."""
        kept, sensor = self.kept, self._sensor
        model: Any = self._of[0]  # of the window, though another one may run by now
        fields: dict[str, Any] = {
            "format": FORMAT,
            "name": f"kept/{kept.next}",
            "label": "",
            "group": "",
            "channels": list(sensor.channels),
            "scales": list(sensor.scales),
            "rate_mhz": sensor.rate_mhz,
            "sensor": sensor.name,
            "device": device(),
            "kept": f"{kept.ring}/{kept.next}",
            "answer": answer,
            "confidence": sure,
            "model": model.name,
            "revision": model.revision,
            "session": self.session,
            "ms": self._last,
            "total": kept.total,
        }
        text = ascii_json(fields)[:-1]
        crc = crc32(text.encode())
        for part in parts:
            crc = crc32(part, crc)
        return f'{text},"crc":"{crc:08x}"}}\n'.encode()
