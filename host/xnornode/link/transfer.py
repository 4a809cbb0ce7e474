"""The chunks of a model go out over a session, and its acks come in."""

import time
from collections.abc import Callable

from xnornode.errors import LinkLost
from xnornode.link.deadline import Deadline
from xnornode.link.messages import Ack
from xnornode.link.protocol import Session
from xnornode.link.send_window import Sender
from xnornode.link.timing import SLOWEST

PATIENCE = 4
"""How many times longer than the last acks took is waited for one."""


def transfer(
    session: Session,
    sender: Sender,
    reached: Callable[[int], None],
    say: Callable[[str], None],
) -> None:
    """Send a model, until the node has all of it.

    Parameters
    ----------
    session : Session
        Whose `stream.limit` ends the transfer.
    sender : Sender
        Says which chunks go when.
    reached : callable
        Gets the bytes that the node has, again and again.
    say : callable
        Gets a line of talk when a chunk is sent again.

    Raises
    ------
    NodeError
        When the node ends the push.
    LinkLost
        When it gives up, or the limit has passed.
    """
    timing, limit, total = session.timing, session.stream.limit, len(sender.data)
    wait, moved, since, slowest, retries = Deadline(0), False, 0.0, timing.ack, 0
    while not sender.done:
        reached(sender.at)
        if limit.passed:
            raise LinkLost(
                f"the push is slower than {SLOWEST:g} bytes/s; the node keeps {sender.at:,} of "
                f"{total:,} bytes"
            )
        lines = sender.lines()
        for line in lines:
            session.send(line)
        if lines or moved:
            since = time.monotonic()
            most = timing.settle if sender.drains else min(timing.ack, PATIENCE * slowest)
            wait = limit.within(max(most, timing.settle))
        event = session.receive(wait.left)
        # Predictions and acks that say nothing new may come all the time: that is silence
        moved = isinstance(event, Ack) and sender.heard(event)
        if moved:
            slowest = max(slowest / 2, time.monotonic() - since)
        elif event is None or session.over(wait):
            sender.silence()
            # What was lost costs little, and a node that is busy gets longer each time
            slowest = min(timing.ack, 2 * max(slowest, timing.settle / PATIENCE))
        if session.on_event and event and not isinstance(event, Ack):
            session.on_event(event)
        if sender.retries > retries:
            retries = sender.retries
            say(f"chunk at {sender.at:,} did not arrive: sending it again")
    reached(total)
