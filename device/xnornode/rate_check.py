"""Compares the rate at which samples come with the one that the model was trained at.

Runs in CPython too, where its tests drive it.
"""

import time

SPAN_MS = 10_000  # of one measurement, at least: a burst, a push or a full line move it little
LEAST_HOPS = 3  # in a measurement
TOLERANCE = 20  # the part of the model's rate that it may be off is one of so many: 5 %


class RateCheck:
    """Measures a rate again and again; one that is off twice in a row is believed."""

    def __init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        """Begin again, as after a gap in the stream or with another model."""
        self._begin(None)
        self._side = 0  # of the last measurement: 1 too fast, -1 too slow, 0 neither

    def _begin(self, now: int | None) -> None:
        self._start = now
        self._samples = self._hops = 0

    def add(self, samples: int, now: int, model_mhz: int) -> int:
        """Note that a hop is complete; the rate in millihertz where it is wrong, else 0.

        samples: of the hop. now: time.ticks_ms(). model_mhz: the model's rate; 0 if unknown.
        """
        if self._start is None:
            self._begin(now)
            return 0
        self._samples += samples
        self._hops += 1
        took = time.ticks_diff(now, self._start)
        if took < SPAN_MS or self._hops < LEAST_HOPS:
            return 0
        rate = self._samples * 1_000_000 // took
        self._begin(now)
        off = rate - model_mhz
        side = 0 if abs(off) * TOLERANCE <= model_mhz else (1 if off > 0 else -1)
        agreed = side == self._side
        self._side = side
        return rate if side and agreed and model_mhz else 0
