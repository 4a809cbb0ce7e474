"""Keeps a node's program running: errors become events, and the program starts again.

In a program of one's own::

    def main():
        ...  # makes its Classifier and its Link, and loops

    supervise(main)
"""

import gc
import io
import sys
import time

from xnornode import watchdog
from xnornode.events import emit
from xnornode.link import Unattended, configured, use
from xnornode.model_store import Store

TYPE_CHECKING = False  # there is no `typing` on the node
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from xnornode.sensors.sensor import Sensor

FIRST_S, LONGEST_S = 1, 60  # the pause before the program starts again; each one is twice the last
WELL_MS = 60_000  # after which a program ran well, and pauses are short again
LONGEST = 500  # characters of what an error says
TRACEBACK = 1500  # characters of a traceback, its end


class Problem(Exception):
    """What a user can set right: `text` says what to do. cause: the exception behind it."""

    def __init__(self, text: str, cause: Exception) -> None:
        super().__init__(text)
        self.cause = cause


def supervise(
    program: "Callable[[], object]",
    store: Store | None = None,
    open_sensor: "Callable[[], Sensor] | None" = None,
    retry: bool = True,
    watch: bool = False,
    stream: "Any" = None,
) -> None:
    """Run a program until it returns; where it fails, say so and start it again after a pause.

    The pauses grow from a second to a minute. Meanwhile the line takes commands and models, and a
    new model ends the pause. A KeyboardInterrupt ends all of this. store: of the models, by default
    the node's. open_sensor: for recordings in a pause, by default the one of sensor.json. retry:
    False for one run alone. watch: whether to switch the hardware watchdog on. Then the program
    calls `link.step()` or `watchdog.feed()` at least every 8 seconds. stream: further links, as of
    Link, which take models also in the pauses.
    """
    store = store or Store()
    pause = FIRST_S
    if stream is not None:
        use(stream)
    try:
        if watch and not watchdog.start():
            emit("warning", kind="watchdog", warning="this board has no watchdog that we know")
        while True:
            start = time.ticks_ms()
            try:
                program()
                return
            except Exception as error:
                if not 0 <= time.ticks_diff(time.ticks_ms(), start) < WELL_MS:
                    pause = FIRST_S
                report(error, pause if retry else None)
            if not retry:
                return
            rest(pause, store, open_sensor)
            pause = min(2 * pause, LONGEST_S)
    finally:
        _release()


def _release() -> None:
    """Leave the REPL without a watchdog, also where Ctrl-C comes again."""
    try:
        watchdog.stop()
    except KeyboardInterrupt:
        watchdog.stop()


def report(error: Exception, pause: int | None = None) -> None:
    """Write the event of an exception. pause: seconds until the program starts again."""
    more = {} if pause is None else {"pause": pause}
    gc.collect()
    try:
        cause = error.cause if isinstance(error, Problem) else error
        text = str(error) if isinstance(error, Problem) else _name(error)
        emit("error", error=text[:LONGEST], traceback=_traceback(cause), **more)
    except MemoryError:
        gc.collect()
        emit("error", error="out of memory: take a smaller model", **more)


def _name(error: Exception) -> str:
    """The last line of its traceback."""
    text = str(error)
    return type(error).__name__ + (": " + text if text else "")


def _traceback(error: Exception) -> str:
    out = io.StringIO()
    sys.print_exception(error, out)
    return out.getvalue().strip()[-TRACEBACK:]


def rest(seconds: int, store: Store, open_sensor: "Callable[[], Sensor] | None" = None) -> None:
    """Take commands for a while, until a model comes. A push or a stream under way may end."""
    gc.collect()
    start = time.ticks_ms()
    connection = None
    try:
        connection = Unattended(store, open_sensor or configured)
        number = connection.models.number
        while connection.models.number == number and not connection.receiver.quit:
            over = time.ticks_diff(time.ticks_ms(), start) >= 1000 * seconds
            if over and not connection.busy(0):
                return
            connection.turn()
    except Exception as error:  # flash or heap fail: then only time can help
        report(error)
        while time.ticks_diff(time.ticks_ms(), start) < 1000 * seconds:
            watchdog.feed()
            time.sleep_ms(10)
    finally:
        if connection:
            try:
                connection.close()
            except Exception as error:  # the program starts again nevertheless
                report(error)
