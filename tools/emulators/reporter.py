"""A process that reports events as lines of JSON, and somebody who waits for them."""

from __future__ import annotations

import json
import subprocess
import threading
import time
from collections.abc import Callable
from typing import Any

from tools.emulators.nodejs import EmulatorError

READY_TIMEOUT = 60.0  # seconds until the chip's serial port or its boot drive is there

Event = dict[str, Any]


class Reporter:
    """Keeps the events of the emulator's process."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        """All events so far, oldest first; see pico/README.md. Kept across restarts."""
        self._process: subprocess.Popen[str] | None = None
        self._changed = threading.Condition()
        self._ended = False  # the process has, and all its events are read
        self._reader: threading.Thread | None = None
        self._errors: Any = None

    def _follow(self, process: subprocess.Popen[str]) -> None:
        self._ended = False
        self._reader = threading.Thread(target=self._read, args=(process,), daemon=True)
        self._reader.start()

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            with self._changed:
                self.events.append(json.loads(line))
                self._changed.notify_all()
        process.wait()
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def messages(self) -> str:
        """What the emulator has written to standard error since it was started."""
        if self._errors is None:
            return ""
        self._errors.seek(0)
        return str(self._errors.read())

    def wait_for(
        self,
        name: str,
        since: int = 0,
        timeout: float = READY_TIMEOUT,
        where: Callable[[Event], bool] = lambda event: True,
        others: tuple[str, ...] = (),
    ) -> Event:
        """Wait for an event.

        Parameters
        ----------
        name : str
            The value of its ``"event"``.
        since : int, default 0
            Number of events to pass over. Take ``len(pico.events)`` before the cause.
        timeout : float
            In seconds.
        where : callable
            A further condition on the event.
        others : tuple of str
            Names of events that end the waiting as well.

        Returns
        -------
        Event
            The first event that fits.

        Raises
        ------
        EmulatorError
            It did not come, or the emulator ended.
        """
        deadline = time.monotonic() + timeout
        with self._changed:
            while True:
                for event in self.events[since:]:
                    if event["event"] in (name, *others) and where(event):
                        return event
                if self._process is None or self._ended:
                    raise self._end_error()
                left = deadline - time.monotonic()
                if left <= 0:
                    seen = ", ".join(event["event"] for event in self.events[since:]) or "nothing"
                    raise EmulatorError(
                        f"the emulated Pico did not report '{name}' in {timeout:g} s "
                        f"(only {seen}); its messages: {self.messages().strip() or 'none'}"
                    )
                self._changed.wait(min(left, 0.5))

    def _end_error(self) -> EmulatorError:
        return EmulatorError(f"the emulated Pico has ended: {self.messages().strip()}")
