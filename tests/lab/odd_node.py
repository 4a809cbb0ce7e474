"""A port on which lines of odd_events.py come without end, and as answers to commands."""

import random
import re
import select
import socket
import threading
from contextlib import suppress

from tests.lab.odd_events import answering, odd_events


class OddNode:
    """Runs from `__enter__` to `__exit__`; any number of hosts have it at once.

    Args:
        seed: of the lines and their order.
        gap: seconds from one line to the next.
    """

    def __init__(self, seed: int = 0, gap: float = 0.004) -> None:
        self._lines = [line for _, line in odd_events()]
        random.Random(seed).shuffle(self._lines)
        self._gap = gap
        self._ends = threading.Event()
        self._threads: list[threading.Thread] = []
        self.sent = 0
        """Lines that a host has taken."""

    @property
    def url(self) -> str:
        """What a host opens."""
        return f"socket://127.0.0.1:{self._listener.getsockname()[1]}"

    @property
    def kinds(self) -> int:
        """How many lines there are, before they begin again."""
        return len(self._lines)

    def __enter__(self) -> "OddNode":
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(0.2)
        self._threads.append(threading.Thread(target=self._admit))
        self._threads[0].start()
        return self

    def __exit__(self, *of_error: object) -> None:
        self._ends.set()
        for thread in self._threads:
            thread.join()
        self._listener.close()

    def _admit(self) -> None:
        while not self._ends.is_set():
            with suppress(TimeoutError):
                host, _ = self._listener.accept()
                self._threads.append(threading.Thread(target=self._talk, args=(host,)))
                self._threads[-1].start()

    def _talk(self, host: socket.socket) -> None:
        came = b""
        with host, suppress(OSError):
            while not self._ends.is_set():
                line = self._lines[self.sent % len(self._lines)]
                if select.select([host], [], [], self._gap)[0]:
                    data = host.recv(4096)
                    if not data:
                        return
                    came = (came + data)[-4096:]
                    if number := re.search(rb'"id":(\d+)', came):
                        line, came = answering(line, number[1]), b""
                host.sendall(line)
                self.sent += 1
